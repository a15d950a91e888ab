//! What an encoder must know of its column.

use super::fixed_width::FixedWidth;
use crate::basic::Type;
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
    pub(super) fn delta(&self, default: DeltaLayout) -> Result<DeltaLayout> {
        match self.delta {
            Some(layout) if !layout.is_legal() => Err(ParquetError::General(format!(
                "Blocks of {} values in {} miniblocks are not legal for DELTA_BINARY_PACKED, column {}",
                layout.block_size, layout.miniblocks, self.column
            ))),
            layout => Ok(layout.unwrap_or(default)),
        }
    }

    pub(super) fn fixed_width(&self) -> Result<FixedWidth> {
        Ok(FixedWidth::new(
            self.physical_type,
            self.width()?,
            &self.column,
        ))
    }

    /// Bytes of each value; 0 for types whose values have no bytes of their own number.
    pub(super) fn width(&self) -> Result<usize> {
        match self.physical_type {
            Type::FIXED_LEN_BYTE_ARRAY => usize::try_from(self.type_length).map_err(|_| {
                ParquetError::General(format!(
                    "Type length {} of column {} is negative",
                    self.type_length, self.column
                ))
            }),
            fixed => Ok(fixed.value_bytes(self.type_length).unwrap_or(0)),
        }
    }
}
