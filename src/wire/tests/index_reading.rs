//! Indexes that are read back: equal to what was written, and to what an independent reader makes of the same bytes;
//! damaged bytes are errors, never panics.

use bytes::Bytes;
use parquet::file::page_index::index_reader::{decode_column_index, decode_offset_index};
use proptest::prelude::*;

use super::super::compact::{Element, write_struct};
use super::super::index::{
    read_column_index, read_offset_index, write_column_index, write_offset_index,
};
use crate::basic::{BoundaryOrder, Type};
use crate::errors::ParquetError;
use crate::meta::metadata::{ColumnIndexBuilder, LevelHistogram, OffsetIndexBuilder};
use crate::meta::page_index::column_index::ColumnIndexMetaData;
use crate::meta::page_index::offset_index::OffsetIndexMetaData;

const TYPES: [(Type, usize); 8] = [
    (Type::BOOLEAN, 1),
    (Type::INT32, 4),
    (Type::INT64, 8),
    (Type::INT96, 12),
    (Type::FLOAT, 4),
    (Type::DOUBLE, 8),
    (Type::BYTE_ARRAY, 0),
    (Type::FIXED_LEN_BYTE_ARRAY, 5),
];

const ORDERS: [BoundaryOrder; 3] = [
    BoundaryOrder::UNORDERED,
    BoundaryOrder::ASCENDING,
    BoundaryOrder::DESCENDING,
];

/// What a page adds to an index; the bounds are cut to the width of the type.
type Page = (bool, Vec<u8>, Vec<u8>, i64);

/// What an index has beside its pages.
#[derive(Debug, Clone, Copy)]
struct Extras {
    order: BoundaryOrder,
    nan_counts: bool,
    levels: (usize, usize),
}

fn column_index(
    (physical_type, width): (Type, usize),
    pages: &[Page],
    extras: Extras,
) -> ColumnIndexMetaData {
    let mut builder = ColumnIndexBuilder::new(physical_type);
    let histogram =
        |levels: usize, count: i64| (levels > 0).then(|| LevelHistogram::from(vec![count; levels]));
    for (is_null_page, min, max, count) in pages {
        let bound = |bytes: &[u8]| match physical_type {
            Type::BYTE_ARRAY => bytes.to_vec(),
            // Other bytes than these are no truth values.
            Type::BOOLEAN => vec![bytes.first().map_or(0, |byte| byte & 1)],
            // No NaN, which is not equal to itself.
            Type::FLOAT => f32::from(bytes.len() as u16).to_le_bytes().to_vec(),
            Type::DOUBLE => f64::from(bytes.len() as u32).to_le_bytes().to_vec(),
            _ => bytes.iter().copied().chain(0..).take(width).collect(),
        };
        builder.append(
            *is_null_page,
            bound(min),
            bound(max),
            *count,
            extras.nan_counts.then_some(count / 2),
        );
        let (repetition, definition) = extras.levels;
        builder.append_histograms(&histogram(repetition, *count), &histogram(definition, 1));
    }
    builder.set_boundary_order(extras.order);
    builder.build().unwrap()
}

fn offset_index(pages: &[(i64, i32, i64)], unencoded: bool) -> OffsetIndexMetaData {
    let mut builder = OffsetIndexBuilder::new();
    for (offset, size, rows) in pages {
        builder.append_row_count(*rows);
        builder.append_offset_and_size(*offset, *size);
        builder.append_unencoded_byte_array_data_bytes(unencoded.then_some(rows * 3));
    }
    builder.build()
}

fn bytes_of_column(index: &ColumnIndexMetaData) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_column_index(index, &mut bytes);
    bytes
}

fn bytes_of_offsets(index: &OffsetIndexMetaData) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_offset_index(index, &mut bytes);
    bytes
}

fn any_page() -> impl Strategy<Value = Page> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
    (any::<bool>(), bytes(), bytes(), any::<i64>())
}

fn any_extras() -> impl Strategy<Value = Extras> {
    let order = prop::sample::select(ORDERS.to_vec());
    (order, any::<bool>(), (0_usize..4, 0_usize..4)).prop_map(|(order, nan_counts, levels)| {
        Extras {
            order,
            nan_counts,
            levels,
        }
    })
}

