//! Dictionary pages read back by a decoder of a few lines, and by `parquet`'s conventions.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::data_type::ByteArray;
use crate::data_type::values::Keyed;

/// Decodes hybrid runs the slow way.
fn decode_indices(section: &[u8], count: usize) -> Vec<usize> {
    let (width, mut rest) = (section[0] as usize, &section[1..]);
    let mut out = Vec::new();
    while out.len() < count {
        let (mut header, mut shift) = (0usize, 0);
        loop {
            let byte = rest[0];
            rest = &rest[1..];
            header |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        let bits = |bytes: &[u8], from: usize| {
            (0..width).fold(0, |value, i| {
                value | usize::from(bytes[(from + i) / 8] >> ((from + i) % 8) & 1) << i
            })
        };
        if header & 1 == 0 {
            out.extend(std::iter::repeat_n(bits(rest, 0), header >> 1));
            rest = &rest[width.div_ceil(8)..];
        } else {
            let values = (header >> 1) * 8;
            out.extend((0..values).map(|i| bits(rest, i * width)));
            rest = &rest[values * width / 8..];
        }
    }
    assert!(rest.is_empty(), "bytes behind the last run");
    out.truncate(count);
    out
}

/// The entries, taken apart from the dictionary page's body.
fn entries_of(encoder: &DictionaryEncoder) -> Vec<Vec<u8>> {
    let mut body = Vec::new();
    encoder.write_dictionary_into(&mut body);
    let mut rest = body.as_slice();
    let entries = (0..encoder.num_entries())
        .map(|_| {
            let width = match encoder.physical {
                Type::BYTE_ARRAY => {
                    let (length, tail) = rest.split_first_chunk().unwrap();
                    rest = tail;
                    u32::from_le_bytes(*length) as usize
                }
                _ => encoder.width,
            };
            rest.split_off(..width).unwrap().to_vec()
        })
        .collect();
    assert!(rest.is_empty(), "{} bytes behind the entries", rest.len());
    entries
}

fn used(encoder: &mut DictionaryEncoder) -> Option<Vec<Vec<u8>>> {
    struct Collect;
    impl crate::data_type::values::ByteVisitor for Collect {
        type Out = Vec<Vec<u8>>;
        fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> Self::Out {
            values.map(<[u8]>::to_vec).collect()
        }
    }
    let mut used = None;
    encoder.visit_page_entries(|entries| {
        let shown = match entries {
            Values::Bytes(values) => values.visit(Collect),
            Values::Fixed(values) => {
                let entries = values.data().chunks(values.width());
                entries.map(<[u8]>::to_vec).collect()
            }
            other => panic!("{other:?}"),
        };
        used.get_or_insert_with(Vec::new).extend(shown);
    });
    used
}

/// Puts pages of values, each given with its PLAIN bytes, and reads all of it back.
fn check_pages(
    encoder: &mut DictionaryEncoder,
    pages: &[(Values<'_>, Vec<Vec<u8>>)],
    puts_a_page: usize,
) {
    let mut sections = Vec::new();
    let mut order: Vec<Vec<u8>> = Vec::new();
    let mut known = HashMap::new();
    for (values, plain) in pages {
        let mut rest = *values;
        let step = plain.len().div_ceil(puts_a_page).max(1);
        while rest.len() > 0 {
            encoder.put(&rest.take_front(step)).unwrap();
        }
        let numbers: Vec<usize> = plain
            .iter()
            .map(|value| {
                *known.entry(value.clone()).or_insert_with(|| {
                    order.push(value.clone());
                    order.len() - 1
                })
            })
            .collect();
        assert_eq!(encoder.indices.len(), plain.len());
        assert_eq!(encoder.num_entries(), order.len());
        if let Some(used) = used(encoder) {
            let mut expected: Vec<usize> = numbers.clone();
            expected.sort_unstable();
            expected.dedup();
            assert_eq!(
                used,
                expected
                    .iter()
                    .map(|i| order[*i].clone())
                    .collect::<Vec<_>>()
            );
        }
        let estimate = encoder.estimated_page_bytes();
        let mut section = Vec::new();
        encoder.flush_page_into(&mut section).unwrap();
        assert!(
            section.len() <= estimate + 1,
            "{} bytes, {estimate} estimated",
            section.len()
        );
        assert_eq!(encoder.indices.len(), 0);
        sections.push((section, numbers));
    }
    for (section, numbers) in sections {
        assert_eq!(decode_indices(&section, numbers.len()), numbers);
    }
    assert_eq!(entries_of(encoder), order);
    let mut body = Vec::new();
    encoder.write_dictionary_into(&mut body);
    assert_eq!(encoder.dictionary_bytes(), body.len());
    let before = encoder.memory_size();
    encoder.shrink();
    assert!(encoder.memory_size() <= before);
    assert_eq!(entries_of(encoder), order);
    encoder.end();
    assert_eq!(entries_of(encoder), order);
}

fn check_numbers(seeds: &[Vec<(u64, u64)>], puts: usize) {
    let numbers: Vec<Vec<u64>> = seeds
        .iter()
        .map(|page| {
            page.iter()
                .map(|(wide, narrow)| if wide % 3 == 0 { *wide } else { *narrow })
                .collect()
        })
        .collect();
    macro_rules! check {
        ($physical:ident, $variant:ident, $convert:expr, $bytes:expr) => {{
            let typed: Vec<Vec<_>> = numbers
                .iter()
                .map(|page| page.iter().map($convert).collect())
                .collect();
            let pages: Vec<_> = typed
                .iter()
                .map(|page| (Values::$variant(page), page.iter().map($bytes).collect()))
                .collect();
            check_pages(
                &mut DictionaryEncoder::new(Type::$physical, -1),
                &pages,
                puts,
            );
        }};
    }
    check!(INT32, Int32, |n| *n as i32, |v| v.to_le_bytes().to_vec());
    check!(INT64, Int64, |n| *n as i64, |v| v.to_le_bytes().to_vec());
    check!(FLOAT, Float, |n| f32::from_bits(*n as u32), |v: &f32| v
        .to_le_bytes()
        .to_vec());
    check!(DOUBLE, Double, |n| f64::from_bits(*n), |v: &f64| v
        .to_le_bytes()
        .to_vec());
    check!(
        INT96,
        Int96,
        |n| Int96::from([*n as u32, 5, (n >> 32) as u32]),
        |v: &Int96| v
            .data()
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect()
    );
    for width in [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 40] {
        let values: Vec<Vec<Vec<u8>>> = numbers
            .iter()
            .map(|page| {
                page.iter()
                    .map(|n| {
                        [n.to_le_bytes(), [3; 8], [4; 8], n.to_be_bytes(), [9; 8]].concat()[..width]
                            .to_vec()
                    })
                    .collect()
            })
            .collect();
        let data: Vec<Vec<u8>> = values.iter().map(|page| page.concat()).collect();
        let pages: Vec<_> = data
            .iter()
            .zip(&values)
            .map(|(data, values)| (Values::Fixed(FixedValues::new(data, width)), values.clone()))
            .collect();
        check_pages(
            &mut DictionaryEncoder::new(Type::FIXED_LEN_BYTE_ARRAY, width as i32),
            &pages,
            puts,
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn numbers_come_back_page_by_page(
        pages in prop::collection::vec(prop::collection::vec((any::<u64>(), 0u64..5), 0..200), 0..4),
        puts in 1usize..5,
    ) {
        check_numbers(&pages, puts);
    }

    #[test]
    fn strings_come_back_page_by_page(
        pages in prop::collection::vec(prop::collection::vec(prop::collection::vec(0u8..2, 0..40), 0..200), 0..4),
        puts in 1usize..5,
    ) {
        let arrays: Vec<Vec<ByteArray>> =
            pages.iter().map(|page| page.iter().map(|value| ByteArray::from(value.clone())).collect()).collect();
        let pages: Vec<_> = arrays
            .iter()
            .zip(&pages)
            .map(|(arrays, page)| (Values::Bytes(all_of(arrays)), page.clone()))
            .collect();
        check_pages(&mut DictionaryEncoder::new(Type::BYTE_ARRAY, -1), &pages, puts);
    }

    #[test]
    fn keys_of_dictionaries_come_back_whichever_dictionary_they_are_of(
        sources in prop::collection::vec(prop::collection::vec("[ab]{0,3}", 1..2000), 1..4),
        picks in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(any::<prop::sample::Index>(), 0..150)), 0..20),
        puts in 1usize..5,
    ) {
        let sources: Vec<Vec<ByteArray>> =
            sources.iter().map(|source| source.iter().map(|value| ByteArray::from(value.as_str())).collect()).collect();
        let picked: Vec<(usize, Vec<u32>)> = picks
            .iter()
            .map(|(source, keys)| {
                let source = source.index(sources.len());
                (source, keys.iter().map(|key| key.index(sources[source].len()) as u32).collect())
            })
            .collect();
        let pages: Vec<_> = picked
            .iter()
            .map(|(source, keys)| {
                let values = ByteValues::new(
                    ByteSource::Arrays(&sources[*source]),
                    Picks::Keys { keys, token: *source as u64, of: Keyed::Dictionary },
                );
                let plain = keys.iter().map(|key| sources[*source][*key as usize].data().to_vec()).collect();
                (Values::Bytes(values), plain)
            })
            .collect();
        check_pages(&mut DictionaryEncoder::new(Type::BYTE_ARRAY, -1), &pages, puts);
    }
}

fn all_of(arrays: &[ByteArray]) -> ByteValues<'_> {
    ByteValues::new(
        ByteSource::Arrays(arrays),
        Picks::Range {
            from: 0,
            len: arrays.len(),
        },
    )
}

#[test]
fn indices_widen_as_the_dictionary_grows_past_bytes_and_shorts() {
    for most in [255i64, 256, 257, 65_535, 65_536, 65_537, 70_000] {
        let pages: Vec<Vec<i64>> = vec![
            (0..100).collect(),
            (0..most).collect(),
            (most - 100..most).collect(),
        ];
        let pages: Vec<_> = pages
            .iter()
            .map(|page| {
                (
                    Values::Int64(page),
                    page.iter().map(|v| v.to_le_bytes().to_vec()).collect(),
                )
            })
            .collect();
        check_pages(&mut DictionaryEncoder::new(Type::INT64, -1), &pages, 3);
    }
}

#[test]
fn an_idle_encoder_holds_no_heap() {
    for physical in [
        Type::INT32,
        Type::INT64,
        Type::INT96,
        Type::FLOAT,
        Type::DOUBLE,
        Type::BYTE_ARRAY,
    ] {
        assert_eq!(DictionaryEncoder::new(physical, -1).memory_size(), 0);
    }
}

#[test]
fn an_index_among_few_entries_is_a_byte() {
    let mut encoder = DictionaryEncoder::new(Type::INT32, -1);
    let values: Vec<i32> = (0..20_000).map(|i| i % 16).collect();
    encoder.put(&Values::Int32(&values)).unwrap();
    assert!(
        encoder.memory_size() < 36_000,
        "{} bytes",
        encoder.memory_size()
    );
}

#[test]
fn the_estimate_is_that_of_the_contract() {
    let mut encoder = DictionaryEncoder::new(Type::INT32, -1);
    assert_eq!(encoder.estimated_page_bytes(), 0);
    encoder
        .put(&Values::Int32(&[0, 1, 2, 3, 4, 5, 6, 7, 8]))
        .unwrap();
    // 9 entries: indices of 4 bits, in 2 groups of 8.
    assert_eq!(encoder.estimated_page_bytes(), 2 * (1 + 4));
    let mut encoder = DictionaryEncoder::new(Type::BYTE_ARRAY, -1);
    assert_eq!(encoder.estimated_page_bytes(), 1);
    encoder
        .put(&Values::Bytes(all_of(&[ByteArray::from("a")])))
        .unwrap();
    assert_eq!(encoder.estimated_page_bytes(), 2);
}

#[test]
fn zeros_and_nans_are_entries_by_their_bits() {
    let mut encoder = DictionaryEncoder::new(Type::DOUBLE, -1);
    let quiet = f64::NAN;
    let other = f64::from_bits(quiet.to_bits() | 1);
    encoder
        .put(&Values::Double(&[0.0, -0.0, quiet, other, quiet, -0.0]))
        .unwrap();
    assert_eq!(encoder.num_entries(), 4);
}

#[test]
fn only_dictionary_values_that_are_referred_to_become_entries() {
    let source: Vec<ByteArray> = ["a", "b", "c", "b"]
        .into_iter()
        .map(ByteArray::from)
        .collect();
    let mut encoder = DictionaryEncoder::new(Type::BYTE_ARRAY, -1);
    let values = ByteValues::new(
        ByteSource::Arrays(&source),
        Picks::Keys {
            keys: &[3, 2, 3, 1],
            token: 0,
            of: Keyed::Dictionary,
        },
    );
    encoder.put(&Values::Bytes(values)).unwrap();
    assert_eq!(entries_of(&encoder), [b"b", b"c"]);
}

#[test]
fn a_key_outside_its_dictionary_is_an_error() {
    let source = [ByteArray::from("a")];
    let mut encoder = DictionaryEncoder::new(Type::BYTE_ARRAY, -1);
    let values = ByteValues::new(
        ByteSource::Arrays(&source),
        Picks::Keys {
            keys: &[0, 1],
            token: 0,
            of: Keyed::Dictionary,
        },
    );
    let error = encoder.put(&Values::Bytes(values)).unwrap_err();
    assert!(
        matches!(error, ParquetError::IndexOutOfBound(1, 1)),
        "{error}"
    );
}

#[test]
fn values_of_another_type_or_length_are_refused() {
    let mut encoder = DictionaryEncoder::new(Type::INT32, -1);
    let error = encoder.put(&Values::Int64(&[1])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Parquet error: Values are not of the column's type INT32"
    );
    let mut encoder = DictionaryEncoder::new(Type::FIXED_LEN_BYTE_ARRAY, 3);
    assert!(
        encoder
            .put(&Values::Fixed(FixedValues::new(&[0; 8], 4)))
            .is_err()
    );
}

/// The dictionary page and the first data page that `parquet` writes for a required INT32 column.
fn peer_pages(values: &[i32]) -> (Vec<u8>, Vec<u8>) {
    use std::sync::Arc;

    use parquet::column::page::Page;
    use parquet::data_type::Int32Type;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::file::writer::SerializedFileWriter;

    let schema =
        parquet::schema::parser::parse_message_type("message m { required int32 a; }").unwrap();
    let mut file = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut file, Arc::new(schema), Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<Int32Type>()
        .write_batch(values, None, None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    let group = reader.get_row_group(0).unwrap();
    let mut pages = group.get_column_page_reader(0).unwrap();
    let mut next = || match pages.get_next_page().unwrap().unwrap() {
        Page::DictionaryPage { buf, .. }
        | Page::DataPage { buf, .. }
        | Page::DataPageV2 { buf, .. } => buf.to_vec(),
    };
    (next(), next())
}

#[test]
fn dictionary_and_index_width_are_those_of_the_peer() {
    for entries in [1, 2, 3, 4, 5, 255, 256, 257] {
        let values: Vec<i32> = (0..1000).map(|i| i % entries).collect();
        let mut encoder = DictionaryEncoder::new(Type::INT32, -1);
        encoder.put(&Values::Int32(&values)).unwrap();
        let (mut dictionary, mut section) = (Vec::new(), Vec::new());
        encoder.flush_page_into(&mut section).unwrap();
        encoder.write_dictionary_into(&mut dictionary);
        let (peer_dictionary, peer_section) = peer_pages(&values);
        assert_eq!(dictionary, peer_dictionary);
        assert_eq!(section[0], peer_section[0], "{entries} entries");
        assert!(section.len() <= peer_section.len(), "{entries} entries");
    }
}
