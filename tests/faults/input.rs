//! Rows to write, and rows to compare with what was read back.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Builder, Int64Array, ListBuilder, MapBuilder, RecordBatch,
    StringArray, StringBuilder, StructBuilder,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Rows of each batch.
pub(crate) const ROWS: usize = 60;
/// Batches of each run.
pub(crate) const BATCHES: usize = 3;

/// What the columns look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Flat,
    Nested,
    /// Ten times as many rows of numbers that never come again.
    Numbers,
}

impl Shape {
    pub(crate) fn batches(self) -> Vec<RecordBatch> {
        let batch = match self {
            Shape::Flat => flat,
            Shape::Nested => nested,
            Shape::Numbers => numbers,
        };
        (0..BATCHES).map(|at| batch(at * ROWS)).collect()
    }
}

/// A text that is unlike all others and does not compress to nothing.
fn text(row: usize) -> String {
    let mut state = row as u64 + 1;
    (0..150)
        .map(|_| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            char::from(b'a' + (state >> 40) as u8 % 26)
        })
        .collect()
}

pub(crate) fn flat(from: usize) -> RecordBatch {
    let rows = from..from + ROWS;
    let ids = Int64Array::from_iter_values(rows.clone().map(|row| row as i64 * 1_000_003));
    let tags: StringArray = rows
        .clone()
        .map(|row| (row % 7 != 0).then(|| format!("tag{}", row % 5)))
        .collect();
    let texts = StringArray::from_iter_values(rows.clone().map(text));
    let flags: BooleanArray = rows
        .map(|row| (row % 11 != 0).then_some(row % 3 == 0))
        .collect();
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("tag", DataType::Utf8, true),
        Field::new("text", DataType::Utf8, false),
        Field::new("flag", DataType::Boolean, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids),
        Arc::new(tags),
        Arc::new(texts),
        Arc::new(flags),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn nested(from: usize) -> RecordBatch {
    let fields: Fields = vec![
        Field::new("number", DataType::Int32, true),
        Field::new("text", DataType::Utf8, true),
    ]
    .into();
    let builders: Vec<Box<dyn arrow::array::ArrayBuilder>> = vec![
        Box::new(Int32Builder::new()),
        Box::new(StringBuilder::new()),
    ];
    let mut lists = ListBuilder::new(StructBuilder::new(fields, builders));
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for row in from..from + ROWS {
        for item in 0..row % 3 {
            let entry = lists.values();
            entry
                .field_builder::<Int32Builder>(0)
                .unwrap()
                .append_option((row % 5 > 0).then_some((row * 3 + item) as i32));
            entry
                .field_builder::<StringBuilder>(1)
                .unwrap()
                .append_value(text(row * 3 + item));
            entry.append(row % 4 > 0);
        }
        lists.append(row % 13 > 0);
        for item in 0..row % 2 {
            maps.keys().append_value(format!("key{item}"));
            maps.values().append_value(row as i32);
        }
        maps.append(row % 17 > 0).unwrap();
    }
    let columns: [(&str, ArrayRef); 2] = [
        ("list", Arc::new(lists.finish())),
        ("map", Arc::new(maps.finish())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn numbers(from: usize) -> RecordBatch {
    let rows = 10 * from..10 * (from + ROWS);
    let columns = ["a", "b", "c", "d"].map(|name| {
        let value = |row: usize| (row as i64 + 1) * 7_919 * i64::from(name.as_bytes()[0]);
        let array: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.clone().map(value)));
        (name, array)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

/// What `parquet` reads, or `None` if it does not take the bytes for a file.
pub(crate) fn read(file: &[u8]) -> Option<RecordBatch> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(file)).ok()?;
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    Some(concat_batches(&schema, &batches).unwrap())
}

/// Batches in one, with the schema of the first.
pub(crate) fn joined(batches: &[RecordBatch]) -> RecordBatch {
    let schema: SchemaRef = batches[0].schema();
    concat_batches(&schema, batches).unwrap()
}
