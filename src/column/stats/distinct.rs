//! Counts a chunk's distinct values by their hashes.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashSet;

use crate::bloom_filter::hash;
use crate::column::hashes::for_each_hash;
use crate::data_type::values::Values;

/// The set of 64-bit hashes of a chunk's values. Two values with one hash count as one.
#[derive(Debug, Default)]
pub(crate) struct DistinctCounter {
    hashes: HashSet<u64, BuildHasherDefault<Identity>>,
}

impl DistinctCounter {
    /// Takes in values.
    pub(crate) fn update(&mut self, values: &Values<'_>) {
        for_each_hash(values, |hash| {
            self.hashes.insert(hash);
        });
    }

    /// Number of distinct values; none if there was no value.
    pub(crate) fn count(&self) -> Option<u64> {
        (!self.hashes.is_empty()).then_some(self.hashes.len() as u64)
    }

    /// Bytes that are taken at once, while what they replace is still there, if `count` more values are all new.
    pub(crate) fn growth_bytes(&self, count: usize) -> usize {
        if self.hashes.len() + count > self.hashes.capacity() {
            2 * self.memory_size()
        } else {
            0
        }
    }

    /// Heap bytes, by capacity. O(1).
    pub(crate) fn memory_size(&self) -> usize {
        self.hashes.allocation_size()
    }
}

/// The members are hashes already.
#[derive(Debug, Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
