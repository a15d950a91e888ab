//! The segment files that all stores of one factory share: the way of a blob to disk and back, and
//! the turn from a directory that fails to the next. Knows nothing of keys and checksums.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::{SpillMetrics, events};
use super::extents::GiveBack;
use super::failure::spill_failure;
use super::io::{discard, open_unlinked, read_exact_at, write_all_at};
use super::lane::{Lane, Rest};
use super::segments::{BLOCK, Extent, Freed, Place, Segment, Segments};
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

/// What went wrong in a directory.
struct Failure {
    step: &'static str,
    length_bytes: u64,
    directory: usize,
    error: io::Error,
}

/// The directories that have failed one put, and what the last of them said.
#[derive(Default)]
struct Attempt {
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

    /// Writes a blob to the lane of its store or to other free space. A directory that cannot take it is passed
    /// over for the next; the error is that of the last.
    pub(super) fn write(&self, bytes: &[u8], lane: &mut Lane) -> Result<Extent> {
        let mut attempt = Attempt::default();
        loop {
            let length_bytes = bytes.len() as u64;
            let place = match self.place_in_lane(lane, length_bytes, &attempt)? {
                Some(place) => place,
                None => self.allocate(length_bytes, &mut attempt)?,
            };
            let Err(error) = self.transfer(&place, bytes) else {
                lane.record(length_bytes);
                return Ok(place.extent);
            };
            self.free(place.extent)?;
            self.end_lane(lane);
            let mut state = self.lock();
            let failure = Failure {
                step: "write",
                length_bytes,
                directory: place.directory,
                error,
            };
            self.pass_over(&mut state, failure, &mut attempt);
        }
    }

    /// Fills `buffer`, which has the blob's length, from its place.
    pub(super) fn read(&self, extent: Extent, buffer: &mut [u8]) -> Result<()> {
        let (file, directory) = self
            .lock()
            .segments
            .get(extent.segment)
            .map(|segment| (Arc::clone(&segment.file), segment.directory))
            .ok_or_else(|| ParquetError::General("the spill file is closed".to_owned()))?;
        read_exact_at(&file, buffer, extent.offset()).map_err(|error| {
            let path = self.path(directory);
            if error.kind() == io::ErrorKind::UnexpectedEof {
                ParquetError::CorruptBlob(format!(
                    "a spill file in {} ends inside the {} bytes at {}",
                    path.display(),
                    extent.length_bytes,
                    extent.offset()
                ))
            } else {
                spill_failure("read", extent.length_bytes, path, error)
            }
        })
    }

    /// Gives space back: blocks of disk at once where the system can do that, and a whole segment
    /// when no blob is left in it.
    pub(super) fn free(&self, extent: Extent) -> Result<()> {
        let mut state = self.lock();
        let freed = state.segments.free(extent)?;
        self.give_back(state, freed);
        Ok(())
    }

