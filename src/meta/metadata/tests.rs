//! Descriptions answer as the independent implementation's answer, and say what they weigh.

use std::sync::Arc;

use parquet::file::metadata as oracle;

use super::page_index::{PageIndexBuilder, PageIndexProvider, RowGroupPageIndex};
use super::*;
use crate::basic::{ColumnOrder, Compression, CompressionCodec, Encoding, EncodingMask, PageType};
use crate::meta::page_index::column_index::ColumnIndexMetaData;
use crate::meta::page_index::offset_index::OffsetIndexMetaData;
use crate::meta::statistics::Statistics;
use crate::schema::parser::parse_message_type;
use crate::schema::types::{SchemaDescPtr, SchemaDescriptor};

fn schema() -> SchemaDescPtr {
    let text = "message m { required int32 a; optional group b { repeated binary c (UTF8); } }";
    Arc::new(SchemaDescriptor::new(Arc::new(
        parse_message_type(text).unwrap(),
    )))
}

fn chunk(column: usize) -> ColumnChunkMetaDataBuilder {
    ColumnChunkMetaData::builder(schema().column(column))
}

fn column_index() -> ColumnIndexMetaData {
    let mut builder = ColumnIndexBuilder::new(crate::basic::Type::INT32);
    builder.append(false, vec![0; 4], vec![1; 4], 0, None);
    builder.build().unwrap()
}

fn offset_index() -> OffsetIndexMetaData {
    let mut builder = OffsetIndexBuilder::new();
    builder.append_row_count(1);
    builder.append_offset_and_size(4, 9);
    builder.build()
}

#[test]
fn a_chunk_begins_at_its_dictionary() {
    let chunk = chunk(0)
        .set_data_page_offset(20)
        .set_total_compressed_size(100);
    let chunk = chunk.build().unwrap();
    assert_eq!(chunk.byte_range(), (20, 100));
    for offset in [0, 4] {
        let builder = chunk.clone().into_builder();
        let chunk = builder.set_dictionary_page_offset(Some(offset)).build();
        assert_eq!(chunk.unwrap().byte_range(), (offset as u64, 100));
    }
}

#[test]
#[should_panic(expected = "column start and length should not be negative")]
fn a_negative_offset_has_no_byte_range() {
    chunk(0)
        .set_data_page_offset(-1)
        .build()
        .unwrap()
        .byte_range();
}

#[test]
fn index_ranges_need_offset_and_length() {
    let built = |offset, length| {
        let builder = chunk(0)
            .set_column_index_offset(offset)
            .set_column_index_length(length)
            .set_offset_index_offset(offset)
            .set_offset_index_length(length);
        let chunk = builder.build().unwrap();
        assert_eq!(chunk.column_index_range(), chunk.offset_index_range());
        chunk.column_index_range()
    };
    assert_eq!(built(Some(4), None), None);
    assert_eq!(built(None, Some(4)), None);
    assert_eq!(built(Some(4), Some(-1)), None);
    assert_eq!(built(Some(4), Some(5)), Some(4..9));
}

#[test]
fn rare_fields_come_back_and_cost_nothing_when_absent() {
    let plain = chunk(1)
        .set_file_offset(0)
        .set_index_page_offset(None)
        .set_bloom_filter_offset(None)
        .set_bloom_filter_length(None)
        .build()
        .unwrap();
    assert_eq!(plain.memory_size(), 0);
    let rare = plain
        .clone()
        .into_builder()
        .set_file_path("other.parquet".to_string())
        .set_file_offset(7)
        .set_index_page_offset(Some(8))
        .set_bloom_filter_offset(Some(9))
        .set_bloom_filter_length(Some(10))
        .build()
        .unwrap();
    assert_eq!(rare.file_path(), Some("other.parquet"));
    assert_eq!(rare.file_offset(), 7);
    assert_eq!(rare.index_page_offset(), Some(8));
    assert_eq!(rare.bloom_filter_offset(), Some(9));
    assert_eq!(rare.bloom_filter_length(), Some(10));
    assert_eq!(plain.file_path(), None);
    assert_eq!(plain.bloom_filter_offset(), None);
    assert!(rare.memory_size() > "other.parquet".len());
}

