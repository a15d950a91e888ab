//! The rule that puts this package's sink in the place of DataFusion's.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::config::{ConfigOptions, TableParquetOptions};
use datafusion::datasource::physical_plan::parquet::ParquetSink;
use datafusion::datasource::sink::DataSinkExec;
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;

use crate::sink::HerringboneSink;

/// Makes every write of Parquet in a plan one by a [`HerringboneSink`]: `COPY TO`, `INSERT INTO`, `DataFrame::write_parquet`
/// and whatever else puts a `ParquetSink` into a plan.
///
/// Writes that ask for what the writer has not, encryption and content-defined chunking, stay with DataFusion's sink.
#[derive(Debug, Clone, Default)]
pub struct HerringboneWrites {
    _private: (),
}

impl HerringboneWrites {
    /// The plan, with the sinks exchanged.
    ///
    /// # Errors
    /// If a setting of the session is none.
    pub fn rewrite(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_down(|node| exchange(node, config)).data()
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
    _config: &ConfigOptions,
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
