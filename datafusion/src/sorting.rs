//! The order of rows, as a file states it.

use datafusion::arrow::datatypes::Schema;
use datafusion::physical_expr::LexRequirement;
use herringbone::file::metadata::SortingColumn;

/// The columns that a file of `written` is sorted by if its rows, of the schema `input`, come in `order`. `None` if there
/// is no order, or one that a file cannot state.
pub(crate) fn sorting_columns(
    order: Option<&LexRequirement>,
    input: &Schema,
    written: &Schema,
) -> Option<Vec<SortingColumn>> {
    let _ = (order, input, written);
    None
}
