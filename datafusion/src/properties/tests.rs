use std::collections::HashMap;

use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema};
use datafusion::config::{ConfigField, ConfigFileEncryptionProperties, TableParquetOptions};
use datafusion::error::DataFusionError;
use herringbone::file::properties::WriterProperties;
use herringbone::schema::types::ColumnPath;
use parquet::file::properties::{
    WriterProperties as StockProperties, WriterPropertiesBuilder as StockBuilder,
};
use parquet::schema::types::ColumnPath as StockPath;

use super::writer_properties;

/// `id`, and `place` with the fields `x` and `tags`, a list.
fn schema() -> Schema {
    let tags = DataType::new_list(DataType::Utf8, true);
    let place = Fields::from(vec![
        Field::new("x", DataType::Int32, true),
        Field::new("tags", tags, true),
    ]);
    Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("place", DataType::Struct(place), true),
    ])
}

const LEAVES: [&str; 3] = ["id", "place.x", "place.tags.list.item"];

fn options(settings: &[(&str, &str)]) -> TableParquetOptions {
    let mut options = TableParquetOptions::new();
    for (key, value) in settings {
        options.set(key, value).unwrap();
    }
    options
}

fn ours(settings: &[(&str, &str)]) -> WriterProperties {
    writer_properties(&options(settings), &schema(), None).unwrap()
}

fn refusal(settings: &[(&str, &str)]) -> String {
    let error = writer_properties(&options(settings), &schema(), None).unwrap_err();
    assert!(
        matches!(error, DataFusionError::Configuration(_)),
        "{error:?}"
    );
    error.to_string()
}

fn stock(settings: &[(&str, &str)]) -> StockProperties {
    let mut options = options(settings);
    // It insists on a schema among the pairs.
    options.global.skip_arrow_metadata = true;
    StockBuilder::try_from(&options).unwrap().build()
}

/// Asserts that both say the same of a file and of each of its columns.
fn assert_same(ours: &WriterProperties, stock: &StockProperties, settings: &str) {
    let of_file = [
        (
            format!("{:?}", ours.writer_version()),
            format!("{:?}", stock.writer_version()),
        ),
        (ours.created_by().to_owned(), stock.created_by().to_owned()),
        (
            format!("{:?}", ours.key_value_metadata()),
            format!("{:?}", stock.key_value_metadata()),
        ),
        (
            format!("{:?}", ours.coerce_types()),
            format!("{:?}", stock.coerce_types()),
        ),
        (
            format!("{:?}", ours.offset_index_disabled()),
            format!("{:?}", stock.offset_index_disabled()),
        ),
    ];
    for (ours, stock) in of_file {
        assert_eq!(ours, stock, "{settings}");
    }
    let of_file = [
        (
            ours.max_row_group_row_count(),
            stock.max_row_group_row_count(),
        ),
        (ours.max_row_group_bytes(), stock.max_row_group_bytes()),
        (
            ours.column_index_truncate_length(),
            stock.column_index_truncate_length(),
        ),
        (
            ours.statistics_truncate_length(),
            stock.statistics_truncate_length(),
        ),
        (
            Some(ours.write_batch_size()),
            Some(stock.write_batch_size()),
        ),
        (
            Some(ours.data_page_row_count_limit()),
            Some(stock.data_page_row_count_limit()),
        ),
    ];
    for (ours, stock) in of_file {
        assert_eq!(ours, stock, "{settings}");
    }
    for leaf in LEAVES {
        assert_same_column(ours, stock, leaf, settings);
    }
}

fn assert_same_column(
    ours: &WriterProperties,
    stock: &StockProperties,
    leaf: &str,
    settings: &str,
) {
    let parts: Vec<_> = leaf.split('.').map(str::to_owned).collect();
    let path = ColumnPath::new(parts.clone());
    let stock_path = StockPath::new(parts);
    let ours = format!(
        "{leaf} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        ours.compression(&path),
        ours.encoding(&path),
        ours.dictionary_enabled(&path),
        ours.column_dictionary_page_size_limit(&path),
        ours.column_data_page_size_limit(&path),
        ours.statistics_enabled(&path),
        ours.write_page_header_statistics(&path),
        ours.column_data_page_v2_compression_ratio_threshold(&path),
        ours.bloom_filter_properties(&path)
            .map(|bloom| (bloom.fpp(), bloom.ndv())),
    );
    let path = stock_path;
    let stock = format!(
        "{leaf} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        stock.compression(&path),
        stock.encoding(&path),
        stock.dictionary_enabled(&path),
        stock.column_dictionary_page_size_limit(&path),
        stock.column_data_page_size_limit(&path),
        stock.statistics_enabled(&path),
        stock.write_page_header_statistics(&path),
        stock.column_data_page_v2_compression_ratio_threshold(&path),
        stock
            .bloom_filter_properties(&path)
            .map(|bloom| (bloom.fpp(), bloom.ndv())),
    );
    assert_eq!(ours, stock, "{settings}");
}

