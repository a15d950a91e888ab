//! A write to a store with uploads in parts leaves its files there or nothing: no object, no open upload, no memory.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::prelude::SessionContext;

use crate::server::Server;
use crate::support::{Made, WatchedPool, number, run, session_in};

const POOL: usize = 64 << 20;
const ROWS: usize = 16_384;

/// Numbers that no encoding makes smaller: eight columns, 1 MiB. The first is the number of the batch and of the row.
fn batch(number: usize) -> Result<RecordBatch> {
    let first = (number * ROWS) as i64;
    let rows = first..first + ROWS as i64;
    let column = |column: i64| -> (String, ArrayRef) {
        // Odd, and one for the first column.
        let factor = column.wrapping_mul(0x3C6E_F372_FE94_F82A) + 1;
        let values = rows
            .clone()
            .map(|row| row.wrapping_mul(factor).rotate_left(7));
        let values = Int64Array::from_iter_values(values);
        (format!("c{column}"), Arc::new(values))
    };
    Ok(RecordBatch::try_from_iter((0..8).map(column))?)
}

/// A session on a pool, with a server behind `s3://bucket/`.
async fn start() -> (Server, Arc<WatchedPool>, SessionContext) {
    let server = Server::start().await.unwrap();
    let pool = WatchedPool::new(POOL);
    let session = session_in(&pool);
    let url = ObjectStoreUrl::parse("s3://bucket").unwrap();
    session.register_object_store(url.as_ref(), Arc::new(server.client().unwrap()));
    for setting in [
        "execution.objectstore_writer_buffer_size = 5242880",
        "execution.parquet.compression = 'uncompressed'",
        "execution.parquet.dictionary_enabled = false",
        "execution.parquet.max_row_group_size = 16384",
    ] {
        let set = format!("SET datafusion.{setting}");
        run(&session, &set).await.unwrap();
    }
    (server, pool, session)
}

/// Ways to write, each with several files or parts.
fn copies() -> [String; 3] {
    [
        "COPY rows TO 's3://bucket/one.parquet'".to_owned(),
        "COPY rows TO 's3://bucket/many/' STORED AS PARQUET".to_owned(),
        "COPY (SELECT *, c0 % 3 AS k FROM rows) TO 's3://bucket/by/' STORED AS PARQUET PARTITIONED BY (k)"
            .to_owned(),
    ]
}

/// Objects and open uploads.
fn left(server: &Server) -> (usize, usize) {
    let objects = server.objects().unwrap();
    (objects.len(), server.open_uploads().unwrap())
}

/// Waits for what is done by tasks and threads that nobody waits for.
async fn soon(what: impl Fn() -> bool) {
    for _ in 0..200 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_uploaded_in_parts_is_read_back() {
    let (server, pool, session) = start().await;
    Made::register(&session, "rows", 20, batch);
    let count = (20 * ROWS) as i64;
    for (copy, folder) in copies().iter().zip(["one.parquet", "many/", "by/"]) {
        let parts = server.parts();
        assert_eq!(number(&session, copy).await, count);
        assert!(server.parts() > parts + 2, "{}", server.parts());
        assert_eq!((server.open_uploads().unwrap(), pool.reserved()), (0, 0));
        let sum = format!("SELECT bit_xor(c0) FROM 's3://bucket/{folder}'");
        assert_eq!(
            number(&session, &sum).await,
            number(&session, "SELECT bit_xor(c0) FROM rows").await
        );
    }
    assert!(pool.peak() <= POOL, "{}", pool.peak());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_is_dropped_aborts_its_uploads() {
    for copy in copies() {
        let (server, pool, session) = start().await;
        server.slow_down(Duration::from_millis(30));
        Made::register(&session, "rows", 100_000, batch);
        let write = tokio::spawn(async move { run(&session, &copy).await });
        while server.parts() < 4 {
            assert!(!write.is_finished(), "{:?}", write.await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(server.open_uploads().unwrap() > 0);
        write.abort();
        // The store is told by a task, which takes a moment.
        soon(|| left(&server) == (0, 0) && pool.reserved() == 0).await;
        assert_eq!((left(&server), pool.reserved()), ((0, 0), 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_end_in_an_error_leave_no_upload() {
    for copy in copies() {
        let (server, pool, session) = start().await;
        Made::register(&session, "rows", 40, |number| match number {
            35 => Err(DataFusionError::Execution("the rows end here".to_owned())),
            _ => batch(number),
        });
        let error = run(&session, &copy).await.unwrap_err();
        assert!(error.to_string().contains("the rows end here"), "{error}");
        assert!(server.parts() > 0);
        assert_eq!(left(&server), (0, 0), "{copy}");
        // A thread may still be at a batch.
        soon(|| pool.reserved() == 0).await;
        assert_eq!(pool.reserved(), 0, "{copy}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_refused_may_be_tried_again() {
    for copy in copies() {
        let (server, pool, session) = start().await;
        server.take_parts(2);
        Made::register(&session, "rows", 40, batch);
        let error = run(&session, &copy).await.unwrap_err();
        assert!(matches!(error, DataFusionError::IoError(_)), "{error:?}");
        assert_eq!(left(&server), (0, 0), "{copy}");
        // A thread may still be at a batch.
        soon(|| pool.reserved() == 0).await;
        assert_eq!(pool.reserved(), 0, "{copy}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_not_completed_are_none() {
    for copy in copies() {
        let (server, pool, session) = start().await;
        server.complete_none();
        Made::register(&session, "rows", 22, batch);
        let error = run(&session, &copy).await.unwrap_err();
        assert!(matches!(error, DataFusionError::IoError(_)), "{error:?}");
        assert_eq!(left(&server), (0, 0), "{copy}");
        // A thread may still be at a batch.
        soon(|| pool.reserved() == 0).await;
        assert_eq!(pool.reserved(), 0, "{copy}");
    }
}
