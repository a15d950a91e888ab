//! One file, from its first row to its last byte.

use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::metrics::Time;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::arrow::c_data;
use herringbone::errors::ParquetError;
use object_store::path::Path;
use tokio::sync::{mpsc, watch};

use super::WrittenFile;
use super::job::{Job, Writer};
use super::pieces::{OpenGroup, Pieces};
use super::room::InFlightBatch;
use crate::errors::engine_error;

/// What a file is told.
pub(super) enum Order {
    /// More rows.
    Write(InFlightBatch),
    /// There are no more.
    Finish,
}

/// A file that is being written by a task of its own.
pub(super) struct FileTask {
    job: Arc<Job>,
    path: Path,
    writer: Writer,
    /// How long the store was waited for.
    waited: Time,
    pieces: Pieces,
    rows: u64,
}

impl FileTask {
    pub(super) fn new(job: &Arc<Job>, path: Path) -> Result<Self> {
        let waited = Time::new();
        let writer = job.open(path.clone(), waited.clone())?;
        Ok(Self {
            job: Arc::clone(job),
            path,
            writer,
            waited,
            pieces: Pieces::new(job.most_bytes_of_row_group()),
            rows: 0,
        })
    }

    /// Does as `orders` say until the file is finished. `None` if the write was stopped before: the upload has then been
    /// aborted, as after an error.
    pub(super) async fn run(
        mut self,
        orders: mpsc::Receiver<Order>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<Option<WrittenFile>> {
        self.job.progress.opened_file();
        let outcome = tokio::select! {
            biased;
            // The sender lives as long as the write does; without it there is nothing to write for either.
            _ = stop.wait_for(|stop| *stop) => Ok(None),
            outcome = self.obey(orders) => outcome,
        };
        self.job.progress.closed_file();
        let job = Arc::clone(&self.job);
        match outcome {
            Ok(Some(metadata)) => {
                let file = self.written(metadata)?;
                job.progress.finished_file();
                Ok(Some(file))
            }
            Ok(None) => {
                self.abort().await;
                Ok(None)
            }
            Err(error) => {
                self.abort().await;
                Err(error)
            }
        }
    }

    /// The metadata of the file, or `None` if those who wrote to it went away.
    async fn obey(&mut self, mut orders: mpsc::Receiver<Order>) -> Result<Option<Metadata>> {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Write(in_flight) => self.write(&in_flight.batch).await?,
                Order::Finish => return self.finish().await.map(Some),
            }
        }
        Ok(None)
    }

    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let begin = Begin::new(&self.job, &self.waited).await?;
        let in_pieces = self.pieces.are_needed_for(batch);
        let rows = batch.num_rows();
        let batch = self.job.bridge.pass(batch)?;
        let written = if in_pieces {
            self.write_in_pieces(&batch).await
        } else {
            self.writer.write(&batch).await
        };
        written.map_err(engine_error)?;
        self.end(begin);
        self.rows += rows as u64;
        self.job.progress.add_rows(rows);
        self.job.figures.rows.add(rows);
        Ok(())
    }

    async fn write_in_pieces(&mut self, batch: &c_data::RecordBatch) -> Result<(), ParquetError> {
        let mut from = 0;
        while from < batch.num_rows() {
            let open = OpenGroup {
                rows: self.writer.in_progress_rows(),
                bytes: self.writer.in_progress_size(),
            };
            let rows = self.pieces.next(open, batch.num_rows() - from);
            self.writer.write(&batch.slice(from, rows)).await?;
            from += rows;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<Metadata> {
        let begin = Begin::new(&self.job, &self.waited).await?;
        let metadata = self.writer.finish().await.map_err(engine_error)?;
        self.end(begin);
        Ok(metadata)
    }

    /// Adds what has passed since to the times of waiting for the store and of encoding.
    fn end(&self, begin: Begin) {
        let waited = self.waited.value().saturating_sub(begin.waited);
        let waited = Duration::from_nanos(waited as u64);
        let figures = &self.job.figures;
        figures.upload_time.add_duration(waited);
        figures
            .encode_time
            .add_duration(begin.at.elapsed().saturating_sub(waited));
    }

    fn written(self, metadata: Metadata) -> Result<WrittenFile> {
        let bytes = self.writer.bytes_written();
        let pressure = self.writer.memory_pressure();
        let figures = &self.job.figures;
        figures.bytes.add(bytes);
        figures.files.add(1);
        figures.pages_cut_early.add(count(pressure.pages_cut_early));
        figures.spilled_bytes.add(count(pressure.spilled_bytes));
        let flushed = count(pressure.row_groups_flushed_early);
        figures.row_groups_flushed_early.add(flushed);
        let sink = self.writer.into_inner().into_inner();
        let uploaded = sink.uploaded().ok_or_else(|| {
            DataFusionError::Internal(format!("{} is finished and not uploaded", self.path))
        })?;
        Ok(WrittenFile {
            rows: self.rows,
            bytes: uploaded.size,
            e_tag: uploaded.e_tag.clone(),
            version: uploaded.version.clone(),
            path: self.path,
            metadata: Arc::new(metadata),
        })
    }

    /// Gives the file up. What its upload has left open the store's own rules must remove; the first error tells more
    /// than this one would.
    async fn abort(self) {
        let mut sink = self.writer.into_inner();
        if sink.is_completing() {
            // A request that makes the file cannot be called back: it may be done after the file was removed.
            let _ = sink.complete().await;
            self.job.remove(&self.path).await;
        } else {
            let _ = sink.into_inner().abort().await;
        }
    }
}

type Metadata = herringbone::file::metadata::ParquetMetaData;

/// A turn at encoding, and when it began.
struct Begin {
    _turn: tokio::sync::OwnedSemaphorePermit,
    at: Instant,
    waited: usize,
}

impl Begin {
    /// Waits for a turn, so that no more encoders work at once than the session has threads for.
    async fn new(job: &Job, waited: &Time) -> Result<Self> {
        let turns = Arc::clone(&job.turns);
        let turn = turns.acquire_owned().await;
        let turn = turn.map_err(|error| DataFusionError::External(Box::new(error)))?;
        Ok(Self {
            _turn: turn,
            at: Instant::now(),
            waited: waited.value(),
        })
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
