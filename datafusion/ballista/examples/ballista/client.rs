//! The query.

use std::fmt;
use std::time::{Duration, Instant};

use ballista::prelude::SessionContextExt;
use ballista_core::extension::SessionConfigExt;
use datafusion::arrow::array::UInt64Array;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::TryStreamExt;
use herringbone_ballista::session_config;
use herringbone_datafusion::HerringboneOptions;
use url::Url;

use crate::services::register;
use crate::{Result, Tables, Target};

/// What was written, and in which time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) rows: u64,
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    pub(crate) time: Duration,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, files) = (self.rows, self.files);
        let megabytes = self.bytes / 1_000_000;
        let seconds = self.time.as_secs_f64();
        write!(
            f,
            "{rows} rows in {files} files of {megabytes} MB together, {seconds:.2} s"
        )
    }
}

/// Has the join written by the cluster of `scheduler`.
pub(crate) async fn run(scheduler: u16, tables: &Tables, target: &Target) -> Result<Outcome> {
    let to = target.to.clone().ok_or("--to says where to write")?;
    let options = HerringboneOptions {
        partition_parallel: true,
        ..HerringboneOptions::default()
    };
    let config = options
        .register_in(session_config())
        .with_target_partitions(tables.partitions)
        // A task for each file that is read and for each partition of the join, however small they are.
        .with_repartition_file_scans(false)
        .with_ballista_coalesce_enabled(false);
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .build();
    register(state.runtime_env(), target)?;
    let address = format!("df://127.0.0.1:{scheduler}");
    let session = SessionContext::remote_with_state(&address, state).await?;
    for table in ["lineitem", "orders"] {
        let path = tables.folder.join(table);
        let path = format!("file://{}/", path.display());
        let options = ParquetReadOptions::default();
        session.register_parquet(table, &path, options).await?;
    }
    let before = written(&session, &to).await?;
    let copy = format!(
        "COPY (SELECT l.*, o_custkey, o_orderstatus, o_totalprice, o_orderdate, o_orderpriority, o_clerk
               FROM lineitem l JOIN orders o ON l_orderkey = o_orderkey)
         TO '{to}' STORED AS PARQUET"
    );
    let begin = Instant::now();
    let counts = session.sql(&copy).await?.collect().await?;
    let time = begin.elapsed();
    let rows = counts.iter().filter_map(|batch| {
        let counts = batch.column(0).as_any().downcast_ref::<UInt64Array>()?;
        Some(counts.values().iter().sum::<u64>())
    });
    let after = written(&session, &to).await?;
    Ok(Outcome {
        rows: rows.sum(),
        files: after.0 - before.0,
        bytes: after.1 - before.1,
        time,
    })
}

/// How many files there are, and their bytes.
async fn written(session: &SessionContext, to: &Url) -> Result<(usize, u64)> {
    let folder = ListingTableUrl::parse(to)?;
    let store = session.runtime_env().object_store(&folder)?;
    let mut files = store.list(Some(folder.prefix()));
    let (mut number, mut bytes) = (0, 0);
    while let Some(file) = files.try_next().await? {
        number += 1;
        bytes += file.size;
    }
    Ok((number, bytes))
}
