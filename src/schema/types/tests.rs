//! Nodes, builders and descriptors, compared with an independent implementation.

use std::sync::Arc;

use parquet::basic as oracle_basic;
use parquet::schema::types as oracle;
use proptest::prelude::*;

use super::*;
use crate::basic::tests::logical_types;
use crate::basic::{ConvertedType, LogicalType, Repetition, SortOrder, Type as PhysicalType};

/// What a leaf is made from, apart from name, repetition and id.
#[derive(Debug, Clone)]
struct LeafSpec {
    physical: PhysicalType,
    length: i32,
    precision: i32,
    scale: i32,
    converted: ConvertedType,
    logical: Option<(LogicalType, oracle_basic::LogicalType)>,
}

impl LeafSpec {
    fn new(physical: PhysicalType) -> Self {
        let (length, precision, scale) = (-1, -1, -1);
        LeafSpec {
            physical,
            length,
            precision,
            scale,
            converted: ConvertedType::NONE,
            logical: None,
        }
    }
}

fn build_leaf(
    name: &str,
    repetition: Repetition,
    id: Option<i32>,
    spec: &LeafSpec,
) -> (Result<Type, String>, Result<oracle::Type, String>) {
    let ours = Type::primitive_type_builder(name, spec.physical)
        .with_repetition(repetition)
        .with_length(spec.length)
        .with_precision(spec.precision)
        .with_scale(spec.scale)
        .with_converted_type(spec.converted)
        .with_logical_type(spec.logical.as_ref().map(|(ours, _)| ours.clone()))
        .with_id(id)
        .build();
    let physical = spec.physical.to_string().parse().unwrap();
    let theirs = oracle::Type::primitive_type_builder(name, physical)
        .with_repetition(repetition.to_string().parse().unwrap())
        .with_length(spec.length)
        .with_precision(spec.precision)
        .with_scale(spec.scale)
        .with_converted_type(spec.converted.to_string().parse().unwrap())
        .with_logical_type(spec.logical.as_ref().map(|(_, theirs)| theirs.clone()))
        .with_id(id)
        .build();
    (
        ours.map_err(|e| e.to_string()),
        theirs.map_err(|e| e.to_string()),
    )
}

/// Leaves of every physical type, length, annotation and number of digits, sensible or not.
fn leaf_specs() -> Vec<LeafSpec> {
    let mut logical: Vec<_> = logical_types().into_iter().map(Some).collect();
    logical.push(None);
    for (scale, precision) in [(2, 9), (2, 10), (0, 18), (0, 19), (3, 2), (-1, 5), (0, 0)] {
        logical.push(Some((
            LogicalType::decimal(scale, precision),
            oracle_basic::LogicalType::decimal(scale, precision),
        )));
    }
    let mut specs = Vec::new();
    for logical in &logical {
        for physical in PhysicalType::VARIANTS {
            for length in [-1, 0, 2, 12, 16] {
                for (scale, precision) in [(-1, -1), (2, 9), (2, 10), (0, 19), (3, 2), (0, 0)] {
                    for converted in ConvertedType::VARIANTS {
                        specs.push(LeafSpec {
                            physical: *physical,
                            length,
                            precision,
                            scale,
                            converted: *converted,
                            logical: logical.clone(),
                        });
                    }
                }
            }
        }
    }
    specs
}

#[test]
fn leaves_are_built_or_refused_as_the_oracle_does_it() {
    let (mut built, mut refused) = (0, 0);
    for spec in leaf_specs() {
        let (ours, theirs) = build_leaf("foo", Repetition::OPTIONAL, None, &spec);
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                built += 1;
                assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{spec:?}");
            }
            (Err(ours), Err(theirs)) => {
                refused += 1;
                assert_eq!(ours, theirs, "{spec:?}");
            }
            (ours, theirs) => panic!("{spec:?}: {ours:?}, {theirs:?}"),
        }
    }
    assert!(
        built > 1000 && refused > 1000,
        "{built} built, {refused} refused"
    );
}

#[test]
fn decimals_fill_fixed_length_arrays_as_far_as_the_oracle_lets_them() {
    for length in 0..128 {
        let mut spec = LeafSpec::new(PhysicalType::FIXED_LEN_BYTE_ARRAY);
        (spec.length, spec.scale, spec.converted) = (length, 0, ConvertedType::DECIMAL);
        spec.precision = i32::MAX;
        let (ours, theirs) = build_leaf("foo", Repetition::OPTIONAL, None, &spec);
        assert_eq!(ours.unwrap_err(), theirs.unwrap_err());
    }
    // 2^7999 has 2408 digits, so not every number of 2408 digits fits.
    let mut spec = LeafSpec::new(PhysicalType::FIXED_LEN_BYTE_ARRAY);
    (spec.length, spec.scale, spec.converted) = (1000, 0, ConvertedType::DECIMAL);
    for (precision, fits) in [(2407, true), (2408, false)] {
        spec.precision = precision;
        assert_eq!(
            build_leaf("foo", Repetition::OPTIONAL, None, &spec)
                .0
                .is_ok(),
            fits
        );
    }
}

