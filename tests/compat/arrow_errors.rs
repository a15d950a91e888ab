//! What an `ArrowWriter` refuses, in which words, and that it goes on as if nothing had happened.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Int32Array, Int64Array, LargeStringArray, ListArray, RecordBatch,
    RecordBatchWriter, StringArray, StringViewArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Fields, Int32Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use herringbone::arrow::{ArrowSchemaConverter, ArrowWriter};
use herringbone::basic::{Compression, Encoding};
use herringbone::file::properties::WriterProperties;

use crate::support::check::read;
use crate::support::types::int32_batch;
use crate::support::walker::Layout;

/// A schema of `fields`, with two columns around what is tested.
fn schema(fields: Vec<Field>) -> SchemaRef {
    let mut all = vec![Field::new("first", DataType::Int32, false)];
    all.extend(fields);
    all.push(Field::new("last", DataType::Utf8, true));
    Arc::new(Schema::new(all))
}

fn batch(columns: Vec<ArrayRef>) -> RecordBatch {
    let rows = columns[0].len() as i32;
    let mut all: Vec<ArrayRef> = vec![Arc::new(Int32Array::from_iter_values(0..rows))];
    all.extend(columns);
    all.push(Arc::new(StringArray::from_iter_values(
        (0..rows).map(|row| format!("row {row}")),
    )));
    let fields: Vec<Field> = all
        .iter()
        .enumerate()
        .map(|(i, array)| Field::new(format!("c{i}"), array.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), all).unwrap()
}

/// Writes `good`, has `bad` refused with `message`, writes `good` again: the file holds `good` twice.
fn assert_refused(schema: SchemaRef, good: &RecordBatch, bad: &RecordBatch, message: &str) {
    // Row groups of two rows: a batch that goes into several is refused as a whole.
    for rows in [None, Some(2)] {
        let properties = WriterProperties::builder().set_max_row_group_row_count(rows);
        let mut file = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut file, schema.clone(), Some(properties.build())).unwrap();
        writer.write(bad).unwrap_err();
        writer.write(good).unwrap();
        let before = (
            writer.in_progress_rows(),
            writer.in_progress_size(),
            writer.flushed_row_groups().len(),
        );
        let error = writer.write(bad).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        let after = (
            writer.in_progress_rows(),
            writer.in_progress_size(),
            writer.flushed_row_groups().len(),
        );
        assert_eq!(before, after, "a refused batch changed the row group");
        writer.write(good).unwrap();
        writer.close().unwrap();
        Layout::read(&file);
        let expected = concat_batches(&good.schema(), [good, good]).unwrap();
        assert_eq!(read(&file).columns(), expected.columns());
    }
}

#[test]
fn a_null_in_a_required_column_is_refused() {
    let schema = schema(vec![Field::new("id", DataType::Int64, false)]);
    let good = batch(vec![Arc::new(Int64Array::from(vec![1, 2, 3]))]);
    let bad = batch(vec![Arc::new(Int64Array::from(vec![
        Some(1),
        Some(2),
        None,
    ]))]);
    assert_refused(
        schema,
        &good,
        &bad,
        "Found null at index 2 for required field 'id'",
    );
}

#[test]
fn a_null_in_a_required_element_is_refused() {
    let item = |nullable| Arc::new(Field::new("item", DataType::Int32, nullable));
    let list = |values: Int32Array| -> ArrayRef {
        let offsets = OffsetBuffer::from_lengths([2, 0, 1]);
        Arc::new(ListArray::new(item(true), offsets, Arc::new(values), None))
    };
    let schema = schema(vec![Field::new("l", DataType::List(item(false)), true)]);
    let good = {
        let offsets = OffsetBuffer::from_lengths([2, 0, 1]);
        let values = Arc::new(Int32Array::from(vec![1, 2, 3]));
        batch(vec![Arc::new(ListArray::new(
            item(false),
            offsets,
            values,
            None,
        ))])
    };
    let bad = batch(vec![list(Int32Array::from(vec![Some(1), None, Some(3)]))]);
    assert_refused(
        schema,
        &good,
        &bad,
        "Found null at index 1 for required field 'item'",
    );
}

