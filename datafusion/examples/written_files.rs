//! Writes files in every way for other readers to check: one file, a folder, partitions, under a small memory limit.
//!
//! `cargo run --example written_files -- FOLDER`

use std::error::Error;
use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use herringbone_datafusion::{HerringboneOptions, HerringboneWrites};

/// The rows, each of which follows from its `id`.
const ROWS: &str = "SELECT value AS id, value * 7919 % 50 AS k, \
    CASE WHEN value % 7 = 0 THEN NULL ELSE concat('row ', value) END AS text, \
    CAST(value AS DOUBLE) / 4 AS quarter, \
    CAST(value AS DECIMAL(15, 2)) / 100 AS cents, \
    make_array(value, value + 1) AS pair \
    FROM generate_series(0, 99999)";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder to write to")?;
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(HerringboneOptions::default().register())
        .with_physical_optimizer_rule(Arc::new(HerringboneWrites::default()))
        .build();
    let context = SessionContext::new_with_state(state);
    for limit in ["", "4M"] {
        let set = format!("SET herringbone.memory_limit = '{limit}'");
        context.sql(&set).await?.collect().await?;
        let name = if limit.is_empty() { "large" } else { "small" };
        for (target, how) in [
            (format!("{name}.parquet"), ""),
            (format!("{name}_folder/"), "STORED AS PARQUET"),
            (
                format!("{name}_partitions/"),
                "STORED AS PARQUET PARTITIONED BY (k)",
            ),
            (
                format!("{name}_v2.parquet"),
                "OPTIONS (writer_version '2.0', compression 'snappy')",
            ),
        ] {
            let copy = format!("COPY ({ROWS}) TO '{folder}/{target}' {how}");
            context.sql(&copy).await?.collect().await?;
            println!("{target}");
        }
    }
    Ok(())
}
