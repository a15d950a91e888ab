//! Whether a batch's arrays hold what the writer's schema promises.

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};

use super::encoded::value_type;
use crate::errors::{ParquetError, Result};

/// Checks that `batch` can be written under `schema`: as many columns, and each of a type whose values mean
/// the same. Dictionaries and run-end encoding do not matter at any depth, nor does which of the three
/// layouts strings or bytes come in, nor names, metadata and nullability of children.
///
/// # Errors
/// [`ParquetError::General`] for another number of columns, [`ParquetError::ArrowError`] for a type that does not fit.
pub(crate) fn check_batch(schema: &Schema, batch: &RecordBatch) -> Result<()> {
    if std::ptr::eq(schema, batch.schema_ref().as_ref()) {
        return Ok(());
    }
    if schema.fields().len() != batch.num_columns() {
        return Err(ParquetError::General(format!(
            "the batch has {} columns, the writer's schema has {}",
            batch.num_columns(),
            schema.fields().len()
        )));
    }
    schema
        .fields()
        .iter()
        .zip(batch.columns())
        .try_for_each(|(field, array)| check_array(field, array.data_type()))
}

/// Checks that arrays of `array_type` can be written as `field`.
///
/// # Errors
/// [`ParquetError::ArrowError`] naming the field, the type of its values, and the type of the array.
pub(crate) fn check_array(field: &Field, array_type: &DataType) -> Result<()> {
    if fits(field.data_type(), array_type) {
        return Ok(());
    }
    Err(ParquetError::ArrowError(format!(
        "Incompatible type. Field '{}' has type {}, array has type {}",
        field.name(),
        value_type(field.data_type()),
        array_type
    )))
}

fn fits(expected: &DataType, found: &DataType) -> bool {
    use DataType::{
        Binary, BinaryView, FixedSizeList, LargeBinary, LargeList, LargeListView, LargeUtf8, List,
        ListView, Map, Struct, Utf8, Utf8View,
    };
    match (value_type(expected), value_type(found)) {
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View)
        | (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView) => true,
        (List(expected), List(found))
        | (LargeList(expected), LargeList(found))
        | (ListView(expected), ListView(found))
        | (LargeListView(expected), LargeListView(found)) => {
            fits(expected.data_type(), found.data_type())
        }
        (FixedSizeList(expected, expected_len), FixedSizeList(found, found_len)) => {
            expected_len == found_len && fits(expected.data_type(), found.data_type())
        }
        (Map(expected, expected_sorted), Map(found, found_sorted)) => {
            expected_sorted == found_sorted && fits(expected.data_type(), found.data_type())
        }
        (Struct(expected), Struct(found)) => {
            expected.len() == found.len()
                && expected
                    .iter()
                    .zip(found)
                    .all(|(expected, found)| fits(expected.data_type(), found.data_type()))
        }
        (expected, found) => expected == found,
    }
}
