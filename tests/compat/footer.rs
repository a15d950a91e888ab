//! What the footer says beyond the columns.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use bytes::Bytes;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, compute_leaves};
use herringbone::arrow::{
    ARROW_SCHEMA_META_KEY, ArrowWriter, PARQUET_FIELD_ID_META_KEY, encode_arrow_schema,
};
use herringbone::file::metadata::{KeyValue, SortingColumn};
use herringbone::file::properties::{WriterProperties, WriterVersion};
use herringbone::schema::parser::parse_message_type;
use herringbone::schema::types::SchemaDescriptor;
use parquet::arrow::RowNumber;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;

use crate::support::check::read;
use crate::support::types::int32_batch;
use crate::support::walker::Layout;

fn write(batch: &RecordBatch, options: ArrowWriterOptions) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut file, batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    file
}

fn metadata(file: &[u8]) -> Arc<ParquetMetaData> {
    let bytes = bytes::Bytes::copy_from_slice(file);
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    builder.metadata().clone()
}

fn pairs(file: &[u8]) -> Vec<(String, Option<String>)> {
    let metadata = metadata(file);
    let pairs = metadata.file_metadata().key_value_metadata();
    let pairs = pairs.cloned().unwrap_or_default().into_iter();
    pairs.map(|pair| (pair.key, pair.value)).collect()
}

#[test]
fn pairs_stand_in_order_with_the_arrow_schema_between() {
    let batch = int32_batch(0..3);
    let own = vec![
        KeyValue::new("one".to_owned(), "1".to_owned()),
        KeyValue::new("none".to_owned(), None),
    ];
    let properties = WriterProperties::builder()
        .set_key_value_metadata(Some(own))
        .set_created_by("somebody 1.2.3".to_owned())
        .build();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
    writer.append_key_value_metadata(KeyValue::new("late".to_owned(), "2".to_owned()));
    writer.write(&batch).unwrap();
    writer.append_key_value_metadata(KeyValue::new("later".to_owned(), "3".to_owned()));
    let returned = writer.close().unwrap();
    let schema = encode_arrow_schema(&batch.schema());
    let expected = vec![
        ("one".to_owned(), Some("1".to_owned())),
        ("none".to_owned(), None),
        (ARROW_SCHEMA_META_KEY.to_owned(), Some(schema)),
        ("late".to_owned(), Some("2".to_owned())),
        ("later".to_owned(), Some("3".to_owned())),
    ];
    assert_eq!(pairs(&file), expected);
    let returned = returned.file_metadata();
    let returned: Vec<_> = returned.key_value_metadata().unwrap().iter().collect();
    assert_eq!(returned.len(), 5);
    assert_eq!(
        metadata(&file).file_metadata().created_by(),
        Some("somebody 1.2.3")
    );
}

#[test]
fn files_say_their_version() {
    for (version, number) in [
        (WriterVersion::PARQUET_1_0, 1),
        (WriterVersion::PARQUET_2_0, 2),
    ] {
        let properties = WriterProperties::builder()
            .set_writer_version(version)
            .build();
        let options = ArrowWriterOptions::new().with_properties(properties);
        let file = write(&int32_batch(0..3), options);
        assert_eq!(metadata(&file).file_metadata().version(), number);
    }
}

#[test]
fn the_arrow_schema_can_be_left_out() {
    let array: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let array = arrow::compute::cast(&array, &DataType::LargeUtf8).unwrap();
    let batch = RecordBatch::try_from_iter([("c", array)]).unwrap();
    let with = write(&batch, ArrowWriterOptions::new());
    assert_eq!(
        read(&with).schema().field(0).data_type(),
        &DataType::LargeUtf8
    );
    let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
    let without = write(&batch, options);
    assert_eq!(pairs(&without), []);
    assert_eq!(
        read(&without).schema().field(0).data_type(),
        &DataType::Utf8
    );
}

#[test]
fn the_schemas_root_has_a_name() {
    let batch = int32_batch(0..3);
    let name = |file: &[u8]| metadata(file).file_metadata().schema().name().to_owned();
    assert_eq!(
        name(&write(&batch, ArrowWriterOptions::new())),
        "arrow_schema"
    );
    let options = ArrowWriterOptions::new().with_schema_root("spark_schema".to_owned());
    assert_eq!(name(&write(&batch, options)), "spark_schema");
}

#[test]
fn a_given_schema_decides_how_values_are_stored() {
    let schema = "message m {
        REQUIRED INT64 amount (DECIMAL(9, 2));
        OPTIONAL BYTE_ARRAY text (UTF8);
    }";
    let descr = SchemaDescriptor::new(Arc::new(parse_message_type(schema).unwrap()));
    let amounts = arrow::array::Decimal128Array::from(vec![100, -250, 7]);
    let amounts = amounts.with_precision_and_scale(9, 2).unwrap();
    let text = StringArray::from(vec![Some("a"), None, Some("c")]);
    let fields = vec![
        Field::new("amount", DataType::Decimal128(9, 2), false),
        Field::new("text", DataType::Utf8, true),
    ];
    let batch = RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        vec![Arc::new(amounts), Arc::new(text)],
    )
    .unwrap();
    let options = ArrowWriterOptions::new().with_parquet_schema(descr);
    let file = write(&batch, options);
    let metadata = metadata(&file);
    let column = metadata.file_metadata().schema_descr().column(0);
    assert_eq!(column.physical_type(), parquet::basic::Type::INT64);
    assert!(read(&file) == batch);
}

