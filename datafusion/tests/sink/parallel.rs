//! Every partition writes files of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use herringbone_datafusion::sinks;
use tempfile::tempdir;

use crate::support::{Made, WatchedPool, files, number, run, session, session_in, table};

const PARTITIONS: usize = 4;
const BATCHES: usize = 5;
const ROWS: i64 = 1000;
const ALL: i64 = (PARTITIONS * BATCHES) as i64 * ROWS;

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_are_those_of_one_stream_in_a_file_for_each_partition() {
    let (session, folder) = (parallel(session()).await, tempdir().unwrap());
    Made::register_partitions(&session, "rows", PARTITIONS, BATCHES, numbered);
    assert_eq!(
        copy(&session, "rows", folder.path(), "").await.unwrap(),
        ALL
    );
    assert_holds_all(&session, folder.path()).await;
    let mut names = names(folder.path());
    let (write, _) = names[0].split_once('_').unwrap();
    let expected = (0..PARTITIONS).map(|partition| format!("{write}_{partition}_0.parquet"));
    assert_eq!(names, expected.collect::<Vec<_>>());

    run(&session, "SET herringbone.file_prefix = 'mine'")
        .await
        .unwrap();
    copy(&session, "rows", folder.path(), "").await.unwrap();
    copy(&session, "rows", folder.path(), "").await.unwrap();
    names = self::names(folder.path());
    names.retain(|name| name.starts_with("mine_"));
    assert_eq!(names.len(), PARTITIONS, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_shows_who_writes() {
    let (session, folder) = (parallel(session()).await, tempdir().unwrap());
    Made::register_partitions(&session, "rows", PARTITIONS, BATCHES, numbered);
    let path = folder.path().display();
    let explain = format!("EXPLAIN ANALYZE COPY rows TO '{path}/' STORED AS PARQUET");
    let plan = table(&session, &explain).await;
    for shown in [
        "HerringboneCountExec",
        "CoalescePartitionsExec",
        "HerringboneWriteExec: sink=HerringboneSink(path=",
        "files_written=4",
        "rows_written=20.00 K",
    ] {
        assert!(plan.contains(shown), "{shown}: {plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sink_tells_of_all_files() {
    let (session, folder) = (parallel(session()).await, tempdir().unwrap());
    Made::register_partitions(&session, "rows", PARTITIONS, BATCHES, numbered);
    let copy = format!(
        "COPY rows TO '{}/' STORED AS PARQUET",
        folder.path().display()
    );
    let plan = session.sql(&copy).await.unwrap();
    let plan = plan.create_physical_plan().await.unwrap();
    collect(Arc::clone(&plan), session.task_ctx())
        .await
        .unwrap();
    let sinks = sinks(plan.as_ref());
    assert_eq!(sinks.len(), 1);
    assert_eq!(sinks[0].written().len(), PARTITIONS);
    assert_eq!(sinks[0].progress().rows, ALL as u64);
    // The same plan may be executed once more.
    collect(Arc::clone(&plan), session.task_ctx())
        .await
        .unwrap();
    assert_eq!(names(folder.path()).len(), 2 * PARTITIONS);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_partitions_write_to_the_folders_of_partition_columns_within_one_limit() {
    let pool = WatchedPool::new(24 << 20);
    let (session, folder) = (parallel(session_in(&pool)).await, tempdir().unwrap());
    Made::register_partitions(&session, "rows", PARTITIONS, BATCHES, numbered);
    let rows = copy(&session, "rows", folder.path(), "PARTITIONED BY (k)").await;
    assert_eq!(rows.unwrap(), ALL);
    assert_eq!(names(folder.path()).len(), PARTITIONS * 3);
    assert_eq!(pool.consumers(), 1);
    let create = format!(
        "CREATE EXTERNAL TABLE t (id BIGINT, k BIGINT) STORED AS PARQUET PARTITIONED BY (k) LOCATION '{}/'",
        folder.path().display()
    );
    run(&session, &create).await.unwrap();
    let same = "SELECT count(*) FROM (SELECT id, k FROM t INTERSECT SELECT id, k FROM rows)";
    assert_eq!(number(&session, same).await, ALL);
    assert_eq!(number(&session, "SELECT count(*) FROM t").await, ALL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_fails_takes_the_files_of_the_others_with_it() {
    let session = parallel(session()).await;
    // The first partition is done long before the last one fails.
    let broken = |batch| {
        if batch == PARTITIONS * BATCHES - 1 {
            std::thread::sleep(Duration::from_millis(300));
            return Err(DataFusionError::Execution("the rows end here".to_owned()));
        }
        numbered(batch)
    };
    Made::register_partitions(&session, "rows", PARTITIONS, BATCHES, broken);
    for more in ["", "PARTITIONED BY (k)"] {
        let folder = tempdir().unwrap();
        let error = copy(&session, "rows", folder.path(), more)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("the rows end here"), "{error}");
        wait_until_empty(folder.path()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_dropped_leaves_no_file_of_any_partition() {
    let (session, folder) = (parallel(session()).await, tempdir().unwrap());
    let slow = |batch| {
        if batch >= BATCHES {
            std::thread::sleep(Duration::from_millis(150));
        }
        numbered(batch)
    };
    Made::register_partitions(&session, "rows", PARTITIONS, BATCHES, slow);
    let write = copy(&session, "rows", folder.path(), "");
    let dropped = tokio::time::timeout(Duration::from_millis(400), write).await;
    assert!(dropped.is_err());
    wait_until_empty(folder.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_a_limit_and_a_single_file_go_through_one_stream() {
    let (session, folder) = (parallel(session()).await, tempdir().unwrap());
    Made::register_partitions(&session, "rows", PARTITIONS, BATCHES, numbered);
    let single = folder.path().join("single.parquet");
    let to_file = format!("COPY rows TO '{}'", single.display());
    assert_eq!(number(&session, &to_file).await, ALL);
    assert!(single.is_file());

    let limited = tempdir().unwrap();
    let query = "(SELECT * FROM rows LIMIT 1234)";
    assert_eq!(
        copy(&session, query, limited.path(), "").await.unwrap(),
        1234
    );
    for (query, writes) in [
        ("(SELECT * FROM rows ORDER BY id DESC)", false),
        ("(SELECT * FROM rows LIMIT 1234)", false),
        ("rows", true),
    ] {
        let path = folder.path().display();
        let explain = format!("EXPLAIN COPY {query} TO '{path}/' STORED AS PARQUET");
        let plan = table(&session, &explain).await;
        assert_eq!(plan.contains("HerringboneWriteExec"), writes, "{plan}");
        assert!(plan.contains("HerringboneSink"), "{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_without_rows_make_no_files() {
    let (session, folder) = (parallel(session()).await, tempdir().unwrap());
    Made::register_partitions(&session, "rows", PARTITIONS, BATCHES, numbered);
    // Those of the second partition alone.
    let query = "(SELECT * FROM rows WHERE id >= 5000 AND id < 10000)";
    assert_eq!(
        copy(&session, query, folder.path(), "").await.unwrap(),
        5000
    );
    let names = names(folder.path());
    assert!(
        names.len() == 1 && names[0].ends_with("_1_0.parquet"),
        "{names:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_may_be_executed_elsewhere() {
    let (session, folder) = (parallel(session()).await, tempdir().unwrap());
    Made::register_partitions(&session, "rows", PARTITIONS, BATCHES, numbered);
    let copy = format!(
        "COPY rows TO '{}/' STORED AS PARQUET",
        folder.path().display()
    );
    let plan = session.sql(&copy).await.unwrap();
    let plan = plan.create_physical_plan().await.unwrap();
    let write = Arc::clone(plan.children()[0].children()[0]);
    let mut files = write.execute(2, session.task_ctx()).unwrap();
    let file = files.next().await.unwrap().unwrap();
    assert_eq!(file.num_rows(), 1);
    drop((files, write, plan));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(names(folder.path()).len(), 1);
}

async fn parallel(session: SessionContext) -> SessionContext {
    let set = "SET herringbone.partition_parallel = true";
    run(&session, set).await.unwrap();
    session
}

/// `id` from zero, and `k` of three values.
fn numbered(batch: usize) -> Result<RecordBatch> {
    let first = batch as i64 * ROWS;
    let ids = first..first + ROWS;
    let keys = ids.clone().map(|id| id % 3);
    let columns: [(&str, ArrayRef); 2] = [
        ("id", Arc::new(Int64Array::from_iter_values(ids))),
        ("k", Arc::new(Int64Array::from_iter_values(keys))),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

async fn copy(session: &SessionContext, rows: &str, folder: &Path, more: &str) -> Result<i64> {
    let path = folder.display();
    let copy = format!("COPY {rows} TO '{path}/' STORED AS PARQUET {more}");
    let counts = run(session, &copy).await?;
    let count = counts[0].column(0).as_any();
    let count: &datafusion::arrow::array::UInt64Array = count.downcast_ref().unwrap();
    Ok(count.value(0) as i64)
}

async fn assert_holds_all(session: &SessionContext, folder: &Path) {
    let path = folder.display();
    let stored = format!("'{path}/'");
    let same = format!(
        "SELECT count(*) FROM (SELECT id, k FROM {stored} INTERSECT SELECT id, k FROM rows)"
    );
    assert_eq!(number(session, &same).await, ALL);
    let all = format!("SELECT count(*) FROM {stored}");
    assert_eq!(number(session, &all).await, ALL);
}

fn names(folder: &Path) -> Vec<String> {
    let name = |file: &std::path::PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
    files(folder).iter().map(name).collect()
}

/// What others had finished is removed by tasks, which take a moment.
async fn wait_until_empty(folder: &Path) {
    for _ in 0..100 {
        if files(folder).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", files(folder));
}
