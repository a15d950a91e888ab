#![expect(
    clippy::cast_possible_truncation,
    reason = "test values are made to fit"
)]

use super::*;
use crate::data_type::bits::BitSlice;
use crate::encodings::bit_pack::packed_bytes;
use proptest::prelude::*;

/// Reads ULEB-128 off the front.
pub(in crate::encodings) fn read_varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

/// Reads packed values one bit at a time.
pub(in crate::encodings) fn unpack(bytes: &[u8], width: u8, count: usize) -> Vec<u64> {
    let width = usize::from(width);
    let bit = |place: usize| u64::from(bytes[place / 8] >> (place % 8) & 1);
    (0..count)
        .map(|at| (0..width).fold(0, |value, n| value | bit(at * width + n) << n))
        .collect()
}

/// Decodes `count` values, written from the format's grammar; nothing but padding may be left over.
pub(in crate::encodings) fn decode(mut bytes: &[u8], width: u8, count: usize) -> Vec<u32> {
    let mut values = Vec::new();
    while values.len() < count {
        let header = read_varint(&mut bytes);
        let scale = usize::try_from(header >> 1).unwrap();
        assert!(0 < scale && scale <= LONGEST_RUN);
        if header & 1 == 1 {
            let (packed, rest) = bytes.split_at(packed_bytes(scale * 8, width));
            values.extend(
                unpack(packed, width, scale * 8)
                    .iter()
                    .map(|value| *value as u32),
            );
            bytes = rest;
        } else {
            let (value, rest) = bytes.split_at(usize::from(width.div_ceil(8)));
            let value = value
                .iter()
                .rev()
                .fold(0, |value, byte| value << 8 | u32::from(*byte));
            values.extend(std::iter::repeat_n(value, scale));
            bytes = rest;
        }
    }
    assert!(bytes.is_empty(), "{} bytes left over", bytes.len());
    assert!(values.len() < count + 8, "more padding than a group");
    assert!(
        values[count..].iter().all(|value| *value == 0),
        "padding is not zero"
    );
    values.truncate(count);
    values
}

/// Size that a writer reaches which begins a run at every uniform group.
fn greedy_len(values: &[u32], width: u8) -> usize {
    let (mut len, mut groups, mut at) = (0, 0, 0);
    let (value_bytes, width) = (usize::from(width.div_ceil(8)), usize::from(width));
    while at < values.len() {
        let group = &values[at..values.len().min(at + 8)];
        let uniform = group.iter().all(|value| *value == group[0]);
        if uniform && (group.len() == 8 || groups == 0) {
            let run = values[at..]
                .iter()
                .take_while(|value| **value == group[0])
                .count();
            let header = (64 - (run as u64 * 2).leading_zeros()).div_ceil(7) as usize;
            len += header + value_bytes;
            at += run;
            groups = 0;
        } else {
            len += usize::from(groups == 0) + width;
            groups = (groups + 1) % 63;
            at += group.len();
        }
    }
    len
}

/// Runs of few values, mixed with noise.
fn runs_and_noise(width: u8) -> impl Strategy<Value = Vec<u32>> {
    let top = u32::MAX.checked_shr(32 - u32::from(width)).unwrap_or(0);
    let len = prop_oneof![4 => 1usize..4, 4 => 5usize..40, 2 => 60usize..140, 1 => 500usize..520];
    prop::collection::vec((prop_oneof![any::<u32>(), 0u32..2], len), 0..60).prop_map(move |runs| {
        runs.into_iter()
            .flat_map(|(value, len)| std::iter::repeat_n(value & top, len))
            .collect()
    })
}

