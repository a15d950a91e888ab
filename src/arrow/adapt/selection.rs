//! Which slots of a leaf array hold the present values. Written by `leaves`, read by adapters.

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

/// The slots of a leaf array that hold present values, ascending where an array is walked in order;
/// list views may go back and forth. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Selection {
    /// `len` slots from `from` on, all present.
    Range {
        /// First slot.
        from: usize,
        /// Number of slots.
        len: usize,
    },
    /// Bit `i` stands for slot `from + i`; set bits are present.
    Bits {
        /// One bit a slot.
        bits: BooleanBuffer,
        /// The slot of bit 0.
        from: usize,
        /// Number of set bits.
        ones: usize,
    },
    /// Slots of all ranges, in their order, all present.
    Ranges(Arc<Vec<Range<usize>>>),
    /// These slots, in this order.
    Indices(Arc<Vec<u32>>),
}

impl Selection {
    /// The slots with set bits; a plain range if all are set.
    pub(crate) fn from_bits(bits: BooleanBuffer, from: usize) -> Self {
        let ones = bits.count_set_bits();
        if ones == bits.len() {
            return Selection::Range { from, len: ones };
        }
        Selection::Bits { bits, from, ones }
    }

    /// Number of selected slots. O(1) but for [`Selection::Ranges`].
    pub(crate) fn len(&self) -> usize {
        match self {
            Selection::Range { len, .. } => *len,
            Selection::Bits { ones, .. } => *ones,
            Selection::Ranges(ranges) => ranges.iter().map(ExactSizeIterator::len).sum(),
            Selection::Indices(indices) => indices.len(),
        }
    }

    /// Whether no slot is selected twice, as far as that is seen without a look at each. Lists may lie over one
    /// another.
    pub(crate) fn has_each_slot_once(&self) -> bool {
        match self {
            Selection::Range { .. } | Selection::Bits { .. } => true,
            Selection::Ranges(ranges) => {
                let mut pairs = ranges.iter().zip(ranges.iter().skip(1));
                pairs.all(|(one, next)| one.end <= next.start)
            }
            Selection::Indices(_) => false,
        }
    }

    /// The slots from the first to the last, if they lie side by side but for nulls.
    pub(crate) fn hull(&self) -> Option<Range<usize>> {
        match self {
            Selection::Range { from, len } => Some(*from..*from + *len),
            Selection::Bits { bits, from, .. } => Some(*from..*from + bits.len()),
            Selection::Ranges(_) | Selection::Indices(_) => None,
        }
    }

    /// The same where the slots that have a [hull](Self::hull) begin with the first one.
    pub(crate) fn moved_to_front(&self) -> Self {
        let mut moved = self.clone();
        if let Selection::Range { from, .. } | Selection::Bits { from, .. } = &mut moved {
            *from = 0;
        }
        moved
    }

    /// Bytes held on the heap; shared ones are divided among those who share them. Bits that are an array's validity
    /// count too: this is an upper bound.
    pub(crate) fn memory_size(&self) -> usize {
        match self {
            Selection::Range { .. } => 0,
            Selection::Bits { bits, .. } => bits.inner().len(),
            Selection::Ranges(ranges) => {
                ranges.capacity() * size_of::<Range<usize>>() / Arc::strong_count(ranges)
            }
            Selection::Indices(indices) => {
                indices.capacity() * size_of::<u32>() / Arc::strong_count(indices)
            }
        }
    }
}
