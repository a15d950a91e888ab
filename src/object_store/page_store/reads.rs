//! Blobs of one store that come back from objects: ranges of several of them, asked for before they are needed.

use std::mem;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;

use bytes::Bytes;

use super::failure::{timed_out, unanswered};
use super::pool::{Pool, ReadRoom};
use super::requests::Answer;
use super::state::PieceOf;
use crate::column::page_store::{PageKey, Slots};
use crate::errors::{ParquetError, Result};

/// What is known of a blob: 16 bytes, also when it may be absent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blob {
    pub(super) checksum: u64,
    /// The length in bytes, plus one.
    pub(super) length: NonZeroU64,
}

/// The blobs of a store, and the segments that they lie in.
pub(super) struct Blobs {
    pub(super) table: Slots<Blob>,
    pub(super) pieces: Vec<PieceOf>,
}

/// Ranges that have been asked for.
#[derive(Default)]
pub(super) struct Reads {
    fetches: Vec<Fetch>,
    /// Blobs before this one have been asked for, or need not be.
    asked: u64,
}

/// Blobs of one piece that follow one another.
struct Fetch {
    first: u64,
    end: u64,
    /// Blobs that have not been taken.
    left: u64,
    segment: u64,
    /// Where the first of them begins in the object.
    start: u64,
    bytes: Fetched,
    room: ReadRoom,
}

enum Fetched {
    OnItsWay(Answer),
    Here(Bytes),
}

/// Neighbours in an object.
struct Run {
    first: u64,
    end: u64,
    segment: u64,
    start: u64,
    bytes: usize,
}

impl Blob {
    pub(super) fn length(self) -> usize {
        usize::try_from(self.length.get() - 1).unwrap_or(usize::MAX)
    }
}

impl Blobs {
    /// The piece that a blob lies in, by its number.
    pub(super) fn piece_of(&self, key: PageKey) -> Option<usize> {
        let after = self
            .pieces
            .partition_point(|piece| piece.first <= key.get());
        after.checked_sub(1)
    }

    /// Bytes on the heap that segments have for their places.
    pub(super) fn starts_size(&self) -> usize {
        let blobs = usize::try_from(self.table.len()).unwrap_or(usize::MAX);
        blobs.saturating_mul(size_of::<u32>())
    }

    /// The length of a blob that has not been taken.
    fn length_of(&self, key: u64) -> Option<usize> {
        let blob = self.table.get(PageKey::new(key)).ok()?;
        Some(blob.length())
    }

    /// The segment of a blob that is in an object, and where it begins there.
    fn place_of(&self, pool: &Arc<Pool>, key: u64) -> Option<(u64, u64)> {
        let piece = self.pieces.get(self.piece_of(PageKey::new(key))?)?;
        Some((piece.segment, pool.start_in_object(piece, key)?))
    }
}

impl Reads {
    /// Bytes that are on their way, or lie ready.
    pub(super) fn bytes(&self) -> usize {
        self.fetches.iter().map(|fetch| fetch.room.bytes()).sum()
    }

    /// Bytes on the heap beside those.
    pub(super) fn table_bytes(&self) -> usize {
        self.fetches.capacity() * size_of::<Fetch>()
    }

    /// Asks for what will be needed next, as far as there is room.
    ///
    /// # Errors
    /// If no request can be started.
    pub(super) fn read_on(&mut self, pool: &Arc<Pool>, blobs: &Blobs) -> Result<()> {
        while self.fetches.len() < pool.settings().concurrent_reads {
            let Some(run) = self.next_run(pool, blobs) else {
                return Ok(());
            };
            let Some(room) = pool.room_ahead(run.bytes) else {
                return Ok(());
            };
            self.asked = run.end;
            self.ask(pool, &run, room)?;
        }
        Ok(())
    }

