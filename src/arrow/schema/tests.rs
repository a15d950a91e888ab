//! The `parquet` crate converts the same schemas; both must agree.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_buffer::i256;
use arrow_schema::{
    DataType, Field, FieldRef, Fields, IntervalUnit, Schema, TimeUnit, UnionFields, UnionMode,
};
use proptest::prelude::*;

use super::leaf::decimal_bytes;
use super::*;
use crate::errors::{ParquetError, Result};
use crate::meta::metadata::KeyValue;
use crate::meta::printer::print_schema;
use crate::meta::properties::WriterProperties;

fn ours(schema: &Schema, coerce: bool) -> Result<String> {
    let converter = ArrowSchemaConverter::new()
        .with_coerce_types(coerce)
        .schema_root("root");
    let mut out = vec![];
    print_schema(&mut out, converter.convert(schema)?.root_schema());
    Ok(String::from_utf8(out).unwrap())
}

fn theirs(schema: &Schema, coerce: bool) -> parquet::errors::Result<String> {
    let converter = parquet::arrow::ArrowSchemaConverter::new()
        .with_coerce_types(coerce)
        .schema_root("root");
    let mut out = vec![];
    parquet::schema::printer::print_schema(&mut out, converter.convert(schema)?.root_schema());
    Ok(String::from_utf8(out).unwrap())
}

fn agree(schema: &Schema) {
    for coerce in [false, true] {
        match (ours(schema, coerce), theirs(schema, coerce)) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{schema}"),
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("ours {ours:?}\ntheirs {theirs:?}\n{schema}"),
        }
    }
    assert_eq!(
        encode_arrow_schema(schema),
        parquet::arrow::encode_arrow_schema(schema),
        "{schema}"
    );
    assert_eq!(ours_embedded(schema), theirs_embedded(schema), "{schema}");
}

fn ours_embedded(schema: &Schema) -> String {
    let mut props = WriterProperties::default();
    add_encoded_arrow_schema_to_metadata(schema, &mut props);
    props.key_value_metadata().unwrap()[0]
        .value
        .clone()
        .unwrap()
}

fn theirs_embedded(schema: &Schema) -> String {
    let mut props = parquet::file::properties::WriterProperties::default();
    parquet::arrow::add_encoded_arrow_schema_to_metadata(schema, &mut props);
    props.key_value_metadata().unwrap()[0]
        .value
        .clone()
        .unwrap()
}

fn of(data_type: DataType) -> Schema {
    Schema::new(vec![Field::new("f", data_type, true)])
}

pub(crate) fn leaves() -> Vec<DataType> {
    use DataType::*;
    let mut leaves = vec![
        Null,
        Boolean,
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float16,
        Float32,
        Float64,
        Date32,
        Date64,
        Utf8,
        LargeUtf8,
        Utf8View,
        Binary,
        LargeBinary,
        BinaryView,
        FixedSizeBinary(1),
        FixedSizeBinary(16),
        Time32(TimeUnit::Second),
        Time32(TimeUnit::Millisecond),
        Time64(TimeUnit::Microsecond),
        Time64(TimeUnit::Nanosecond),
        Interval(IntervalUnit::YearMonth),
        Interval(IntervalUnit::DayTime),
        Interval(IntervalUnit::MonthDayNano),
        Decimal32(1, 0),
        Decimal32(9, 9),
        Decimal64(10, 3),
        Decimal64(18, 0),
        Decimal64(9, 1),
        Decimal128(5, 2),
        Decimal128(9, 0),
        Decimal128(10, 10),
        Decimal128(18, 1),
        Decimal128(19, 2),
        Decimal128(38, 38),
        Decimal256(9, 2),
        Decimal256(18, 2),
        Decimal256(39, 2),
        Decimal256(76, 2),
    ];
    for unit in [
        TimeUnit::Second,
        TimeUnit::Millisecond,
        TimeUnit::Microsecond,
        TimeUnit::Nanosecond,
    ] {
        leaves.push(Duration(unit));
        leaves.extend(
            [
                None,
                Some("UTC".into()),
                Some("".into()),
                Some("+02:00".into()),
            ]
            .map(|zone| Timestamp(unit, zone)),
        );
    }
    leaves
}

