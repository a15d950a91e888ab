//! Sessions, and tables to write.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{SessionConfig, SessionContext};
use herringbone_datafusion::{HerringboneOptions, HerringboneWrites};

/// A session that writes with this package.
pub fn session() -> SessionContext {
    session_with(RuntimeEnvBuilder::new(), SessionConfig::new())
}

pub fn session_with(runtime: RuntimeEnvBuilder, config: SessionConfig) -> SessionContext {
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(HerringboneOptions::default().register_in(config.with_target_partitions(2)))
        .with_runtime_env(Arc::new(runtime.build().unwrap()))
        .with_physical_optimizer_rule(Arc::new(HerringboneWrites::default()))
        .build();
    SessionContext::new_with_state(state).enable_url_table()
}

/// A session whose pool is watched.
pub fn session_in(pool: &Arc<WatchedPool>) -> SessionContext {
    let pool = Arc::clone(pool) as Arc<dyn MemoryPool>;
    session_with(
        RuntimeEnvBuilder::new().with_memory_pool(pool),
        SessionConfig::new(),
    )
}

pub async fn run(session: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>> {
    session.sql(sql).await?.collect().await
}

/// The answer as a table of text.
pub async fn table(session: &SessionContext, sql: &str) -> String {
    let rows = run(session, sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    pretty_format_batches(&rows).unwrap().to_string()
}

/// The only number of an answer.
pub async fn number(session: &SessionContext, sql: &str) -> i64 {
    let rows = run(session, sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let column = datafusion::arrow::compute::cast(
        rows[0].column(0),
        &datafusion::arrow::datatypes::DataType::Int64,
    );
    column
        .unwrap()
        .as_any()
        .downcast_ref::<Int64Array>()
        .unwrap()
        .value(0)
}

/// The files in `folder` and below, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Batches that are made when they are asked for.
pub struct Made {
    schema: SchemaRef,
    batches: std::ops::Range<usize>,
    make: Arc<dyn Fn(usize) -> Result<RecordBatch> + Send + Sync>,
}

impl Made {
    /// A table of `batches` batches, the `n`th of them `make(n)`.
    pub fn register(
        session: &SessionContext,
        name: &str,
        batches: usize,
        make: impl Fn(usize) -> Result<RecordBatch> + Send + Sync + 'static,
    ) {
        Self::register_partitions(session, name, 1, batches, make);
    }

    /// A table of `partitions` partitions with `batches` batches each. Batches are counted through all partitions.
    pub fn register_partitions(
        session: &SessionContext,
        name: &str,
        partitions: usize,
        batches: usize,
        make: impl Fn(usize) -> Result<RecordBatch> + Send + Sync + 'static,
    ) {
        let schema = make(0).unwrap().schema();
        let make: Arc<dyn Fn(usize) -> Result<RecordBatch> + Send + Sync> = Arc::new(make);
        let made = (0..partitions).map(|partition| {
            Arc::new(Self {
                schema: Arc::clone(&schema),
                batches: partition * batches..(partition + 1) * batches,
                make: Arc::clone(&make),
            }) as Arc<dyn PartitionStream>
        });
        let table = StreamingTable::try_new(Arc::clone(&schema), made.collect()).unwrap();
        session.register_table(name, Arc::new(table)).unwrap();
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").finish_non_exhaustive()
    }
}

impl PartitionStream for Made {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let make = Arc::clone(&self.make);
        let batches = self.batches.clone().map(move |number| make(number));
        let batches = futures::stream::iter(batches);
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            batches,
        ))
    }
}

/// A batch with `columns` columns, numbers and texts in turn, that do not become much smaller when they are encoded.
pub fn wide(columns: u32, rows: i64, seed: i64) -> RecordBatch {
    let column = |number: u32| -> (String, ArrayRef) {
        let mixed = (0..rows).map(|row| (row + seed * rows).wrapping_mul(-0x61C8_8646_80B5_83EB));
        let mixed = mixed.map(|value| value.rotate_left(number));
        let array: ArrayRef = match number % 2 {
            0 => Arc::new(Int64Array::from_iter_values(mixed)),
            _ => Arc::new(StringArray::from_iter_values(
                mixed.map(|value| format!("{value:x}")),
            )),
        };
        (format!("c{number}"), array)
    };
    RecordBatch::try_from_iter((0..columns).map(column)).unwrap()
}

/// A pool that grants bytes to whoever comes first, and remembers the most that was taken.
#[derive(Debug)]
pub struct WatchedPool {
    limit: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
    consumers: AtomicUsize,
}

impl WatchedPool {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            consumers: AtomicUsize::new(0),
        })
    }

    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }

    /// Spillable consumers that ever were.
    pub fn consumers(&self) -> usize {
        self.consumers.load(Ordering::SeqCst)
    }

    fn took(&self, before: usize, bytes: usize) {
        self.peak.fetch_max(before + bytes, Ordering::SeqCst);
    }
}

impl fmt::Display for WatchedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "watched({})", self.limit)
    }
}

impl MemoryPool for WatchedPool {
    fn name(&self) -> &str {
        "watched"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            self.consumers.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn grow(&self, _: &MemoryReservation, bytes: usize) {
        let before = self.used.fetch_add(bytes, Ordering::SeqCst);
        self.took(before, bytes);
    }

    fn shrink(&self, _: &MemoryReservation, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::SeqCst);
    }

    fn try_grow(&self, _: &MemoryReservation, bytes: usize) -> Result<()> {
        let within = |used: usize| Some(used + bytes).filter(|sum| *sum <= self.limit);
        let before = self
            .used
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, within);
        let before = before.map_err(|used| {
            datafusion::common::resources_datafusion_err!(
                "{bytes} more than {used} of {}",
                self.limit
            )
        })?;
        self.took(before, bytes);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.used.load(Ordering::SeqCst)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}
