//! `ColumnChunkMetaData`: one column chunk as the footer describes it. A wide file holds millions of
//! them, so what is rare stands in a box, and the schema is shared.

use std::ops::Range;

use super::column_chunk_builder::ColumnChunkMetaDataBuilder;
use super::{LevelHistogram, PageEncodingStats};
use crate::basic::{Compression, CompressionCodec, Encoding, EncodingMask, Type};
use crate::meta::slim::Slim;
use crate::meta::statistics::Statistics;
use crate::schema::types::{ColumnDescPtr, ColumnDescriptor, ColumnPath};

/// What the footer says of one column chunk: where its pages lie, how they are encoded, and what is
/// known about its values.
///
/// SPEC: parquet.thrift, `ColumnChunk` and `ColumnMetaData`.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnChunkMetaData {
    pub(super) column_descr: ColumnDescPtr,
    pub(super) statistics: Option<Box<Statistics>>,
    pub(super) encoding_stats: EncodingStats,
    pub(super) num_values: i64,
    pub(super) total_compressed_size: i64,
    pub(super) total_uncompressed_size: i64,
    pub(super) data_page_offset: i64,
    pub(super) dictionary_page_offset: Slim<i64>,
    pub(super) column_index_offset: Slim<i64>,
    pub(super) offset_index_offset: Slim<i64>,
    pub(super) column_index_length: Slim<i32>,
    pub(super) offset_index_length: Slim<i32>,
    pub(super) unencoded_byte_array_data_bytes: Slim<i64>,
    pub(super) repetition_level_histogram: Option<LevelHistogram>,
    pub(super) definition_level_histogram: Option<LevelHistogram>,
    pub(super) compression: Compression,
    pub(super) encodings: EncodingMask,
    pub(super) rare: Option<Box<RareFields>>,
}

/// How the pages of a chunk are encoded.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum EncodingStats {
    Unknown,
    Full(Vec<PageEncodingStats>),
    /// The encodings of data pages alone; never written.
    DataPages(EncodingMask),
}

/// Fields that most chunks do not have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RareFields {
    pub(super) file_path: Option<String>,
    pub(super) file_offset: i64,
    pub(super) index_page_offset: Slim<i64>,
    pub(super) bloom_filter_offset: Slim<i64>,
    pub(super) bloom_filter_length: Slim<i32>,
}

impl ColumnChunkMetaData {
    /// A builder for a chunk of `column_descr`: no values, uncompressed, everything optional absent.
    pub fn builder(column_descr: ColumnDescPtr) -> ColumnChunkMetaDataBuilder {
        ColumnChunkMetaDataBuilder::new(column_descr)
    }

    /// A builder that starts from this description.
    pub fn into_builder(self) -> ColumnChunkMetaDataBuilder {
        ColumnChunkMetaDataBuilder::from(self)
    }

    /// Records where the column index was written.
    pub(crate) fn place_column_index(&mut self, offset: i64, length: i32) {
        self.column_index_offset = Some(offset).into();
        self.column_index_length = Some(length).into();
    }

    /// Records where the offset index was written.
    pub(crate) fn place_offset_index(&mut self, offset: i64, length: i32) {
        self.offset_index_offset = Some(offset).into();
        self.offset_index_length = Some(length).into();
    }

    /// Records where the Bloom filter was written, its header included.
    pub(crate) fn place_bloom_filter(&mut self, offset: i64, length: i32) {
        let rare = self.rare_mut();
        rare.bloom_filter_offset = Some(offset).into();
        rare.bloom_filter_length = Some(length).into();
    }

    /// Forgets where indexes were written.
    pub(crate) fn forget_index_places(&mut self) {
        self.column_index_offset = Slim::NONE;
        self.column_index_length = Slim::NONE;
        self.offset_index_offset = Slim::NONE;
        self.offset_index_length = Slim::NONE;
    }

    /// Forgets where the chunk and what belongs to it stood in another file. What is known of its pages stays.
    pub(crate) fn forget_places(&mut self) {
        self.forget_index_places();
        if let Some(rare) = &mut self.rare {
            rare.file_path = None;
            rare.file_offset = 0;
            rare.bloom_filter_offset = Slim::NONE;
            rare.bloom_filter_length = Slim::NONE;
        }
        if self.rare.as_deref() == Some(&RareFields::default()) {
            self.rare = None;
        }
    }

    /// The file that holds the chunk, relative to this one; `None` for this file.
    pub fn file_path(&self) -> Option<&str> {
        self.rare.as_ref()?.file_path.as_deref()
    }

    /// A deprecated offset that is 0 in files written today.
    pub fn file_offset(&self) -> i64 {
        self.rare.as_ref().map_or(0, |rare| rare.file_offset)
    }

    /// The physical type of the column.
    pub fn column_type(&self) -> Type {
        self.column_descr.physical_type()
    }

    /// The path of the column in the schema.
    pub fn column_path(&self) -> &ColumnPath {
        self.column_descr.path()
    }

    /// The column.
    pub fn column_descr(&self) -> &ColumnDescriptor {
        &self.column_descr
    }

    /// The column, shared.
    pub fn column_descr_ptr(&self) -> ColumnDescPtr {
        self.column_descr.clone()
    }

    /// The encodings that occur in the chunk, levels and dictionary included, by ascending number.
    pub fn encodings(&self) -> impl Iterator<Item = Encoding> {
        self.encodings.encodings()
    }

    /// The encodings that occur in the chunk, as a set.
    pub fn encodings_mask(&self) -> &EncodingMask {
        &self.encodings
    }

