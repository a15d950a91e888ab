//! Schemas.

use parquet::schema::parser as oracle_parser;
use parquet::schema::types as oracle_types;

use super::*;
use crate::basic::{EdgeInterpolationAlgorithm, LogicalType, Repetition, Type as PhysicalType};
use crate::schema::types::Type;

fn read_schema(schema: SchemaDescPtr) -> oracle_types::TypePtr {
    let file = FileMetaData::new(1, 0, None, None, schema, None);
    let read = read_back(&ParquetMetaData::new(file, Vec::new()));
    read.file_metadata().schema_descr().root_schema_ptr()
}

fn survives(text: &str) {
    let expected = oracle_parser::parse_message_type(text).unwrap();
    assert_eq!(*read_schema(schema_of(text)), expected);
}

#[test]
fn physical_types_repetitions_and_field_ids_survive() {
    survives(
        "message root {
            required boolean a = 1;
            optional int32 b = 2147483647;
            repeated int64 c = -5;
            required int96 d;
            required float e;
            required double f = 0;
            required binary g;
            required fixed_len_byte_array(17) h;
        }",
    );
}

#[test]
fn annotations_survive() {
    survives(
        "message root {
            required binary a (STRING);
            required binary b (ENUM);
            required binary c (JSON);
            required binary d (BSON);
            required int32 e (DATE);
            required int32 f (DECIMAL(9, 2));
            required int64 g (DECIMAL(18, 0));
            required binary h (DECIMAL(40, 40));
            required fixed_len_byte_array(16) i (DECIMAL(38, 5));
            required int32 j (TIME(MILLIS, true));
            required int64 k (TIME(MICROS, false));
            required int64 l (TIME(NANOS, true));
            required int64 m (TIMESTAMP(MILLIS, true));
            required int64 n (TIMESTAMP(MICROS, false));
            required int64 o (TIMESTAMP(NANOS, true));
            required int32 p (INTEGER(8, true));
            required int32 q (INTEGER(16, false));
            required int32 r (INTEGER(32, true));
            required int64 s (INTEGER(64, false));
            required fixed_len_byte_array(16) t (UUID);
            required fixed_len_byte_array(2) u (FLOAT16);
            required fixed_len_byte_array(12) v (INTERVAL);
            required binary w (UTF8);
            required int64 x (TIMESTAMP_MICROS);
            required int32 y (UINT_8);
            required int32 z (UNKNOWN);
        }",
    );
}

#[test]
fn nested_groups_keep_their_order() {
    survives(
        "message root {
            optional group a (LIST) { repeated group list { optional int32 element; } }
            optional group b (MAP) {
                repeated group key_value {
                    required binary key (STRING);
                    optional group value { required int32 x; optional group y { repeated int64 z; } }
                }
            }
            required int32 c;
        }",
    );
}

#[test]
fn types_with_optional_parameters_survive() {
    let leaf = |name: &str, logical_type| {
        let leaf = Type::primitive_type_builder(name, PhysicalType::BYTE_ARRAY)
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(Some(logical_type));
        Arc::new(leaf.build().unwrap())
    };
    let crs = || Some("EPSG:4326".to_string());
    let karney = Some(EdgeInterpolationAlgorithm::KARNEY);
    let root = Type::group_type_builder("root").with_fields(vec![
        leaf("a", LogicalType::geometry(None)),
        leaf("b", LogicalType::geometry(crs())),
        leaf("c", LogicalType::geography(None, None)),
        leaf("d", LogicalType::geography(crs(), karney)),
    ]);
    let schema = SchemaDescriptor::new(Arc::new(root.build().unwrap()));
    let written: Vec<_> = schema
        .columns()
        .iter()
        .map(|it| format!("{:?}", it.logical_type_ref()))
        .collect();
    let read = read_schema(Arc::new(schema));
    let read: Vec<_> = read
        .get_fields()
        .iter()
        .map(|field| format!("{:?}", field.get_basic_info().logical_type_ref()))
        .collect();
    assert_eq!(read, written);
}

#[test]
fn variants_keep_their_version() {
    for version in [None, Some(1)] {
        let leaf = |name: &str| {
            let leaf = Type::primitive_type_builder(name, PhysicalType::BYTE_ARRAY)
                .with_repetition(Repetition::REQUIRED);
            Arc::new(leaf.build().unwrap())
        };
        let variant = Type::group_type_builder("v")
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(Some(LogicalType::variant(version)))
            .with_fields(vec![leaf("metadata"), leaf("value")]);
        let root =
            Type::group_type_builder("root").with_fields(vec![Arc::new(variant.build().unwrap())]);
        let read = read_schema(Arc::new(SchemaDescriptor::new(Arc::new(
            root.build().unwrap(),
        ))));
        let read = read.get_fields()[0]
            .get_basic_info()
            .logical_type_ref()
            .cloned();
        assert_eq!(read, Some(parquet::basic::LogicalType::variant(version)));
    }
}

#[test]
fn ten_thousand_columns_survive() {
    let columns: String = (0..10_000)
        .map(|column| format!("optional group g{column} {{ optional int64 c{column} (TIMESTAMP(MICROS, true)); }} "))
        .collect();
    survives(&format!("message wide {{ {columns} }}"));
}

#[test]
fn two_hundred_levels_survive() {
    let opened: String = (0..200)
        .map(|level| format!("optional group g{level} {{ "))
        .collect();
    let closed = "} ".repeat(200);
    survives(&format!(
        "message deep {{ {opened} required int32 x; {closed} }}"
    ));
}
