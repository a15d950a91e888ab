//! Whether the rows of a leaf fit into pages, found out before anything of a batch is encoded.

use crate::arrow::adapt::Adapter;
use crate::arrow::leaves::Leaf;
use crate::column::writer::{LeafInput, Lengths, RowRoom, lengths_of, surely_fits};
use crate::errors::Result;
use crate::schema::types::ColumnDescriptor;

/// Values that are looked at together.
const STEP: usize = 4096;

/// Costs next to nothing where values and lists are of ordinary sizes. Where the array's buffers alone allow a row to be too
/// large the lengths of values are looked at, and row by row only where those do too. `room` is asked for in that
/// case only.
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
    let fits = |longest: usize, total: usize| match has_repetition {
        true => surely_fits(
            longest.saturating_mul(leaf.row_slots).min(total),
            leaf.row_slots,
        ),
        false => surely_fits(longest, 1),
    };
    if fits(bound.longest, bound.total) {
        return Ok(());
    }
    let lengths = lengths(leaf, adapter)?;
    if fits(lengths.longest, lengths.sum) {
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

/// The lengths of all values of a leaf; their bytes are not touched.
fn lengths(leaf: &Leaf, adapter: &Adapter) -> Result<Lengths> {
    let mut adapter = adapter.fresh();
    let mut values = adapter.open(&leaf.array, &leaf.selection)?;
    let mut all = Lengths::default();
    while values.remaining() > 0 {
        let some = lengths_of(&values.next(STEP)?);
        all.sum = all.sum.saturating_add(some.sum);
        all.longest = all.longest.max(some.longest);
    }
    Ok(all)
}
