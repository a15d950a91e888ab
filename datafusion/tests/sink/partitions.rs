//! Rows are in the folder of their partition, however many there are.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use tempfile::tempdir;

use crate::support::{Made, WatchedPool, files, number, run, session, session_in};

/// Rows of `keys` partitions, in no order or sorted by partition.
fn rows(batch: usize, batches: usize, keys: i64, sorted: bool) -> RecordBatch {
    let rows = 1000;
    let all = (batches * rows) as i64;
    let ids = (0..rows as i64).map(|row| row + (batch * rows) as i64);
    let key = |id: i64| {
        if sorted {
            id * keys / all
        } else {
            id * 7919 % keys
        }
    };
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(Int64Array::from_iter_values(ids.clone()))),
        (
            "k",
            Arc::new(Int64Array::from_iter_values(ids.clone().map(key))),
        ),
        (
            "text",
            Arc::new(StringArray::from_iter_values(
                ids.map(|id| format!("row {id}")),
            )),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

async fn partitioned(keys: i64, sorted: bool, settings: &[&str]) -> usize {
    let (session, folder) = (session(), tempdir().unwrap());
    Made::register(&session, "rows", 30, move |batch| {
        Ok(rows(batch, 30, keys, sorted))
    });
    for setting in settings {
        run(&session, setting).await.unwrap();
    }
    let path = folder.path().display();
    let copy = format!("COPY rows TO '{path}/' STORED AS PARQUET PARTITIONED BY (k)");
    assert_eq!(number(&session, &copy).await, 30_000);
    run(
        &session,
        &format!(
            "CREATE EXTERNAL TABLE t (id BIGINT, text VARCHAR, k BIGINT) STORED AS PARQUET \
             PARTITIONED BY (k) LOCATION '{path}/'"
        ),
    )
    .await
    .unwrap();
    let same =
        "SELECT count(*) FROM (SELECT id, text, k FROM t INTERSECT SELECT id, text, k FROM rows)";
    assert_eq!(number(&session, same).await, 30_000);
    files(folder.path()).len()
}

#[tokio::test]
async fn each_partition_has_one_file() {
    assert_eq!(partitioned(7, false, &[]).await, 7);
    assert_eq!(partitioned(300, false, &[]).await, 300);
}

#[tokio::test]
async fn more_partitions_than_open_files_have_one_file_each() {
    let few = [
        "SET herringbone.max_open_files = 20",
        "SET herringbone.memory_limit = '4M'",
    ];
    assert_eq!(partitioned(300, false, &few).await, 300);
    assert_eq!(partitioned(300, true, &few).await, 300);
    assert_eq!(
        partitioned(5, false, &["SET herringbone.max_open_files = 1"]).await,
        5
    );
}

#[tokio::test]
async fn many_partitions_keep_to_a_small_pool() {
    let pool = WatchedPool::new(8 << 20);
    let (session, folder) = (session_in(&pool), tempdir().unwrap());
    Made::register(&session, "rows", 20, |batch| {
        Ok(rows(batch, 20, 500, false))
    });
    let copy = format!("COPY rows TO '{}/'", folder.path().display());
    let copy = format!("{copy} STORED AS PARQUET PARTITIONED BY (k)");
    assert_eq!(number(&session, &copy).await, 20_000);
    assert_eq!(files(folder.path()).len(), 500);
    assert!(pool.peak() <= 8 << 20, "{}", pool.peak());
}

#[tokio::test]
async fn rows_without_a_key_have_a_folder_of_their_own() {
    let (session, folder) = (session(), tempdir().unwrap());
    let path = folder.path().display();
    let values = "(VALUES (1, 'a', true), (2, NULL, true), (3, 'b/c', NULL)) AS t(id, k, l)";
    let copy = format!(
        "COPY (SELECT * FROM {values}) TO '{path}/' STORED AS PARQUET PARTITIONED BY (k, l)"
    );
    assert_eq!(number(&session, &copy).await, 3);
    let folders: Vec<String> = files(folder.path())
        .iter()
        .map(|file| {
            file.parent()
                .unwrap()
                .strip_prefix(folder.path())
                .unwrap()
                .display()
                .to_string()
        })
        .collect();
    assert_eq!(
        folders,
        [
            "k=__HIVE_DEFAULT_PARTITION__/l=true",
            "k=a/l=true",
            "k=b%2Fc/l=__HIVE_DEFAULT_PARTITION__"
        ]
    );
}
