//! Hybrid runs of two values given as bits: validity that becomes definition levels, booleans.
//! Sixty-four slots at a time; at a width of one the packed groups are copies of the given bytes.
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: ranges come from a view that was cut to its bytes"
)]

use super::super::buffer::{append, grow};
use super::{GROUP, Hybrid};
use crate::data_type::bits::BitSlice;

/// Values that a run has at least behind packed groups of one bit each.
const LEAST_RUN: usize = 24;

impl Hybrid {
    /// Takes `set` for each set bit and `clear` for each clear one.
    pub(crate) fn put_bits(&mut self, bits: BitSlice<'_>, set: u32, clear: u32, out: &mut Vec<u8>) {
        if set == clear {
            self.put_run(set, bits.len(), out);
        } else if self.width == 1 {
            self.put_single_bits(
                Flipped {
                    bits,
                    flip: if set == 0 { u64::MAX } else { 0 },
                },
                out,
            );
        } else {
            self.put_wide_bits(bits, set, clear, out);
        }
    }

    fn put_wide_bits(&mut self, bits: BitSlice<'_>, set: u32, clear: u32, out: &mut Vec<u8>) {
        let mut values = [0u32; 64];
        for from in (0..bits.len()).step_by(64) {
            let word = bits.word(from);
            let len = (bits.len() - from).min(64);
            if word == 0 || word == u64::MAX {
                self.put_run(if word == 0 { clear } else { set }, len, out);
                continue;
            }
            let (groups, _) = values.as_chunks_mut::<GROUP>();
            for (group, byte) in groups.iter_mut().zip(word.to_le_bytes()) {
                for (bit, value) in group.iter_mut().enumerate() {
                    *value = if byte & 1 << bit == 0 { clear } else { set };
                }
            }
            self.put_slice(&values[..len], out);
        }
    }

    fn put_single_bits(&mut self, mut bits: Flipped<'_>, out: &mut Vec<u8>) {
        while !bits.is_empty() {
            let word = bits.word(0);
            if self.mixed_len > 0 {
                let take = bits.len().min(GROUP - self.mixed_len);
                self.fill_group((0..take).map(|bit| (word >> bit & 1) as u32), out);
                bits.take_front(take);
            } else if self.run_len == 0 {
                let groups = bits.groups_before_run(self.behind_packed);
                self.copy(bits.take_front(groups * GROUP), out);
                self.begin_bit_run(&mut bits);
            } else {
                let same = bits.count_equal_front(self.run_value);
                self.run_len += same;
                bits.take_front(same);
                if !bits.is_empty() {
                    self.end_run(out);
                }
            }
        }
    }

    /// Takes the bits at the front that equal the first; or all of fewer than eight, if they are mixed.
    fn begin_bit_run(&mut self, bits: &mut Flipped<'_>) {
        let word = bits.word(0);
        let first = (word & 1) as u32;
        let same = bits.count_equal_front(first);
        if bits.len() < GROUP && same < bits.len() {
            for (bit, place) in self.mixed.iter_mut().enumerate() {
                *place = (word >> bit & 1) as u32;
            }
            self.mixed_len = bits.len();
            bits.take_front(GROUP);
            return;
        }
        self.run_value = first;
        self.run_len = same;
        bits.take_front(same);
    }

    /// Writes whole groups of bits as packed groups.
    fn copy(&mut self, mut bits: Flipped<'_>, out: &mut Vec<u8>) {
        while !bits.is_empty() {
            let room = self.open_packed(out);
            let now = bits.take_front(room * GROUP);
            let bytes = now.len() / GROUP;
            if let Some(aligned) = now.aligned_bytes() {
                append(out, &aligned[..bytes]);
            } else {
                grow(out, bytes);
                for at in (0..bytes).step_by(8) {
                    let word = now.word(at * GROUP).to_le_bytes();
                    out.extend_from_slice(&word[..(bytes - at).min(8)]);
                }
            }
            self.count_packed(bytes, out);
        }
    }
}

/// Bits that mean their opposite if `flip` is all ones.
#[derive(Clone, Copy)]
struct Flipped<'a> {
    bits: BitSlice<'a>,
    flip: u64,
}

impl<'a> Flipped<'a> {
    fn len(&self) -> usize {
        self.bits.len()
    }

    fn is_empty(&self) -> bool {
        self.bits.len() == 0
    }

    fn take_front(&mut self, len: usize) -> Self {
        Self {
            bits: self.bits.take_front(len),
            flip: self.flip,
        }
    }

    /// Up to 64 bits; places past the end are not to be looked at.
    #[inline]
    fn word(&self, index: usize) -> u64 {
        self.bits.word(index) ^ self.flip
    }

    fn aligned_bytes(&self) -> Option<&'a [u8]> {
        (self.flip == 0 && self.bits.offset().is_multiple_of(8))
            .then(|| &self.bits.bytes()[self.bits.offset() / 8..])
    }

    /// How many bits at the front equal `value`.
    fn count_equal_front(&self, value: u32) -> usize {
        let same = if value == 0 { 0 } else { u64::MAX };
        let mut front = 0;
        while front < self.len() {
            let equal = (self.word(front) ^ same).trailing_zeros() as usize;
            front += equal;
            if equal < 64 {
                break;
            }
        }
        front.min(self.len())
    }

    /// How many whole groups at the front are packed whatever follows.
    fn groups_before_run(&self, behind_packed: bool) -> usize {
        let groups = self.len() / GROUP;
        let mut at = 0;
        if !behind_packed && groups > 0 {
            if matches!(self.word(0).to_le_bytes()[0], 0 | 0xff) {
                return 0;
            }
            at = 1;
        }
        while at < groups {
            let word = self.word(at * GROUP);
            let [_, _, third, _, _, sixth, _, _] = word.to_le_bytes();
            // A run of three groups that begins in the first six covers one of these two; so does one
            // that begins there and goes on to the end, unless the end comes before the sixth.
            if at + 6 > groups || matches!(third, 0 | 0xff) || matches!(sixth, 0 | 0xff) {
                let last = groups.min(at + 6);
                if let Some(found) = (at..last).find(|start| self.may_run_from(*start)) {
                    return found;
                }
            }
            at += 6;
        }
        groups
    }

    /// True if the bits from a group on are equal for as long as a run is at least, or to the end.
    fn may_run_from(&self, group: usize) -> bool {
        let from = group * GROUP;
        let seen = (self.len() - from).min(LEAST_RUN);
        let places = (1u64 << seen) - 1;
        let bits = self.word(from) & places;
        bits == 0 || bits == places
    }
}
