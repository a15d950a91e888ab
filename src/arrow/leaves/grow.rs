//! The levels of elements, made from those of their lists.
//!
//! A list of `n > 0` elements takes `n` slots: all have the element's definition level, the first
//! keeps the list's repetition level and the others get the one of this nesting. A list without
//! elements, or a slot above that holds none, takes one slot and keeps both levels.
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: slots are counted before the levels are written"
)]

use arrow_buffer::{BooleanBuffer, Buffer};

use super::leaf::LevelData;
use super::runs::{self, MIN_MEAN_OVER_BITS, MIN_MEAN_OVER_SLICE, RunList};

/// The levels of elements, and what was seen on the way.
pub(super) struct Grown {
    pub(super) def: LevelData,
    pub(super) rep: LevelData,
    /// Slots of the longest list.
    pub(super) longest: usize,
}

/// Grows `def` and `rep`, one length of `lens` a slot, at least one of them above zero. Slots that
/// are not live have length zero. `level` is the definition level of live slots, `repeated` the
/// repetition level of all elements but the first.
pub(super) fn grow(
    def: &LevelData,
    rep: &LevelData,
    level: i16,
    repeated: i16,
    lens: impl Iterator<Item = usize> + Clone,
) -> Grown {
    let shape = Shape::of(lens.clone());
    Grown {
        def: grow_def(def, level, &shape, lens.clone()),
        rep: grow_rep(rep, repeated, &shape, lens),
        longest: shape.longest.max(1),
    }
}

/// What one look at the lengths tells.
#[derive(Debug, Default)]
struct Shape {
    /// Lists and slots without lists.
    lists: usize,
    /// Those of length zero.
    empty: usize,
    /// Elements of all lists.
    elements: usize,
    /// Elements of the longest one.
    longest: usize,
    /// How often length zero and other lengths follow one another.
    turns: usize,
}

impl Shape {
    fn of(lens: impl Iterator<Item = usize>) -> Self {
        let mut shape = Self::default();
        let mut before = false;
        for len in lens {
            let is_empty = len == 0;
            shape.lists += 1;
            shape.empty += usize::from(is_empty);
            shape.elements += len;
            shape.longest = shape.longest.max(len);
            shape.turns += usize::from(is_empty != before);
            before = is_empty;
        }
        shape
    }

    fn slots(&self) -> usize {
        self.elements + self.empty
    }
}

fn grow_def(
    def: &LevelData,
    level: i16,
    shape: &Shape,
    lens: impl Iterator<Item = usize> + Clone,
) -> LevelData {
    let (slots, element) = (shape.slots(), level + 1);
    if shape.empty == 0 {
        return LevelData::uniform(element, slots);
    }
    let each_empty = 2 * shape.empty + 1;
    let runs = runs::count(def).map_or(each_empty, |runs| each_empty.min(runs + shape.turns + 1));
    let absent = level_of_empty(def, level, shape);
    let enough = if absent.is_some() {
        MIN_MEAN_OVER_BITS
    } else {
        MIN_MEAN_OVER_SLICE
    };
    if runs::pay(runs, slots, enough) {
        let mut out = RunList::with_capacity(runs);
        let def = def.to_slice();
        for (len, def) in lens.zip(def.iter()) {
            match len {
                0 => out.push(*def, 1),
                _ => out.push(element, len),
            }
        }
        return out.finish();
    }
    if let Some(absent) = absent {
        let bits = clear_starts(slots, lens, |len| len == 0);
        return LevelData::Bits {
            bits,
            set: element,
            clear: absent,
        };
    }
    let mut levels = vec![element; slots];
    let mut at = 0;
    for (len, def) in lens.zip(def.to_slice().iter()) {
        levels[at] = if len == 0 { *def } else { element };
        at += len.max(1);
    }
    LevelData::slice(levels)
}

/// The one level of all slots of length zero, if that is easy to see.
fn level_of_empty(def: &LevelData, level: i16, shape: &Shape) -> Option<i16> {
    match def {
        LevelData::Uniform(run) => Some(run.level),
        // Absent slots are empty. If there are no others, no live list is.
        LevelData::Bits { bits, clear, set } if *set == level => {
            (bits.len() - bits.count_set_bits() == shape.empty).then_some(*clear)
        }
        _ => None,
    }
}

fn grow_rep(
    rep: &LevelData,
    repeated: i16,
    shape: &Shape,
    lens: impl Iterator<Item = usize> + Clone,
) -> LevelData {
    let slots = shape.slots();
    if slots == shape.lists {
        // No list has a second element.
        return rep.clone();
    }
    let filled = shape.lists - shape.empty;
    let first = match rep {
        LevelData::Uniform(run) => Some(run.level),
        _ => None,
    };
    let (runs, enough) = match runs::count(rep) {
        Some(1) => (2 * filled + 1, MIN_MEAN_OVER_BITS),
        Some(runs) => (2 * filled + runs.min(shape.lists), MIN_MEAN_OVER_SLICE),
        None => (2 * shape.lists, MIN_MEAN_OVER_SLICE),
    };
    if runs::pay(runs, slots, enough) {
        let mut out = RunList::with_capacity(runs);
        for (len, rep) in lens.zip(rep.to_slice().iter()) {
            out.push(*rep, 1);
            out.push(repeated, len.saturating_sub(1));
        }
        return out.finish();
    }
    if let Some(first) = first {
        let bits = clear_starts(slots, lens, |_| true);
        return LevelData::Bits {
            bits,
            set: repeated,
            clear: first,
        };
    }
    let mut levels = vec![repeated; slots];
    let mut at = 0;
    for (len, rep) in lens.zip(rep.to_slice().iter()) {
        levels[at] = *rep;
        at += len.max(1);
    }
    LevelData::slice(levels)
}

/// One bit a slot, all set but for the first slot of each list that `clears` by its length.
fn clear_starts(
    slots: usize,
    lens: impl Iterator<Item = usize>,
    clears: impl Fn(usize) -> bool,
) -> BooleanBuffer {
    let mut words = vec![u64::MAX; slots.div_ceil(64)];
    // The word at hand is kept out of memory: lists are mostly short, and many begin in one word.
    let (mut at, mut index, mut word) = (0, 0, u64::MAX);
    for len in lens {
        if at / 64 != index {
            words[index] = word;
            (index, word) = (at / 64, u64::MAX);
        }
        word &= !(u64::from(clears(len)) << (at % 64));
        at += len.max(1);
    }
    words[index] = word;
    BooleanBuffer::new(Buffer::from_vec(words), 0, slots)
}
