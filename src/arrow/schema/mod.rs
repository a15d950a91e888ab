//! Arrow schemas as Parquet schemas: the mapping of types, and the Arrow schema embedded in the footer.

mod converter;
mod embedded;
mod encoded;
mod leaf;
mod renamed;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;

use arrow_schema::Field;

pub use converter::ArrowSchemaConverter;
pub use embedded::{add_encoded_arrow_schema_to_metadata, encode_arrow_schema};
pub(crate) use encoded::{is_nullable, value_type};
pub(crate) use renamed::{group_fields, is_list_element, renamed};

/// Key of the footer's metadata entry that holds the embedded Arrow schema.
pub const ARROW_SCHEMA_META_KEY: &str = "ARROW:schema";

/// Key in an Arrow field's metadata whose value, a decimal number, becomes the Parquet field id.
pub const PARQUET_FIELD_ID_META_KEY: &str = "PARQUET:field_id";

/// The text of an error that is about `field` of an Arrow schema: it begins with the field's name.
pub(crate) fn field_message(field: &Field, text: impl fmt::Display) -> String {
    format!("Field '{}': {text}", field.name())
}
