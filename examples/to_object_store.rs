//! A large file to object storage, uploaded in parts while it is written, with a small memory limit.
//!
//! ```text
//! cargo run --release --features object_store --example to_object_store -- /tmp/gauges.parquet
//! cargo run --release --features aws --example to_object_store -- s3://bucket/gauges.parquet 50000000
//! ```
//!
//! The second argument is the number of rows. S3 is found by the usual variables of the environment
//! (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`, `AWS_ALLOW_HTTP`).

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::object_store::ObjectStoreSink;
use object_store_14::ObjectStore;
use object_store_14::local::LocalFileSystem;
use object_store_14::path::Path;

const ROWS_OF_BATCH: usize = 8_192;
const MEMORY_LIMIT: usize = 16 << 20;
const PART_SIZE: usize = 5 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let target = arguments
        .next()
        .ok_or("name a file, or s3://bucket/key, to write to")?;
    let rows: i64 = arguments.next().map_or(Ok(3_000_000), |it| it.parse())?;

    let (store, path) = open(&target)?;
    let sink = ObjectStoreSink::new(store, path).with_part_size(PART_SIZE);
    let budget = MemoryBudget::new(MEMORY_LIMIT);
    let options = ArrowWriterOptions::new().with_memory_budget(budget.clone());
    let schema = readings(0, 1)?.schema();
    let mut writer = AsyncArrowWriter::try_new_with_options(sink, schema, options)?;

    let start = Instant::now();
    for first in (0..rows).step_by(ROWS_OF_BATCH) {
        let batch = readings(first, (rows - first).min(ROWS_OF_BATCH as i64))?;
        writer.write(&batch).await?;
    }
    writer.finish().await?;
    let seconds = start.elapsed().as_secs_f64();

    let sink = writer.into_inner();
    let object = sink.uploaded().ok_or("there is no object")?;
    println!(
        "{rows} rows, {:.1} MiB in {} parts and {seconds:.1} s; at most {:.1} MiB of memory were in use",
        mib(object.size as f64),
        object.parts,
        mib(budget.peak() as f64),
    );
    println!("e-tag {:?}, version {:?}", object.e_tag, object.version);
    Ok(())
}

/// The store, and the object's path in it.
fn open(target: &str) -> Result<(Arc<dyn ObjectStore>, Path), Box<dyn Error>> {
    let Some(address) = target.strip_prefix("s3://") else {
        let path = Path::from_absolute_path(std::path::absolute(target)?)?;
        return Ok((Arc::new(LocalFileSystem::new()), path));
    };
    let (bucket, key) = address
        .split_once('/')
        .ok_or("an object in S3 is s3://bucket/key")?;
    Ok((s3(bucket)?, Path::parse(key)?))
}

#[cfg(feature = "aws")]
fn s3(bucket: &str) -> Result<Arc<dyn ObjectStore>, Box<dyn Error>> {
    let builder = object_store_14::aws::AmazonS3Builder::from_env();
    Ok(Arc::new(builder.with_bucket_name(bucket).build()?))
}

#[cfg(not(feature = "aws"))]
fn s3(_: &str) -> Result<Arc<dyn ObjectStore>, Box<dyn Error>> {
    Err("for S3 build with --features aws".into())
}

/// What tide gauges have read.
fn readings(first: i64, rows: i64) -> Result<RecordBatch, arrow::error::ArrowError> {
    let rows = first..first + rows;
    let seconds: Int64Array = rows.clone().map(|row| 1_700_000_000 + row * 60).collect();
    let ports: StringArray = rows.clone().map(|row| Some(port(row))).collect();
    let metres: Float64Array = rows.map(|row| (row as f64 / 745.0).sin() * 3.4).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("seconds", Arc::new(seconds)),
        ("port", Arc::new(ports)),
        ("metres", Arc::new(metres)),
    ];
    RecordBatch::try_from_iter(columns)
}

fn port(row: i64) -> &'static str {
    match row % 3 {
        0 => "Brest",
        1 => "Dover",
        _ => "Esbjerg",
    }
}

fn mib(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}