#[test]
fn a_null_that_no_row_reaches_is_no_null() {
    // The struct is null where its required child is.
    let child = Field::new("child", DataType::Int32, false);
    let fields = Fields::from(vec![child]);
    let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let nulls = Some(vec![true, false, true].into());
    let structs = StructArray::new(fields.clone(), vec![values], nulls);
    let field = Field::new("s", DataType::Struct(fields), true);
    let batch =
        RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![Arc::new(structs)]).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    assert!(read(&file) == batch);
}

#[test]
fn another_type_is_refused() {
    let schema = schema(vec![Field::new("f", DataType::Int32, true)]);
    let good = batch(vec![Arc::new(Int32Array::from(vec![1, 2, 3]))]);
    let bad = batch(vec![Arc::new(Int64Array::from(vec![1, 2, 3]))]);
    assert_refused(
        schema,
        &good,
        &bad,
        "Incompatible type. Field 'f' has type Int32, array has type Int64",
    );
}

/// A schema that was seen before is not looked at again, but for one that did not fit.
#[test]
fn another_type_is_refused_each_time() {
    let schema = schema(vec![Field::new("f", DataType::Int32, true)]);
    let good = batch(vec![Arc::new(Int32Array::from(vec![1, 2, 3]))]);
    let bad = batch(vec![Arc::new(Int64Array::from(vec![1, 2, 3]))]);
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    for _ in 0..2 {
        writer.write(&good).unwrap();
        assert!(writer.write(&bad).is_err());
        assert!(writer.write(&bad).is_err());
    }
    writer.write(&good).unwrap();
    assert_eq!(writer.close().unwrap().file_metadata().num_rows(), 9);
}

#[test]
fn another_number_of_columns_is_refused() {
    let schema = schema(vec![Field::new("f", DataType::Int32, true)]);
    let good = batch(vec![Arc::new(Int32Array::from(vec![1, 2, 3]))]);
    assert_refused(
        schema.clone(),
        &good,
        &good.project(&[0, 1]).unwrap(),
        "columns",
    );
    let more = [good.columns(), good.columns()].concat();
    let fields: Vec<Field> = (0..more.len())
        .map(|i| Field::new(format!("c{i}"), more[i].data_type().clone(), true))
        .collect();
    let more = RecordBatch::try_new(Arc::new(Schema::new(fields)), more).unwrap();
    assert_refused(schema, &good, &more, "columns");
}

#[test]
fn strings_may_come_in_any_layout() {
    let schema = Arc::new(Schema::new(vec![Field::new("s", DataType::Utf8, true)]));
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, schema, None).unwrap();
    let arrays: [ArrayRef; 4] = [
        Arc::new(StringArray::from(vec!["a"])),
        Arc::new(LargeStringArray::from(vec!["b"])),
        Arc::new(StringViewArray::from(vec!["c"])),
        Arc::new(
            vec![Some("d")]
                .into_iter()
                .collect::<arrow::array::DictionaryArray<Int32Type>>(),
        ),
    ];
    for array in arrays {
        let batch = RecordBatch::try_from_iter([("s", array)]).unwrap();
        writer.write(&batch).unwrap();
    }
    writer.close().unwrap();
    let expected = StringArray::from(vec!["a", "b", "c", "d"]);
    assert_eq!(read(&file).column(0).as_ref(), &expected as &dyn Array);
}