fn any_name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a", "b", "item", "element", "key", "value", "list", "a.b", "é", "",
    ])
    .prop_map(String::from)
}

fn any_field(data_type: impl Strategy<Value = DataType>) -> impl Strategy<Value = FieldRef> {
    let entry = prop::sample::select(vec![
        None,
        None,
        Some(("PARQUET:field_id", "7")),
        Some(("PARQUET:field_id", "-3")),
        Some(("PARQUET:field_id", "seven")),
        Some(("adjusted_to_utc", "false")),
        Some(("other", "x")),
    ]);
    (any_name(), data_type, any::<bool>(), entry).prop_map(|(name, data_type, nullable, entry)| {
        // A column of nulls is optional here; `parquet` makes it REQUIRED, and then cannot write it.
        let nullable = nullable || *value_type(&data_type) == DataType::Null;
        let metadata = entry
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .into_iter();
        Arc::new(
            Field::new(name, data_type, nullable)
                .with_metadata(metadata.collect::<HashMap<_, _>>()),
        )
    })
}

fn any_type() -> impl Strategy<Value = DataType> {
    prop::sample::select(leaves()).prop_recursive(4, 24, 4, |inner| {
        let field = any_field(inner.clone()).boxed();
        let fields =
            prop_oneof![1 => Just(vec![]), 30 => prop::collection::vec(field.clone(), 1..4)];
        prop_oneof![
            field.clone().prop_map(DataType::List),
            field.clone().prop_map(DataType::LargeList),
            field.clone().prop_map(DataType::ListView),
            field.clone().prop_map(DataType::LargeListView),
            (field.clone(), 0..5).prop_map(|(item, len)| DataType::FixedSizeList(item, len)),
            fields.prop_map(|fields| DataType::Struct(fields.into())),
            (
                field.clone(),
                field.clone(),
                any_name(),
                any::<(u8, bool, bool)>()
            )
                .prop_map(|(key, value, name, (dice, nullable, sorted))| {
                    let mut key = key.as_ref().clone().with_nullable(dice < 10);
                    if *value_type(key.data_type()) == DataType::Null {
                        key = key.with_data_type(DataType::Utf8);
                    }
                    let pair = DataType::Struct(Fields::from(vec![Arc::new(key), value]));
                    DataType::Map(Arc::new(Field::new(name, pair, nullable)), sorted)
                }),
            (
                prop::sample::select(vec![DataType::Int8, DataType::UInt32, DataType::Int64]),
                inner
            )
                .prop_map(|(key, values)| DataType::Dictionary(Box::new(key), Box::new(values))),
            field.prop_map(|values| {
                DataType::RunEndEncoded(
                    Arc::new(Field::new("run_ends", DataType::Int32, false)),
                    values,
                )
            }),
        ]
    })
}

