//! What a sink has reserved for the bytes that it holds.

use bytes::{Bytes, BytesMut};

use crate::budget::{MemoryBudget, Reservation};

/// The part of its share of a limit, in eighths, that a sink has reserved for the part that is filled next. A part that
/// is larger is paid for as it is filled.
const EIGHTHS_RESERVED: usize = 3;

/// The part of its share of a limit that a part may grow to.
const GROWTH_OF_SHARE: usize = 4;

/// Who pays for what a sink holds, and what is paid beforehand.
#[derive(Debug)]
pub(super) struct Purse {
    /// What the part that is being filled may still take.
    room: Reservation,
    /// Chunks come with a reservation of the same budget, which they give back when their last clone is dropped.
    chunks_pay: bool,
}

impl Purse {
    /// The sink pays for every chunk.
    pub(super) fn paying(budget: &MemoryBudget) -> Self {
        let room = budget.reserve();
        let chunks_pay = false;
        Self { room, chunks_pay }
    }

    /// Chunks have been paid for.
    pub(super) fn of_paid_chunks(budget: &MemoryBudget) -> Self {
        let room = budget.reserve();
        let chunks_pay = true;
        Self { room, chunks_pay }
    }

    /// The bytes to which a part may grow.
    pub(super) fn most_bytes_of_part(&self) -> usize {
        let share = self.room.budget().fair_share();
        share.map_or(usize::MAX, |share| share / GROWTH_OF_SHARE)
    }

    /// Reserves room for all `bytes` that are left to fill of a part, if the budget grants that.
    pub(super) fn try_make_room(&mut self, bytes: usize) -> bool {
        self.room.try_resize(bytes).is_ok()
    }

    /// Reserves room for the first part, before there is anything to fill it with, so that the rest of a writer keeps
    /// out of it. Of many sinks on a budget those that come while little of it is in use do so: all of them together
    /// would leave no room for the writers, and seldom write at once.
    pub(super) fn make_first_room(&mut self, bytes: usize) {
        let budget = self.room.budget();
        // The writers have reserved a little by then, and sinks together should leave them half of the limit.
        let most = budget.limit().map_or(usize::MAX, |limit| limit / 2);
        let of_share = budget.fair_share().map_or(usize::MAX, eighths_reserved);
        let used = budget
            .limit()
            .map_or(0, |limit| limit.saturating_sub(budget.remaining()));
        if used.saturating_add(bytes.min(of_share)) <= most {
            self.make_room(bytes);
        }
    }

    /// Reserves room for the part that has to be filled in any case, past the limit if need be, but no more than a part
    /// of the sink's share.
    pub(super) fn make_room(&mut self, bytes: usize) {
        let share = self.room.budget().fair_share();
        let most = share.map_or(usize::MAX, eighths_reserved);
        self.room.resize(bytes.min(most));
    }

    /// Gives back what nothing will be filled into.
    pub(super) fn close(&mut self) {
        self.room.resize(0);
    }

    /// The chunk as it is to be held, paid for.
    pub(super) fn pay_for(&mut self, chunk: Bytes) -> Bytes {
        if self.chunks_pay {
            self.room.shrink(chunk.len());
            return chunk;
        }
        let (chunk, held) = exact(chunk);
        let paid = self.pay(held);
        Bytes::from_owner(Paid {
            bytes: chunk,
            _paid: paid,
        })
    }

    /// A reservation of `bytes`, out of the room as far as it goes.
    pub(super) fn pay(&mut self, bytes: usize) -> Reservation {
        let mut paid = self.room.split(bytes);
        paid.resize(bytes);
        paid
    }

    /// Makes `paid` as large as `bytes`, out of the room as far as it goes.
    pub(super) fn follow(&mut self, paid: &mut Reservation, bytes: usize) {
        self.room.shrink(bytes.saturating_sub(paid.size()));
        paid.resize(bytes);
    }
}

fn eighths_reserved(share: usize) -> usize {
    share / 8 * EIGHTHS_RESERVED
}

/// A chunk with what pays for it.
struct Paid {
    bytes: Bytes,
    _paid: Reservation,
}

