//! Settings, pools, rows and stores at the ends of what there is.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::SessionConfig;
use tempfile::tempdir;

use crate::server::Server;
use crate::support::{
    Made, WatchedPool, files, number, run, session, session_in, session_with, wide,
};

/// One row.
fn one(number: usize) -> Result<RecordBatch> {
    let column = |column: i64| -> (String, ArrayRef) {
        let value = Int64Array::from(vec![number as i64 * column]);
        (format!("c{column}"), Arc::new(value))
    };
    Ok(RecordBatch::try_from_iter((1..4).map(column))?)
}

#[tokio::test]
async fn batches_of_one_row_are_written_in_every_way() {
    let (session, folder) = (session(), tempdir().unwrap());
    Made::register(&session, "rows", 200, one);
    let path = folder.path().display();
    run(
        &session,
        "SET datafusion.execution.soft_max_rows_per_output_file = 1",
    )
    .await
    .unwrap();
    for (target, expected) in [
        ("one.parquet'", 1),
        ("many/' STORED AS PARQUET", 200),
        ("by/' STORED AS PARQUET PARTITIONED BY (c1)", 200),
    ] {
        let copy = format!("COPY rows TO '{path}/{target}");
        assert_eq!(number(&session, &copy).await, 200, "{copy}");
        let name = target.split_once('\'').unwrap().0;
        let made = folder.path().join(name);
        let made = if made.is_dir() { files(&made).len() } else { 1 };
        assert_eq!(made, expected, "{copy}");
    }
}

