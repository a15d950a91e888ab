//! Whether the bounds of a chunk's pages ascend or descend.
//!
//! SPEC: parquet.thrift, `BoundaryOrder`: pages without values do not count.

use std::cmp::Ordering;

use super::bounds::Bound;
use super::order::BoundsOrder;
use crate::basic::BoundaryOrder;

/// Follows the bounds page by page; keeps the last page's only.
#[derive(Debug)]
pub(crate) struct BoundaryTracker {
    order: BoundsOrder,
    last: Option<Box<(Bound, Bound)>>,
    ascending: bool,
    descending: bool,
}

impl BoundaryTracker {
    pub(crate) fn new(order: BoundsOrder) -> Self {
        Self {
            order,
            last: None,
            ascending: true,
            descending: true,
        }
    }

    /// Takes in the next page's bounds.
    pub(crate) fn update(&mut self, min: &[u8], max: &[u8]) {
        let last = match &mut self.last {
            Some(last) => {
                for ordering in [
                    self.order.compare(last.0.get(), min),
                    self.order.compare(last.1.get(), max),
                ] {
                    self.ascending &= ordering != Ordering::Greater;
                    self.descending &= ordering != Ordering::Less;
                }
                last
            }
            None => self.last.insert(Box::default()),
        };
        if self.ascending || self.descending {
            last.0.set(min);
            last.1.set(max);
        }
    }

    /// The order of the pages so far; pages that are all alike, or none, ascend.
    pub(crate) fn order(&self) -> BoundaryOrder {
        match (self.ascending, self.descending) {
            (true, _) => BoundaryOrder::ASCENDING,
            (false, true) => BoundaryOrder::DESCENDING,
            (false, false) => BoundaryOrder::UNORDERED,
        }
    }

    /// Heap bytes, by capacity.
    pub(crate) fn memory_size(&self) -> usize {
        self.last.as_ref().map_or(0, |last| {
            size_of::<(Bound, Bound)>() + last.0.memory_size() + last.1.memory_size()
        })
    }
}
