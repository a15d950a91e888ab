//! From a column's options to its encoder, and which encoding is legal for which physical type.

use super::ValueEncoder;
use super::boolean::{PlainBooleans, RleBooleans};
use super::byte_stream_split::ByteStreamSplit;
use super::byte_values::LengthRule;
use super::delta_bytes::{DeltaByteArray, DeltaLengthByteArray};
use super::delta_int::DeltaBinaryPacked;
use super::options::{DeltaLayout, EncoderOptions};
use super::plain::{PlainByteArray, PlainFixedWidth};
use crate::basic::{Encoding, Type};
use crate::errors::{ParquetError, Result};

impl EncoderOptions {
    /// Sees to it that [`create_encoder`] will give an encoder.
    ///
    /// # Errors
    /// If the encoding is not for the physical type, is not written yet, or its options break a rule.
    pub(crate) fn check(&self, encoding: Encoding) -> Result<()> {
        create_encoder(encoding, self).map(|_| ())
    }
}

/// The encoder of a column. It holds no memory before its first value.
///
/// # Errors
/// As [`EncoderOptions::check`].
pub(crate) fn create_encoder(
    encoding: Encoding,
    options: &EncoderOptions,
) -> Result<Box<dyn ValueEncoder>> {
    use Encoding::{
        ALP, BYTE_STREAM_SPLIT, DELTA_BINARY_PACKED, DELTA_BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY,
        PLAIN, RLE,
    };
    use Type::{BOOLEAN, BYTE_ARRAY, DOUBLE, FIXED_LEN_BYTE_ARRAY, FLOAT, INT32, INT64, INT96};
    let (physical_type, column) = (options.physical_type, &options.column);
    Ok(match (encoding, physical_type) {
        (PLAIN, BOOLEAN) => Box::<PlainBooleans>::default(),
        (RLE, BOOLEAN) => Box::new(RleBooleans::new()),
        (PLAIN, BYTE_ARRAY) => Box::new(PlainByteArray::new(LengthRule::any(column))),
        (PLAIN, INT32 | INT64 | INT96 | FLOAT | DOUBLE | FIXED_LEN_BYTE_ARRAY) => {
            Box::new(PlainFixedWidth::new(options.fixed_width()?))
        }
        (BYTE_STREAM_SPLIT, INT32 | INT64 | FLOAT | DOUBLE | FIXED_LEN_BYTE_ARRAY) => {
            Box::new(ByteStreamSplit::new(options.fixed_width()?))
        }
        (DELTA_BINARY_PACKED, INT32) => Box::new(DeltaBinaryPacked::<i32>::new(
            options.delta(DeltaLayout::INT32)?,
        )),
        (DELTA_BINARY_PACKED, INT64) => Box::new(DeltaBinaryPacked::<i64>::new(
            options.delta(DeltaLayout::INT64)?,
        )),
        (DELTA_LENGTH_BYTE_ARRAY, BYTE_ARRAY) => Box::new(DeltaLengthByteArray::new(
            options.delta(DeltaLayout::INT32)?,
            LengthRule::any(column),
        )),
        (DELTA_BYTE_ARRAY, BYTE_ARRAY | FIXED_LEN_BYTE_ARRAY) => {
            let rule = match physical_type {
                FIXED_LEN_BYTE_ARRAY => LengthRule::exactly(options.width()?, column),
                _ => LengthRule::any(column),
            };
            let layout = options.delta(DeltaLayout::INT32)?;
            Box::new(DeltaByteArray::new(physical_type, layout, rule))
        }
        (ALP, FLOAT | DOUBLE) => {
            return Err(ParquetError::NYI(format!(
                "Encoding ALP for column {column}"
            )));
        }
        _ => {
            return Err(ParquetError::NYI(format!(
                "Encoding {encoding} is not supported for physical type {physical_type}, column {column}"
            )));
        }
    })
}
