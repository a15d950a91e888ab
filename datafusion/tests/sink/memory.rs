//! The session's pool is never passed, and fails no write.

use std::sync::Arc;

use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use tempfile::tempdir;

use crate::support::{Made, WatchedPool, number, run, session_in, session_with, wide};

const MIB: usize = 1 << 20;

/// Twelve columns, 24 MiB of values.
fn register(session: &SessionContext) {
    Made::register(session, "rows", 40, |batch| {
        Ok(wide(12, 4096, batch as i64))
    });
}

async fn copies_all_rows(session: &SessionContext) {
    let parts = "SET datafusion.execution.objectstore_writer_buffer_size = 524288";
    run(session, parts).await.unwrap();
    let folder = tempdir().unwrap();
    let file = format!("{}/rows.parquet", folder.path().display());
    let copy = format!("COPY rows TO '{file}'");
    assert_eq!(number(session, &copy).await, 40 * 4096);
    let sum = "SELECT bit_xor(c0) FROM";
    let written = number(session, &format!("{sum} '{file}'")).await;
    assert_eq!(written, number(session, &format!("{sum} rows")).await);
}

#[tokio::test]
async fn a_small_pool_is_kept_to_by_one_consumer() {
    let pool = WatchedPool::new(6 * MIB);
    let session = session_in(&pool);
    register(&session);
    run(
        &session,
        "SET datafusion.execution.objectstore_writer_buffer_size = 1048576",
    )
    .await
    .unwrap();
    let folder = tempdir().unwrap();
    let copy = format!("COPY rows TO '{}/'", folder.path().display());
    assert_eq!(
        number(&session, &format!("{copy} STORED AS PARQUET")).await,
        40 * 4096
    );
    assert!(pool.peak() > 2 * MIB, "{}", pool.peak());
    assert!(pool.peak() <= 6 * MIB, "{}", pool.peak());
    assert_eq!((pool.reserved(), pool.consumers()), (0, 1));
}

#[tokio::test]
async fn pools_that_share_out_are_kept_to() {
    let pool: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(6 * MIB));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool);
    let session = session_with(runtime, SessionConfig::new());
    register(&session);
    copies_all_rows(&session).await;
}

#[tokio::test]
async fn a_limit_of_the_sessions_own_is_kept_in_a_large_pool() {
    let pool = WatchedPool::new(1 << 30);
    let session = session_in(&pool);
    register(&session);
    run(&session, "SET herringbone.memory_limit = '5M'")
        .await
        .unwrap();
    copies_all_rows(&session).await;
    assert!(pool.peak() <= 5 * MIB, "{}", pool.peak());
    let error = run(&session, "SET herringbone.memory_limit = 'much'")
        .await
        .err();
    let error = match error {
        Some(error) => error,
        None => run(
            &session,
            "COPY rows TO '/tmp/herringbone-not-written.parquet'",
        )
        .await
        .unwrap_err(),
    };
    assert!(
        error
            .to_string()
            .contains("herringbone.memory_limit is 'much'"),
        "{error}"
    );
}

#[tokio::test]
async fn without_spill_directories_row_groups_end_early() {
    let pool = WatchedPool::new(6 * MIB);
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::clone(&pool) as Arc<dyn MemoryPool>)
        .with_disk_manager_builder(disk);
    let session = session_with(runtime, SessionConfig::new());
    register(&session);
    copies_all_rows(&session).await;
    assert!(pool.peak() <= 6 * MIB, "{}", pool.peak());
}
