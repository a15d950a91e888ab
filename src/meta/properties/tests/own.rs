//! What is this crate's own: resolved column options, what can be written, and options that the
//! `parquet` crate does not have.

use std::sync::Arc;

use crate::basic::{Compression, Encoding, Type, ZstdLevel};
use crate::errors::ParquetError;
use crate::meta::properties::*;
use crate::schema::types::{ColumnPath, SchemaDescriptor, Type as SchemaType};

fn schema(columns: &[(&str, Type)]) -> SchemaDescriptor {
    let fields = columns.iter().map(|(name, physical_type)| {
        let field = SchemaType::primitive_type_builder(name, *physical_type).with_length(4);
        Arc::new(field.build().unwrap())
    });
    let root = SchemaType::group_type_builder("root").with_fields(fields.collect());
    SchemaDescriptor::new(Arc::new(root.build().unwrap()))
}

#[test]
fn the_footer_names_this_crate() {
    let expected = format!("herringbone version {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(WriterProperties::new().created_by(), expected);
    let named = WriterProperties::builder().set_created_by("me".to_string());
    assert_eq!(named.build().created_by(), "me");
}

#[test]
fn column_options_hold_what_the_getters_say() {
    let path = ColumnPath::from("a");
    let delta = DeltaBinaryPackedEncoderOptions::try_new(256, 2).unwrap();
    let file_wide = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_write_batch_size(11)
        .set_column_index_truncate_length(Some(12))
        .set_statistics_truncate_length(None)
        .set_offset_index_disabled(true)
        .set_coerce_types(true)
        .set_write_row_group_number_distinct_values(true)
        .set_bloom_filter_for_dictionary_encoded_chunks(false)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_encoding(Encoding::PLAIN)
        .set_data_page_row_count_limit(13)
        .set_bloom_filter_max_ndv(14);
    let overridden = file_wide
        .clone()
        .set_column_encoding(path.clone(), Encoding::DELTA_BINARY_PACKED)
        .set_column_delta_binary_packed_encoder_options(path.clone(), delta)
        .set_column_compression(path.clone(), Compression::ZSTD(ZstdLevel::default()))
        .set_column_dictionary_enabled(path.clone(), false)
        .set_column_dictionary_page_size_limit(path.clone(), 15)
        .set_column_data_page_size_limit(path.clone(), 16)
        .set_column_data_page_row_count_limit(path.clone(), 17)
        .set_column_data_page_v2_compression_ratio_threshold(path.clone(), 0.5)
        .set_column_page_checksum_enabled(path.clone(), true)
        .set_column_statistics_enabled(path.clone(), EnabledStatistics::None)
        .set_column_write_page_header_statistics(path.clone(), true)
        .set_column_bloom_filter_max_ndv(path.clone(), 18);
    for properties in [
        WriterProperties::new(),
        file_wide.build(),
        overridden.build(),
    ] {
        let expected = ColumnOptions {
            writer_version: properties.writer_version(),
            data_page_size_limit: properties.column_data_page_size_limit(&path),
            data_page_row_count_limit: properties.column_data_page_row_count_limit(&path),
            write_batch_size: properties.write_batch_size(),
            dictionary_enabled: properties.dictionary_enabled(&path),
            dictionary_page_size_limit: properties.column_dictionary_page_size_limit(&path),
            encoding: properties.encoding(&path),
            delta: properties.delta_binary_packed_encoder_options(&path),
            compression: properties.compression(&path),
            v2_compression_ratio_threshold: properties
                .column_data_page_v2_compression_ratio_threshold(&path),
            page_checksum: properties.column_page_checksum_enabled(&path),
            statistics: properties.statistics_enabled(&path),
            header_statistics: properties.write_page_header_statistics(&path),
            statistics_truncate_length: properties.statistics_truncate_length(),
            column_index_truncate_length: properties.column_index_truncate_length(),
            offset_index: !properties.offset_index_disabled(),
            count_distinct: properties.write_row_group_number_distinct_values(),
            coerce_types: properties.coerce_types(),
            bloom_filter: properties.bloom_filter_properties(&path).copied(),
            bloom_filter_for_dictionary_encoded_chunks: properties
                .bloom_filter_for_dictionary_encoded_chunks(),
        };
        assert_eq!(properties.column(&path), expected);
    }
}

#[test]
fn a_column_of_a_wide_file_costs_few_bytes() {
    assert!(
        size_of::<ColumnOptions>() <= 192,
        "{}",
        size_of::<ColumnOptions>()
    );
}

#[test]
fn headers_repeat_page_statistics_only() {
    let path = ColumnPath::from("a");
    let asked = WriterProperties::builder().set_write_page_header_statistics(true);
    assert!(
        asked
            .clone()
            .build()
            .column(&path)
            .writes_header_statistics()
    );
    let by_chunk = asked
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build();
    assert!(!by_chunk.column(&path).writes_header_statistics());
    assert!(
        !WriterProperties::new()
            .column(&path)
            .writes_header_statistics()
    );
}

#[test]
fn page_checksums_are_off_until_asked_for() {
    let path = ColumnPath::from("a");
    let defaults = WriterProperties::new();
    assert!(!defaults.page_checksum_enabled());
    assert!(!defaults.column_page_checksum_enabled(&path));

    let one = WriterProperties::builder().set_column_page_checksum_enabled(path.clone(), true);
    let one = one.build();
    assert!(!one.page_checksum_enabled());
    assert!(one.column_page_checksum_enabled(&path));

    let others = WriterProperties::builder()
        .set_page_checksum_enabled(true)
        .set_column_page_checksum_enabled(path.clone(), false)
        .build();
    assert!(others.page_checksum_enabled());
    assert!(!others.column_page_checksum_enabled(&path));
}

/// The `parquet` crate leaves the filter on here.
#[test]
fn one_column_can_go_without_a_bloom_filter() {
    let (with, without) = (ColumnPath::from("with"), ColumnPath::from("without"));
    let properties = WriterProperties::builder()
        .set_column_bloom_filter_enabled(without.clone(), false)
        .set_bloom_filter_enabled(true)
        .build();
    assert!(properties.bloom_filter_properties(&with).is_some());
    assert!(properties.bloom_filter_properties(&without).is_none());
}

#[test]
fn default_properties_suit_every_type() {
    let all = schema(&[
        ("boolean", Type::BOOLEAN),
        ("int32", Type::INT32),
        ("int64", Type::INT64),
        ("int96", Type::INT96),
        ("float", Type::FLOAT),
        ("double", Type::DOUBLE),
        ("binary", Type::BYTE_ARRAY),
        ("fixed", Type::FIXED_LEN_BYTE_ARRAY),
    ]);
    WriterProperties::new().check_supported(&all).unwrap();
    let plain = WriterProperties::builder().set_encoding(Encoding::PLAIN);
    plain.build().check_supported(&all).unwrap();
}

#[test]
fn options_without_machinery_are_refused_by_name() {
    let schema = schema(&[("fine", Type::INT32), ("x", Type::DOUBLE)]);
    let x = ColumnPath::from("x");
    let builder = WriterProperties::builder;
    let cases = [
        (
            builder().set_column_encoding(x, Encoding::ALP),
            "ALP for column \"x\"",
        ),
        (
            builder().set_content_defined_chunking(Some(CdcOptions::default())),
            "content-defined chunking",
        ),
    ];
    for (builder, words) in cases {
        let error = builder.build().check_supported(&schema).unwrap_err();
        assert!(matches!(error, ParquetError::NYI(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn an_encoding_that_a_type_does_not_allow_is_refused_with_its_column() {
    let properties = WriterProperties::builder()
        .set_column_encoding(ColumnPath::from("x"), Encoding::DELTA_BINARY_PACKED)
        .build();
    properties
        .check_supported(&schema(&[("x", Type::INT64)]))
        .unwrap();
    let error = properties
        .check_supported(&schema(&[("x", Type::DOUBLE)]))
        .unwrap_err();
    assert!(matches!(error, ParquetError::NYI(_)), "{error:?}");
    let text = error.to_string();
    let words = "Encoding DELTA_BINARY_PACKED is not supported for physical type DOUBLE";
    assert!(
        text.contains(words) && text.contains("column \"x\""),
        "{text}"
    );
}

#[test]
fn exactly_the_encodings_that_are_there_for_a_type_pass() {
    use Encoding::*;
    let there: [(Type, &[Encoding]); 8] = [
        (Type::BOOLEAN, &[PLAIN, RLE]),
        (
            Type::INT32,
            &[PLAIN, DELTA_BINARY_PACKED, BYTE_STREAM_SPLIT],
        ),
        (
            Type::INT64,
            &[PLAIN, DELTA_BINARY_PACKED, BYTE_STREAM_SPLIT],
        ),
        (Type::INT96, &[PLAIN]),
        (Type::FLOAT, &[PLAIN, BYTE_STREAM_SPLIT]),
        (Type::DOUBLE, &[PLAIN, BYTE_STREAM_SPLIT]),
        (
            Type::BYTE_ARRAY,
            &[PLAIN, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY],
        ),
        (
            Type::FIXED_LEN_BYTE_ARRAY,
            &[PLAIN, DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT],
        ),
    ];
    for (physical_type, there) in there {
        let refused_by_the_setter = [PLAIN_DICTIONARY, RLE_DICTIONARY];
        let passing: Vec<_> = Encoding::VARIANTS
            .iter()
            .copied()
            .filter(|encoding| !refused_by_the_setter.contains(encoding))
            .filter(|encoding| {
                let properties = WriterProperties::builder().set_encoding(*encoding).build();
                let checked = properties.check_supported(&schema(&[("x", physical_type)]));
                checked.is_ok()
            })
            .collect();
        assert_eq!(passing, there, "{physical_type}");
    }
}

#[test]
fn reader_options_read_back() {
    let defaults = ReaderProperties::builder().build();
    assert!(defaults.backward_compatible_lz4());
    assert!(!defaults.read_bloom_filter());
    assert!(!defaults.read_page_statistics());
    let changed = ReaderProperties::builder()
        .set_backward_compatible_lz4(false)
        .set_read_bloom_filter(true)
        .set_read_page_statistics(true)
        .build();
    assert!(!changed.backward_compatible_lz4());
    assert!(changed.read_bloom_filter());
    assert!(changed.read_page_statistics());
}
