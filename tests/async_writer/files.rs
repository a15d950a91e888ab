//! Files to compare with, and ways to poll.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tokio::runtime::Runtime;

use crate::data::{Column, batches_of};

/// Numbers that repeat, numbers that do not, and text.
pub(crate) fn some_batches(batches: usize, rows: usize) -> Vec<RecordBatch> {
    let columns = [Column::Int64Of10k, Column::Int64, Column::Utf8];
    batches_of(&columns, batches, rows).collect()
}

/// Row groups of so many rows, and pages of few.
pub(crate) fn properties(row_group_rows: usize) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(row_group_rows))
        .set_data_page_row_count_limit(500)
        .set_write_batch_size(100)
}

pub(crate) fn options(row_group_rows: usize) -> ArrowWriterOptions {
    ArrowWriterOptions::new().with_properties(properties(row_group_rows).build())
}

/// The file that the blocking writer makes of these batches.
pub(crate) fn blocking(batches: &[RecordBatch], options: ArrowWriterOptions) -> Vec<u8> {
    let schema = batches[0].schema();
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

/// The rows of a file, as `parquet` reads them.
pub(crate) fn rows_of(file: &[u8]) -> parquet::errors::Result<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(file))?;
    let schema = reader.schema().clone();
    let batches: Result<Vec<_>, _> = reader.with_batch_size(1_000).build()?.collect();
    Ok(concat_batches(&schema, &batches?)?)
}

/// Holds a file against the batches it was written from.
pub(crate) fn assert_rows(file: &[u8], batches: &[RecordBatch]) {
    let expected = concat_batches(&batches[0].schema(), batches).unwrap();
    let found = rows_of(file).unwrap();
    assert_eq!(found.columns(), expected.columns());
}

/// A runtime of one thread, beside those for blocking work.
pub(crate) fn one_thread() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread();
    with_clock(runtime)
}

pub(crate) fn many_threads() -> Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(3);
    with_clock(runtime)
}

fn with_clock(mut runtime: tokio::runtime::Builder) -> Runtime {
    runtime.enable_time().build().unwrap()
}

/// Polls `future` to its end, but at most so many times; `None` if it was dropped before.
pub(crate) async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// What `future` comes to; `None` if it panicked.
pub(crate) async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Err(_) => Poll::Ready(None),
        },
    )
    .await
}
