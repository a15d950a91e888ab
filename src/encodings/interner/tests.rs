//! Interners against a naive map, over every way values can lie.

use std::collections::HashMap;

use arrow_buffer::Buffer;
use proptest::prelude::*;

use super::block::for_each_block;
use super::{BLOCK, BytesInterner, FixedInterner, Key};
use crate::data_type::ByteArray;
use crate::data_type::values::{ByteSource, ByteValues, FixedValues, Picks};

fn naive<T: std::hash::Hash + Eq + Clone>(values: &[T]) -> (Vec<u32>, Vec<T>) {
    let (mut known, mut order) = (HashMap::new(), Vec::new());
    let entries = values.iter().map(|value| {
        *known.entry(value.clone()).or_insert_with(|| {
            order.push(value.clone());
            order.len() as u32 - 1
        })
    });
    (entries.collect(), order)
}

fn intern_all<K: Key>(table: &mut FixedInterner<K>, keys: &[K]) -> Vec<u32> {
    let mut out = Vec::new();
    let (mut block, mut entries) = ([K::default(); BLOCK], [0; BLOCK]);
    for chunk in keys.chunks(BLOCK) {
        block[..chunk.len()].copy_from_slice(chunk);
        table.intern(&block, chunk.len(), &mut entries);
        out.extend_from_slice(&entries[..chunk.len()]);
    }
    out
}

fn agrees_with_naive<K: Key + std::hash::Hash + Eq + std::fmt::Debug>(
    keys: &[K],
) -> FixedInterner<K> {
    let mut table = FixedInterner::new();
    let (entries, order) = naive(keys);
    assert_eq!(intern_all(&mut table, keys), entries);
    assert_eq!(table.keys(), order);
    assert_eq!(intern_all(&mut table, keys), entries, "second time");
    table.end();
    assert_eq!(intern_all(&mut table, keys), entries, "without slots");
    table
}

#[test]
fn an_empty_table_holds_no_heap() {
    assert_eq!(FixedInterner::<u64>::new().memory_size(), 0);
    assert_eq!(BytesInterner::new().memory_size(), 0);
}

#[test]
fn many_distinct_keys_stay_apart_while_the_table_grows() {
    agrees_with_naive(&(0..100_000u64).map(|i| i * 8).collect::<Vec<_>>());
    agrees_with_naive(
        &(0..100_000u32)
            .map(|i| (i as f32).to_bits())
            .collect::<Vec<_>>(),
    );
    agrees_with_naive(&(0..50_000u128).map(|i| i << 90).collect::<Vec<_>>());
}

