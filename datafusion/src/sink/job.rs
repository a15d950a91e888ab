//! What holds for every file of a write.

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::datasource::file_format::write::get_writer_schema;
use datafusion::datasource::physical_plan::FileSinkConfig;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::metrics::{
    Count, ExecutionPlanMetricsSet, MetricBuilder, SpillMetrics, Time,
};
use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::arrow_writer::{
    ArrowWriterOptions, Executor, Job as Work, OnSpillLimit, Parallelism,
};
use herringbone::file::properties::WriterProperties;
use herringbone::object_store::ObjectStoreSink;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use rand::distr::{Alphanumeric, SampleString};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::room::{InFlight, open_files};
use super::timed::TimedSink;
use super::{FileNames, HerringboneSink};
use crate::bridge::Bridge;
use crate::config::HerringboneOptions;
use crate::errors::engine_error;
use crate::progress::Counters;
use crate::properties::writer_properties;
use crate::resources::WriteResources;

/// Most stores take no smaller part, but for the last.
const LEAST_PART: usize = 5 << 20;

/// Parts that the memory of a write has room for, at the least.
const PARTS_IN_MEMORY: usize = 8;

/// The writer of one file.
pub(super) type Writer = AsyncArrowWriter<TimedSink>;

/// A write, before it has begun.
pub(super) struct Job {
    pub(super) config: FileSinkConfig,
    pub(super) bridge: Bridge,
    pub(super) resources: WriteResources,
    pub(super) runtime: Arc<RuntimeEnv>,
    pub(super) limits: Limits,
    pub(super) figures: Figures,
    pub(super) progress: Arc<Counters>,
    /// The way of rows to the files.
    pub(super) in_flight: InFlight,
    /// Encoders that may work at once.
    pub(super) turns: Arc<Semaphore>,
    pub(super) store: Arc<dyn ObjectStore>,
    metrics: ExecutionPlanMetricsSet,
    properties: WriterProperties,
    skip_arrow_metadata: bool,
    part_size: usize,
    parts_in_flight: usize,
    /// The beginning of all names in a folder.
    base: String,
    /// Whether the files are this write's alone, so that it may remove them when it fails.
    owns_names: bool,
}

/// How many files there are, and how large.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) is_single_file: bool,
    pub(super) files_at_once: usize,
    /// Files that may be finishing beside those.
    pub(super) files_finishing: usize,
    pub(super) most_rows_of_file: usize,
    pub(super) batches_ahead: usize,
    pub(super) threads: usize,
    pub(super) files_in_memory: usize,
    /// Files with rows of a partition each; `None` for what the memory has room for.
    pub(super) open_files: Option<NonZeroUsize>,
}

/// What a plan shows of the write.
#[derive(Clone)]
pub(super) struct Figures {
    pub(super) rows: Count,
    pub(super) bytes: Count,
    pub(super) files: Count,
    pub(super) encode_time: Time,
    pub(super) upload_time: Time,
    pub(super) spilled_bytes: Count,
    pub(super) pages_cut_early: Count,
    pub(super) row_groups_flushed_early: Count,
}

impl Job {
    pub(super) fn new(
        sink: &HerringboneSink,
        context: &Arc<TaskContext>,
        resources: &WriteResources,
        names: FileNames,
    ) -> Result<Self> {
        let config = sink.config.clone();
        let session = context.session_config().options();
        let options = HerringboneOptions::of(session);
        let schema = get_writer_schema(&config);
        let properties = writer_properties(&sink.options, &schema, sink.sorting.clone())?;
        let store = context
            .runtime_env()
            .object_store(&config.object_store_url)?;
        let budget = &resources.budget;
        let limits = limits(
            &config,
            context,
            open_files(resources.share(), schema.fields()),
        );
        let (base, owns_names) = match names {
            FileNames::Random => (Alphanumeric.sample_string(&mut rand::rng(), 16), true),
            FileNames::Unique(prefix) => (prefix, true),
            FileNames::Prefix(prefix) | FileNames::Attempts(prefix) => (prefix, false),
        };
        Ok(Self {
            bridge: Bridge::new(&schema)?,
            resources: resources.clone(),
            runtime: context.runtime_env(),
            in_flight: InFlight::new(budget, limits.threads),
            turns: Arc::new(Semaphore::new(limits.threads)),
            limits,
            figures: Figures::new(&sink.metrics),
            metrics: sink.metrics.clone(),
            progress: Arc::clone(&sink.progress),
            store,
            properties,
            skip_arrow_metadata: sink.options.global.skip_arrow_metadata,
            part_size: part_size(
                session.execution.objectstore_writer_buffer_size,
                resources.budget.limit(),
            ),
            parts_in_flight: options.parts_in_flight,
            base,
            owns_names,
            config,
        })
    }

    /// With one file after the other, where several would be written at once.
    pub(super) fn with_files_in_turn(mut self) -> Self {
        self.limits.files_at_once = 1;
        self
    }

    /// Bytes at which a row group ends, if the settings say so.
    pub(super) fn most_bytes_of_row_group(&self) -> Option<usize> {
        self.properties.max_row_group_bytes()
    }

    /// The path of the `number`th file of the write, without partition columns.
    pub(super) fn path(&self, number: usize) -> Result<Path> {
        let table = self.table()?;
        if self.limits.is_single_file {
            return Ok(table);
        }
        let extension = &self.config.file_extension;
        Ok(table.join(format!("{}_{number}.{extension}", self.base)))
    }

