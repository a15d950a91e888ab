//! Nodes of writes come out of their bytes as they went in.

use std::sync::Arc;

use datafusion::physical_plan::{ExecutionPlan, displayable};
use datafusion::prelude::SessionContext;
use datafusion_proto::bytes::{
    physical_plan_from_bytes_with_extension_codec, physical_plan_to_bytes_with_extension_codec,
};
use herringbone_ballista::{HerringboneCodec, HerringbonePlanner, session_config};
use herringbone_datafusion::{HerringboneOptions, HerringboneWrites};

use datafusion::execution::SessionStateBuilder;

#[tokio::test]
async fn nodes_keep_all_that_they_say_of_themselves() {
    for partition_parallel in [false, true] {
        let options = HerringboneOptions {
            partition_parallel,
            ..HerringboneOptions::default()
        };
        let state = SessionStateBuilder::new_with_default_features()
            .with_config(options.register_in(session_config()))
            .with_query_planner(Arc::new(HerringbonePlanner::default()))
            .build();
        let context = SessionContext::new_with_state(state);
        let plan = plan(&context).await;
        let codec = HerringboneCodec::default();
        let bytes = physical_plan_to_bytes_with_extension_codec(Arc::clone(&plan), &codec).unwrap();
        let task = context.task_ctx();
        let back = physical_plan_from_bytes_with_extension_codec(&bytes, &task, &codec).unwrap();
        let (plan, back) = (text(&plan), text(&back));
        assert!(plan.contains("HerringboneSink"), "{plan}");
        assert_eq!(
            plan.contains("HerringboneWriteExec"),
            partition_parallel,
            "{plan}"
        );
        assert_eq!(plan, back);
    }
}

async fn plan(context: &SessionContext) -> Arc<dyn ExecutionPlan> {
    let copy = "COPY (VALUES (1, 'one'), (2, 'two')) TO 'file:///tmp/never/' STORED AS PARQUET
                OPTIONS (compression 'snappy')";
    let plan = context.sql(copy).await.unwrap();
    let plan = plan.create_physical_plan().await.unwrap();
    let config = context.copied_config();
    let writes = HerringboneWrites::in_one_stream();
    writes.rewrite(plan, config.options()).unwrap()
}

fn text(plan: &Arc<dyn ExecutionPlan>) -> String {
    displayable(plan.as_ref()).indent(true).to_string()
}
