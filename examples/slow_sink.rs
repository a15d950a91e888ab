//! Measures the heap that asynchronous writers need to hand one large row group to a slow sink: this crate's and
//! `parquet`'s, side by side, on the same batches.
//!
//! ```sh
//! cargo run --release --features async --example slow_sink
//! ```
//!
//! The sink takes 10 MB a second, of a clock that is simulated, and holds each chunk until it is through. Counted is
//! what the writer's thread allocates, which allocates the buffers of the thread that spills, too; the batches
//! themselves are left out.
#![allow(
    clippy::cast_precision_loss,
    reason = "bytes and seconds are printed with few digits"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use clap::Parser;
use futures_core::future::BoxFuture;
use tokio::time::{Instant, sleep};

use heap::{counted, uncounted};

#[path = "../tests/support/heap.rs"]
mod heap;
#[path = "memory/peer.rs"]
#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "it keeps what it has made itself"
)]
mod peer;

#[global_allocator]
static ALLOCATOR: heap::CountingAllocator = heap::CountingAllocator;

type Error = Box<dyn std::error::Error>;

/// Measures the heap that asynchronous writers need while a slow sink takes a row group.
#[derive(Debug, Parser)]
struct Arguments {
    /// Size of the row group in MiB.
    #[arg(long, default_value_t = 200)]
    mebibytes: usize,
    /// Where spilled pages go; the system's temporary directory by default.
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// Which writer, and where its pages wait.
#[derive(Debug, Clone, Copy)]
enum Writer {
    ParquetHeap,
    ParquetTempFile,
    /// Under a limit of so many MiB.
    Limited(usize),
}

/// What was seen of a run.
struct Figures {
    while_writing: usize,
    while_flushing: usize,
    largest_chunk: usize,
    bytes: usize,
    simulated: Duration,
}

const COLUMNS: usize = 8;
const BATCH_ROWS: usize = 8_192;
const MIB: usize = 1 << 20;

fn main() -> Result<(), Error> {
    let arguments = Arguments::parse();
    let directory = arguments.directory.unwrap_or_else(std::env::temp_dir);
    println!(
        "{:<28} {:>14} {:>14} {:>14} {:>10} {:>9}",
        "writer", "while writing", "at the flush", "largest chunk", "file", "sink"
    );
    for writer in [
        Writer::ParquetHeap,
        Writer::ParquetTempFile,
        Writer::Limited(16),
        Writer::Limited(64),
    ] {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        heap::reset();
        let seen = counted(|| runtime.block_on(run(writer, arguments.mebibytes, &directory)))?;
        println!(
            "{:<28} {:>14} {:>14} {:>14} {:>10} {:>7.1} s",
            writer.name(),
            mib(seen.while_writing),
            mib(seen.while_flushing),
            mib(seen.largest_chunk),
            mib(seen.bytes),
            seen.simulated.as_secs_f64()
        );
    }
    Ok(())
}

async fn run(writer: Writer, mebibytes: usize, directory: &Path) -> Result<Figures, Error> {
    match writer {
        Writer::Limited(limit) => ours(limit * MIB, mebibytes).await,
        Writer::ParquetHeap => peers(None, mebibytes).await,
        Writer::ParquetTempFile => {
            let stores = uncounted(|| peer::PeerTempFile::new(directory))?;
            peers(Some(stores), mebibytes).await
        }
    }
}

async fn ours(limit: usize, mebibytes: usize) -> Result<Figures, Error> {
    use herringbone::arrow::AsyncArrowWriter;
    use herringbone::arrow::arrow_writer::ArrowWriterOptions;
    use herringbone::file::properties::WriterProperties;

    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(None)
        .set_dictionary_enabled(false)
        .build();
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_memory_limit(limit);
    let schema = uncounted(schema);
    let mut writer = AsyncArrowWriter::try_new_with_options(Slow::new(), schema, options)?;
    for batch in 0..batches(mebibytes) {
        let batch = uncounted(|| self::batch(batch))?;
        writer.write(&batch).await?;
        uncounted(|| drop(batch));
    }
    let while_writing = heap::peak();
    heap::forget_peak();
    let metadata = writer.finish().await?;
    assert_eq!(metadata.num_row_groups(), 1);
    Ok(writer.into_inner().figures(while_writing))
}

async fn peers(stores: Option<peer::PeerTempFile>, mebibytes: usize) -> Result<Figures, Error> {
    use parquet::arrow::AsyncArrowWriter;
    use parquet::arrow::arrow_writer::ArrowWriterOptions;
    use parquet::file::properties::WriterProperties;

    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(None)
        .set_dictionary_enabled(false)
        .build();
    let mut options = ArrowWriterOptions::new().with_properties(properties);
    if let Some(stores) = stores {
        options = options.with_page_store_factory(Arc::new(stores));
    }
    let (schema, mut sink) = (uncounted(schema), Slow::new());
    let mut writer = AsyncArrowWriter::try_new_with_options(Borrowed(&mut sink), schema, options)?;
    for batch in 0..batches(mebibytes) {
        let batch = uncounted(|| self::batch(batch))?;
        writer.write(&batch).await?;
        uncounted(|| drop(batch));
    }
    let while_writing = heap::peak();
    heap::forget_peak();
    let metadata = writer.finish().await?;
    assert_eq!(metadata.num_row_groups(), 1);
    drop(writer);
    Ok(sink.figures(while_writing))
}

/// The sink.
struct Slow {
    start: Instant,
    bytes: usize,
    largest_chunk: usize,
}

/// The sink behind `parquet`'s trait.
struct Borrowed<'a>(&'a mut Slow);

