//! The setters of [`WriterPropertiesBuilder`] that come in pairs: for all columns and for one.

use super::bloom::{BloomFilterProperties, BloomSetting, BloomSize};
use super::column::ColumnOverrides;
#[cfg(doc)]
use super::constants::*;
use super::delta::DeltaBinaryPackedEncoderOptions;
use super::kinds::EnabledStatistics;
use super::writer_builder::WriterPropertiesBuilder;
use crate::basic::{Compression, Encoding};
use crate::schema::types::ColumnPath;

impl WriterPropertiesBuilder {
    fn for_all(mut self, set: impl FnOnce(&mut ColumnOverrides)) -> Self {
        set(&mut self.properties.defaults);
        self
    }

    fn for_one(mut self, col: ColumnPath, set: impl FnOnce(&mut ColumnOverrides)) -> Self {
        set(self.properties.columns.entry(col).or_default());
        self
    }
}

/// Encodings and dictionaries.
impl WriterPropertiesBuilder {
    /// Sets how values are encoded where there is no dictionary, or once it is given up; default: what
    /// the writer version and the column's type suggest.
    ///
    /// A writer refuses an encoding that a column's type does not allow.
    ///
    /// # Panics
    /// If `value` is a dictionary encoding; see [`Self::set_dictionary_enabled`] for those.
    pub fn set_encoding(self, value: Encoding) -> Self {
        self.for_all(|column| column.set_encoding(value))
    }

    /// As [`Self::set_encoding`], for column `col`.
    ///
    /// # Panics
    /// If `value` is a dictionary encoding.
    pub fn set_column_encoding(self, col: ColumnPath, value: Encoding) -> Self {
        self.for_one(col, |column| column.set_encoding(value))
    }

    /// Sets the shape of `DELTA_BINARY_PACKED` blocks; default 128 values for `INT32` and 256 for `INT64`,
    /// in 4 miniblocks.
    pub fn set_delta_binary_packed_encoder_options(
        self,
        options: DeltaBinaryPackedEncoderOptions,
    ) -> Self {
        self.for_all(|column| column.delta = Some(options))
    }

    /// As [`Self::set_delta_binary_packed_encoder_options`], for column `col`.
    pub fn set_column_delta_binary_packed_encoder_options(
        self,
        col: ColumnPath,
        options: DeltaBinaryPackedEncoderOptions,
    ) -> Self {
        self.for_one(col, |column| column.delta = Some(options))
    }

    /// Sets whether columns begin with a dictionary; default [`DEFAULT_DICTIONARY_ENABLED`]. Booleans
    /// never have one.
    pub fn set_dictionary_enabled(self, value: bool) -> Self {
        self.for_all(|column| column.dictionary_enabled = Some(value))
    }

    /// As [`Self::set_dictionary_enabled`], for column `col`.
    pub fn set_column_dictionary_enabled(self, col: ColumnPath, value: bool) -> Self {
        self.for_one(col, |column| column.dictionary_enabled = Some(value))
    }

    /// Sets the size at which a dictionary is given up, in bytes of its `PLAIN` encoding; default
    /// [`DEFAULT_DICTIONARY_PAGE_SIZE_LIMIT`].
    ///
    /// The pages so far keep the dictionary, and the values to come are encoded directly. The limit is
    /// looked at once a step, and may be passed by as much; see [`Self::set_write_batch_size`].
    pub fn set_dictionary_page_size_limit(self, value: usize) -> Self {
        self.for_all(|column| column.dictionary_page_size_limit = Some(value))
    }

    /// As [`Self::set_dictionary_page_size_limit`], for column `col`.
    pub fn set_column_dictionary_page_size_limit(self, col: ColumnPath, value: usize) -> Self {
        self.for_one(col, |column| {
            column.dictionary_page_size_limit = Some(value)
        })
    }
}

