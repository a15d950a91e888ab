//! Options of one column: what was set, and what holds once the file's defaults are filled in.

use super::bloom::{BloomFilterProperties, BloomSetting};
use super::delta::DeltaBinaryPackedEncoderOptions;
use super::kinds::{EnabledStatistics, WriterVersion};
use crate::basic::{Compression, Encoding};
use crate::encodings::{DeltaLayout, EncoderOptions};
use crate::schema::types::ColumnDescriptor;

/// What the caller set for one column, or for all of them; the rest is `None`.
#[derive(Debug, Clone, Default)]
pub(super) struct ColumnOverrides {
    pub(super) encoding: Option<Encoding>,
    pub(super) compression: Option<Compression>,
    pub(super) data_page_size_limit: Option<usize>,
    pub(super) data_page_row_count_limit: Option<usize>,
    pub(super) dictionary_enabled: Option<bool>,
    pub(super) dictionary_page_size_limit: Option<usize>,
    pub(super) statistics: Option<EnabledStatistics>,
    pub(super) header_statistics: Option<bool>,
    pub(super) bloom: Option<BloomSetting>,
    pub(super) v2_compression_ratio_threshold: Option<f64>,
    pub(super) delta: Option<DeltaBinaryPackedEncoderOptions>,
    pub(super) page_checksum: Option<bool>,
}

impl ColumnOverrides {
    pub(super) fn set_encoding(&mut self, encoding: Encoding) {
        assert!(
            !matches!(
                encoding,
                Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY
            ),
            "Dictionary encoding can not be used as fallback encoding"
        );
        self.encoding = Some(encoding);
    }

    pub(super) fn set_data_page_row_count_limit(&mut self, rows: usize) {
        assert!(rows != 0, "Cannot have a 0 data page row count limit");
        self.data_page_row_count_limit = Some(rows);
    }

    pub(super) fn set_v2_compression_ratio_threshold(&mut self, ratio: f64) {
        assert!(
            ratio.is_finite() && ratio > 0.0,
            "data_page_v2_compression_ratio_threshold must be a positive finite number, got {ratio}"
        );
        self.v2_compression_ratio_threshold = Some(ratio);
    }

    /// On keeps a size that was set before; off forgets it.
    pub(super) fn set_bloom_enabled(&mut self, enabled: bool) {
        self.bloom = Some(if enabled {
            BloomSetting::On(BloomSetting::size_or_default(self.bloom))
        } else {
            BloomSetting::Off
        });
    }

    pub(super) fn set_bloom_fpp(&mut self, fpp: f64) {
        let size = BloomSetting::size_or_default(self.bloom).with_fpp(fpp);
        self.bloom = Some(BloomSetting::On(size));
    }

    pub(super) fn set_bloom_ndv(&mut self, ndv: u64) {
        let size = BloomSetting::size_or_default(self.bloom).with_ndv(ndv);
        self.bloom = Some(BloomSetting::On(size));
    }
}

/// Everything that the writer of one column must know, looked up once when the writer is made.
///
/// Holds no heap memory: a file of many thousand columns has one of these for each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ColumnOptions {
    /// Version of the format: which data pages, and which encoding follows a dictionary.
    pub(crate) writer_version: WriterVersion,
    /// Bytes of encoded values at which a data page is cut.
    pub(crate) data_page_size_limit: usize,
    /// Rows at which a data page is cut; at least 1.
    pub(crate) data_page_row_count_limit: usize,
    /// Levels or values between two looks at the limits; at least 1.
    pub(crate) write_batch_size: usize,
    /// Whether a dictionary is tried; booleans never have one.
    pub(crate) dictionary_enabled: bool,
    /// Bytes of dictionary, as a `PLAIN` page, at which it is given up.
    pub(crate) dictionary_page_size_limit: usize,
    /// Encoding of values without a dictionary; `None` leaves it to the version and the type.
    pub(crate) encoding: Option<Encoding>,
    /// Shape of `DELTA_BINARY_PACKED` blocks; `None` leaves it to the type.
    pub(crate) delta: Option<DeltaBinaryPackedEncoderOptions>,
    /// Codec of all pages.
    pub(crate) compression: Compression,
    /// Share of its size that a version 2 page must get below to be kept compressed.
    pub(crate) v2_compression_ratio_threshold: f64,
    /// Whether page headers carry a checksum.
    pub(crate) page_checksum: bool,
    /// What statistics are kept.
    pub(crate) statistics: EnabledStatistics,
    /// Whether page headers should repeat statistics; see
    /// [`writes_header_statistics`](Self::writes_header_statistics).
    pub(crate) header_statistics: bool,
    /// Bytes to which statistics cut long bounds; `None` does not cut, 0 cannot be set.
    pub(crate) statistics_truncate_length: Option<usize>,
    /// Bytes to which the column index cuts long bounds; `None` does not cut, 0 cannot be set.
    pub(crate) column_index_truncate_length: Option<usize>,
    /// Whether the offset index is written.
    pub(crate) offset_index: bool,
    /// Whether `ArrowWriter` counts the distinct values of each chunk.
    pub(crate) count_distinct: bool,
    /// Whether Arrow types without a counterpart become their nearest Parquet type.
    pub(crate) coerce_types: bool,
    /// Size of the Bloom filter; `None` writes none.
    pub(crate) bloom_filter: Option<BloomFilterProperties>,
    /// Whether a chunk that stayed dictionary-encoded throughout keeps its Bloom filter.
    pub(crate) bloom_filter_for_dictionary_encoded_chunks: bool,
}

impl ColumnOptions {
    /// What encoders of the values of `descr` must know.
    pub(crate) fn encoder_options(&self, descr: &ColumnDescriptor) -> EncoderOptions {
        EncoderOptions {
            physical_type: descr.physical_type(),
            type_length: descr.type_length(),
            column: descr.path().clone(),
            delta: self.delta.map(|delta| DeltaLayout {
                block_size: delta.block_size(),
                miniblocks: delta.mini_blocks_per_block(),
            }),
        }
    }

    /// Page headers repeat statistics only where they are kept by the page.
    pub(crate) fn writes_header_statistics(&self) -> bool {
        self.header_statistics && self.statistics == EnabledStatistics::Page
    }
}
