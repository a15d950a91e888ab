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
    let (caller, gone) = oneshot::channel::<()>();
    let task = tokio::spawn(run(Arc::new(job), rows, gone));
    let outcome = task.await;
    drop(caller);
    match outcome {
        Ok(outcome) => outcome,
        // The engine's own panic goes where it would have gone.
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(error) => Err(DataFusionError::ExecutionJoin(Box::new(error))),
    }
}

async fn run(
    job: Arc<Job>,
    rows: SendableRecordBatchStream,
    gone: oneshot::Receiver<()>,
) -> Result<Vec<WrittenFile>> {
    let mut files = Files::new(&job);
    // After a panic of whoever makes the rows no more is done with the files than to give them up.
    let taking = AssertUnwindSafe(take(&mut files, rows)).catch_unwind();
    let outcome = tokio::select! {
        outcome = taking => outcome,
        _ = gone => Ok(Err(DataFusionError::Execution("the write was cancelled".to_owned()))),
    };
    if let Ok(Ok(())) = outcome {
        return Ok(files.into_finished());
    }
    files.give_up().await;
    match outcome {
        Ok(outcome) => outcome.map(|()| Vec::new()),
        Err(panic) => resume_unwind(panic),
    }
}

async fn take(files: &mut Files, rows: SendableRecordBatchStream) -> Result<()> {
    if files.job().config.table_partition_cols.is_empty() {
        write_in_turn(files, rows).await
    } else {
        write_by_partition(files, rows).await
    }
}
