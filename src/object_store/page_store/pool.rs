//! The segments of all stores that share a budget: gathered, put, found again, deleted.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::super::versions::Store;
use super::executor::{Executor, Job};
use super::failure::timed_out;
use super::requests::{Change, Ended};
use super::segment::gathered_bytes;
use super::state::{Found, PieceOf, Request, Started, State};
use crate::budget::{MemoryBudget, Reservation};
use crate::column::page_store::SpillMetrics;
use crate::errors::Result;
use crate::latch::hushed;

/// What pools of a factory have in common.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) store: Arc<dyn Store>,
    pub(super) prefix: String,
    pub(super) segment_bytes: usize,
    pub(super) concurrent_reads: usize,
    pub(super) timeout: Duration,
    pub(super) metrics: SpillMetrics,
    pub(super) executor: Arc<Executor>,
}

/// Segments, and who pays for them.
pub(super) struct Pool {
    settings: Settings,
    budget: Option<MemoryBudget>,
    /// The prefix of all its objects.
    folder: String,
    state: Mutex<State>,
    /// A request has ended.
    ended: Condvar,
    /// Bytes of segments in memory, for those who only want to know, and the stores that have them in common.
    bytes: AtomicUsize,
    users: AtomicUsize,
    /// Bytes that are being read, or lie ready.
    reading: AtomicUsize,
}

/// Room for bytes that are read, given back when this is dropped.
pub(super) struct ReadRoom {
    pool: Arc<Pool>,
    bytes: usize,
    _held: Option<Reservation>,
}

/// All segments in memory together, open ones and those that are being put, take this part of a limit at most.
const PARTS_OF_LIMIT: usize = 4;

/// A segment that is open may be this part of all of them, so that others are put meanwhile.
const PARTS_OF_ALL: usize = 2;

/// So many segments are in memory at most.
const MOST_SEGMENTS: usize = 4;

/// When memory is short, a segment that is smaller than this part of a whole one is gathered on: objects of a page each
/// would cost more than they free.
const PARTS_OF_SEGMENT: usize = 4;

/// Tells the pool how a change of the store has ended.
struct Ending {
    pool: Arc<Pool>,
    segment: u64,
    serial: u64,
}

