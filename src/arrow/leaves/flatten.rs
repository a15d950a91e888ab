//! Dictionaries and run-end encoding around nested values, or around each other, resolved: the
//! live slots' values are taken out into a plain array. Null slots are dropped before, so that
//! nothing has to stand in for them.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{
    Array, ArrayRef, RunArray, UInt64Array, downcast_dictionary_array, new_empty_array,
};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, NullBuffer};
use arrow_schema::DataType;
use arrow_select::take::take;

use super::frontier::Frontier;
use super::leaf::Refusal;
use super::live;
use super::tree::Node;
use crate::arrow::adapt::Selection;
use crate::arrow::schema::value_type;
use crate::errors::{ParquetError, Result};

/// True if `data_type` is a dictionary or run-end encoded.
pub(super) fn is_wrapped(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Dictionary(..) | DataType::RunEndEncoded(..)
    )
}

/// True if such a layer wraps another.
pub(super) fn is_wrapped_twice(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_wrapped(values),
        DataType::RunEndEncoded(_, values) => is_wrapped(values.data_type()),
        _ => false,
    }
}

/// Which live slot of a plain array in one layer lies outside of the layer's values. Arrays can be made without a
/// check of that.
pub(super) fn first_outside(live: &Selection, array: &dyn Array) -> Option<usize> {
    if let Some(runs) = array.as_run_opt::<Int16Type>() {
        run_outside(runs, live)
    } else if let Some(runs) = array.as_run_opt::<Int32Type>() {
        run_outside(runs, live)
    } else if let Some(runs) = array.as_run_opt::<Int64Type>() {
        run_outside(runs, live)
    } else {
        downcast_dictionary_array!(
            array => key_outside(array.keys().values(), array.keys().nulls(), array.values().len(), live),
            _ => None
        )
    }
}

/// An array without slots, of the type that `array` has without layers.
fn values_of_none(array: &ArrayRef) -> ArrayRef {
    new_empty_array(value_type(array.data_type()))
}

/// Which live slot has a key that is not below `count`.
fn key_outside<K: ArrowNativeType>(
    keys: &[K],
    nulls: Option<&NullBuffer>,
    count: usize,
    live: &Selection,
) -> Option<usize> {
    let outside = |found, key: &K| found | (key.as_usize() >= count);
    let hull = match live {
        Selection::Range { from, len } => keys.get(*from..*from + *len),
        Selection::Bits { bits, from, .. } => keys.get(*from..*from + bits.len()),
        Selection::Ranges(_) | Selection::Indices(_) => None,
    };
    if hull.is_some_and(|keys| !keys.iter().fold(false, outside)) {
        return None;
    }
    let (mut nth, mut found) = (0, None);
    live::for_each_stretch(live, |stretch| {
        for slot in stretch {
            let is_valid = nulls.is_none_or(|nulls| nulls.is_valid(slot));
            let is_inside = keys.get(slot).is_some_and(|key| key.as_usize() < count);
            if found.is_none() && is_valid && !is_inside {
                found = Some(nth);
            }
            nth += 1;
        }
    });
    found
}

/// Which live slot comes after the last run, or in a run without a value.
fn run_outside<R: RunEndIndexType>(runs: &RunArray<R>, live: &Selection) -> Option<usize> {
    let ends = runs.run_ends();
    let with_values = ends.values().len().min(runs.values().len());
    let covered = match with_values
        .checked_sub(1)
        .and_then(|last| ends.values().get(last))
    {
        Some(end) => end.as_usize().saturating_sub(ends.offset()),
        None => 0,
    };
    if covered >= runs.len() {
        return None;
    }
    let (mut nth, mut found) = (0, None);
    live::for_each_stretch(live, |stretch| {
        if found.is_none() && stretch.end > covered {
            found = Some(nth + covered.saturating_sub(stretch.start));
        }
        nth += stretch.len();
    });
    found
}

