//! Whether the bounds of a chunk's pages ascend or descend.

use std::cmp::Ordering;

use super::order::BoundsOrder;
use crate::basic::BoundaryOrder;

/// The order of `pages`, minimum and maximum of each, as readers find them in the index. Cut bounds may lie in another
/// order than whole ones: a reader that searches by halves relies on what it reads. Pages that are all alike, or none,
/// ascend.
///
/// SPEC: parquet.thrift, `BoundaryOrder`: pages without values do not count.
pub(crate) fn boundary_order<'b>(
    order: BoundsOrder,
    mut pages: impl Iterator<Item = (&'b [u8], &'b [u8])>,
) -> BoundaryOrder {
    let Some(mut last) = pages.next() else {
        return BoundaryOrder::ASCENDING;
    };
    let (mut ascends, mut descends) = (true, true);
    for page in pages {
        for ordering in [order.compare(last.0, page.0), order.compare(last.1, page.1)] {
            ascends &= ordering != Ordering::Greater;
            descends &= ordering != Ordering::Less;
        }
        if !ascends && !descends {
            break;
        }
        last = page;
    }
    match (ascends, descends) {
        (true, _) => BoundaryOrder::ASCENDING,
        (false, true) => BoundaryOrder::DESCENDING,
        (false, false) => BoundaryOrder::UNORDERED,
    }
}
