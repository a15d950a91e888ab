//! Which options can be written at all: refused before the first byte of a file.

use super::writer::WriterProperties;
use crate::basic::{Encoding, Type};
use crate::errors::{ParquetError, Result};
use crate::schema::types::{ColumnPath, SchemaDescriptor};

impl WriterProperties {
    /// Refuses what this version of the crate cannot do, and what the format does not allow.
    ///
    /// # Errors
    /// [`ParquetError::NYI`] for an option that has no machinery yet, [`ParquetError::General`] for
    /// an encoding that a column's type does not allow. Either names the option and the column.
    pub(crate) fn check_supported(&self, schema: &SchemaDescriptor) -> Result<()> {
        if self.content_defined_chunking.is_some() {
            return Err(ParquetError::NYI(
                "set_content_defined_chunking: content-defined chunking".to_string(),
            ));
        }
        for column in schema.columns() {
            let path = column.path();
            let options = self.column(path);
            if let Some(encoding) = options.encoding {
                check_encoding(encoding, column.physical_type(), path)?;
            }
            if options.encoding == Some(Encoding::ALP) {
                return Err(ParquetError::NYI(format!(
                    "set_encoding: encoding ALP, column {path}"
                )));
            }
            if options.bloom_filter.is_some() {
                return Err(ParquetError::NYI(format!(
                    "set_bloom_filter_enabled: Bloom filters, column {path}"
                )));
            }
        }
        Ok(())
    }
}

/// Refuses an encoding that values of `physical_type` cannot have outside of a dictionary.
///
/// SPEC: Encodings.md, "Supported Encodings".
pub(crate) fn check_encoding(
    encoding: Encoding,
    physical_type: Type,
    column: &ColumnPath,
) -> Result<()> {
    let allowed = match encoding {
        Encoding::PLAIN => true,
        Encoding::RLE => physical_type == Type::BOOLEAN,
        Encoding::DELTA_BINARY_PACKED => matches!(physical_type, Type::INT32 | Type::INT64),
        Encoding::DELTA_LENGTH_BYTE_ARRAY => physical_type == Type::BYTE_ARRAY,
        Encoding::DELTA_BYTE_ARRAY => {
            matches!(physical_type, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY)
        }
        Encoding::BYTE_STREAM_SPLIT => matches!(
            physical_type,
            Type::INT32 | Type::INT64 | Type::FLOAT | Type::DOUBLE | Type::FIXED_LEN_BYTE_ARRAY
        ),
        Encoding::ALP => matches!(physical_type, Type::FLOAT | Type::DOUBLE),
        Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY | Encoding::BIT_PACKED => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(ParquetError::General(format!(
            "Encoding {encoding} is not supported for physical type {physical_type}, column {column}"
        )))
    }
}
