//! [`WriterProperties`]: the options as built, and how a column's are looked up.

use std::collections::HashMap;
use std::sync::Arc;

use super::bloom::{BloomFilterProperties, BloomSetting};
use super::cdc::CdcOptions;
use super::column::{ColumnOptions, ColumnOverrides};
use super::constants::*;
use super::delta::DeltaBinaryPackedEncoderOptions;
use super::kinds::{BloomFilterPosition, EnabledStatistics, WriterVersion};
use super::writer_builder::WriterPropertiesBuilder;
use crate::basic::{Compression, Encoding};
use crate::meta::metadata::{KeyValue, SortingColumn};
use crate::schema::types::ColumnPath;

/// Shared [`WriterProperties`].
pub type WriterPropertiesPtr = Arc<WriterProperties>;

/// How a file is written: options of the file, defaults of its columns, and options of single
/// columns.
///
/// ```
/// use herringbone::basic::{Compression, Encoding, ZstdLevel};
/// use herringbone::file::properties::WriterProperties;
/// use herringbone::schema::types::ColumnPath;
///
/// let id = ColumnPath::from("id");
/// let properties = WriterProperties::builder()
///     .set_compression(Compression::ZSTD(ZstdLevel::default()))
///     .set_column_dictionary_enabled(id.clone(), false)
///     .set_column_encoding(id.clone(), Encoding::DELTA_BINARY_PACKED)
///     .build();
/// assert!(!properties.dictionary_enabled(&id));
/// assert!(properties.dictionary_enabled(&ColumnPath::from("name")));
/// ```
#[derive(Debug, Clone)]
pub struct WriterProperties {
    pub(super) writer_version: WriterVersion,
    pub(super) created_by: String,
    pub(super) key_value_metadata: Option<Vec<KeyValue>>,
    pub(super) sorting_columns: Option<Vec<SortingColumn>>,
    pub(super) write_batch_size: usize,
    pub(super) max_row_group_row_count: Option<usize>,
    pub(super) max_row_group_bytes: Option<usize>,
    pub(super) column_index_truncate_length: Option<usize>,
    pub(super) statistics_truncate_length: Option<usize>,
    pub(super) offset_index: OffsetIndex,
    pub(super) bloom_filter_position: BloomFilterPosition,
    pub(super) bloom_filter_for_dictionary_encoded_chunks: bool,
    pub(super) coerce_types: bool,
    pub(super) count_distinct: bool,
    pub(super) write_path_in_schema: bool,
    pub(super) content_defined_chunking: Option<CdcOptions>,
    /// For every column that `columns` says nothing of.
    pub(super) defaults: ColumnOverrides,
    pub(super) columns: HashMap<ColumnPath, ColumnOverrides>,
}

/// Whether the offset index is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OffsetIndex {
    Written,
    /// The caller does without it, and nobody asked for page statistics by name.
    Omitted,
    /// The caller does without it, but asked for page statistics, and readers can use those only
    /// with the offset index.
    KeptForPageStatistics,
}

impl OffsetIndex {
    /// What the caller wants, before anything else is known.
    pub(super) fn of(disabled: bool) -> Self {
        if disabled {
            OffsetIndex::Omitted
        } else {
            OffsetIndex::Written
        }
    }
}

impl Default for WriterProperties {
    /// Every option at its default.
    fn default() -> Self {
        Self::builder().build()
    }
}

impl WriterProperties {
    /// Every option at its default.
    pub fn new() -> Self {
        Self::default()
    }

    /// A builder with every option at its default.
    pub fn builder() -> WriterPropertiesBuilder {
        WriterPropertiesBuilder::default()
    }

    /// A builder that starts from these options.
    pub fn into_builder(self) -> WriterPropertiesBuilder {
        self.into()
    }

    /// Version of the format that is written.
    pub fn writer_version(&self) -> WriterVersion {
        self.writer_version
    }

    /// What the footer names as the writer.
    pub fn created_by(&self) -> &str {
        &self.created_by
    }

    /// Pairs for the footer.
    pub fn key_value_metadata(&self) -> Option<&Vec<KeyValue>> {
        self.key_value_metadata.as_ref()
    }

    /// How the rows of every row group are sorted, as far as the caller said so.
    pub fn sorting_columns(&self) -> Option<&Vec<SortingColumn>> {
        self.sorting_columns.as_ref()
    }

    /// Slots, values and nulls, that most columns encode between two looks at the page limits.
    pub fn write_batch_size(&self) -> usize {
        self.write_batch_size
    }