proptest! {
    #[test]
    fn column_indexes_of_every_type_come_back_equal(
        pages in proptest::collection::vec(any_page(), 0..40),
        extras in any_extras(),
    ) {
        for of_type in TYPES {
            let written = column_index(of_type, &pages, extras);
            let read = read_column_index(&bytes_of_column(&written), of_type.0).unwrap();
            prop_assert_eq!(read, written);
        }
    }

    #[test]
    fn offset_indexes_come_back_equal(
        pages in proptest::collection::vec((any::<i64>(), any::<i32>(), 0..i64::MAX / 100), 0..40),
        unencoded in any::<bool>(),
    ) {
        let written = offset_index(&pages, unencoded);
        prop_assert_eq!(read_offset_index(&bytes_of_offsets(&written)).unwrap(), written);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for (physical_type, _) in TYPES {
            let _ = read_column_index(&bytes, physical_type);
        }
        let _ = read_offset_index(&bytes);
    }
}

fn sample_pages() -> Vec<Page> {
    vec![
        (false, b"ab".to_vec(), b"zz".to_vec(), 300),
        (true, Vec::new(), Vec::new(), 1),
        (false, b"c".to_vec(), vec![0xFF; 20], 0),
    ]
}

const SAMPLE_EXTRAS: Extras = Extras {
    order: BoundaryOrder::DESCENDING,
    nan_counts: true,
    levels: (2, 3),
};

fn sample_offsets() -> OffsetIndexMetaData {
    offset_index(&[(4, 100, 7), (1 << 40, i32::MAX, 9), (-1, 0, 1000)], true)
}

#[test]
fn an_independent_reader_makes_the_same_of_the_bytes() {
    for of_type in TYPES {
        let bytes = bytes_of_column(&column_index(of_type, &sample_pages(), SAMPLE_EXTRAS));
        let ours = read_column_index(&bytes, of_type.0).unwrap();
        let theirs = decode_column_index(&bytes, of_type.0.to_string().parse().unwrap()).unwrap();
        assert_eq!(ours.num_pages(), theirs.num_pages());
        assert_eq!(ours.null_counts(), theirs.null_counts());
        assert_eq!(ours.nan_counts(), theirs.nan_counts());
        assert_eq!(
            format!("{:?}", ours.get_boundary_order()),
            format!("{:?}", theirs.get_boundary_order())
        );
        for page in 0..3 {
            assert_eq!(ours.is_null_page(page), theirs.is_null_page(page));
            assert_eq!(
                ours.repetition_level_histogram(page),
                theirs.repetition_level_histogram(page)
            );
            assert_eq!(
                ours.definition_level_histogram(page),
                theirs.definition_level_histogram(page)
            );
        }
        assert_eq!(bytes_of_column(&ours), bytes, "{:?}", of_type.0);
    }
    let bytes = bytes_of_offsets(&sample_offsets());
    let theirs = decode_offset_index(&Bytes::from(bytes.clone())).unwrap();
    assert_eq!(
        format!("{:?}", read_offset_index(&bytes).unwrap()),
        format!("{theirs:?}")
    );
}

#[test]
fn every_truncation_is_an_early_end() {
    for of_type in TYPES {
        let bytes = bytes_of_column(&column_index(of_type, &sample_pages(), SAMPLE_EXTRAS));
        for len in 0..bytes.len() {
            let error = read_column_index(&bytes[..len], of_type.0).unwrap_err();
            assert!(matches!(error, ParquetError::EOF(_)), "{len}: {error}");
        }
    }
    let bytes = bytes_of_offsets(&sample_offsets());
    for len in 0..bytes.len() {
        let error = read_offset_index(&bytes[..len]).unwrap_err();
        assert!(matches!(error, ParquetError::EOF(_)), "{len}: {error}");
    }
}

#[test]
fn every_changed_byte_is_read_or_refused() {
    let (mut read, mut refused) = (0, 0);
    let mut count = |is_ok: bool| match is_ok {
        true => read += 1,
        false => refused += 1,
    };
    for of_type in TYPES {
        let bytes = bytes_of_column(&column_index(of_type, &sample_pages(), SAMPLE_EXTRAS));
        for_each_change(bytes, |changed| {
            count(read_column_index(changed, of_type.0).is_ok())
        });
    }
    for_each_change(bytes_of_offsets(&sample_offsets()), |changed| {
        count(read_offset_index(changed).is_ok())
    });
    // Bytes of values and counts may be anything; those of types, lengths and field numbers may not.
    assert!(
        read > 1000 && refused > 1000,
        "{read} read, {refused} refused"
    );
}

fn for_each_change(mut bytes: Vec<u8>, mut check: impl FnMut(&[u8])) {
    for at in 0..bytes.len() {
        let was = bytes[at];
        for change in 1..=u8::MAX {
            bytes[at] = was ^ change;
            check(&bytes);
        }
        bytes[at] = was;
    }
}

