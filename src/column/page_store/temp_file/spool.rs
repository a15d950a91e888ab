//! The segment files that all stores of one factory share: where a store's bytes go, and the turn from a directory
//! that fails to the next. Knows nothing of keys and checksums.

use std::io;
use std::path::{Path, PathBuf};
#[cfg(test)]
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::super::{SpillMetrics, events};
use super::failure::spill_failure;
use super::io::{discard, open_unlinked, read_exact_at, write_all_at};
use super::segments::{BLOCK, GiveBack, Lane, SegmentFile, Segments};
use crate::errors::{ParquetError, Result};

/// Where segments are made, and how many bytes they may take.
#[derive(Debug)]
pub(super) struct SpoolLimits {
    /// Not empty.
    pub(super) directories: Vec<PathBuf>,
    pub(super) segment_bytes: u64,
    pub(super) max_disk_bytes: Option<u64>,
}

/// Segment files in their directories. Space is found under a short lock; bytes move outside it.
pub(super) struct Spool {
    limits: SpoolLimits,
    metrics: SpillMetrics,
    state: Mutex<State>,
    table_bytes: AtomicUsize,
    stores: AtomicUsize,
    /// Directories whose writes fail, for tests of the turn to the next.
    #[cfg(test)]
    pub(super) full_directories: Mutex<Vec<usize>>,
}

struct State {
    segments: Segments,
    /// One for each directory.
    health: Vec<Health>,
    next_directory: usize,
}

/// Whether a directory is worth a try. One that fails comes last until it gives space back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Working,
    Failing,
}

/// The put of one blob: the directories that have failed it, and what the last of them said.
pub(super) struct Attempt {
    length_bytes: u64,
    failed: Vec<usize>,
    error: Option<ParquetError>,
}

impl Spool {
    pub(super) fn new(limits: SpoolLimits, metrics: SpillMetrics) -> Self {
        let (segment_bytes, max_disk_bytes) = (limits.segment_bytes, limits.max_disk_bytes);
        let state = State {
            segments: Segments::new(segment_bytes, max_disk_bytes, metrics.clone()),
            health: vec![Health::Working; limits.directories.len()],
            next_directory: 0,
        };
        Self {
            limits,
            metrics,
            state: Mutex::new(state),
            table_bytes: AtomicUsize::new(0),
            stores: AtomicUsize::new(0),
            #[cfg(test)]
            full_directories: Mutex::default(),
        }
    }

    /// A lane for a store to write `length_bytes` to, of `most` blocks if it writes less. It may have room for a part
    /// of them only. A directory that fails is passed over for the next; the error is that of the last.
    pub(super) fn open_lane(
        &self,
        length_bytes: u64,
        most: u32,
        attempt: &mut Attempt,
    ) -> Result<Lane> {
        let needed = u32::try_from(length_bytes.div_ceil(BLOCK))?;
        let mut state = self.lock();
        for health in [Health::Working, Health::Failing] {
            if let Some(lane) = state.open_lane(needed, most, health, attempt) {
                self.publish(&state);
                return Ok(lane);
            }
            for directory in state.turns() {
                if !attempt.allows(directory, &state.health, health) {
                    continue;
                }
                state
                    .segments
                    .check_quota(length_bytes, attempt.length_bytes)?;
                if let Err(error) = self.open_segment(&mut state, directory, needed) {
                    self.pass_over(&mut state, "open", directory, error, attempt);
                } else if let Some(lane) = state.open_lane(needed, most, health, attempt) {
                    self.publish(&state);
                    return Ok(lane);
                }
            }
        }
        Err(attempt.error.take().unwrap_or_else(|| {
            ParquetError::General("there is no directory to spill to".to_owned())
        }))
    }

    /// Writes into a lane, `from` bytes after its start. Returns whether its directory took them.
    ///
    /// # Errors
    /// If the quota has no room for them.
    pub(super) fn write(
        &self,
        lane: &Lane,
        from: u64,
        bytes: &[u8],
        attempt: &mut Attempt,
    ) -> Result<bool> {
        let range = from..from + bytes.len() as u64;
        let requested = attempt.length_bytes;
        self.lock().segments.claim(lane, range, requested)?;
        let Err(error) = self.transfer(&lane.file, bytes, lane.offset() + from) else {
            return Ok(true);
        };
        let mut state = self.lock();
        self.pass_over(&mut state, "write", lane.file.directory, error, attempt);
        Ok(false)
    }

    /// Fills `buffer` from a lane, `from` bytes after its start.
    pub(super) fn read(&self, lane: &Lane, from: u64, buffer: &mut [u8]) -> Result<()> {
        let length = buffer.len();
        read_exact_at(&lane.file.file, buffer, lane.offset() + from).map_err(|error| {
            let path = self.path_of(lane);
            if error.kind() == io::ErrorKind::UnexpectedEof {
                let path = path.display();
                let text =
                    format!("a spill file in {path} ends inside the {length} bytes of a blob");
                ParquetError::CorruptBlob(text)
            } else {
                spill_failure("read", length as u64, path, error)
            }
        })
    }

