//! Plans writes by partition.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use herringbone_datafusion::{HerringboneOptions, HerringboneWrites};

/// DataFusion's planner, which lets every partition of a write be written where it is if `herringbone.partition_parallel`
/// is set. Plans are as they were otherwise.
///
/// A planner and not a rule, since Ballista's adaptive planning replaces the rules of a session.
#[derive(Debug, Default)]
pub struct HerringbonePlanner {
    _private: (),
}

#[async_trait]
impl QueryPlanner for HerringbonePlanner {
    async fn create_physical_plan(
        &self,
        logical_plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::default();
        let plan = planner.create_physical_plan(logical_plan, session).await?;
        let config = session.config_options();
        if !HerringboneOptions::of(config).partition_parallel {
            return Ok(plan);
        }
        HerringboneWrites::before_distribution().rewrite(plan, config)
    }
}