impl Slow {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            bytes: 0,
            largest_chunk: 0,
        }
    }

    async fn take(&mut self, chunk: Bytes) {
        sleep(Duration::from_secs_f64(chunk.len() as f64 / 10e6)).await;
        self.bytes += chunk.len();
        self.largest_chunk = self.largest_chunk.max(chunk.len());
    }

    fn figures(&self, while_writing: usize) -> Figures {
        Figures {
            while_writing,
            while_flushing: heap::peak(),
            largest_chunk: self.largest_chunk,
            bytes: self.bytes,
            simulated: self.start.elapsed(),
        }
    }
}

impl herringbone::arrow::async_writer::AsyncFileWriter for Slow {
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, herringbone::errors::Result<()>> {
        Box::pin(async move {
            self.take(bs).await;
            Ok(())
        })
    }

    fn complete(&mut self) -> BoxFuture<'_, herringbone::errors::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

impl parquet::arrow::async_writer::AsyncFileWriter for Borrowed<'_> {
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, parquet::errors::Result<()>> {
        Box::pin(async move {
            self.0.take(bs).await;
            Ok(())
        })
    }

    fn complete(&mut self) -> BoxFuture<'_, parquet::errors::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

impl Writer {
    fn name(self) -> String {
        match self {
            Writer::ParquetHeap => "parquet, heap".to_owned(),
            Writer::ParquetTempFile => "parquet, temporary file".to_owned(),
            Writer::Limited(limit) => format!("herringbone, limit {limit} MiB"),
        }
    }
}

fn schema() -> SchemaRef {
    let fields = (0..COLUMNS).map(|at| Field::new(format!("c{at}"), DataType::Int64, false));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Numbers that are never the same.
fn batch(number: usize) -> Result<RecordBatch, Error> {
    let columns = (0..COLUMNS).map(|column| -> ArrayRef {
        let first = (number * COLUMNS + column) * BATCH_ROWS;
        let values =
            (first..first + BATCH_ROWS).map(|at| (at as i64).wrapping_mul(0x9E37_79B9_7F4A));
        Arc::new(Int64Array::from_iter_values(values))
    });
    Ok(RecordBatch::try_new(schema(), columns.collect())?)
}

fn batches(mebibytes: usize) -> usize {
    (mebibytes * MIB).div_ceil(COLUMNS * BATCH_ROWS * size_of::<i64>())
}

fn mib(bytes: usize) -> String {
    format!("{:.2} MiB", bytes as f64 / MIB as f64)
}
