//! The tables that are written. But for `lineitem` they are made batch by batch and take no memory themselves.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::buffer::{Buffer, OffsetBuffer};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::datasource::MemTable;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::StreamExt;
use tpchgen::generators::LineItemGenerator;
use tpchgen_arrow::LineItemArrow;

use crate::Result;

type Made = std::result::Result<RecordBatch, ArrowError>;

/// Rows of [`wide`] and [`keyed`] at scale 1.
pub(crate) const WIDE_ROWS: usize = 1 << 20;
const KEYED_ROWS: usize = 4_000_000;

/// Partitions of [`keyed`].
const KEYS: i64 = 2_000;

/// Bytes from which the texts of [`wide`] are cut.
const TEXT: usize = 1 << 20;

/// 400 columns, 2.9 GiB at scale 1: four of long texts, which have half of the bytes, twelve of numbers without a pattern,
/// and 384 of a few small numbers each.
pub(crate) fn wide(scale: f64) -> Result<Arc<dyn TableProvider>> {
    const ROWS: usize = 2048;
    let letters: Vec<u8> = (0..TEXT as i64)
        .map(|place| b'a' + u8::try_from(mix(place) % 26).unwrap_or_default())
        .collect();
    let letters: Arc<str> = String::from_utf8(letters)?.into();
    made(batches(WIDE_ROWS, ROWS, scale), move |number| {
        let first = (number * ROWS) as i64;
        let rows = move || first..first + ROWS as i64;
        let column = |column: i64| -> (String, ArrayRef) {
            let random = move |row: i64| mix(row ^ (column << 40));
            let array: ArrayRef = match column {
                0..4 => Arc::new(texts(&letters, rows().map(random))),
                4..16 => Arc::new(Int64Array::from_iter_values(rows().map(random))),
                _ if column % 2 == 0 => {
                    let few = |row| i32::try_from(random(row) % 1000).unwrap_or_default();
                    Arc::new(Int32Array::from_iter_values(rows().map(few)))
                }
                _ if column % 8 == 1 => {
                    let few = |row| i8::try_from(random(row) % 3).unwrap_or_default();
                    Arc::new(Int8Array::from_iter_values(rows().map(few)))
                }
                _ => {
                    let few = |row| i16::try_from(row / 50 % 500).unwrap_or_default();
                    Arc::new(Int16Array::from_iter_values(rows().map(few)))
                }
            };
            (format!("c{column}"), array)
        };
        RecordBatch::try_from_iter((0..400).map(column))
    })
}

/// Ten columns and a key with 2,000 values, in no order.
pub(crate) fn keyed(scale: f64) -> Result<Arc<dyn TableProvider>> {
    const ROWS: usize = 8192;
    made(batches(KEYED_ROWS, ROWS, scale), |number| {
        let first = (number * ROWS) as i64;
        let rows = || first..first + ROWS as i64;
        let numbers = |of: i64, most: i64| -> ArrayRef {
            let values = rows().map(|row| mix(row ^ (of << 40)) % most);
            Arc::new(Int64Array::from_iter_values(values))
        };
        let text = |of: i64, most: i64| -> ArrayRef {
            let values = rows().map(|row| format!("item {}", mix(row ^ (of << 40)) % most));
            Arc::new(StringArray::from_iter_values(values))
        };
        let columns: [(&str, ArrayRef); 11] = [
            ("key", numbers(1, KEYS)),
            ("id", Arc::new(Int64Array::from_iter_values(rows()))),
            ("customer", numbers(2, 100_000)),
            ("quantity", numbers(3, 50)),
            (
                "price",
                Arc::new(Float64Array::from_iter_values(
                    rows().map(|row| mix(row) as f64),
                )),
            ),
            ("discount", numbers(4, 10)),
            (
                "at",
                Arc::new(TimestampMicrosecondArray::from_iter_values(
                    rows().map(|row| row * 1000),
                )),
            ),
            (
                "sent",
                Arc::new(BooleanArray::from_iter(
                    rows().map(|row| Some(mix(row) % 2 == 0)),
                )),
            ),
            ("item", text(5, 5_000)),
            ("note", text(6, i64::MAX)),
            ("clerk", numbers(7, 1_000)),
        ];
        RecordBatch::try_from_iter(columns)
    })
}

/// Numbers that no encoding makes smaller: eight columns, 1 MiB a batch.
pub(crate) fn numbers() -> Result<Arc<dyn TableProvider>> {
    const ROWS: usize = 16_384;
    made(100_000, |number| {
        let first = (number * ROWS) as i64;
        let column = |column: i64| -> (String, ArrayRef) {
            let rows = first..first + ROWS as i64;
            let values = rows.map(|row| mix(row ^ (column << 40)));
            let values = Int64Array::from_iter_values(values);
            (format!("c{column}"), Arc::new(values))
        };
        RecordBatch::try_from_iter((0..8).map(column))
    })
}

/// TPC-H's `lineitem`, in memory.
pub(crate) fn lineitem(scale: f64) -> Result<Arc<dyn TableProvider>> {
    let generator = LineItemGenerator::new(scale, 1, 1);
    let batches = LineItemArrow::new(generator).with_batch_size(8192);
    let batches: Vec<RecordBatch> = batches.collect::<std::result::Result<_, _>>()?;
    let schema = batches.first().map(RecordBatch::schema);
    let schema = schema.ok_or("the scale is too small")?;
    Ok(Arc::new(MemTable::try_new(schema, vec![batches])?))
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a part of a number of rows"
)]
fn batches(rows: usize, each: usize, scale: f64) -> usize {
    ((rows as f64 * scale) as usize).div_ceil(each).max(1)
}

/// A table of batches that are made when they are asked for.
fn made(
    batches: usize,
    make: impl Fn(usize) -> Made + Send + Sync + 'static,
) -> Result<Arc<dyn TableProvider>> {
    let schema = make(0)?.schema();
    let stream = Arc::new(MadeStream {
        schema: Arc::clone(&schema),
        batches,
        make: Arc::new(make),
    });
    Ok(Arc::new(StreamingTable::try_new(schema, vec![stream])?))
}

struct MadeStream {
    schema: SchemaRef,
    batches: usize,
    make: Arc<dyn Fn(usize) -> Made + Send + Sync>,
}

impl fmt::Debug for MadeStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeStream").finish_non_exhaustive()
    }
}

impl PartitionStream for MadeStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let make = Arc::clone(&self.make);
        let batches = futures::stream::iter(0..self.batches).then(move |number| {
            let make = Arc::clone(&make);
            async move {
                // Rows that nobody has to wait for would keep others from their turn.
                tokio::task::yield_now().await;
                Ok(make(number)?)
            }
        });
        let schema = Arc::clone(&self.schema);
        Box::pin(RecordBatchStreamAdapter::new(schema, batches))
    }
}

/// Texts of 200 to 600 letters of `letters`, each where a number of `random` says.
fn texts(letters: &Arc<str>, random: impl Iterator<Item = i64>) -> StringArray {
    let (mut values, mut lengths) = (Vec::new(), Vec::new());
    for number in random {
        let number = usize::try_from(number).unwrap_or_default();
        let (from, length) = (number % (TEXT - 600), 200 + number / TEXT % 401);
        let text = letters.get(from..from + length).unwrap_or_default();
        values.extend_from_slice(text.as_bytes());
        lengths.push(text.len());
    }
    StringArray::new(
        OffsetBuffer::from_lengths(lengths),
        Buffer::from_vec(values),
        None,
    )
}

/// A number without a pattern, and not below zero.
fn mix(number: i64) -> i64 {
    let mixed = (number as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 1) as i64
}