/// Settings of the right kind, one or two at a time.
const ROWS: &[&[(&str, &str)]] = &[
    &[],
    &[("compression", "uncompressed")],
    &[("compression", "SNAPPY")],
    &[("compression", "gzip(9)")],
    &[("compression", "'brotli(11)'")],
    &[("compression", "lz4")],
    &[("compression", "lz4_raw")],
    &[("compression", "zstd(22)"), ("compression::id", "zstd(1)")],
    &[("compression::place.tags.list.item", "gzip(0)")],
    &[
        ("compression::place.tags", "snappy"),
        ("compression::gone", "snappy"),
    ],
    &[
        ("encoding", "PLAIN"),
        ("encoding::id", "delta_binary_packed"),
    ],
    &[
        ("encoding", "rle"),
        ("encoding::place.x", "byte_stream_split"),
    ],
    &[
        ("encoding", "delta_byte_array"),
        ("encoding::id", "delta_length_byte_array"),
    ],
    &[
        ("dictionary_enabled", "false"),
        ("dictionary_enabled::id", "true"),
    ],
    &[
        ("dictionary_page_size_limit", "77"),
        ("data_pagesize_limit", "0"),
    ],
    &[
        ("statistics_enabled", "NONE"),
        ("statistics_enabled::id", "chunk"),
    ],
    &[
        ("statistics_enabled", "chunk"),
        ("statistics_enabled::id", "Page"),
    ],
    &[
        ("bloom_filter_on_write", "true"),
        ("max_row_group_size", "5000"),
    ],
    &[("bloom_filter_fpp", "0.25")],
    &[("bloom_filter_ndv", "0")],
    &[
        ("bloom_filter_on_write", "true"),
        ("bloom_filter_ndv::id", "88"),
    ],
    &[
        ("bloom_filter_enabled::id", "false"),
        ("bloom_filter_fpp::id", "0.5"),
    ],
    &[
        ("bloom_filter_enabled::id", "true"),
        ("bloom_filter_ndv::place.x", "3"),
    ],
    &[("max_row_group_size", "1"), ("max_row_group_bytes", "1")],
    &[("writer_version", "2.0"), ("created_by", "")],
    &[
        ("write_batch_size", "1"),
        ("data_page_row_count_limit", "1"),
    ],
    &[
        ("column_index_truncate_length", "1"),
        ("statistics_truncate_length", "2"),
    ],
    &[("metadata::port", "Oban")],
];

#[test]
fn settings_mean_what_they_mean_to_the_stock_sink() {
    for one in ROWS {
        assert_same(&ours(one), &stock(one), &format!("{one:?}"));
        for other in ROWS {
            let both = [*one, *other].concat();
            assert_same(&ours(&both), &stock(&both), &format!("{both:?}"));
        }
    }
}

#[test]
fn settings_that_are_none_leave_the_defaults_of_the_format() {
    let mut options = TableParquetOptions::new();
    let global = &mut options.global;
    global.skip_arrow_metadata = true;
    global.compression = None;
    global.dictionary_enabled = None;
    global.statistics_enabled = None;
    global.column_index_truncate_length = None;
    global.statistics_truncate_length = None;
    let stock = StockBuilder::try_from(&options).unwrap().build();
    let ours = writer_properties(&options, &schema(), None).unwrap();
    assert_same(&ours, &stock, "none");
}

#[test]
fn pairs_come_in_one_order_and_may_have_no_value() {
    let mut options = TableParquetOptions::new();
    options.key_value_metadata = HashMap::from([
        ("port".to_owned(), Some("Oban".to_owned())),
        ("harbour".to_owned(), None),
        ("tide".to_owned(), Some(String::new())),
    ]);
    let properties = writer_properties(&options, &schema(), None).unwrap();
    let pairs = properties.key_value_metadata().unwrap().iter();
    let pairs: Vec<_> = pairs
        .map(|pair| (pair.key.as_str(), pair.value.as_deref()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("harbour", None),
            ("port", Some("Oban")),
            ("tide", Some(""))
        ]
    );
}

