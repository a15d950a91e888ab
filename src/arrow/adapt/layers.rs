//! Dictionary and run-end encoded arrays, in any order and depth: how a slot of the outermost array becomes
//! a slot of the innermost values.

#![expect(
    clippy::indexing_slicing,
    reason = "kernel: slots are checked against each layer's length before"
)]

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RunArray};
use arrow_buffer::{ArrowNativeType, RunEndBuffer};
use arrow_schema::DataType;

use super::cursor::{Cursor, Gather};
use super::gather::{Mapped, Slots};
use super::source::primitive_buffer;
use crate::data_type::values::Keyed;
use crate::errors::{ParquetError, Result};

/// The layers of an array, outermost first; none for a plain array.
#[derive(Debug, Default, Clone)]
pub(super) struct Layers<'a> {
    layers: Vec<Layer<'a>>,
    /// Slots of the innermost values.
    innermost_len: usize,
}

/// How the slots of one array become slots of its values.
#[derive(Debug, Clone)]
enum Layer<'a> {
    Keys(Keys<'a>),
    Runs(Runs<'a>),
}

/// The keys of a dictionary array. Those of present slots are never negative, so signs do not matter.
#[derive(Debug, Clone, Copy)]
enum Keys<'a> {
    Width1(&'a [u8]),
    Width2(&'a [u16]),
    Width4(&'a [u32]),
    Width8(&'a [u64]),
}

#[derive(Debug, Clone, Copy)]
enum Runs<'a> {
    Ends16(RunEnds<'a, i16>),
    Ends32(RunEnds<'a, i32>),
    Ends64(RunEnds<'a, i64>),
}

/// Run `i` reaches up to, without, logical slot `ends[i]`; an array may start in the middle.
#[derive(Debug, Clone, Copy)]
struct RunEnds<'a, E> {
    ends: &'a [E],
    offset: usize,
}

/// Whether arrays of this type have layers.
pub(super) fn has_layers(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Dictionary(..) | DataType::RunEndEncoded(..)
    )
}

impl<'a> Layers<'a> {
    /// Takes the layers off `array`; returns them, and the innermost values if there are any layers.
    pub(super) fn peel(array: &'a dyn Array) -> Result<(Self, Option<&'a ArrayRef>)> {
        let (mut layers, mut values) = (Vec::new(), None);
        let mut outer = array;
        while let Some((layer, inner)) = peel_one(outer)? {
            layers.push(layer);
            values = Some(inner);
            outer = inner.as_ref();
        }
        if u32::try_from(outer.len()).is_err() {
            return Err(ParquetError::General(format!(
                "an array of {} slots is too long to be encoded",
                outer.len()
            )));
        }
        Ok((
            Self {
                layers,
                innermost_len: outer.len(),
            },
            values,
        ))
    }

    /// True for a plain array.
    pub(super) fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// What these layers make of slots.
    pub(super) fn keyed(&self) -> Keyed {
        let has_runs = self
            .layers
            .iter()
            .any(|layer| matches!(layer, Layer::Runs(_)));
        if has_runs {
            Keyed::Runs
        } else {
            Keyed::Dictionary
        }
    }

    /// The keys of the next `count` slots as they lie in the array, if they can be had without a copy.
    pub(super) fn borrow_keys(
        &self,
        cursor: &mut Cursor<'_>,
        count: usize,
    ) -> Result<Option<&'a [u32]>> {
        let [Layer::Keys(Keys::Width4(keys))] = self.layers.as_slice() else {
            return Ok(None);
        };
        let Some(from) = cursor.take_run(count) else {
            return Ok(None);
        };
        let keys = &keys[from..from + count];
        self.check(keys)?;
        Ok(Some(keys))
    }

    /// Writes the slots in the innermost values of the next `count` slots to `out`.
    pub(super) fn resolve(
        &self,
        cursor: &mut Cursor<'_>,
        count: usize,
        out: &mut Vec<u32>,
    ) -> Result<()> {
        out.clear();
        out.reserve(count);
        let Some((first, inner)) = self.layers.split_first() else {
            cursor.take(count, &mut Slots { out });
            return Ok(());
        };
        match first {
            Layer::Keys(keys) => keys.gather(cursor, count, out),
            Layer::Runs(runs) => runs.gather(cursor, count, out),
        }
        for layer in inner {
            match layer {
                Layer::Keys(keys) => keys.map(out)?,
                Layer::Runs(runs) => runs.map(out),
            }
        }
        self.check(out)
    }

    /// Whoever indexes with the result may rely on it.
    fn check(&self, slots: &[u32]) -> Result<()> {
        match slots.iter().max() {
            Some(slot) if *slot as usize >= self.innermost_len => Err(
                ParquetError::IndexOutOfBound(*slot as usize, self.innermost_len),
            ),
            _ => Ok(()),
        }
    }
}

fn peel_one(array: &dyn Array) -> Result<Option<(Layer<'_>, &ArrayRef)>> {
    match array.data_type() {
        DataType::Dictionary(key, _) => {
            let dictionary = array.as_any_dictionary();
            let keys = primitive_buffer(dictionary.keys())?;
            let keys = match key.primitive_width() {
                Some(1) => Keys::Width1(keys.typed_data()),
                Some(2) => Keys::Width2(keys.typed_data()),
                Some(4) => Keys::Width4(keys.typed_data()),
                _ => Keys::Width8(keys.typed_data()),
            };
            Ok(Some((Layer::Keys(keys), dictionary.values())))
        }
        DataType::RunEndEncoded(_, _) => {
            let any = array.as_any();
            if let Some(runs) = any.downcast_ref::<RunArray<Int16Type>>() {
                return Ok(Some((
                    Layer::Runs(Runs::Ends16(RunEnds::of(runs.run_ends()))),
                    runs.values(),
                )));
            }
            if let Some(runs) = any.downcast_ref::<RunArray<Int32Type>>() {
                return Ok(Some((
                    Layer::Runs(Runs::Ends32(RunEnds::of(runs.run_ends()))),
                    runs.values(),
                )));
            }
            if let Some(runs) = any.downcast_ref::<RunArray<Int64Type>>() {
                return Ok(Some((
                    Layer::Runs(Runs::Ends64(RunEnds::of(runs.run_ends()))),
                    runs.values(),
                )));
            }
            Err(ParquetError::ArrowError(format!(
                "no run ends can be had from an array of {}",
                array.data_type()
            )))
        }
        _ => Ok(None),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the values of a layer have at most u32::MAX slots"
)]
impl Keys<'_> {
    fn gather(&self, cursor: &mut Cursor<'_>, count: usize, out: &mut Vec<u32>) {
        match *self {
            Keys::Width1(values) => cursor.take(
                count,
                &mut Mapped {
                    values,
                    out,
                    map: u32::from,
                },
            ),
            Keys::Width2(values) => cursor.take(
                count,
                &mut Mapped {
                    values,
                    out,
                    map: u32::from,
                },
            ),
            Keys::Width4(values) => cursor.take(
                count,
                &mut Mapped {
                    values,
                    out,
                    map: |key| key,
                },
            ),
            Keys::Width8(values) => cursor.take(
                count,
                &mut Mapped {
                    values,
                    out,
                    map: |key| key as u32,
                },
            ),
        }
    }

    fn map(&self, slots: &mut [u32]) -> Result<()> {
        match *self {
            Keys::Width1(keys) => look_up(slots, keys, u32::from),
            Keys::Width2(keys) => look_up(slots, keys, u32::from),
            Keys::Width4(keys) => look_up(slots, keys, |key| key),
            Keys::Width8(keys) => look_up(slots, keys, |key| key as u32),
        }
    }
}

fn look_up<K: Copy>(slots: &mut [u32], keys: &[K], widen: impl Fn(K) -> u32) -> Result<()> {
    for slot in slots {
        let place = *slot as usize;
        *slot = widen(
            *keys
                .get(place)
                .ok_or(ParquetError::IndexOutOfBound(place, keys.len()))?,
        );
    }
    Ok(())
}

impl Runs<'_> {
    fn gather(&self, cursor: &mut Cursor<'_>, count: usize, out: &mut Vec<u32>) {
        match *self {
            Runs::Ends16(runs) => cursor.take(count, &mut RunWalk { runs, run: 0, out }),
            Runs::Ends32(runs) => cursor.take(count, &mut RunWalk { runs, run: 0, out }),
            Runs::Ends64(runs) => cursor.take(count, &mut RunWalk { runs, run: 0, out }),
        }
    }

    fn map(&self, slots: &mut [u32]) {
        match self {
            Runs::Ends16(runs) => runs.map(slots),
            Runs::Ends32(runs) => runs.map(slots),
            Runs::Ends64(runs) => runs.map(slots),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the values of a layer have at most u32::MAX slots"
)]
impl<'a, E: ArrowNativeType> RunEnds<'a, E> {
    fn of(ends: &'a RunEndBuffer<E>) -> Self {
        Self {
            ends: ends.values(),
            offset: ends.offset(),
        }
    }

    /// Where run `run` ends in this array; far away for the last.
    fn end(&self, run: usize) -> usize {
        self.ends.get(run).map_or(usize::MAX, |end| {
            end.as_usize() - self.offset.min(end.as_usize())
        })
    }

    /// The run that holds `slot`, looked for from `run` on, which mostly is the one or just before it.
    fn locate(&self, slot: usize, run: usize) -> usize {
        let ahead = run == 0 || self.end(run - 1) <= slot;
        if ahead && slot < self.end(run) {
            return run;
        }
        if ahead && slot < self.end(run + 1) {
            return run + 1;
        }
        let slot = slot + self.offset;
        self.ends.partition_point(|end| end.as_usize() <= slot)
    }

    fn map(&self, slots: &mut [u32]) {
        let mut run = 0;
        for slot in slots {
            run = self.locate(*slot as usize, run);
            *slot = run as u32;
        }
    }
}

/// Writes the run of each selected slot down.
struct RunWalk<'v, 'o, E> {
    runs: RunEnds<'v, E>,
    run: usize,
    out: &'o mut Vec<u32>,
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the values of a layer have at most u32::MAX slots"
)]
impl<E: ArrowNativeType> Gather for RunWalk<'_, '_, E> {
    fn run(&mut self, from: usize, len: usize) {
        let (mut slot, end) = (from, from + len);
        while slot < end {
            self.run = self.runs.locate(slot, self.run);
            let stop = self.runs.end(self.run).min(end);
            self.out
                .extend(std::iter::repeat_n(self.run as u32, stop - slot));
            slot = stop;
        }
    }

    fn word(&mut self, base: usize, mask: u64) {
        let mut mask = mask;
        while mask != 0 {
            self.run(base + mask.trailing_zeros() as usize, 1);
            mask &= mask.wrapping_sub(1);
        }
    }

    fn slots(&mut self, slots: &[u32]) {
        slots.iter().for_each(|slot| self.run(*slot as usize, 1));
    }
}
