//! From a column's options to its encoder, and which encoding is legal for which physical type.

use super::ValueEncoder;
use super::boolean::{PlainBooleans, RleBooleans};
use super::byte_stream_split::ByteStreamSplit;
use super::byte_values::LengthRule;
use super::delta_bytes::{DeltaByteArray, DeltaLengthByteArray};
use super::delta_int::DeltaBinaryPacked;
use super::fixed_width::FixedWidth;
use super::plain::{PlainByteArray, PlainFixedWidth};
use crate::basic::{Encoding, Type};
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnPath;

/// What an encoder needs to know of its column.
#[derive(Debug, Clone)]
pub(crate) struct EncoderOptions {
    /// The column's physical type.
    pub(crate) physical_type: Type,
    /// Bytes of a FIXED_LEN_BYTE_ARRAY value; without meaning for other types.
    pub(crate) type_length: i32,
    /// The column, for errors.
    pub(crate) column: ColumnPath,
    /// Blocks of DELTA_BINARY_PACKED, also where it encodes lengths; none for the type's default.
    pub(crate) delta: Option<DeltaLayout>,
}

/// Blocks and miniblocks of DELTA_BINARY_PACKED.
///
/// SPEC: Encodings.md, "Delta Encoding": a block is a multiple of 128 values, a miniblock of 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DeltaLayout {
    /// Values of a block.
    pub(crate) block_size: usize,
    /// Miniblocks of a block.
    pub(crate) miniblocks: usize,
}

impl DeltaLayout {
    /// Unless the column says otherwise, for INT32 and for lengths.
    pub(crate) const INT32: Self = Self {
        block_size: 128,
        miniblocks: 4,
    };
    /// Unless the column says otherwise, for INT64.
    pub(crate) const INT64: Self = Self {
        block_size: 256,
        miniblocks: 4,
    };

    /// Values of a miniblock.
    pub(crate) fn miniblock_size(&self) -> usize {
        self.block_size / self.miniblocks.max(1)
    }

    fn is_legal(&self) -> bool {
        let whole = |count: usize, unit: usize| count > 0 && count.is_multiple_of(unit);
        whole(self.block_size, 128)
            && self.miniblocks > 0
            && whole(self.block_size, self.miniblocks)
            && whole(self.miniblock_size(), 32)
    }
}

impl EncoderOptions {
    /// Sees to it that [`create_encoder`] will give an encoder.
    ///
    /// # Errors
    /// If the encoding is not for the physical type, is not written yet, or its options break a rule.
    pub(crate) fn check(&self, encoding: Encoding) -> Result<()> {
        create_encoder(encoding, self).map(|_| ())
    }

    fn delta(&self, default: DeltaLayout) -> Result<DeltaLayout> {
        match self.delta {
            Some(layout) if !layout.is_legal() => Err(ParquetError::General(format!(
                "Blocks of {} values in {} miniblocks are not legal for DELTA_BINARY_PACKED, column {}",
                layout.block_size, layout.miniblocks, self.column
            ))),
            layout => Ok(layout.unwrap_or(default)),
        }
    }

    fn fixed_width(&self) -> Result<FixedWidth> {
        Ok(FixedWidth::new(
            self.physical_type,
            self.width()?,
            &self.column,
        ))
    }

    /// Bytes of each value; 0 for types whose values have no bytes of their own number.
    fn width(&self) -> Result<usize> {
        match self.physical_type {
            Type::INT32 | Type::FLOAT => Ok(4),
            Type::INT64 | Type::DOUBLE => Ok(8),
            Type::INT96 => Ok(12),
            Type::BOOLEAN | Type::BYTE_ARRAY => Ok(0),
            Type::FIXED_LEN_BYTE_ARRAY => usize::try_from(self.type_length).map_err(|_| {
                ParquetError::General(format!(
                    "Type length {} of column {} is negative",
                    self.type_length, self.column
                ))
            }),
        }
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