#[tokio::test]
async fn a_file_that_was_there_is_replaced_when_all_is_well() {
    let (session, folder) = (session(), tempdir().unwrap());
    let file = format!("{}/rows.parquet", folder.path().display());
    let sum = format!("SELECT sum(a) FROM '{file}'");
    for (values, expected) in [("(1), (2)", 3), ("(5)", 5)] {
        let copy = format!("COPY (VALUES {values}) TO '{file}'")
            .replace("(VALUES", "(SELECT column1 AS a FROM (VALUES");
        let copy = copy.replace(") TO", ")) TO");
        run(&session, &copy).await.unwrap();
        assert_eq!(number(&session, &sum).await, expected);
    }
    Made::register(&session, "rows", 40, |batch| match batch {
        30 => Err(DataFusionError::Execution("the rows end here".to_owned())),
        _ => Ok(wide(6, 1000, batch as i64)),
    });
    run(&session, &format!("COPY rows TO '{file}'"))
        .await
        .unwrap_err();
    assert_eq!(number(&session, &sum).await, 5);
    assert_eq!(files(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_table_grows_with_every_insert() {
    let pool = WatchedPool::new(16 << 20);
    let (session, folder) = (session_in(&pool), tempdir().unwrap());
    let path = folder.path().display();
    for by in ["", "PARTITIONED BY (k)"] {
        let name = if by.is_empty() { "plain" } else { "by_key" };
        std::fs::create_dir(folder.path().join(name)).unwrap();
        let make = format!(
            "CREATE EXTERNAL TABLE {name} (a BIGINT, k BIGINT) STORED AS PARQUET {by} LOCATION '{path}/{name}/'"
        );
        run(&session, &make).await.unwrap();
        for turn in 1..=6 {
            let insert = format!(
                "INSERT INTO {name} SELECT value, value % 3 FROM generate_series(1, {turn})"
            );
            assert_eq!(number(&session, &insert).await, turn);
        }
        assert_eq!(
            number(&session, &format!("SELECT count(*) FROM {name}")).await,
            21
        );
        assert_eq!(
            number(&session, &format!("SELECT sum(a) FROM {name} WHERE k = 0")).await,
            18
        );
        // Out of the table and into it.
        let twice = format!("INSERT INTO {name} SELECT a, k FROM {name}");
        assert_eq!(number(&session, &twice).await, 21);
        assert_eq!(
            number(&session, &format!("SELECT count(*) FROM {name}")).await,
            42
        );
    }
    assert_eq!(pool.reserved(), 0);
}

#[tokio::test]
async fn settings_of_no_sense_are_refused_or_harmless() {
    let (session, folder) = (session(), tempdir().unwrap());
    Made::register(&session, "rows", 4, |batch| Ok(wide(6, 250, batch as i64)));
    let path = folder.path().display();
    for (at, setting) in [
        "herringbone.memory_limit = '1M'",
        "herringbone.memory_limit = '100000G'",
        "herringbone.memory_limit = ''",
        "herringbone.parts_in_flight = 0",
        "herringbone.parts_in_flight = 18446744073709551615",
        "herringbone.max_open_files = 18446744073709551615",
        "herringbone.file_prefix = '../../up'",
        "herringbone.file_prefix = 'a b%/c?'",
        "herringbone.file_prefix = ''",
        "datafusion.execution.objectstore_writer_buffer_size = 0",
        "datafusion.execution.objectstore_writer_buffer_size = 18446744073709551615",
        "datafusion.execution.soft_max_rows_per_output_file = 18446744073709551615",
        "datafusion.execution.minimum_parallel_output_files = 1000",
        "datafusion.execution.max_buffered_batches_per_output_file = 100000",
        "datafusion.execution.target_partitions = 1",
    ]
    .iter()
    .enumerate()
    {
        run(&session, &format!("SET {setting}"))
            .await
            .unwrap_or_else(|error| panic!("{setting}: {error}"));
        let folder = format!("{path}/{at}");
        for target in [
            "one.parquet'",
            "many/' STORED AS PARQUET",
            "by/' STORED AS PARQUET PARTITIONED BY (k)",
        ] {
            let copy = format!("COPY (SELECT *, c0 % 2 AS k FROM rows) TO '{folder}/{target}");
            assert_eq!(number(&session, &copy).await, 1_000, "{setting}: {copy}");
        }
        let by = files(std::path::Path::new(&folder)).len();
        assert!(by >= 4, "{setting}: {by}");
    }
    for setting in [
        "herringbone.parts_in_flight = -1",
        "herringbone.max_open_files = 'all'",
        "herringbone.partition_parallel = 'perhaps'",
        "herringbone.no_such_setting = 1",
        "herringbone.memory_limit = 'much'",
        "herringbone.memory_limit = '1'",
    ] {
        let set = run(&session, &format!("SET {setting}")).await.err();
        // What DataFusion does not refuse, the write does.
        if set.is_none() {
            let copy = format!("COPY rows TO '{path}/never.parquet'");
            let error = run(&session, &copy).await.unwrap_err().to_string();
            assert!(error.contains("memory"), "{setting}: {error}");
        }
    }
    assert!(!folder.path().join("never.parquet").exists());
}

#[tokio::test]
async fn as_many_files_are_open_as_a_pool_has_room_for() {
    let pool = WatchedPool::new(8 << 20);
    let (session, folder) = (session_in(&pool), tempdir().unwrap());
    Made::register(&session, "rows", 30, |batch| {
        Ok(wide(400, 100, batch as i64))
    });
    run(
        &session,
        "SET datafusion.execution.soft_max_rows_per_output_file = 500",
    )
    .await
    .unwrap();
    let copy = format!(
        "COPY rows TO '{}/' STORED AS PARQUET",
        folder.path().display()
    );
    assert_eq!(number(&session, &copy).await, 3000);
    assert!(pool.peak() <= 8 << 20, "{}", pool.peak());
    assert_eq!((files(folder.path()).len(), pool.reserved()), (6, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_wait_for_a_store_that_is_slower_than_the_rows() {
    let server = Server::start().await.unwrap();
    server.slow_down(Duration::from_millis(40));
    let pool = WatchedPool::new(32 << 20);
    let session = session_in(&pool);
    let url = ObjectStoreUrl::parse("s3://bucket").unwrap();
    session.register_object_store(url.as_ref(), Arc::new(server.client().unwrap()));
    Made::register(&session, "rows", 60, |batch| {
        Ok(wide(20, 200, batch as i64))
    });
    run(
        &session,
        "SET datafusion.execution.soft_max_rows_per_output_file = 200",
    )
    .await
    .unwrap();
    let copy = "COPY rows TO 's3://bucket/rows/' STORED AS PARQUET";
    assert_eq!(number(&session, copy).await, 12_000);
    assert_eq!(server.objects().unwrap().len(), 60);
    assert!(server.most_at_once() <= 8, "{}", server.most_at_once());
    assert!(pool.peak() <= 32 << 20, "{}", pool.peak());
    assert_eq!(pool.reserved(), 0);
}

#[tokio::test]
async fn tiny_pools_hold_for_many_partitions() {
    for (limit, keys) in [(3 << 20, 3), (4 << 20, 100)] {
        let pool = WatchedPool::new(limit);
        let runtime =
            RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&pool) as Arc<dyn MemoryPool>);
        let session = session_with(runtime, SessionConfig::new().with_target_partitions(1));
        let folder = tempdir().unwrap();
        Made::register(&session, "rows", 6, |batch| Ok(wide(6, 300, batch as i64)));
        let path = folder.path().display();
        let copy = format!(
            "COPY (SELECT *, c0 % {keys} AS k FROM rows) TO '{path}/' STORED AS PARQUET PARTITIONED BY (k)"
        );
        assert_eq!(number(&session, &copy).await, 1_800);
        let distinct = number(
            &session,
            &format!("SELECT count(DISTINCT c0 % {keys}) FROM rows"),
        )
        .await;
        assert_eq!(files(folder.path()).len() as i64, distinct);
        assert!(
            pool.peak() <= limit,
            "{keys} keys: {} of {limit}",
            pool.peak()
        );
        assert_eq!(pool.reserved(), 0);
    }
}
