//! The footer as a whole.

use super::*;
use crate::basic::ColumnOrder;
use crate::errors::ParquetError;
use crate::meta::metadata::{KeyValue, SortingColumn};

const FLAT: &str = "message m { required int32 a; optional double b; optional int96 c; }";

fn rows(schema: &SchemaDescPtr, ordinal: i32) -> RowGroupMetaData {
    let chunks = schema.columns().iter();
    let chunks = chunks.map(|column| {
        let chunk = ColumnChunkMetaData::builder(column.clone());
        chunk
            .set_total_compressed_size(100)
            .set_data_page_offset(4)
            .build()
            .unwrap()
    });
    RowGroupMetaData::builder(schema.clone())
        .set_column_metadata(chunks.collect())
        .set_num_rows(i64::from(ordinal) + 5)
        .set_total_byte_size(i64::MAX)
        .set_file_offset(4)
        .set_ordinal(ordinal)
        .build()
        .unwrap()
}

#[test]
fn what_is_said_of_the_file_survives() {
    let schema = schema_of(FLAT);
    let pairs = vec![
        KeyValue::new("with".to_string(), "value €".to_string()),
        KeyValue::new("without".to_string(), None),
        KeyValue::new(String::new(), String::new()),
    ];
    let orders = vec![
        ColumnOrder::TYPE_DEFINED_ORDER(crate::basic::SortOrder::SIGNED),
        ColumnOrder::IEEE_754_TOTAL_ORDER,
        ColumnOrder::INT96_TIMESTAMP_ORDER,
    ];
    let file = FileMetaData::new(
        2,
        i64::MAX,
        Some("herringbone version 1".to_string()),
        Some(pairs.clone()),
        schema,
        Some(orders.clone()),
    );
    let read = read_back(&ParquetMetaData::new(file, Vec::new()));
    let read = read.file_metadata();
    assert_eq!(read.version(), 2);
    assert_eq!(read.num_rows(), i64::MAX);
    assert_eq!(read.created_by(), Some("herringbone version 1"));
    assert_eq!(
        format!("{:?}", read.key_value_metadata().unwrap()),
        format!("{pairs:?}")
    );
    assert_eq!(
        format!("{:?}", read.column_orders().unwrap()),
        format!("{orders:?}")
    );
}

#[test]
fn what_is_absent_stays_absent() {
    let file = FileMetaData::new(1, -1, None, None, schema_of(FLAT), None);
    let read = read_back(&ParquetMetaData::new(file, Vec::new()));
    assert_eq!(read.num_row_groups(), 0);
    let read = read.file_metadata();
    assert_eq!(read.num_rows(), -1);
    assert_eq!(read.created_by(), None);
    assert_eq!(read.key_value_metadata(), None);
    assert_eq!(read.column_orders(), None);
}

#[test]
fn an_empty_list_of_pairs_is_a_list() {
    let file = FileMetaData::new(1, 0, None, Some(Vec::new()), schema_of(FLAT), None);
    let read = read_back(&ParquetMetaData::new(file, Vec::new()));
    assert_eq!(read.file_metadata().key_value_metadata(), Some(&Vec::new()));
}

#[test]
fn orders_are_stated_for_all_columns_or_for_none() {
    let schema = schema_of("message m { required int32 a; required int32 b; }");
    let orders = vec![
        ColumnOrder::TYPE_DEFINED_ORDER(crate::basic::SortOrder::SIGNED),
        ColumnOrder::UNDEFINED,
    ];
    let file = FileMetaData::new(1, 0, None, None, schema, Some(orders));
    let read = read_back(&ParquetMetaData::new(file, Vec::new()));
    assert_eq!(read.file_metadata().column_orders(), None);
}

#[test]
fn what_is_said_of_a_row_group_survives() {
    let schema = schema_of(FLAT);
    let sorting = |descending| SortingColumn {
        column_idx: 2,
        descending,
        nulls_first: !descending,
    };
    let sorted = rows(&schema, 0)
        .into_builder()
        .set_sorting_columns(Some(vec![sorting(true), sorting(false)]))
        .build()
        .unwrap();
    let file = FileMetaData::new(1, 0, None, None, schema.clone(), None);
    let written = ParquetMetaData::new(file, vec![sorted, rows(&schema, 1)]);
    let read = read_back(&written);
    assert_eq!(read.num_row_groups(), 2);
    for (read, written) in read.row_groups().iter().zip(written.row_groups()) {
        assert_eq!(read.num_rows(), written.num_rows());
        assert_eq!(read.total_byte_size(), written.total_byte_size());
        assert_eq!(read.compressed_size(), 300);
        assert_eq!(read.file_offset(), Some(4));
        assert_eq!(read.ordinal(), written.ordinal());
        assert_eq!(read.num_columns(), 3);
        assert_eq!(
            format!("{:?}", read.sorting_columns()),
            format!("{:?}", written.sorting_columns())
        );
    }
}

