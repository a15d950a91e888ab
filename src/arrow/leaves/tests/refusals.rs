//! What a plan or a walk refuses.

use std::sync::Arc;
use std::thread;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int32Array, ListArray, StringArray, StructArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Fields, UnionFields, UnionMode};

use super::super::LeafPlan;
use super::super::leaf::{Counts, Refusal};
use super::{checked, walk};
use crate::errors::ParquetError;

fn plan_error(data_type: DataType) -> String {
    LeafPlan::try_new(&Field::new("c", data_type, true))
        .unwrap_err()
        .to_string()
}

fn list_of(data_type: DataType, nullable: bool) -> DataType {
    DataType::List(Arc::new(Field::new("item", data_type, nullable)))
}

#[test]
fn a_struct_without_fields_is_refused() {
    let error = plan_error(list_of(DataType::Struct(Fields::empty()), true));
    assert!(
        error.contains("Parquet does not support writing empty structs"),
        "{error}"
    );
}

#[test]
fn a_union_is_refused() {
    let error = plan_error(DataType::Union(UnionFields::empty(), UnionMode::Sparse));
    assert!(error.contains("unions cannot be written"), "{error}");
}

#[test]
fn a_nullable_map_key_is_refused() {
    let runs = DataType::RunEndEncoded(
        Arc::new(Field::new("run_ends", DataType::Int32, false)),
        Arc::new(Field::new("values", DataType::Utf8, true)),
    );
    for (key, nullable) in [(DataType::Utf8, true), (runs, false)] {
        let entries = vec![
            Field::new("k", key, nullable),
            Field::new("v", DataType::Int32, true),
        ];
        let entries = Field::new("entries", DataType::Struct(entries.into()), false);
        let error = plan_error(DataType::Map(Arc::new(entries), false));
        assert!(
            error.contains("Map key field 'k' must be non-nullable, including its encoded values")
        );
    }
}

#[test]
fn nesting_beyond_sixteen_bits_is_refused() {
    let deepest = thread::Builder::new().stack_size(256 << 20).spawn(|| {
        let nested = |depth| {
            let lists = (0..depth).fold(DataType::Int32, |inner, _| list_of(inner, true));
            LeafPlan::try_new(&Field::new("c", lists, false)).map(|plan| plan.leaves)
        };
        // Each list takes one level for itself and one for its elements, but for the required root.
        assert_eq!(nested(16_383).unwrap(), 1);
        let error = nested(16_384).unwrap_err();
        assert!(matches!(error, ParquetError::General(_)));
        assert!(
            error
                .to_string()
                .contains("nested deeper than the 32767 levels"),
            "{error}"
        );
    });
    deepest.unwrap().join().unwrap();
}

#[test]
fn an_array_of_another_type_is_refused() {
    let plan = LeafPlan::try_new(&Field::new("temperature", DataType::Float64, true)).unwrap();
    let array: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let error = plan.leaves(&array).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Arrow: Incompatible type. Field 'temperature' has type Float64, array has type Int32"
    );
}

#[test]
fn names_and_layouts_of_strings_do_not_make_another_type() {
    let have = DataType::Struct(vec![Field::new("x", DataType::Utf8View, true)].into());
    let dictionary = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::LargeUtf8));
    let want = DataType::Struct(vec![Field::new("y", dictionary, false)].into());
    let fits = |want: &DataType, have: &DataType| {
        let plan = LeafPlan::try_new(&Field::new("c", want.clone(), true)).unwrap();
        plan.check_type(have).is_ok()
    };
    assert!(fits(&want, &have));
    assert!(!fits(
        &want,
        &DataType::Struct(vec![Field::new("y", DataType::Binary, true)].into())
    ));
    assert!(!fits(
        &list_of(DataType::Int32, true),
        &DataType::LargeList(Arc::new(Field::new("item", DataType::Int32, true)))
    ));
    assert!(fits(
        &list_of(DataType::Int32, true),
        &list_of(DataType::Int32, false)
    ));
}

#[test]
fn a_null_in_a_required_field_is_named_when_the_leaf_is_checked() {
    let array: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), Some(2), None, None]));
    let field = Field::new("id", DataType::Int32, false);
    let error = checked(&field, &array, 0).unwrap_err();
    assert!(matches!(error, ParquetError::ArrowError(_)));
    assert!(
        error
            .to_string()
            .contains("Found null at index 2 for required field 'id'"),
        "{error}"
    );
    assert_eq!(walk(&field, &array)[0].slots, 0);
    // Of a slice of a batch, rows are counted on from its first.
    let error = checked(&field, &array, 100).unwrap_err().to_string();
    assert!(error.contains("index 102 for"), "{error}");
}

#[test]
fn the_place_of_a_null_is_that_in_its_own_array() {
    let words: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    let keys = Int32Array::from(vec![1, 0, 0, 0, 1, 0]);
    let plain: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(
        keys.clone(),
        words.clone(),
    ));
    let letter = vec![Field::new("letter", DataType::Utf8, true)].into();
    let structs = StructArray::new(letter, vec![words], Some(vec![true, false].into()));
    let nested: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::new(structs)));
    for items in [plain, nested] {
        let item = |nullable| Arc::new(Field::new("item", items.data_type().clone(), nullable));
        let offsets = OffsetBuffer::new(vec![1, 2, 4, 6].into());
        let array: ArrayRef = Arc::new(ListArray::new(item(true), offsets, items.clone(), None));
        let field = Field::new("c", DataType::List(item(false)), true);
        let found = walk(&field, &array.slice(1, 2)).remove(0).refusal;
        assert_eq!(
            found.as_deref(),
            Some(&Refusal::RequiredNull {
                index: 4,
                counts: Counts::Elements,
                field: "item".into()
            })
        );
    }
}

#[test]
fn a_null_in_a_required_struct_touches_its_leaves_only() {
    let a: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let b: ArrayRef = Arc::new(StringArray::from(vec!["x", "y", "z"]));
    let inner: ArrayRef = Arc::new(StructArray::new(
        vec![Field::new("a", DataType::Int32, true)].into(),
        vec![a],
        Some(vec![true, false, true].into()),
    ));
    let fields = |nullable| {
        Fields::from(vec![
            Field::new("inner", inner.data_type().clone(), nullable),
            Field::new("b", DataType::Utf8, false),
        ])
    };
    let array: ArrayRef = Arc::new(StructArray::new(
        fields(true),
        vec![Arc::clone(&inner), b],
        None,
    ));
    let field = Field::new("outer", DataType::Struct(fields(false)), false);
    let leaves = walk(&field, &array);
    assert_eq!(
        leaves[0].refusal.as_deref(),
        Some(&Refusal::RequiredNull {
            index: 1,
            counts: Counts::Rows,
            field: "inner".into()
        })
    );
    assert!(leaves[1].refusal.is_none());
}

#[test]
fn a_null_under_a_null_list_is_out_of_reach() {
    let items = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let offsets = OffsetBuffer::from_lengths([1, 1, 1]);
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let nulls = Some(vec![true, false, true].into());
    let array: ArrayRef = Arc::new(ListArray::new(item, offsets, items, nulls));
    let field = Field::new("c", list_of(DataType::Int32, false), true);
    assert!(checked(&field, &array, 0).is_ok());
    assert!(checked(&field, &array.slice(1, 2), 0).is_ok());
}
