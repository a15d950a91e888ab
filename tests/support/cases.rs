//! Ways to write a file: properties, store, and how the rows come in.

use arrow::array::RecordBatch;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use herringbone::file::metadata::ParquetMetaData;
use herringbone::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};

use super::stores::Store;
use super::types::pieces;

/// What is kept about values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistics {
    None,
    Chunk,
    Page,
    /// In page headers too.
    PageHeaders,
    /// Of chunks, and no offset index.
    ChunkWithoutOffsets,
}

/// When pages end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    Default,
    /// After few bytes.
    Bytes,
    /// After few rows.
    Rows,
    /// Looked at every few slots.
    Batches,
}

/// How dictionaries are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dictionary {
    On,
    Off,
    /// Given up after few values.
    Fallback,
}

/// One way to write a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub dictionary: Dictionary,
    pub version: WriterVersion,
    pub compression: Compression,
    /// Rows of a row group, at most.
    pub row_group: Option<usize>,
    pub store: Store,
    pub statistics: Statistics,
    pub paging: Paging,
    /// Rows of a batch.
    pub batch: usize,
    pub checksums: bool,
    /// Bytes of a bound, at most.
    pub truncation: Option<usize>,
    /// Of the values, where no dictionary is at work.
    pub encoding: Option<Encoding>,
    /// Whether the file says which Arrow types it was written from.
    pub arrow_schema: bool,
}

/// What writing gave.
#[derive(Debug)]
pub struct Written {
    pub file: Vec<u8>,
    pub metadata: ParquetMetaData,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            dictionary: Dictionary::On,
            version: WriterVersion::PARQUET_1_0,
            compression: Compression::UNCOMPRESSED,
            row_group: None,
            store: Store::Memory,
            statistics: Statistics::Page,
            paging: Paging::Default,
            batch: usize::MAX / 2,
            checksums: false,
            truncation: Some(64),
            encoding: None,
            arrow_schema: true,
        }
    }
}

/// One of each codec.
pub fn codecs() -> [Compression; 7] {
    [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::try_new(1).unwrap()),
        Compression::BROTLI(BrotliLevel::try_new(1).unwrap()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::try_new(1).unwrap()),
    ]
}

impl Case {
    pub fn properties(&self) -> WriterProperties {
        let mut builder = WriterProperties::builder()
            .set_writer_version(self.version)
            .set_compression(self.compression)
            .set_max_row_group_row_count(self.row_group)
            .set_page_checksum_enabled(self.checksums)
            .set_statistics_truncate_length(self.truncation)
            .set_column_index_truncate_length(self.truncation);
        if let Some(encoding) = self.encoding {
            builder = builder.set_encoding(encoding);
        }
        builder = match self.dictionary {
            Dictionary::On => builder,
            Dictionary::Off => builder.set_dictionary_enabled(false),
            Dictionary::Fallback => builder.set_dictionary_page_size_limit(200),
        };
        builder = match self.statistics {
            Statistics::None => builder.set_statistics_enabled(EnabledStatistics::None),
            Statistics::Chunk => builder.set_statistics_enabled(EnabledStatistics::Chunk),
            Statistics::Page => builder,
            Statistics::PageHeaders => builder.set_write_page_header_statistics(true),
            Statistics::ChunkWithoutOffsets => builder
                .set_statistics_enabled(EnabledStatistics::Chunk)
                .set_offset_index_disabled(true),
        };
        builder = match self.paging {
            Paging::Default => builder,
            Paging::Bytes => builder
                .set_data_page_size_limit(150)
                .set_write_batch_size(16),
            Paging::Rows => builder.set_data_page_row_count_limit(70),
            Paging::Batches => builder
                .set_write_batch_size(7)
                .set_data_page_row_count_limit(60),
        };
        builder.build()
    }

    pub fn options(&self) -> ArrowWriterOptions {
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties())
            .with_skip_arrow_metadata(!self.arrow_schema);
        self.store.add_to(options)
    }

    /// Writes `batch`, in pieces.
    pub fn write(&self, batch: &RecordBatch) -> Written {
        let mut file = Vec::new();
        let mut writer =
            ArrowWriter::try_new_with_options(&mut file, batch.schema(), self.options())
                .unwrap_or_else(|error| panic!("{self:?}: {error}"));
        for piece in pieces(batch, self.batch) {
            writer
                .write(&piece)
                .unwrap_or_else(|error| panic!("{self:?}: {error}"));
        }
        let metadata = writer
            .close()
            .unwrap_or_else(|error| panic!("{self:?}: {error}"));
        Written { file, metadata }
    }
}
