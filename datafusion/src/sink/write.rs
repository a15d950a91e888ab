//! A write as a whole: to its end, or back to where it began.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use futures::FutureExt;
use tokio::sync::oneshot;

use super::WrittenFile;
use super::files::Files;
use super::job::Job;
use super::partitions::write_by_partition;
use super::rows::write_in_turn;

/// Writes `rows`, and returns the files.
///
/// The work is a task of its own, which outlives the caller: when this future is dropped it aborts all uploads and
/// removes what was finished, and takes the time that the store needs for that.
pub(super) async fn write(job: Job, rows: SendableRecordBatchStream) -> Result<Vec<WrittenFile>> {
    let (taken, caller) = oneshot::channel();
    let (reply, files) = oneshot::channel();
    let task = tokio::spawn(run(Arc::new(job), rows, reply, caller));
    if let Ok(files) = files.await {
        // The task waits for this.
        let _ = taken.send(());
        return Ok(files);
    }
    match task.await {
        Ok(outcome) => outcome.map(|()| Vec::new()),
        // The engine's own panic goes where it would have gone.
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(error) => Err(DataFusionError::ExecutionJoin(Box::new(error))),
    }
}

/// Writes `rows`, and gives the files to the caller. They are the caller's when it says so, and are removed when it has
/// gone before.
async fn run(
    job: Arc<Job>,
    rows: SendableRecordBatchStream,
    reply: oneshot::Sender<Vec<WrittenFile>>,
    mut caller: oneshot::Receiver<()>,
) -> Result<()> {
    let mut files = Files::new(&job);
    // After a panic of whoever makes the rows no more is done with the files than to give them up.
    let taking = AssertUnwindSafe(take(&mut files, rows)).catch_unwind();
    let mut outcome = tokio::select! {
        outcome = taking => outcome,
        _ = &mut caller => Ok(Err(cancelled())),
    };
    if let Ok(Ok(())) = outcome {
        let is_sent = reply.send(files.finished().to_vec()).is_ok();
        if is_sent && caller.await.is_ok() {
            return Ok(());
        }
        outcome = Ok(Err(cancelled()));
    }
    files.give_up().await;
    match outcome {
        Ok(outcome) => outcome,
        Err(panic) => resume_unwind(panic),
    }
}

fn cancelled() -> DataFusionError {
    DataFusionError::Execution("the write was cancelled".to_owned())
}

async fn take(files: &mut Files, rows: SendableRecordBatchStream) -> Result<()> {
    if files.job().config.table_partition_cols.is_empty() {
        write_in_turn(files, rows).await
    } else {
        write_by_partition(files, rows).await
    }
}