    /// Takes a blob that is in an object, where it begins at `start`, into `buffer`.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn take(
        &mut self,
        pool: &Arc<Pool>,
        blobs: &Blobs,
        key: u64,
        start: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        let length = blobs.length_of(key).unwrap_or_default();
        let at = match self.fetch_of(key) {
            Some(at) => at,
            None => {
                let segment = blobs.place_of(pool, key).map_or(0, |(segment, _)| segment);
                let run = Run {
                    first: key,
                    end: key + 1,
                    segment,
                    start,
                    bytes: length,
                };
                self.ask(pool, &run, pool.room_now(length))?;
                self.fetches.len() - 1
            }
        };
        let Some(fetch) = self.fetches.get_mut(at) else {
            return Err(lost());
        };
        fetch.left -= 1;
        let is_last = fetch.left == 0;
        let taken = fetch.take(pool, start, length, buffer);
        if is_last || taken.is_err() {
            self.fetches.remove(at);
        }
        taken
    }

    /// Gives up what was asked for.
    pub(super) fn clear(&mut self) {
        self.fetches = Vec::new();
    }

    fn fetch_of(&self, key: u64) -> Option<usize> {
        let mut fetches = self.fetches.iter();
        fetches.position(|fetch| (fetch.first..fetch.end).contains(&key))
    }

    fn ask(&mut self, pool: &Arc<Pool>, run: &Run, room: ReadRoom) -> Result<()> {
        let range = run.start..run.start + run.bytes as u64;
        let store = Arc::clone(&pool.settings().store);
        let (job, answer) = Answer::of(store, pool.path_of(run.segment), range);
        pool.start(job)?;
        self.fetches.push(Fetch {
            first: run.first,
            end: run.end,
            left: run.end - run.first,
            segment: run.segment,
            start: run.start,
            bytes: Fetched::OnItsWay(answer),
            room,
        });
        Ok(())
    }

    /// The blobs that come next, in one piece.
    fn next_run(&mut self, pool: &Arc<Pool>, blobs: &Blobs) -> Option<Run> {
        let mut run = self.first_of_run(pool, blobs)?;
        let most_bytes = pool.most_at_once();
        while self.fetch_of(run.end).is_none()
            && let Some(length) = blobs.length_of(run.end)
            && run.bytes + length <= most_bytes
            && let Some((segment, start)) = blobs.place_of(pool, run.end)
            && segment == run.segment
            && start == run.start + run.bytes as u64
        {
            run.end += 1;
            run.bytes += length;
        }
        Some(run)
    }

    fn first_of_run(&mut self, pool: &Arc<Pool>, blobs: &Blobs) -> Option<Run> {
        while self.asked < blobs.table.len() {
            let first = self.asked;
            if let Some(at) = self.fetch_of(first) {
                self.asked = self.fetches.get(at)?.end;
                continue;
            }
            // Not if it has been taken, or is still in memory.
            let bytes = blobs.length_of(first).filter(|bytes| *bytes > 0);
            let place = bytes.and_then(|_| blobs.place_of(pool, first));
            if let (Some(bytes), Some((segment, start))) = (bytes, place) {
                return Some(Run {
                    first,
                    end: first + 1,
                    segment,
                    start,
                    bytes,
                });
            }
            self.asked += 1;
        }
        None
    }
}

impl Fetch {
    /// Copies a blob into `buffer`, or leaves it all that was fetched.
    fn take(&mut self, pool: &Pool, start: u64, length: usize, buffer: &mut Vec<u8>) -> Result<()> {
        let from = usize::try_from(start - self.start)?;
        let is_all = self.end - self.first == 1;
        let bytes = self.wait(pool)?;
        if is_all && buffer.capacity() < length {
            // The old contents need no copy.
            *buffer = Vec::new();
            *buffer = Vec::from(mem::take(bytes));
            return Ok(());
        }
        let blob = bytes.get(from..from + length).ok_or_else(lost)?;
        buffer.clear();
        buffer.extend_from_slice(blob);
        Ok(())
    }

    fn wait(&mut self, pool: &Pool) -> Result<&mut Bytes> {
        if let Fetched::OnItsWay(answer) = &self.bytes {
            let timeout = pool.settings().timeout;
            let path = || pool.path_of(self.segment);
            let came = answer.channel().recv_timeout(timeout);
            let bytes = came.unwrap_or_else(|error| {
                Err(match error {
                    RecvTimeoutError::Timeout => {
                        pool.settings().executor.note_stuck();
                        timed_out("get", &path(), timeout)
                    }
                    RecvTimeoutError::Disconnected => unanswered("get", &path(), false),
                })
            })?;
            self.bytes = Fetched::Here(bytes);
        }
        match &mut self.bytes {
            Fetched::Here(bytes) => Ok(bytes),
            Fetched::OnItsWay(_) => Err(lost()),
        }
    }
}

/// Never seen: places are those of blobs that are there.
fn lost() -> ParquetError {
    ParquetError::Internal("a blob lies in no object".to_owned())
}
