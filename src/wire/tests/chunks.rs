//! Column chunks and their statistics.

use super::*;
use crate::basic::{ColumnOrder, CompressionCodec, Encoding, PageType, SortOrder};
use crate::data_type::{ByteArray, Int96};
use crate::meta::metadata::{LevelHistogram, PageEncodingStats};
use crate::meta::statistics::{Statistics, ValueStatistics};

#[test]
fn every_field_of_a_chunk_survives() {
    let stats = vec![
        PageEncodingStats {
            page_type: PageType::DICTIONARY_PAGE,
            encoding: Encoding::PLAIN,
            count: 1,
        },
        PageEncodingStats {
            page_type: PageType::DATA_PAGE_V2,
            encoding: Encoding::RLE_DICTIONARY,
            count: i32::MAX,
        },
    ];
    let encodings = vec![Encoding::PLAIN, Encoding::RLE, Encoding::ALP];
    let written_stats = stats.clone();
    let read = chunk_read_back("binary", |chunk| {
        chunk
            .set_encodings(encodings)
            .set_file_path("elsewhere".to_string())
            .set_file_offset(-7)
            .set_num_values(i64::MAX)
            .set_compression_codec(CompressionCodec::LZ4_RAW)
            .set_total_compressed_size(11)
            .set_total_uncompressed_size(12)
            .set_data_page_offset(13)
            .set_dictionary_page_offset(Some(14))
            .set_index_page_offset(Some(15))
            .set_page_encoding_stats(written_stats)
            .set_bloom_filter_offset(Some(16))
            .set_bloom_filter_length(Some(17))
            .set_offset_index_offset(Some(18))
            .set_offset_index_length(Some(19))
            .set_column_index_offset(Some(20))
            .set_column_index_length(Some(21))
            .set_unencoded_byte_array_data_bytes(Some(22))
            .set_repetition_level_histogram(Some(vec![1].into()))
            .set_definition_level_histogram(LevelHistogram::try_new(1))
    });
    assert_eq!(
        format!("{:?}", read.encodings().collect::<Vec<_>>()),
        "[PLAIN, RLE, ALP]"
    );
    assert_eq!(read.file_path(), Some("elsewhere"));
    assert_eq!(read.file_offset(), -7);
    assert_eq!(read.num_values(), i64::MAX);
    assert_eq!(read.compression_codec().to_string(), "LZ4_RAW");
    assert_eq!(read.compressed_size(), 11);
    assert_eq!(read.uncompressed_size(), 12);
    assert_eq!(read.data_page_offset(), 13);
    assert_eq!(read.dictionary_page_offset(), Some(14));
    assert_eq!(read.index_page_offset(), Some(15));
    assert_eq!(read.bloom_filter_offset(), Some(16));
    assert_eq!(read.bloom_filter_length(), Some(17));
    assert_eq!(read.offset_index_offset(), Some(18));
    assert_eq!(read.offset_index_length(), Some(19));
    assert_eq!(read.column_index_offset(), Some(20));
    assert_eq!(read.column_index_length(), Some(21));
    assert_eq!(read.unencoded_byte_array_data_bytes(), Some(22));
    assert_eq!(read.repetition_level_histogram().unwrap().values(), [1]);
    assert_eq!(read.definition_level_histogram().unwrap().values(), [0, 0]);
    assert_eq!(
        format!("{:?}", read.page_encoding_stats()),
        format!("{:?}", Some(&stats))
    );
    assert_eq!(read.column_path().string(), "a");
}

