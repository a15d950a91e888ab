//! Runs of equal levels: when they pay, and how they are collected.

use std::sync::Arc;

use arrow_buffer::BooleanBuffer;

use super::leaf::LevelData;
use crate::data_type::bits::BitSlice;
use crate::data_type::levels::LevelRun;

/// From this mean length on, runs replace one level a slot. A run takes the memory of 8 levels;
/// twice that leaves room for the bound being one.
pub(super) const MIN_MEAN_OVER_SLICE: usize = 16;

/// From this mean length on, runs replace one bit a slot: a run takes the memory of 128 bits.
pub(super) const MIN_MEAN_OVER_BITS: usize = 128;

/// True if at most `runs` runs over `slots` slots are `mean` slots long on average.
pub(super) fn pay(runs: usize, slots: usize, mean: usize) -> bool {
    runs.saturating_mul(mean) <= slots
}

/// Collects runs, neighbours of one level joined.
#[derive(Debug, Default)]
pub(super) struct RunList {
    runs: Vec<LevelRun>,
    len: usize,
}

impl RunList {
    /// Room for `runs` runs.
    pub(super) fn with_capacity(runs: usize) -> Self {
        Self {
            runs: Vec::with_capacity(runs),
            len: 0,
        }
    }

    /// Appends `len` slots of `level`.
    pub(super) fn push(&mut self, level: i16, len: usize) {
        self.len += len;
        match self.runs.last_mut() {
            Some(last) if last.level == level => last.len += len,
            _ if len > 0 => self.runs.push(LevelRun { level, len }),
            _ => {}
        }
    }

    /// The levels; a single run is uniform.
    pub(super) fn finish(mut self) -> LevelData {
        match self.runs.as_slice() {
            [] => LevelData::uniform(0, 0),
            [run] => LevelData::Uniform(*run),
            _ => {
                self.runs.shrink_to_fit();
                LevelData::Runs {
                    runs: Arc::new(self.runs),
                    len: self.len,
                }
            }
        }
    }
}

/// How many runs these levels have at most; `None` if that is not known without a look at each.
pub(super) fn count(levels: &LevelData) -> Option<usize> {
    match levels {
        LevelData::Uniform(_) => Some(1),
        LevelData::Bits { bits, .. } => Some(count_bits(bits)),
        LevelData::Runs { runs, .. } => Some(runs.len()),
        LevelData::Slice(_) => None,
    }
}

/// Runs of set and of clear bits.
pub(super) fn count_bits(bits: &BooleanBuffer) -> usize {
    let bits = BitSlice::from(bits);
    let words = (0..bits.len()).step_by(64);
    // A bit that differs from the next one ends a run; the last bit ends one in any case.
    let ends: u32 = words
        .map(|at| {
            let left = bits.len() - at;
            let (word, next) = (bits.word(at), u64::from(bits.get(at + 64)));
            let differs = word ^ (word >> 1 | next << 63);
            let pairs = if left > 64 {
                u64::MAX
            } else {
                (1u64 << (left - 1)) - 1
            };
            (differs & pairs).count_ones()
        })
        .sum();
    ends as usize + usize::from(bits.len() > 0)
}

/// Calls `each` for every run; levels that lie one by one are handed on as runs of one slot.
pub(super) fn for_each(levels: &LevelData, mut each: impl FnMut(LevelRun)) {
    match levels {
        LevelData::Uniform(run) => each(*run),
        LevelData::Runs { runs, .. } => runs.iter().copied().for_each(each),
        LevelData::Slice(levels) => levels.iter().for_each(|level| {
            each(LevelRun {
                level: *level,
                len: 1,
            })
        }),
        LevelData::Bits { bits, set, clear } => for_each_bit_run(bits, |is_set, len| {
            let level = if is_set { *set } else { *clear };
            each(LevelRun { level, len });
        }),
    }
}

/// Calls `each` with the bit and the length of every run of bits.
pub(super) fn for_each_bit_run(bits: &BooleanBuffer, mut each: impl FnMut(bool, usize)) {
    let mut at = 0;
    for (start, end) in bits.set_slices() {
        if start > at {
            each(false, start - at);
        }
        each(true, end - start);
        at = end;
    }
    if at < bits.len() {
        each(false, bits.len() - at);
    }
}
