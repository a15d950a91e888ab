//! In which form levels and selections come out: as symbolic as the data allow.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, FixedSizeListArray, Int32Array, ListArray, ListViewArray,
    MapArray, NullArray, RunArray, StringArray, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, FieldRef, Fields};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::super::leaf::LevelData;
use super::arrays::{self, Options};
use super::{def, rep, slots, values, walk};
use crate::arrow::adapt::Selection;
use crate::data_type::levels::LevelRun;

fn nullable(name: &str, data_type: &DataType) -> FieldRef {
    Arc::new(Field::new(name, data_type.clone(), true))
}

fn required(name: &str, data_type: &DataType) -> FieldRef {
    Arc::new(Field::new(name, data_type.clone(), false))
}

fn field_of(array: &ArrayRef) -> FieldRef {
    nullable("c", array.data_type())
}

fn ints(values: impl IntoIterator<Item = Option<i32>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Int32Array>())
}

fn validity(valid: impl IntoIterator<Item = bool>) -> Option<NullBuffer> {
    Some(valid.into_iter().collect::<Vec<_>>().into())
}

fn list(lens: &[usize], item: FieldRef, items: ArrayRef, nulls: Option<NullBuffer>) -> ArrayRef {
    let offsets = OffsetBuffer::from_lengths(lens.iter().copied());
    Arc::new(ListArray::new(item, offsets, items, nulls))
}

fn uniform(level: i16, len: usize) -> LevelRun {
    LevelRun { level, len }
}

#[track_caller]
fn assert_uniform(levels: &LevelData, level: i16, len: usize) {
    assert!(
        matches!(levels, LevelData::Uniform(run) if *run == uniform(level, len)),
        "{levels:?}"
    );
}

#[test]
fn a_flat_column_without_nulls_has_one_level() {
    let array = ints((0..10).map(Some));
    let [leaf] = &walk(&required("c", array.data_type()), &array)[..] else {
        panic!()
    };
    assert_uniform(&leaf.def, 0, 10);
    assert_uniform(&leaf.rep, 0, 10);
    assert_eq!(leaf.slots, 10);
    let [leaf] = &walk(&field_of(&array), &array.slice(3, 5))[..] else {
        panic!()
    };
    assert_uniform(&leaf.def, 1, 5);
    assert!(matches!(
        leaf.selection,
        Selection::Range { from: 0, len: 5 }
    ));
    assert_eq!(leaf.memory_size(), 0);
}

#[test]
fn the_levels_of_a_flat_column_are_its_validity() {
    let array = ints((0..100).map(|i| (i % 3 > 0).then_some(i))).slice(7, 80);
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    let validity = array.nulls().unwrap().inner();
    let LevelData::Bits {
        bits,
        set: 1,
        clear: 0,
    } = &leaf.def
    else {
        panic!("{:?}", leaf.def)
    };
    assert!(bits.ptr_eq(validity));
    let Selection::Bits { bits, from: 0, .. } = &leaf.selection else {
        panic!("{:?}", leaf.selection)
    };
    assert!(bits.ptr_eq(validity));
    assert_eq!(leaf.memory_size(), 0);
}

#[test]
fn a_column_of_nulls_has_one_level_and_no_value() {
    let array = ints([None; 9]);
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert_uniform(&leaf.def, 0, 9);
    assert_eq!(leaf.selection.len(), 0);
}

#[test]
fn a_struct_that_is_always_present_adds_a_level_and_no_form() {
    let columns = [ints([Some(1), None, Some(3)]), ints((0..3).map(Some))];
    let fields = Fields::from(vec![field_of(&columns[0]), field_of(&columns[1])]);
    let array: ArrayRef = Arc::new(StructArray::new(
        fields,
        columns.to_vec(),
        validity([true; 3]),
    ));
    let leaves = walk(&field_of(&array), &array);
    assert!(matches!(
        leaves[0].def,
        LevelData::Bits {
            set: 2,
            clear: 1,
            ..
        }
    ));
    assert_uniform(&leaves[1].def, 2, 3);
}

