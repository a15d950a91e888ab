//! Writes that go as they should.

use ballista_core::extension::SessionConfigExt;
use datafusion::prelude::SessionConfig;
use herringbone_ballista::session_config;
use herringbone_datafusion::HerringboneOptions;
use tempfile::TempDir;

use crate::support::{
    Spreads, add_table, assert_each_once, assert_named, client, connect, files, in_time, names,
    run_executor, spread_writes, start_executor, start_scheduler, url, write,
};

#[tokio::test(flavor = "multi_thread")]
async fn executors_write_with_herringbone_where_nobody_else_knows_of_it() {
    let folder = TempDir::new().unwrap();
    let scheduler = start_scheduler(Spreads::No).await;
    tokio::spawn(run_executor(scheduler, with_prefix, None, None));
    let context = connect(scheduler, SessionConfig::new_with_ballista(), 3).await;
    add_table(&context, folder.path(), 3, 200).await;
    let out = folder.path().join("out");
    let copy = format!("COPY t TO '{}' STORED AS PARQUET", url(&out));
    assert_eq!(in_time(write(&context, &copy)).await.unwrap(), 600);
    assert_each_once(&out, 600);
    assert_named(&out, "ours_");
}

/// What an executor takes for its own where a client says nothing.
fn with_prefix() -> SessionConfig {
    let options = HerringboneOptions {
        file_prefix: "ours".to_owned(),
        ..HerringboneOptions::default()
    };
    options.register_in(session_config())
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_reach_executors() {
    let folder = TempDir::new().unwrap();
    let scheduler = start_scheduler(Spreads::Yes).await;
    start_executor(scheduler);
    let context = client(scheduler, folder.path(), 2, 100).await;
    let out = folder.path().join("out");
    let set = "SET herringbone.file_prefix = 'mine'";
    context.sql(set).await.unwrap().collect().await.unwrap();
    let copy = format!("COPY t TO '{}' STORED AS PARQUET", url(&out));
    in_time(write(&context, &copy)).await.unwrap();
    assert_each_once(&out, 200);
    assert_named(&out, "mine_");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_partition_is_written_by_a_task_of_its_own() {
    let folder = TempDir::new().unwrap();
    let scheduler = start_scheduler(Spreads::Yes).await;
    start_executor(scheduler);
    start_executor(scheduler);
    let context = client(scheduler, folder.path(), 4, 100).await;
    spread_writes(&context).await;
    for adaptive in [true, false] {
        let out = folder.path().join(format!("out_{adaptive}"));
        let set = format!("SET ballista.planner.adaptive.enabled = {adaptive}");
        context.sql(&set).await.unwrap().collect().await.unwrap();
        let copy = format!("COPY t TO '{}' STORED AS PARQUET", url(&out));
        let rows = in_time(write(&context, &copy)).await.unwrap();
        assert_eq!(rows, 400);
        assert_each_once(&out, 400);
        let mut ends: Vec<String> = names(&out).iter().map(|name| without_job(name)).collect();
        ends.sort();
        assert_eq!(
            ends,
            ["0_0.parquet", "1_0.parquet", "2_0.parquet", "3_0.parquet"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_written_to_folders_by_all_tasks_and_joins_before_them() {
    let folder = TempDir::new().unwrap();
    let scheduler = start_scheduler(Spreads::Yes).await;
    start_executor(scheduler);
    start_executor(scheduler);
    let context = client(scheduler, folder.path(), 3, 100).await;
    spread_writes(&context).await;
    let out = folder.path().join("out");
    let copy = format!(
        "COPY (SELECT a.id, b.text, a.part FROM t a JOIN t b ON a.id = b.id) TO '{}'
         STORED AS PARQUET PARTITIONED BY (part)",
        url(&out)
    );
    let rows = in_time(write(&context, &copy)).await.unwrap();
    assert_eq!(rows, 300);
    assert_each_once(&out, 300);
    // With one stream there would be no number of a partition.
    assert!(names(&out).iter().all(|name| name.contains('_')));
    let folders: Vec<_> = files(&out)
        .iter()
        .map(|file| file.parent().unwrap().file_name().unwrap().to_owned())
        .collect();
    for part in ["part=p0", "part=p1", "part=p2"] {
        assert!(folders.iter().any(|folder| folder == part), "{folders:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_and_a_single_file_stay_with_one_task() {
    let folder = TempDir::new().unwrap();
    let scheduler = start_scheduler(Spreads::Yes).await;
    start_executor(scheduler);
    let context = client(scheduler, folder.path(), 3, 100).await;
    spread_writes(&context).await;
    let single = folder.path().join("single.parquet");
    let copy = format!("COPY t TO 'file://{}'", single.display());
    assert_eq!(in_time(write(&context, &copy)).await.unwrap(), 300);
    assert!(single.is_file());

    let out = folder.path().join("out");
    let copy = format!(
        "COPY (SELECT * FROM t ORDER BY id DESC) TO '{}' STORED AS PARQUET",
        url(&out)
    );
    assert_eq!(in_time(write(&context, &copy)).await.unwrap(), 300);
    assert_each_once(&out, 300);
    let nothing = folder.path().join("nothing");
    let copy = format!(
        "COPY (SELECT * FROM t WHERE id < 0) TO '{}' STORED AS PARQUET",
        url(&nothing)
    );
    assert_eq!(in_time(write(&context, &copy)).await.unwrap(), 0);
    assert_eq!(files(&nothing).len(), 0);
}

/// The name of a file without the job that has made it.
fn without_job(name: &str) -> String {
    name.split_once('_').unwrap().1.to_owned()
}
