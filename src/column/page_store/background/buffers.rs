//! Memory for blobs on their way between writer and thread: so many bytes and no more, used again
//! and again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::{PageKey, PageStore};
use crate::budget::{MemoryBudget, Reservation};
use crate::errors::Result;
use crate::latch::hushed;

/// Lends buffers up to a number of bytes. They are allocated and freed in calls of the owners alone, never
/// by the thread that gives them back, and those that are not lent are kept until an owner
/// [trims](Self::trim).
pub(super) struct Buffers {
    most_bytes: usize,
    purse: Option<Purse>,
    /// Bytes of all buffers, for those who only want to know.
    bytes: AtomicUsize,
    /// Stores that use them.
    users: AtomicUsize,
    state: Mutex<State>,
}

/// Who pays for buffers.
#[derive(Debug, Clone)]
pub(super) struct Purse {
    pub(super) budget: MemoryBudget,
    /// The one that knows how many members there are: of a writer's own budget that is the one behind it.
    pub(super) shared: MemoryBudget,
}

struct State {
    lent_bytes: usize,
    spare: Vec<Vec<u8>>,
    spare_bytes: usize,
    /// What all of them cost, if a budget pays.
    held: Option<Reservation>,
}

/// A buffer that goes back when it is dropped.
pub(super) struct Lent {
    bytes: Vec<u8>,
    /// Where the blob begins.
    from: usize,
    /// What the loan counts for, whatever becomes of the buffer.
    counted: usize,
    buffers: Arc<Buffers>,
}

/// The part of a member's fair share of the budget that goes into buffers at most, and only while the budget is not
/// under pressure. Pages have left the heap by then, so a small limit has that much to spare.
const PARTS_OF_SHARE: usize = 4;

/// A writer with less than this to spare needs it for larger pages.
const LEAST_PART_BYTES: usize = 4 << 20;

/// A buffer with room for more than so many blobs of a kind is too good for one, since there are not many.
pub(super) const MOST_SLACK: usize = 8;

/// A blob is small if so many of them would fill the buffers.
const PARTS_OF_SMALL: usize = 256;

impl Purse {
    pub(super) fn of(budget: &MemoryBudget) -> Self {
        Self {
            budget: budget.clone(),
            shared: budget.clone(),
        }
    }
}

impl Buffers {
    pub(super) fn new(most_bytes: usize, purse: Option<Purse>) -> Self {
        let state = State {
            lent_bytes: 0,
            spare: Vec::new(),
            spare_bytes: 0,
            held: purse.as_ref().map(|purse| purse.budget.reserve()),
        };
        Self {
            most_bytes,
            purse,
            bytes: AtomicUsize::new(0),
            users: AtomicUsize::new(0),
            state: Mutex::new(state),
        }
    }

    /// Counts a store in, until it [leaves](Self::leave).
    pub(super) fn join(&self) {
        self.users.fetch_add(1, Ordering::Relaxed);
    }

    /// With the last store the buffers go.
    pub(super) fn leave(&self) {
        if self.users.fetch_sub(1, Ordering::Relaxed) == 1 {
            hushed(|| self.trim());
        }
    }

    /// A buffer with any contents and room for `length` bytes, or `None` if too much is lent already or the
    /// budget has no room.
    pub(super) fn lend(self: &Arc<Self>, length: usize) -> Option<Lent> {
        let purse = self.purse.as_ref();
        if purse.is_some_and(|purse| purse.budget.is_under_pressure()) {
            self.free_spare();
            return None;
        }
        let most_bytes = self.most_bytes();
        // A source that panics below unlocks the state before the buffer goes back.
        let mut lent = None;
        let mut state = self.lock();
        if let Some(bytes) = state.buffer(length, most_bytes) {
            state.lent_bytes += bytes.capacity();
            lent = Some(Lent {
                counted: bytes.capacity(),
                bytes,
                from: 0,
                buffers: Arc::clone(self),
            });
        }
        self.settle(&mut state);
        drop(state);
        lent
    }

    /// Frees the buffers that are not lent, unless others are.
    pub(super) fn trim(&self) {
        let is_lent = self.lock().lent_bytes > 0;
        if !is_lent {
            self.free_spare();
        }
    }

    /// Frees the buffers that are not lent.
    pub(super) fn free_spare(&self) {
        let mut state = self.lock();
        while state.drop_spare() {}
        self.settle(&mut state);
    }

