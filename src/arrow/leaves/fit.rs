//! Whether an array may be written to a field: the same type once dictionaries, run-end encoding
//! and the layout of strings and bytes are looked through. Names, metadata and nullability of
//! children do not matter.

use arrow_schema::{DataType, Field};

use crate::errors::{ParquetError, Result};

/// Checks that an array of type `have` can be written to `field`.
///
/// # Errors
/// [`ParquetError::ArrowError`] if it cannot.
pub(super) fn check(field: &Field, have: &DataType) -> Result<()> {
    if fits(field.data_type(), have) {
        return Ok(());
    }
    Err(ParquetError::ArrowError(format!(
        "Incompatible type. Field '{}' has type {}, array has type {have}",
        field.name(),
        field.data_type()
    )))
}

/// The type of the values under any layers of dictionary and run-end encoding.
pub(super) fn peel(mut data_type: &DataType) -> &DataType {
    loop {
        data_type = match data_type {
            DataType::Dictionary(_, values) => values,
            DataType::RunEndEncoded(_, values) => values.data_type(),
            plain => return plain,
        }
    }
}

fn fits(want: &DataType, have: &DataType) -> bool {
    use DataType::{
        Binary, BinaryView, FixedSizeList, LargeBinary, LargeList, LargeListView, LargeUtf8, List,
        ListView, Map, Struct, Utf8, Utf8View,
    };
    match (peel(want), peel(have)) {
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View)
        | (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView) => true,
        (List(want), List(have))
        | (LargeList(want), LargeList(have))
        | (ListView(want), ListView(have))
        | (LargeListView(want), LargeListView(have)) => fits(want.data_type(), have.data_type()),
        (FixedSizeList(want, size), FixedSizeList(have, length)) => {
            size == length && fits(want.data_type(), have.data_type())
        }
        (Map(want, sorted), Map(have, ordered)) => {
            sorted == ordered && fits(want.data_type(), have.data_type())
        }
        (Struct(want), Struct(have)) => {
            want.len() == have.len()
                && want
                    .iter()
                    .zip(have)
                    .all(|(want, have)| fits(want.data_type(), have.data_type()))
        }
        (want, have) => want == have,
    }
}
