//! Default values of the options.

use super::kinds::{BloomFilterPosition, EnabledStatistics, WriterVersion};
use crate::basic::Compression;

/// Target size of a data page's encoded values, in bytes: 1 MiB.
pub const DEFAULT_PAGE_SIZE: usize = 1024 * 1024;
/// Slots, values and nulls, that most columns encode between two looks at the page limits.
pub const DEFAULT_WRITE_BATCH_SIZE: usize = 1024;
/// Version of the format that is written.
pub const DEFAULT_WRITER_VERSION: WriterVersion = WriterVersion::PARQUET_1_0;
/// Codec of all columns.
pub const DEFAULT_COMPRESSION: Compression = Compression::UNCOMPRESSED;
/// Whether columns begin with a dictionary.
pub const DEFAULT_DICTIONARY_ENABLED: bool = true;
/// Size at which a dictionary is given up, in bytes: as large as a data page.
pub const DEFAULT_DICTIONARY_PAGE_SIZE_LIMIT: usize = DEFAULT_PAGE_SIZE;
/// Rows at which a data page is cut.
pub const DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT: usize = 20_000;
/// What statistics are kept.
pub const DEFAULT_STATISTICS_ENABLED: EnabledStatistics = EnabledStatistics::Page;
/// Whether page headers repeat the statistics that the column index holds.
pub const DEFAULT_WRITE_PAGE_HEADER_STATISTICS: bool = false;
/// Rows at which `ArrowWriter` ends a row group.
pub const DEFAULT_MAX_ROW_GROUP_ROW_COUNT: usize = 1024 * 1024;
/// Whether chunks that stayed dictionary-encoded throughout keep their Bloom filter.
pub const DEFAULT_BLOOM_FILTER_FOR_DICTIONARY_ENCODED_CHUNKS: bool = true;
/// Where Bloom filters stand in the file.
pub const DEFAULT_BLOOM_FILTER_POSITION: BloomFilterPosition = BloomFilterPosition::AfterRowGroup;
/// What the footer names as the writer: this crate and its version.
///
/// Differs from the `parquet` crate on purpose. Readers look here for the defects of a particular
/// writer, and must not find those of another one.
pub const DEFAULT_CREATED_BY: &str = concat!("herringbone version ", env!("CARGO_PKG_VERSION"));
/// Length to which the column index cuts long bounds, in bytes.
pub const DEFAULT_COLUMN_INDEX_TRUNCATE_LENGTH: Option<usize> = Some(64);
/// False-positive probability of Bloom filters.
pub const DEFAULT_BLOOM_FILTER_FPP: f64 = 0.05;
/// Distinct values that Bloom filters are sized for where nothing else says.
pub const DEFAULT_BLOOM_FILTER_NDV: u64 = DEFAULT_MAX_ROW_GROUP_ROW_COUNT as u64;
/// Length to which statistics cut long bounds, in bytes.
pub const DEFAULT_STATISTICS_TRUNCATE_LENGTH: Option<usize> = Some(64);
/// Whether the offset index is left out.
pub const DEFAULT_OFFSET_INDEX_DISABLED: bool = false;
/// Whether Arrow types that Parquet lacks become their nearest Parquet type.
pub const DEFAULT_COERCE_TYPES: bool = false;
/// Whether `ArrowWriter` counts the distinct values of each column chunk.
pub const DEFAULT_WRITE_ROW_GROUP_NUMBER_DISTINCT_VALUES: bool = false;
/// Share of a version 2 page's size that compression must get below to be kept.
pub const DEFAULT_DATA_PAGE_V2_COMPRESSION_RATIO_THRESHOLD: f64 = 1.0;
/// Whether column metadata repeats the column's path.
pub const DEFAULT_WRITE_PATH_IN_SCHEMA: bool = true;
/// Whether page headers carry a checksum. An option of this crate alone.
pub const DEFAULT_PAGE_CHECKSUM_ENABLED: bool = false;
/// Least size of a content-defined chunk, in bytes: 256 KiB.
pub const DEFAULT_CDC_MIN_CHUNK_SIZE: usize = 256 * 1024;
/// Greatest size of a content-defined chunk, in bytes: 1 MiB.
pub const DEFAULT_CDC_MAX_CHUNK_SIZE: usize = 1024 * 1024;
/// How strongly content-defined chunks gather around their mean size.
pub const DEFAULT_CDC_NORM_LEVEL: i32 = 0;