    /// Takes a lane back. Its blocks go to the system at once where that is possible, and a whole segment when
    /// no lane is left in it.
    pub(super) fn free(&self, lane: Lane) {
        let mut state = self.lock();
        if state.segments.takes_disk(&lane) {
            drop(state);
            // If this fails the blocks stay behind until they are used again or their segment is closed.
            let discarded = discard(&lane.file.file, lane.offset(), lane.length_bytes());
            state = self.lock();
            if discarded.is_ok() {
                state.segments.discarded(&lane);
            }
        }
        if state.segments.free(&lane) {
            state.segment_closed(lane.file.directory);
        }
        self.publish(&state);
        drop(state);
        // Closes the file of a segment that is no longer there.
        drop(lane);
    }

    /// Opens and closes a file in every directory.
    pub(super) fn probe(&self) -> Result<()> {
        for path in &self.limits.directories {
            open_unlinked(path).map_err(|error| spill_failure("open", 0, path, error))?;
        }
        Ok(())
    }

    pub(super) fn limits(&self) -> &SpoolLimits {
        &self.limits
    }

    pub(super) fn metrics(&self) -> &SpillMetrics {
        &self.metrics
    }

    /// The directory that a lane lies in, for messages.
    pub(super) fn path_of(&self, lane: &Lane) -> &Path {
        self.path(lane.file.directory)
    }

    /// Counts a store in, until it [leaves](Self::leave).
    pub(super) fn join(&self) {
        self.stores.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn leave(&self) {
        self.stores.fetch_sub(1, Ordering::Relaxed);
    }

    /// One store's part of the heap in the tables that all stores share, in bytes.
    pub(super) fn memory_share(&self) -> usize {
        let stores = self.stores.load(Ordering::Relaxed).max(1);
        self.table_bytes.load(Ordering::Relaxed) / stores
    }

    fn open_segment(&self, state: &mut State, directory: usize, needed: u32) -> io::Result<()> {
        let path = self.path(directory);
        let file = open_unlinked(path)?;
        let give_back = match discard(&file, 0, BLOCK) {
            Ok(()) => GiveBack::Blocks,
            Err(_) => GiveBack::Segment,
        };
        state.segments.add(file, give_back, directory, needed);
        state.next_directory = directory + 1;
        events::segment_opened(path, state.segments.open_files());
        Ok(())
    }

    fn pass_over(
        &self,
        state: &mut State,
        step: &'static str,
        directory: usize,
        error: io::Error,
        attempt: &mut Attempt,
    ) {
        if let Some(health) = state.health.get_mut(directory) {
            *health = Health::Failing;
        }
        let path = self.path(directory);
        events::directory_failed(path, &error);
        attempt.failed.push(directory);
        attempt.error = Some(spill_failure(step, attempt.length_bytes, path, error));
    }

    #[cfg(not(test))]
    fn transfer(&self, to: &SegmentFile, bytes: &[u8], offset: u64) -> io::Result<()> {
        write_all_at(&to.file, bytes, offset)
    }

    /// Half of the bytes arrive in a directory that is full.
    #[cfg(test)]
    fn transfer(&self, to: &SegmentFile, bytes: &[u8], offset: u64) -> io::Result<()> {
        let full = self.full_directories.lock().unwrap();
        let is_full = full.contains(&to.directory);
        drop(full);
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        let arrive = if is_full { half } else { bytes };
        write_all_at(&to.file, arrive, offset)?;
        if is_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The table is changed in steps that do not panic, so a poisoned lock guards whole data.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, state: &State) {
        let bytes = state.segments.memory_size();
        self.table_bytes.store(bytes, Ordering::Relaxed);
    }

    fn path(&self, directory: usize) -> &Path {
        let path = self.limits.directories.get(directory);
        path.map_or(Path::new(""), PathBuf::as_path)
    }
}

impl State {
    fn open_lane(
        &mut self,
        needed: u32,
        most: u32,
        wanted: Health,
        attempt: &Attempt,
    ) -> Option<Lane> {
        let health = &self.health;
        self.segments.open_lane(needed, most, |directory| {
            attempt.allows(directory, health, wanted)
        })
    }

    fn segment_closed(&mut self, directory: usize) {
        if let Some(health) = self.health.get_mut(directory) {
            *health = Health::Working;
        }
        if self.segments.open_files() == 0 {
            self.health.fill(Health::Working);
        }
    }

    /// All directories once, from the one whose turn it is.
    fn turns(&self) -> impl Iterator<Item = usize> + use<> {
        let directories = self.health.len();
        let first = self.next_directory;
        (first..first + directories).map(move |turn| turn % directories)
    }
}

impl Attempt {
    /// No directory has been asked yet.
    pub(super) fn of(length: usize) -> Self {
        Self {
            length_bytes: length as u64,
            failed: Vec::new(),
            error: None,
        }
    }

    /// Whether a directory has the wanted health and has not failed this put.
    fn allows(&self, directory: usize, health: &[Health], wanted: Health) -> bool {
        health.get(directory) == Some(&wanted) && !self.failed.contains(&directory)
    }
}

#[cfg(test)]
impl Spool {
    pub(super) fn file_of_segment(&self, number: usize) -> Option<Arc<SegmentFile>> {
        self.lock().segments.file(number)
    }

    pub(super) fn directory_of_last_segment(&self) -> Option<usize> {
        let state = self.lock();
        let numbers = 0..state.segments.open_files();
        let last = numbers.rev().find_map(|number| state.segments.file(number));
        last.map(|file| file.directory)
    }
}