    /// Gives back what a lane has left.
    pub(super) fn end_lane(&self, lane: &mut Lane) {
        let Some(rest) = lane.rest.take() else {
            return;
        };
        let mut state = self.lock();
        let freed = state.segments.end_lane(rest);
        self.give_back(state, freed);
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

    /// The directory that an extent lies in, for messages.
    pub(super) fn path_of(&self, extent: Extent) -> PathBuf {
        let directory = self
            .lock()
            .segments
            .get(extent.segment)
            .map_or(usize::MAX, |segment| segment.directory);
        self.path(directory).to_owned()
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

    /// Room in a store's lane, or in a new one. `None` if the blob should go elsewhere.
    fn place_in_lane(
        &self,
        lane: &mut Lane,
        length_bytes: u64,
        attempt: &Attempt,
    ) -> Result<Option<Place>> {
        if lane.rest.is_some() {
            if let Some(place) = self.lock().segments.place_in_lane(lane, length_bytes)? {
                return Ok(Some(place));
            }
            self.end_lane(lane);
        }
        let Some(wanted_bytes) = lane.wanted_bytes(length_bytes) else {
            return Ok(None);
        };
        let mut state = self.lock();
        lane.rest = state.open_lane(wanted_bytes, attempt)?;
        self.publish(&state);
        state.segments.place_in_lane(lane, length_bytes)
    }

    fn allocate(&self, length_bytes: u64, attempt: &mut Attempt) -> Result<Place> {
        let mut state = self.lock();
        for health in [Health::Working, Health::Failing] {
            if let Some(place) = state.place(length_bytes, health, attempt)? {
                self.publish(&state);
                return Ok(place);
            }
            for directory in state.turns() {
                if !attempt.allows(directory, &state.health, health) {
                    continue;
                }
                state.segments.check_quota(length_bytes)?;
                if let Err(error) = self.open_segment(&mut state, directory, length_bytes) {
                    let failure = Failure {
                        step: "open",
                        length_bytes,
                        directory,
                        error,
                    };
                    self.pass_over(&mut state, failure, attempt);
                } else if let Some(place) = state.place(length_bytes, health, attempt)? {
                    self.publish(&state);
                    return Ok(place);
                }
            }
        }
        Err(attempt.error.take().unwrap_or_else(|| {
            ParquetError::General("there is no directory to spill to".to_owned())
        }))
    }

    fn open_segment(
        &self,
        state: &mut State,
        directory: usize,
        length_bytes: u64,
    ) -> io::Result<()> {
        let path = self.path(directory);
        let file = open_unlinked(path)?;
        let give_back = match discard(&file, 0, BLOCK) {
            Ok(()) => GiveBack::Blocks,
            Err(_) => GiveBack::Segment,
        };
        state
            .segments
            .add(file, give_back, directory, length_bytes)?;
        state.next_directory = directory + 1;
        events::segment_opened(path, state.segments.open_files());
        Ok(())
    }

    fn give_back(&self, state: MutexGuard<'_, State>, freed: Freed) {
        self.publish(&state);
        drop(state);
        match freed {
            Freed::Done => {}
            Freed::Segment(segment) => self.close(segment),
            Freed::Blocks(idle) => {
                // If this fails the blocks stay behind until their segment is closed.
                let _ = discard(&idle.file, idle.offset(), idle.length_bytes());
                let mut state = self.lock();
                let freed = state.segments.discarded(&idle);
                self.publish(&state);
                drop(state);
                if let Freed::Segment(segment) = freed {
                    self.close(segment);
                }
            }
        }
    }

    fn close(&self, segment: Segment) {
        let mut state = self.lock();
        if let Some(health) = state.health.get_mut(segment.directory) {
            *health = Health::Working;
        }
        if state.segments.open_files() == 0 {
            state.health.fill(Health::Working);
        }
        drop(state);
        drop(segment);
    }

    fn pass_over(&self, state: &mut State, failure: Failure, attempt: &mut Attempt) {
        let Failure {
            step,
            length_bytes,
            directory,
            error,
        } = failure;
        if let Some(health) = state.health.get_mut(directory) {
            *health = Health::Failing;
        }
        let path = self.path(directory);
        events::directory_failed(path, &error);
        attempt.failed.push(directory);
        attempt.error = Some(spill_failure(step, length_bytes, path, error));
    }

    #[cfg(not(test))]
    fn transfer(&self, place: &Place, bytes: &[u8]) -> io::Result<()> {
        write_all_at(&place.file, bytes, place.extent.offset())
    }

    /// Half of the bytes arrive in a directory that is full.
    #[cfg(test)]
    fn transfer(&self, place: &Place, bytes: &[u8]) -> io::Result<()> {
        let full = self.full_directories.lock().unwrap();
        let is_full = full.contains(&place.directory);
        drop(full);
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        let arrive = if is_full { half } else { bytes };
        write_all_at(&place.file, arrive, place.extent.offset())?;
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
    fn place(
        &mut self,
        length_bytes: u64,
        wanted: Health,
        attempt: &Attempt,
    ) -> Result<Option<Place>> {
        let health = &self.health;
        self.segments.place(length_bytes, |directory| {
            attempt.allows(directory, health, wanted)
        })
    }

    fn open_lane(&mut self, wanted_bytes: u64, attempt: &Attempt) -> Result<Option<Rest>> {
        let health = &self.health;
        self.segments.open_lane(wanted_bytes, |directory| {
            attempt.allows(directory, health, Health::Working)
        })
    }

    /// All directories once, from the one whose turn it is.
    fn turns(&self) -> impl Iterator<Item = usize> + use<> {
        let directories = self.health.len();
        let first = self.next_directory;
        (first..first + directories).map(move |turn| turn % directories)
    }
}

impl Attempt {
    /// Whether a directory has the wanted health and has not failed this put.
    fn allows(&self, directory: usize, health: &[Health], wanted: Health) -> bool {
        health.get(directory) == Some(&wanted) && !self.failed.contains(&directory)
    }
}

#[cfg(test)]
impl Spool {
    pub(super) fn file_of_segment(&self, number: u32) -> Option<Arc<std::fs::File>> {
        let state = self.lock();
        state
            .segments
            .get(number)
            .map(|segment| Arc::clone(&segment.file))
    }

    pub(super) fn directory_of_last_segment(&self) -> Option<usize> {
        let state = self.lock();
        let numbers = 0..u32::try_from(state.segments.open_files()).unwrap();
        numbers
            .rev()
            .find_map(|number| state.segments.get(number))
            .map(|segment| segment.directory)
    }
}