    /// The path of the `number`th file with rows of the partition whose folders are `folders`.
    pub(super) fn path_of_partition(&self, folders: &[String], number: usize) -> Result<Path> {
        let folder = folders
            .iter()
            .fold(self.table()?, |path, folder| path.join(folder.as_str()));
        let extension = &self.config.file_extension;
        let name = match number {
            0 => format!("{}.{extension}", self.base),
            _ => format!("{}_{number}.{extension}", self.base),
        };
        Ok(folder.join(name))
    }

    /// A writer of the file at `path`, which adds to `waited` the time that it waits for the store.
    pub(super) fn open(&self, path: Path, waited: Time) -> Result<Writer> {
        let sink = ObjectStoreSink::new_13(Arc::clone(&self.store), path)
            .with_part_size(self.part_size)
            .with_parts_in_flight(self.parts_in_flight)
            .with_runtime(Handle::current());
        let sink = TimedSink::new(sink, waited, Arc::clone(&self.progress));
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties.clone())
            .with_skip_arrow_metadata(self.skip_arrow_metadata)
            .with_page_store_factory(Arc::clone(&self.resources.spill.stores))
            .with_memory_budget(self.resources.budget.clone())
            .with_on_spill_limit(OnSpillLimit::FlushRowGroup)
            .with_parallelism(self.parallelism());
        let schema = Arc::clone(self.bridge.schema());
        let writer = AsyncArrowWriter::try_new_with_options(sink, schema, options);
        Ok(writer
            .map_err(engine_error)?
            .with_runtime(Handle::current()))
    }

    /// Removes a file of a write that has failed, unless it has a name that another attempt may have given it.
    pub(super) async fn remove(&self, path: &Path) {
        if self.owns_names && !self.limits.is_single_file {
            // What cannot be removed stays; the write has failed for another reason.
            let _ = self.store.delete(path).await;
        }
    }

    /// Where rows that wait for their partition are counted.
    pub(super) fn spill_metrics(&self) -> SpillMetrics {
        SpillMetrics::new(&self.metrics, 0)
    }

    /// Threads for one file: all there are if it is the only one, and one where files are encoded beside each other.
    fn parallelism(&self) -> Parallelism {
        let threads = self.limits.threads;
        if !self.limits.is_single_file || threads < 2 {
            return Parallelism::Off;
        }
        Parallelism::Executor {
            executor: Arc::new(BlockingThreads(Handle::current())),
            threads,
        }
    }

    fn table(&self) -> Result<Path> {
        let table = self.config.table_paths.first();
        let table = table.ok_or_else(|| {
            DataFusionError::Internal("a write of Parquet has no path to write to".to_owned())
        })?;
        Ok(table.prefix().clone())
    }
}

impl Figures {
    fn new(metrics: &ExecutionPlanMetricsSet) -> Self {
        let count = |name: &'static str| MetricBuilder::new(metrics).global_counter(name);
        Self {
            rows: count("rows_written"),
            bytes: count("bytes_written"),
            files: count("files_written"),
            encode_time: MetricBuilder::new(metrics).elapsed_compute(0),
            upload_time: MetricBuilder::new(metrics).subset_time("upload_time", 0),
            spilled_bytes: MetricBuilder::new(metrics).spilled_bytes(0),
            pages_cut_early: count("pages_cut_early"),
            row_groups_flushed_early: count("row_groups_flushed_early"),
        }
    }
}

/// The runtime's threads for blocking work, as those of an encoder.
#[derive(Debug)]
struct BlockingThreads(Handle);

impl Executor for BlockingThreads {
    fn spawn(&self, work: Work) {
        self.0.spawn_blocking(work);
    }
}

/// The size of a file's first parts: what the session wants for buffers of uploads, and in little memory less, as far as
/// stores take it.
fn part_size(wanted: usize, limit: Option<usize>) -> usize {
    let most = limit.map_or(usize::MAX, |limit| limit / PARTS_IN_MEMORY);
    wanted.min(most.max(LEAST_PART))
}

/// Limits of a write by a session that has memory for so many open files.
fn limits(config: &FileSinkConfig, context: &TaskContext, files_in_memory: usize) -> Limits {
    let session = context.session_config();
    let execution = &session.options().execution;
    let options = HerringboneOptions::of(session.options());
    let is_partitioned = !config.table_partition_cols.is_empty();
    let is_single_file = !is_partitioned
        && config
            .table_paths
            .first()
            .is_some_and(|path| config.file_output_mode.single_file_output(path));
    let files_at_once = if is_single_file {
        1
    } else {
        let wanted = execution.minimum_parallel_output_files.get();
        wanted.min(files_in_memory)
    };
    let threads = session.target_partitions().max(1);
    let buffered = execution.max_buffered_batches_per_output_file.get();
    Limits {
        is_single_file,
        files_at_once,
        files_finishing: files_at_once.min(files_in_memory - files_at_once),
        files_in_memory,
        most_rows_of_file: if is_single_file {
            usize::MAX
        } else {
            execution.soft_max_rows_per_output_file.get()
        },
        batches_ahead: buffered.div_ceil(2),
        threads,
        open_files: NonZeroUsize::new(options.max_open_files),
    }
}