#[test]
fn nulls_of_the_struct_alone_stay_bits() {
    // What a null struct's children hold does not matter.
    let columns = [ints([Some(1), None, Some(3)]), ints((0..3).map(Some))];
    let fields = Fields::from(vec![
        field_of(&columns[0]),
        required("b", columns[1].data_type()),
    ]);
    let array: ArrayRef = Arc::new(StructArray::new(
        fields,
        columns.to_vec(),
        validity([true, false, true]),
    ));
    let leaves = walk(&field_of(&array), &array);
    assert!(matches!(
        leaves[0].def,
        LevelData::Bits {
            set: 2,
            clear: 0,
            ..
        }
    ));
    assert!(matches!(
        leaves[1].def,
        LevelData::Bits {
            set: 1,
            clear: 0,
            ..
        }
    ));
    assert_eq!(slots(&leaves[0]), [0, 2]);
}

#[test]
fn nulls_of_struct_and_leaf_need_a_level_a_slot() {
    let column = ints((0..12).map(|i| (i % 3 > 0).then_some(i)));
    let fields = Fields::from(vec![field_of(&column)]);
    let nulls = validity((0..12).map(|i| i % 4 > 0));
    let array: ArrayRef = Arc::new(StructArray::new(fields, vec![column], nulls));
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert!(matches!(leaf.def, LevelData::Slice(_)));
    assert_eq!(def(leaf), [0, 2, 2, 1, 0, 2, 1, 2, 0, 1, 2, 2]);
    assert_eq!(slots(leaf), [1, 2, 5, 7, 10, 11]);
}

#[test]
fn few_nulls_in_struct_and_leaf_stay_runs() {
    let column = ints((0..3000).map(|i| (i != 1500).then_some(i)));
    let fields = Fields::from(vec![field_of(&column)]);
    let array: ArrayRef = Arc::new(StructArray::new(
        fields,
        vec![column],
        validity((0..3000).map(|i| i < 2000)),
    ));
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    let LevelData::Runs { runs, len: 3000 } = &leaf.def else {
        panic!("{:?}", leaf.def)
    };
    assert_eq!(
        **runs,
        [
            uniform(2, 1500),
            uniform(1, 1),
            uniform(2, 499),
            uniform(0, 1000)
        ]
    );
}

#[test]
fn short_lists_have_bits_for_levels() {
    let items = ints((0..6).map(Some));
    let array = list(
        &[2, 0, 3, 1],
        required("item", items.data_type()),
        items,
        None,
    );
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert!(matches!(
        leaf.def,
        LevelData::Bits {
            set: 2,
            clear: 1,
            ..
        }
    ));
    assert!(matches!(
        leaf.rep,
        LevelData::Bits {
            set: 1,
            clear: 0,
            ..
        }
    ));
    assert_eq!(def(leaf), [2, 2, 1, 2, 2, 2, 2]);
    assert_eq!(rep(leaf), [0, 1, 0, 0, 1, 1, 0]);
    assert!(matches!(
        leaf.selection,
        Selection::Range { from: 0, len: 6 }
    ));
}

#[test]
fn lists_that_are_never_empty_keep_nulls_of_items_as_bits() {
    let items = ints([Some(1), None, Some(3), Some(4)]);
    let array = list(&[2, 1, 1], field_of(&items), items, None);
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert!(matches!(
        leaf.def,
        LevelData::Bits {
            set: 3,
            clear: 2,
            ..
        }
    ));
}

#[test]
fn long_lists_have_runs_for_levels() {
    let items = ints((0..1000).map(Some));
    let array = list(&[400, 0, 600], field_of(&items), items, None);
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    let LevelData::Runs { runs, .. } = &leaf.def else {
        panic!("{:?}", leaf.def)
    };
    assert_eq!(**runs, [uniform(3, 400), uniform(1, 1), uniform(3, 600)]);
    let LevelData::Runs { runs, .. } = &leaf.rep else {
        panic!("{:?}", leaf.rep)
    };
    assert_eq!(
        **runs,
        [
            uniform(0, 1),
            uniform(1, 399),
            uniform(0, 2),
            uniform(1, 599)
        ]
    );
}