#[test]
fn places_of_indexes_and_filters_can_be_recorded_later() {
    let mut chunk = chunk(0).build().unwrap();
    chunk.place_column_index(4, 3);
    chunk.place_offset_index(7, 3);
    assert_eq!(chunk.memory_size(), 0);
    chunk.place_bloom_filter(1, 3);
    assert_eq!(chunk.bloom_filter_offset(), Some(1));
    assert_eq!(chunk.bloom_filter_length(), Some(3));
    assert_eq!(chunk.column_index_range(), Some(4..7));
    assert_eq!(chunk.offset_index_range(), Some(7..10));
    chunk.forget_index_places();
    assert_eq!(chunk.column_index_offset(), None);
    assert_eq!(chunk.offset_index_length(), None);
}

#[test]
fn a_chunk_answers_for_its_column_codec_and_encodings() {
    let chunk = chunk(1)
        .set_encodings(vec![Encoding::RLE, Encoding::PLAIN, Encoding::RLE])
        .set_compression_codec(CompressionCodec::SNAPPY)
        .set_num_values(5)
        .build()
        .unwrap();
    assert_eq!(chunk.column_path().string(), "b.c");
    assert_eq!(chunk.column_type(), crate::basic::Type::BYTE_ARRAY);
    assert_eq!(chunk.column_descr().max_def_level(), 2);
    assert_eq!(
        chunk.encodings().collect::<Vec<_>>(),
        [Encoding::PLAIN, Encoding::RLE]
    );
    assert!(chunk.encodings_mask().is_set(Encoding::RLE));
    assert_eq!(chunk.compression(), Compression::SNAPPY);
    assert_eq!(chunk.compression_codec(), CompressionCodec::SNAPPY);
}

#[test]
fn page_encodings_are_known_in_full_or_as_a_set_or_not() {
    let stats = vec![PageEncodingStats {
        page_type: PageType::DATA_PAGE,
        encoding: Encoding::PLAIN,
        count: 2,
    }];
    let full = chunk(0).set_page_encoding_stats(stats.clone());
    let full = full.build().unwrap();
    assert_eq!(full.page_encoding_stats(), Some(&stats));
    assert_eq!(full.page_encoding_stats_mask(), None);
    let mask = EncodingMask::new_from_encodings([Encoding::PLAIN].iter());
    let set = full.into_builder().set_page_encoding_stats_mask(mask);
    let set = set.build().unwrap();
    assert_eq!(set.page_encoding_stats(), None);
    assert_eq!(set.page_encoding_stats_mask(), Some(&mask));
    let cleared = set.into_builder().clear_page_encoding_stats();
    assert_eq!(cleared.build().unwrap().page_encoding_stats_mask(), None);
}

#[test]
fn a_row_group_needs_a_chunk_for_every_leaf() {
    let error = RowGroupMetaData::builder(schema())
        .add_column_metadata(chunk(0).build().unwrap())
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Parquet error: Column length mismatch: 2 != 1"
    );
}

#[test]
fn a_row_group_sums_the_stored_bytes_of_its_chunks() {
    let chunks = [100, 7].map(|bytes| chunk(0).set_total_compressed_size(bytes).build().unwrap());
    let mut row_group = RowGroupMetaData::builder(schema())
        .set_column_metadata(chunks.to_vec())
        .set_ordinal(70_000)
        .set_total_byte_size(3)
        .build()
        .unwrap();
    assert_eq!(row_group.compressed_size(), 107);
    assert_eq!(row_group.total_byte_size(), 3);
    assert_eq!(row_group.ordinal(), Some(70_000));
    row_group.columns_mut()[0].place_column_index(1, 2);
    assert_eq!(row_group.column(0).column_index_range(), Some(1..3));
    assert_eq!(row_group.into_builder().take_columns().len(), 2);
}

