//! Chunks of one file taken over into another as they are.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use herringbone::column::writer::{
    ColumnCloseResult, ColumnWriter, get_column_writer, get_typed_column_writer_mut,
};
use herringbone::data_type::{ByteArray, ByteArrayType, Int32Type};
use herringbone::errors::ParquetError;
use herringbone::file::metadata::ParquetMetaData;
use herringbone::file::properties::WriterProperties;
use herringbone::file::reader::{ChunkReader, Length};
use herringbone::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use herringbone::schema::types::SchemaDescriptor;

use crate::support::check::read;
use crate::support::walker::Layout;
use crate::typed::schema;

const SCHEMA: &str = "message m { REQUIRED INT32 a; OPTIONAL BYTE_ARRAY b (UTF8); }";

/// Bytes with two column chunks in them, and what closing the chunks gave.
fn source(dictionary: bool) -> (Vec<u8>, Vec<ColumnCloseResult>) {
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(dictionary)
        .set_data_page_row_count_limit(30)
        .set_write_batch_size(30);
    let properties = Arc::new(properties.build());
    let mut sink = TrackedWrite::new(Vec::new());
    sink.write_all(b"chunks need not begin where a file does")
        .unwrap();
    let descr = SchemaDescriptor::new(schema(SCHEMA));
    let mut closes = Vec::new();
    for column in descr.columns() {
        let pages = Box::new(SerializedPageWriter::new(&mut sink));
        let mut writer = get_column_writer(column.clone(), properties.clone(), pages);
        match &mut writer {
            ColumnWriter::Int32ColumnWriter(_) => {
                let values: Vec<i32> = (0..100).map(|i| i % 9).collect();
                get_typed_column_writer_mut::<Int32Type>(&mut writer)
                    .write_batch(&values, None, None)
                    .unwrap();
            }
            _ => {
                let values: Vec<ByteArray> = (0..50)
                    .map(|i| ByteArray::from(format!("text {}", i % 7).as_str()))
                    .collect();
                let def: Vec<i16> = (0..100).map(|i| i % 2).collect();
                get_typed_column_writer_mut::<ByteArrayType>(&mut writer)
                    .write_batch(&values, Some(&def), None)
                    .unwrap();
            }
        }
        closes.push(writer.close().unwrap());
    }
    (sink.into_inner().unwrap(), closes)
}

/// What a chunk's metadata says of places in the file that it comes from is not true of the next one.
#[test]
fn places_in_another_file_are_forgotten() {
    let (bytes, mut closes) = source(true);
    for close in &mut closes {
        close.column_index = None;
        close.offset_index = None;
        let metadata = close.metadata.clone().into_builder();
        close.metadata = metadata
            .set_file_path("elsewhere".to_owned())
            .set_file_offset(3)
            .set_bloom_filter_offset(Some(5))
            .set_bloom_filter_length(Some(6))
            .set_column_index_offset(Some(7))
            .set_column_index_length(Some(8))
            .set_offset_index_offset(Some(9))
            .set_offset_index_length(Some(10))
            .build()
            .unwrap();
    }
    let (file, metadata) = splice(&Bytes::from(bytes), &closes);
    let layout = Layout::read(&file);
    let chunks = layout.row_groups.iter().flat_map(|group| &group.chunks);
    assert!(
        chunks
            .clone()
            .all(|it| it.offset_index.is_none() && it.column_index.is_none())
    );
    assert!(chunks.clone().all(|it| it.meta.opt_int(14).is_none()));
    for chunk in metadata.row_groups().iter().flat_map(|it| it.columns()) {
        assert_eq!((chunk.file_path(), chunk.file_offset()), (None, 0));
        assert_eq!(chunk.bloom_filter_offset(), None);
        assert_eq!(chunk.column_index_range(), None);
        assert_eq!(chunk.offset_index_range(), None);
    }
    assert_eq!(read(&file).num_rows(), 200);
}

