use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use herringbone_datafusion::HerringboneWrites;

#[tokio::main]
async fn main() -> datafusion::error::Result<()> {
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_physical_optimizer_rule(Arc::new(HerringboneWrites::default()))
        .build();
    let context = SessionContext::new_with_state(state);
    let copy = "COPY (VALUES (1, 'one'), (2, 'two')) TO 'numbers.parquet'";
    context.sql(copy).await?.show().await
}
