//! The sink, and what is known of the call that has it.

use std::future::poll_fn;
use std::task::Poll;

use bytes::Bytes;
use futures_core::future::BoxFuture;

use super::sink::AsyncFileWriter;
use crate::budget::MemoryBudget;
use crate::errors::{ParquetError, Result};
use crate::latch::{Latch, panicked};

/// Hands chunks to the sink, one after another, and notices calls that never came to their end.
#[derive(Debug)]
pub(super) struct Delivery<W> {
    sink: W,
    /// Bytes of the file that the sink has taken.
    taken: u64,
    /// The caller's call that is at work, for the error if it is dropped.
    call: &'static str,
    turn: Turn,
    /// Whether the sink has completed the file.
    is_complete: bool,
    latch: Latch,
}

/// Who has the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// The writer: the sink has finished what it was asked for.
    Writer,
    /// The sink's code runs, or it panicked.
    Sink,
    /// A future of the sink's waits, or was dropped while it did.
    Waiting(Step),
}

/// What the sink does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Take { bytes: usize },
    Complete,
}

impl<W: AsyncFileWriter> Delivery<W> {
    /// Tells the sink which budget pays for its chunks.
    pub(super) fn new(mut sink: W, budget: &MemoryBudget) -> Self {
        sink.chunks_are_paid_from(budget);
        Self {
            sink,
            taken: 0,
            call: "write",
            turn: Turn::Writer,
            is_complete: false,
            latch: Latch::default(),
        }
    }

    /// Starts a call of the caller's, after what became of the one before.
    ///
    /// # Errors
    /// If the sink has failed, panicked, or had the turn when a call was dropped and cannot make up for that.
    pub(super) fn begin(&mut self, call: &'static str) -> Result<()> {
        self.latch.check()?;
        match self.turn {
            Turn::Writer => {}
            Turn::Sink => self.latch.shut(&panicked()),
            Turn::Waiting(step) => {
                self.turn = Turn::Sink;
                let goes_on = self.sink.keeps_bytes_of_dropped_writes();
                self.turn = Turn::Writer;
                match step {
                    _ if !goes_on => self.latch.shut(&self.cancelled(step)),
                    Step::Take { bytes } => self.taken += bytes as u64,
                    Step::Complete => {}
                }
            }
        }
        self.call = call;
        self.latch.check()
    }

    /// Gives the sink the next bytes of the file.
    ///
    /// # Errors
    /// [`ParquetError::External`] if the sink fails; every later call then fails.
    pub(super) async fn write(&mut self, chunk: Bytes) -> Result<()> {
        let bytes = chunk.len();
        self.turn = Turn::Sink;
        let written = self.sink.write(chunk);
        let result = to_end(written, &mut self.turn, Step::Take { bytes }).await;
        self.ended(result)?;
        self.taken += bytes as u64;
        Ok(())
    }

    /// Has the sink complete the file of `bytes`.
    ///
    /// # Errors
    /// As [`Delivery::write`]; and if the sink has been given another number of bytes.
    pub(super) async fn complete(&mut self, bytes: usize) -> Result<()> {
        if self.taken != bytes as u64 {
            let taken = self.taken;
            let text = format!("the sink has {taken} bytes of a file of {bytes}");
            return self.ended(Err(ParquetError::Internal(text)));
        }
        self.turn = Turn::Sink;
        let completed = self.sink.complete();
        let result = to_end(completed, &mut self.turn, Step::Complete).await;
        self.ended(result)?;
        self.is_complete = true;
        Ok(())
    }

    /// Whether the sink has completed the file.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    pub(super) fn into_sink(self) -> W {
        self.sink
    }

    fn ended(&mut self, result: Result<()>) -> Result<()> {
        let result = result.map_err(|error| match error {
            error @ (ParquetError::External(_) | ParquetError::Internal(_)) => error,
            error => ParquetError::External(Box::new(error)),
        });
        self.latch.end(result)
    }

    fn cancelled(&self, step: Step) -> ParquetError {
        let step = match step {
            Step::Take { .. } => "taking bytes",
            Step::Complete => "completing",
        };
        ParquetError::Cancelled {
            call: self.call,
            step,
            taken: self.taken,
        }
    }
}

/// Polls `future` to its end, and keeps in `turn` what is to be known if that is never reached.
async fn to_end(mut future: BoxFuture<'_, Result<()>>, turn: &mut Turn, step: Step) -> Result<()> {
    poll_fn(|context| {
        *turn = Turn::Sink;
        let polled = future.as_mut().poll(context);
        *turn = match polled {
            Poll::Pending => Turn::Waiting(step),
            Poll::Ready(_) => Turn::Writer,
        };
        polled
    })
    .await
}
