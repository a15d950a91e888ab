//! Sessions with this package's sink and without it, and rows to write.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListBuilder, RecordBatch,
    StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use herringbone_datafusion::{HerringboneOptions, HerringboneWrites};

use crate::kinds;

/// Which sink writes Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sink {
    Stock,
    Ours,
    /// This package's, in a session that does not know its settings.
    OursByDefaults,
}

/// A session that writes with `sink`, and has the tables `boats` and `kinds`.
pub(crate) fn session(sink: Sink) -> SessionContext {
    // One partition, so that rows keep their order.
    let config = match sink {
        Sink::OursByDefaults => SessionConfig::new(),
        Sink::Stock | Sink::Ours => HerringboneOptions::default().register(),
    };
    let config = config
        .with_information_schema(true)
        .with_target_partitions(1);
    with_tables(sink, config)
}

fn with_tables(sink: Sink, config: SessionConfig) -> SessionContext {
    let builder = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config);
    let builder = match sink {
        Sink::Stock => builder,
        Sink::Ours | Sink::OursByDefaults => {
            builder.with_physical_optimizer_rule(Arc::new(HerringboneWrites::default()))
        }
    };
    let context = SessionContext::new_with_state(builder.build()).enable_url_table();
    let table = MemTable::try_new(schema(), vec![batches()]).unwrap();
    context.register_table("boats", Arc::new(table)).unwrap();
    let kinds = kinds::batch();
    let table = MemTable::try_new(kinds.schema(), vec![vec![kinds]]).unwrap();
    context.register_table("kinds", Arc::new(table)).unwrap();
    context
}

/// Runs a statement to its end.
pub(crate) async fn run(context: &SessionContext, statement: &str) -> Result<Vec<RecordBatch>> {
    context.sql(statement).await?.collect().await
}

/// Copies `query` to the file, with `options` as they stand in a statement.
pub(crate) async fn copy(
    context: &SessionContext,
    query: &str,
    file: &Path,
    options: &[(String, String)],
) -> Result<()> {
    let options: Vec<_> = options
        .iter()
        .map(|(key, value)| format!("'{key}' '{value}'"))
        .collect();
    let options = match options.as_slice() {
        [] => String::new(),
        options => format!("OPTIONS ({})", options.join(", ")),
    };
    let file = file.display();
    run(
        context,
        &format!("COPY ({query}) TO '{file}' STORED AS PARQUET {options}"),
    )
    .await
    .map(drop)
}

const BATCHES: i64 = 4;
const BATCH_ROWS: i64 = 1000;

fn schema() -> SchemaRef {
    Arc::clone(batch(0).schema_ref())
}

fn batches() -> Vec<RecordBatch> {
    (0..BATCHES).map(batch).collect()
}

/// Columns of many kinds: without repeats and with many, with nulls and without, nested and not.
fn batch(number: i64) -> RecordBatch {
    let rows = number * BATCH_ROWS..(number + 1) * BATCH_ROWS;
    let ids = Int64Array::from_iter_values(rows.clone());
    let ports = ["Oban", "Mallaig", "Ullapool", "Kyle of Lochalsh"];
    let port = rows
        .clone()
        .map(|row| (row % 11 != 0).then(|| ports[row as usize % 4]));
    let log = rows
        .clone()
        .map(|row| format!("{:060} the log of boat {row}", mixed(row)));
    let draught = rows
        .clone()
        .map(|row| (1 + mixed(row) % 1000) as f64 / 64.0);
    let afloat = rows
        .clone()
        .map(|row| Some(row % 3 == 0).filter(|_| row % 5 != 0));
    let seen = rows
        .clone()
        .map(|row| 1_700_000_000_000_000 + row * 1_000_000);
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("id", Arc::new(ids), false),
        ("port", Arc::new(port.collect::<StringArray>()), true),
        ("log", Arc::new(StringArray::from_iter_values(log)), true),
        (
            "draught",
            Arc::new(Float64Array::from_iter_values(draught)),
            true,
        ),
        ("afloat", Arc::new(afloat.collect::<BooleanArray>()), true),
        (
            "seen",
            Arc::new(TimestampMicrosecondArray::from_iter_values(seen).with_timezone("UTC")),
            true,
        ),
        ("place", Arc::new(places(rows)), true),
    ];
    let fields: Vec<_> = columns
        .iter()
        .map(|(name, values, nullable)| Field::new(*name, values.data_type().clone(), *nullable))
        .collect();
    let values = columns.into_iter().map(|(_, values, _)| values).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), values).unwrap()
}

/// A struct of a number and a list.
fn places(rows: std::ops::Range<i64>) -> StructArray {
    let x = Int32Array::from_iter(rows.clone().map(|row| Some(row as i32 % 50)));
    let mut tags = ListBuilder::new(StringBuilder::new());
    for row in rows {
        for tag in 0..row % 3 {
            tags.values()
                .append_value(format!("tag {}", (row + tag) % 20));
        }
        tags.append(row % 7 != 0);
    }
    let tags = tags.finish();
    let of_tags = DataType::new_list(DataType::Utf8, true);
    StructArray::from(vec![
        (
            Arc::new(Field::new("x", DataType::Int32, true)),
            Arc::new(x) as ArrayRef,
        ),
        (
            Arc::new(Field::new("tags", of_tags, true)),
            Arc::new(tags) as ArrayRef,
        ),
    ])
}

/// A number that looks random.
fn mixed(number: i64) -> i64 {
    (number.wrapping_mul(0x5851_F42D_4C95_7F2D) >> 33).abs()
}