    /// Rows at which `ArrowWriter` ends a row group; `None` for no limit.
    pub fn max_row_group_row_count(&self) -> Option<usize> {
        self.max_row_group_row_count
    }

    /// Estimated encoded bytes at which `ArrowWriter` ends a row group; `None` for no limit.
    pub fn max_row_group_bytes(&self) -> Option<usize> {
        self.max_row_group_bytes
    }

    /// Length to which the column index cuts bounds, in bytes; `None` leaves them whole.
    pub fn column_index_truncate_length(&self) -> Option<usize> {
        self.column_index_truncate_length
    }

    /// Length to which statistics cut bounds, in bytes; `None` leaves them whole.
    pub fn statistics_truncate_length(&self) -> Option<usize> {
        self.statistics_truncate_length
    }

    /// Whether the offset index is left out: it was disabled, and page statistics were not asked
    /// for explicitly, for the file or for any column.
    pub fn offset_index_disabled(&self) -> bool {
        self.offset_index == OffsetIndex::Omitted
    }

    /// Where Bloom filters stand in the file.
    pub fn bloom_filter_position(&self) -> BloomFilterPosition {
        self.bloom_filter_position
    }

    /// Whether chunks that stayed dictionary-encoded throughout keep their Bloom filter.
    pub fn bloom_filter_for_dictionary_encoded_chunks(&self) -> bool {
        self.bloom_filter_for_dictionary_encoded_chunks
    }

    /// Whether Arrow types that Parquet lacks become their nearest Parquet type.
    pub fn coerce_types(&self) -> bool {
        self.coerce_types
    }

    /// Whether `ArrowWriter` counts the distinct values of each column chunk.
    pub fn write_row_group_number_distinct_values(&self) -> bool {
        self.count_distinct
    }

    /// Whether column metadata repeats the column's path.
    pub fn write_path_in_schema(&self) -> bool {
        self.write_path_in_schema
    }

    /// How content-defined chunks are cut; `None` cuts none.
    pub fn content_defined_chunking(&self) -> Option<&CdcOptions> {
        self.content_defined_chunking.as_ref()
    }

    /// Encoding of data pages while a dictionary is in use.
    pub fn dictionary_data_page_encoding(&self) -> Encoding {
        Encoding::RLE_DICTIONARY
    }

    /// Encoding of dictionary pages.
    pub fn dictionary_page_encoding(&self) -> Encoding {
        Encoding::PLAIN
    }

    /// Target size of a data page's encoded values, in bytes, where a column has no other.
    pub fn data_page_size_limit(&self) -> usize {
        self.file_wide().data_page_size_limit
    }

    /// Target size of a data page's encoded values in column `col`, in bytes.
    pub fn column_data_page_size_limit(&self, col: &ColumnPath) -> usize {
        self.column(col).data_page_size_limit
    }

    /// Size at which a dictionary is given up, in bytes, where a column has no other.
    pub fn dictionary_page_size_limit(&self) -> usize {
        self.file_wide().dictionary_page_size_limit
    }

    /// Size at which the dictionary of column `col` is given up, in bytes.
    pub fn column_dictionary_page_size_limit(&self, col: &ColumnPath) -> usize {
        self.column(col).dictionary_page_size_limit
    }

    /// Rows at which a data page is cut, where a column has no other limit.
    pub fn data_page_row_count_limit(&self) -> usize {
        self.file_wide().data_page_row_count_limit
    }

    /// Rows at which a data page of column `col` is cut.
    pub fn column_data_page_row_count_limit(&self, col: &ColumnPath) -> usize {
        self.column(col).data_page_row_count_limit
    }

    /// Share of a version 2 page's size that compression must get below to be kept, where a column
    /// has no other.
    pub fn data_page_v2_compression_ratio_threshold(&self) -> f64 {
        self.file_wide().v2_compression_ratio_threshold
    }

    /// Share of a version 2 page's size that compression must get below to be kept in column `col`.
    pub fn column_data_page_v2_compression_ratio_threshold(&self, col: &ColumnPath) -> f64 {
        self.column(col).v2_compression_ratio_threshold
    }

    /// Whether page headers carry a checksum, where a column says nothing else.
    pub fn page_checksum_enabled(&self) -> bool {
        self.file_wide().page_checksum
    }

    /// Whether the page headers of column `col` carry a checksum.
    pub fn column_page_checksum_enabled(&self, col: &ColumnPath) -> bool {
        self.column(col).page_checksum
    }

    /// Encoding of column `col` where it has no dictionary; `None` leaves it to the writer version
    /// and the column's type.
    pub fn encoding(&self, col: &ColumnPath) -> Option<Encoding> {
        self.column(col).encoding
    }

