//! Dictionary and run-end encoding are ways to hold values, not types of their own: Parquet stores
//! the values. Here they are taken off a type.

use arrow_schema::{DataType, Field};

/// The type of the values: all layers of dictionary and run-end encoding taken off.
pub(crate) fn value_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => value_type(values),
        DataType::RunEndEncoded(_, values) => value_type(values.data_type()),
        plain => plain,
    }
}

/// Whether `field` may hold nulls, be it in the field or in the values of its runs.
pub(crate) fn is_nullable(field: &Field) -> bool {
    field.is_nullable() || values_nullable(field.data_type())
}

fn values_nullable(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => values_nullable(values),
        DataType::RunEndEncoded(_, values) => is_nullable(values),
        _ => false,
    }
}