impl Pool {
    pub(super) fn new(settings: Settings, budget: Option<MemoryBudget>) -> Self {
        let held = budget.as_ref().map(MemoryBudget::reserve);
        let state = State::new(held, settings.metrics.clone());
        Self {
            folder: folder(&settings.prefix),
            settings,
            budget,
            state: Mutex::new(state),
            ended: Condvar::new(),
            bytes: AtomicUsize::new(0),
            users: AtomicUsize::new(0),
            reading: AtomicUsize::new(0),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The budget that pays for the segments, if one does.
    pub(super) fn budget(&self) -> Option<&MemoryBudget> {
        self.budget.as_ref()
    }

    /// One store's part of the segments in memory, in bytes.
    pub(super) fn memory_share(&self) -> usize {
        self.bytes.load(Ordering::Relaxed) / self.users.load(Ordering::Relaxed).max(1)
    }

    /// Counts a store in, until it [leaves](Self::leave).
    pub(super) fn join(&self) {
        self.users.fetch_add(1, Ordering::Relaxed);
    }

    /// With the last store goes what is left of the objects. Waits for that as long as the store answers.
    pub(super) fn leave(self: &Arc<Self>, pieces: &mut [PieceOf]) {
        self.work(|state| pieces.iter_mut().for_each(|piece| state.release(piece)));
        if self.users.fetch_sub(1, Ordering::AcqRel) == 1 {
            let others = || self.users.load(Ordering::Relaxed) > 0;
            self.wait_until(|state| (state.is_idle() || others()).then_some(()));
        }
    }

    /// Adds a copy of a blob at the end of a store's. Waits while too much is on its way.
    ///
    /// # Errors
    /// If an object with earlier blobs of the store could not be made.
    pub(super) fn put(
        self: &Arc<Self>,
        pieces: &mut Vec<PieceOf>,
        key: u64,
        blob: &[u8],
    ) -> Result<()> {
        let bytes = gathered_bytes(blob.len());
        self.wait_until(|state| {
            if let Some(failure) = state.failure(pieces) {
                return Some(Err(failure.error()));
            }
            let has_room = self.has_room(state, bytes);
            has_room.then(|| {
                state.add(pieces, key, Bytes::copy_from_slice(blob));
                Ok(())
            })
        })
    }

    /// Makes an object of one blob, without a copy and while the caller waits.
    ///
    /// # Errors
    /// If that fails, or an object with earlier blobs of the store could not be made.
    pub(super) fn put_alone(
        self: &Arc<Self>,
        pieces: &mut Vec<PieceOf>,
        key: u64,
        blob: Bytes,
    ) -> Result<()> {
        self.check(pieces)?;
        let mut piece = self.work(|state| state.add_alone(key, blob));
        let outcome = self.wait_until(|state| state.outcome_of(piece.segment));
        if outcome.is_ok() {
            pieces.push(piece);
        } else {
            self.release(&mut piece);
        }
        outcome
    }

    /// Whether a blob of this length is an object of its own, which is put while the caller waits.
    pub(super) fn is_large(&self, length: usize) -> bool {
        gathered_bytes(length) > self.target_bytes()
    }

    /// Moves what is gathered out of memory, unless that is too little for an object.
    ///
    /// # Errors
    /// If an object with blobs of the store could not be made.
    pub(super) fn spill(self: &Arc<Self>, pieces: &[PieceOf]) -> Result<()> {
        let least = match self.budget {
            Some(_) => self.target_bytes() / PARTS_OF_SEGMENT,
            None => 0,
        };
        let next = self.work(|state| {
            if state.open_bytes() > least {
                state.seal();
            }
            state.next_segment()
        });
        // Not for those that others seal meanwhile.
        self.wait_until(|state| (!state.is_making_before(next)).then_some(()));
        self.check(pieces)
    }

    /// Fails if blobs of a store are in a segment whose object could not be made, for another reason than want of
    /// space: those can be taken.
    ///
    /// # Errors
    /// That failure.
    pub(super) fn check_taking(self: &Arc<Self>, pieces: &[PieceOf]) -> Result<()> {
        let failure = self.work(|state| state.failure(pieces).cloned());
        let failure = failure.filter(|failure| !failure.is_for_space());
        failure.map_or(Ok(()), |failure| Err(failure.error()))
    }

    /// Finds a blob that is about to be taken. One that is gathered leaves its segment.
    pub(super) fn take(
        self: &Arc<Self>,
        piece: &PieceOf,
        key: u64,
        length: usize,
    ) -> Option<Found> {
        self.work(|state| state.take(piece, key, length))
    }

    /// Where a blob begins in its object; `None` if it is in memory.
    pub(super) fn start_in_object(self: &Arc<Self>, piece: &PieceOf, key: u64) -> Option<u64> {
        self.work(|state| state.start_in_object(piece, key))
    }

    /// Lets a piece go of which no blob is left. The object goes with its last piece.
    pub(super) fn release(self: &Arc<Self>, piece: &mut PieceOf) {
        self.work(|state| state.release(piece));
    }

    /// The path of an object.
    pub(super) fn path_of(&self, segment: u64) -> String {
        format!("{}/{segment:08}", self.folder)
    }

    /// Room for bytes that are read ahead, if there is.
    pub(super) fn room_ahead(self: &Arc<Self>, bytes: usize) -> Option<ReadRoom> {
        if self.reading.load(Ordering::Relaxed) + bytes > self.target_bytes() {
            return None;
        }
        let mut held = self.budget.as_ref().map(MemoryBudget::reserve);
        if held
            .as_mut()
            .is_some_and(|held| held.try_resize(bytes).is_err())
        {
            return None;
        }
        Some(self.read_room(bytes, held))
    }

    /// Room for bytes that are needed now.
    pub(super) fn room_now(self: &Arc<Self>, bytes: usize) -> ReadRoom {
        let mut held = self.budget.as_ref().map(MemoryBudget::reserve);
        if let Some(held) = &mut held {
            held.resize(bytes);
        }
        self.read_room(bytes, held)
    }

    /// The most bytes of one read, where they are not one blob.
    pub(super) fn most_at_once(&self) -> usize {
        self.target_bytes() / PARTS_OF_SEGMENT
    }

    /// Starts a job that reads.
    ///
    /// # Errors
    /// If there is no thread for it.
    pub(super) fn start(&self, job: Job) -> Result<()> {
        self.settings.executor.ready()?;
        self.settings.executor.start(job);
        Ok(())
    }

    fn check(self: &Arc<Self>, pieces: &[PieceOf]) -> Result<()> {
        let failure = self.work(|state| state.failure(pieces).cloned());
        failure.map_or(Ok(()), |failure| Err(failure.error()))
    }

    fn read_room(self: &Arc<Self>, bytes: usize, held: Option<Reservation>) -> ReadRoom {
        self.reading.fetch_add(bytes, Ordering::Relaxed);
        ReadRoom {
            pool: Arc::clone(self),
            bytes,
            _held: held,
        }
    }

    /// Makes room for a blob, or says that it has to wait for the end of a request.
    fn has_room(&self, state: &mut State, bytes: usize) -> bool {
        let target = self.target_bytes();
        if state.open_bytes() > 0 && state.open_bytes() + bytes > target {
            state.seal();
        }
        let is_busy = state.is_making();
        if is_busy && state.bytes() + bytes > self.most_bytes() {
            return false;
        }
        if state.try_hold(bytes) {
            return true;
        }
        if !is_busy && state.open_bytes() > target / PARTS_OF_SEGMENT {
            state.seal();
        }
        // A page has no other place to go.
        !state.is_making()
    }

    /// The bytes of a whole segment.
    fn target_bytes(&self) -> usize {
        let most = self.most_bytes() / PARTS_OF_ALL;
        self.settings.segment_bytes.min(most).max(1)
    }

    /// The bytes of all segments in memory.
    fn most_bytes(&self) -> usize {
        let most = self.settings.segment_bytes.saturating_mul(MOST_SEGMENTS);
        let limit = self.budget.as_ref().and_then(MemoryBudget::limit);
        limit.map_or(most, |limit| most.min(limit / PARTS_OF_LIMIT))
    }

    /// Changes the state, and starts the requests that this has led to.
    fn work<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        self.unlock(state);
        result
    }

    /// Waits for the end of requests until `ready` has an answer. Where none ends for too long, all are given up.
    fn wait_until<T>(self: &Arc<Self>, mut ready: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let mut state = self.lock();
            if let Some(answer) = ready(&mut state) {
                self.unlock(state);
                return answer;
            }
            if state.has_started() {
                self.unlock(state);
                continue;
            }
            let (mut state, wait) = self
                .ended
                .wait_timeout(state, self.settings.timeout)
                .unwrap_or_else(PoisonError::into_inner);
            if wait.timed_out() {
                self.give_up(&mut state);
            }
            self.unlock(state);
        }
    }

