//! Walks a selection in steps of any size, telling a loop body of the slots in the cheapest form at hand:
//! runs, words of bits, or single slots.

#![expect(
    clippy::indexing_slicing,
    reason = "kernel: places are kept within the selection they walk"
)]

use std::ops::Range;

use super::Selection;
use crate::data_type::bits::BitSlice;

/// A loop body over selected slots.
pub(super) trait Gather {
    /// `len` slots from `from` on.
    fn run(&mut self, from: usize, len: usize);
    /// A slot `base + bit` for each set bit of `mask`, which is not zero.
    fn word(&mut self, base: usize, mask: u64);
    /// These slots.
    fn slots(&mut self, slots: &[u32]);
}

/// A place in a selection. Cheap to clone, so that a place can be kept while the values behind it are read.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    selection: &'a Selection,
    /// Selected slots not passed yet.
    remaining: usize,
    /// Slots of a range, bits, or indices passed, those of earlier ranges not counted.
    place: usize,
    /// Ranges passed.
    range: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(selection: &'a Selection) -> Self {
        Self {
            selection,
            remaining: selection.len(),
            place: 0,
            range: 0,
        }
    }

    /// Number of selected slots to come.
    pub(crate) fn remaining(&self) -> usize {
        self.remaining
    }

    /// Passes the next `count` slots, or what there is.
    pub(crate) fn skip(&mut self, count: usize) {
        self.take(count, &mut Unseen);
    }

    /// Passes the next `count` slots if they lie side by side, and returns the first of them.
    pub(super) fn take_run(&mut self, count: usize) -> Option<usize> {
        if count == 0 {
            return Some(0);
        }
        let first = match self.selection {
            Selection::Range { from, .. } => from + self.place,
            Selection::Bits { bits, from, .. } => {
                let bits = BitSlice::from(bits);
                self.place += zeros_ahead(bits, self.place);
                if !all_set(bits.slice(self.place, count)) {
                    return None;
                }
                from + self.place
            }
            Selection::Ranges(ranges) => {
                self.pass_spent(ranges);
                let range = ranges.get(self.range)?;
                let first = range.start + self.place;
                if range.end - first < count {
                    return None;
                }
                first
            }
            Selection::Indices(_) => return None,
        };
        self.place += count;
        self.remaining -= count;
        Some(first)
    }

    /// Passes the next `count` slots, or what there is, telling `gather` of them in order.
    pub(super) fn take(&mut self, count: usize, gather: &mut impl Gather) {
        let count = count.min(self.remaining);
        self.remaining -= count;
        match self.selection {
            Selection::Range { from, .. } => {
                gather.run(from + self.place, count);
                self.place += count;
            }
            Selection::Bits { bits, from, .. } => {
                self.place = take_bits(bits.into(), self.place, *from, count, gather)
            }
            Selection::Ranges(ranges) => {
                let mut left = count;
                while left > 0 {
                    self.pass_spent(ranges);
                    let first = ranges[self.range].start + self.place;
                    let len = (ranges[self.range].end - first).min(left);
                    gather.run(first, len);
                    self.place += len;
                    left -= len;
                }
            }
            Selection::Indices(indices) => {
                gather.slots(&indices[self.place..self.place + count]);
                self.place += count;
            }
        }
    }

    /// Steps over ranges of which nothing is left.
    fn pass_spent(&mut self, ranges: &[Range<usize>]) {
        while ranges
            .get(self.range)
            .is_some_and(|range| range.start + self.place >= range.end)
        {
            (self.range, self.place) = (self.range + 1, 0);
        }
    }
}

/// A loop body without a body.
struct Unseen;

impl Gather for Unseen {
    fn run(&mut self, _from: usize, _len: usize) {}
    fn word(&mut self, _base: usize, _mask: u64) {}
    fn slots(&mut self, _slots: &[u32]) {}
}

/// Tells `gather` of the next `count` set bits from `place` on; returns the place after them.
fn take_bits(
    bits: BitSlice<'_>,
    place: usize,
    from: usize,
    count: usize,
    gather: &mut impl Gather,
) -> usize {
    let (mut place, mut left) = (place, count);
    while left > 0 && place < bits.len() {
        let word = bits.word(place);
        let ones = word.count_ones() as usize;
        let (mask, width) = if ones <= left {
            (word, 64)
        } else {
            lowest_ones(word, left)
        };
        match mask {
            0 => {}
            u64::MAX => gather.run(from + place, 64),
            mask => gather.word(from + place, mask),
        }
        left -= ones.min(left);
        place += width;
    }
    place
}

/// The lowest `count` set bits of `word`, which has more, and how many places they reach over.
fn lowest_ones(word: u64, count: usize) -> (u64, usize) {
    let rest = (0..count).fold(word, |rest, _| rest & rest.wrapping_sub(1));
    let mask = word ^ rest;
    (mask, 64 - mask.leading_zeros() as usize)
}

fn zeros_ahead(bits: BitSlice<'_>, place: usize) -> usize {
    let mut zeros = 0;
    while place + zeros < bits.len() {
        match bits.word(place + zeros) {
            0 => zeros += 64,
            word => return zeros + word.trailing_zeros() as usize,
        }
    }
    bits.len().saturating_sub(place)
}

fn all_set(bits: BitSlice<'_>) -> bool {
    let whole = bits.len() / 64 * 64;
    (0..whole).step_by(64).all(|at| bits.word(at) == u64::MAX)
        && bits.word(whole).count_ones() as usize == bits.len() - whole
}