fn encode_in_parts(values: &[u32], width: u8, parts: &[usize]) -> Vec<u8> {
    let (mut hybrid, mut out, mut rest) = (Hybrid::new(width), Vec::new(), values);
    for part in parts {
        let (now, later) = rest.split_at(rest.len().min(*part));
        if now.iter().all(|value| *value == now[0]) && part % 2 == 0 {
            hybrid.put_run(now.first().copied().unwrap_or(0), now.len(), &mut out);
        } else {
            hybrid.put_slice(now, &mut out);
        }
        rest = later;
    }
    hybrid.put_slice(rest, &mut out);
    let bound = out.len() + hybrid.pending_bytes();
    hybrid.finish(&mut out);
    assert!(
        out.len() <= bound,
        "{} bytes where at most {bound} were foretold",
        out.len()
    );
    out
}

#[test]
fn no_values_are_no_bytes() {
    for width in 0..=32 {
        let mut out = Vec::new();
        encode_indices::<u32>(&[], width, &mut out);
        assert!(out.is_empty());
    }
}

#[test]
fn one_value_throughout_is_one_run_without_memory_before_its_end() {
    let (mut hybrid, mut out) = (Hybrid::new(1), Vec::new());
    for _ in 0..1000 {
        hybrid.put_run(1, 1024, &mut out);
        hybrid.put_slice(&[1u16; 100], &mut out);
        hybrid.put_bits(BitSlice::new(&[0xff; 100], 3, 700), 1, 0, &mut out);
    }
    assert_eq!(out.capacity(), 0);
    hybrid.finish(&mut out);
    assert_eq!(out.len(), 4 + 1);
    assert_eq!(decode(&out, 1, 1_824_000), vec![1; 1_824_000]);
}

#[test]
fn a_width_of_zero_is_run_headers_alone() {
    let mut out = Vec::new();
    encode_indices(&[0u8; 100], 0, &mut out);
    assert_eq!(out, [0xc8, 0x01]);
}

#[test]
fn a_run_longer_than_a_reader_can_count_is_split() {
    let (mut hybrid, mut out) = (Hybrid::new(9), Vec::new());
    hybrid.put_run(0x102, LONGEST_RUN, &mut out);
    hybrid.put_run(0x102, 8, &mut out);
    hybrid.finish(&mut out);
    assert_eq!(out, [0xfe, 0xff, 0xff, 0xff, 0x0f, 2, 1, 16, 2, 1]);
}

#[test]
fn short_runs_between_packed_bits_are_packed() {
    // Ten bytes of bits of which two are uniform: a run for each would cost two bytes and a header.
    let bits = [0x5a, 0xff, 0x5a, 0x00, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a];
    let (mut hybrid, mut out) = (Hybrid::new(1), Vec::new());
    hybrid.put_bits(BitSlice::new(&bits, 0, 80), 1, 0, &mut out);
    hybrid.finish(&mut out);
    assert_eq!(out, [&[10 << 1 | 1][..], &bits].concat());
}

#[test]
fn scattered_nulls_take_less_than_with_a_greedy_writer() {
    let mut state = 7u64;
    for percent in [2, 5, 10, 20] {
        let valid: Vec<u32> = (0..20_000)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                u32::from((state >> 33) % 100 >= percent)
            })
            .collect();
        let mut out = Vec::new();
        encode_indices(&valid, 1, &mut out);
        assert!(out.len() <= greedy_len(&valid, 1), "{percent} % nulls");
        assert!(
            out.len() <= 2500 + 2500 / 63 + 3,
            "{percent} % nulls: {}",
            out.len()
        );
    }
}

#[test]
fn a_packed_run_ends_after_63_groups() {
    let values: Vec<u32> = (0..1000).map(|value| value % 16).collect();
    let mut out = Vec::new();
    encode_indices(&values, 4, &mut out);
    assert_eq!(out.len(), 2 + 125 * 4);
    assert_eq!((out[0], out[1 + 63 * 4]), (63 << 1 | 1, 62 << 1 | 1));
}

