//! Column chunks.
//!
//! SPEC: parquet.thrift, `ColumnChunk`, `ColumnMetaData` and `SizeStatistics`.

use super::compact::{Element, Fields, write_struct};
use super::footer::FooterOptions;
use super::statistics::write_statistics;
use crate::file::metadata::{ColumnChunkMetaData, LevelHistogram};

/// Appends a column chunk to `out`.
pub(super) fn write_column_chunk(
    chunk: &ColumnChunkMetaData,
    options: &FooterOptions,
    out: &mut Vec<u8>,
) {
    write_struct(out, |record| {
        if let Some(path) = chunk.file_path() {
            record.string(1, path);
        }
        record.i64(2, chunk.file_offset());
        record.structure(3, |record| write_metadata(chunk, options, record));
        write_i64(record, 4, chunk.offset_index_offset());
        write_i32(record, 5, chunk.offset_index_length());
        write_i64(record, 6, chunk.column_index_offset());
        write_i32(record, 7, chunk.column_index_length());
    });
}

fn write_metadata(chunk: &ColumnChunkMetaData, options: &FooterOptions, record: &mut Fields<'_>) {
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
    write_i64(record, 14, chunk.bloom_filter_offset());
    write_i32(record, 15, chunk.bloom_filter_length());
    write_size_statistics(chunk, record);
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