#[test]
fn an_order_that_the_file_does_not_state_is_undefined() {
    let file = FileMetaData::new(1, 0, None, None, schema(), None);
    assert_eq!(file.column_order(0), ColumnOrder::UNDEFINED);
    let orders = vec![ColumnOrder::IEEE_754_TOTAL_ORDER];
    let file = FileMetaData::new(1, 0, None, None, schema(), Some(orders));
    assert_eq!(file.column_order(0), ColumnOrder::IEEE_754_TOTAL_ORDER);
    assert_eq!(file.column_order(9), ColumnOrder::UNDEFINED);
}

#[test]
fn row_counts_are_checked() {
    let file = FileMetaData::new(1, 0, None, None, schema(), None);
    let row_group = |rows| {
        let chunks = vec![chunk(0).build().unwrap(), chunk(1).build().unwrap()];
        let builder = RowGroupMetaData::builder(schema()).set_column_metadata(chunks);
        builder.set_num_rows(rows).build().unwrap()
    };
    let metadata = ParquetMetaData::new(file, vec![row_group(5), row_group(-1)]);
    assert_eq!(metadata.row_group_num_rows(0).unwrap(), 5);
    assert!(metadata.row_group_num_rows(1).is_err());
    let error = metadata.row_group_num_rows(2).unwrap_err().to_string();
    assert_eq!(error, "Index 2 out of bound: 2");
}

/// What a page index says of itself, ours and the oracle's.
fn claims(
    fill: impl Fn(&mut PageIndexBuilder, &mut oracle::page_index::PageIndexBuilder),
) -> ([bool; 3], [bool; 3]) {
    use oracle::page_index::PageIndexProvider as _;
    let mut ours = PageIndexBuilder::new(1, 2);
    let mut theirs = oracle::page_index::PageIndexBuilder::new(1, 2);
    fill(&mut ours, &mut theirs);
    let (ours, theirs) = (ours.build(), theirs.build());
    (
        [
            ours.has_column_indexes(),
            ours.has_offset_indexes(),
            ours.is_complete(),
        ],
        [
            theirs.has_column_indexes(),
            theirs.has_offset_indexes(),
            theirs.is_complete(),
        ],
    )
}

#[test]
fn completeness_is_what_the_oracle_takes_it_for() {
    let their_column_index = || {
        let mut builder = oracle::ColumnIndexBuilder::new(parquet::basic::Type::INT32);
        builder.append(false, vec![0; 4], vec![1; 4], 0, None);
        builder.build().unwrap()
    };
    let their_offset_index = || oracle::OffsetIndexBuilder::new().build();
    let (ours, theirs) = claims(|_, _| {});
    assert_eq!(ours, theirs);
    let (ours, theirs) = claims(|ours, theirs| {
        ours.allocate_column_indexes(1, 1);
        theirs.allocate_column_indexes(1, 1);
    });
    assert_eq!(ours, theirs);
    let (ours, theirs) = claims(|ours, theirs| {
        ours.put_column_index(column_index(), 0, 0);
        theirs.put_column_index(their_column_index(), 0, 0);
    });
    assert_eq!(ours, theirs);
    let (ours, theirs) = claims(|ours, theirs| {
        ours.put_column_index(column_index(), 0, 0);
        theirs.put_column_index(their_column_index(), 0, 0);
        ours.put_offset_index(offset_index(), 0, 0);
        theirs.put_offset_index(their_offset_index(), 0, 0);
        ours.put_offset_index(offset_index(), 5, 0);
        theirs.put_offset_index(their_offset_index(), 5, 0);
    });
    assert_eq!(ours, [true, true, true]);
    assert_eq!(ours, theirs);
}

#[test]
fn a_row_group_sees_its_own_page_indexes() {
    let mut builder = PageIndexBuilder::new(2, 2);
    builder.put_offset_index(offset_index(), 1, 0);
    builder.put_column_index(column_index(), 1, 1);
    let provider: Arc<dyn PageIndexProvider> = Arc::new(builder.build());
    let first = RowGroupPageIndex::new(0, Some(provider.clone()));
    assert_eq!(first.offset_index(0), None);
    assert_eq!(first.num_data_pages(0), None);
    let second = RowGroupPageIndex::new(1, Some(provider));
    assert_eq!(second.num_data_pages(0), Some(1));
    assert_eq!(second.page_locations(0).unwrap()[0].offset, 4);
    assert_eq!(second.column_index(1), Some(&column_index()));
    assert_eq!(second.column_index(2), None);
    assert_eq!(RowGroupPageIndex::new(1, None).offset_index(0), None);
}