#[test]
fn keys_that_defeat_the_multiplier_do_not_slow_the_table_down() {
    // Multiples of the multiplier's inverse: without another multiplier all have home slot 0, and
    // the walks below would add up to minutes.
    let multiplier = 0x9E37_79B9_7F4A_7C15u64;
    let mut inverse = 1u64;
    for _ in 0..6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(multiplier.wrapping_mul(inverse)));
    }
    assert_eq!(multiplier.wrapping_mul(inverse), 1);
    agrees_with_naive(
        &(0..300_000u64)
            .map(|i| i.wrapping_mul(inverse))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_table_is_not_much_larger_than_its_keys() {
    let table = agrees_with_naive(&(0..131_072u64).map(|i| i * 0x1234_5677).collect::<Vec<_>>());
    let keys = 131_072 * size_of::<u64>();
    assert!(
        table.memory_size() <= keys * 9 / 4,
        "{} bytes",
        table.memory_size()
    );
}

proptest! {
    #[test]
    fn narrow_and_wide_keys_agree_with_a_map(
        keys in prop::collection::vec((any::<u64>(), 0u64..40, any::<bool>()), 0..600),
    ) {
        let keys: Vec<u64> = keys.into_iter().map(|(wide, narrow, pick)| if pick { wide } else { narrow }).collect();
        agrees_with_naive(&keys);
        agrees_with_naive(&keys.iter().map(|key| *key as u32).collect::<Vec<_>>());
        agrees_with_naive(&keys.iter().map(|key| u128::from(*key) << 64 | u128::from(key >> 7)).collect::<Vec<_>>());
        let runs: Vec<u64> = keys.iter().flat_map(|key| std::iter::repeat_n(*key % 3, 1 + *key as usize % 100)).collect();
        agrees_with_naive(&runs);
    }
}

fn intern_bytes(table: &mut BytesInterner, values: &ByteValues<'_>) -> Vec<u32> {
    let mut out = Vec::new();
    let mut entries = [0; BLOCK];
    for_each_block(values, &mut |block| {
        table.intern(block, &mut entries).unwrap();
        out.extend_from_slice(&entries[..block.len()]);
    });
    out
}

fn entries(table: &BytesInterner) -> Vec<Vec<u8>> {
    let packed = table.entries();
    (0..packed.len()).map(|i| packed.get(i).to_vec()).collect()
}

fn check_source(source: ByteSource<'_>, all: &[Vec<u8>], picks: &[u32]) {
    let whole = all.len();
    let from = whole / 3;
    for (picks, expected) in [
        (
            Picks::Range {
                from: 0,
                len: whole,
            },
            all.to_vec(),
        ),
        (
            Picks::Range {
                from,
                len: whole - from,
            },
            all[from..].to_vec(),
        ),
        (
            Picks::Indices(picks),
            picks
                .iter()
                .map(|pick| all[*pick as usize].clone())
                .collect(),
        ),
    ] {
        let mut table = BytesInterner::new();
        let (numbers, order) = naive(&expected);
        let values = ByteValues::new(source, picks);
        assert_eq!(intern_bytes(&mut table, &values), numbers);
        assert_eq!(entries(&table), order);
        assert_eq!(
            table.plain_bytes(),
            order.iter().map(|value| 4 + value.len()).sum::<usize>()
        );
        assert_eq!(intern_bytes(&mut table, &values), numbers, "second time");
        let mut one_by_one = BytesInterner::new();
        let found = expected.iter().map(|value| one_by_one.intern_one(value));
        assert_eq!(found.collect::<Result<Vec<_>, _>>().unwrap(), numbers);
        assert_eq!(entries(&one_by_one), order);
        assert_eq!(one_by_one.plain_bytes(), table.plain_bytes());
        assert_eq!(
            intern_bytes(&mut one_by_one, &values),
            numbers,
            "then in blocks"
        );
    }
}

/// Views of values, the long ones in one buffer.
fn views(values: &[Vec<u8>]) -> (Vec<u128>, Vec<Buffer>) {
    let mut data = Vec::new();
    let views = values.iter().map(|value| {
        let mut view = [0u8; 16];
        view[..4].copy_from_slice(&(value.len() as u32).to_le_bytes());
        if value.len() <= 12 {
            view[4..4 + value.len()].copy_from_slice(value);
        } else {
            view[4..8].copy_from_slice(&value[..4]);
            view[12..].copy_from_slice(&(data.len() as u32).to_le_bytes());
            data.extend_from_slice(value);
        }
        u128::from_le_bytes(view)
    });
    (views.collect(), vec![Buffer::from_vec(data)])
}

fn check_all_sources(all: &[Vec<u8>], picks: &[u32]) {
    let data = all.concat();
    let ends = all.iter().scan(0, |end, value| {
        *end += value.len();
        Some(*end)
    });
    let offsets: Vec<usize> = std::iter::once(0).chain(ends).collect();
    let narrow: Vec<i32> = offsets.iter().map(|offset| *offset as i32).collect();
    let wide: Vec<i64> = offsets.iter().map(|offset| *offset as i64).collect();
    check_source(
        ByteSource::Offsets32 {
            offsets: &narrow,
            data: &data,
        },
        all,
        picks,
    );
    check_source(
        ByteSource::Offsets64 {
            offsets: &wide,
            data: &data,
        },
        all,
        picks,
    );
    let (views, buffers) = views(all);
    check_source(
        ByteSource::Views {
            views: &views,
            buffers: &buffers,
        },
        all,
        picks,
    );
    let arrays: Vec<ByteArray> = all
        .iter()
        .map(|value| ByteArray::from(value.clone()))
        .collect();
    check_source(ByteSource::Arrays(&arrays), all, picks);
}

fn string() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(0u8..2, 0..4),
        prop::collection::vec(0u8..2, 0..40),
        prop::collection::vec(any::<u8>(), 0..100),
        "(https://example.org/)?[ab]{0,3}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn strings_from_every_source_agree_with_a_map(
        all in prop::collection::vec(string(), 1..300),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..300),
    ) {
        let picks: Vec<u32> = picks.iter().map(|pick| pick.index(all.len()) as u32).collect();
        check_all_sources(&all, &picks);
        let same_length: Vec<Vec<u8>> = all.iter().map(|value| [value, &vec![7; 100 - value.len()][..]].concat()).collect();
        let fixed = same_length.concat();
        check_source(ByteSource::Fixed(FixedValues::new(&fixed, 100)), &same_length, &picks);
    }
}

#[test]
fn strings_that_share_length_and_hash_stay_apart() {
    let seed = 0x0123_4567_89AB_CDEF_u64;
    // The hash multiplies by the last eight bytes and the seed; where they cancel out, it is 0.
    let strings: Vec<Vec<u8>> = (0..200u64)
        .map(|i| {
            [
                &(i % 90).to_le_bytes()[..],
                b"eight...",
                &seed.to_le_bytes(),
            ]
            .concat()
        })
        .collect();
    let arrays: Vec<ByteArray> = strings
        .iter()
        .map(|value| ByteArray::from(value.clone()))
        .collect();
    let values = ByteValues::new(
        ByteSource::Arrays(&arrays),
        Picks::Range {
            from: 0,
            len: arrays.len(),
        },
    );
    let mut table = BytesInterner::with_seed(seed);
    let numbers = intern_bytes(&mut table, &values);
    let known = entries(&table);
    assert_eq!(known.len(), 90);
    for (number, string) in numbers.iter().zip(&strings) {
        assert_eq!(&known[*number as usize], string);
    }
    assert_eq!(intern_bytes(&mut table, &values), numbers, "second time");
}