    /// The most bytes that are lent at once. None where the budget is small or does not tell its limit.
    pub(super) fn most_bytes(&self) -> usize {
        let Some(purse) = &self.purse else {
            return self.most_bytes;
        };
        let part = purse.shared.fair_share().unwrap_or(0) / PARTS_OF_SHARE;
        if part < LEAST_PART_BYTES {
            0
        } else {
            self.most_bytes.min(part)
        }
    }

    /// Whether half of what can be lent is.
    pub(super) fn is_half_lent(&self) -> bool {
        2 * self.lock().lent_bytes >= self.most_bytes()
    }

    /// For less than these bytes it does not pay to wake a thread.
    pub(super) fn small_bytes(&self) -> usize {
        self.most_bytes / PARTS_OF_SMALL
    }

    /// Bytes of all buffers, lent or not.
    #[cfg(test)]
    pub(super) fn memory_size(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// One store's part of the buffers, in bytes.
    pub(super) fn memory_share(&self) -> usize {
        self.bytes.load(Ordering::Relaxed) / self.users.load(Ordering::Relaxed).max(1)
    }

    /// Whether a budget pays for the buffers.
    pub(super) fn are_reserved(&self) -> bool {
        self.purse.is_some()
    }

    fn take_back(&self, bytes: Vec<u8>, counted: usize) {
        let mut state = self.lock();
        state.lent_bytes -= counted;
        // An owner may have exchanged the buffer for a larger one.
        let is_larger = bytes.capacity() > counted;
        if is_larger && state.bytes() + bytes.capacity() > self.most_bytes() {
            drop(bytes);
        } else {
            state.spare_bytes += bytes.capacity();
            state.spare.push(bytes);
        }
        self.settle(&mut state);
    }

    /// Says what is in memory now.
    fn settle(&self, state: &mut State) {
        let bytes = state.bytes();
        self.bytes.store(bytes, Ordering::Relaxed);
        if let Some(held) = &mut state.held {
            held.resize(bytes);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changed in steps that do not panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// All that is lent, and all that is not.
    fn bytes(&self) -> usize {
        self.lent_bytes + self.spare_bytes
    }

    /// A spare buffer that is large enough, or a new one for which spare ones go.
    fn buffer(&mut self, length: usize, most_bytes: usize) -> Option<Vec<u8>> {
        if self.lent_bytes + length > most_bytes {
            return None;
        }
        let closest = self.closest(length);
        if closest.is_some_and(|(capacity, _)| capacity / MOST_SLACK <= length) {
            return self.take_spare(closest);
        }
        while self.bytes() + length > most_bytes && self.drop_spare() {}
        while !self.is_granted(length) {
            if !self.drop_spare() {
                return None;
            }
        }
        Some(Vec::with_capacity(length))
    }

    /// The smallest spare buffer for `length` bytes: its capacity, and where it is.
    fn closest(&self, length: usize) -> Option<(usize, usize)> {
        let spare = self.spare.iter().map(Vec::capacity);
        let capacities = spare.enumerate().map(|(at, capacity)| (capacity, at));
        capacities.filter(|(capacity, _)| *capacity >= length).min()
    }

    fn take_spare(&mut self, found: Option<(usize, usize)>) -> Option<Vec<u8>> {
        let (capacity, at) = found?;
        self.spare_bytes -= capacity;
        Some(self.spare.swap_remove(at))
    }

    /// Whether the budget, if there is one, pays for `more` bytes beside what there is.
    fn is_granted(&mut self, more: usize) -> bool {
        let bytes = self.bytes() + more;
        self.held
            .as_mut()
            .is_none_or(|held| held.try_resize(bytes).is_ok())
    }

    fn drop_spare(&mut self) -> bool {
        let dropped = self.spare.pop();
        self.spare_bytes -= dropped.as_ref().map_or(0, Vec::capacity);
        dropped.is_some()
    }
}

impl Lent {
    /// Fills the buffer with a copy of a blob.
    pub(super) fn copy(&mut self, blob: &[u8]) {
        self.from = 0;
        self.bytes.clear();
        self.bytes.extend_from_slice(blob);
    }

    /// Gives the buffer away for `buffer`, where the blob begins at `from`.
    pub(super) fn exchange(&mut self, buffer: &mut Vec<u8>, from: usize) {
        std::mem::swap(&mut self.bytes, buffer);
        self.from = from;
    }

    /// The blob.
    pub(super) fn blob(&self) -> &[u8] {
        self.bytes.get(self.from..).unwrap_or_default()
    }

    /// Puts the blob into a store, which may keep the buffer for another.
    pub(super) fn put_into(&mut self, store: &mut dyn PageStore) -> Result<PageKey> {
        store.put_from(&mut self.bytes, self.from)
    }

    /// The blob at the beginning of its buffer.
    pub(super) fn blob_at_front(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..std::mem::take(&mut self.from));
        &mut self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        hushed(|| self.buffers.take_back(bytes, self.counted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_lent_than_was_agreed() {
        let buffers = Arc::new(Buffers::new(100, None));
        let first = buffers.lend(60).unwrap();
        assert!(buffers.lend(41).is_none());
        let second = buffers.lend(30).unwrap();
        assert_eq!(buffers.memory_size(), 90);
        drop(first);
        assert_eq!(buffers.memory_size(), 90, "kept for the next");
        let third = buffers.lend(70).unwrap();
        assert_eq!(buffers.memory_size(), 100, "spare ones made room");
        buffers.trim();
        assert_eq!(buffers.memory_size(), 100, "some are lent");
        drop((second, third));
        buffers.trim();
        assert_eq!(buffers.memory_size(), 0);
    }

    #[test]
    fn a_buffer_is_used_again_also_when_it_was_exchanged() {
        let buffers = Arc::new(Buffers::new(1000, None));
        let _other = buffers.lend(100).unwrap();
        let mut lent = buffers.lend(100).unwrap();
        let mut foreign = vec![7; 300];
        lent.exchange(&mut foreign, 50);
        assert_eq!(lent.blob(), [7; 250]);
        assert_eq!(*lent.blob_at_front(), [7; 250]);
        drop(lent);
        assert_eq!(buffers.memory_size(), 400);
        assert_eq!(buffers.lend(200).unwrap().bytes.capacity(), 300);
        assert_eq!(buffers.memory_size(), 400);
    }

    #[test]
    fn a_buffer_that_came_back_too_large_is_not_kept() {
        let buffers = Arc::new(Buffers::new(1000, None));
        let _other = buffers.lend(300).unwrap();
        for (size, kept) in [(600, 600), (800, 0)] {
            buffers.free_spare();
            let mut lent = buffers.lend(500).unwrap();
            lent.exchange(&mut vec![1; size], 0);
            drop(lent);
            assert_eq!(buffers.memory_size(), 300 + kept);
        }
    }

    #[test]
    fn the_closest_buffer_is_used_again() {
        let buffers = Arc::new(Buffers::new(1000, None));
        drop([400, 100, 200].map(|length| buffers.lend(length).unwrap()));
        let lent = [150, 80, 300].map(|length| buffers.lend(length).unwrap());
        assert_eq!(
            lent.each_ref().map(|lent| lent.bytes.capacity()),
            [200, 100, 400]
        );
        drop(lent);
        let small = buffers.lend(9).unwrap();
        assert_eq!(small.bytes.capacity(), 9, "a large one is too good for it");
        assert!(buffers.memory_size() <= 1000);
    }

    #[test]
    fn the_budget_pays_for_what_there_is() {
        let budget = MemoryBudget::new(16 << 20);
        let buffers = Arc::new(Buffers::new(4 << 20, Some(Purse::of(&budget))));
        let mut others = budget.reserve();
        others.resize((14 << 20) - 99);
        assert!(buffers.lend(100).is_none(), "only 99 below the mark");
        let lent = buffers.lend(99).unwrap();
        others.resize(0);
        assert_eq!(budget.used(), 99);
        assert!(buffers.lend(4 << 20).is_none(), "a quarter is lent");
        drop(lent);
        assert_eq!(budget.used(), 99);
        buffers.trim();
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn spare_buffers_go_when_the_budget_is_short() {
        let budget = MemoryBudget::new(16 << 20);
        let buffers = Arc::new(Buffers::new(4 << 20, Some(Purse::of(&budget))));
        drop([500, 300, 200].map(|length| buffers.lend(length).unwrap()));
        assert_eq!(buffers.memory_size(), 1000);
        let mut others = budget.reserve();
        others.resize((14 << 20) - 1000);
        let lent = buffers.lend(600).unwrap();
        assert!(buffers.memory_size() <= 1000, "spare ones paid for it");
        drop(lent);
        others.resize(14 << 20);
        assert!(buffers.lend(100).is_none(), "pages need the room more");
        assert_eq!(buffers.memory_size(), 0);
    }

    #[test]
    fn small_and_unknown_limits_have_no_room_for_buffers() {
        for budget in [MemoryBudget::new(15 << 20), MemoryBudget::unlimited()] {
            let buffers = Arc::new(Buffers::new(4 << 20, Some(Purse::of(&budget))));
            assert!(buffers.lend(10).is_none());
        }
    }
}
