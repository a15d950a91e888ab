//! The encoder, which works here or on a thread for blocking work.

use std::borrow::Cow;
use std::mem;

use arrow_array::RecordBatch;
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::arrow::arrow_writer::ArrowEncoder;
use crate::column::writer::MemoryPressure;
use crate::errors::{ParquetError, Result};
use crate::latch::{Latch, hushed};
use crate::meta::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};

/// What the encoder is asked for.
#[derive(Debug)]
pub(super) enum Job<'a> {
    Write(Cow<'a, RecordBatch>),
    Flush,
    Finish,
    /// The next chunk of what was asked for before.
    Fetch,
}

/// An encoder, and where it works. With each job comes the first chunk that there is, if any.
#[derive(Debug)]
pub(super) struct Encoding {
    place: Place,
    /// Whose threads work, if not the one that polls.
    runtime: Option<Handle>,
    /// Rows of the batches that are in.
    rows: u64,
    /// Whether there may be a chunk that nobody has fetched.
    has_more: bool,
    /// Whether the end of the file was asked for.
    is_ending: bool,
    /// What the encoder said before it went away last.
    figures: Figures,
    /// Pairs that came while it was away.
    pairs: Vec<KeyValue>,
    latch: Latch,
}

#[derive(Debug)]
enum Place {
    Here(Box<ArrowEncoder>),
    /// On another thread, with a batch of so many rows.
    Away(JoinHandle<Back>, u64),
    /// It never came back; the latch says why.
    Lost,
}

/// What an encoder says of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    pub(super) row_groups: usize,
    pub(super) memory_size: usize,
    pub(super) in_progress_size: usize,
    pub(super) in_progress_rows: usize,
    pub(super) bytes_written: usize,
    pub(super) pressure: MemoryPressure,
}

/// What comes back from another thread.
#[derive(Debug)]
struct Back {
    encoder: Box<ArrowEncoder>,
    outcome: Outcome,
}

/// What came of a job.
#[derive(Debug)]
enum Outcome {
    /// Rows that are in, and the next chunk.
    Done(u64, Option<Bytes>),
    /// The batch was not taken. Whether the encoder takes others it knows itself.
    Refused(ParquetError),
    Failed(ParquetError),
}

impl Encoding {
    pub(super) fn new(encoder: ArrowEncoder) -> Self {
        Self {
            has_more: encoder.wants_drain(),
            place: Place::Here(Box::new(encoder)),
            runtime: None,
            rows: 0,
            is_ending: false,
            figures: Figures::default(),
            pairs: Vec::new(),
            latch: Latch::default(),
        }
    }

    /// Works on the threads of `runtime` for blocking work from now on.
    pub(super) fn set_runtime(&mut self, runtime: Handle) {
        self.runtime = Some(runtime);
    }

    /// Whether the end of the file was asked for.
    pub(super) fn is_ending(&self) -> bool {
        self.is_ending
    }

    /// Rows of the batches that were taken.
    pub(super) fn rows_taken(&self) -> u64 {
        match self.place {
            Place::Away(_, rows) => self.rows + rows,
            _ => self.rows,
        }
    }

    /// What the encoder says of itself; while it is away, what it said before.
    pub(super) fn figures(&self) -> Figures {
        match &self.place {
            Place::Here(encoder) => Figures::of(encoder, encoder.in_progress_size()),
            _ => self.figures,
        }
    }

    /// Metadata of the row groups that are in the file; none while the encoder is away.
    pub(super) fn flushed_row_groups(&self) -> &[RowGroupMetaData] {
        match &self.place {
            Place::Here(encoder) => encoder.flushed_row_groups(),
            _ => &[],
        }
    }

    /// Adds a pair to the file's key-value metadata.
    pub(super) fn append_key_value_metadata(&mut self, pair: KeyValue) {
        match &mut self.place {
            Place::Here(encoder) => encoder.append_key_value_metadata(pair),
            _ => self.pairs.push(pair),
        }
    }

    /// The file's metadata, once after the last chunk.
    pub(super) fn take_metadata(&mut self) -> Option<ParquetMetaData> {
        match &mut self.place {
            Place::Here(encoder) => encoder.take_metadata(),
            _ => None,
        }
    }

