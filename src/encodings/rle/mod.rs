//! The RLE / bit-packing hybrid: runs of one value, and groups of eight packed values.
//!
//! What is written depends on the values alone, not on how they were cut into calls:
//! - Groups of eight are formed from where the last run ended. A group of equal values begins a
//!   run, which goes on for as long as the value does; any other group is packed.
//! - Behind packed groups a run must also take no more bytes than its values would packed, counting
//!   the header that the next packed group needs; else its whole groups are packed.
//!
//! SPEC: Encodings.md, "Run Length Encoding / Bit-Packing Hybrid".
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: slices are cut at counts taken from them"
)]

mod bits;

use super::bit_pack::{PackWord, pack_into};
use super::buffer::{append, append_varint};

/// Values of a packed group.
const GROUP: usize = 8;
/// Most groups of one packed run: its header is one byte, which every reader takes and which can be
/// filled in later.
const MOST_GROUPS: u8 = 63;
/// SPEC: note 3, run lengths fit a signed 32-bit integer.
const LONGEST_RUN: usize = 0x7fff_ffff;

/// Appends `indices`, each of at most `width` bits, as a whole page's hybrid runs. The byte that
/// names the width is the caller's.
pub(crate) fn encode_indices<T: PackWord>(indices: &[T], width: u8, out: &mut Vec<u8>) {
    let mut hybrid = Hybrid::new(width);
    hybrid.put_slice(indices, out);
    hybrid.finish(out);
}

/// Bytes that `count` values of `width` bits take at most.
pub(crate) fn max_encoded_len(count: usize, width: u8) -> usize {
    let width = usize::from(width);
    // Every group may need a header of its own, whether it is packed or is a run.
    count.div_ceil(GROUP) * (1 + width.max(width.div_ceil(8)))
}

/// Encoder of one sequence of runs. The bytes belong to the caller, who lends the same vector to
/// every call until [`Hybrid::finish`].
#[derive(Debug)]
pub(crate) struct Hybrid {
    width: u8,
    /// Values that a run has at least behind packed groups.
    least_run: usize,
    /// True if the last thing written is a packed group.
    behind_packed: bool,
    /// Groups of the last packed run; 0 if a run of one value stands behind it, or nothing.
    groups: u8,
    /// Where the last packed run's header is.
    header: usize,
    /// The run that the values end with, from a group boundary on; empty if `mixed` is not.
    run_value: u32,
    run_len: usize,
    /// The group that the values end with, if it cannot become a run any more.
    mixed: [u32; GROUP],
    mixed_len: usize,
}

impl Hybrid {
    /// Begins a sequence of values of `width` bits, at most 32.
    pub(crate) fn new(width: u8) -> Self {
        // The run's header and value, and the next packed run's header.
        let bytes = usize::from(2 + width.div_ceil(8));
        Self {
            width,
            least_run: (8 * bytes).div_ceil(usize::from(width.max(1))).max(GROUP),
            behind_packed: false,
            groups: 0,
            header: 0,
            run_value: 0,
            run_len: 0,
            mixed: [0; GROUP],
            mixed_len: 0,
        }
    }

    /// Takes `len` times `value`.
    pub(crate) fn put_run(&mut self, value: u32, mut len: usize, out: &mut Vec<u8>) {
        while len > 0 {
            if self.mixed_len > 0 {
                let take = len.min(GROUP - self.mixed_len);
                self.fill_group(std::iter::repeat_n(value, take), out);
                len -= take;
            } else if self.run_len == 0 || self.run_value == value {
                self.run_value = value;
                self.run_len += len;
                return;
            } else {
                self.end_run(out);
            }
        }
    }

    /// Takes `values`.
    pub(crate) fn put_slice<T: PackWord>(&mut self, mut values: &[T], out: &mut Vec<u8>) {
        if self.width == 0 {
            return self.put_run(0, values.len(), out);
        }
        while let Some(&first) = values.first() {
            if self.mixed_len > 0 {
                let (fill, rest) = values.split_at(values.len().min(GROUP - self.mixed_len));
                self.fill_group(fill.iter().map(|value| value.low32()), out);
                values = rest;
            } else if self.run_len == 0 {
                let packed = self.groups_before_run(values) * GROUP;
                self.pack(&values[..packed], out);
                values = &values[packed..];
                if let Some(first) = values.first() {
                    values = self.begin_run(first.low32(), values);
                }
            } else if first.low32() == self.run_value {
                let same = count_equal_front(values, first);
                self.run_len += same;
                values = &values[same..];
            } else {
                self.end_run(out);
            }
        }
    }

