//! A write that does not come to its end leaves nothing.

use std::time::Duration;

use datafusion::error::DataFusionError;
use tempfile::tempdir;

use crate::support::{Made, files, run, session, wide};

fn broken(batch: usize) -> datafusion::error::Result<datafusion::arrow::array::RecordBatch> {
    if batch == 30 {
        return Err(DataFusionError::Execution("the rows end here".to_owned()));
    }
    Ok(wide(6, 1000, batch as i64))
}

#[tokio::test]
async fn an_error_of_the_rows_is_told_and_leaves_no_file() {
    let (session, folder) = (session(), tempdir().unwrap());
    Made::register(&session, "rows", 40, broken);
    let path = folder.path().display();
    run(
        &session,
        "SET datafusion.execution.soft_max_rows_per_output_file = 2000",
    )
    .await
    .unwrap();
    for copy in [
        format!("COPY rows TO '{path}/one.parquet'"),
        format!("COPY rows TO '{path}/' STORED AS PARQUET"),
        format!(
            "COPY (SELECT *, c0 % 5 AS k FROM rows) TO '{path}/' STORED AS PARQUET PARTITIONED BY (k)"
        ),
    ] {
        let error = run(&session, &copy).await.unwrap_err();
        assert!(error.to_string().contains("the rows end here"), "{error}");
        assert_eq!(
            files(folder.path()),
            Vec::<std::path::PathBuf>::new(),
            "{copy}"
        );
    }
}

#[tokio::test]
async fn a_panic_of_the_rows_is_passed_on_and_leaves_no_file() {
    let (session, folder) = (session(), tempdir().unwrap());
    Made::register(&session, "rows", 40, |batch| {
        assert_ne!(batch, 30, "the rows panic here");
        Ok(wide(6, 1000, batch as i64))
    });
    run(
        &session,
        "SET datafusion.execution.soft_max_rows_per_output_file = 2000",
    )
    .await
    .unwrap();
    let copy = format!(
        "COPY rows TO '{}/' STORED AS PARQUET",
        folder.path().display()
    );
    let ended = tokio::spawn(async move { run(&session, &copy).await.map(|_| ()) }).await;
    assert!(!matches!(ended, Ok(Ok(()))), "{ended:?}");
    assert_eq!(files(folder.path()), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_query_that_is_dropped_leaves_no_file() {
    let (session, folder) = (session(), tempdir().unwrap());
    Made::register(&session, "rows", 100_000, |batch| {
        Ok(wide(6, 1000, batch as i64))
    });
    run(
        &session,
        "SET datafusion.execution.soft_max_rows_per_output_file = 2000",
    )
    .await
    .unwrap();
    let copy = format!(
        "COPY rows TO '{}/' STORED AS PARQUET",
        folder.path().display()
    );
    let write = run(&session, &copy);
    assert!(
        tokio::time::timeout(Duration::from_millis(700), write)
            .await
            .is_err()
    );
    // What it had finished is removed by a task, which takes a moment.
    for _ in 0..100 {
        if files(folder.path()).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", files(folder.path()));
}
