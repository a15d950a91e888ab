//! Dictionaries and run-end encoding around nested values, or around each other, resolved: the
//! live slots' values are taken out into a plain array. Null slots are dropped before, so that
//! nothing has to stand in for them.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{Array, ArrayRef, RunArray, UInt64Array, downcast_dictionary_array};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, NullBuffer};
use arrow_schema::DataType;
use arrow_select::take::take;

use super::frontier::Frontier;
use super::live;
use super::plan::Node;
use crate::arrow::adapt::Selection;
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
        values = places.step(&values)?;
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
    if let Some(fault) = &mut entered.fault {
        fault.index = nth(&frontier.live, fault.index);
        entered.live = live::NONE;
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

    /// Steps through one layer and returns what it wraps.
    fn step(&mut self, array: &ArrayRef) -> Result<ArrayRef> {
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
                Ok(Arc::clone(array.values()))
            }
            other => Err(ParquetError::ArrowError(format!("Cannot resolve an array of type {other}")))
        )
    }

    fn step_keys<K: ArrowNativeType>(&mut self, keys: &[K]) {
        for slot in self.slots.iter_mut().flatten() {
            *slot = keys.get(*slot).map_or(0, |key| key.as_usize());
        }
    }

    fn step_runs<R: RunEndIndexType>(&mut self, runs: &RunArray<R>) -> ArrayRef {
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
                known = *slot..*slot + (end - absolute);
            }
            *slot = run;
        }
        Arc::clone(runs.values())
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