#[test]
fn integers_of_odd_width_are_refused() {
    let error = Type::primitive_type_builder("n", PhysicalType::INT32)
        .with_logical_type(Some(LogicalType::integer(7, true)))
        .build()
        .unwrap_err();
    assert!(
        error.to_string().contains("Cannot annotate Integer"),
        "{error}"
    );
}

#[test]
fn file_groups_hold_only_the_fields_of_the_format() {
    use PhysicalType::{BYTE_ARRAY, INT32, INT64};
    use Repetition::{OPTIONAL, REPEATED, REQUIRED};
    let string = || {
        logical_types()
            .into_iter()
            .find(|(ours, _)| *ours == LogicalType::String)
            .unwrap()
    };
    let leaf = |physical, logical| LeafSpec {
        logical,
        ..LeafSpec::new(physical)
    };
    for names in [
        "uri",
        "offset",
        "size",
        "content_type",
        "checksum",
        "inline",
        "URI",
        "other",
    ] {
        for repetition in [REQUIRED, OPTIONAL, REPEATED] {
            for spec in [
                leaf(BYTE_ARRAY, Some(string())),
                leaf(BYTE_ARRAY, None),
                leaf(INT64, None),
                leaf(INT32, None),
            ] {
                let (ours, theirs) = build_leaf(names, repetition, None, &spec);
                let ours = Type::group_type_builder("g")
                    .with_logical_type(Some(LogicalType::File))
                    .with_fields(vec![Arc::new(ours.unwrap())])
                    .build();
                let theirs = oracle::Type::group_type_builder("g")
                    .with_logical_type(Some(oracle_basic::LogicalType::File))
                    .with_fields(vec![Arc::new(theirs.unwrap())])
                    .build();
                assert_eq!(
                    ours.map(|t| format!("{t:?}")).map_err(|e| e.to_string()),
                    theirs.map(|t| format!("{t:?}")).map_err(|e| e.to_string())
                );
            }
        }
    }
    let inner = Type::group_type_builder("uri")
        .with_repetition(OPTIONAL)
        .build()
        .unwrap();
    let error = Type::group_type_builder("g")
        .with_logical_type(Some(LogicalType::File))
        .with_fields(vec![Arc::new(inner)])
        .build()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("'uri' in group 'g' must be a primitive type"),
        "{error}"
    );
}

/// A schema in our form and in the oracle's.
pub(crate) type Both = (Type, oracle::Type);

/// Random schemas: up to four levels of groups, all repetitions, all annotations, ids here and
/// there; names differ within a group.
pub(crate) fn schemas() -> impl Strategy<Value = Both> {
    fields(4).prop_map(|fields| {
        let (ours, theirs) = build_fields(&fields);
        (
            Type::group_type_builder("schema")
                .with_fields(ours)
                .build()
                .unwrap(),
            oracle::Type::group_type_builder("schema")
                .with_fields(theirs)
                .build()
                .unwrap(),
        )
    })
}

#[derive(Debug, Clone)]
struct Field {
    tail: String,
    repetition: Repetition,
    id: Option<i32>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Leaf(LeafSpec),
    Group(usize, Vec<Field>),
}

fn fields(depth: u32) -> BoxedStrategy<Vec<Field>> {
    let leaf = valid_leaf().prop_map(Kind::Leaf).boxed();
    let kind = match depth.checked_sub(1) {
        Some(below) => prop_oneof![
            2 => leaf,
            1 => (0..5_usize, fields(below)).prop_map(|(annotation, fields)| Kind::Group(annotation, fields)),
        ]
        .boxed(),
        None => leaf,
    };
    let id = prop_oneof![3 => Just(None), 1 => (0..100).prop_map(Some)];
    let field = (
        "_?[a-z]?",
        prop::sample::select(Repetition::VARIANTS),
        id,
        kind,
    )
        .prop_map(|(tail, repetition, id, kind)| Field {
            tail,
            repetition,
            id,
            kind,
        });
    prop::collection::vec(field, 0..4).boxed()
}

