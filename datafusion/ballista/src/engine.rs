//! Executors write with Herringbone.

use std::sync::Arc;

use ballista_core::JobId;
use ballista_executor::execution_engine::{
    DefaultExecutionEngine, ExecutionEngine, QueryStageExecutor,
};
use datafusion::datasource::sink::DataSinkExec;
use datafusion::error::Result;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{
    ExecutionPlan, ExecutionPlanProperties, replace_children_if_necessary,
};
use datafusion::prelude::SessionConfig;
use herringbone_datafusion::{
    FileNames, HerringboneCountExec, HerringboneSink, HerringboneWriteExec, HerringboneWrites,
};

/// Writes Parquet with Herringbone, and leaves everything else to another engine: the `override_execution_engine` of an
/// executor. Nothing else in the cluster has to know of it.
///
/// Files are named by job and partition, so that a task which is tried again replaces those of its first attempt.
pub struct HerringboneEngine {
    engine: Arc<dyn ExecutionEngine>,
}

impl HerringboneEngine {
    /// An engine that hands its plans to `engine`.
    pub fn new(engine: Arc<dyn ExecutionEngine>) -> Self {
        Self { engine }
    }
}

impl Default for HerringboneEngine {
    /// On top of Ballista's engine, which does not keep connections to other executors unless it is made with
    /// `DefaultExecutionEngine::with_client_pool`.
    fn default() -> Self {
        Self::new(Arc::new(DefaultExecutionEngine::new()))
    }
}

impl ExecutionEngine for HerringboneEngine {
    fn create_query_stage_exec(
        &self,
        job_id: JobId,
        stage_id: usize,
        task_id: usize,
        global_output_partition_ids: Vec<usize>,
        plan: Arc<dyn ExecutionPlan>,
        work_dir: &str,
        config: &SessionConfig,
    ) -> Result<Arc<dyn QueryStageExecutor>> {
        let plan = HerringboneWrites::in_one_stream().rewrite(plan, config.options())?;
        let prefix = file_prefix(job_id.as_ref());
        let plan = name_files(plan, &prefix, Some(&global_output_partition_ids))?;
        self.engine.create_query_stage_exec(
            job_id,
            stage_id,
            task_id,
            global_output_partition_ids,
            plan,
            work_dir,
            config,
        )
    }
}

/// What the names of a job's files begin with.
fn file_prefix(job: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '-'
        }
    };
    job.chars().map(plain).collect()
}

/// Names the files of all writes in `plan`, whose partitions have `numbers` in the whole stage; `None` for a plan that is
/// whole itself.
fn name_files(
    plan: Arc<dyn ExecutionPlan>,
    prefix: &str,
    numbers: Option<&[usize]>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let is_gathered = plan.is::<CoalescePartitionsExec>() || plan.is::<SortPreservingMergeExec>();
    let numbers = numbers.filter(|_| !is_gathered);
    let children = plan.children().into_iter();
    let children = children
        .map(|child| name_files(Arc::clone(child), prefix, numbers))
        .collect::<Result<Vec<_>>>()?;
    let plan = replace_children_if_necessary(plan, children)?;
    if let Some(write) = plan.downcast_ref::<HerringboneWriteExec>() {
        let numbers = match numbers {
            Some(numbers) => numbers.to_vec(),
            None => (0..plan.output_partitioning().partition_count()).collect(),
        };
        return Ok(Arc::new(write.with_names(prefix.to_owned(), numbers)));
    }
    if let Some(count) = plan.downcast_ref::<HerringboneCountExec>() {
        return Ok(Arc::new(
            count.clone().replacing_attempts(prefix.to_owned()),
        ));
    }
    if let Some(write) = plan.downcast_ref::<DataSinkExec>()
        && let Some(sink) = write.sink().downcast_ref::<HerringboneSink>()
    {
        let order = write.sort_order().clone();
        let sink = HerringboneSink::new(sink.config().clone(), sink.parquet_options().clone())
            .with_order(order.as_ref())
            .with_names(FileNames::Attempts(prefix.to_owned()));
        let input = Arc::clone(write.input());
        return Ok(Arc::new(DataSinkExec::new(input, Arc::new(sink), order)));
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_have_no_folders_in_them() {
        assert_eq!(file_prefix("../job:7"), "---job-7");
    }
}
