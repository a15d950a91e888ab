//! A nullable node: live slots part into present ones, one level up, and null ones.
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: levels go in chunks of 64 beside words of bits"
)]

use arrow_buffer::BooleanBuffer;

use super::leaf::LevelData;
use super::runs::{self, MIN_MEAN_OVER_SLICE, RunList};
use crate::data_type::bits::BitSlice;

/// Which live slots are present.
#[derive(Debug)]
pub(super) enum Marks {
    /// One bit a slot; set bits are live slots only.
    Slots(BooleanBuffer),
    /// One bit a live slot, in their order.
    Live(BooleanBuffer),
}

/// Lifts the marked slots among the live ones, those of level `live`, by one level.
pub(super) fn split(def: LevelData, live: i16, marks: &Marks) -> LevelData {
    let (Marks::Slots(bits) | Marks::Live(bits)) = marks;
    if let LevelData::Uniform(_) = def {
        return LevelData::Bits {
            bits: bits.clone(),
            set: live + 1,
            clear: live,
        };
    }
    if let Some(runs) = runs::count(&def) {
        let runs = runs + runs::count_bits(bits);
        if runs::pay(runs, def.len(), MIN_MEAN_OVER_SLICE) {
            return split_runs(&def, live, marks, runs);
        }
    }
    let mut levels = def.into_vec();
    match marks {
        Marks::Slots(bits) => lift_slots(&mut levels, BitSlice::from(bits)),
        Marks::Live(bits) => lift_live(&mut levels, live, BitSlice::from(bits)),
    }
    LevelData::slice(levels)
}

fn split_runs(def: &LevelData, live: i16, marks: &Marks, capacity: usize) -> LevelData {
    let mut out = RunList::with_capacity(capacity);
    let mut next = 0;
    runs::for_each(def, |run| {
        let is_live = run.level == live;
        if is_live {
            let (Marks::Slots(bits) | Marks::Live(bits)) = marks;
            runs::for_each_bit_run(&bits.slice(next, run.len), |present, len| {
                out.push(live + i16::from(present), len);
            });
        } else {
            out.push(run.level, run.len);
        }
        if is_live || matches!(marks, Marks::Slots(_)) {
            next += run.len;
        }
    });
    out.finish()
}

fn lift_slots(levels: &mut [i16], marks: BitSlice<'_>) {
    for (chunk, from) in levels.chunks_mut(64).zip((0..).step_by(64)) {
        lift_word(chunk, marks.word(from));
    }
}

fn lift_word(levels: &mut [i16], word: u64) {
    for (bytes, shift) in levels.chunks_mut(8).zip((0u32..64).step_by(8)) {
        let byte = word >> shift;
        for (bit, level) in bytes.iter_mut().enumerate() {
            *level += i16::from(byte >> bit & 1 == 1);
        }
    }
}

fn lift_live(levels: &mut [i16], live: i16, marks: BitSlice<'_>) {
    let mut next = 0;
    for chunk in levels.chunks_mut(64) {
        // At most 64 live slots in the chunk, so that one word of marks serves all of it.
        let word = marks.word(next);
        let lives: usize = chunk.iter().map(|level| usize::from(*level == live)).sum();
        if lives == chunk.len() {
            lift_word(chunk, word);
        } else if lives > 0 {
            let mut word = word;
            for level in chunk.iter_mut() {
                let is_live = *level == live;
                *level += i16::from(is_live & (word & 1 == 1));
                word >>= u32::from(is_live);
            }
        }
        next += lives;
    }
}
