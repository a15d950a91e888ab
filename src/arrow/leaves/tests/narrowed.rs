//! Decimals that become the numbers of their column while they are checked.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Decimal128Array};
use arrow_schema::{DataType, Field};

use super::{checked, checked_with_room, slots};

/// Decimals of 15 digits, every third one null.
fn decimals(count: i128) -> ArrayRef {
    let values = (0..count).map(|at| (at % 3 != 1).then_some(at * 1_000_003 - 7));
    let array = Decimal128Array::from_iter(values);
    Arc::new(array.with_precision_and_scale(15, 2).unwrap())
}

fn field_of(array: &ArrayRef) -> Field {
    Field::new("price", array.data_type().clone(), true)
}

#[test]
fn decimals_become_numbers_where_there_is_room_and_stay_where_there_is_none() {
    let array = decimals(3000).slice(5, 2000);
    let field = field_of(&array);
    let decimals = array.as_primitive::<arrow_array::types::Decimal128Type>();
    let expected: Vec<i128> = decimals.iter().flatten().collect();
    let leaf = &checked_with_room(&field, &array, 0, 16_000).unwrap()[0];
    let numbers = leaf.array.as_primitive::<Int64Type>();
    let present = slots(leaf).into_iter();
    let found: Vec<i128> = present.map(|slot| numbers.value(slot).into()).collect();
    assert_eq!(found, expected);
    assert!(leaf.memory_size() >= 16_000);
    for room in [0, 15_999] {
        let leaf = &checked_with_room(&field, &array, 0, room).unwrap()[0];
        assert!(Arc::ptr_eq(&leaf.array, &array));
    }
}

#[test]
fn a_decimal_that_its_column_cannot_hold_is_refused_with_room_as_without() {
    let mut values: Vec<Option<i128>> = vec![Some(1); 2000];
    values[1234] = Some(1 << 64);
    let array = Decimal128Array::from(values).with_data_type(DataType::Decimal128(15, 2));
    let array: ArrayRef = Arc::new(array);
    let refusals = [0, 1 << 20].map(|room| {
        let refused = checked_with_room(&field_of(&array), &array, 100, room);
        refused.unwrap_err().to_string()
    });
    assert_eq!(refusals[0], refusals[1]);
    assert!(
        refusals[1].contains("row 1334 of the batch"),
        "{}",
        refusals[1]
    );
}

#[test]
fn what_lies_under_a_null_keeps_no_decimals_from_being_written() {
    let whole = decimals(2000);
    let whole = whole.as_primitive::<arrow_array::types::Decimal128Type>();
    let under = |(nth, value): (usize, i128)| if whole.is_null(nth) { i128::MAX } else { value };
    let values = whole.values().iter().copied().enumerate().map(under);
    let array = Decimal128Array::new(values.collect(), whole.nulls().cloned());
    let array: ArrayRef = Arc::new(array.with_data_type(DataType::Decimal128(15, 2)));
    let leaf = &checked_with_room(&field_of(&array), &array, 0, 1 << 20).unwrap()[0];
    assert!(Arc::ptr_eq(&leaf.array, &array));
    assert!(checked(&field_of(&array), &array, 0).is_ok());
}