    /// Ends all requests: the store has not answered for too long.
    fn give_up(&self, state: &mut State) {
        self.settings.executor.note_stuck();
        let timeout = self.settings.timeout;
        state.give_up(|segment| timed_out("put", &self.path_of(segment), timeout));
        self.ended.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changed in steps that do not panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what is in memory now, and starts requests with the lock given back: a job that is dropped takes it.
    fn unlock(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        state.settle();
        self.bytes.store(state.bytes(), Ordering::Relaxed);
        let started = state.start();
        drop(state);
        for started in started {
            self.request(started);
        }
    }

    fn request(self: &Arc<Self>, started: Started) {
        let Started {
            segment,
            serial,
            request,
            cancelled,
        } = started;
        let ending = Ending {
            pool: Arc::clone(self),
            segment,
            serial,
        };
        if let Err(error) = self.settings.executor.ready() {
            return ending.end(Err(error));
        }
        let change = Change {
            store: Arc::clone(&self.settings.store),
            path: self.path_of(segment),
        };
        self.settings.executor.start(match request {
            Request::Put(payload) => change.put(payload, cancelled, ending),
            Request::Delete => change.delete(cancelled, ending),
        });
    }
}

impl Ended for Ending {
    fn end(self, outcome: Result<()>) {
        let Self {
            pool,
            segment,
            serial,
        } = self;
        // A source of memory may panic. Those who wait go on in any case.
        hushed(|| pool.work(|state| state.end(segment, serial, outcome)));
        pool.ended.notify_all();
    }
}

impl ReadRoom {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for ReadRoom {
    fn drop(&mut self) {
        self.pool.reading.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn folder(prefix: &str) -> String {
    match prefix {
        "" => unique(),
        prefix => format!("{prefix}/{}", unique()),
    }
}

/// A name that no other pool has, here or elsewhere.
fn unique() -> String {
    // Each state has random keys of its own.
    let number = || {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(process::id());
        hasher.write_u128(now_nanos());
        hasher.finish()
    };
    format!("{:016x}{:016x}", number(), number())
}

fn now_nanos() -> u128 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    time.map_or(0, |time| time.as_nanos())
}