#[test]
fn the_oracle_writes_a_full_chunk_with_the_same_bytes() {
    let schema = schema_of("message m { repeated float a; repeated binary b; }");
    let described = |column: usize, statistics: Statistics| {
        ColumnChunkMetaData::builder(schema.column(column))
            .set_encodings(Encoding::VARIANTS.to_vec())
            .set_statistics(statistics)
            .set_dictionary_page_offset(Some(4))
            .set_data_page_offset(400)
            .set_page_encoding_stats(vec![PageEncodingStats {
                page_type: PageType::DATA_PAGE,
                encoding: Encoding::PLAIN,
                count: 3,
            }])
            .set_bloom_filter_offset(Some(16))
            .set_bloom_filter_length(Some(17))
            .set_offset_index_offset(Some(18))
            .set_offset_index_length(Some(19))
            .set_column_index_offset(Some(20))
            .set_column_index_length(Some(21))
            .set_repetition_level_histogram(Some(vec![5, 6].into()))
            .set_definition_level_histogram(Some(vec![7, 8].into()))
            .build()
            .unwrap()
    };
    let floats = ValueStatistics::new(Some(1.5_f32), Some(2.5), None, Some(4), false)
        .with_nan_count(Some(3));
    let text =
        ValueStatistics::<ByteArray>::new(Some("a".into()), Some("b".into()), Some(2), None, false)
            .with_max_is_exact(false);
    let chunks = vec![described(0, floats.into()), described(1, text.into())];
    let row_group = RowGroupMetaData::builder(schema.clone())
        .set_column_metadata(chunks)
        .set_ordinal(0)
        .build()
        .unwrap();
    let orders = vec![
        ColumnOrder::IEEE_754_TOTAL_ORDER,
        ColumnOrder::TYPE_DEFINED_ORDER(SortOrder::UNSIGNED),
    ];
    let file = FileMetaData::new(1, 0, None, None, schema.clone(), Some(orders));
    let ours = footer(&ParquetMetaData::new(file, vec![row_group]), &WITH_PATHS);
    assert_eq!(ours, rewritten(&ours));
}

#[test]
fn a_bare_chunk_has_no_optional_field() {
    let read = chunk_read_back("int32", |chunk| chunk);
    assert_eq!(read.encodings().count(), 0);
    assert_eq!(read.file_path(), None);
    assert_eq!(read.dictionary_page_offset(), None);
    assert_eq!(read.index_page_offset(), None);
    assert_eq!(read.statistics(), None);
    assert_eq!(read.page_encoding_stats(), None);
    assert_eq!(read.bloom_filter_offset(), None);
    assert_eq!(read.bloom_filter_length(), None);
    assert_eq!(read.column_index_range(), None);
    assert_eq!(read.offset_index_range(), None);
    assert_eq!(read.unencoded_byte_array_data_bytes(), None);
    assert_eq!(read.repetition_level_histogram(), None);
    assert_eq!(read.definition_level_histogram(), None);
}

#[test]
fn every_codec_has_the_number_of_its_name() {
    for codec in CompressionCodec::VARIANTS {
        let read = chunk_read_back("int32", |chunk| chunk.set_compression_codec(*codec));
        assert_eq!(read.compression_codec().to_string(), codec.to_string());
    }
}

#[test]
fn an_empty_list_of_encoding_stats_is_a_list() {
    let read = chunk_read_back("int32", |chunk| chunk.set_page_encoding_stats(Vec::new()));
    assert_eq!(read.page_encoding_stats(), Some(&Vec::new()));
}

#[test]
fn paths_can_be_left_out() {
    let schema = schema_of("message m { optional group a { optional int32 bcdefg; } }");
    let chunk = ColumnChunkMetaData::builder(schema.column(0))
        .build()
        .unwrap();
    let metadata = metadata_of(&schema, vec![chunk]);
    let without = FooterOptions {
        write_path_in_schema: false,
    };
    let short = footer(&metadata, &without);
    let long = footer(&metadata, &WITH_PATHS);
    assert!(short.len() + "abcdefg".len() < long.len());
    let read = read_footer(&short);
    let column = read.row_group(0).column(0);
    assert_eq!(column.column_path().string(), "a.bcdefg");
}

/// Reads statistics back, the same for all physical types.
fn read_statistics(column: &str, statistics: &Statistics) -> parquet::file::statistics::Statistics {
    let read = chunk_read_back(column, |chunk| chunk.set_statistics(statistics.clone()));
    read.statistics().unwrap().clone()
}

