//! The open files of a write, and those that are finished.

use std::sync::Arc;

use datafusion::common::runtime::JoinSet;
use datafusion::error::{DataFusionError, Result};
use object_store::path::Path;
use tokio::sync::{mpsc, watch};

use super::WrittenFile;
use super::file::{FileTask, Order};
use super::job::Job;
use super::room::InFlightBatch;

/// The files of a write.
pub(super) struct Files {
    job: Arc<Job>,
    tasks: JoinSet<Result<Option<WrittenFile>>>,
    stop: watch::Sender<bool>,
    finished: Vec<WrittenFile>,
}

/// The way to an open file.
pub(super) struct OpenFile {
    orders: mpsc::Sender<Order>,
}

impl Files {
    pub(super) fn new(job: &Arc<Job>) -> Self {
        Self {
            job: Arc::clone(job),
            tasks: JoinSet::new(),
            stop: watch::Sender::new(false),
            finished: Vec::new(),
        }
    }

    pub(super) fn job(&self) -> &Arc<Job> {
        &self.job
    }

    /// Begins the file at `path`, with `ahead` batches on their way to it at most.
    pub(super) fn open(&mut self, path: Path, ahead: usize) -> Result<OpenFile> {
        let (orders, to_obey) = mpsc::channel(ahead.max(1));
        let task = FileTask::new(&self.job, path)?;
        self.tasks.spawn(task.run(to_obey, self.stop.subscribe()));
        Ok(OpenFile { orders })
    }

    /// Writes `batch` to `file`.
    ///
    /// # Errors
    /// With the error of whatever file failed first, if this one takes no more.
    pub(super) async fn write(&mut self, file: &OpenFile, batch: InFlightBatch) -> Result<()> {
        match file.orders.send(Order::Write(batch)).await {
            Ok(()) => self.note_finished(),
            Err(_) => self.failure().await,
        }
    }

    /// Lets `file` end, and goes on meanwhile.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(super) async fn finish(&mut self, file: OpenFile) -> Result<()> {
        match file.orders.send(Order::Finish).await {
            Ok(()) => self.note_finished(),
            Err(_) => self.failure().await,
        }
    }

    /// Files that are being written or finished.
    pub(super) fn running(&self) -> usize {
        self.tasks.len()
    }

    /// Waits until a file has ended that was told to.
    pub(super) async fn wait_for_one(&mut self) -> Result<()> {
        match self.tasks.join_next().await {
            Some(ended) => self.note(ended.map_err(panicked)),
            None => Ok(()),
        }
    }

    /// Waits until all files have ended; all of them must have been told to.
    pub(super) async fn wait_for_all(&mut self) -> Result<()> {
        while !self.tasks.is_empty() {
            self.wait_for_one().await?;
        }
        Ok(())
    }

    /// The files that are there.
    pub(super) fn finished(&self) -> &[WrittenFile] {
        &self.finished
    }

    /// Stops all files, waits until their uploads have been aborted, and removes those that are finished.
    pub(super) async fn give_up(mut self) {
        // Nobody may be left to tell.
        let _ = self.stop.send(true);
        while let Some(ended) = self.tasks.join_next().await {
            // The first error is known, and those that follow from it do not matter.
            let _ = self.note(ended.map_err(panicked));
        }
        for file in &self.finished {
            self.job.remove(&file.path).await;
        }
    }

    fn note_finished(&mut self) -> Result<()> {
        while let Some(ended) = self.tasks.try_join_next() {
            self.note(ended.map_err(panicked))?;
        }
        Ok(())
    }

    /// What made a file take no more.
    async fn failure(&mut self) -> Result<()> {
        while let Some(ended) = self.tasks.join_next().await {
            self.note(ended.map_err(panicked))?;
        }
        Err(DataFusionError::Internal(
            "a file takes no more, and nothing has failed".to_owned(),
        ))
    }

    fn note(&mut self, ended: Result<Result<Option<WrittenFile>>>) -> Result<()> {
        self.finished.extend(ended??);
        Ok(())
    }
}

fn panicked(error: tokio::task::JoinError) -> DataFusionError {
    DataFusionError::ExecutionJoin(Box::new(error))
}
