//! Filters and page indexes are read back out of a file by this crate itself.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::bloom_filter::Sbbf;
use herringbone::errors::ParquetError;
use herringbone::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use herringbone::file::page_index::index_reader::{decode_column_index, decode_offset_index};
use herringbone::file::properties::WriterProperties;

fn file() -> (Bytes, ParquetMetaData) {
    let numbers = Int64Array::from_iter((0..900).map(|i| (i % 7 != 0).then_some(i)));
    let shares = Float64Array::from_iter_values((0..900).map(f64::from));
    let names = StringArray::from_iter_values((0..900).map(|i| format!("name {i}")));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("number", Arc::new(numbers) as ArrayRef, true),
        ("share", Arc::new(shares), false),
        ("name", Arc::new(names), false),
    ])
    .unwrap();
    let properties = WriterProperties::builder()
        .set_bloom_filter_enabled(true)
        .set_column_bloom_filter_enabled("share".into(), false)
        .set_max_row_group_row_count(Some(450))
        .set_write_batch_size(50)
        .set_data_page_row_count_limit(100)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let metadata = writer.finish().unwrap();
    (writer.into_inner().unwrap().into(), metadata)
}

#[test]
fn the_filter_of_a_chunk_is_read_back() {
    let (file, metadata) = file();
    for (group, begins_at) in metadata.row_groups().iter().zip([0, 450]) {
        let numbers = Sbbf::read_from_column_chunk(group.column(0), &file).unwrap();
        let numbers = numbers.unwrap();
        let there = begins_at..begins_at + 450_i64;
        assert!(there.filter(|i| i % 7 != 0).all(|i| numbers.check(&i)));
        let others = (10_000..11_000_i64).filter(|i| numbers.check(i)).count();
        assert!(others < 200, "{others} of 1,000 pass");

        assert!(
            Sbbf::read_from_column_chunk(group.column(1), &file)
                .unwrap()
                .is_none()
        );

        // Older files do not say how long a filter is.
        let chunk = group.column(2).clone().into_builder();
        let chunk = chunk.set_bloom_filter_length(None).build().unwrap();
        let names = Sbbf::read_from_column_chunk(&chunk, &file)
            .unwrap()
            .unwrap();
        assert!(names.check(format!("name {begins_at}").as_str()));
        let same = Sbbf::read_from_column_chunk(group.column(2), &file).unwrap();
        assert_eq!(same, Some(names));
    }
}

#[test]
fn a_filter_that_is_not_where_the_metadata_say_is_refused() {
    let (file, metadata) = file();
    let chunk = metadata.row_group(0).column(0);
    let (offset, length) = (
        chunk.bloom_filter_offset().unwrap(),
        chunk.bloom_filter_length(),
    );
    let end = i64::try_from(file.len()).unwrap();
    let read = |offset, length| {
        let builder = chunk
            .clone()
            .into_builder()
            .set_bloom_filter_offset(Some(offset));
        let chunk = builder.set_bloom_filter_length(length).build().unwrap();
        Sbbf::read_from_column_chunk(&chunk, &file)
    };
    read(offset, length).unwrap();
    for (offset, length) in [
        (-1, length),
        (offset, Some(-1)),
        (offset, length.map(|length| length + 1)),
        (offset, length.map(|length| length - 1)),
        (offset, Some(0)),
        (offset + 1, length),
        (4, None),
        (end, None),
        (end + 1, None),
        (i64::MAX, None),
    ] {
        assert!(read(offset, length).is_err(), "{offset} {length:?}");
    }
    // A damaged size takes no memory before the file's end is seen.
    let cut = file.slice(..usize::try_from(offset).unwrap() + 40);
    let error = Sbbf::read_from_column_chunk(chunk, &cut).unwrap_err();
    assert!(matches!(error, ParquetError::EOF(_)), "{error}");
}

#[test]
fn page_indexes_are_decoded_from_the_bytes_of_a_file() {
    let (file, metadata) = file();
    let part = |range: Option<std::ops::Range<u64>>| {
        let range = range.unwrap();
        file.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap())
    };
    let written = metadata.page_index().unwrap();
    for (row_group, group) in metadata.row_groups().iter().enumerate() {
        for (column, chunk) in group.columns().iter().enumerate() {
            let chunk: &ColumnChunkMetaData = chunk;
            let pages = decode_offset_index(&part(chunk.offset_index_range())).unwrap();
            assert_eq!(Some(&pages), written.offset_index(row_group, column));
            assert_eq!(pages.page_locations.len(), 5);
            let bytes = part(chunk.column_index_range());
            let bounds = decode_column_index(&bytes, chunk.column_type()).unwrap();
            assert_eq!(Some(&bounds), written.column_index(row_group, column));
            assert_eq!(bounds.num_pages(), 5);

            decode_column_index(&bytes[1..], chunk.column_type()).unwrap_err();
            decode_offset_index(&bytes).unwrap_err();
        }
    }
}