    /// Writes what is pending and begins the next sequence.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        let packed_goes_on = 0 < self.groups && self.groups < MOST_GROUPS;
        if self.run_len >= GROUP || (self.run_len > 0 && !packed_goes_on) {
            self.write_run(out);
        } else if self.run_len > 0 {
            self.pack(&[self.run_value; GROUP][..self.run_len], out);
        } else {
            let mixed = self.mixed;
            self.pack(&mixed[..self.mixed_len], out);
        }
        *self = Self::new(self.width);
    }

    /// Bytes that [`Hybrid::finish`] would write, at most.
    pub(crate) fn pending_bytes(&self) -> usize {
        match (self.run_len, self.mixed_len) {
            (0, 0) => 0,
            (0, _) => 1 + usize::from(self.width),
            // A header of five bytes covers the longest run.
            _ => 5 + usize::from(self.width.div_ceil(8)).max(usize::from(self.width)),
        }
    }

    /// Values that a run starting now has at least.
    fn needed(&self) -> usize {
        if self.behind_packed {
            self.least_run
        } else {
            GROUP
        }
    }

    /// How many whole groups at the front of `values` are packed whatever follows. The group behind
    /// them, if there is one, begins a run, for all that can be seen.
    fn groups_before_run<T: PackWord>(&self, values: &[T]) -> usize {
        let (groups, _) = values.as_chunks::<GROUP>();
        let mut needed = self.needed();
        for (at, group) in groups.iter().enumerate() {
            if is_uniform(group) {
                let ahead = &values[at * GROUP..];
                let ahead = &ahead[..ahead.len().min(needed)];
                if needed == GROUP || count_equal_front(ahead, group[0]) == ahead.len() {
                    return at;
                }
            }
            needed = self.least_run;
        }
        groups.len()
    }

    /// Takes the values at the front that equal the first; or all of fewer than eight, if they are
    /// mixed. Returns the rest.
    fn begin_run<'a, T: PackWord>(&mut self, first: u32, values: &'a [T]) -> &'a [T] {
        let same = count_equal_front(values, values[0]);
        if values.len() < GROUP && same < values.len() {
            for (place, value) in self.mixed.iter_mut().zip(values) {
                *place = value.low32();
            }
            self.mixed_len = values.len();
            return &[];
        }
        self.run_value = first;
        self.run_len = same;
        &values[same..]
    }

    /// Adds at most as many values as the mixed group lacks.
    fn fill_group(&mut self, values: impl Iterator<Item = u32>, out: &mut Vec<u8>) {
        for value in values {
            self.mixed[self.mixed_len] = value;
            self.mixed_len += 1;
        }
        if self.mixed_len == GROUP {
            let mixed = self.mixed;
            self.mixed_len = 0;
            self.pack(&mixed, out);
        }
    }

    /// Writes the run, now that another value is known to follow: as a run, or as packed groups,
    /// whose rest then waits for that other value.
    fn end_run(&mut self, out: &mut Vec<u8>) {
        if self.run_len >= self.needed() {
            return self.write_run(out);
        }
        let group = [self.run_value; GROUP];
        while self.run_len >= GROUP {
            self.pack(&group, out);
            self.run_len -= GROUP;
        }
        self.mixed = group;
        self.mixed_len = self.run_len;
        self.run_len = 0;
    }

    fn write_run(&mut self, out: &mut Vec<u8>) {
        let bytes = self.run_value.to_le_bytes();
        let value = &bytes[..usize::from(self.width.div_ceil(8))];
        while self.run_len > 0 {
            let len = self.run_len.min(LONGEST_RUN);
            append_varint(out, (len as u64) << 1);
            append(out, value);
            self.run_len -= len;
        }
        self.groups = 0;
        self.behind_packed = false;
    }

    /// Packs whole groups; only the last of a sequence may be short.
    fn pack<T: PackWord>(&mut self, mut values: &[T], out: &mut Vec<u8>) {
        while !values.is_empty() {
            let room = self.open_packed(out);
            let (now, later) = values.split_at(values.len().min(room * GROUP));
            pack_into(now, self.width, out);
            self.count_packed(now.len().div_ceil(GROUP), out);
            values = later;
        }
    }

    /// Sees to a packed run with room and says for how many groups.
    fn open_packed(&mut self, out: &mut Vec<u8>) -> usize {
        if self.groups == 0 || self.groups == MOST_GROUPS {
            self.groups = 0;
            self.header = out.len();
            append(out, &[0]);
        }
        usize::from(MOST_GROUPS - self.groups)
    }

    /// Counts groups that were appended to the packed run.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "no more than there was room for"
    )]
    fn count_packed(&mut self, groups: usize, out: &mut [u8]) {
        self.groups += groups as u8;
        out[self.header] = self.groups << 1 | 1;
        self.behind_packed = true;
    }
}

/// How many values at the front equal `value`.
fn count_equal_front<T: PackWord>(values: &[T], value: T) -> usize {
    const STEP: usize = 32;
    let (steps, _) = values.as_chunks::<STEP>();
    let whole = steps
        .iter()
        .take_while(|step| step.iter().fold(true, |all, next| all & (*next == value)))
        .count();
    let front = whole * STEP;
    front
        + values[front..]
            .iter()
            .take_while(|next| **next == value)
            .count()
}

#[inline(always)]
fn is_uniform<T: PackWord>(group: &[T; GROUP]) -> bool {
    group
        .iter()
        .fold(true, |all, value| all & (*value == group[0]))
}

#[cfg(test)]
pub(super) mod tests;
