//! Files are where they were asked for, and hold the rows.

use datafusion::config::TableParquetOptions;
use datafusion::dataframe::DataFrameWriteOptions;
use tempfile::tempdir;

use crate::support::{Made, files, number, run, session, table, wide};

#[tokio::test]
async fn a_file_and_a_folder_hold_all_rows() {
    let (session, folder) = (session(), tempdir().unwrap());
    Made::register(&session, "rows", 9, |batch| Ok(wide(5, 1000, batch as i64)));
    let folder = folder.path().display();
    for (name, expected) in [("one.parquet", 1), ("many/", 4)] {
        let count = format!("COPY rows TO '{folder}/{name}' STORED AS PARQUET");
        assert_eq!(number(&session, &count).await, 9000);
        let written = std::path::PathBuf::from(format!("{folder}/{name}"));
        let made = if written.is_dir() {
            files(&written).len()
        } else {
            1
        };
        assert_eq!(made, expected, "{name}");
        let other = format!(
            "SELECT count(*) FROM (SELECT * FROM '{folder}/{name}' INTERSECT SELECT * FROM rows)"
        );
        assert_eq!(number(&session, &other).await, 9000, "{name}");
    }
}

#[tokio::test]
async fn a_file_without_rows_is_a_file() {
    let (session, folder) = (session(), tempdir().unwrap());
    let file = format!("{}/none.parquet", folder.path().display());
    let copy = format!("COPY (SELECT 1 AS a, 'x' AS b WHERE false) TO '{file}'");
    assert_eq!(number(&session, &copy).await, 0);
    assert_eq!(
        number(&session, &format!("SELECT count(a) FROM '{file}'")).await,
        0
    );
}

#[tokio::test]
async fn every_way_to_write_is_this_sink() {
    let (session, folder) = (session(), tempdir().unwrap());
    let folder = folder.path().display().to_string();
    let rows = session.sql("VALUES (1, 'one'), (2, 'two')").await.unwrap();
    let single = DataFrameWriteOptions::new().with_single_file_output(true);
    let options = TableParquetOptions::default();
    let file = format!("{folder}/frame.parquet");
    rows.write_parquet(&file, single, Some(options))
        .await
        .unwrap();
    std::fs::create_dir(format!("{folder}/table")).unwrap();
    let make = format!(
        "CREATE EXTERNAL TABLE t (a BIGINT, b VARCHAR) STORED AS PARQUET LOCATION '{folder}/table/'"
    );
    run(&session, &make).await.unwrap();
    run(&session, "INSERT INTO t VALUES (3, 'three')")
        .await
        .unwrap();
    run(&session, "INSERT INTO t VALUES (4, 'four')")
        .await
        .unwrap();
    assert_eq!(number(&session, "SELECT sum(a) FROM t").await, 7);
    assert_eq!(
        number(&session, &format!("SELECT sum(column1) FROM '{file}'")).await,
        3
    );
    for sql in [
        "EXPLAIN INSERT INTO t VALUES (5, 'five')".to_owned(),
        format!("EXPLAIN COPY t TO '{folder}/t.parquet'"),
    ] {
        let plan = table(&session, &sql).await;
        assert!(plan.contains("HerringboneSink"), "{plan}");
    }
    let plan = table(&session, &format!("EXPLAIN COPY t TO '{folder}/t.csv'")).await;
    assert!(!plan.contains("HerringboneSink"), "{plan}");
}

#[tokio::test]
async fn the_plan_tells_what_a_write_did() {
    let (session, folder) = (session(), tempdir().unwrap());
    Made::register(&session, "rows", 4, |batch| Ok(wide(3, 1000, batch as i64)));
    let file = format!("{}/rows.parquet", folder.path().display());
    let plan = table(&session, &format!("EXPLAIN ANALYZE COPY rows TO '{file}'")).await;
    let bytes = std::fs::metadata(&file).unwrap().len();
    for figure in [
        "rows_written=4.0",
        "files_written=1",
        "elapsed_compute=",
        "upload_time=",
        "pages_cut_early=0",
    ] {
        assert!(plan.contains(figure), "{figure} is not in {plan}");
    }
    assert!(plan.contains("bytes_written=") && bytes > 0, "{plan}");
}
