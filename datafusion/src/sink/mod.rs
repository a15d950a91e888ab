//! The sink: what DataFusion hands a query's rows to.

mod file;
mod files;
mod job;
mod keys;
mod overflow;
mod partitions;
mod pieces;
mod room;
mod rows;
mod timed;
mod window;
mod write;

use std::fmt;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::config::TableParquetOptions;
use datafusion::datasource::file_format::write::get_writer_schema;
use datafusion::datasource::physical_plan::parquet::ParquetSink;
use datafusion::datasource::physical_plan::{FileSink, FileSinkConfig};
use datafusion::datasource::sink::DataSink;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::LexRequirement;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType};
use herringbone::file::metadata::{ParquetMetaData, SortingColumn};
use object_store::path::Path;

use crate::config::HerringboneOptions;
use crate::leftovers;
use crate::progress::{Counters, WriteProgress};
use crate::resources::WriteResources;
use crate::sorting::sorting_columns;
use job::Job;

/// Writes a query's rows to Parquet files of an object store.
pub struct HerringboneSink {
    config: FileSinkConfig,
    options: TableParquetOptions,
    sorting: Option<Vec<SortingColumn>>,
    names: Option<FileNames>,
    written: Mutex<Vec<WrittenFile>>,
    progress: Arc<Counters>,
    metrics: ExecutionPlanMetricsSet,
}

/// A file that a write has made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WrittenFile {
    /// Where it is in its object store.
    pub path: Path,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// The entity tag that the store gave it.
    pub e_tag: Option<String>,
    /// The version that the store gave it.
    pub version: Option<String>,
    /// What the footer says, as much of it as the writer returns under a memory limit: all of its row groups as long as
    /// their metadata takes no more than a sixteenth of that, and none otherwise.
    pub metadata: Arc<ParquetMetaData>,
}

/// How the files of a write in a folder are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileNames {
    /// Sixteen random letters and digits, and the number of the file.
    Random,
    /// This prefix, and the number of the file. The same write done again replaces its files.
    Prefix(String),
    /// This prefix, which no other write has, and the number of the file.
    Unique(String),
    /// This prefix, which all attempts at one write have and nothing else, and the number of the file. The one that
    /// comes to its end replaces the files of the others, and removes what they have left besides.
    Attempts(String),
}

impl HerringboneSink {
    /// A sink for files as `config` describes them, with the settings `options`.
    pub fn new(config: FileSinkConfig, options: TableParquetOptions) -> Self {
        Self {
            config,
            options,
            sorting: None,
            names: None,
            written: Mutex::default(),
            progress: Arc::default(),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// A sink that writes what `stock` would have written, rows in `order`.
    pub fn in_place_of(stock: &ParquetSink, order: Option<&LexRequirement>) -> Self {
        Self::new(stock.config().clone(), stock.parquet_options().clone()).with_order(order)
    }

    /// States in the files that their rows come in `order`, as far as a file can state that.
    #[must_use]
    pub fn with_order(mut self, order: Option<&LexRequirement>) -> Self {
        let written = get_writer_schema(&self.config);
        self.sorting = sorting_columns(order, self.config.output_schema(), &written);
        self
    }

    /// Gives the files of [`write_all`](DataSink::write_all) other names than the session says.
    #[must_use]
    pub fn with_names(mut self, names: FileNames) -> Self {
        self.names = Some(names);
        self
    }

    /// Where and what it writes.
    pub fn config(&self) -> &FileSinkConfig {
        &self.config
    }

    /// The settings for Parquet.
    pub fn parquet_options(&self) -> &TableParquetOptions {
        &self.options
    }

    /// The files that it has made, once the write is done.
    pub fn written(&self) -> Vec<WrittenFile> {
        self.written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How far it has come.
    pub fn progress(&self) -> WriteProgress {
        self.progress.now()
    }

    /// Writes `rows` with `resources`, which other writes may share, into files named by `names`. Returns the number of
    /// rows. When the future is dropped the write ends as one that failed: uploads are aborted, and files that were
    /// finished are removed unless they have names of the caller's.
    ///
    /// # Errors
    /// If the rows cannot be had, a value does not fit its column, or the object store or a spill directory fails.
    pub async fn write(
        &self,
        rows: SendableRecordBatchStream,
        context: &Arc<TaskContext>,
        resources: &WriteResources,
        names: FileNames,
    ) -> Result<u64> {
        let attempts = match &names {
            FileNames::Attempts(prefix) => Some(prefix.clone()),
            _ => None,
        };
        let job = Job::new(self, context, resources, names)?;
        let files = write::write(job, rows).await?;
        if let Some(prefix) = attempts {
            let written = files.iter().map(|file| file.path.clone()).collect();
            leftovers::remove(&self.config, context, &prefix, &written).await?;
        }
        let count = files.iter().map(|file| file.rows).sum();
        self.note_written(files);
        Ok(count)
    }

    /// Writes `rows` of one partition, as one of several writes that share `resources`: to one file at a time.
    pub(crate) async fn write_partition(
        &self,
        rows: SendableRecordBatchStream,
        context: &Arc<TaskContext>,
        resources: &WriteResources,
        names: FileNames,
    ) -> Result<Vec<WrittenFile>> {
        let job = Job::new(self, context, resources, names)?.with_files_in_turn();
        let files = write::write(job, rows).await?;
        self.note_written(files.clone());
        Ok(files)
    }

    fn note_written(&self, files: Vec<WrittenFile>) {
        self.written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(files);
    }
}

#[async_trait]
impl DataSink for HerringboneSink {
    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn schema(&self) -> &SchemaRef {
        self.config.output_schema()
    }

    async fn write_all(
        &self,
        data: SendableRecordBatchStream,
        context: &Arc<TaskContext>,
    ) -> Result<u64> {
        let options = HerringboneOptions::of(context.session_config().options());
        let names = match (options.file_prefix, &self.names) {
            (prefix, _) if !prefix.is_empty() => FileNames::Prefix(prefix),
            (_, Some(names)) => names.clone(),
            (_, None) => FileNames::Random,
        };
        let resources = WriteResources::new(context)?;
        self.write(data, context, &resources, names).await
    }
}

impl DisplayAs for HerringboneSink {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match t {
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(f, "HerringboneSink(path={})", self.config.original_url)
            }
            DisplayFormatType::TreeRender => write!(f, "path={}", self.config.original_url),
        }
    }
}

impl fmt::Debug for HerringboneSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HerringboneSink")
            .field("url", &self.config.original_url)
            .finish_non_exhaustive()
    }
}
