//! Walks against two references: a shredder that goes row by row, and the levels that another
//! writer puts into its file for the same arrays.

mod forms;
mod narrowed;
mod peer;
mod readback;
mod refusals;
mod shredder;
mod types;

#[path = "../../../tests/support/arrays.rs"]
mod arrays;

use std::sync::Arc;

use arrow::util::display::array_value_to_string;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Schema};
use proptest::prelude::*;

use self::arrays::Options;
use self::shredder::{Shredded, shred};
use super::leaf::Refusal;
use super::live::for_each_stretch;
use super::weight::{Precision, Weights};
use super::{BatchPlan, CheckedLeaf, Leaf, LeafPlan};
use crate::arrow::adapt::DecimalPrecision;
use crate::arrow::schema::ArrowSchemaConverter;
use crate::column::writer::ColumnPlan;
use crate::errors::Result;
use crate::meta::properties::WriterProperties;

fn walk(field: &Field, array: &ArrayRef) -> Vec<Leaf> {
    let leaves = LeafPlan::try_new(field).unwrap().leaves(array).unwrap();
    leaves.into_iter().map(|unchecked| unchecked.leaf).collect()
}

/// The leaves of a batch with this column alone, as its writer takes them; `first_row` is the number of its first row.
fn checked(field: &Field, array: &ArrayRef, first_row: usize) -> Result<Vec<CheckedLeaf>> {
    checked_with_room(field, array, first_row, 0)
}

/// As [`checked`], with so many bytes for decimals that are converted.
fn checked_with_room(
    field: &Field,
    array: &ArrayRef,
    first_row: usize,
    room: usize,
) -> Result<Vec<CheckedLeaf>> {
    let schema = Schema::new(vec![field.clone()]);
    let descr = ArrowSchemaConverter::new().convert(&schema)?;
    let (properties, precision) = (WriterProperties::default(), DecimalPrecision::default());
    let plans = ColumnPlan::of_all(&descr, &properties)?;
    let plan = BatchPlan::try_new(&schema, &descr, &plans, precision)?;
    // The plan's field may be required where nulls are.
    let found = Field::new(field.name(), array.data_type().clone(), true);
    let found = Arc::new(Schema::new(vec![found]));
    let batch = RecordBatch::try_new(found, vec![array.clone()])?;
    let mut leaves = Vec::new();
    plan.walk_into(&batch, (first_row, room), &mut leaves)?;
    Ok(leaves)
}

fn def(leaf: &Leaf) -> Vec<i16> {
    leaf.def.to_slice().into_owned()
}

fn rep(leaf: &Leaf) -> Vec<i16> {
    leaf.rep.to_slice().into_owned()
}

/// The slots of the selection, one by one.
fn slots(leaf: &Leaf) -> Vec<usize> {
    let mut slots = Vec::new();
    for_each_stretch(&leaf.selection, |stretch| slots.extend(stretch));
    slots
}

fn values(leaf: &Leaf) -> Vec<String> {
    let text = |slot| array_value_to_string(&leaf.array, slot).unwrap();
    slots(leaf).into_iter().map(text).collect()
}

fn assert_agrees(leaf: &Leaf, expected: &Shredded) {
    assert_eq!(def(leaf), expected.def);
    assert_eq!(rep(leaf), expected.rep);
    assert_eq!(values(leaf), expected.values);
}

fn assert_counts_agree(leaf: &Leaf, max_def: i16) {
    assert_eq!(leaf.slots, leaf.def.len());
    assert_eq!(leaf.slots, leaf.rep.len());
    assert_eq!(leaf.slots, leaf.def.as_levels().len());
    assert_eq!(leaf.selection.len(), leaf.def.as_levels().count(max_def));
    assert_eq!(leaf.selection.len(), slots(leaf).len());
    let nulls = leaf.array.logical_nulls();
    assert!(
        slots(leaf)
            .iter()
            .all(|slot| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(*slot)))
    );
}

/// Makes some nullable fields required, in the schema only.
fn demand(field: &Field, bits: &mut u64) -> Field {
    let keep = *bits & 3 != 0;
    *bits = bits.rotate_right(2);
    let mut inner = |field: &FieldRef| Arc::new(demand(field, bits));
    let data_type = match field.data_type() {
        DataType::List(element) => DataType::List(inner(element)),
        DataType::LargeList(element) => DataType::LargeList(inner(element)),
        DataType::ListView(element) => DataType::ListView(inner(element)),
        DataType::LargeListView(element) => DataType::LargeListView(inner(element)),
        DataType::FixedSizeList(element, size) => DataType::FixedSizeList(inner(element), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => other.clone(),
    };
    Field::new(field.name(), data_type, field.is_nullable() && keep)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn walks_agree_with_row_by_row_shredding((field, array) in arrays::columns(Options::everything())) {
        let leaves = walk(&field, &array);
        let expected = shred(&field, &array);
        prop_assert_eq!(leaves.len(), expected.len());
        for (leaf, expected) in leaves.iter().zip(&expected) {
            prop_assert!(leaf.refusal.is_none());
            prop_assert_eq!(leaf.rep.as_levels().count(0), array.len());
            assert_agrees(leaf, expected);
            assert_counts_agree(leaf, expected.max_def);
        }
    }

    #[test]
    fn pieces_of_an_array_walk_like_the_whole(
        (field, array) in arrays::columns(Options::everything()),
        cut in any::<prop::sample::Index>(),
    ) {
        let cut = cut.index(array.len() + 1);
        let whole = walk(&field, &array);
        let front = walk(&field, &array.slice(0, cut));
        let back = walk(&field, &array.slice(cut, array.len() - cut));
        for ((whole, front), back) in whole.iter().zip(&front).zip(&back) {
            prop_assert_eq!(def(whole), [def(front), def(back)].concat());
            prop_assert_eq!(rep(whole), [rep(front), rep(back)].concat());
            prop_assert_eq!(values(whole), [values(front), values(back)].concat());
        }
    }

    #[test]
    fn all_values_together_take_no_less_than_each_row_for_itself(
        (field, array) in arrays::columns(Options::everything()),
    ) {
        let plan = LeafPlan::try_new(&field).unwrap();
        let weights = Weights::new([(&plan.root, &array)].into_iter());
        let rows = 0..array.len();
        let exact = weights.weigh(rows.clone(), Precision::Exact);
        prop_assert!(weights.weigh(rows, Precision::UpperBound) >= exact);
    }

    #[test]
    fn leaves_are_refused_for_reachable_nulls_only(
        (field, array) in arrays::columns(Options::everything()),
        mut bits in any::<u64>(),
    ) {
        let field = demand(&field, &mut bits);
        for (leaf, expected) in walk(&field, &array).iter().zip(&shred(&field, &array)) {
            match leaf.refusal.as_deref() {
                None => {
                    prop_assert!(expected.refused.is_empty(), "missed a null in {:?}", expected.refused);
                    assert_agrees(leaf, expected);
                }
                Some(Refusal::Slot { what, .. }) => prop_assert!(false, "{what}"),
                Some(Refusal::RequiredNull { field, .. }) => {
                    prop_assert!(expected.refused.contains(&field.to_string()));
                    prop_assert_eq!(leaf.slots, 0);
                    prop_assert_eq!(leaf.selection.len(), 0);
                }
            }
        }
    }
}
