//! The sinks of a plan.

use datafusion::datasource::sink::DataSinkExec;
use datafusion::physical_plan::ExecutionPlan;

use crate::parallel::HerringboneWriteExec;
use crate::sink::HerringboneSink;

/// The sinks of `plan`, for whoever wants to ask them while it runs, or after.
///
/// ```
/// # use std::sync::Arc;
/// # use datafusion::execution::SessionStateBuilder;
/// # use datafusion::physical_plan::collect;
/// # use datafusion::prelude::SessionContext;
/// # use herringbone_datafusion::{HerringboneWrites, sinks};
/// # #[tokio::main]
/// # async fn main() -> datafusion::error::Result<()> {
/// # let state = SessionStateBuilder::new()
/// #     .with_default_features()
/// #     .with_physical_optimizer_rule(Arc::new(HerringboneWrites::default()))
/// #     .build();
/// # let context = SessionContext::new_with_state(state);
/// # let folder = std::env::temp_dir().join("herringbone-datafusion-sinks");
/// # let folder = folder.display();
/// let copy = format!("COPY (VALUES (1), (2)) TO '{folder}/numbers.parquet'");
/// let plan = context.sql(&copy).await?.create_physical_plan().await?;
/// // From another task, this may be asked at any time.
/// assert_eq!(sinks(plan.as_ref())[0].progress().rows, 0);
/// collect(Arc::clone(&plan), context.task_ctx()).await?;
/// let sinks = sinks(plan.as_ref());
/// assert_eq!(sinks[0].progress().rows, 2);
/// assert_eq!(sinks[0].written()[0].rows, 2);
/// # Ok(())
/// # }
/// ```
pub fn sinks(plan: &dyn ExecutionPlan) -> Vec<&HerringboneSink> {
    let mut found = Vec::new();
    collect(plan, &mut found);
    found
}

fn collect<'a>(plan: &'a dyn ExecutionPlan, found: &mut Vec<&'a HerringboneSink>) {
    if let Some(write) = plan.downcast_ref::<DataSinkExec>() {
        found.extend(write.sink().downcast_ref::<HerringboneSink>());
    }
    if let Some(write) = plan.downcast_ref::<HerringboneWriteExec>() {
        found.push(write.sink().as_ref());
    }
    for child in plan.children() {
        collect(child.as_ref(), found);
    }
}
