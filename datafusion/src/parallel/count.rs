//! Adds up what the partitions of a write have written.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{RecordBatch, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{EmissionType, EvaluationType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, Partitioning, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;
use object_store::path::Path;

use super::{only, results};
use crate::leftovers;
use crate::sink::HerringboneSink;

static COUNT: LazyLock<SchemaRef> = LazyLock::new(|| {
    let count = Field::new("count", DataType::UInt64, false);
    Arc::new(Schema::new(vec![count]))
});

/// Gives the one row of a write, the number of rows that its partitions have written.
#[derive(Debug, Clone)]
pub struct HerringboneCountExec {
    input: Arc<dyn ExecutionPlan>,
    sink: Arc<HerringboneSink>,
    /// What the names of all attempts at this write begin with, and no others.
    attempts: Option<String>,
    properties: Arc<PlanProperties>,
}

impl HerringboneCountExec {
    /// Counts the rows of the files that `input`, a [`HerringboneWriteExec`](super::HerringboneWriteExec) brought to one
    /// partition, has written with `sink`.
    pub fn new(input: Arc<dyn ExecutionPlan>, sink: Arc<HerringboneSink>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&COUNT)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            input.boundedness(),
        )
        .with_evaluation_type(EvaluationType::Eager);
        Self {
            input,
            sink,
            attempts: None,
            properties: Arc::new(properties),
        }
    }

    /// Removes what failed attempts have left of files whose names begin with `prefix` and an underscore, once all
    /// partitions are written. Nothing but attempts at this write may have given files such names.
    #[must_use]
    pub fn replacing_attempts(mut self, prefix: String) -> Self {
        self.attempts = Some(prefix);
        self
    }

    /// What partitions write with.
    pub fn sink(&self) -> &Arc<HerringboneSink> {
        &self.sink
    }
}

impl ExecutionPlan for HerringboneCountExec {
    fn name(&self) -> &str {
        "HerringboneCountExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition])
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = only(children)?;
        let mut count = Self::new(input, Arc::clone(&self.sink));
        count.attempts.clone_from(&self.attempts);
        Ok(Arc::new(count))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let results = self.input.execute(partition, Arc::clone(&context))?;
        let sink = Arc::clone(&self.sink);
        let attempts = self.attempts.clone();
        let count = async move { count(results, &sink, attempts, &context).await };
        let count = futures::stream::once(count).boxed();
        let schema = Arc::clone(&COUNT);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, count)))
    }
}

impl DisplayAs for HerringboneCountExec {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match t {
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(f, "HerringboneCountExec")
            }
            DisplayFormatType::TreeRender => Ok(()),
        }
    }
}

async fn count(
    mut results: SendableRecordBatchStream,
    sink: &HerringboneSink,
    attempts: Option<String>,
    context: &TaskContext,
) -> Result<RecordBatch> {
    let mut rows = 0;
    let mut files = HashSet::new();
    while let Some(written) = results.next().await {
        let written = written?;
        rows += results::rows(&written)?;
        if attempts.is_some() {
            files.extend(results::paths(&written)?.map(Path::from));
        }
    }
    if let Some(prefix) = attempts {
        leftovers::remove(sink.config(), context, &prefix, &files).await?;
    }
    let count = UInt64Array::from(vec![rows]);
    Ok(RecordBatch::try_new(
        Arc::clone(&COUNT),
        vec![Arc::new(count)],
    )?)
}
