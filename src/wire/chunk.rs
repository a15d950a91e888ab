//! Column chunks.
//!
//! SPEC: parquet.thrift, `ColumnChunk`, `ColumnMetaData` and `SizeStatistics`.

use super::compact::{Element, Fields, write_struct};
use super::statistics::write_statistics;
use crate::meta::metadata::{ColumnChunkMetaData, LevelHistogram};

/// What a footer may leave out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FooterOptions {
    /// Whether each column chunk repeats the path of its column.
    pub(crate) write_path_in_schema: bool,
}

/// One entry for each thing that belongs to a column chunk and lies elsewhere in the file, in the order in which a
/// chunk names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ByBelonging<T> {
    pub(crate) filter: T,
    pub(crate) offset_index: T,
    pub(crate) column_index: T,
}

/// The lengths of what will lie at places that are not known yet.
pub(crate) type Unplaced = ByBelonging<Option<i32>>;

/// Where in a chunk's bytes the numbers of places are missing.
pub(crate) type Gaps = ByBelonging<Option<usize>>;

/// What a chunk says of the place of something that belongs to it.
#[derive(Clone, Copy, Debug)]
enum ByteRange {
    /// Offset and length, as far as there are any.
    Known(Option<i64>, Option<i32>),
    /// The length.
    Unknown(i32),
}

/// Appends a column chunk to `out`.
pub(super) fn write_column_chunk(
    chunk: &ColumnChunkMetaData,
    options: &FooterOptions,
    out: &mut Vec<u8>,
) {
    write_unplaced_column_chunk(chunk, &Unplaced::default(), options, out);
}

/// As `write_column_chunk`, but what has a length in `unplaced` will be placed later: the number of its place, a
/// varint, is left out. Returns where.
pub(crate) fn write_unplaced_column_chunk(
    chunk: &ColumnChunkMetaData,
    unplaced: &Unplaced,
    options: &FooterOptions,
    out: &mut Vec<u8>,
) -> Gaps {
    let mut gaps = Gaps::default();
    write_struct(out, |record| {
        if let Some(path) = chunk.file_path() {
            record.string(1, path);
        }
        record.i64(2, chunk.file_offset());
        record.structure(3, |record| {
            let filter = range_of(unplaced.filter, || {
                (chunk.bloom_filter_offset(), chunk.bloom_filter_length())
            });
            gaps.filter = write_metadata(chunk, filter, options, record);
        });
        let offset_index = range_of(unplaced.offset_index, || {
            (chunk.offset_index_offset(), chunk.offset_index_length())
        });
        gaps.offset_index = write_range(record, 4, offset_index);
        let column_index = range_of(unplaced.column_index, || {
            (chunk.column_index_offset(), chunk.column_index_length())
        });
        gaps.column_index = write_range(record, 6, column_index);
    });
    gaps
}

fn range_of(
    unplaced: Option<i32>,
    known: impl FnOnce() -> (Option<i64>, Option<i32>),
) -> ByteRange {
    match unplaced {
        Some(length) => ByteRange::Unknown(length),
        None => {
            let (offset, length) = known();
            ByteRange::Known(offset, length)
        }
    }
}

/// Writes an offset as field `id` and a length as the next; returns where an offset is missing.
fn write_range(record: &mut Fields<'_>, id: i16, place: ByteRange) -> Option<usize> {
    match place {
        ByteRange::Known(offset, length) => {
            write_i64(record, id, offset);
            write_i32(record, id + 1, length);
            None
        }
        ByteRange::Unknown(length) => {
            record.i64_header(id);
            let gap = record.position();
            record.i32(id + 1, length);
            Some(gap)
        }
    }
}

/// Returns where the offset of the filter is missing.
fn write_metadata(
    chunk: &ColumnChunkMetaData,
    filter: ByteRange,
    options: &FooterOptions,
    record: &mut Fields<'_>,
) -> Option<usize> {
    record.i32(1, chunk.column_type().wire_id());
    write_encodings(chunk, record);
    if options.write_path_in_schema {
        let path = chunk.column_path().parts();
        record.list(3, Element::Binary, path, |item, part| {
            item.binary(part.as_bytes());
        });
    }
    record.i32(4, chunk.compression_codec().wire_id());
    record.i64(5, chunk.num_values());
    record.i64(6, chunk.uncompressed_size());
    record.i64(7, chunk.compressed_size());
    record.i64(9, chunk.data_page_offset());
    write_i64(record, 10, chunk.index_page_offset());
    write_i64(record, 11, chunk.dictionary_page_offset());
    if let Some(statistics) = chunk.statistics() {
        record.structure(12, |record| write_statistics(statistics, record));
    }
    if let Some(stats) = chunk.page_encoding_stats() {
        record.list(13, Element::Struct, stats, |item, stats| {
            item.structure(|record| {
                record.i32(1, stats.page_type.wire_id());
                record.i32(2, stats.encoding.wire_id());
                record.i32(3, stats.count);
            });
        });
    }
    let gap = write_range(record, 14, filter);
    write_size_statistics(chunk, record);
    gap
}

/// The encodings of the chunk, by ascending number; there are too few to need a list on the heap.
fn write_encodings(chunk: &ColumnChunkMetaData, record: &mut Fields<'_>) {
    let mut encodings = chunk.encodings();
    let count = chunk.encodings_mask().as_i32().count_ones();
    record.list(2, Element::I32, 0..count, |item, _| {
        if let Some(encoding) = encodings.next() {
            item.i32(encoding.wire_id());
        }
    });
}

fn write_size_statistics(chunk: &ColumnChunkMetaData, record: &mut Fields<'_>) {
    let unencoded = chunk.unencoded_byte_array_data_bytes();
    let repetition = chunk.repetition_level_histogram();
    let definition = chunk.definition_level_histogram();
    if unencoded.is_none() && repetition.is_none() && definition.is_none() {
        return;
    }
    record.structure(16, |record| {
        write_i64(record, 1, unencoded);
        write_histogram(record, 2, repetition);
        write_histogram(record, 3, definition);
    });
}

fn write_histogram(record: &mut Fields<'_>, id: i16, histogram: Option<&LevelHistogram>) {
    if let Some(histogram) = histogram {
        record.i64_list(id, histogram.values());
    }
}

fn write_i64(record: &mut Fields<'_>, id: i16, number: Option<i64>) {
    if let Some(number) = number {
        record.i64(id, number);
    }
}

fn write_i32(record: &mut Fields<'_>, id: i16, number: Option<i32>) {
    if let Some(number) = number {
        record.i32(id, number);
    }
}
