//! What a query that is dropped leaves in an object store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::execution::object_store::ObjectStoreUrl;

use crate::cases::Sink;
use crate::outcome::Outcome;
use crate::pool::WatchedPool;
use crate::server::Server;
use crate::{Result, heap, tables};

/// What each part of an upload takes the server.
const PART_TIME: Duration = Duration::from_millis(30);

/// Parts after which the query is dropped.
const PARTS: usize = 12;

/// Time for whoever clears up.
const AFTERWARDS: Duration = Duration::from_secs(3);

/// Writes to a folder of an S3 server until some files are there and others are on their way, and drops the query.
pub(crate) async fn cancelled(sink: Sink, limit: usize) -> Result<Outcome> {
    let server = Server::start().await?;
    server.slow_down(PART_TIME);
    let pool = WatchedPool::new(Some(limit));
    let session = sink.session(&pool)?;
    let url = ObjectStoreUrl::parse("s3://bucket")?;
    session.register_object_store(url.as_ref(), Arc::new(server.client()?));
    session.register_table("rows", tables::numbers()?)?;
    for setting in [
        "objectstore_writer_buffer_size = 5242880",
        "soft_max_rows_per_output_file = 200000",
        "parquet.max_row_group_size = 16384",
        "parquet.dictionary_enabled = false",
    ] {
        let set = format!("SET datafusion.execution.{setting}");
        session.sql(&set).await?.collect().await?;
    }
    let copy = "COPY rows TO 's3://bucket/rows/' STORED AS PARQUET";
    let begin = Instant::now();
    heap::take_peak();
    let copy = session.sql(copy).await?;
    let write = tokio::spawn(copy.collect());
    let is_under_way = || -> Result<bool> {
        let is_uploading = server.parts() >= PARTS && server.open_uploads()? > 0;
        Ok(is_uploading && !server.objects()?.is_empty())
    };
    while !is_under_way()? {
        if write.is_finished() {
            write.await??;
            return Err("the query was done before it could be dropped".into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (files, open) = (server.objects()?.len(), server.open_uploads()?);
    write.abort();
    let seconds = begin.elapsed().as_secs_f64();
    let heap = heap::take_peak();
    tokio::time::sleep(AFTERWARDS).await;
    Ok(Outcome {
        end: format!(
            "dropped with {files} files and {open} uploads, left {} files and {} uploads",
            server.objects()?.len(),
            server.open_uploads()?
        ),
        seconds,
        pool: pool.peak(),
        heap,
        files: server.objects()?.len(),
        ..Outcome::default()
    })
}
