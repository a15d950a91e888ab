//! One word for memory that somebody holds.

use std::iter::Sum;
use std::ops::Add;

/// The heap that something holds, and the part of it that it has reserved itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes on the heap.
    pub(crate) heap: usize,
    /// Those of them that are reserved already.
    pub(crate) reserved: usize,
}

impl Usage {
    /// Heap that whoever holds it leaves others to reserve.
    pub(crate) const fn of_heap(bytes: usize) -> Self {
        Self {
            heap: bytes,
            reserved: 0,
        }
    }

    /// Bytes that are left to reserve.
    pub(crate) const fn unreserved(self) -> usize {
        self.heap.saturating_sub(self.reserved)
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            heap: self.heap.saturating_add(other.heap),
            reserved: self.reserved.saturating_add(other.reserved),
        }
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Self::add)
    }
}