    /// Shape of the `DELTA_BINARY_PACKED` blocks of column `col`; `None` leaves it to the column's
    /// type.
    pub fn delta_binary_packed_encoder_options(
        &self,
        col: &ColumnPath,
    ) -> Option<DeltaBinaryPackedEncoderOptions> {
        self.column(col).delta
    }

    /// Codec of column `col`.
    pub fn compression(&self, col: &ColumnPath) -> Compression {
        self.column(col).compression
    }

    /// Whether column `col` begins with a dictionary.
    pub fn dictionary_enabled(&self, col: &ColumnPath) -> bool {
        self.column(col).dictionary_enabled
    }

    /// What statistics of column `col` are kept.
    pub fn statistics_enabled(&self, col: &ColumnPath) -> EnabledStatistics {
        self.column(col).statistics
    }

    /// Whether the page headers of column `col` repeat page statistics.
    pub fn write_page_header_statistics(&self, col: &ColumnPath) -> bool {
        self.column(col).header_statistics
    }

    /// Size of the Bloom filters of column `col`; `None` if it gets none.
    pub fn bloom_filter_properties(&self, col: &ColumnPath) -> Option<&BloomFilterProperties> {
        let own = self
            .columns
            .get(col)
            .and_then(|column| column.bloom.as_ref());
        own.or(self.defaults.bloom.as_ref())
            .and_then(BloomSetting::properties)
    }

    /// All options of column `path`, in one look-up.
    pub(crate) fn column(&self, path: &ColumnPath) -> ColumnOptions {
        self.options(self.columns.get(path).unwrap_or(&self.defaults))
    }

    /// The footer's pairs, for what is added to them before a file begins.
    #[cfg(feature = "arrow")]
    pub(crate) fn key_value_metadata_mut(&mut self) -> &mut Option<Vec<KeyValue>> {
        &mut self.key_value_metadata
    }

    /// The options of a column that nothing is set for.
    fn file_wide(&self) -> ColumnOptions {
        self.options(&self.defaults)
    }

    /// What `own` says, then what the file says, then the defaults.
    fn options(&self, own: &ColumnOverrides) -> ColumnOptions {
        let file = &self.defaults;
        ColumnOptions {
            writer_version: self.writer_version,
            data_page_size_limit: own
                .data_page_size_limit
                .or(file.data_page_size_limit)
                .unwrap_or(DEFAULT_PAGE_SIZE),
            data_page_row_count_limit: own
                .data_page_row_count_limit
                .or(file.data_page_row_count_limit)
                .unwrap_or(DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT),
            write_batch_size: self.write_batch_size,
            dictionary_enabled: own
                .dictionary_enabled
                .or(file.dictionary_enabled)
                .unwrap_or(DEFAULT_DICTIONARY_ENABLED),
            dictionary_page_size_limit: own
                .dictionary_page_size_limit
                .or(file.dictionary_page_size_limit)
                .unwrap_or(DEFAULT_DICTIONARY_PAGE_SIZE_LIMIT),
            encoding: own.encoding.or(file.encoding),
            delta: own.delta.or(file.delta),
            compression: own
                .compression
                .or(file.compression)
                .unwrap_or(DEFAULT_COMPRESSION),
            v2_compression_ratio_threshold: own
                .v2_compression_ratio_threshold
                .or(file.v2_compression_ratio_threshold)
                .unwrap_or(DEFAULT_DATA_PAGE_V2_COMPRESSION_RATIO_THRESHOLD),
            page_checksum: own
                .page_checksum
                .or(file.page_checksum)
                .unwrap_or(DEFAULT_PAGE_CHECKSUM_ENABLED),
            statistics: own
                .statistics
                .or(file.statistics)
                .unwrap_or(DEFAULT_STATISTICS_ENABLED),
            header_statistics: own
                .header_statistics
                .or(file.header_statistics)
                .unwrap_or(DEFAULT_WRITE_PAGE_HEADER_STATISTICS),
            statistics_truncate_length: self.statistics_truncate_length,
            column_index_truncate_length: self.column_index_truncate_length,
            offset_index: !self.offset_index_disabled(),
            count_distinct: self.count_distinct,
            coerce_types: self.coerce_types,
            bloom_filter: own
                .bloom
                .or(file.bloom)
                .and_then(|bloom| bloom.properties().copied()),
            bloom_filter_for_dictionary_encoded_chunks: self
                .bloom_filter_for_dictionary_encoded_chunks,
        }
    }
}
