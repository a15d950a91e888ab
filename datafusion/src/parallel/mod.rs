//! Writes by several streams at once, each into files of its own.
//!
//! DataFusion leads all rows of a write through one stream. Here each partition of the input is written where it is, by
//! [`HerringboneWriteExec`], whose rows are the files that it has made; [`HerringboneCountExec`] adds them up to the one
//! row that a write gives. All partitions share the memory and the spill directories of the one write that they are, and
//! it fails as one: when a partition fails, the files of the others go as well.

mod attempt;
mod count;
mod results;
mod write;

use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;

use crate::sink::HerringboneSink;

pub use count::HerringboneCountExec;
pub use write::HerringboneWriteExec;

/// The plan that writes every partition of `input` to files of `sink`, and gives the number of rows.
pub(crate) fn write_by_partition(
    input: Arc<dyn ExecutionPlan>,
    sink: HerringboneSink,
) -> Arc<dyn ExecutionPlan> {
    let sink = Arc::new(sink);
    let write = HerringboneWriteExec::new(input, Arc::clone(&sink));
    let files = Arc::new(CoalescePartitionsExec::new(Arc::new(write)));
    Arc::new(HerringboneCountExec::new(files, sink))
}

/// The one child that a node of a write has.
fn only(mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
    match (children.pop(), children.is_empty()) {
        (Some(child), true) => Ok(child),
        _ => Err(DataFusionError::Internal(
            "a write has one input, no more and no less".to_owned(),
        )),
    }
}
