//! Printed text, compared with an independent printer.

use std::sync::Arc;

use parquet::basic as oracle_basic;
use parquet::schema::{parser as oracle_parser, printer as oracle, types as oracle_types};
use proptest::prelude::*;

use super::*;
use crate::basic::{EdgeInterpolationAlgorithm, LogicalType, Type as PhysicalType};
use crate::schema::types::tests::schemas;

fn printed(schema: &Type) -> String {
    let mut text = Vec::new();
    print_schema(&mut text, schema);
    String::from_utf8(text).unwrap()
}

fn printed_by_the_oracle(schema: &oracle_types::Type) -> String {
    let mut text = Vec::new();
    oracle::print_schema(&mut text, schema);
    String::from_utf8(text).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn schemas_are_printed_as_the_oracle_prints_them((ours, theirs) in schemas()) {
        prop_assert_eq!(printed(&ours), printed_by_the_oracle(&theirs));
        for (ours, theirs) in ours.get_fields().iter().zip(theirs.get_fields()) {
            prop_assert_eq!(printed(ours), printed_by_the_oracle(theirs));
        }
    }

    #[test]
    fn printed_text_is_read_by_the_oracle((ours, _) in schemas()) {
        let text = printed(&ours);
        let unreadable = ["VARIANT(", "GEOGRAPHY(", "_Unknown(", "["];
        prop_assume!(!unreadable.iter().any(|word| text.contains(word)));
        let theirs = oracle_parser::parse_message_type(&text).unwrap();
        prop_assert_eq!(
            printed_by_the_oracle(&theirs).replace(",0))", "))"), text.replace(",0))", "))"));
    }
}

#[test]
fn geometries_are_printed_with_their_parameters() {
    let crs = || Some("EPSG:4326".to_string());
    use EdgeInterpolationAlgorithm as Ours;
    use oracle_basic::EdgeInterpolationAlgorithm as Theirs;
    use oracle_basic::LogicalType as TheirType;
    let cases = [
        (LogicalType::geometry(crs()), TheirType::geometry(crs())),
        (
            LogicalType::geography(crs(), None),
            TheirType::geography(crs(), None),
        ),
        (
            LogicalType::geography(crs(), Some(Ours::KARNEY)),
            TheirType::geography(crs(), Some(Theirs::KARNEY)),
        ),
        (
            LogicalType::geography(None, Some(Ours::_Unknown(8))),
            TheirType::geography(None, Some(Theirs::_Unknown(8))),
        ),
    ];
    for (ours, theirs) in cases {
        let ours = Type::primitive_type_builder("f", PhysicalType::BYTE_ARRAY)
            .with_logical_type(Some(ours))
            .build();
        let theirs =
            oracle_types::Type::primitive_type_builder("f", oracle_basic::Type::BYTE_ARRAY)
                .with_logical_type(Some(theirs))
                .build();
        assert_eq!(
            printed(&ours.unwrap()),
            printed_by_the_oracle(&theirs.unwrap())
        );
    }
}

#[test]
fn a_variant_group_and_a_bare_root_are_printed() {
    let variant = Type::group_type_builder("v")
        .with_repetition(crate::basic::Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::variant(Some(1))))
        .build()
        .unwrap();
    let root = Type::group_type_builder("root")
        .with_id(Some(4))
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(variant)])
        .build()
        .unwrap();
    assert_eq!(
        printed(&root),
        "message root [4] {\n  OPTIONAL group v (VARIANT(Some(1))) {\n  }\n}\n"
    );
}

/// Builds the same description in both crates: the builders have the same names.
macro_rules! described {
    ($root:ident, $created_by:expr, $pairs:expr) => {{
        use $root::basic::{Compression, Encoding};
        use $root::file::metadata::{
            ColumnChunkMetaData, FileMetaData, KeyValue, ParquetMetaData, RowGroupMetaData,
        };
        use $root::file::statistics::Statistics;
        use $root::schema::{parser::parse_message_type, types::SchemaDescriptor};

        let schema = parse_message_type(
            "message m { required int32 a; optional group g { optional binary b (STRING); } }",
        );
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(schema.unwrap())));
        let full = ColumnChunkMetaData::builder(schema.column(0))
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE_DICTIONARY])
            .set_file_path("elsewhere".to_string())
            .set_num_values(7)
            .set_compression(Compression::ZSTD(Default::default()))
            .set_total_compressed_size(50)
            .set_total_uncompressed_size(60)
            .set_data_page_offset(20)
            .set_index_page_offset(Some(10))
            .set_dictionary_page_offset(Some(4))
            .set_statistics(Statistics::int32(Some(1), Some(2), None, Some(3), false))
            .set_bloom_filter_offset(Some(70))
            .set_bloom_filter_length(Some(32))
            .set_offset_index_offset(Some(110))
            .set_offset_index_length(Some(9))
            .set_column_index_offset(Some(120))
            .set_column_index_length(Some(8))
            .build()
            .unwrap();
        let bare = ColumnChunkMetaData::builder(schema.column(1))
            .build()
            .unwrap();
        let row_group = |rows| {
            RowGroupMetaData::builder(Arc::clone(&schema))
                .set_num_rows(rows)
                .set_total_byte_size(99)
                .set_column_metadata(vec![full.clone(), bare.clone()])
                .build()
                .unwrap()
        };
        let pairs: Option<Vec<(&str, Option<&str>)>> = $pairs;
        let pairs = pairs.map(|pairs| {
            let pair = |(key, value): (&str, Option<&str>)| {
                KeyValue::new(key.to_string(), value.map(String::from))
            };
            pairs.into_iter().map(pair).collect()
        });
        let file = FileMetaData::new(2, 12, $created_by, pairs, Arc::clone(&schema), None);
        ParquetMetaData::new(file, vec![row_group(7), row_group(5)])
    }};
}

/// What `print` writes.
fn captured(print: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut text = Vec::new();
    print(&mut text);
    String::from_utf8(text).unwrap()
}

#[test]
fn file_descriptions_are_printed_as_the_oracle_prints_them() {
    for (created_by, pairs) in [
        (None, None),
        (
            Some("herringbone".to_string()),
            Some(vec![("k", Some("v")), ("n", None)]),
        ),
    ] {
        let ours = described!(crate, created_by.clone(), pairs.clone());
        let theirs = described!(parquet, created_by.clone(), pairs.clone());
        assert_eq!(
            captured(|out| print_parquet_metadata(out, &ours)),
            captured(|out| oracle::print_parquet_metadata(out, &theirs))
        );
        assert_eq!(
            captured(|out| print_file_metadata(out, ours.file_metadata())),
            captured(|out| oracle::print_file_metadata(out, theirs.file_metadata()))
        );
    }
}
