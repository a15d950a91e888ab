//! Writes each partition of its input.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::sink::DataSink;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    EmissionType, EvaluationType, SchedulingType, execute_input_stream,
};
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    Partitioning, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;
use rand::distr::{Alphanumeric, SampleString};

use super::attempt::{Attempt, Part, Prefix};
use super::{only, results};
use crate::config::HerringboneOptions;
use crate::sink::{FileNames, HerringboneSink};

/// Writes each partition of its input to files of its own, and gives a row for each file: `path`, `rows`, `bytes`.
pub struct HerringboneWriteExec {
    input: Arc<dyn ExecutionPlan>,
    sink: Arc<HerringboneSink>,
    names: Names,
    properties: Arc<PlanProperties>,
    /// The executions that have begun, each until all of its partitions have.
    running: Mutex<Vec<Running>>,
}

/// An execution.
struct Running {
    context: Weak<TaskContext>,
    attempt: Arc<Attempt>,
}

/// What the files of a partition are called.
#[derive(Debug, Clone)]
enum Names {
    /// As the session says, and the number of the partition.
    OfSession,
    /// Random ones, since others may write other partitions of the same input under the same numbers.
    Random,
    /// This prefix, and a number for each partition.
    Given { prefix: String, numbers: Vec<usize> },
}

impl HerringboneWriteExec {
    /// Writes the partitions of `input` with `sink`. File names begin as the session says, with random letters and
    /// digits otherwise, and go on with the number of the partition.
    pub fn new(input: Arc<dyn ExecutionPlan>, sink: Arc<HerringboneSink>) -> Self {
        Self::named(input, sink, Names::OfSession)
    }

    /// Gives all files random names. For plans that are cut into tasks which do not know the numbers of their partitions
    /// in the whole.
    #[must_use]
    pub fn with_random_names(&self) -> Self {
        self.renamed(Names::Random)
    }

    /// Begins file names with `prefix`, if the session does not say how, and goes on with the number that `numbers` has
    /// for the partition. Files of a failed write stay, to be replaced by another attempt.
    #[must_use]
    pub fn with_names(&self, prefix: String, numbers: Vec<usize>) -> Self {
        self.renamed(Names::Given { prefix, numbers })
    }

    /// What partitions are written with.
    pub fn sink(&self) -> &Arc<HerringboneSink> {
        &self.sink
    }

    fn renamed(&self, names: Names) -> Self {
        Self::named(Arc::clone(&self.input), Arc::clone(&self.sink), names)
    }

    fn named(input: Arc<dyn ExecutionPlan>, sink: Arc<HerringboneSink>, names: Names) -> Self {
        let partitions = input.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(results::schema())),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Final,
            input.boundedness(),
        )
        .with_scheduling_type(SchedulingType::Cooperative)
        .with_evaluation_type(EvaluationType::Eager);
        Self {
            input,
            sink,
            names,
            properties: Arc::new(properties),
            running: Mutex::default(),
        }
    }

    /// Begins `partition`, as a part of the execution in `context` that others have begun.
    fn begin(&self, partition: usize, context: &Arc<TaskContext>) -> Result<Part> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running
            .retain(|running| running.context.strong_count() > 0 && !running.attempt.is_complete());
        let of_context = Arc::downgrade(context);
        let of_context = running
            .iter()
            .filter(|running| running.context.ptr_eq(&of_context));
        for running in of_context {
            if let Some(part) = running.attempt.begin(partition) {
                return Ok(part);
            }
        }
        let partitions = self.properties.output_partitioning().partition_count();
        let prefix = self.prefix(context);
        let attempt = Attempt::new(&self.sink, context, prefix, partitions)?;
        let attempt = Arc::new(attempt);
        let part = attempt.begin(partition);
        running.push(Running {
            context: Arc::downgrade(context),
            attempt,
        });
        part.ok_or_else(|| {
            DataFusionError::Internal(format!(
                "partition {partition} of a write of {partitions} was asked for"
            ))
        })
    }

    fn prefix(&self, context: &TaskContext) -> Prefix {
        let options = HerringboneOptions::of(context.session_config().options());
        let random = || Alphanumeric.sample_string(&mut rand::rng(), 16);
        match (&self.names, options.file_prefix) {
            (Names::Random, set) if set.is_empty() => Prefix::Unique(random()),
            (Names::Random, set) => Prefix::Unique(format!("{set}_{}", random())),
            (Names::OfSession, set) if set.is_empty() => Prefix::Unique(random()),
            (Names::Given { prefix, .. }, set) if set.is_empty() => Prefix::Shared(prefix.clone()),
            (_, set) => Prefix::Shared(set),
        }
    }

    /// The number that `partition` has in the whole.
    fn number(&self, partition: usize) -> Result<usize> {
        match &self.names {
            Names::Given { numbers, .. } => numbers.get(partition).copied().ok_or_else(|| {
                DataFusionError::Internal(format!("partition {partition} of a write has no number"))
            }),
            Names::OfSession | Names::Random => Ok(partition),
        }
    }
}

impl ExecutionPlan for HerringboneWriteExec {
    fn name(&self) -> &str {
        "HerringboneWriteExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
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
        Ok(Arc::new(Self::named(
            only(children)?,
            Arc::clone(&self.sink),
            self.names.clone(),
        )))
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
        let number = self.number(partition)?;
        let part = self.begin(partition, &context)?;
        let names = match &part.attempt().prefix {
            Prefix::Unique(prefix) => FileNames::Unique(format!("{prefix}_{number}")),
            Prefix::Shared(prefix) => FileNames::Prefix(format!("{prefix}_{number}")),
        };
        let rows = execute_input_stream(
            Arc::clone(&self.input),
            Arc::clone(self.sink.schema()),
            partition,
            Arc::clone(&context),
        )?;
        let sink = Arc::clone(&self.sink);
        let files = async move { write(part, &sink, rows, &context, names).await };
        let files = futures::stream::once(files).boxed();
        let schema = Arc::clone(results::schema());
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, files)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        self.sink.metrics()
    }
}

async fn write(
    part: Part,
    sink: &HerringboneSink,
    rows: SendableRecordBatchStream,
    context: &Arc<TaskContext>,
    names: FileNames,
) -> Result<RecordBatch> {
    let resources = part.attempt().resources.clone();
    match sink.write_partition(rows, context, &resources, names).await {
        Ok(files) => {
            part.finish(&files).await?;
            results::of_files(&files)
        }
        Err(error) => {
            part.fail().await;
            Err(error)
        }
    }
}

impl DisplayAs for HerringboneWriteExec {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !matches!(t, DisplayFormatType::TreeRender) {
            write!(f, "HerringboneWriteExec: sink=")?;
        }
        self.sink.fmt_as(t, f)
    }
}

impl fmt::Debug for HerringboneWriteExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HerringboneWriteExec")
            .field("input", &self.input)
            .field("sink", &self.sink)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}