#[test]
fn what_follows_is_refused() {
    let mut bytes = bytes_of_offsets(&sample_offsets());
    bytes.push(0);
    let error = read_offset_index(&bytes).unwrap_err().to_string();
    assert!(error.contains("bytes follow"), "{error}");
    let mut bytes = bytes_of_column(&column_index(TYPES[0], &[], SAMPLE_EXTRAS));
    bytes.push(0);
    let error = read_column_index(&bytes, Type::BOOLEAN)
        .unwrap_err()
        .to_string();
    assert!(error.contains("bytes follow"), "{error}");
}

#[test]
fn unknown_fields_are_passed() {
    let mut bytes = Vec::new();
    write_struct(&mut bytes, |record| {
        record.list(1, Element::Struct, [7_i64], |item, offset| {
            item.structure(|record| {
                record.i64(1, offset);
                record.i32(2, 8);
                record.i64(3, 9);
                record.structure(4, |inner| inner.binary(1, b"new"));
            });
        });
        record.i64_list(2, &[5]);
        record.list(3, Element::Bool, [true], |item, flag| item.bool(flag));
        record.bool(4, true);
    });
    let read = read_offset_index(&bytes).unwrap();
    assert_eq!(read, {
        let mut expected = offset_index(&[(7, 8, 1)], false);
        expected.page_locations[0].first_row_index = 9;
        expected.unencoded_byte_array_data_bytes = Some(vec![5]);
        expected
    });
}

/// An index of two INT32 pages, with lists of these lengths.
fn lists_of(null_pages: usize, min: usize, max: usize, counts: usize, histogram: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_struct(&mut bytes, |record| {
        record.list(1, Element::Bool, 0..null_pages, |item, _| item.bool(false));
        record.list(2, Element::Binary, 0..min, |item, _| item.binary(&[0; 4]));
        record.list(3, Element::Binary, 0..max, |item, _| item.binary(&[0; 4]));
        record.i32(4, 1);
        record.i64_list(5, &vec![0; counts]);
        record.i64_list(6, &vec![0; histogram]);
    });
    bytes
}

#[test]
fn lists_that_do_not_match_the_pages_are_refused() {
    let read = |bytes: &[u8]| read_column_index(bytes, Type::INT32);
    read(&lists_of(2, 2, 2, 2, 6)).unwrap();
    for (bytes, list) in [
        (lists_of(2, 1, 2, 2, 6), "min_values"),
        (lists_of(2, 2, 3, 2, 6), "max_values"),
        (lists_of(2, 2, 2, 0, 6), "null_counts"),
        (lists_of(2, 2, 2, 2, 5), "histograms"),
        (lists_of(0, 0, 0, 0, 1), "histograms"),
    ] {
        let error = read(&bytes).unwrap_err().to_string();
        assert!(error.contains(list), "{error}");
    }
    let mut short = offset_index(&[(4, 1, 1), (5, 1, 1)], true);
    short.unencoded_byte_array_data_bytes = Some(vec![1]);
    let error = read_offset_index(&bytes_of_offsets(&short))
        .unwrap_err()
        .to_string();
    assert!(error.contains("1 entries for 2 pages"), "{error}");
}

#[test]
fn missing_and_repeated_fields_and_unknown_orders_are_refused() {
    let refusal = |bytes: &[u8]| {
        let error = read_column_index(bytes, Type::INT32).unwrap_err();
        assert!(matches!(error, ParquetError::General(_)), "{error:?}");
        error.to_string()
    };
    assert!(refusal(&[0]).contains("null_pages is missing"));
    let unordered = |order: i32, twice: bool| {
        let mut bytes = Vec::new();
        write_struct(&mut bytes, |record| {
            let no_pages = std::iter::empty::<bool>;
            record.list(1, Element::Bool, no_pages(), |item, flag| item.bool(flag));
            record.list(2, Element::Binary, no_pages(), |_, _| {});
            record.list(3, Element::Binary, no_pages(), |_, _| {});
            record.i32(4, order);
            if twice {
                record.i32(4, order);
            }
        });
        bytes
    };
    read_column_index(&unordered(2, false), Type::INT32).unwrap();
    assert!(refusal(&unordered(3, false)).contains("boundary order"));
    assert!(refusal(&unordered(-1, false)).contains("boundary order"));
    assert!(refusal(&unordered(2, true)).contains("twice"));
    assert!(matches!(
        read_offset_index(&[0]),
        Err(ParquetError::General(text)) if text.contains("page_locations is missing")
    ));
    // A bound of the wrong width.
    let index = lists_of(2, 2, 2, 2, 6);
    assert!(read_column_index(&index, Type::INT64).is_err());
}
