//! What a column costs before it has much to hold, and after.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::file::properties::WriterProperties;

use super::watch::{KIB, Nowhere, assert_near};
use crate::heap::{self, counted};

const COLUMNS: usize = 1_000;

fn schema(data_type: &DataType) -> SchemaRef {
    let field = |column| Field::new(format!("c{column}"), data_type.clone(), true);
    Arc::new(Schema::new((0..COLUMNS).map(field).collect::<Vec<_>>()))
}

fn batch(array: ArrayRef) -> RecordBatch {
    let columns = vec![array.clone(); COLUMNS];
    RecordBatch::try_new(schema(array.data_type()), columns).unwrap()
}

/// Heap of an open row group after `batches`, a column.
fn bytes_a_column(options: ArrowWriterOptions, batches: &[RecordBatch]) -> usize {
    heap::reset();
    let schema = batches[0].schema();
    let mut writer =
        counted(|| ArrowWriter::try_new_with_options(Nowhere, schema, options).unwrap());
    let fixed = heap::live();
    for batch in batches {
        counted(|| writer.write(batch)).unwrap();
    }
    let open = heap::live() - fixed;
    assert_near(writer.memory_size(), open, 0, "an open row group");
    open / COLUMNS
}

fn spilling() -> ArrowWriterOptions {
    ArrowWriterOptions::new().with_page_store_factory(Arc::new(TempFilePageStoreFactory::new()))
}

#[test]
fn a_schema_costs_less_than_a_kilobyte_a_column() {
    heap::reset();
    let schema = schema(&DataType::Int64);
    let writer =
        counted(|| ArrowWriter::try_new_with_options(Nowhere, schema, spilling()).unwrap());
    let bytes = heap::live() / COLUMNS;
    println!("schema: {bytes} bytes a column");
    assert!(bytes < KIB, "{bytes}");
    drop(writer);
}

#[test]
fn columns_without_a_value_hold_no_buffer() {
    for data_type in [DataType::Int64, DataType::Utf8, DataType::Boolean] {
        let nulls = batch(new_null_array(&data_type, 1_000));
        let bytes = bytes_a_column(spilling(), &[nulls]);
        println!("{data_type} without a value: {bytes} bytes a column");
        assert!(bytes < 5 * KIB / 2, "{bytes}");
    }
}

#[test]
fn columns_of_few_values_hold_little() {
    let arrays: [ArrayRef; 2] = [
        Arc::new(Int64Array::from(vec![7; 10])),
        Arc::new(StringArray::from(vec!["seven"; 10])),
    ];
    for array in arrays {
        let data_type = array.data_type().clone();
        let bytes = bytes_a_column(spilling(), &[batch(array)]);
        println!("{data_type}, one value: {bytes} bytes a column");
        assert!(bytes < 3 * KIB, "{bytes}");
    }
}

/// A dictionary that was given up leaves nothing behind. A page may have up to twice its rows: they
/// are counted once a batch of rows.
#[test]
fn columns_that_fell_back_hold_one_page_at_most() {
    const PAGE_ROWS: usize = 1_024;
    let properties = WriterProperties::builder()
        .set_dictionary_page_size_limit(KIB)
        .set_data_page_row_count_limit(PAGE_ROWS);
    let options = spilling().with_properties(properties.build());
    let values = Arc::new(Int64Array::from_iter_values(0..3 * PAGE_ROWS as i64));
    let bytes = bytes_a_column(options, &[batch(values)]);
    println!("after the dictionary: {bytes} bytes a column");
    assert!(
        bytes < 3 * KIB + 2 * PAGE_ROWS * size_of::<i64>(),
        "{bytes}"
    );
}
