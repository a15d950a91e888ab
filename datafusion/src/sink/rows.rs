//! Rows into files as they come: one file, or several in turn.

use std::collections::VecDeque;

use datafusion::arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use super::files::{Files, OpenFile};

/// A file, and the rows that were sent to it.
struct Filling {
    file: OpenFile,
    rows: usize,
}

/// The open files, the one whose turn is next in front.
#[derive(Default)]
struct Turns {
    open: VecDeque<Filling>,
    opened: usize,
}

/// Writes `rows` to files in turn, each with no more rows than the session wants for one.
pub(super) async fn write_in_turn(
    files: &mut Files,
    mut rows: SendableRecordBatchStream,
) -> Result<()> {
    let mut turns = Turns::default();
    // A file that is named is made also if there are no rows for it.
    if files.job().limits.is_single_file {
        let file = turns.begin(files).await?;
        turns.open.push_back(file);
    }
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        if batch.num_rows() > 0 {
            turns.write(files, batch).await?;
        }
    }
    turns.finish(files).await
}

impl Turns {
    async fn write(&mut self, files: &mut Files, batch: RecordBatch) -> Result<()> {
        let limits = files.job().limits;
        let next = match self.open.len() < limits.files_at_once {
            true => None,
            false => self.open.pop_front(),
        };
        let mut next = match next {
            Some(full) if full.rows >= limits.most_rows_of_file => {
                files.finish(full.file).await?;
                self.begin(files).await?
            }
            Some(next) => next,
            None => self.begin(files).await?,
        };
        next.rows += batch.num_rows();
        let batch = files.job().in_flight.enter(batch).await;
        files.write(&next.file, batch).await?;
        self.open.push_back(next);
        Ok(())
    }

    /// Begins one more file when those that are finishing leave the memory for it: a store may be slower than the rows.
    async fn begin(&mut self, files: &mut Files) -> Result<Filling> {
        let limits = files.job().limits;
        while files.running() > self.open.len() + limits.files_finishing {
            files.wait_for_one().await?;
        }
        let path = files.job().path(self.opened)?;
        self.opened += 1;
        Ok(Filling {
            file: files.open(path, limits.batches_ahead)?,
            rows: 0,
        })
    }

    async fn finish(self, files: &mut Files) -> Result<()> {
        for filling in self.open {
            files.finish(filling.file).await?;
        }
        files.wait_for_all().await
    }
}