#[test]
fn items_of_null_lists_are_left_out() {
    let items = ints((0..40).map(Some));
    let array = list(
        &[10, 10, 10, 10],
        required("item", items.data_type()),
        items,
        validity([true, false, true, true]),
    );
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert!(matches!(&leaf.selection, Selection::Ranges(ranges) if **ranges == [0..10, 20..40]));
    assert_eq!(leaf.slots, 31);
    assert_eq!(def(leaf)[9..12], [2, 0, 2]);
}

#[test]
fn null_lists_without_items_leave_one_range() {
    let items = ints((0..6).map(Some));
    let array = list(
        &[2, 0, 4],
        field_of(&items),
        items,
        validity([true, false, true]),
    );
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert!(matches!(
        leaf.selection,
        Selection::Range { from: 0, len: 6 }
    ));
    assert!(matches!(
        leaf.def,
        LevelData::Bits {
            set: 3,
            clear: 0,
            ..
        }
    ));
}

#[test]
fn fixed_lists_of_size_zero_are_empty_lists() {
    let items = ints([]);
    let item = field_of(&items);
    let array: ArrayRef = Arc::new(
        FixedSizeListArray::try_new_with_length(item, 0, items, validity([true, false, true]), 3)
            .unwrap(),
    );
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert_eq!(def(leaf), [1, 0, 1]);
    assert_uniform(&leaf.rep, 0, 3);
    assert_eq!(leaf.selection.len(), 0);
}

#[test]
fn list_views_may_go_back_and_overlap() {
    let items = ints((0..20).map(Some));
    let offsets: ScalarBuffer<i32> = vec![10, 0, 5, 12].into();
    let sizes: ScalarBuffer<i32> = vec![5, 6, 0, 8].into();
    let item = field_of(&items);
    let array: ArrayRef = Arc::new(ListViewArray::new(item, offsets, sizes, items, None));
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert!(
        matches!(&leaf.selection, Selection::Ranges(ranges) if **ranges == [10..15, 0..6, 12..20])
    );
    assert_eq!(leaf.slots, 20);
}

#[test]
fn scattered_items_are_indices() {
    let items = ints((0..8).map(Some));
    let offsets: ScalarBuffer<i32> = vec![6, 3, 0].into();
    let sizes: ScalarBuffer<i32> = vec![2, 1, 2].into();
    let item = field_of(&items);
    let array: ArrayRef = Arc::new(ListViewArray::new(item, offsets, sizes, items, None));
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert!(matches!(&leaf.selection, Selection::Indices(slots) if **slots == [6, 7, 3, 0, 1]));
}

#[test]
fn the_leaves_of_one_struct_share_their_levels() {
    let columns = [ints((0..300).map(Some)), ints((0..300).map(Some))];
    let fields = Fields::from(vec![
        required("a", columns[0].data_type()),
        required("b", columns[1].data_type()),
    ]);
    let entries: ArrayRef = Arc::new(StructArray::new(fields, columns.to_vec(), None));
    let lens = [3, 0, 5, 2].repeat(30);
    let inner = list(&lens, required("item", entries.data_type()), entries, None);
    let outer = list(&[2; 60], field_of(&inner), inner, None);
    let leaves = walk(&field_of(&outer), &outer);
    let (LevelData::Slice(a), LevelData::Slice(b)) = (&leaves[0].rep, &leaves[1].rep) else {
        panic!("{:?}", leaves[0].rep)
    };
    assert!(Arc::ptr_eq(a, b));
    let once = leaves[0].slots * size_of::<i16>();
    assert_eq!(
        leaves[0].rep.memory_size() + leaves[1].rep.memory_size(),
        once
    );
}

