//! The rule that puts this package's sink in the place of DataFusion's.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::{ConfigOptions, TableParquetOptions};
use datafusion::datasource::physical_plan::FileSinkConfig;
use datafusion::datasource::physical_plan::parquet::ParquetSink;
use datafusion::datasource::sink::DataSinkExec;
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;

use crate::config::HerringboneOptions;
use crate::parallel::write_by_partition;
use crate::sink::HerringboneSink;

/// Makes every write of Parquet in a plan one by a [`HerringboneSink`]: `COPY TO`, `INSERT INTO`, `DataFrame::write_parquet`
/// and whatever else puts a `ParquetSink` into a plan.
///
/// Writes that ask for what the writer has not, encryption and content-defined chunking, stay with DataFusion's sink.
///
/// With the setting `herringbone.partition_parallel` a write in a folder that asks for no order is one by a
/// [`HerringboneWriteExec`](crate::HerringboneWriteExec) for each partition.
#[derive(Debug, Clone, Default)]
pub struct HerringboneWrites {
    streams: Streams,
}

/// The streams that a write may have.
#[derive(Debug, Clone, Copy, Default)]
enum Streams {
    /// One, or one for each partition that the plan brings together for it, as the session says.
    #[default]
    AsGathered,
    /// One for each partition, if the session says so, in a plan that gathers none yet.
    BeforeGathering,
    /// One.
    One,
}

impl HerringboneWrites {
    /// The rule for plans in which inputs have not been given their distribution yet, so that a write still stands on
    /// its partitions. For planners that see to the distribution afterwards.
    pub fn before_distribution() -> Self {
        Self {
            streams: Streams::BeforeGathering,
        }
    }

    /// The rule that leaves each write its one stream, whatever the session says. For the parts of a plan that was made
    /// elsewhere.
    pub fn in_one_stream() -> Self {
        Self {
            streams: Streams::One,
        }
    }

    /// The plan, with the sinks exchanged.
    ///
    /// # Errors
    /// If a setting of the session is none.
    pub fn rewrite(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let streams = match HerringboneOptions::of(config).partition_parallel {
            true => self.streams,
            false => Streams::One,
        };
        plan.transform_down(|node| exchange(node, streams)).data()
    }
}

impl PhysicalOptimizerRule for HerringboneWrites {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.rewrite(plan, config)
    }

    fn name(&self) -> &str {
        "HerringboneWrites"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The node, with this package's sink if it is a write of Parquet that the writer can do.
fn exchange(
    node: Arc<dyn ExecutionPlan>,
    streams: Streams,
) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let Some(write) = node.downcast_ref::<DataSinkExec>() else {
        return Ok(Transformed::no(node));
    };
    let Some(stock) = write.sink().downcast_ref::<ParquetSink>() else {
        return Ok(Transformed::no(node));
    };
    if !can_write(stock.parquet_options()) {
        return Ok(Transformed::no(node));
    }
    let order = write.sort_order().clone();
    let sink = HerringboneSink::in_place_of(stock, order.as_ref());
    if let Some(partitions) = partitions(write, sink.config(), streams) {
        return Ok(Transformed::yes(write_by_partition(partitions, sink)));
    }
    let write = DataSinkExec::new(Arc::clone(write.input()), Arc::new(sink), order);
    Ok(Transformed::yes(Arc::new(write)))
}

/// Whether the writer has all that the options ask for.
fn can_write(options: &TableParquetOptions) -> bool {
    let crypto = &options.crypto;
    crypto.file_encryption.is_none()
        && crypto.factory_id.is_none()
        && !options.global.content_defined_chunking.enabled
}

/// The input whose partitions can be written each for itself, if the write has such.
fn partitions(
    write: &DataSinkExec,
    config: &FileSinkConfig,
    streams: Streams,
) -> Option<Arc<dyn ExecutionPlan>> {
    if write.sort_order().is_some() || is_single_file(config) {
        return None;
    }
    let input = write.input();
    // A limit is for all partitions together.
    let gathering = input.downcast_ref::<CoalescePartitionsExec>();
    let gathering = gathering.filter(|gathering| gathering.fetch().is_none());
    match (streams, gathering) {
        (Streams::One, _) | (Streams::AsGathered, None) => None,
        (_, Some(gathering)) => Some(Arc::clone(gathering.input())),
        (Streams::BeforeGathering, None) => Some(Arc::clone(input)),
    }
}

fn is_single_file(config: &FileSinkConfig) -> bool {
    let mut tables = config.table_paths.iter();
    config.table_partition_cols.is_empty()
        && tables.any(|table| config.file_output_mode.single_file_output(table))
}