#[test]
fn one_column_goes_without_a_filter_where_all_others_have_one() {
    let properties = ours(&[
        ("bloom_filter_on_write", "true"),
        ("bloom_filter_enabled::id", "false"),
    ]);
    assert_eq!(
        properties.bloom_filter_properties(&ColumnPath::from("id")),
        None
    );
    let x = ColumnPath::new(vec!["place".to_owned(), "x".to_owned()]);
    assert!(properties.bloom_filter_properties(&x).is_some());
}

#[test]
fn dots_in_a_name_of_a_column_and_between_names_are_both_understood() {
    let mut fields = schema().fields().to_vec();
    fields.push(Field::new("place.x", DataType::Int64, true).into());
    let schema = Schema::new(fields);
    let options = options(&[("dictionary_enabled::place.x", "false")]);
    let properties = writer_properties(&options, &schema, None).unwrap();
    for path in [vec!["place", "x"], vec!["place.x"]] {
        let path = ColumnPath::new(path.into_iter().map(str::to_owned).collect());
        assert!(!properties.dictionary_enabled(&path), "{path}");
    }
    assert!(properties.dictionary_enabled(&ColumnPath::from("id")));
}

#[test]
fn names_in_lower_case_reach_columns_that_no_exact_name_reaches() {
    let field = |name: &str| Field::new(name, DataType::Int64, true);
    let schema = Schema::new(vec![field("UserId"), field("Port"), field("port")]);
    let options = options(&[
        ("dictionary_enabled::userid", "false"),
        ("dictionary_enabled::port", "false"),
        ("dictionary_enabled::PORT", "false"),
        ("compression::userid", "snappy"),
        ("compression::UserId", "lz4_raw"),
    ]);
    let properties = writer_properties(&options, &schema, None).unwrap();
    let dictionary = ["UserId", "Port", "port"]
        .map(|column| properties.dictionary_enabled(&ColumnPath::from(column)));
    assert_eq!(dictionary, [false, true, false]);
    let codec = properties.compression(&ColumnPath::from("UserId"));
    assert_eq!(codec, herringbone::basic::Compression::LZ4_RAW);
}

#[test]
fn a_wrong_value_is_refused_with_the_name_of_its_setting() {
    let rows = [
        ("compression", "zip", "uncompressed, snappy, gzip(level)"),
        ("compression", "snappy(3)", "no levels"),
        ("compression", "zstd", "as in zstd(3)"),
        ("compression", "zstd(three)", "a level is a number"),
        ("compression", "zstd(3", "a level is a number"),
        ("compression", "zstd(23)", "0 to 22"),
        ("compression", "zstd(4000000000)", "0 to 22"),
        ("compression", "gzip(-1)", "a level is a number"),
        ("compression::gone", "gzip(10)", "0 to 9"),
        ("compression::id", "", "it can be uncompressed"),
        ("encoding", "rle_dictionary", "dictionary_enabled"),
        ("encoding::id", "PLAIN_DICTIONARY", "dictionary_enabled"),
        ("encoding::id", "bit_packed", "levels"),
        ("encoding", "zigzag", "it can be plain"),
        ("statistics_enabled", "true", "none, chunk or page"),
        ("statistics_enabled::id", "some", "none, chunk or page"),
        ("max_row_group_size", "0", "above 0"),
        ("write_batch_size", "0", "above 0"),
        ("data_page_row_count_limit", "0", "above 0"),
        ("column_index_truncate_length", "0", "above 0"),
        ("statistics_truncate_length", "0", "above 0"),
        ("bloom_filter_fpp", "1", "between 0 and 1"),
        ("bloom_filter_fpp", "NaN", "between 0 and 1"),
        ("bloom_filter_fpp::place.x", "0", "between 0 and 1"),
    ];
    for (setting, value, reason) in rows {
        let error = refusal(&[(setting, value)]);
        // Some settings are stored in lower case.
        let named = format!("The Parquet setting {setting} is '{value}': ").to_lowercase();
        assert!(error.to_lowercase().contains(&named), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn what_the_writer_has_not_is_refused_rather_than_left_out() {
    let chunking = options(&[("content_defined_chunking.enabled", "true")]);
    let mut encrypted = options(&[]);
    encrypted.crypto.file_encryption = Some(ConfigFileEncryptionProperties::default());
    let by_factory = options(&[("crypto.factory_id", "keys of the harbour")]);
    for (options, what) in [
        (chunking, "content-defined chunking"),
        (encrypted, "encrypted files"),
        (by_factory, "encrypted files"),
    ] {
        let error = writer_properties(&options, &schema(), None).unwrap_err();
        assert!(
            matches!(&error, DataFusionError::NotImplemented(text) if text.contains(what)),
            "{error}"
        );
    }
}
