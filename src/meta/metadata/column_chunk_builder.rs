//! `ColumnChunkMetaDataBuilder`: describes a column chunk field by field.

use super::column_chunk::{ColumnChunkMetaData, EncodingStats};
use super::{LevelHistogram, PageEncodingStats};
use crate::basic::{Compression, CompressionCodec, Encoding, EncodingMask};
use crate::errors::Result;
use crate::meta::slim::Slim;
use crate::meta::statistics::Statistics;
use crate::schema::types::ColumnDescPtr;

/// Builds a [`ColumnChunkMetaData`].
#[derive(Debug)]
pub struct ColumnChunkMetaDataBuilder(ColumnChunkMetaData);

impl ColumnChunkMetaDataBuilder {
    pub(super) fn new(column_descr: ColumnDescPtr) -> Self {
        Self(ColumnChunkMetaData {
            column_descr,
            statistics: None,
            encoding_stats: EncodingStats::Unknown,
            num_values: 0,
            total_compressed_size: 0,
            total_uncompressed_size: 0,
            data_page_offset: 0,
            dictionary_page_offset: Slim::NONE,
            column_index_offset: Slim::NONE,
            offset_index_offset: Slim::NONE,
            column_index_length: Slim::NONE,
            offset_index_length: Slim::NONE,
            unencoded_byte_array_data_bytes: Slim::NONE,
            repetition_level_histogram: None,
            definition_level_histogram: None,
            compression: Compression::UNCOMPRESSED,
            encodings: EncodingMask::default(),
            rare: None,
        })
    }

    /// The description.
    ///
    /// # Errors
    /// None today.
    pub fn build(self) -> Result<ColumnChunkMetaData> {
        Ok(self.0)
    }

    /// Sets the encodings that occur in the chunk; their order and repeats are not kept.
    pub fn set_encodings(self, encodings: Vec<Encoding>) -> Self {
        self.set_encodings_mask(EncodingMask::new_from_encodings(encodings.iter()))
    }

    /// Sets the encodings that occur in the chunk.
    pub fn set_encodings_mask(mut self, encodings: EncodingMask) -> Self {
        self.0.encodings = encodings;
        self
    }

    /// Names the file that holds the chunk, relative to this one.
    pub fn set_file_path(mut self, value: String) -> Self {
        self.0.rare_mut().file_path = Some(value);
        self
    }

    /// Sets the deprecated offset that files written today leave at 0.
    pub fn set_file_offset(mut self, value: i64) -> Self {
        if value != self.0.file_offset() {
            self.0.rare_mut().file_offset = value;
        }
        self
    }

    /// Sets the codec; its level is the codec's default.
    pub fn set_compression_codec(self, value: CompressionCodec) -> Self {
        self.set_compression(value.into())
    }

    /// Sets where an index page begins.
    pub fn set_index_page_offset(mut self, value: Option<i64>) -> Self {
        if value != self.0.index_page_offset() {
            self.0.rare_mut().index_page_offset = value.into();
        }
        self
    }

    /// Sets the bounds and counts of the values.
    pub fn set_statistics(mut self, value: Statistics) -> Self {
        self.0.statistics = Some(Box::new(value));
        self
    }

    /// Forgets the bounds and counts of the values.
    pub fn clear_statistics(mut self) -> Self {
        self.0.statistics = None;
        self
    }

    /// Sets how many pages of which type have which encoding.
    pub fn set_page_encoding_stats(mut self, value: Vec<PageEncodingStats>) -> Self {
        self.0.encoding_stats = EncodingStats::Full(value);
        self
    }

    /// Sets the encodings of the data pages, when that is all that is known. Such a set is not written.
    pub fn set_page_encoding_stats_mask(mut self, value: EncodingMask) -> Self {
        self.0.encoding_stats = EncodingStats::DataPages(value);
        self
    }

    /// Forgets how the pages are encoded.
    pub fn clear_page_encoding_stats(mut self) -> Self {
        self.0.encoding_stats = EncodingStats::Unknown;
        self
    }

    /// Sets where the Bloom filter begins.
    pub fn set_bloom_filter_offset(mut self, value: Option<i64>) -> Self {
        if value != self.0.bloom_filter_offset() {
            self.0.rare_mut().bloom_filter_offset = value.into();
        }
        self
    }

    /// Sets the bytes of the Bloom filter, its header included.
    pub fn set_bloom_filter_length(mut self, value: Option<i32>) -> Self {
        if value != self.0.bloom_filter_length() {
            self.0.rare_mut().bloom_filter_length = value.into();
        }
        self
    }
}

/// A setter for each field that takes its value as it comes.
macro_rules! plain_setters {
    ($($(#[$doc:meta])* $setter:ident: $field:ident <- $value:ty;)*) => {
        impl ColumnChunkMetaDataBuilder {
            $(
                $(#[$doc])*
                pub fn $setter(mut self, value: $value) -> Self {
                    self.0.$field = value.into();
                    self
                }
            )*
        }
    };
}

plain_setters! {
    /// Sets the number of values, nulls included.
    set_num_values: num_values <- i64;
    /// Sets the codec and its level.
    set_compression: compression <- Compression;
    /// Sets the bytes of all pages as stored, headers included.
    set_total_compressed_size: total_compressed_size <- i64;
    /// Sets the bytes of all pages before compression, headers included.
    set_total_uncompressed_size: total_uncompressed_size <- i64;
    /// Sets where the first data page begins.
    set_data_page_offset: data_page_offset <- i64;
    /// Sets where the dictionary page begins.
    set_dictionary_page_offset: dictionary_page_offset <- Option<i64>;
    /// Sets where the offset index begins.
    set_offset_index_offset: offset_index_offset <- Option<i64>;
    /// Sets the bytes of the offset index.
    set_offset_index_length: offset_index_length <- Option<i32>;
    /// Sets where the column index begins.
    set_column_index_offset: column_index_offset <- Option<i64>;
    /// Sets the bytes of the column index.
    set_column_index_length: column_index_length <- Option<i32>;
    /// Sets the bytes of the values before encoding; for BYTE_ARRAY.
    set_unencoded_byte_array_data_bytes: unencoded_byte_array_data_bytes <- Option<i64>;
    /// Sets how often each repetition level occurs.
    set_repetition_level_histogram: repetition_level_histogram <- Option<LevelHistogram>;
    /// Sets how often each definition level occurs.
    set_definition_level_histogram: definition_level_histogram <- Option<LevelHistogram>;
}

impl From<ColumnChunkMetaData> for ColumnChunkMetaDataBuilder {
    fn from(chunk: ColumnChunkMetaData) -> Self {
        Self(chunk)
    }
}