/// Pages.
impl WriterPropertiesBuilder {
    /// Sets the size at which a data page is cut, in bytes of encoded values before compression; default
    /// [`DEFAULT_PAGE_SIZE`].
    ///
    /// The limit is looked at once a step, and may be passed by as much; see [`Self::set_write_batch_size`]. Levels do
    /// not count.
    pub fn set_data_page_size_limit(self, value: usize) -> Self {
        self.for_all(|column| column.data_page_size_limit = Some(value))
    }

    /// As [`Self::set_data_page_size_limit`], for column `col`.
    pub fn set_column_data_page_size_limit(self, col: ColumnPath, value: usize) -> Self {
        self.for_one(col, |column| column.data_page_size_limit = Some(value))
    }

    /// Sets the number of rows at which a data page is cut; default
    /// [`DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT`]. It is looked at once a step; see [`Self::set_write_batch_size`].
    ///
    /// # Panics
    /// If `value` is 0.
    pub fn set_data_page_row_count_limit(self, value: usize) -> Self {
        self.for_all(|column| column.set_data_page_row_count_limit(value))
    }

    /// As [`Self::set_data_page_row_count_limit`], for column `col`.
    ///
    /// # Panics
    /// If `value` is 0.
    pub fn set_column_data_page_row_count_limit(self, col: ColumnPath, value: usize) -> Self {
        self.for_one(col, |column| column.set_data_page_row_count_limit(value))
    }

    /// Sets the codec of all pages; default [`DEFAULT_COMPRESSION`].
    ///
    /// A writer refuses a codec that this build leaves out.
    pub fn set_compression(self, value: Compression) -> Self {
        self.for_all(|column| column.compression = Some(value))
    }

    /// As [`Self::set_compression`], for column `col`.
    pub fn set_column_compression(self, col: ColumnPath, value: Compression) -> Self {
        self.for_one(col, |column| column.compression = Some(value))
    }

    /// Sets what compression must achieve on data pages of version 2: they are stored compressed only if
    /// that makes them smaller than this share of their size; default
    /// [`DEFAULT_DATA_PAGE_V2_COMPRESSION_RATIO_THRESHOLD`]. At 0.9 a tenth must be won.
    ///
    /// # Panics
    /// If `value` is not finite and above 0.
    pub fn set_data_page_v2_compression_ratio_threshold(self, value: f64) -> Self {
        self.for_all(|column| column.set_v2_compression_ratio_threshold(value))
    }

    /// As [`Self::set_data_page_v2_compression_ratio_threshold`], for column `col`.
    ///
    /// # Panics
    /// If `value` is not finite and above 0.
    pub fn set_column_data_page_v2_compression_ratio_threshold(
        self,
        col: ColumnPath,
        value: f64,
    ) -> Self {
        self.for_one(col, |column| {
            column.set_v2_compression_ratio_threshold(value)
        })
    }

    /// Sets whether page headers carry a CRC-32 of the page as stored; default
    /// [`DEFAULT_PAGE_CHECKSUM_ENABLED`]. The `parquet` crate has no such option.
    ///
    /// SPEC: parquet.thrift, `PageHeader.crc`.
    pub fn set_page_checksum_enabled(self, value: bool) -> Self {
        self.for_all(|column| column.page_checksum = Some(value))
    }

    /// As [`Self::set_page_checksum_enabled`], for column `col`.
    pub fn set_column_page_checksum_enabled(self, col: ColumnPath, value: bool) -> Self {
        self.for_one(col, |column| column.page_checksum = Some(value))
    }
}

/// Statistics.
impl WriterPropertiesBuilder {
    /// Sets what statistics are kept; default [`DEFAULT_STATISTICS_ENABLED`].
    pub fn set_statistics_enabled(self, value: EnabledStatistics) -> Self {
        self.for_all(|column| column.statistics = Some(value))
    }

    /// As [`Self::set_statistics_enabled`], for column `col`.
    pub fn set_column_statistics_enabled(self, col: ColumnPath, value: EnabledStatistics) -> Self {
        self.for_one(col, |column| column.statistics = Some(value))
    }