fn build_fields(fields: &[Field]) -> (Vec<TypePtr>, Vec<oracle::TypePtr>) {
    let built = ["a", "b", "c", "d"]
        .iter()
        .zip(fields)
        .map(|(letter, field)| {
            let name = format!("{letter}{}", field.tail);
            let (ours, theirs) = match &field.kind {
                Kind::Leaf(spec) => {
                    let (ours, theirs) = build_leaf(&name, field.repetition, field.id, spec);
                    (ours.unwrap(), theirs.unwrap())
                }
                Kind::Group(annotation, fields) => {
                    build_group(&name, field.repetition, field.id, *annotation, fields)
                }
            };
            (Arc::new(ours), Arc::new(theirs))
        });
    built.unzip()
}

fn build_group(
    name: &str,
    repetition: Repetition,
    id: Option<i32>,
    annotation: usize,
    fields: &[Field],
) -> Both {
    let (ours, theirs) = build_fields(fields);
    let mut our_builder = Type::group_type_builder(name)
        .with_repetition(repetition)
        .with_id(id)
        .with_fields(ours);
    let mut their_builder = oracle::Type::group_type_builder(name)
        .with_repetition(repetition.to_string().parse().unwrap())
        .with_id(id)
        .with_fields(theirs);
    match annotation {
        1 => {
            our_builder = our_builder.with_logical_type(Some(LogicalType::List));
            their_builder = their_builder.with_logical_type(Some(oracle_basic::LogicalType::List));
        }
        2 => {
            our_builder = our_builder.with_logical_type(Some(LogicalType::Map));
            their_builder = their_builder.with_logical_type(Some(oracle_basic::LogicalType::Map));
        }
        3 => {
            our_builder = our_builder.with_converted_type(ConvertedType::MAP_KEY_VALUE);
            their_builder =
                their_builder.with_converted_type(oracle_basic::ConvertedType::MAP_KEY_VALUE);
        }
        4 => {
            our_builder = our_builder.with_converted_type(ConvertedType::LIST);
            their_builder = their_builder.with_converted_type(oracle_basic::ConvertedType::LIST);
        }
        _ => {}
    }
    (our_builder.build().unwrap(), their_builder.build().unwrap())
}