/// A file of two row groups, both of the same chunks.
fn splice<R: ChunkReader>(reader: &R, closes: &[ColumnCloseResult]) -> (Vec<u8>, ParquetMetaData) {
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema(SCHEMA), Arc::default()).unwrap();
    for _ in 0..2 {
        let mut row_group = writer.next_row_group().unwrap();
        for close in closes {
            row_group.append_column(reader, close.clone()).unwrap();
        }
        row_group.close().unwrap();
    }
    let metadata = writer.close().unwrap();
    (file, metadata)
}

#[test]
fn chunks_are_taken_over_from_bytes_and_from_files() {
    for dictionary in [true, false] {
        let (bytes, closes) = source(dictionary);
        let (file, metadata) = splice(&Bytes::from(bytes.clone()), &closes);
        let layout = Layout::read(&file);
        assert_eq!(layout.row_groups.len(), 2);
        for row_group in &layout.row_groups {
            for chunk in &row_group.chunks {
                assert_eq!(chunk.dictionary.is_some(), dictionary);
                assert_eq!(chunk.pages.len(), 4);
                assert!(chunk.offset_index.is_some() && chunk.column_index.is_some());
            }
        }
        assert_eq!(metadata.file_metadata().num_rows(), 200);
        let rows = read(&file);
        assert!(rows.slice(0, 100) == rows.slice(100, 100));
        let mut on_disk = tempfile::tempfile().unwrap();
        on_disk.write_all(&bytes).unwrap();
        assert_eq!(Length::len(&on_disk), bytes.len() as u64);
        let (same, _) = splice::<File>(&on_disk, &closes);
        assert!(same == file);
    }
}

#[test]
fn a_chunk_of_the_wrong_column_or_one_too_many_is_refused() {
    let (bytes, closes) = source(true);
    let bytes = Bytes::from(bytes);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema(SCHEMA), Arc::default()).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    let error = row_group
        .append_column(&bytes, closes[1].clone())
        .unwrap_err();
    assert!(
        error.to_string().contains("column descriptor mismatch"),
        "{error}"
    );
    for close in &closes {
        row_group.append_column(&bytes, close.clone()).unwrap();
    }
    let error = row_group
        .append_column(&bytes, closes[1].clone())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("exhausted columns in SerializedRowGroupWriter"),
        "{error}"
    );
}

#[test]
fn a_chunk_that_is_cut_off_is_refused_and_leaves_no_file() {
    let (bytes, closes) = source(true);
    let bytes = Bytes::from(bytes[..bytes.len() - 1].to_vec());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema(SCHEMA), Arc::default()).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    row_group.append_column(&bytes, closes[0].clone()).unwrap();
    let error = row_group
        .append_column(&bytes, closes[1].clone())
        .unwrap_err();
    assert!(matches!(error, ParquetError::EOF(_)), "{error:?}");
    assert!(
        error.to_string().contains("Failed to splice column data"),
        "{error}"
    );
    drop(row_group);
    assert!(writer.finish().is_err());
}

#[test]
fn a_chunk_with_other_rows_is_refused() {
    let (bytes, mut closes) = source(false);
    closes[1].rows_written = 99;
    let bytes = Bytes::from(bytes);
    let mut writer = SerializedFileWriter::new(Vec::new(), schema(SCHEMA), Arc::default()).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    row_group.append_column(&bytes, closes[0].clone()).unwrap();
    let error = row_group
        .append_column(&bytes, closes[1].clone())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Incorrect number of rows, expected 100 != 99 rows"),
        "{error}"
    );
}

#[test]
fn chunk_readers_say_where_their_bytes_end() {
    let bytes = Bytes::from_static(b"0123456789");
    assert_eq!(bytes.get_bytes(3, 4).unwrap(), "3456");
    assert!(matches!(bytes.get_bytes(8, 3), Err(ParquetError::EOF(_))));
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"0123456789").unwrap();
    assert_eq!(file.get_bytes(3, 4).unwrap(), "3456");
    assert!(matches!(file.get_bytes(8, 3), Err(ParquetError::EOF(_))));
}
