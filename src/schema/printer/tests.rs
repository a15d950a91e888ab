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