#[test]
fn statistics_of_every_type_survive() {
    let fixed = |bytes: [u8; 3]| Some(bytes.to_vec().into());
    let nan_counted = ValueStatistics::new(Some(f64::MIN), Some(f64::MAX), None, Some(0), false);
    let all_nan = ValueStatistics::new(Some(f32::NAN), Some(-f32::NAN), None, Some(0), false);
    let cut = ValueStatistics::<ByteArray>::new(
        Some("ab".into()),
        Some("zz".into()),
        None,
        Some(1),
        false,
    );
    let cases: Vec<(&str, Statistics)> = vec![
        (
            "boolean",
            Statistics::boolean(Some(false), Some(true), Some(2), Some(3), false),
        ),
        (
            "int32",
            Statistics::int32(Some(i32::MIN), Some(-1), None, Some(0), false),
        ),
        (
            "int64",
            Statistics::int64(Some(i64::MIN), Some(i64::MAX), None, None, false),
        ),
        (
            "int96",
            Statistics::int96(
                Some(Int96::from([1, 2, 3])),
                Some(Int96::from([4, 5, 6])),
                None,
                Some(1),
                false,
            ),
        ),
        ("float", all_nan.with_nan_count(Some(9)).into()),
        ("double", nan_counted.with_nan_count(Some(0)).into()),
        (
            "binary",
            cut.with_min_is_exact(false).with_max_is_exact(false).into(),
        ),
        (
            "binary",
            Statistics::byte_array(Some("".into()), None, None, Some(1), false),
        ),
        (
            "fixed_len_byte_array(3)",
            Statistics::fixed_len_byte_array(fixed([0, 1, 2]), fixed([255; 3]), None, None, false),
        ),
        (
            "int32",
            Statistics::int32(None, None, None, Some(i64::MAX as u64), false),
        ),
    ];
    for (column, written) in cases {
        let read = read_statistics(column, &written);
        assert_eq!(
            read.physical_type().to_string(),
            written.physical_type().to_string()
        );
        assert_eq!(read.min_bytes_opt(), written.min_bytes_opt(), "{written}");
        assert_eq!(read.max_bytes_opt(), written.max_bytes_opt(), "{written}");
        assert_eq!(read.nan_count_opt(), written.nan_count_opt(), "{written}");
        assert_eq!(read.null_count_opt(), written.null_count_opt(), "{written}");
        assert_eq!(
            read.distinct_count_opt(),
            written.distinct_count_opt(),
            "{written}"
        );
        assert_eq!(read.min_is_exact(), written.min_is_exact(), "{written}");
        assert_eq!(read.max_is_exact(), written.max_is_exact(), "{written}");
        // Without bounds the oracle cannot tell.
        let has_bounds = written.min_bytes_opt().is_some();
        assert_eq!(read.is_min_max_deprecated(), !has_bounds, "{written}");
    }
}

#[test]
fn deprecated_bounds_are_written_alone_when_asked_for() {
    let written = Statistics::int32(Some(-3), Some(4), None, Some(0), true);
    let read = read_statistics("int32", &written);
    assert!(read.is_min_max_deprecated());
    assert_eq!(read.min_bytes_opt(), written.min_bytes_opt());
    assert_eq!(read.max_bytes_opt(), written.max_bytes_opt());
}

#[test]
fn compatible_bounds_are_written_twice() {
    let schema = schema_of("message m { optional int64 a; }");
    let bytes_of = |is_compatible| {
        let statistics = ValueStatistics::new(Some(5_i64), Some(6), None, None, false)
            .with_backwards_compatible_min_max(is_compatible);
        let chunk = ColumnChunkMetaData::builder(schema.column(0));
        let chunk = chunk.set_statistics(statistics.into()).build().unwrap();
        footer(&metadata_of(&schema, vec![chunk]), &WITH_PATHS)
    };
    // Two fields of a header, a length and eight bytes each.
    assert_eq!(bytes_of(true).len() - bytes_of(false).len(), 2 * 10);
    let read = read_footer(&bytes_of(true));
    let read = read.row_group(0).column(0).statistics().unwrap().clone();
    assert!(!read.is_min_max_deprecated());
    assert_eq!(read.max_bytes_opt(), Some(&6_i64.to_le_bytes()[..]));
}

#[test]
fn a_count_past_what_the_format_holds_is_not_written() {
    let written = Statistics::int32(None, None, Some(1 << 63), Some(u64::MAX - 1), false);
    let read = read_statistics("int32", &written);
    assert_eq!(read.null_count_opt(), None);
    assert_eq!(read.distinct_count_opt(), None);
}
