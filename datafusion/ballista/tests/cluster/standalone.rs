//! Scheduler and executor in the client's process.

use std::sync::Arc;

use ballista::prelude::SessionContextExt;
use ballista_core::extension::SessionConfigExt;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use herringbone_ballista::{HerringbonePlanner, session_config};
use herringbone_datafusion::HerringboneOptions;
use tempfile::TempDir;

use crate::support::{
    add_table, assert_each_once, assert_named, files, in_time, one_file_each, url, write,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_codec_alone_makes_tasks_write_with_herringbone() {
    let folder = TempDir::new().unwrap();
    let context = standalone(false).await;
    add_table(&context, folder.path(), 3, 100).await;
    let out = folder.path().join("out");
    let copy = format!("COPY t TO '{}' STORED AS PARQUET", url(&out));
    assert_eq!(in_time(write(&context, &copy)).await.unwrap(), 300);
    assert_each_once(&out, 300);
    assert_named(&out, "same_");
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_do_not_know_their_numbers_never_write_the_same_file() {
    let folder = TempDir::new().unwrap();
    let context = standalone(true).await;
    add_table(&context, folder.path(), 4, 100).await;
    let out = folder.path().join("out");
    let copy = format!("COPY t TO '{}' STORED AS PARQUET", url(&out));
    assert_eq!(in_time(write(&context, &copy)).await.unwrap(), 400);
    assert_each_once(&out, 400);
    // A task that comes early may read the part of another, which then writes nothing.
    let files = files(&out).len();
    assert!((2..=4).contains(&files), "{files} files");
}

/// A cluster in this process, with a prefix for file names that all tasks know.
async fn standalone(partition_parallel: bool) -> SessionContext {
    let options = HerringboneOptions {
        partition_parallel,
        file_prefix: "same".to_owned(),
        ..HerringboneOptions::default()
    };
    let config = options.register_in(session_config());
    let config = one_file_each(config, 4).with_ballista_standalone_parallelism(2);
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_query_planner(Arc::new(HerringbonePlanner::default()))
        .build();
    SessionContext::standalone_with_state(state).await.unwrap()
}
