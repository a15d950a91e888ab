//! Decimals of 16 bytes as the numbers that their column stores, made in the pass that checks them.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int32Array, Int64Array};

use super::Selection;
use super::invalid::{LONGS, beyond_long, in_lines};
use super::target::Target;

/// Numbers in the place of decimals.
#[derive(Debug)]
pub(crate) struct Narrowed {
    pub(crate) array: ArrayRef,
    /// Where they are in `array`.
    pub(crate) selection: Selection,
    /// What `array` takes.
    pub(crate) bytes: usize,
}

impl Narrowed {
    /// Of the `decimals` in the hull of `selection`, if the column has whole numbers of them and all are in `kept`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "numbers that the column cannot hold are not in `kept`"
    )]
    pub(super) fn of(
        decimals: &[i128],
        selection: &Selection,
        target: Target,
        kept: &RangeInclusive<i128>,
    ) -> Option<Self> {
        let array: ArrayRef = match target {
            Target::Int32 => {
                let numbers = narrowed(decimals, kept, |value| value as i32)?;
                Arc::new(Int32Array::new(numbers.into(), None))
            }
            Target::Int64 => {
                let numbers = narrowed(decimals, kept, |value| value as i64)?;
                Arc::new(Int64Array::new(numbers.into(), None))
            }
            _ => return None,
        };
        Some(Self {
            bytes: array.get_buffer_memory_size(),
            selection: selection.moved_to_front(),
            array,
        })
    }
}

/// All of `decimals`, if they are in `kept`.
fn narrowed<T: Copy + Default>(
    decimals: &[i128],
    kept: &RangeInclusive<i128>,
    narrow: impl Fn(i128) -> T,
) -> Option<Vec<T>> {
    if (*kept.start(), *kept.end()) == LONGS {
        return narrowed_with(decimals, beyond_long, narrow);
    }
    narrowed_with(decimals, |value| u64::from(!kept.contains(&value)), narrow)
}

fn narrowed_with<T: Copy + Default>(
    decimals: &[i128],
    beyond: impl Fn(i128) -> u64,
    narrow: impl Fn(i128) -> T,
) -> Option<Vec<T>> {
    let (mut numbers, mut bits) = (vec![T::default(); decimals.len()], 0);
    in_lines(decimals, |from, line| {
        let places = numbers.get_mut(from..from + line.len());
        for (place, value) in places.unwrap_or_default().iter_mut().zip(line) {
            bits |= beyond(*value);
            *place = narrow(*value);
        }
    });
    (bits == 0).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_decimals_become_numbers_or_none(
            small in prop::collection::vec(-99_999..=99_999_i128, 0..150),
            wrong in prop::option::of((
                prop_oneof![Just(100_000), Just(i128::from(i64::MAX) + 1), any::<i128>()],
                any::<prop::sample::Index>(),
            )),
        ) {
            let mut values = small;
            if let Some((value, place)) = wrong {
                values.insert(place.index(values.len() + 1), value);
            }
            let longs: Option<Vec<i64>> = values.iter().map(|it| i64::try_from(*it).ok()).collect();
            let (low, high) = LONGS;
            prop_assert_eq!(narrowed(&values, &(low..=high), |value| value as i64), longs);
            let digits = -99_999..=99_999;
            let ints: Option<Vec<i32>> = values
                .iter()
                .map(|it| i32::try_from(*it).ok().filter(|_| digits.contains(it)))
                .collect();
            prop_assert_eq!(narrowed(&values, &digits, |value| value as i32), ints);
        }
    }
}
