//! Smallest and largest value as PLAIN bytes, without heap memory for numbers.

use super::order::BoundsOrder;
use std::cmp::Ordering;

/// Bytes that are kept inline.
const INLINE: usize = 16;

/// A value's PLAIN bytes, in place up to 16 of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Bound {
    inline: [u8; INLINE],
    inline_len: u8,
    heap: Vec<u8>,
}

impl Bound {
    pub(super) fn set(&mut self, value: &[u8]) {
        match self.inline.get_mut(..value.len()) {
            Some(place) => {
                place.copy_from_slice(value);
                #[expect(clippy::cast_possible_truncation, reason = "it fits the inline array")]
                {
                    self.inline_len = value.len() as u8;
                }
                self.heap.clear();
            }
            None => {
                if self.heap.capacity() < value.len() {
                    // What it held needs no copy, and the two are never there together.
                    self.heap = Vec::new();
                    self.heap.reserve_exact(value.len());
                }
                self.heap.clear();
                self.heap.extend_from_slice(value);
            }
        }
    }

    pub(super) fn get(&self) -> &[u8] {
        if self.heap.is_empty() {
            self.inline
                .get(..usize::from(self.inline_len))
                .unwrap_or_default()
        } else {
            &self.heap
        }
    }

    pub(super) fn memory_size(&self) -> usize {
        self.heap.capacity()
    }
}

/// Smallest and largest of the values seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Extremes {
    min: Bound,
    max: Bound,
    seen: Seen,
}

/// What has been seen; for types without not-a-numbers every value is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Seen {
    #[default]
    Nothing,
    /// Not-a-numbers only: the bounds are theirs.
    NansOnly,
    /// Numbers: the bounds are theirs, whatever else was seen.
    Numbers,
}

impl Extremes {
    /// Takes in the bounds of more values. Numbers displace not-a-numbers.
    ///
    /// SPEC: parquet.thrift, `ColumnOrder`, IEEE_754_TOTAL_ORDER: not-a-numbers are bounds only of
    /// pages and chunks without any other value.
    pub(super) fn add(&mut self, order: BoundsOrder, kind: Seen, min: &[u8], max: &[u8]) {
        if kind < self.seen || kind == Seen::Nothing {
            return;
        }
        if kind > self.seen {
            self.seen = kind;
            self.min.set(min);
            self.max.set(max);
            return;
        }
        if order.compare(min, self.min.get()) == Ordering::Less {
            self.min.set(min);
        }
        if order.compare(max, self.max.get()) == Ordering::Greater {
            self.max.set(max);
        }
    }

    pub(super) fn merge(&mut self, order: BoundsOrder, other: &Extremes) {
        self.add(order, other.seen, other.min.get(), other.max.get());
    }

    pub(super) fn min_max(&self) -> Option<(&[u8], &[u8])> {
        (self.seen != Seen::Nothing).then(|| (self.min.get(), self.max.get()))
    }

    pub(super) fn clear(&mut self) {
        self.seen = Seen::Nothing;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seen == Seen::Nothing
    }

    pub(super) fn memory_size(&self) -> usize {
        self.min.memory_size() + self.max.memory_size()
    }
}

/// Bounds of a page or a chunk, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<'a> {
    /// Smallest and largest value as PLAIN bytes, if an order is defined and there is a value.
    pub(crate) min_max: Option<(&'a [u8], &'a [u8])>,
    /// Not-a-numbers, for floating-point columns.
    pub(crate) nan_count: Option<u64>,
}

/// Bounds of a page, to be given back when they have been read.
#[derive(Debug, Default)]
pub(crate) struct PageBounds {
    pub(super) extremes: Extremes,
    pub(super) nan_count: Option<u64>,
}

impl PageBounds {
    /// The bounds.
    pub(crate) fn as_bounds(&self) -> Bounds<'_> {
        Bounds {
            min_max: self.extremes.min_max(),
            nan_count: self.nan_count,
        }
    }
}
