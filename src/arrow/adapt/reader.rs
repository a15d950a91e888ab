//! The present values of one leaf array, taken in steps.

#![expect(
    clippy::indexing_slicing,
    reason = "kernel: `open` checks the selection against the array"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "numbers that the column cannot hold are refused before"
)]

use std::ops::Range;

use super::Selection;
use super::cursor::{Cursor, Gather};
use super::decimal::{self, Unscaled};
use super::gather::{Bits, Each, Mapped, Widths};
use super::layers::Layers;
use super::scratch::Scratch;
use super::source::{Decimals, Intervals, Narrow, Source};
use super::target::Target;
use crate::data_type::bits::BitSlice;
use crate::data_type::values::{ByteSource, ByteValues, FixedValues, Keyed, Picks, Values};
use crate::errors::{ParquetError, Result};

pub(super) const MILLIS_PER_DAY: i64 = 86_400_000;

/// What is left of a leaf array's present values.
#[derive(Debug)]
pub(crate) struct LeafValues<'a, 's> {
    source: Source<'a>,
    target: Target,
    /// Of the dictionary or the runs; no meaning without.
    token: u64,
    slots: SlotReader<'a>,
    /// Where the values given last begin.
    last: Cursor<'a>,
    scratch: &'s mut Scratch,
}

/// Which slots of the source come next.
#[derive(Debug)]
struct SlotReader<'a> {
    cursor: Cursor<'a>,
    layers: Layers<'a>,
}

impl<'a, 's> LeafValues<'a, 's> {
    /// Values of an array that has `layers` around `source`, from where `cursor` stands.
    pub(super) fn new(
        cursor: Cursor<'a>,
        (source, layers, token): (Source<'a>, Layers<'a>, u64),
        target: Target,
        scratch: &'s mut Scratch,
    ) -> Self {
        Self {
            source,
            target,
            token,
            last: cursor.clone(),
            slots: SlotReader { cursor, layers },
            scratch,
        }
    }

    /// Takes back the last `count` of the values given last.
    pub(crate) fn give_back(&mut self, count: usize) {
        let given = self.last.remaining() - self.slots.cursor.remaining();
        self.slots.cursor.clone_from(&self.last);
        self.slots.cursor.skip(given.saturating_sub(count));
    }

    /// Bytes that converted values take.
    pub(crate) fn held_bytes(&self) -> usize {
        self.scratch.memory_size()
    }

    /// Where the values to come begin.
    pub(crate) fn into_cursor(self) -> Cursor<'a> {
        self.slots.cursor
    }

    /// Number of values to come.
    pub(crate) fn remaining(&self) -> usize {
        match self.source {
            Source::Nothing => 0,
            _ => self.slots.cursor.remaining(),
        }
    }

    /// The next `count` values, or what there is. Where they lie side by side in the array, and need no
    /// conversion, this is a view of the array; else of scratch that holds as much as the largest `count` asked.
    ///
    /// # Errors
    /// If a dictionary key or a run lies outside of what the array holds.
    pub(crate) fn next(&mut self, count: usize) -> Result<Values<'_>> {
        let count = count.min(self.remaining());
        self.last.clone_from(&self.slots.cursor);
        let Self {
            slots,
            scratch,
            target,
            ..
        } = self;
        if let Source::Decimal(decimals) = self.source {
            return match decimals {
                Decimals::Width4(values) => slots.decimals(count, values, *target, scratch),
                Decimals::Width8(values) => slots.decimals(count, values, *target, scratch),
                Decimals::Width16(values) => slots.decimals(count, values, *target, scratch),
                Decimals::Width32(values) => slots.decimals(count, values, *target, scratch),
            };
        }
        let Scratch {
            slots: picks,
            ints,
            longs,
            floats,
            doubles,
            bytes,
        } = &mut **scratch;
        Ok(match self.source {
            Source::Nothing | Source::Decimal(_) => nothing(*target),
            Source::Int32(values) => Values::Int32(slots.view(count, values, ints, picks)?),
            Source::Int64(values) => Values::Int64(slots.view(count, values, longs, picks)?),
            Source::Float(values) => Values::Float(slots.view(count, values, floats, picks)?),
            Source::Double(values) => Values::Double(slots.view(count, values, doubles, picks)?),
            Source::Boolean(values) => Values::Boolean(slots.bits(count, values, bytes, picks)?),
            Source::Fixed(values) => Values::Fixed(slots.widths(count, values, bytes, picks)?),
            Source::Bytes(values) => Values::Bytes(slots.pick(count, values, self.token, picks)?),
            Source::Narrow(narrow) => {
                ints.clear();
                match narrow {
                    Narrow::Int8(values) => slots.map(count, values, ints, picks, i32::from)?,
                    Narrow::Int16(values) => slots.map(count, values, ints, picks, i32::from)?,
                    Narrow::UInt8(values) => slots.map(count, values, ints, picks, i32::from)?,
                    Narrow::UInt16(values) => slots.map(count, values, ints, picks, i32::from)?,
                    Narrow::Date64(values) => {
                        slots.map(count, values, ints, picks, |millis| {
                            millis.div_euclid(MILLIS_PER_DAY) as i32
                        })?;
                    }
                }
                Values::Int32(ints)
            }
            Source::Interval(Intervals::Months(values)) => {
                let fill = Fill {
                    count,
                    width: 12,
                    bytes,
                };
                Values::Fixed(slots.fixed(fill, values, picks, |months, out| {
                    out[..4].copy_from_slice(&months.to_le_bytes());
                    out[4..12].fill(0);
                })?)
            }
            Source::Interval(Intervals::DayTime(values)) => {
                let fill = Fill {
                    count,
                    width: 12,
                    bytes,
                };
                Values::Fixed(slots.fixed(fill, values, picks, |interval, out| {
                    out[..4].fill(0);
                    out[4..8].copy_from_slice(&interval.days.to_le_bytes());
                    out[8..12].copy_from_slice(&interval.milliseconds.to_le_bytes());
                })?)
            }
        })
    }
}

