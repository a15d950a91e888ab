//! The hashes of values by which Bloom filters and counts of distinct values know them.

use crate::bloom_filter::hash;
use crate::data_type::values::{ByteSource, ByteValues, ByteVisitor, Picks, Values};

/// Calls `take` with the hash of every value. A boolean is given once, however often it stands there.
pub(crate) fn for_each_hash(values: &Values<'_>, mut take: impl FnMut(u64)) {
    match values {
        Values::Boolean(bits) => {
            let ones = bits.count_ones();
            if ones > 0 {
                take(hash(&true));
            }
            if ones < bits.len() {
                take(hash(&false));
            }
        }
        Values::Int32(values) => values.iter().for_each(|value| take(hash(value))),
        Values::Int64(values) => values.iter().for_each(|value| take(hash(value))),
        Values::Int96(values) => values.iter().for_each(|value| take(hash(value))),
        Values::Float(values) => values.iter().for_each(|value| take(hash(value))),
        Values::Double(values) => values.iter().for_each(|value| take(hash(value))),
        Values::Bytes(values) => values.visit(HashAll { take }),
        Values::Fixed(values) => {
            let picks = Picks::Range {
                from: 0,
                len: values.len(),
            };
            ByteValues::new(ByteSource::Fixed(*values), picks).visit(HashAll { take });
        }
    }
}

struct HashAll<F> {
    take: F,
}

impl<F: FnMut(u64)> ByteVisitor for HashAll<F> {
    type Out = ();

    fn visit<'v>(mut self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        values.for_each(|value| (self.take)(hash(value)));
    }
}
