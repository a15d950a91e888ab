//! The cases, and one run of each.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use datafusion::catalog::TableProvider;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use herringbone_datafusion::{HerringboneOptions, HerringboneWrites};
use parquet::file::reader::{FileReader, SerializedFileReader};
use tempfile::TempDir;

use crate::outcome::Outcome;
use crate::pool::WatchedPool;
use crate::server::files_below;
use crate::{Result, Shape, heap, tables, uploads};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    /// 400 columns, one file, one row group.
    Wide,
    /// A file for each of 2,000 partitions, rows in no order.
    Partitions,
    /// TPC-H's lineitem in memory into one file, without a limit.
    LineitemFile,
    /// TPC-H's lineitem in memory into a folder, without a limit.
    LineitemFolder,
    /// A query that is dropped while its files are uploaded to an S3 server.
    Cancelled,
}

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sink {
    /// The sink that DataFusion brings.
    Stock,
    /// This package's.
    Herringbone,
}

impl Case {
    /// What the table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Case::Wide => "400 columns, one file, one row group",
            Case::Partitions => "2,000 partitions, rows in no order",
            Case::LineitemFile => "lineitem, one file",
            Case::LineitemFolder => "lineitem, a folder",
            Case::Cancelled => "dropped while it uploads",
        }
    }

    /// Whether it is about time, so that one run is too few.
    pub(crate) fn is_timed(self) -> bool {
        matches!(self, Case::LineitemFile | Case::LineitemFolder)
    }
}

impl Sink {
    /// What the table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Sink::Stock => "DataFusion",
            Sink::Herringbone => "Herringbone",
        }
    }

    /// A session on `pool` that writes with it.
    pub(crate) fn session(self, pool: &Arc<WatchedPool>) -> Result<SessionContext> {
        let pool = Arc::clone(pool) as Arc<dyn MemoryPool>;
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build()?;
        let state = SessionStateBuilder::new()
            .with_default_features()
            .with_runtime_env(Arc::new(runtime));
        let config = SessionConfig::new();
        let state = match self {
            Sink::Stock => state.with_config(config),
            Sink::Herringbone => state
                .with_config(HerringboneOptions::default().register_in(config))
                .with_physical_optimizer_rule(Arc::new(HerringboneWrites::default())),
        };
        Ok(SessionContext::new_with_state(state.build()))
    }
}

/// Runs `case` once.
pub(crate) fn run(case: Case, sink: Sink, shape: &Shape) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let folder = tempfile::tempdir_in(&shape.folder)?;
    let limit = shape.pool << 20;
    runtime.block_on(async {
        let one_row_group = format!(
            "SET datafusion.execution.parquet.max_row_group_size = {}",
            2 * tables::WIDE_ROWS
        );
        match case {
            Case::Wide => {
                let table = tables::wide(shape.scale)?;
                let copy = Copy::to_file(Some(limit)).with_setting(&one_row_group);
                copy.run(sink, table, &folder).await
            }
            Case::Partitions => {
                let table = tables::keyed(shape.scale)?;
                let copy = Copy::to_folder(Some(limit)).by("key");
                copy.run(sink, table, &folder).await
            }
            Case::LineitemFile => {
                let table = tables::lineitem(shape.scale)?;
                Copy::to_file(None).run(sink, table, &folder).await
            }
            Case::LineitemFolder => {
                let table = tables::lineitem(shape.scale)?;
                Copy::to_folder(None).run(sink, table, &folder).await
            }
            Case::Cancelled => uploads::cancelled(sink, limit).await,
        }
    })
}

/// A `COPY` of a table into a folder on this machine.
struct Copy {
    pool: Option<usize>,
    target: &'static str,
    clauses: String,
    settings: Vec<String>,
}

impl Copy {
    fn to_file(pool: Option<usize>) -> Self {
        Self {
            pool,
            target: "rows.parquet",
            clauses: String::new(),
            settings: Vec::new(),
        }
    }

    fn to_folder(pool: Option<usize>) -> Self {
        Self {
            pool,
            target: "",
            clauses: "STORED AS PARQUET".to_owned(),
            settings: Vec::new(),
        }
    }

    fn by(mut self, column: &str) -> Self {
        self.clauses += &format!(" PARTITIONED BY ({column})");
        self
    }

    fn with_setting(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    async fn run(
        self,
        sink: Sink,
        table: Arc<dyn TableProvider>,
        folder: &TempDir,
    ) -> Result<Outcome> {
        let pool = WatchedPool::new(self.pool);
        let session = sink.session(&pool)?;
        session.register_table("rows", table)?;
        for setting in &self.settings {
            session.sql(setting).await?.collect().await?;
        }
        let (path, target, clauses) = (folder.path().display(), self.target, &self.clauses);
        let copy = format!("COPY rows TO '{path}/{target}' {clauses}");
        let before = heap::live();
        heap::take_peak();
        let begin = Instant::now();
        let end = match session.sql(&copy).await?.collect().await {
            Ok(_) => "done".to_owned(),
            Err(error) => first_words(&error.to_string()),
        };
        let seconds = begin.elapsed();
        let heap = heap::take_peak().saturating_sub(before);
        let outcome = Outcome {
            end,
            heap,
            pool: pool.peak(),
            ..Outcome::default()
        };
        look_at(folder.path(), outcome, seconds)
    }
}

/// The outcome, with the files in `folder`.
fn look_at(folder: &Path, mut outcome: Outcome, seconds: Duration) -> Result<Outcome> {
    outcome.seconds = seconds.as_secs_f64();
    for file in files_below(folder)? {
        let file = File::open(file)?;
        outcome.files += 1;
        outcome.bytes += file.metadata()?.len();
        let groups =
            SerializedFileReader::new(file).map_or(0, |reader| reader.metadata().num_row_groups());
        outcome.row_groups = outcome.row_groups.max(groups);
    }
    Ok(outcome)
}

/// The beginning of a message, up to where it goes into figures.
fn first_words(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut words: String = line.chars().take(90).collect();
    if words.len() < line.len() {
        words.push('…');
    }
    words.replace('|', "/")
}