/// Values of one width to be written to scratch.
struct Fill<'s> {
    count: usize,
    width: usize,
    bytes: &'s mut Vec<u8>,
}

impl<'a> SlotReader<'a> {
    /// The first of the next `count` slots, passed, if the source has them side by side.
    fn take_run(&mut self, count: usize) -> Option<usize> {
        if self.layers.is_empty() {
            self.cursor.take_run(count)
        } else {
            None
        }
    }

    /// Feeds the next `count` slots of the source to `gather`.
    fn feed(&mut self, count: usize, picks: &mut Vec<u32>, gather: &mut impl Gather) -> Result<()> {
        if self.layers.is_empty() {
            self.cursor.take(count, gather);
            return Ok(());
        }
        self.layers.resolve(&mut self.cursor, count, picks)?;
        gather.slots(picks);
        Ok(())
    }

    fn map<S: Copy, T>(
        &mut self,
        count: usize,
        values: &[S],
        out: &mut Vec<T>,
        picks: &mut Vec<u32>,
        map: impl Fn(S) -> T,
    ) -> Result<()> {
        out.clear();
        out.reserve(count);
        self.feed(count, picks, &mut Mapped { values, out, map })
    }

    fn view<'s, T: Copy>(
        &mut self,
        count: usize,
        values: &'s [T],
        out: &'s mut Vec<T>,
        picks: &mut Vec<u32>,
    ) -> Result<&'s [T]> {
        if let Some(from) = self.take_run(count) {
            return Ok(&values[from..from + count]);
        }
        self.map(count, values, out, picks, |value| value)?;
        Ok(out)
    }

    fn bits<'s>(
        &mut self,
        count: usize,
        values: BitSlice<'s>,
        out: &'s mut Vec<u8>,
        picks: &mut Vec<u32>,
    ) -> Result<BitSlice<'s>> {
        if let Some(from) = self.take_run(count) {
            return Ok(values.slice(from, count));
        }
        out.clear();
        let mut gather = Bits::new(values, out);
        self.feed(count, picks, &mut gather)?;
        gather.finish();
        Ok(BitSlice::new(out, 0, count))
    }

    fn widths<'s>(
        &mut self,
        count: usize,
        values: FixedValues<'s>,
        out: &'s mut Vec<u8>,
        picks: &mut Vec<u32>,
    ) -> Result<FixedValues<'s>> {
        let (data, width) = (values.data(), values.width());
        if let Some(from) = self.take_run(count) {
            return Ok(FixedValues::new(
                &data[from * width..(from + count) * width],
                width,
            ));
        }
        out.clear();
        self.feed(count, picks, &mut Widths { data, width, out })?;
        Ok(FixedValues::new(out, width))
    }

    fn pick<'s>(
        &mut self,
        count: usize,
        source: ByteSource<'s>,
        token: u64,
        picks: &'s mut Vec<u32>,
    ) -> Result<ByteValues<'s>>
    where
        'a: 's,
    {
        if let Some(from) = self.take_run(count) {
            return Ok(ByteValues::new(source, Picks::Range { from, len: count }));
        }
        if let Some(keys) = self.layers.borrow_keys(&mut self.cursor, count)? {
            return Ok(ByteValues::new(
                source,
                Picks::Keys {
                    keys,
                    token,
                    of: Keyed::Dictionary,
                },
            ));
        }
        self.layers.resolve(&mut self.cursor, count, picks)?;
        let picks = if self.layers.is_empty() {
            Picks::Indices(picks)
        } else {
            Picks::Keys {
                keys: picks,
                token,
                of: self.layers.keyed(),
            }
        };
        Ok(ByteValues::new(source, picks))
    }

    fn fixed<'s, S: Copy>(
        &mut self,
        fill: Fill<'s>,
        values: &[S],
        picks: &mut Vec<u32>,
        write: impl Fn(S, &mut [u8]),
    ) -> Result<FixedValues<'s>> {
        let Fill {
            count,
            width,
            bytes,
        } = fill;
        // What earlier steps left is overwritten, and need not be cleared.
        let len = decimal::scratch_len(count, width);
        if bytes.len() < len {
            bytes.resize(len, 0);
        }
        let mut at = 0;
        let each = |value| {
            write(value, &mut bytes[at..]);
            at += width;
        };
        self.feed(count, picks, &mut Each { values, each })?;
        Ok(FixedValues::new(&bytes[..count * width], width))
    }

    fn decimals<'s, S: Unscaled>(
        &mut self,
        count: usize,
        values: &[S],
        target: Target,
        scratch: &'s mut Scratch,
    ) -> Result<Values<'s>> {
        let Scratch {
            slots: picks,
            ints,
            longs,
            bytes,
            ..
        } = scratch;
        Ok(match target {
            Target::Int32 => {
                self.map(count, values, ints, picks, |value| value.low() as i32)?;
                Values::Int32(ints)
            }
            Target::Int64 => {
                self.map(count, values, longs, picks, Unscaled::low)?;
                Values::Int64(longs)
            }
            Target::Fixed(width) => {
                let fill = Fill {
                    count,
                    width,
                    bytes,
                };
                Values::Fixed(self.fixed(fill, values, picks, |value, out| {
                    value.write_fixed(width, out)
                })?)
            }
            _ => {
                bytes.clear();
                ints.clear();
                ints.push(0);
                let each = |value: S| {
                    value.write_short(bytes);
                    ints.push(bytes.len() as i32);
                };
                self.feed(count, picks, &mut Each { values, each })?;
                let source = ByteSource::Offsets32 {
                    offsets: ints,
                    data: bytes,
                };
                Values::Bytes(ByteValues::new(
                    source,
                    Picks::Range {
                        from: 0,
                        len: count,
                    },
                ))
            }
        })
    }
}

