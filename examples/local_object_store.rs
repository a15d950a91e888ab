//! Times TPC-H lineitem into an object of a local store against a plain file, with this crate and with `parquet`.
//!
//! ```sh
//! cargo run --release --features object_store --example local_object_store -- 6000000
//! ```
//!
//! The argument is the number of rows; scale 1 has six millions. All four write the same batches, a slice of the table
//! that is held in memory and gone through again and again, in turn; printed are medians.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::arrow::{ArrowWriter, AsyncArrowWriter};
use herringbone::object_store::ObjectStoreSink;
use object_store_14::buffered::BufWriter;
use object_store_14::local::LocalFileSystem;
use object_store_14::path::Path as ObjectPath;
use tpchgen::generators::LineItemGenerator;
use tpchgen_arrow::LineItemArrow;

type Error = Box<dyn std::error::Error>;

/// Rows of lineitem at scale 1.
const ROWS: usize = 6_001_215;
const ROWS_OF_BATCH: usize = 8_192;
/// Scale of the slice that is held in memory.
const HELD_SCALE: f64 = 0.1;
const TURNS: usize = 5;
const MEMORY_LIMIT: usize = 64 << 20;
const PART_SIZE: usize = 5 << 20;

#[derive(Debug, Clone, Copy)]
enum Way {
    File,
    Object,
    PeerFile,
    PeerObject,
}

const WAYS: [Way; 4] = [Way::File, Way::Object, Way::PeerFile, Way::PeerObject];

fn main() -> Result<(), Error> {
    let wanted: usize = std::env::args().nth(1).map_or(Ok(ROWS), |it| it.parse())?;
    let held = LineItemArrow::new(LineItemGenerator::new(HELD_SCALE, 1, 1));
    let held = held.with_batch_size(ROWS_OF_BATCH);
    let held = held.collect::<Result<Vec<RecordBatch>, _>>()?;
    let rows: usize = held.iter().map(RecordBatch::num_rows).sum();
    let rounds = wanted.div_ceil(rows);
    let schema = LineItemArrow::schema_ref();
    let directory = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..TURNS {
        for (way, times) in WAYS.iter().zip(&mut times) {
            let path = directory.path().join(format!("{way:?}.parquet"));
            let batches = (0..rounds).flat_map(|_| &held);
            let start = Instant::now();
            match way {
                Way::File => to_file(&schema, batches, &path)?,
                Way::Object => runtime.block_on(to_object(&schema, batches, &path))?,
                Way::PeerFile => peer_to_file(&schema, batches, &path)?,
                Way::PeerObject => runtime.block_on(peer_to_object(&schema, batches, &path))?,
            }
            times.push(start.elapsed());
        }
    }
    println!(
        "{} rows of lineitem, medians of {TURNS} turns:",
        rounds * rows
    );
    let [file, object, peer_file, peer_object] = times.map(median);
    print("herringbone", file, object);
    print("parquet", peer_file, peer_object);
    Ok(())
}

fn to_file<'a>(
    schema: &SchemaRef,
    batches: impl Iterator<Item = &'a RecordBatch>,
    path: &Path,
) -> Result<(), Error> {
    let options = ArrowWriterOptions::new().with_memory_limit(MEMORY_LIMIT);
    let mut writer =
        ArrowWriter::try_new_with_options(File::create(path)?, schema.clone(), options)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(())
}

async fn to_object<'a>(
    schema: &SchemaRef,
    batches: impl Iterator<Item = &'a RecordBatch>,
    path: &Path,
) -> Result<(), Error> {
    let object = ObjectPath::from_absolute_path(path)?;
    let sink = ObjectStoreSink::new(Arc::new(LocalFileSystem::new()), object);
    let options = ArrowWriterOptions::new().with_memory_limit(MEMORY_LIMIT);
    let sink = sink.with_part_size(PART_SIZE);
    let mut writer = AsyncArrowWriter::try_new_with_options(sink, schema.clone(), options)?;
    for batch in batches {
        writer.write(batch).await?;
    }
    writer.close().await?;
    Ok(())
}

fn peer_to_file<'a>(
    schema: &SchemaRef,
    batches: impl Iterator<Item = &'a RecordBatch>,
    path: &Path,
) -> Result<(), Error> {
    let file = File::create(path)?;
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, schema.clone(), None)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(())
}

async fn peer_to_object<'a>(
    schema: &SchemaRef,
    batches: impl Iterator<Item = &'a RecordBatch>,
    path: &Path,
) -> Result<(), Error> {
    let object = ObjectPath::from_absolute_path(path)?;
    let sink = BufWriter::new(Arc::new(LocalFileSystem::new()), object);
    let mut writer = parquet::arrow::AsyncArrowWriter::try_new(sink, schema.clone(), None)?;
    for batch in batches {
        writer.write(batch).await?;
    }
    writer.close().await?;
    Ok(())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times
        .get(times.len() / 2)
        .map_or(0.0, Duration::as_secs_f64)
}

fn print(writer: &str, file: f64, object: f64) {
    println!(
        "{writer:12} file {file:.2} s, object {object:.2} s: {:.2} times as long",
        object / file
    );
}