#[test]
fn a_given_schema_needs_the_same_leaves() {
    let descr = "message m { REQUIRED INT32 a; REQUIRED INT32 b; }";
    let descr = SchemaDescriptor::new(Arc::new(parse_message_type(descr).unwrap()));
    let options = ArrowWriterOptions::new().with_parquet_schema(descr);
    let schema = int32_batch(0..1).schema();
    let result = ArrowWriter::try_new_with_options(Vec::new(), schema, options);
    assert!(result.is_err());
}

#[test]
fn sorting_columns_are_kept_in_each_row_group() {
    let sorting = vec![
        SortingColumn {
            column_idx: 1,
            descending: true,
            nulls_first: false,
        },
        SortingColumn {
            column_idx: 0,
            descending: false,
            nulls_first: true,
        },
    ];
    let properties = WriterProperties::builder()
        .set_sorting_columns(Some(sorting))
        .set_max_row_group_row_count(Some(2))
        .build();
    let a: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let batch = RecordBatch::try_from_iter([("a", a.clone()), ("b", a)]).unwrap();
    let options = ArrowWriterOptions::new().with_properties(properties);
    let metadata = metadata(&write(&batch, options));
    assert_eq!(metadata.num_row_groups(), 2);
    for row_group in metadata.row_groups() {
        let found: Vec<_> = row_group
            .sorting_columns()
            .unwrap()
            .iter()
            .map(|column| (column.column_idx, column.descending, column.nulls_first))
            .collect();
        assert_eq!(found, [(1, true, false), (0, false, true)]);
    }
}

#[test]
fn field_ids_reach_every_level_of_the_schema() {
    let id = |id: &str| HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_owned())]);
    let item = Field::new("item", DataType::Int32, true).with_metadata(id("7"));
    let values = Arc::new(Int32Array::from(vec![1, 2]));
    let offsets = OffsetBuffer::from_lengths([2]);
    let list = ListArray::new(Arc::new(item.clone()), offsets, values, None);
    let fields = vec![
        Field::new("l", DataType::List(Arc::new(item)), true).with_metadata(id("3")),
        Field::new("n", DataType::Int64, false).with_metadata(id("no number")),
    ];
    let batch = RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        vec![Arc::new(list), Arc::new(Int64Array::from(vec![1]))],
    )
    .unwrap();
    let file = write(&batch, ArrowWriterOptions::new());
    let metadata = metadata(&file);
    let root = metadata.file_metadata().schema();
    let list = &root.get_fields()[0];
    assert_eq!(list.get_basic_info().id(), 3);
    assert!(!list.get_fields()[0].get_basic_info().has_id());
    assert_eq!(
        list.get_fields()[0].get_fields()[0].get_basic_info().id(),
        7
    );
    assert!(!root.get_fields()[1].get_basic_info().has_id());
}

#[test]
fn coerced_types_have_the_formats_names_and_dates() {
    let item = Arc::new(Field::new("item", DataType::Date64, true));
    let dates = arrow::array::Date64Array::from(vec![0, 86_400_000, -86_400_000]);
    let offsets = OffsetBuffer::from_lengths([3]);
    let list: ArrayRef = Arc::new(ListArray::new(item, offsets, Arc::new(dates), None));
    let batch = RecordBatch::try_from_iter([("l", list)]).unwrap();
    let properties = WriterProperties::builder().set_coerce_types(true).build();
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let file = write(&batch, options);
    let metadata = metadata(&file);
    let column = metadata.file_metadata().schema_descr().column(0);
    assert_eq!(column.path().string(), "l.list.element");
    assert_eq!(column.physical_type(), parquet::basic::Type::INT32);
    let found = read(&file);
    let found = found
        .column(0)
        .as_any()
        .downcast_ref::<ListArray>()
        .unwrap();
    let expected = arrow::array::Date32Array::from(vec![0, 1, -1]);
    assert_eq!(
        found.values().as_ref(),
        &expected as &dyn arrow::array::Array
    );
}

#[test]
fn paths_can_be_left_out_of_the_chunks() {
    let properties = WriterProperties::builder()
        .set_write_path_in_schema(false)
        .build();
    let options = ArrowWriterOptions::new().with_properties(properties);
    let file = write(&int32_batch(0..3), options);
    let footer_len = u32::from_le_bytes(file[file.len() - 8..file.len() - 4].try_into().unwrap());
    let footer = &file[file.len() - 8 - footer_len as usize..];
    let (footer, _) = crate::support::thrift::read_struct(footer);
    let chunk = footer.structs(4)[0].structs(1)[0];
    assert!(chunk.opt_struct(3).unwrap().get(3).is_none());
}

