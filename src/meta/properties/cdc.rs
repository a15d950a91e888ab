//! Content-defined chunking: page boundaries that follow the data.

use super::constants::{
    DEFAULT_CDC_MAX_CHUNK_SIZE, DEFAULT_CDC_MIN_CHUNK_SIZE, DEFAULT_CDC_NORM_LEVEL,
};

/// Sizes of the chunks that a column's values are cut into where their content says.
///
/// Two files that share long stretches of values then share most of their pages, whatever was
/// inserted or removed before, and a store that deduplicates keeps those once. Sizes are bytes of
/// values and levels before encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CdcOptions {
    /// No chunk is cut before it has this many bytes; above 0.
    pub min_chunk_size: usize,
    /// Every chunk is cut at this many bytes; above `min_chunk_size`.
    pub max_chunk_size: usize,
    /// Higher values gather the sizes closer around their mean and deduplicate less; usually between
    /// -3 and 3.
    pub norm_level: i32,
}

impl Default for CdcOptions {
    /// 256 KiB to 1 MiB, level 0.
    fn default() -> Self {
        CdcOptions {
            min_chunk_size: DEFAULT_CDC_MIN_CHUNK_SIZE,
            max_chunk_size: DEFAULT_CDC_MAX_CHUNK_SIZE,
            norm_level: DEFAULT_CDC_NORM_LEVEL,
        }
    }
}

impl CdcOptions {
    pub(super) fn assert_valid(&self) {
        let (min, max) = (self.min_chunk_size, self.max_chunk_size);
        assert!(min > 0, "min_chunk_size must be positive");
        assert!(
            max > min,
            "max_chunk_size ({max}) must be greater than min_chunk_size ({min})"
        );
    }
}