fn valid_leaf() -> impl Strategy<Value = LeafSpec> {
    thread_local! {
        static VALID: Vec<LeafSpec> = leaf_specs()
            .into_iter()
            .filter(|spec| build_leaf("x", Repetition::OPTIONAL, None, spec).0.is_ok())
            .collect();
    }
    VALID.with(|valid| prop::sample::select(valid.clone()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn descriptors_equal_the_oracles((ours, theirs) in schemas()) {
        prop_assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
        let ours = SchemaDescriptor::new(Arc::new(ours));
        let theirs = oracle::SchemaDescriptor::new(Arc::new(theirs));
        prop_assert_eq!(ours.num_columns(), theirs.num_columns());
        prop_assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
        for i in 0..ours.num_columns() {
            let (mine, other) = (ours.column(i), theirs.column(i));
            prop_assert_eq!(mine.max_def_level(), other.max_def_level());
            prop_assert_eq!(mine.max_rep_level(), other.max_rep_level());
            prop_assert_eq!(
                mine.repeated_ancestor_def_level(), other.repeated_ancestor_def_level());
            prop_assert_eq!(mine.path().parts(), other.path().parts());
            prop_assert_eq!(mine.path().string(), other.path().string());
            prop_assert_eq!(mine.type_length(), other.type_length());
            prop_assert_eq!(mine.type_precision(), other.type_precision());
            prop_assert_eq!(mine.type_scale(), other.type_scale());
            prop_assert_eq!(
                format!("{:?}", mine.sort_order()), format!("{:?}", other.sort_order()));
            prop_assert_eq!(
                format!("{:?}", mine.self_type()), format!("{:?}", other.self_type()));
            prop_assert_eq!(ours.get_column_root_idx(i), theirs.get_column_root_idx(i));
            prop_assert_eq!(ours.get_column_root(i).name(), theirs.get_column_root(i).name());
        }
    }

    #[test]
    fn containment_equals_the_oracles((ours, theirs) in schemas(), (other, their_other) in schemas()) {
        prop_assert!(ours.check_contains(&ours));
        prop_assert_eq!(ours.check_contains(&other), theirs.check_contains(&their_other));
        let pairs: Vec<_> = ours.get_fields().iter().zip(theirs.get_fields()).collect();
        for (mine, their_one) in &pairs {
            prop_assert_eq!(mine.is_optional(), their_one.is_optional());
            prop_assert_eq!(mine.is_schema(), their_one.is_schema());
            prop_assert_eq!(mine.is_group(), their_one.is_group());
            for (sub, their_sub) in &pairs {
                prop_assert_eq!(mine.check_contains(sub), their_one.check_contains(their_sub));
            }
        }
    }

    #[test]
    fn schemas_contain_their_parts((ours, _) in schemas(), keep in prop::collection::vec(any::<bool>(), 4)) {
        let kept: Vec<_> = ours.get_fields().iter().zip(&keep)
            .filter(|(_, keep)| **keep)
            .map(|(field, _)| Arc::clone(field)).collect();
        let complete = kept.len() == ours.get_fields().len();
        let part = Type::group_type_builder("schema").with_fields(kept).build().unwrap();
        prop_assert!(ours.check_contains(&part));
        prop_assert_eq!(part.check_contains(&ours), complete);
    }
}

#[test]
fn containment_looks_at_names_repetitions_and_types() {
    let leaf = |name: &str, physical, repetition| {
        Arc::new(
            Type::primitive_type_builder(name, physical)
                .with_repetition(repetition)
                .build()
                .unwrap(),
        )
    };
    let group = |fields| {
        Type::group_type_builder("g")
            .with_fields(fields)
            .build()
            .unwrap()
    };
    use PhysicalType::{INT32, INT64};
    use Repetition::{OPTIONAL, REQUIRED};
    let whole = group(vec![leaf("a", INT32, OPTIONAL), leaf("b", INT64, REQUIRED)]);
    assert!(whole.check_contains(&group(vec![leaf("b", INT64, REQUIRED)])));
    assert!(!whole.check_contains(&group(vec![leaf("b", INT64, OPTIONAL)])));
    assert!(!whole.check_contains(&group(vec![leaf("b", INT32, REQUIRED)])));
    assert!(!whole.check_contains(&group(vec![leaf("c", INT64, REQUIRED)])));
    assert!(!whole.check_contains(&leaf("g", INT32, OPTIONAL)));
}

#[test]
fn groups_have_no_order_and_roots_no_repetition() {
    let root = Type::group_type_builder("root").build().unwrap();
    assert!(root.is_schema() && root.is_group() && !root.is_primitive() && !root.is_optional());
    assert!(!root.get_basic_info().has_repetition() && !root.get_basic_info().has_id());
    assert_eq!(root.get_basic_info().sort_order(), SortOrder::UNDEFINED);
}

#[test]
fn asking_the_wrong_node_panics() {
    fn leaf() -> Type {
        Type::primitive_type_builder("leaf", PhysicalType::INT32)
            .build()
            .unwrap()
    }
    fn root() -> Type {
        Type::group_type_builder("root").build().unwrap()
    }
    fn descriptor() -> SchemaDescriptor {
        SchemaDescriptor::new(Arc::new(root()))
    }
    let cases: [(&str, fn()); 9] = [
        ("get_fields", || _ = leaf().get_fields()),
        ("get_physical_type", || _ = root().get_physical_type()),
        ("get_precision", || _ = root().get_precision()),
        ("get_scale", || _ = root().get_scale()),
        ("repetition", || _ = root().get_basic_info().repetition()),
        ("id", || _ = root().get_basic_info().id()),
        ("new", || _ = SchemaDescriptor::new(Arc::new(leaf()))),
        ("column", || _ = descriptor().column(0)),
        ("root", || _ = descriptor().get_column_root(0)),
    ];
    for (name, case) in cases {
        assert!(
            std::panic::catch_unwind(case).is_err(),
            "{name} did not panic"
        );
    }
}

#[test]
fn a_path_of_one_text_is_one_part() {
    let mut path = ColumnPath::from("a.b");
    assert_eq!(path.parts(), ["a.b".to_string()]);
    path.append(vec!["c".to_string(), "d".to_string()]);
    assert_eq!(path.string(), "a.b.c.d");
    let theirs = oracle::ColumnPath::new(path.parts().to_vec());
    assert_eq!(path.to_string(), theirs.to_string());
    assert_eq!(path.as_ref().len(), 3);
    assert_eq!(
        ColumnPath::from("x".to_string()),
        ColumnPath::new(vec!["x".to_string()])
    );
}

#[test]
fn a_flat_column_costs_few_bytes() {
    const COLUMNS: usize = 10_000;
    let fields = (0..COLUMNS)
        .map(|i| {
            let name = format!("column_{i:05}");
            Arc::new(
                Type::primitive_type_builder(&name, PhysicalType::INT64)
                    .build()
                    .unwrap(),
            )
        })
        .collect();
    let root = Type::group_type_builder("root")
        .with_fields(fields)
        .build()
        .unwrap();
    let schema = SchemaDescriptor::new(Arc::new(root));
    let a_column = schema.memory_size() / COLUMNS;
    assert!(a_column <= 320, "{a_column} bytes");
    let names = "column_00000".len() + size_of::<String>();
    assert_eq!(schema.column(0).memory_size(), names);
}
