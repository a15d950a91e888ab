//! TPC-H's `lineitem` and `orders`, in files of about the same size.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatchReader;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::SessionContext;
use herringbone_datafusion::{HerringboneOptions, HerringboneWrites};
use tpchgen::generators::{LineItemGenerator, OrderGenerator};
use tpchgen_arrow::{LineItemArrow, OrderArrow};

use crate::{Result, Tables};

type Batches = Box<dyn RecordBatchReader + Send>;

/// Makes a part of a table. Parts are counted from one.
type Generate = Arc<dyn Fn(i32) -> Batches + Send + Sync>;

pub(crate) async fn write(tables: &Tables) -> Result<()> {
    let options = HerringboneOptions {
        partition_parallel: true,
        ..HerringboneOptions::default()
    };
    // Readers shall take texts for what the format calls them.
    let config = options
        .register()
        .set_bool("datafusion.execution.parquet.skip_arrow_metadata", true);
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_physical_optimizer_rule(Arc::new(HerringboneWrites::default()))
        .build();
    let session = SessionContext::new_with_state(state);
    let (scale, parts) = (tables.scale, tables.partitions);
    let parts = i32::try_from(parts)?;
    let lineitem = move |part| -> Batches {
        Box::new(LineItemArrow::new(LineItemGenerator::new(
            scale, part, parts,
        )))
    };
    let orders = move |part| -> Batches {
        Box::new(OrderArrow::new(OrderGenerator::new(scale, part, parts)))
    };
    write_table(&session, tables, "lineitem", Arc::new(lineitem)).await?;
    write_table(&session, tables, "orders", Arc::new(orders)).await
}

async fn write_table(
    session: &SessionContext,
    tables: &Tables,
    name: &str,
    generate: Generate,
) -> Result<()> {
    let folder = tables.folder.join(name);
    if folder.exists() {
        return Ok(());
    }
    let schema = generate(1).schema();
    let parts = 1..=i32::try_from(tables.partitions)?;
    let parts = parts.map(|part| {
        Arc::new(Part {
            schema: Arc::clone(&schema),
            part,
            generate: Arc::clone(&generate),
        }) as Arc<dyn PartitionStream>
    });
    let table = StreamingTable::try_new(Arc::clone(&schema), parts.collect())?;
    session.register_table(name, Arc::new(table))?;
    let copy = format!("COPY {name} TO '{}/' STORED AS PARQUET", folder.display());
    session.sql(&copy).await?.collect().await?;
    Ok(())
}

/// A part of a table, which is made when it is read.
struct Part {
    schema: SchemaRef,
    part: i32,
    generate: Generate,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = (self.generate)(self.part);
        let batches = batches.map(|batch| batch.map_err(DataFusionError::from));
        let batches = futures::stream::iter(batches);
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            batches,
        ))
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {}", self.part)
    }
}