#[test]
fn ordinals_are_written_if_sixteen_bits_hold_all_of_them() {
    let schema = schema_of(FLAT);
    let length_of = |ordinals: &[i32]| {
        let row_groups = ordinals.iter().map(|ordinal| {
            let row_group = rows(&schema, 0).into_builder();
            row_group.set_ordinal(*ordinal).build().unwrap()
        });
        let file = FileMetaData::new(1, 0, None, None, schema.clone(), None);
        let metadata = ParquetMetaData::new(file, row_groups.collect());
        let read = read_back(&metadata);
        let read = read.row_groups().iter().map(|it| it.ordinal().unwrap());
        (
            footer(&metadata, &WITH_PATHS).len(),
            read.collect::<Vec<_>>(),
        )
    };
    let (with, read) = length_of(&[1, 32_767]);
    assert_eq!(read, [1, 32_767]);
    // The oracle counts from zero where all are absent.
    let (without, read) = length_of(&[1, 32_768]);
    assert_eq!(read, [0, 1]);
    // A field header each, and varints of one byte and of three.
    assert_eq!(with - without, 2 + 1 + 3);
    assert_eq!(length_of(&[32_768, i32::MAX]).0, without);
}

#[test]
fn nothing_large_is_copied_on_its_way_into_a_footer() {
    let text = "long ".repeat(100_000);
    let pairs = vec![KeyValue::new("k".repeat(70_000), text.clone())];
    let file = FileMetaData::new(
        1,
        0,
        Some(text.clone()),
        Some(pairs.clone()),
        schema_of(FLAT),
        None,
    );
    let metadata = ParquetMetaData::new(file, vec![rows(&schema_of(FLAT), 0)]);
    let whole = footer(&metadata, &WITH_PATHS);
    let mut largest_small = 0;
    let mut large = 0;
    let none: [RowGroupMetaData; 0] = [];
    let len = stream_file_metadata(
        metadata.file_metadata(),
        none.iter(),
        Ordinals::Written,
        &WITH_PATHS,
        |part: &[u8]| {
            match part.len() >= 70_000 {
                true => large += 1,
                false => largest_small = largest_small.max(part.len()),
            }
            Ok(())
        },
    );
    assert!(len.unwrap() > 1_070_000);
    assert_eq!(large, 3);
    assert!(largest_small < 1000, "{largest_small}");
    let read = read_footer(&whole);
    assert_eq!(read.file_metadata().created_by(), Some(text.as_str()));
    let read = read.file_metadata().key_value_metadata().unwrap();
    assert_eq!(format!("{read:?}"), format!("{pairs:?}"));
}

#[test]
fn a_footer_is_handed_on_in_parts() {
    let columns: String = (0..500)
        .map(|column| format!("optional int64 column_{column}; "))
        .collect();
    let schema = schema_of(&format!("message m {{ {columns} }}"));
    let row_groups: Vec<_> = (0..10).map(|ordinal| rows(&schema, ordinal)).collect();
    let pairs = vec![KeyValue::new("k".to_string(), None)];
    let file = FileMetaData::new(1, 50, None, Some(pairs), schema, None);
    let metadata = ParquetMetaData::new(file, row_groups);
    let whole = footer(&metadata, &WITH_PATHS);
    let mut parts = Vec::new();
    let len = stream_file_metadata(
        metadata.file_metadata(),
        metadata.row_groups().iter(),
        Ordinals::Written,
        &WITH_PATHS,
        |part| {
            parts.push(part.to_vec());
            Ok(())
        },
    );
    assert_eq!(len.unwrap(), whole.len() as u64);
    assert!(parts.len() > 2, "{} parts", parts.len());
    assert!(parts.iter().all(|part| part.len() < 80 * 1024));
    assert_eq!(parts.concat(), whole);
    assert_eq!(read_footer(&whole).num_row_groups(), 10);
}

#[test]
fn a_failing_sink_ends_the_stream() {
    let file = FileMetaData::new(1, 0, None, None, schema_of(FLAT), None);
    let none: [RowGroupMetaData; 0] = [];
    let result = stream_file_metadata(&file, none.iter(), Ordinals::Written, &WITH_PATHS, |_| {
        Err(ParquetError::General("full".to_string()))
    });
    assert!(result.is_err());
}

#[test]
fn the_oracle_writes_what_it_has_read_with_the_same_bytes() {
    let schema = schema_of(FLAT);
    let pairs = vec![KeyValue::new("k".to_string(), "v".to_string())];
    let orders = schema.columns().iter().map(|column| {
        ColumnOrder::column_order_for_type(None, column.converted_type(), column.physical_type())
    });
    let file = FileMetaData::new(
        1,
        11,
        Some("by".to_string()),
        Some(pairs),
        schema.clone(),
        Some(orders.collect()),
    );
    let metadata = ParquetMetaData::new(file, vec![rows(&schema, 0), rows(&schema, 1)]);
    let ours = footer(&metadata, &WITH_PATHS);
    assert_eq!(ours, rewritten(&ours));
}
