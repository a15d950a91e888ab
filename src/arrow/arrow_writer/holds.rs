//! Whether a column can hold the values of a leaf, found out before anything of a batch is encoded.

use crate::arrow::adapt::Adapter;
use crate::arrow::leaves::Leaf;
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescriptor;

/// Costs nothing where the column holds all values of the array's type. `first_row` is the number of the leaf's first
/// row in the batch.
///
/// # Errors
/// If it cannot hold a value: names the column, the row and the value.
pub(super) fn check_values(
    leaf: &Leaf,
    adapter: &Adapter,
    descr: &ColumnDescriptor,
    first_row: usize,
) -> Result<()> {
    match adapter.first_unfit(&leaf.array, &leaf.selection)? {
        None => Ok(()),
        Some(unfit) => Err(ParquetError::ArrowError(format!(
            "Column '{}': row {} of the batch has {}",
            descr.path().string(),
            first_row + leaf.row_of_value(unfit.nth, descr.max_def_level()),
            unfit.what
        ))),
    }
}
