//! Counts a chunk's distinct values by their hashes.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashSet;
use twox_hash::XxHash64;

use crate::data_type::values::{ByteSource, ByteValues, ByteVisitor, Picks, Values};
use crate::data_type::{AsBytes, Int96};

/// The set of 64-bit hashes of a chunk's values. Two values with one hash count as one.
#[derive(Debug, Default)]
pub(crate) struct DistinctCounter {
    hashes: HashSet<u64, BuildHasherDefault<Identity>>,
}

impl DistinctCounter {
    /// Takes in values.
    pub(crate) fn update(&mut self, values: &Values<'_>) {
        match values {
            Values::Boolean(bits) => {
                let ones = bits.count_ones();
                if ones > 0 {
                    self.add(&[1]);
                }
                if ones < bits.len() {
                    self.add(&[0]);
                }
            }
            Values::Int32(values) => values
                .iter()
                .for_each(|value| self.add(&value.to_le_bytes())),
            Values::Int64(values) => values
                .iter()
                .for_each(|value| self.add(&value.to_le_bytes())),
            Values::Int96(values) => values
                .iter()
                .for_each(|value| self.add(Int96::as_bytes(value))),
            Values::Float(values) => values
                .iter()
                .for_each(|value| self.add(&value.to_le_bytes())),
            Values::Double(values) => values
                .iter()
                .for_each(|value| self.add(&value.to_le_bytes())),
            Values::Bytes(values) => values.visit(AddAll { counter: self }),
            Values::Fixed(values) => {
                let picks = Picks::Range {
                    from: 0,
                    len: values.len(),
                };
                ByteValues::new(ByteSource::Fixed(*values), picks).visit(AddAll { counter: self });
            }
        }
    }

    /// Number of distinct values; none if there was no value.
    pub(crate) fn count(&self) -> Option<u64> {
        (!self.hashes.is_empty()).then_some(self.hashes.len() as u64)
    }

    /// Heap bytes, by capacity. O(1).
    pub(crate) fn memory_size(&self) -> usize {
        self.hashes.allocation_size()
    }

    fn add(&mut self, value: &[u8]) {
        self.hashes.insert(XxHash64::oneshot(0, value));
    }
}

struct AddAll<'c> {
    counter: &'c mut DistinctCounter,
}

impl ByteVisitor for AddAll<'_> {
    type Out = ();

    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        values.for_each(|value| self.counter.add(value));
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
        self.0 = XxHash64::oneshot(0, bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