#[test]
fn dictionary_and_run_end_leaves_stay_as_they_are() {
    let words: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("b")]));
    let keys = Int32Array::from(vec![Some(0), Some(1), None, Some(2)]);
    let dictionary: ArrayRef =
        Arc::new(DictionaryArray::<Int32Type>::new(keys, Arc::clone(&words)));
    let ends = Int32Array::from(vec![2, 3, 7]);
    let runs: ArrayRef = Arc::new(RunArray::<Int32Type>::try_new(&ends, &words).unwrap());
    for (array, expected) in [
        (dictionary, vec![1, 0, 0, 1]),
        (runs, vec![1, 1, 0, 1, 1, 1, 1]),
    ] {
        let [leaf] = &walk(&field_of(&array), &array)[..] else {
            panic!()
        };
        assert_eq!(leaf.array.data_type(), array.data_type());
        assert_eq!(def(leaf), expected);
    }
}

#[test]
fn a_dictionary_of_structs_is_resolved_without_its_nulls() {
    let column = ints([Some(1), None, Some(3)]);
    let fields = Fields::from(vec![field_of(&column)]);
    let structs: ArrayRef = Arc::new(StructArray::new(
        fields,
        vec![column],
        validity([true, true, false]),
    ));
    let keys = Int32Array::from(vec![Some(0), None, Some(2), Some(1), Some(0)]);
    let array: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(keys, structs));
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert_eq!(def(leaf), [2, 0, 0, 1, 2]);
    assert_eq!(values(leaf), ["1", "1"]);
    assert_eq!(leaf.array.len(), 3);
    assert!(leaf.memory_size() > 0);
}

#[test]
fn maps_have_required_keys_and_repeated_entries() {
    let (keys, items) = (ints((0..3).map(Some)), ints([Some(7), None, Some(9)]));
    let fields = Fields::from(vec![
        required("key", keys.data_type()),
        nullable("value", items.data_type()),
    ]);
    let entries = StructArray::new(fields, vec![keys, items], None);
    let entry = required("entries", entries.data_type());
    let offsets = OffsetBuffer::from_lengths([1, 0, 2]);
    let array: ArrayRef = Arc::new(MapArray::new(entry, offsets, entries, None, false));
    let leaves = walk(&field_of(&array), &array);
    assert_eq!(def(&leaves[0]), [2, 1, 2, 2]);
    assert_eq!(def(&leaves[1]), [3, 1, 2, 3]);
    assert_eq!(rep(&leaves[0]), [0, 0, 0, 1]);
    assert_eq!(values(&leaves[1]), ["7", "9"]);
}

#[test]
fn an_empty_batch_has_empty_leaves() {
    let mut lists = ListBuilder::new(Int64Builder::new());
    let array: ArrayRef = Arc::new(lists.finish());
    let [leaf] = &walk(&field_of(&array), &array)[..] else {
        panic!()
    };
    assert_eq!((leaf.slots, leaf.selection.len()), (0, 0));
}

#[test]
fn random_arrays_reach_every_form() {
    let mut runner = TestRunner::deterministic();
    let columns = arrays::columns(Options::everything());
    let mut seen = BTreeSet::new();
    let form = |levels: &LevelData| match levels {
        LevelData::Uniform(_) => "uniform",
        LevelData::Bits { .. } => "bits",
        LevelData::Runs { .. } => "runs",
        LevelData::Slice(_) => "slice",
    };
    for _ in 0..1500 {
        let (field, array) = columns.new_tree(&mut runner).unwrap().current();
        for leaf in walk(&field, &array) {
            seen.insert(("def", form(&leaf.def)));
            seen.insert(("rep", form(&leaf.rep)));
            seen.insert((
                "selection",
                match &leaf.selection {
                    Selection::Range { .. } => "range",
                    Selection::Bits { .. } => "bits",
                    Selection::Ranges(_) => "ranges",
                    Selection::Indices(_) => "indices",
                },
            ));
        }
    }
    assert_eq!(seen.len(), 12, "{seen:?}");
}

#[test]
fn a_column_of_type_null_is_absent_throughout_even_if_required() {
    let array: ArrayRef = Arc::new(NullArray::new(4));
    let [leaf] = &walk(&required("c", &DataType::Null), &array)[..] else {
        panic!()
    };
    assert!(leaf.refusal.is_none());
    assert_uniform(&leaf.def, 0, 4);
    assert_eq!(leaf.selection.len(), 0);
}
