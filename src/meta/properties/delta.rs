//! The shape of `DELTA_BINARY_PACKED` blocks.

use crate::errors::{ParquetError, Result};

/// Values to a block, and miniblocks to a block, of the `DELTA_BINARY_PACKED` encoding.
///
/// All differences of a miniblock are packed with one width, and a block has one base for them:
/// smaller ones follow the data more closely and cost more headers.
///
/// SPEC: Encodings.md, "Delta Encoding".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeltaBinaryPackedEncoderOptions {
    block_size: usize,
    mini_blocks_per_block: usize,
}

impl DeltaBinaryPackedEncoderOptions {
    /// Blocks of `block_size` values in `mini_blocks_per_block` miniblocks.
    ///
    /// # Errors
    /// If the block is not a positive multiple of 128 values, the miniblocks do not divide it, or
    /// one of them is not a multiple of 32 values.
    pub fn try_new(block_size: usize, mini_blocks_per_block: usize) -> Result<Self> {
        if block_size == 0 || !block_size.is_multiple_of(128) {
            return Err(ParquetError::General(format!(
                "delta binary packed block size must be a positive multiple of 128, got {block_size}"
            )));
        }
        if mini_blocks_per_block == 0 || !block_size.is_multiple_of(mini_blocks_per_block) {
            return Err(ParquetError::General(format!(
                "delta binary packed mini block count must be a positive divisor of the block size, \
                 got {mini_blocks_per_block} for block size {block_size}"
            )));
        }
        let mini_block_size = block_size / mini_blocks_per_block;
        if !mini_block_size.is_multiple_of(32) {
            return Err(ParquetError::General(format!(
                "delta binary packed mini block size must be a multiple of 32, got {mini_block_size}"
            )));
        }
        Ok(Self {
            block_size,
            mini_blocks_per_block,
        })
    }

    /// Values to a block.
    pub fn block_size(&self) -> usize {
        self.block_size
    }

    /// Miniblocks to a block.
    pub fn mini_blocks_per_block(&self) -> usize {
        self.mini_blocks_per_block
    }
}