#[test]
fn every_leaf_type_converts_as_in_parquet() {
    for data_type in leaves() {
        agree(&of(data_type.clone()));
        agree(&of(DataType::Dictionary(
            Box::new(DataType::Int16),
            Box::new(data_type.clone()),
        )));
        if data_type == DataType::Null {
            continue;
        }
        let required = Field::new("required", data_type, false);
        let utc = HashMap::from([("adjusted_to_utc".to_string(), String::new())]);
        agree(&Schema::new(vec![
            required.clone(),
            required.with_metadata(utc),
        ]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_schemas_convert_as_in_parquet(fields in prop::collection::vec(any_field(any_type()), 0..4)) {
        agree(&Schema::new(fields));
    }
}

#[test]
fn a_column_of_nulls_is_optional_whatever_its_field_says() {
    let required = Schema::new(vec![Field::new("f", DataType::Null, false)]);
    assert_eq!(
        ours(&required, false).unwrap(),
        ours(&of(DataType::Null), false).unwrap()
    );
}

#[test]
fn decimals_take_the_fewest_bytes() {
    let fits = |digits: u8, bytes: i32| {
        let largest = i256::from_i128(10)
            .wrapping_pow(u32::from(digits))
            .wrapping_sub(i256::ONE);
        // The largest number needs a bit less than the bytes have, for the sign.
        (0..8 * bytes - 1).fold(largest, |rest, _| rest.wrapping_div(i256::from_i128(2)))
            == i256::ZERO
    };
    for digits in 1..=76 {
        let bytes = decimal_bytes(digits);
        assert!(
            fits(digits, bytes) && !fits(digits, bytes - 1),
            "{digits} digits in {bytes} bytes"
        );
    }
    assert_eq!([19, 38, 76].map(decimal_bytes), [9, 16, 32]);
}

#[test]
fn the_root_is_named_arrow_schema_by_default() {
    let descriptor = ArrowSchemaConverter::default()
        .convert(&of(DataType::Int32))
        .unwrap();
    assert_eq!(descriptor.name(), "arrow_schema");
}

fn failure(data_type: DataType) -> ParquetError {
    ours(&of(data_type), false).unwrap_err()
}

#[test]
fn what_cannot_be_written_is_named() {
    let empty = failure(DataType::Struct(Fields::empty()));
    assert!(
        empty
            .to_string()
            .starts_with("Arrow: Parquet does not support writing empty structs"),
        "{empty}"
    );
    assert!(empty.to_string().contains("'f'"), "{empty}");

    let member = Field::new("m", DataType::Int32, true);
    let union = failure(DataType::Union(
        UnionFields::from_fields([member]),
        UnionMode::Dense,
    ));
    assert!(
        matches!(union, ParquetError::NYI(_)) && union.to_string().contains("'f'"),
        "{union}"
    );

    for length in [0, -1] {
        let error = failure(DataType::FixedSizeBinary(length));
        assert!(
            matches!(error, ParquetError::General(_)) && error.to_string().contains("'f'"),
            "{error}"
        );
    }
    let scale = failure(DataType::Decimal128(9, -1));
    assert!(
        scale.to_string().contains("Invalid DECIMAL scale"),
        "{scale}"
    );
    let precision = failure(DataType::Decimal128(0, 0));
    assert!(
        precision.to_string().contains("Invalid DECIMAL precision"),
        "{precision}"
    );
}

#[test]
fn map_keys_may_not_be_nullable_in_any_layer() {
    let map = |key: Field| {
        let pair = DataType::Struct(vec![key, Field::new("v", DataType::Int32, true)].into());
        DataType::Map(Arc::new(Field::new("entries", pair, false)), false)
    };
    let runs = |nullable: bool| {
        let ends = Arc::new(Field::new("run_ends", DataType::Int32, false));
        DataType::RunEndEncoded(
            ends,
            Arc::new(Field::new("values", DataType::Utf8, nullable)),
        )
    };
    let inside = DataType::Dictionary(Box::new(DataType::Int8), Box::new(runs(true)));
    for key in [
        Field::new("k", DataType::Utf8, true),
        Field::new("k", runs(true), false),
        Field::new("k", inside, false),
    ] {
        let error = failure(map(key));
        assert_eq!(
            error.to_string(),
            "Parquet error: Map key field 'k' must be non-nullable, including its encoded values"
        );
    }
    assert!(ours(&of(map(Field::new("k", runs(false), false))), false).is_ok());
}

#[test]
fn a_map_of_another_shape_is_an_error() {
    let wrong = [
        DataType::Int32,
        DataType::Struct(vec![Field::new("k", DataType::Utf8, false)].into()),
    ];
    for entries in wrong {
        let error = failure(DataType::Map(
            Arc::new(Field::new("entries", entries, false)),
            false,
        ));
        assert!(
            matches!(error, ParquetError::ArrowError(_)) && error.to_string().contains("'f'"),
            "{error}"
        );
    }
}

#[test]
fn the_embedded_schema_comes_last_and_once() {
    let entry = |key: &str, value: &str| KeyValue::new(key.to_string(), Some(value.to_string()));
    let mut props = WriterProperties::builder()
        .set_key_value_metadata(Some(vec![
            entry("ARROW:schema", "old"),
            entry("mine", "kept"),
        ]))
        .build();
    let schema = of(DataType::Int32);
    add_encoded_arrow_schema_to_metadata(&schema, &mut props);
    let expected = [
        entry("mine", "kept"),
        entry(ARROW_SCHEMA_META_KEY, &encode_arrow_schema(&schema)),
    ];
    assert_eq!(props.key_value_metadata().unwrap(), &expected);
}
