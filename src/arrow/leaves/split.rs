//! A nullable node: live slots part into present ones, one level up, and null ones.

use arrow_buffer::BooleanBuffer;

use super::bit_words::{add_where, deposit};
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
    let mut lifts = Lifts { marks, next: 0 };
    if let LevelData::Bits { bits, set, clear } = &def
        && *set == live
    {
        let bits = BitSlice::from(bits);
        let mut levels = vec![*clear; bits.len()];
        for (chunk, from) in levels.chunks_mut(64).zip((0..).step_by(64)) {
            let lives = bits.word(from);
            add_where(chunk, lives, live - *clear);
            add_where(chunk, lifts.take(lives, chunk.len()), 1);
        }
        return LevelData::slice(levels);
    }
    let mut levels = def.into_vec();
    for chunk in levels.chunks_mut(64) {
        let of_level = |(slot, level): (usize, &i16)| u64::from(*level == live) << slot;
        let lives = chunk
            .iter()
            .enumerate()
            .map(of_level)
            .fold(0, |word, bit| word | bit);
        add_where(chunk, lifts.take(lives, chunk.len()), 1);
    }
    LevelData::slice(levels)
}

/// Marks, taken by up to 64 slots at a time.
struct Lifts<'a> {
    marks: &'a Marks,
    /// The first mark that is not taken.
    next: usize,
}

impl Lifts<'_> {
    /// The marked ones among the next `slots` slots, of which `lives` are live.
    fn take(&mut self, lives: u64, slots: usize) -> u64 {
        let (Marks::Slots(bits) | Marks::Live(bits)) = self.marks;
        let word = BitSlice::from(bits).word(self.next);
        match self.marks {
            Marks::Slots(_) => {
                self.next += slots;
                word
            }
            Marks::Live(_) => {
                self.next += lives.count_ones() as usize;
                deposit(word, lives)
            }
        }
    }
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