    /// The next chunk of the last job, also of one that a dropped call has left behind.
    ///
    /// # Errors
    /// Those of the encoder.
    pub(super) async fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        if let Place::Away(..) = self.place {
            return self.arrive().await;
        }
        match self.has_more {
            true => self.run(Job::Fetch).await,
            false => Ok(None),
        }
    }

    /// Does `job`. There must be no chunk left of the one before.
    ///
    /// # Errors
    /// Those of the encoder.
    pub(super) async fn run(&mut self, job: Job<'_>) -> Result<Option<Bytes>> {
        self.latch.begin()?;
        self.has_more = true;
        self.is_ending |= matches!(job, Job::Finish);
        match (&self.runtime, &mut self.place) {
            (None, Place::Here(encoder)) => {
                let outcome = Outcome::of(encoder, job);
                self.end(outcome)
            }
            (Some(runtime), Place::Here(_)) => {
                let runtime = runtime.clone();
                self.send(&runtime, job.into_owned());
                self.arrive().await
            }
            _ => {
                let text = "the encoder was given two jobs at once".to_owned();
                self.end(Outcome::Failed(ParquetError::Internal(text)))
            }
        }
    }

    /// Sends the encoder away with `job`.
    fn send(&mut self, runtime: &Handle, job: Job<'static>) {
        let Place::Here(mut encoder) = mem::replace(&mut self.place, Place::Lost) else {
            return;
        };
        if !matches!(job, Job::Fetch) {
            // Nobody may ask: it is not worth to wait for those who seal pages.
            self.figures = Figures::of(&encoder, encoder.most_in_progress_size());
        }
        let rows = job.rows();
        let work = runtime.spawn_blocking(move || {
            let outcome = hushed(|| Outcome::of(&mut encoder, job)).unwrap_or_else(|| {
                let text = "the encoder panicked on its thread".to_owned();
                Outcome::Failed(ParquetError::General(text))
            });
            Back { encoder, outcome }
        });
        self.place = Place::Away(work, rows);
    }

    /// Waits until the encoder is back. Nothing is lost if that is dropped.
    async fn arrive(&mut self) -> Result<Option<Bytes>> {
        let outcome = match &mut self.place {
            Place::Away(work, _) => match work.await {
                Ok(Back {
                    mut encoder,
                    outcome,
                }) => {
                    for pair in self.pairs.drain(..) {
                        encoder.append_key_value_metadata(pair);
                    }
                    self.place = Place::Here(encoder);
                    outcome
                }
                Err(error) => {
                    self.place = Place::Lost;
                    Outcome::Failed(ParquetError::External(Box::new(error)))
                }
            },
            _ => Outcome::Failed(ParquetError::Internal("no job is under way".to_owned())),
        };
        self.end(outcome)
    }

    fn end(&mut self, outcome: Outcome) -> Result<Option<Bytes>> {
        match outcome {
            Outcome::Done(rows, chunk) => {
                self.rows += rows;
                self.has_more = chunk.is_some();
                self.latch.end(Ok(chunk))
            }
            Outcome::Refused(error) => {
                self.has_more = false;
                self.latch.end(Ok(()))?;
                Err(error)
            }
            Outcome::Failed(error) => self.latch.end(Err(error)),
        }
    }
}

impl Job<'_> {
    fn into_owned(self) -> Job<'static> {
        match self {
            Job::Write(batch) => Job::Write(Cow::Owned(batch.into_owned())),
            Job::Flush => Job::Flush,
            Job::Finish => Job::Finish,
            Job::Fetch => Job::Fetch,
        }
    }

    fn rows(&self) -> u64 {
        match self {
            Job::Write(batch) => batch.num_rows() as u64,
            _ => 0,
        }
    }
}

impl Outcome {
    fn of(encoder: &mut ArrowEncoder, job: Job<'_>) -> Self {
        let rows = job.rows();
        let begun = match job {
            Job::Write(batch) => match encoder.write(&batch) {
                Ok(()) => Ok(()),
                Err(error) => return Outcome::Refused(error),
            },
            Job::Flush => encoder.flush(),
            Job::Finish => encoder.finish(),
            Job::Fetch => Ok(()),
        };
        match begun.and_then(|()| encoder.next_chunk()) {
            Ok(chunk) => Outcome::Done(rows, chunk),
            Err(error) => Outcome::Failed(error),
        }
    }
}

impl Figures {
    fn of(encoder: &ArrowEncoder, in_progress_size: usize) -> Self {
        Self {
            row_groups: encoder.row_groups_flushed(),
            memory_size: encoder.memory_size(),
            in_progress_size,
            in_progress_rows: encoder.in_progress_rows(),
            bytes_written: encoder.bytes_written(),
            pressure: encoder.memory_pressure(),
        }
    }
}