    /// Number of values, nulls included.
    pub fn num_values(&self) -> i64 {
        self.num_values
    }

    /// The codec and its level; files do not record levels.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The codec as the file names it.
    pub fn compression_codec(&self) -> CompressionCodec {
        self.compression.into()
    }

    /// Bytes of all pages as stored, headers included.
    pub fn compressed_size(&self) -> i64 {
        self.total_compressed_size
    }

    /// Bytes of all pages before compression, headers included.
    pub fn uncompressed_size(&self) -> i64 {
        self.total_uncompressed_size
    }

    /// Where the first data page begins, in bytes from the beginning of the file.
    pub fn data_page_offset(&self) -> i64 {
        self.data_page_offset
    }

    /// Where an index page begins; files written today have none.
    pub fn index_page_offset(&self) -> Option<i64> {
        self.rare.as_ref()?.index_page_offset.get()
    }

    /// Where the dictionary page begins, if there is one.
    pub fn dictionary_page_offset(&self) -> Option<i64> {
        self.dictionary_page_offset.get()
    }

    /// Where the chunk begins and how many bytes it has.
    ///
    /// # Panics
    /// If either is negative.
    pub fn byte_range(&self) -> (u64, u64) {
        let start = self
            .dictionary_page_offset()
            .unwrap_or(self.data_page_offset);
        let len = self.total_compressed_size;
        assert!(
            start >= 0 && len >= 0,
            "column start and length should not be negative"
        );
        (start.cast_unsigned(), len.cast_unsigned())
    }

    /// Bounds and counts of the values, if known.
    pub fn statistics(&self) -> Option<&Statistics> {
        self.statistics.as_deref()
    }

    /// How many pages of which type have which encoding, if known.
    pub fn page_encoding_stats(&self) -> Option<&Vec<PageEncodingStats>> {
        match &self.encoding_stats {
            EncodingStats::Full(stats) => Some(stats),
            EncodingStats::Unknown | EncodingStats::DataPages(_) => None,
        }
    }

    /// The encodings of the data pages, if they alone are known.
    pub fn page_encoding_stats_mask(&self) -> Option<&EncodingMask> {
        match &self.encoding_stats {
            EncodingStats::DataPages(mask) => Some(mask),
            EncodingStats::Unknown | EncodingStats::Full(_) => None,
        }
    }

    /// Where the Bloom filter begins, its header included.
    pub fn bloom_filter_offset(&self) -> Option<i64> {
        self.rare.as_ref()?.bloom_filter_offset.get()
    }

    /// Bytes of the Bloom filter, its header included.
    pub fn bloom_filter_length(&self) -> Option<i32> {
        self.rare.as_ref()?.bloom_filter_length.get()
    }

    /// Where the column index begins.
    pub fn column_index_offset(&self) -> Option<i64> {
        self.column_index_offset.get()
    }

    /// Bytes of the column index.
    pub fn column_index_length(&self) -> Option<i32> {
        self.column_index_length.get()
    }

    /// The bytes of the file that hold the column index.
    pub fn column_index_range(&self) -> Option<Range<u64>> {
        range_of(self.column_index_offset(), self.column_index_length())
    }

    /// Where the offset index begins.
    pub fn offset_index_offset(&self) -> Option<i64> {
        self.offset_index_offset.get()
    }

    /// Bytes of the offset index.
    pub fn offset_index_length(&self) -> Option<i32> {
        self.offset_index_length.get()
    }

    /// The bytes of the file that hold the offset index.
    pub fn offset_index_range(&self) -> Option<Range<u64>> {
        range_of(self.offset_index_offset(), self.offset_index_length())
    }

    /// Bytes of the values before encoding, without their lengths; for BYTE_ARRAY, if known.
    pub fn unencoded_byte_array_data_bytes(&self) -> Option<i64> {
        self.unencoded_byte_array_data_bytes.get()
    }

    /// How often each repetition level occurs, if known.
    pub fn repetition_level_histogram(&self) -> Option<&LevelHistogram> {
        self.repetition_level_histogram.as_ref()
    }

    /// How often each definition level occurs, if known.
    pub fn definition_level_histogram(&self) -> Option<&LevelHistogram> {
        self.definition_level_histogram.as_ref()
    }

    /// Bytes on the heap that belong to this description alone; the schema is shared.
    pub(crate) fn memory_size(&self) -> usize {
        let statistics = self.statistics.as_ref();
        let statistics = statistics.map_or(0, |it| size_of::<Statistics>() + it.memory_size());
        let rare = self.rare.as_ref().map_or(0, |rare| {
            let path = rare.file_path.as_ref();
            size_of::<RareFields>() + path.map_or(0, String::capacity)
        });
        let encoding_stats = match &self.encoding_stats {
            EncodingStats::Full(stats) => stats.capacity() * size_of::<PageEncodingStats>(),
            EncodingStats::Unknown | EncodingStats::DataPages(_) => 0,
        };
        let histograms = [
            &self.repetition_level_histogram,
            &self.definition_level_histogram,
        ];
        let histograms: usize = histograms
            .into_iter()
            .flatten()
            .map(LevelHistogram::memory_size)
            .sum();
        statistics + rare + encoding_stats + histograms
    }

    pub(super) fn rare_mut(&mut self) -> &mut RareFields {
        self.rare.get_or_insert_default()
    }
}

fn range_of(offset: Option<i64>, length: Option<i32>) -> Option<Range<u64>> {
    let start = u64::try_from(offset?).ok()?;
    let length = u64::try_from(length?).ok()?;
    Some(start..start + length)
}