    /// Sets whether page headers repeat the statistics of the column index, for readers that do not know
    /// that; default [`DEFAULT_WRITE_PAGE_HEADER_STATISTICS`]. Only columns with
    /// [`EnabledStatistics::Page`] have any.
    pub fn set_write_page_header_statistics(self, value: bool) -> Self {
        self.for_all(|column| column.header_statistics = Some(value))
    }

    /// As [`Self::set_write_page_header_statistics`], for column `col`.
    pub fn set_column_write_page_header_statistics(self, col: ColumnPath, value: bool) -> Self {
        self.for_one(col, |column| column.header_statistics = Some(value))
    }
}

/// Bloom filters.
///
/// What is set for a column replaces what is set for all columns as a whole, size and probability
/// together.
impl WriterPropertiesBuilder {
    /// Sets whether column chunks get a Bloom filter; default false. Forgets the filter's size if false.
    ///
    /// A filter is sized for as many distinct values as a row group has rows at most, unless
    /// [`Self::set_bloom_filter_max_ndv`] says otherwise.
    pub fn set_bloom_filter_enabled(self, value: bool) -> Self {
        self.for_all(|column| column.set_bloom_enabled(value))
    }

    /// As [`Self::set_bloom_filter_enabled`], for column `col`, in either direction: one column can go
    /// without a filter where the others have one.
    pub fn set_column_bloom_filter_enabled(self, col: ColumnPath, value: bool) -> Self {
        self.for_one(col, |column| column.set_bloom_enabled(value))
    }

    /// Sets how probably a filter takes a value for one that was written; default
    /// [`DEFAULT_BLOOM_FILTER_FPP`]. Turns filters on.
    ///
    /// # Panics
    /// If `value` is not between 0 and 1, both excluded.
    pub fn set_bloom_filter_fpp(self, value: f64) -> Self {
        self.for_all(|column| column.set_bloom_fpp(value))
    }

    /// As [`Self::set_bloom_filter_fpp`], for column `col`.
    ///
    /// # Panics
    /// If `value` is not between 0 and 1, both excluded.
    pub fn set_column_bloom_filter_fpp(self, col: ColumnPath, value: f64) -> Self {
        self.for_one(col, |column| column.set_bloom_fpp(value))
    }

    /// Sets how many distinct values a filter is sized for; default: the rows of a row group at most, or
    /// [`DEFAULT_BLOOM_FILTER_NDV`] if those have no limit. Turns filters on.
    pub fn set_bloom_filter_max_ndv(self, value: u64) -> Self {
        self.for_all(|column| column.set_bloom_ndv(value))
    }

    /// As [`Self::set_bloom_filter_max_ndv`], for column `col`.
    pub fn set_column_bloom_filter_max_ndv(self, col: ColumnPath, value: u64) -> Self {
        self.for_one(col, |column| column.set_bloom_ndv(value))
    }

    /// As [`Self::set_bloom_filter_max_ndv`], under its old name.
    #[deprecated(
        since = "0.1.0",
        note = "the name in use is `set_bloom_filter_max_ndv`"
    )]
    pub fn set_bloom_filter_ndv(self, value: u64) -> Self {
        self.for_all(|column| column.set_bloom_ndv(value))
    }

    /// As [`Self::set_column_bloom_filter_max_ndv`], under its old name.
    #[deprecated(
        since = "0.1.0",
        note = "the name in use is `set_column_bloom_filter_max_ndv`"
    )]
    pub fn set_column_bloom_filter_ndv(self, col: ColumnPath, value: u64) -> Self {
        self.for_one(col, |column| column.set_bloom_ndv(value))
    }

    /// Sets the size of filters as a whole. Turns filters on.
    pub fn set_bloom_filter_properties(self, value: BloomFilterProperties) -> Self {
        self.for_all(|column| column.bloom = Some(BloomSetting::On(BloomSize::given(value))))
    }

    /// As [`Self::set_bloom_filter_properties`], for column `col`.
    pub fn set_column_bloom_filter_properties(
        self,
        col: ColumnPath,
        value: BloomFilterProperties,
    ) -> Self {
        self.for_one(col, |column| {
            column.bloom = Some(BloomSetting::On(BloomSize::given(value)))
        })
    }
}
