//! Loop bodies that squeeze selected slots out of an array's buffers into scratch.

#![expect(
    clippy::indexing_slicing,
    reason = "kernel: selections are checked against the array once, at `open`"
)]

use super::cursor::Gather;
use crate::data_type::bits::BitSlice;

/// Converts each selected value.
pub(super) struct Mapped<'v, 'o, S, T, F> {
    pub(super) values: &'v [S],
    pub(super) out: &'o mut Vec<T>,
    pub(super) map: F,
}

impl<S: Copy, T, F: Fn(S) -> T> Gather for Mapped<'_, '_, S, T, F> {
    #[inline]
    fn run(&mut self, from: usize, len: usize) {
        self.out.extend(
            self.values[from..from + len]
                .iter()
                .map(|value| (self.map)(*value)),
        );
    }

    #[inline]
    fn word(&mut self, base: usize, mask: u64) {
        let (values, map) = (&self.values[base..], &self.map);
        // An array of 64 needs no bounds checks; only the end of a column has fewer.
        match values.first_chunk::<64>() {
            Some(chunk) => self.out.extend(ones(mask).map(|bit| map(chunk[bit % 64]))),
            None => self.out.extend(ones(mask).map(|bit| map(values[bit]))),
        }
    }

    #[inline]
    fn slots(&mut self, slots: &[u32]) {
        self.out.extend(
            slots
                .iter()
                .map(|slot| (self.map)(self.values[*slot as usize])),
        );
    }
}

/// Hands each selected value on.
pub(super) struct Each<'v, S, F> {
    pub(super) values: &'v [S],
    pub(super) each: F,
}

impl<S: Copy, F: FnMut(S)> Gather for Each<'_, S, F> {
    #[inline]
    fn run(&mut self, from: usize, len: usize) {
        self.values[from..from + len]
            .iter()
            .for_each(|value| (self.each)(*value));
    }

    #[inline]
    fn word(&mut self, base: usize, mask: u64) {
        ones(mask).for_each(|bit| (self.each)(self.values[base + bit]));
    }

    #[inline]
    fn slots(&mut self, slots: &[u32]) {
        slots
            .iter()
            .for_each(|slot| (self.each)(self.values[*slot as usize]));
    }
}

/// Writes down which slots are selected.
pub(super) struct Slots<'o> {
    pub(super) out: &'o mut Vec<u32>,
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`open` refuses arrays of more slots than u32 counts"
)]
impl Gather for Slots<'_> {
    fn run(&mut self, from: usize, len: usize) {
        self.out.extend(from as u32..(from + len) as u32);
    }

    fn word(&mut self, base: usize, mask: u64) {
        self.out.extend(ones(mask).map(|bit| (base + bit) as u32));
    }

    fn slots(&mut self, slots: &[u32]) {
        self.out.extend_from_slice(slots);
    }
}

/// Copies values of one width.
pub(super) struct Widths<'v, 'o> {
    pub(super) data: &'v [u8],
    pub(super) width: usize,
    pub(super) out: &'o mut Vec<u8>,
}

impl Gather for Widths<'_, '_> {
    fn run(&mut self, from: usize, len: usize) {
        self.out
            .extend_from_slice(&self.data[from * self.width..(from + len) * self.width]);
    }

    fn word(&mut self, base: usize, mask: u64) {
        ones(mask).for_each(|bit| self.run(base + bit, 1));
    }

    fn slots(&mut self, slots: &[u32]) {
        slots.iter().for_each(|slot| self.run(*slot as usize, 1));
    }
}

/// Copies bits, least significant first.
pub(super) struct Bits<'v, 'o> {
    values: BitSlice<'v>,
    out: &'o mut Vec<u8>,
    /// The last bits, fewer than 64, that are not in `out` yet.
    open: u64,
    /// How many there are.
    len: usize,
}

impl<'v, 'o> Bits<'v, 'o> {
    pub(super) fn new(values: BitSlice<'v>, out: &'o mut Vec<u8>) -> Self {
        Self {
            values,
            out,
            open: 0,
            len: 0,
        }
    }

    /// Writes the last bits out, in whole bytes.
    pub(super) fn finish(self) {
        self.out
            .extend_from_slice(&self.open.to_le_bytes()[..self.len.div_ceil(8)]);
    }

    /// Appends the lowest `count` bits of `bits`; those above are zero.
    #[inline]
    fn push(&mut self, bits: u64, count: usize) {
        self.open |= bits << self.len;
        let len = self.len + count;
        if len < 64 {
            self.len = len;
            return;
        }
        self.out.extend_from_slice(&self.open.to_le_bytes());
        // A shift by 64 would be one too far; nothing is left over then.
        self.open = if self.len == 0 {
            0
        } else {
            bits >> (64 - self.len)
        };
        self.len = len - 64;
    }
}

impl Gather for Bits<'_, '_> {
    fn run(&mut self, from: usize, len: usize) {
        let run = self.values.slice(from, len);
        for at in (0..len).step_by(64) {
            self.push(run.word(at), (len - at).min(64));
        }
    }

    fn word(&mut self, base: usize, mask: u64) {
        let values = self.values.word(base);
        let squeezed = ones(mask)
            .enumerate()
            .fold(0, |all, (to, bit)| all | (values >> bit & 1) << to);
        self.push(squeezed, mask.count_ones() as usize);
    }

    fn slots(&mut self, slots: &[u32]) {
        for slots in slots.chunks(64) {
            let bits = slots.iter().enumerate().fold(0, |all, (to, slot)| {
                all | u64::from(self.values.get(*slot as usize)) << to
            });
            self.push(bits, slots.len());
        }
    }
}

/// Positions of the set bits of a word, ascending. A mapped range, so that `Vec::extend` reserves once and
/// its loop has no branch a value.
#[inline]
fn ones(mask: u64) -> impl Iterator<Item = usize> {
    let mut mask = mask;
    (0..mask.count_ones()).map(move |_| {
        let bit = mask.trailing_zeros() as usize;
        mask &= mask.wrapping_sub(1);
        bit
    })
}
