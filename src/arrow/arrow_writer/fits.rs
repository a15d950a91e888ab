//! Whether the rows of a leaf fit into pages, found out before anything of a batch is encoded.

use crate::arrow::adapt::Adapter;
use crate::arrow::leaves::Leaf;
use crate::column::writer::{LeafInput, RowRoom, surely_fits};
use crate::errors::Result;
use crate::schema::types::ColumnDescriptor;

/// Costs next to nothing where values are of ordinary sizes; looks at all lengths where the array is so large
/// that a row could be too large. `room` is asked for in that case only.
///
/// # Errors
/// If a row is too large, or the array is too long.
pub(super) fn check_rows(
    leaf: &Leaf,
    adapter: &Adapter,
    descr: &ColumnDescriptor,
    room: impl FnOnce() -> RowRoom,
) -> Result<()> {
    let bound = adapter.size_bound(&leaf.array, &leaf.selection)?;
    let (has_definition, has_repetition) = (descr.max_def_level() > 0, descr.max_rep_level() > 0);
    let (bytes, slots) = match has_repetition {
        true => (bound.total, leaf.slots),
        false => (bound.longest, 1),
    };
    if surely_fits(bytes, slots) {
        return Ok(());
    }
    let mut adapter = adapter.fresh();
    let mut values = adapter.open(&leaf.array, &leaf.selection)?;
    room().check(LeafInput {
        slots: leaf.slots,
        definition: has_definition.then(|| leaf.def.as_levels()),
        repetition: has_repetition.then(|| leaf.rep.as_levels()),
        values: &mut values,
        given: None,
    })
}
