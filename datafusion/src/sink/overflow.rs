//! Rows of partitions that there is no room for, until there is.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SendableRecordBatchStream, SpillFile};
use datafusion::physical_plan::SpillManager;
use datafusion::physical_plan::metrics::SpillMetrics;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

/// Keeps rows in the session's spill directory, and gives them back once.
pub(super) struct Overflow {
    manager: Arc<SpillManager>,
    writing: Option<Writing>,
}

/// A file that a thread for blocking work writes.
struct Writing {
    rows: mpsc::Sender<RecordBatch>,
    file: JoinHandle<Result<Option<Written>>>,
}

struct Written {
    file: Arc<dyn SpillFile>,
    /// The bytes of the largest batch, which reading back takes.
    largest: usize,
}

impl Overflow {
    /// For rows of `schema`. `None` if the session has no spill directory.
    pub(super) fn new(
        runtime: &Arc<RuntimeEnv>,
        metrics: SpillMetrics,
        schema: SchemaRef,
    ) -> Option<Self> {
        let manager = SpillManager::new(Arc::clone(runtime), metrics, schema);
        runtime.disk_manager.tmp_files_enabled().then(|| Self {
            manager: Arc::new(manager),
            writing: None,
        })
    }

    /// Puts the rows of `batch` aside.
    ///
    /// # Errors
    /// If the directory fails, or is full.
    pub(super) async fn put(&mut self, batch: RecordBatch) -> Result<()> {
        let writing = match &mut self.writing {
            Some(writing) => writing,
            none => none.insert(Writing::begin(&self.manager)),
        };
        if writing.rows.send(batch).await.is_err() {
            self.end().await?;
            return Err(DataFusionError::Internal(
                "rows cannot be put aside, and nothing has failed".to_owned(),
            ));
        }
        Ok(())
    }

    /// All rows that were put aside, if there are any. It is empty then.
    ///
    /// # Errors
    /// If the directory has failed.
    pub(super) async fn take(&mut self) -> Result<Option<SendableRecordBatchStream>> {
        let Some(Written { file, largest }) = self.end().await? else {
            return Ok(None);
        };
        let rows = self.manager.read_spill_as_stream(file, Some(largest))?;
        Ok(Some(rows))
    }

    async fn end(&mut self) -> Result<Option<Written>> {
        let Some(Writing { rows, file }) = self.writing.take() else {
            return Ok(None);
        };
        drop(rows);
        file.await
            .map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?
    }
}

impl Writing {
    fn begin(manager: &Arc<SpillManager>) -> Self {
        let (rows, mut to_write) = mpsc::channel::<RecordBatch>(1);
        let manager = Arc::clone(manager);
        let file = spawn_blocking(move || {
            let mut file = manager.create_in_progress_file("rows of partitions")?;
            let mut largest = 0;
            while let Some(batch) = to_write.blocking_recv() {
                largest = largest.max(file.append_batch(&batch)?);
            }
            let file = file.finish()?;
            Ok(file.map(|file| Written { file, largest }))
        });
        Self { rows, file }
    }
}
