//! The same calls on this crate's builder and on that of the `parquet` crate must lead to the same
//! options, and to the same panics.

use std::panic::{UnwindSafe, catch_unwind};

/// A call and what it is.
type Step<T> = (&'static str, T);

/// The same source text, compiled against either crate.
macro_rules! side {
    ($module:ident, $($root:tt)+) => {
        mod $module {
            use super::Step;
            use $($root)+::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
            use $($root)+::file::metadata::{KeyValue, SortingColumn};
            use $($root)+::file::properties::*;
            use $($root)+::schema::types::ColumnPath;

            fn a() -> ColumnPath {
                ColumnPath::from("a")
            }

            fn nested() -> ColumnPath {
                ColumnPath::new(vec!["a".to_string(), "b".to_string()])
            }

            fn bloom(fpp: f64, ndv: u64) -> BloomFilterProperties {
                BloomFilterProperties::builder().with_fpp(fpp).with_max_ndv(ndv).build()
            }

            fn delta(block: usize, mini_blocks: usize) -> DeltaBinaryPackedEncoderOptions {
                DeltaBinaryPackedEncoderOptions::try_new(block, mini_blocks).unwrap()
            }

            fn cdc(min_chunk_size: usize, max_chunk_size: usize) -> CdcOptions {
                CdcOptions { min_chunk_size, max_chunk_size, norm_level: 1 }
            }

            /// Every getter, once for the file and once for each of some columns.
            pub(super) fn describe(p: &WriterProperties) -> Vec<String> {
                let mut lines = vec![
                    format!("writer_version {:?}", p.writer_version()),
                    format!("version {}", p.writer_version().as_num()),
                    format!("key_value_metadata {:?}", p.key_value_metadata()),
                    format!("sorting_columns {:?}", p.sorting_columns()),
                    format!("write_batch_size {:?}", p.write_batch_size()),
                    format!("max_row_group_row_count {:?}", p.max_row_group_row_count()),
                    format!("max_row_group_bytes {:?}", p.max_row_group_bytes()),
                    format!("column_index_truncate_length {:?}", p.column_index_truncate_length()),
                    format!("statistics_truncate_length {:?}", p.statistics_truncate_length()),
                    format!("offset_index_disabled {:?}", p.offset_index_disabled()),
                    format!("bloom_filter_position {:?}", p.bloom_filter_position()),
                    format!("bloom × dictionary {:?}", p.bloom_filter_for_dictionary_encoded_chunks()),
                    format!("coerce_types {:?}", p.coerce_types()),
                    format!("distinct values {:?}", p.write_row_group_number_distinct_values()),
                    format!("write_path_in_schema {:?}", p.write_path_in_schema()),
                    format!("content_defined_chunking {:?}", p.content_defined_chunking()),
                    format!("dictionary_data_page_encoding {:?}", p.dictionary_data_page_encoding()),
                    format!("dictionary_page_encoding {:?}", p.dictionary_page_encoding()),
                    format!("data_page_size_limit {:?}", p.data_page_size_limit()),
                    format!("dictionary_page_size_limit {:?}", p.dictionary_page_size_limit()),
                    format!("data_page_row_count_limit {:?}", p.data_page_row_count_limit()),
                    format!("v2 threshold {:?}", p.data_page_v2_compression_ratio_threshold()),
                ];
                for col in [a(), nested(), ColumnPath::from("a.b"), ColumnPath::from("c")] {
                    lines.extend([
                        format!("{:?}", col.parts()),
                        format!("data_page_size_limit {:?}", p.column_data_page_size_limit(&col)),
                        format!("dictionary limit {:?}", p.column_dictionary_page_size_limit(&col)),
                        format!("row limit {:?}", p.column_data_page_row_count_limit(&col)),
                        format!(
                            "v2 threshold {:?}",
                            p.column_data_page_v2_compression_ratio_threshold(&col)
                        ),
                        format!("encoding {:?}", p.encoding(&col)),
                        format!("delta {:?}", p.delta_binary_packed_encoder_options(&col)),
                        format!("compression {:?}", p.compression(&col)),
                        format!("dictionary_enabled {:?}", p.dictionary_enabled(&col)),
                        format!("statistics_enabled {:?}", p.statistics_enabled(&col)),
                        format!("header statistics {:?}", p.write_page_header_statistics(&col)),
                        format!("bloom {:?}", p.bloom_filter_properties(&col)),
                    ]);
                }
                lines
            }

            pub(super) fn changes()
            -> Vec<Step<fn(WriterPropertiesBuilder) -> WriterPropertiesBuilder>> {
                vec![
                    ("nothing", |b| b),
                    ("version 2", |b| b.set_writer_version(WriterVersion::PARQUET_2_0)),
                    ("created by", |b| b.set_created_by("me".to_string())),
                    ("pairs", |b| {
                        b.set_key_value_metadata(Some(vec![KeyValue {
                            key: "k".to_string(),
                            value: None,
                        }]))
                    }),
                    ("pairs taken back", |b| {
                        b.set_key_value_metadata(Some(vec![])).set_key_value_metadata(None)
                    }),
                    ("sorting", |b| {
                        b.set_sorting_columns(Some(vec![SortingColumn {
                            column_idx: 3,
                            descending: true,
                            nulls_first: false,
                        }]))
                    }),
                    ("batch", |b| b.set_write_batch_size(7)),
                    ("rows", |b| b.set_max_row_group_row_count(Some(9))),
                    ("any rows", |b| b.set_max_row_group_row_count(None)),
                    ("bytes", |b| b.set_max_row_group_bytes(Some(1))),
                    ("index cut", |b| b.set_column_index_truncate_length(Some(1))),
                    ("index whole", |b| b.set_column_index_truncate_length(None)),
                    ("statistics cut", |b| b.set_statistics_truncate_length(Some(1))),
                    ("statistics whole", |b| b.set_statistics_truncate_length(None)),
                    ("no offset index", |b| b.set_offset_index_disabled(true)),
                    ("no offset index, pages", |b| {
                        b.set_offset_index_disabled(true)
                            .set_statistics_enabled(EnabledStatistics::Page)
                    }),
                    ("no offset index, pages of one column", |b| {
                        b.set_column_statistics_enabled(a(), EnabledStatistics::Page)
                            .set_offset_index_disabled(true)
                    }),
                    ("no offset index, chunks", |b| {
                        b.set_offset_index_disabled(true)
                            .set_statistics_enabled(EnabledStatistics::Chunk)
                    }),
                    ("no offset index, built twice", |b| {
                        b.set_offset_index_disabled(true)
                            .set_column_statistics_enabled(a(), EnabledStatistics::Page)
                            .build()
                            .into_builder()
                    }),
                    ("offset index after all", |b| {
                        b.set_offset_index_disabled(true).set_offset_index_disabled(false)
                    }),
                    ("blooms at the end", |b| b.set_bloom_filter_position(BloomFilterPosition::End)),
                    ("no bloom with dictionary", |b| {
                        b.set_bloom_filter_for_dictionary_encoded_chunks(false)
                    }),
                    ("coerce", |b| b.set_coerce_types(true)),
                    ("distinct", |b| b.set_write_row_group_number_distinct_values(true)),
                    ("no paths", |b| b.set_write_path_in_schema(false)),
                    ("cdc", |b| b.set_content_defined_chunking(Some(cdc(1, 2)))),
                    ("cdc by default", |b| {
                        b.set_content_defined_chunking(Some(CdcOptions::default()))
                    }),
                    ("page size", |b| {
                        b.set_data_page_size_limit(0).set_column_data_page_size_limit(a(), 5)
                    }),
                    ("dictionary size", |b| {
                        b.set_dictionary_page_size_limit(0)
                            .set_column_dictionary_page_size_limit(nested(), 5)
                    }),
                    ("page rows", |b| {
                        b.set_data_page_row_count_limit(4)
                            .set_column_data_page_row_count_limit(a(), 5)
                    }),
                    ("threshold", |b| {
                        b.set_data_page_v2_compression_ratio_threshold(0.5)
                            .set_column_data_page_v2_compression_ratio_threshold(a(), 2.5)
                    }),
                    ("encoding", |b| {
                        b.set_encoding(Encoding::PLAIN)
                            .set_column_encoding(a(), Encoding::DELTA_BINARY_PACKED)
                    }),
                    ("delta", |b| {
                        b.set_delta_binary_packed_encoder_options(delta(128, 2))
                            .set_column_delta_binary_packed_encoder_options(a(), delta(256, 8))
                    }),
                    ("compression", |b| {
                        b.set_compression(Compression::GZIP(GzipLevel::default()))
                            .set_column_compression(a(), Compression::ZSTD(ZstdLevel::default()))
                            .set_column_compression(
                                ColumnPath::from("c"),
                                Compression::BROTLI(BrotliLevel::default()),
                            )
                    }),
                    ("dictionary", |b| {
                        b.set_dictionary_enabled(false).set_column_dictionary_enabled(a(), true)
                    }),
                    ("statistics", |b| {
                        b.set_statistics_enabled(EnabledStatistics::None)
                            .set_column_statistics_enabled(nested(), EnabledStatistics::Chunk)
                    }),
                    ("header statistics", |b| {
                        b.set_column_write_page_header_statistics(a(), false)
                            .set_write_page_header_statistics(true)
                    }),
                    ("one column's options do not hide others", |b| {
                        b.set_column_dictionary_enabled(a(), false)
                            .set_compression(Compression::SNAPPY)
                            .set_column_data_page_size_limit(a(), 3)
                    }),
                    ("bloom", |b| b.set_bloom_filter_enabled(true)),
                    ("bloom off again", |b| {
                        b.set_bloom_filter_enabled(true).set_bloom_filter_enabled(false)
                    }),
                    ("bloom for 9 rows", |b| {
                        b.set_bloom_filter_enabled(true).set_max_row_group_row_count(Some(9))
                    }),
                    ("bloom for any rows", |b| {
                        b.set_max_row_group_row_count(None).set_bloom_filter_enabled(true)
                    }),
                    ("bloom fpp", |b| {
                        b.set_bloom_filter_fpp(0.5).set_max_row_group_row_count(Some(9))
                    }),
                    ("bloom ndv", |b| {
                        b.set_max_row_group_row_count(Some(9)).set_bloom_filter_max_ndv(0)
                    }),
                    ("bloom ndv, on, fpp", |b| {
                        b.set_bloom_filter_max_ndv(7)
                            .set_bloom_filter_enabled(true)
                            .set_bloom_filter_fpp(0.2)
                            .set_max_row_group_row_count(Some(9))
                    }),
                    ("bloom by old names", |b| {
                        #[allow(deprecated)]
                        b.set_bloom_filter_ndv(7).set_column_bloom_filter_ndv(a(), 8)
                    }),
                    ("bloom whole", |b| {
                        b.set_bloom_filter_properties(bloom(0.25, 12))
                            .set_column_bloom_filter_properties(nested(), bloom(0.75, 34))
                    }),
                    ("bloom whole by default", |b| {
                        b.set_bloom_filter_properties(BloomFilterProperties::default())
                            .set_max_row_group_row_count(Some(9))
                    }),
                    ("bloom of one column", |b| {
                        b.set_column_bloom_filter_enabled(a(), true)
                            .set_max_row_group_row_count(Some(9))
                    }),
                    ("bloom of one column replaces the whole", |b| {
                        b.set_bloom_filter_max_ndv(77)
                            .set_column_bloom_filter_fpp(a(), 0.3)
                            .set_column_bloom_filter_max_ndv(nested(), 5)
                            .set_max_row_group_row_count(Some(9))
                    }),
                    ("bloom of one column, in steps", |b| {
                        b.set_column_bloom_filter_max_ndv(a(), 3)
                            .set_column_bloom_filter_enabled(a(), true)
                            .set_column_bloom_filter_fpp(a(), 0.5)
                    }),
                    ("bloom resized by a second build", |b| {
                        b.set_bloom_filter_enabled(true)
                            .build()
                            .into_builder()
                            .set_max_row_group_row_count(Some(9))
                    }),
                ]
            }

            pub(super) fn built(
                change: fn(WriterPropertiesBuilder) -> WriterPropertiesBuilder,
            ) -> Vec<String> {
                describe(&change(WriterProperties::builder()).build())
            }

            pub(super) fn refusals() -> Vec<Step<fn()>> {
                fn b() -> WriterPropertiesBuilder {
                    WriterProperties::builder()
                }
                vec![
                    ("0 rows to a page", || drop(b().set_data_page_row_count_limit(0))),
                    ("0 rows to a column's page", || {
                        drop(b().set_column_data_page_row_count_limit(a(), 0));
                    }),
                    ("0 batch", || drop(b().set_write_batch_size(0))),
                    ("0 rows", || drop(b().set_max_row_group_row_count(Some(0)))),
                    ("0 bytes", || drop(b().set_max_row_group_bytes(Some(0)))),
                    ("0 index cut", || drop(b().set_column_index_truncate_length(Some(0)))),
                    ("0 statistics cut", || drop(b().set_statistics_truncate_length(Some(0)))),
                    ("cdc from 0", || drop(b().set_content_defined_chunking(Some(cdc(0, 9))))),
                    ("cdc without room", || drop(b().set_content_defined_chunking(Some(cdc(9, 9))))),
                    ("threshold 0", || drop(b().set_data_page_v2_compression_ratio_threshold(0.0))),
                    ("threshold -1", || drop(b().set_data_page_v2_compression_ratio_threshold(-1.0))),
                    ("threshold NaN", || {
                        drop(b().set_data_page_v2_compression_ratio_threshold(f64::NAN));
                    }),
                    ("a column's threshold inf", || {
                        drop(
                            b().set_column_data_page_v2_compression_ratio_threshold(
                                a(),
                                f64::INFINITY,
                            ),
                        );
                    }),
                    ("dictionary by name", || drop(b().set_encoding(Encoding::RLE_DICTIONARY))),
                    ("a column's dictionary by name", || {
                        drop(b().set_column_encoding(a(), Encoding::PLAIN_DICTIONARY));
                    }),
                    ("fpp 0", || drop(b().set_bloom_filter_fpp(0.0))),
                    ("fpp NaN", || drop(b().set_bloom_filter_fpp(f64::NAN))),
                    ("a column's fpp 1", || drop(b().set_column_bloom_filter_fpp(a(), 1.0))),
                    ("fpp -1, built", || _ = bloom(-1.0, 1)),
                ]
            }

            pub(super) fn constants() -> Vec<String> {
                vec![
                    format!("{DEFAULT_PAGE_SIZE} {DEFAULT_WRITE_BATCH_SIZE}"),
                    format!("{DEFAULT_WRITER_VERSION:?} {DEFAULT_COMPRESSION:?}"),
                    format!("{DEFAULT_DICTIONARY_ENABLED} {DEFAULT_DICTIONARY_PAGE_SIZE_LIMIT}"),
                    format!("{DEFAULT_DATA_PAGE_ROW_COUNT_LIMIT} {DEFAULT_STATISTICS_ENABLED:?}"),
                    format!("{DEFAULT_WRITE_PAGE_HEADER_STATISTICS}"),
                    format!("{DEFAULT_MAX_ROW_GROUP_ROW_COUNT}"),
                    format!("{DEFAULT_BLOOM_FILTER_FOR_DICTIONARY_ENCODED_CHUNKS}"),
                    format!("{DEFAULT_BLOOM_FILTER_POSITION:?}"),
                    format!("{DEFAULT_COLUMN_INDEX_TRUNCATE_LENGTH:?}"),
                    format!("{DEFAULT_BLOOM_FILTER_FPP} {DEFAULT_BLOOM_FILTER_NDV}"),
                    format!("{DEFAULT_STATISTICS_TRUNCATE_LENGTH:?}"),
                    format!("{DEFAULT_OFFSET_INDEX_DISABLED} {DEFAULT_COERCE_TYPES}"),
                    format!("{DEFAULT_WRITE_ROW_GROUP_NUMBER_DISTINCT_VALUES}"),
                    format!("{DEFAULT_DATA_PAGE_V2_COMPRESSION_RATIO_THRESHOLD}"),
                    format!("{DEFAULT_WRITE_PATH_IN_SCHEMA}"),
                    format!("{DEFAULT_CDC_MIN_CHUNK_SIZE} {DEFAULT_CDC_MAX_CHUNK_SIZE}"),
                    format!("{DEFAULT_CDC_NORM_LEVEL}"),
                    format!("{:?}", BloomFilterProperties::default()),
                    format!("{:?}", CdcOptions::default()),
                    format!("{:?}", EnabledStatistics::default()),
                ]
            }

            /// What the texts and numbers of callers are taken for.
            pub(super) fn readings() -> Vec<String> {
                let mut readings = Vec::new();
                for text in
                    ["PARQUET_1_0", "parquet_1_0", "Parquet_1_0", "PARQUET_2_0", "parquet_2_0", "1", ""]
                {
                    readings.push(format!("{text} {:?}", text.parse::<WriterVersion>()));
                }
                for text in ["NONE", "none", "None", "CHUNK", "chunk", "PAGE", "page", "Page", ""] {
                    readings.push(format!("{text} {:?}", text.parse::<EnabledStatistics>()));
                }
                for block in [0, 1, 32, 100, 128, 256, 384, 1 << 30] {
                    for mini_blocks in [0, 1, 2, 3, 4, 8, 12, 1000] {
                        let options =
                            DeltaBinaryPackedEncoderOptions::try_new(block, mini_blocks);
                        readings.push(match options {
                            Ok(options) => format!(
                                "{options:?} {} {}",
                                options.block_size(),
                                options.mini_blocks_per_block()
                            ),
                            Err(error) => error.to_string(),
                        });
                    }
                }
                for fpp in [-0.5, 0.0, f64::MIN_POSITIVE, 0.5, 1.0, 7.0, f64::NAN] {
                    let built = BloomFilterPropertiesBuilder::new().with_fpp(fpp).try_build();
                    readings.push(match built {
                        Ok(properties) => format!("{} {}", properties.fpp(), properties.ndv()),
                        Err(error) => error.to_string(),
                    });
                }
                readings
            }
        }
    };
}

side!(ours, crate);
side!(theirs, parquet);

#[test]
fn every_option_reads_back_alike() {
    for (ours, theirs) in ours::changes().into_iter().zip(theirs::changes()) {
        assert_eq!(ours::built(ours.1), theirs::built(theirs.1), "{}", ours.0);
    }
}

#[test]
fn every_change_but_those_taken_back_changes_something() {
    let defaults = ours::built(|b| b);
    let unchanged: Vec<_> = ours::changes()
        .into_iter()
        .filter(|change| ours::built(change.1) == defaults)
        .map(|change| change.0)
        .collect();
    assert_eq!(
        unchanged,
        [
            "nothing",
            "created by",
            "pairs taken back",
            "no offset index, pages",
            "no offset index, pages of one column",
            "no offset index, built twice",
            "offset index after all",
            "bloom off again",
        ]
    );
}

#[test]
fn values_without_sense_panic_with_the_same_words() {
    fn words(refused: impl FnOnce() + UnwindSafe) -> String {
        let payload = catch_unwind(refused).expect_err("no panic");
        match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => payload.downcast_ref::<&str>().unwrap().to_string(),
        }
    }
    for (ours, theirs) in ours::refusals().into_iter().zip(theirs::refusals()) {
        let (own, other) = (words(ours.1), words(theirs.1));
        assert!(own.len() > 20, "{}: {own}", ours.0);
        assert!(other.contains(&own), "{}: {own} is not {other}", ours.0);
    }
}

#[test]
fn constants_are_the_same() {
    assert_eq!(ours::constants(), theirs::constants());
}

#[test]
fn texts_and_numbers_are_read_alike() {
    assert_eq!(ours::readings(), theirs::readings());
}