/// The values of these slots, where they can be lent, or are numbers that are soon converted.
#[inline]
pub(super) fn side_by_side<'s>(
    source: Source<'s>,
    range: Range<usize>,
    target: Target,
    scratch: &'s mut Scratch,
) -> Option<Values<'s>> {
    let picks = Picks::Range {
        from: range.start,
        len: range.len(),
    };
    Some(match source {
        Source::Int32(values) => Values::Int32(values.get(range)?),
        Source::Int64(values) => Values::Int64(values.get(range)?),
        Source::Float(values) => Values::Float(values.get(range)?),
        Source::Double(values) => Values::Double(values.get(range)?),
        Source::Boolean(values) if values.len() >= range.end => {
            Values::Boolean(values.slice(range.start, range.len()))
        }
        Source::Bytes(source) if source.len() >= range.end => {
            Values::Bytes(ByteValues::new(source, picks).measured())
        }
        Source::Decimal(Decimals::Width16(values)) => {
            let values = values.get(range)?.iter();
            match target {
                Target::Int32 => {
                    scratch.ints.clear();
                    scratch.ints.extend(values.map(|value| value.low() as i32));
                    Values::Int32(&scratch.ints)
                }
                Target::Int64 => {
                    scratch.longs.clear();
                    scratch.longs.extend(values.map(|value| value.low()));
                    Values::Int64(&scratch.longs)
                }
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn nothing(target: Target) -> Values<'static> {
    match target {
        Target::Boolean => Values::Boolean(BitSlice::new(&[], 0, 0)),
        Target::Int32 => Values::Int32(&[]),
        Target::Int64 => Values::Int64(&[]),
        Target::Float => Values::Float(&[]),
        Target::Double => Values::Double(&[]),
        Target::Bytes => {
            let source = ByteSource::Offsets32 {
                offsets: &[0],
                data: &[],
            };
            Values::Bytes(ByteValues::new(source, Picks::Range { from: 0, len: 0 }))
        }
        Target::Fixed(width) => Values::Fixed(FixedValues::new(&[], width)),
    }
}

/// Kernels index by slot without asking again.
pub(super) fn check_slots(selection: &Selection, len: usize) -> Result<()> {
    let end = match selection {
        Selection::Range { from, len } => from.saturating_add(*len),
        Selection::Bits { bits, from, .. } => from.saturating_add(bits.len()),
        Selection::Ranges(ranges) => ranges
            .iter()
            .filter(|range| !range.is_empty())
            .map(|range| range.end)
            .max()
            .unwrap_or(0),
        Selection::Indices(indices) => indices.iter().max().map_or(0, |slot| *slot as usize + 1),
    };
    if end > len {
        return Err(ParquetError::IndexOutOfBound(end - 1, len));
    }
    match selection {
        Selection::Range { .. } | Selection::Bits { .. } if u32::try_from(len).is_err() => Err(
            ParquetError::General(format!("an array of {len} slots is too long to be encoded")),
        ),
        _ => Ok(()),
    }
}
