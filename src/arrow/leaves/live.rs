//! Sets of live slots: narrowed by validity, read in stretches, built from stretches.
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: slots come from a checked array and lie inside its validity"
)]

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};

use super::bit_words::extract;
use crate::arrow::adapt::Selection;
use crate::data_type::bits::BitSlice;

/// Below this mean length of stretches single indices are smaller than ranges.
const MIN_MEAN_STRETCH: usize = 4;

/// No slots.
pub(super) const NONE: Selection = Selection::Range { from: 0, len: 0 };

/// Calls `each` for consecutive slots, in order.
pub(super) fn for_each_stretch(live: &Selection, mut each: impl FnMut(Range<usize>)) {
    match live {
        Selection::Range { from, len } => each(*from..*from + *len),
        Selection::Bits { bits, from, .. } => {
            bits.set_slices()
                .for_each(|(start, end)| each(*from + start..*from + end));
        }
        Selection::Ranges(ranges) => ranges.iter().cloned().for_each(each),
        Selection::Indices(indices) => {
            indices
                .iter()
                .for_each(|index| each(*index as usize..*index as usize + 1));
        }
    }
}

/// The slots of `live` that `valid` has set, `valid` being indexed by array slot.
pub(super) fn narrow(live: &Selection, valid: &BooleanBuffer) -> Selection {
    match live {
        Selection::Range { from, len } => Selection::from_bits(valid.slice(*from, *len), *from),
        Selection::Bits { bits, from, .. } => {
            Selection::from_bits(bits & &valid.slice(*from, bits.len()), *from)
        }
        Selection::Ranges(ranges) => {
            let view = BitSlice::from(valid);
            let mut kept = Stretches::default();
            for range in ranges.iter() {
                for (start, end) in view.slice(range.start, range.len()).set_runs() {
                    kept.push(range.start + start..range.start + end);
                }
            }
            kept.finish()
        }
        Selection::Indices(indices) => {
            let kept = indices
                .iter()
                .copied()
                .filter(|index| valid.value(*index as usize));
            Selection::Indices(Arc::new(kept.collect()))
        }
    }
}

/// The bits of `valid` at the live slots, one bit a live slot, in their order.
pub(super) fn gather(live: &Selection, valid: &BooleanBuffer) -> BooleanBuffer {
    match live {
        Selection::Range { from, len } => valid.slice(*from, *len),
        Selection::Bits { bits, from, ones } => {
            let (lives, valid) = (BitSlice::from(bits), BitSlice::from(valid));
            let mut gathered = BooleanBufferBuilder::new(*ones);
            for at in (0..bits.len()).step_by(64) {
                let places = lives.word(at);
                let count = places.count_ones() as usize;
                gathered.append_word(extract(valid.word(*from + at), places), count);
            }
            gathered.finish()
        }
        Selection::Ranges(ranges) => {
            let mut gathered = BooleanBufferBuilder::new(live.len());
            for range in ranges.iter() {
                let bits = valid.offset() + range.start..valid.offset() + range.end;
                gathered.append_packed_range(bits, valid.values());
            }
            gathered.finish()
        }
        Selection::Indices(indices) => {
            BooleanBuffer::collect_bool(indices.len(), |at| valid.value(indices[at] as usize))
        }
    }
}

/// The first live slot, in order of writing, that `valid` has not set.
pub(super) fn first_invalid(live: &Selection, valid: &BooleanBuffer) -> Option<usize> {
    let mut found = None;
    for_each_stretch(live, |stretch| {
        if found.is_none() {
            found = stretch.into_iter().find(|slot| !valid.value(*slot));
        }
    });
    found
}

/// Collects stretches of slots, joined where they follow one another.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    open: Range<usize>,
    closed: Vec<Range<usize>>,
    /// Slots in all stretches.
    total: usize,
    /// End of the slot that lies farthest back.
    end: usize,
}

impl Stretches {
    /// Appends slots.
    #[inline]
    pub(super) fn push(&mut self, stretch: Range<usize>) {
        let len = stretch.len();
        if len == 0 {
            return;
        }
        self.total += len;
        self.end = self.end.max(stretch.end);
        if self.open.end == stretch.start && !self.open.is_empty() {
            self.open.end = stretch.end;
            return;
        }
        if !self.open.is_empty() {
            self.closed.push(self.open.clone());
        }
        self.open = stretch;
    }

    /// The slots in the smallest form.
    pub(super) fn finish(mut self) -> Selection {
        if self.closed.is_empty() {
            return Selection::Range {
                from: self.open.start,
                len: self.total,
            };
        }
        self.closed.push(self.open);
        let short = self.total / self.closed.len() < MIN_MEAN_STRETCH;
        match u32::try_from(self.end) {
            Ok(_) if short => {
                let mut indices = Vec::with_capacity(self.total);
                for stretch in &self.closed {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the farthest slot fits, so all do"
                    )]
                    indices.extend(stretch.start as u32..stretch.end as u32);
                }
                Selection::Indices(Arc::new(indices))
            }
            _ => Selection::Ranges(Arc::new(self.closed)),
        }
    }
}