#[test]
fn distinct_values_are_counted_where_that_is_asked_for() {
    let properties = WriterProperties::builder()
        .set_write_row_group_number_distinct_values(true)
        .set_max_row_group_row_count(Some(500))
        .build();
    let few: ArrayRef = Arc::new(Int32Array::from_iter((0..1000).map(|i| match i % 10 {
        9 => None,
        n => Some(n % 7),
    })));
    let text: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..1000).map(|i| format!("{}", i % 300)),
    ));
    let none: ArrayRef = Arc::new(Int64Array::from(vec![None; 1000]));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("few", few, true),
        ("text", text, false),
        ("none", none, true),
    ])
    .unwrap();
    let options = ArrowWriterOptions::new().with_properties(properties);
    let layout = Layout::read(&write(&batch, options));
    assert_eq!(layout.row_groups.len(), 2);
    for row_group in &layout.row_groups {
        let count = |column: usize| {
            let meta = &row_group.chunks[column].meta;
            meta.opt_struct(12)
                .and_then(|statistics| statistics.opt_int(4))
        };
        assert_eq!([count(0), count(1), count(2)], [Some(7), Some(300), None]);
    }
}

#[test]
fn each_timestamp_unit_has_its_place() {
    let utc = Some("UTC".into());
    let fields = vec![
        Field::new("s", DataType::Timestamp(TimeUnit::Second, None), true),
        Field::new("ms", DataType::Timestamp(TimeUnit::Millisecond, utc), true),
        Field::new("ns", DataType::Timestamp(TimeUnit::Nanosecond, None), true),
    ];
    let schema = Schema::new(fields);
    let descr = herringbone::arrow::ArrowSchemaConverter::new()
        .convert(&schema)
        .unwrap();
    let mut text = Vec::new();
    herringbone::schema::printer::print_schema(&mut text, descr.root_schema());
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("INT64 s;"), "{text}");
    assert!(text.contains("INT64 ms (TIMESTAMP(MILLIS,true))"), "{text}");
    assert!(text.contains("INT64 ns (TIMESTAMP(NANOS,false))"), "{text}");
}

/// The format has 16 bits for an ordinal. Readers that number rows refuse a file of which only some row groups have
/// one.
#[test]
fn rows_can_be_numbered_past_the_last_ordinal() {
    let batch = int32_batch(0..3);
    let row_groups = 32_769;
    for limit in [None, Some(4 << 20)] {
        let properties = WriterProperties::builder().set_dictionary_enabled(false);
        let mut options = ArrowWriterOptions::new().with_properties(properties.build());
        if let Some(limit) = limit {
            options = options.with_memory_limit(limit);
        }
        let writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options);
        let (mut writer, factory) = writer.unwrap().into_serialized_writer().unwrap();
        let columns = factory.create_column_writers(0).unwrap();
        let chunk = columns.into_iter().next().unwrap().close().unwrap();
        for _ in 1..row_groups {
            let mut row_group = writer.next_row_group().unwrap();
            let close = chunk.close().clone();
            row_group.append_column(&Bytes::new(), close).unwrap();
            row_group.close().unwrap();
        }
        let mut row_group = writer.next_row_group().unwrap();
        let mut columns = factory.create_column_writers(row_groups - 1).unwrap();
        let leaf = compute_leaves(batch.schema().field(0), batch.column(0)).unwrap();
        columns[0].write(&leaf[0]).unwrap();
        let chunk = columns.remove(0).close().unwrap();
        chunk.append_to_row_group(&mut row_group).unwrap();
        let last = row_group.close().unwrap();
        assert_eq!(last.ordinal(), Some(row_groups as i32 - 1));
        let returned = writer.finish().unwrap();
        let file = Bytes::from(writer.into_inner().unwrap());

        let number = Field::new("number", DataType::Int64, false).with_extension_type(RowNumber);
        let options = ArrowReaderOptions::new()
            .with_virtual_columns(vec![Arc::new(number)])
            .unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap();
        let ordinals = reader.metadata().row_groups().iter();
        assert!(
            ordinals
                .map(|it| it.ordinal().unwrap())
                .eq(0..row_groups as i32)
        );
        let ordinals = returned.row_groups().iter();
        assert_eq!(ordinals.len(), if limit.is_some() { 0 } else { row_groups });
        assert!(
            ordinals
                .enumerate()
                .all(|(i, it)| it.ordinal() == Some(i as i32))
        );
        let rows = reader.build().unwrap().next().unwrap().unwrap();
        let expected: ArrayRef = Arc::new(Int64Array::from(vec![0, 1, 2]));
        assert_eq!(rows.column(1), &expected);
    }
}