impl AsRef<[u8]> for Paid {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The chunk, and the bytes of heap that it keeps. One that nobody else holds and that keeps much more than its own
/// bytes is copied. What a chunk that others hold keeps is theirs as well.
fn exact(chunk: Bytes) -> (Bytes, usize) {
    match chunk.try_into_mut() {
        Ok(chunk) if chunk.capacity() / 2 > chunk.len() => {
            (Bytes::copy_from_slice(&chunk), chunk.len())
        }
        Ok(chunk) => {
            let held = chunk.capacity();
            (BytesMut::freeze(chunk), held)
        }
        Err(chunk) => {
            let held = chunk.len();
            (chunk, held)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_chunk_keeps_is_paid_for_until_its_last_clone_is_dropped() {
        let budget = MemoryBudget::new(1 << 20);
        let mut purse = Purse::paying(&budget);
        let mut loose = Vec::with_capacity(1_500);
        loose.resize(1_000, 7);
        let held = purse.pay_for(loose.into());
        assert_eq!((held.len(), budget.used()), (1_000, 1_500));
        let slice = held.slice(10..20);
        drop(held);
        assert_eq!(budget.used(), 1_500);
        drop(slice);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_small_piece_does_not_keep_a_large_buffer() {
        let budget = MemoryBudget::new(1 << 20);
        let mut purse = Purse::paying(&budget);
        let piece = Bytes::from(vec![7; 100_000]).split_off(99_000);
        // The piece is held alone: its buffer goes.
        let held = purse.pay_for(piece);
        assert_eq!((held.len(), budget.used()), (1_000, 1_000));
        // What others hold stays with them.
        let whole = Bytes::from(vec![7; 100_000]);
        let _held = purse.pay_for(whole.slice(..1_000));
        assert_eq!(budget.used(), 2_000);
    }

    #[test]
    fn room_made_beforehand_pays_first() {
        let budget = MemoryBudget::new(1 << 20);
        let mut purse = Purse::paying(&budget);
        purse.make_room(10_000);
        let _first = purse.pay_for(Bytes::from(vec![1; 6_000]));
        assert_eq!(budget.used(), 10_000);
        let _second = purse.pay_for(Bytes::from(vec![1; 6_000]));
        assert_eq!(budget.used(), 12_000);
    }

    #[test]
    fn a_chunk_that_pays_takes_the_place_of_the_room() {
        let budget = MemoryBudget::new(1 << 20);
        let mut purse = Purse::of_paid_chunks(&budget);
        purse.make_room(10_000);
        let mut theirs = budget.reserve();
        theirs.resize(6_000);
        let _held = purse.pay_for(Bytes::from(vec![1; 6_000]));
        assert_eq!(budget.used(), 10_000);
    }

    #[test]
    fn sinks_that_wait_for_their_first_byte_leave_most_of_the_limit() {
        let budget = MemoryBudget::new(128 << 20);
        let members: Vec<_> = (0..100).map(|_| budget.register()).collect();
        let purses: Vec<_> = members
            .iter()
            .map(|member| {
                let mut purse = Purse::of_paid_chunks(member.budget());
                purse.make_first_room(5 << 20);
                purse
            })
            .collect();
        assert!(budget.used() <= 48 << 20, "{} bytes", budget.used());
        drop(purses);
        let mut alone = Purse::of_paid_chunks(&budget);
        alone.make_first_room(5 << 20);
        assert!(budget.used() > 0);
    }

    #[test]
    fn the_sink_of_a_writer_with_a_small_limit_reserves_its_part_of_it() {
        let budget = MemoryBudget::new(8 << 20);
        let mut writer = budget.reserve();
        writer.resize(1 << 19);
        let mut purse = Purse::of_paid_chunks(&budget);
        purse.make_first_room(5 << 20);
        assert_eq!(budget.used() - writer.size(), 3 << 20);
    }

    #[test]
    fn room_that_cannot_be_refused_is_a_part_of_a_small_limit() {
        let budget = MemoryBudget::new(16 << 20);
        let mut purse = Purse::paying(&budget);
        purse.make_room(5 << 20);
        assert_eq!(budget.used(), 5 << 20);
        purse.make_room(50 << 20);
        assert_eq!(budget.used(), 6 << 20);
        assert!(!purse.try_make_room(50 << 20));
        assert!(purse.try_make_room(14 << 20));
    }
}