#[test]
fn indices_of_every_width_and_word_read_back() {
    for width in 0..=32u8 {
        for len in [1usize, 7, 8, 9, 15, 64, 500, 504, 505, 1100] {
            let top = u32::MAX.checked_shr(32 - u32::from(width)).unwrap_or(0);
            let values: Vec<u32> = (0..len as u32)
                .map(|at| {
                    if at % 97 < 20 {
                        top
                    } else {
                        at.wrapping_mul(2_654_435_761) & top
                    }
                })
                .collect();
            let mut wide = Vec::new();
            encode_indices(&values, width, &mut wide);
            assert_eq!(decode(&wide, width, len), values);
            assert!(wide.len() <= max_encoded_len(len, width));
            if width <= 16 {
                let (mut out, narrow) = (
                    Vec::new(),
                    values.iter().map(|value| *value as u16).collect::<Vec<_>>(),
                );
                encode_indices(&narrow, width, &mut out);
                assert_eq!(out, wide);
            }
            if width <= 8 {
                let (mut out, narrow) = (
                    Vec::new(),
                    values.iter().map(|value| *value as u8).collect::<Vec<_>>(),
                );
                encode_indices(&narrow, width, &mut out);
                assert_eq!(out, wide);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_sequence_reads_back_however_it_was_cut(
        (width, values) in (1u8..=32).prop_flat_map(|width| (Just(width), runs_and_noise(width))),
        parts in prop::collection::vec(0usize..200, 0..40),
    ) {
        let mut whole = Vec::new();
        encode_indices(&values, width, &mut whole);
        prop_assert_eq!(decode(&whole, width, values.len()), values.clone());
        prop_assert_eq!(&encode_in_parts(&values, width, &parts), &whole);
        prop_assert!(whole.len() <= max_encoded_len(values.len(), width));
    }

    #[test]
    fn size_is_that_of_a_greedy_writer_but_for_narrow_runs(
        (width, values) in (1u8..=12).prop_flat_map(|width| (Just(width), runs_and_noise(width))),
    ) {
        let mut out = Vec::new();
        encode_indices(&values, width, &mut out);
        let greedy = greedy_len(&values, width);
        if width >= 3 {
            prop_assert_eq!(out.len(), greedy);
        } else {
            // At worst nothing but runs just too short to be worth it behind packed groups.
            prop_assert!(out.len() <= greedy + greedy / 2 + 4, "{} {}", out.len(), greedy);
        }
    }

    #[test]
    fn bits_encode_as_the_values_they_stand_for(
        runs in prop::collection::vec((any::<u8>(), 1usize..90), 0..40),
        offset in 0usize..9,
        parts in prop::collection::vec(0usize..300, 0..20),
        width in 1u8..=10,
        levels in prop_oneof![Just((1u32, 0u32)), Just((0, 1)), Just((1, 1))],
    ) {
        // Runs of a byte's pattern, so that stretches of every length and phase occur.
        let pattern = |byte: u8| match byte { 0..80 => 0, 80..160 => 0xff, other => other };
        let bools: Vec<bool> = runs
            .iter()
            .flat_map(|(byte, len)| (0..*len).map(|bit| pattern(*byte).rotate_right(bit as u32) & 1 == 1))
            .collect();
        let mut bytes = vec![0xc3u8; (offset + bools.len()).div_ceil(8) + 1];
        for (at, set) in bools.iter().enumerate() {
            let (byte, bit) = ((offset + at) / 8, (offset + at) % 8);
            bytes[byte] = bytes[byte] & !(1 << bit) | u8::from(*set) << bit;
        }
        let (set, clear) = if width == 1 { levels } else { (levels.0 + 2, levels.1) };
        let values: Vec<u32> = bools.iter().map(|bit| if *bit { set } else { clear }).collect();
        let mut expected = Vec::new();
        encode_indices(&values, width, &mut expected);
        prop_assert_eq!(decode(&expected, width, values.len()), values);

        let (mut hybrid, mut out) = (Hybrid::new(width), Vec::new());
        let mut rest = BitSlice::new(&bytes, offset, bools.len());
        for part in parts.into_iter().chain([usize::MAX]) {
            hybrid.put_bits(rest.take_front(part), set, clear, &mut out);
        }
        hybrid.finish(&mut out);
        prop_assert_eq!(out, expected);
    }
}