#[test]
fn descriptions_are_equal_if_their_page_indexes_are() {
    let metadata = |with_index: bool| {
        let file = FileMetaData::new(1, 0, None, None, schema(), None);
        let chunks = vec![chunk(0).build().unwrap(), chunk(1).build().unwrap()];
        let row_group = RowGroupMetaData::builder(schema()).set_column_metadata(chunks);
        let builder = ParquetMetaDataBuilder::new(file).add_row_group(row_group.build().unwrap());
        let mut page_index = PageIndexBuilder::new(1, 2);
        if with_index {
            page_index.put_offset_index(offset_index(), 0, 1);
        }
        builder
            .set_page_index(Some(Arc::new(page_index.build())))
            .build()
    };
    assert_eq!(metadata(true), metadata(true));
    assert_ne!(metadata(true), metadata(false));
    let mut without = metadata(false).into_builder();
    assert!(without.page_index().is_some());
    assert!(without.take_page_index().is_some());
    assert_eq!(without.build(), metadata(false));
}

#[test]
fn a_chunk_without_rare_fields_is_less_than_half_the_oracles() {
    assert!(size_of::<ColumnChunkMetaData>() <= 176);
    assert!(2 * size_of::<ColumnChunkMetaData>() < size_of::<oracle::ColumnChunkMetaData>());
}

#[test]
fn memory_size_grows_by_what_is_added() {
    let file = FileMetaData::new(1, 0, Some("x".repeat(1000)), None, schema(), None);
    let empty = ParquetMetaData::new(file.clone(), Vec::new()).memory_size();
    assert!(empty > 1000 + size_of::<ParquetMetaData>());
    let chunks = vec![
        chunk(0).build().unwrap(),
        chunk(1)
            .set_statistics(Statistics::byte_array(
                Some("a".repeat(500).as_str().into()),
                None,
                None,
                None,
                false,
            ))
            .set_definition_level_histogram(LevelHistogram::try_new(2))
            .build()
            .unwrap(),
    ];
    let row_group = RowGroupMetaData::builder(schema())
        .set_column_metadata(chunks)
        .build()
        .unwrap();
    let full = ParquetMetaData::new(file, vec![row_group]).memory_size();
    let expected = size_of::<RowGroupMetaData>()
        + 2 * size_of::<ColumnChunkMetaData>()
        + size_of::<Statistics>()
        + 500
        + 3 * size_of::<i64>();
    assert_eq!(full - empty, expected);
}

#[test]
fn builders_start_from_what_they_build() {
    let mut builder = PageIndexBuilder::new(2, 2);
    builder.put_offset_index(offset_index(), 1, 0);
    let first = builder.build();
    let mut builder = first.clone().into_builder();
    builder.put_column_index(column_index(), 1, 1);
    builder.put_column_index(column_index(), 2, 0);
    let both = builder.build();
    assert_eq!(both.offset_index(1, 0), first.offset_index(1, 0));
    assert_eq!(both.column_index(1, 1), Some(&column_index()));
    assert_eq!(both.column_index(2, 0), None);
    assert!(!PageIndexBuilder::default().build().has_offset_indexes());

    let file = FileMetaData::new(1, 7, None, None, schema(), None);
    let metadata = ParquetMetaData::new(file, Vec::new());
    let same = ParquetMetaDataBuilder::from(metadata.clone()).build();
    assert_eq!(same, metadata);
}

#[test]
#[allow(deprecated, reason = "there for old callers")]
fn a_histogram_counts_levels_one_by_one() {
    let mut histogram = LevelHistogram::try_new(2).unwrap();
    histogram.update_from_levels(&[2, 0, 2]);
    assert_eq!(histogram.values(), [1, 0, 2]);
    assert!(LevelHistogram::default().is_empty());
}