/// Steps into `node`, whose array is wrapped, and resolves it. Returns the plain array of exactly
/// the present values.
pub(super) fn enter(
    frontier: Frontier,
    node: &Node,
    array: &ArrayRef,
) -> Result<(Frontier, ArrayRef)> {
    let mut places = Places::of(&frontier.live);
    let mut values = Arc::clone(array);
    while is_wrapped(values.data_type()) {
        values = match places.step(&values)? {
            Ok(values) => values,
            Err(nth) => return Ok((frontier.outside(nth), values_of_none(array))),
        };
    }
    if let Some(nulls) = values.nulls() {
        places.drop_nulls(nulls);
    }
    // From here on the live slots are numbered by themselves.
    let live = places.slots.len();
    let (present, nulls) = places.finish();
    let mut entered = Frontier {
        live: Selection::Range { from: 0, len: live },
        ..frontier.clone()
    }
    .enter(node, Some(&nulls), 0);
    if let Some(refusal) = &mut entered.refusal {
        if let Refusal::RequiredNull { index, .. } = Arc::make_mut(refusal) {
            *index = nth(&frontier.live, *index);
        }
        return Ok((entered, values.slice(0, 0)));
    }
    let taken = take(&values, &present, None)?;
    entered.resolved = true;
    entered.live = Selection::Range {
        from: 0,
        len: present.len(),
    };
    Ok((entered, taken))
}

/// Where each live slot's value lies, layer by layer.
struct Places {
    /// `None` once a layer has said null.
    slots: Vec<Option<usize>>,
}

impl Places {
    fn of(live: &Selection) -> Self {
        let mut slots = Vec::with_capacity(live.len());
        live::for_each_stretch(live, |stretch| slots.extend(stretch.map(Some)));
        Self { slots }
    }

    /// Steps through one layer and returns what it wraps, or the first place that lies outside of that.
    fn step(&mut self, array: &ArrayRef) -> Result<Result<ArrayRef, usize>> {
        if let Some(runs) = array.as_run_opt::<Int16Type>() {
            return Ok(self.step_runs(runs));
        }
        if let Some(runs) = array.as_run_opt::<Int32Type>() {
            return Ok(self.step_runs(runs));
        }
        if let Some(runs) = array.as_run_opt::<Int64Type>() {
            return Ok(self.step_runs(runs));
        }
        downcast_dictionary_array!(
            array => {
                if let Some(nulls) = array.nulls() {
                    self.drop_nulls(nulls);
                }
                self.step_keys(array.keys().values());
                Ok(self.inside(array.values()))
            }
            other => Err(ParquetError::ArrowError(format!("Cannot resolve an array of type {other}")))
        )
    }

    fn step_keys<K: ArrowNativeType>(&mut self, keys: &[K]) {
        for slot in self.slots.iter_mut().flatten() {
            *slot = keys.get(*slot).map_or(usize::MAX, |key| key.as_usize());
        }
    }

    fn step_runs<R: RunEndIndexType>(&mut self, runs: &RunArray<R>) -> Result<ArrayRef, usize> {
        let ends = runs.run_ends();
        // Slots mostly rise, so that the run of the last one often serves again.
        let (mut run, mut known): (usize, Range<usize>) = (0, 0..0);
        for slot in self.slots.iter_mut().flatten() {
            if !known.contains(slot) {
                run = ends.get_physical_index(*slot);
                let absolute = *slot + ends.offset();
                let end = ends
                    .values()
                    .get(run)
                    .map_or(absolute + 1, |end| end.as_usize());
                known = *slot..*slot + end.saturating_sub(absolute);
            }
            *slot = run;
        }
        self.inside(runs.values())
    }

    fn inside(&self, values: &ArrayRef) -> Result<ArrayRef, usize> {
        let is_outside = |place: &Option<usize>| place.is_some_and(|slot| slot >= values.len());
        match self.slots.iter().position(is_outside) {
            None => Ok(Arc::clone(values)),
            Some(nth) => Err(nth),
        }
    }

    fn drop_nulls(&mut self, nulls: &NullBuffer) {
        for place in &mut self.slots {
            *place = place.filter(|slot| nulls.is_valid(*slot));
        }
    }

    /// The places of present values, and the validity of all live slots.
    fn finish(self) -> (UInt64Array, NullBuffer) {
        let mut slots = self.slots.iter();
        let valid = BooleanBuffer::collect_bool(self.slots.len(), |_| {
            slots.next().is_some_and(Option::is_some)
        });
        let present = self.slots.iter().flatten().map(|slot| *slot as u64);
        (
            UInt64Array::from_iter_values(present),
            NullBuffer::new(valid),
        )
    }
}

/// The `n`-th live slot.
fn nth(live: &Selection, n: usize) -> usize {
    let (mut left, mut found) = (n, None);
    live::for_each_stretch(live, |stretch| {
        if found.is_none() {
            match stretch.len() {
                len if left < len => found = Some(stretch.start + left),
                len => left -= len,
            }
        }
    });
    found.unwrap_or(n)
}