#[test]
fn schemas_that_parquet_cannot_hold_are_refused() {
    let refused = |field: Field, message: &str| {
        let schema = Arc::new(Schema::new(vec![field]));
        let error = ArrowWriter::try_new(Vec::new(), schema.clone(), None).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        let error = ArrowSchemaConverter::new().convert(&schema).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    };
    refused(
        Field::new("s", DataType::Struct(Fields::empty()), true),
        "Parquet does not support writing empty structs",
    );
    refused(
        Field::new("d", DataType::Decimal128(0, 0), true),
        "Invalid DECIMAL precision",
    );
    refused(
        Field::new("d", DataType::Decimal128(10, -2), true),
        "Invalid DECIMAL scale",
    );
    let entries = Fields::from(vec![
        Field::new("k", DataType::Utf8, true),
        Field::new("v", DataType::Int32, true),
    ]);
    let entries = Field::new("entries", DataType::Struct(entries), false);
    refused(
        Field::new("m", DataType::Map(Arc::new(entries), false), true),
        "Map key field 'k' must be non-nullable, including its encoded values",
    );
}

#[test]
fn properties_that_do_not_suit_are_refused_before_anything_is_written() {
    let refused = |properties: WriterProperties, message: &str| {
        let schema = Arc::new(Schema::new(vec![Field::new("f", DataType::Float64, true)]));
        let error = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    };
    refused(
        WriterProperties::builder()
            .set_encoding(Encoding::DELTA_BINARY_PACKED)
            .build(),
        "Encoding DELTA_BINARY_PACKED is not supported for physical type DOUBLE",
    );
    refused(
        WriterProperties::builder()
            .set_compression(Compression::LZO)
            .build(),
        "LZO",
    );
}

#[test]
fn properties_without_sense_panic_in_known_words() {
    type Setter = fn();
    let setters: [(Setter, &str); 6] = [
        (
            || drop(WriterProperties::builder().set_write_batch_size(0)),
            "Cannot have a 0 write batch size",
        ),
        (
            || drop(WriterProperties::builder().set_data_page_row_count_limit(0)),
            "Cannot have a 0 data page row count limit",
        ),
        (
            || drop(WriterProperties::builder().set_max_row_group_row_count(Some(0))),
            "Cannot have a 0 max row group row count",
        ),
        (
            || drop(WriterProperties::builder().set_max_row_group_bytes(Some(0))),
            "Cannot have a 0 max row group bytes",
        ),
        (
            || drop(WriterProperties::builder().set_encoding(Encoding::RLE_DICTIONARY)),
            "Dictionary encoding can not be used as fallback encoding",
        ),
        (
            || drop(WriterProperties::builder().set_encoding(Encoding::PLAIN_DICTIONARY)),
            "Dictionary encoding can not be used as fallback encoding",
        ),
    ];
    for (setter, message) in setters {
        let panic = catch_unwind(AssertUnwindSafe(setter)).unwrap_err();
        let text = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        assert!(text.unwrap().contains(message));
    }
}

#[test]
fn a_writer_that_has_finished_takes_no_more() {
    let batch = int32_batch(0..10);
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let metadata = writer.finish().unwrap();
    assert_eq!(metadata.file_metadata().num_rows(), 10);
    let length = writer.bytes_written();
    for error in [
        writer.write(&batch).unwrap_err(),
        writer.flush().unwrap_err(),
        writer.finish().unwrap_err(),
    ] {
        let message = error.to_string();
        assert!(
            message.contains("SerializedFileWriter already finished"),
            "{message}"
        );
    }
    assert_eq!(writer.in_progress_rows(), 0);
    writer.into_inner().unwrap();
    assert_eq!(file.len(), length);
    assert!(read(&file) == batch);
}

#[test]
fn errors_cross_into_arrow_with_their_words() {
    let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int32, false)]));
    let nulls: ArrayRef = Arc::new(Int32Array::from(vec![None]));
    let batch = RecordBatch::try_from_iter_with_nullable([("id", nulls, true)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    let error = RecordBatchWriter::write(&mut writer, &batch).unwrap_err();
    assert!(
        matches!(&error, ArrowError::ParquetError(text) if text.contains("Found null at index 0 for required field 'id'")),
        "{error}"
    );
    RecordBatchWriter::close(writer).unwrap();
}
