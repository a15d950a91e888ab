//! Column and offset indexes.

use parquet::file::metadata::PageIndexPolicy;
use parquet::file::page_index::column_index as oracle_index;

use super::super::index::{write_column_index, write_offset_index};
use super::*;
use crate::basic::{BoundaryOrder, Type};
use crate::meta::metadata::{ColumnIndexBuilder, OffsetIndexBuilder};
use crate::meta::page_index::column_index::ColumnIndexMetaData;
use crate::meta::page_index::offset_index::OffsetIndexMetaData;

/// Writes a file of one column with both indexes, and reads the indexes back.
fn read_indexes(
    column: &str,
    column_index: &ColumnIndexMetaData,
    offset_index: &OffsetIndexMetaData,
) -> (
    oracle_index::ColumnIndexMetaData,
    parquet::file::page_index::offset_index::OffsetIndexMetaData,
) {
    let schema = schema_of(&format!("message m {{ optional {column} a; }}"));
    let mut chunk = ColumnChunkMetaData::builder(schema.column(0))
        .build()
        .unwrap();
    let mut body = PARQUET_MAGIC.to_vec();
    let at = |body: &Vec<u8>, from: usize| (from as i64, i32::try_from(body.len() - from).unwrap());
    let from = body.len();
    write_column_index(column_index, &mut body);
    let (offset, length) = at(&body, from);
    chunk.place_column_index(offset, length);
    let from = body.len();
    write_offset_index(offset_index, &mut body);
    let (offset, length) = at(&body, from);
    chunk.place_offset_index(offset, length);
    let footer = footer(&metadata_of(&schema, vec![chunk]), &WITH_PATHS);
    let read = oracle::ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Required)
        .parse_and_finish(&file_of(body, &footer))
        .unwrap();
    let read = read.page_index_for_row_group(0);
    (
        read.column_index(0).unwrap().clone(),
        read.offset_index(0).unwrap().clone(),
    )
}

fn offsets(pages: usize) -> OffsetIndexMetaData {
    let mut builder = OffsetIndexBuilder::new();
    for page in 0..pages {
        builder.append_row_count(10);
        builder.append_offset_and_size(4 + 100 * page as i64, 100);
        builder.append_unencoded_byte_array_data_bytes(Some(page as i64 * 1000));
    }
    builder.build()
}

#[test]
fn offsets_survive() {
    let index = ColumnIndexBuilder::new(Type::INT32).build().unwrap();
    for pages in [0, 1, 14, 15, 1000] {
        let written = offsets(pages);
        let (_, read) = read_indexes("int32", &index, &written);
        assert_eq!(format!("{read:?}"), format!("{written:?}"));
    }
    let mut far = OffsetIndexBuilder::new();
    far.append_row_count(i64::MAX);
    far.append_offset_and_size(i64::MAX, i32::MAX);
    let far = far.build();
    let (_, read) = read_indexes("int32", &index, &far);
    assert_eq!(format!("{read:?}"), format!("{far:?}"));
}

/// Builds the same index with both crates, of three pages with the second a null page, and compares
/// what the oracle reads to what the oracle builds.
fn survives(column: &str, physical_type: Type, bounds: [(&[u8], &[u8]); 2], nan_counts: bool) {
    let mut ours = ColumnIndexBuilder::new(physical_type);
    let mut theirs = oracle::ColumnIndexBuilder::new(physical_type.to_string().parse().unwrap());
    let [first, last] = bounds;
    let pages = [(false, first), (true, (&[][..], &[][..])), (false, last)];
    for (page, (is_null_page, (min, max))) in pages.into_iter().enumerate() {
        let page = page as i64;
        let nans = nan_counts.then_some(page * 7);
        ours.append(is_null_page, min.to_vec(), max.to_vec(), page, nans);
        theirs.append(is_null_page, min.to_vec(), max.to_vec(), page, nans);
        let (repetition, definition) = (vec![page, 1], vec![0, page, i64::MAX]);
        ours.append_histograms(
            &Some(repetition.clone().into()),
            &Some(definition.clone().into()),
        );
        theirs.append_histograms(&Some(repetition.into()), &Some(definition.into()));
    }
    ours.set_boundary_order(BoundaryOrder::DESCENDING);
    theirs.set_boundary_order(parquet::basic::BoundaryOrder::DESCENDING);
    let (read, _) = read_indexes(column, &ours.build().unwrap(), &offsets(3));
    assert_eq!(read, theirs.build().unwrap(), "{column}");
}

#[test]
fn column_indexes_of_every_type_survive() {
    survives(
        "boolean",
        Type::BOOLEAN,
        [(&[0], &[1]), (&[0], &[0])],
        false,
    );
    let (small, large) = (i32::MIN.to_le_bytes(), i32::MAX.to_le_bytes());
    survives(
        "int32",
        Type::INT32,
        [(&small, &large), (&small, &small)],
        false,
    );
    let (small, large) = (i64::MIN.to_le_bytes(), i64::MAX.to_le_bytes());
    survives(
        "int64",
        Type::INT64,
        [(&small, &large), (&large, &large)],
        false,
    );
    survives(
        "int96",
        Type::INT96,
        [(&[1; 12], &[2; 12]), (&[3; 12], &[4; 12])],
        false,
    );
    let (small, large) = (f32::MIN.to_le_bytes(), f32::MAX.to_le_bytes());
    survives(
        "float",
        Type::FLOAT,
        [(&small, &large), (&small, &small)],
        true,
    );
    let (small, large) = ((-0.0_f64).to_le_bytes(), f64::INFINITY.to_le_bytes());
    survives(
        "double",
        Type::DOUBLE,
        [(&small, &large), (&small, &small)],
        true,
    );
    survives(
        "binary",
        Type::BYTE_ARRAY,
        [(b"", b"zz"), (b"a", b"\xFF\xFF")],
        false,
    );
    survives(
        "fixed_len_byte_array(2)",
        Type::FIXED_LEN_BYTE_ARRAY,
        [(b"ab", b"zz"), (b"aa", b"\xFF\xFF")],
        true,
    );
}

#[test]
fn every_boundary_order_survives() {
    use BoundaryOrder::{ASCENDING, DESCENDING, UNORDERED};
    for order in [UNORDERED, ASCENDING, DESCENDING] {
        let mut builder = ColumnIndexBuilder::new(Type::INT32);
        builder.append(false, vec![0; 4], vec![0; 4], 0, None);
        builder.set_boundary_order(order);
        let (read, _) = read_indexes("int32", &builder.build().unwrap(), &offsets(1));
        assert_eq!(
            read.get_boundary_order().unwrap().to_string(),
            order.to_string()
        );
        assert_eq!(read.nan_counts(), None);
        assert_eq!(read.definition_level_histogram(0), None);
    }
}

#[test]
fn an_index_of_a_thousand_pages_survives() {
    let mut builder = ColumnIndexBuilder::new(Type::BYTE_ARRAY);
    for page in 0..1000_u32 {
        let bound = vec![b'x'; page as usize % 70];
        builder.append(page % 3 == 0, bound.clone(), bound, i64::from(page), None);
    }
    let written = builder.build().unwrap();
    let (read, _) = read_indexes("binary", &written, &offsets(1000));
    let (
        ColumnIndexMetaData::BYTE_ARRAY(written),
        oracle_index::ColumnIndexMetaData::BYTE_ARRAY(read),
    ) = (&written, &read)
    else {
        panic!("{read:?}");
    };
    assert!(read.min_values_iter().eq(written.min_values_iter()));
    assert!(read.max_values_iter().eq(written.max_values_iter()));
    assert_eq!(read.null_count(999), Some(999));
}
