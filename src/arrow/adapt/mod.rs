//! Arrow leaf values to physical values: the conversion is chosen once a column and array, and runs
//! over slices. Knows nothing of nesting: `leaves` says which slots are present.

mod selection;

pub(crate) use selection::Selection;
