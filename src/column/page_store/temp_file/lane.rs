//! Space that one store keeps for itself, so that its blobs lie together although many stores write in turn.

use super::extents::Run;
use super::segments::Extent;

/// A store's reserved space and what it has been given so far.
///
/// Blobs that are taken one after another then lie one after another as well: they are read without a
/// seek, and their disk is given back in large pieces, which costs a file system little more than a small one.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Where the next blob goes.
    pub(super) rest: Option<Rest>,
    /// Bytes that the store has put, in the lane or elsewhere.
    put_bytes: u64,
}

/// What is left of the space. It takes no disk before it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    pub(super) segment: u32,
    pub(super) run: Run,
}

/// Space of taken blobs that follow each other, not yet given back.
#[derive(Debug, Default)]
pub(super) struct Taken {
    extent: Option<Extent>,
}

/// The most that is reserved, and the most that is kept before it is given back.
const MOST_BYTES: u64 = 1 << 20;

/// Less is not worth it.
const LEAST_BYTES: u64 = 64 << 10;
const LEAST_BLOBS: u64 = 4;

/// A store may reserve this part of what it has put, so that a small column reserves nothing.
const PARTS_OF_PUT: u64 = 2;

impl Lane {
    /// Counts a blob.
    pub(super) fn record(&mut self, length_bytes: u64) {
        self.put_bytes += length_bytes;
    }

    /// Bytes to reserve for blobs of about `length_bytes`, or `None` if each should go where there is room.
    pub(super) fn wanted_bytes(&self, length_bytes: u64) -> Option<u64> {
        let wanted = MOST_BYTES.min(self.put_bytes / PARTS_OF_PUT);
        let least = LEAST_BYTES.max(LEAST_BLOBS.saturating_mul(length_bytes));
        (wanted >= least).then_some(wanted)
    }
}

impl Taken {
    /// Adds the space of a blob. Returns what is to be given back now.
    pub(super) fn add(&mut self, extent: Extent) -> impl Iterator<Item = Extent> + use<> {
        let joined = self.extent.and_then(|before| before.joined(extent));
        let apart = match joined {
            Some(_) => None,
            None => self.extent,
        };
        self.extent = Some(joined.unwrap_or(extent));
        let large = self
            .extent
            .take_if(|extent| extent.length_bytes >= MOST_BYTES);
        apart.into_iter().chain(large)
    }

    /// All that is kept.
    pub(super) fn take(&mut self) -> Option<Extent> {
        self.extent.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_wanted_by_stores_with_many_blobs() {
        let mut lane = Lane::default();
        assert_eq!(lane.wanted_bytes(1), None);
        lane.record(1 << 17);
        assert_eq!(lane.wanted_bytes(1 << 14), Some(1 << 16));
        assert_eq!(lane.wanted_bytes((1 << 14) + 1), None);
        lane.record(1 << 30);
        assert_eq!(lane.wanted_bytes(1 << 18), Some(1 << 20));
        assert_eq!(lane.wanted_bytes(u64::MAX), None);
    }

    #[test]
    fn neighbours_are_given_back_together() {
        let extent = |start, length_bytes| Extent {
            segment: 3,
            start,
            length_bytes,
        };
        let mut taken = Taken::default();
        assert_eq!(taken.add(extent(10, 100)).count(), 0);
        assert_eq!(taken.add(extent(12, 64)).count(), 0);
        let apart: Vec<_> = taken.add(extent(14, 64)).collect();
        assert_eq!((apart[0].start, apart[0].length_bytes), (10, 192));
        let large: Vec<_> = taken.add(extent(15, 1 << 20)).collect();
        assert_eq!(
            (large[0].start, large[0].length_bytes),
            (14, 64 + (1 << 20))
        );
        assert!(taken.take().is_none());
    }
}
