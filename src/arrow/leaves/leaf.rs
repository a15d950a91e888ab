//! What a walk yields for one leaf: array, levels and selection, all owned.

use std::borrow::Cow;
use std::mem::size_of;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_buffer::BooleanBuffer;

use super::bit_words::add_where;
use super::shape::LeafShape;
use crate::arrow::adapt::{Narrowed, Selection};
use crate::data_type::bits::BitSlice;
use crate::data_type::levels::{LevelRun, Levels};

/// One leaf of one batch.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// The leaf array as it is: possibly a dictionary, run-end encoded or a view array. At most one
    /// layer of dictionary or run-end encoding; deeper ones are resolved.
    pub(crate) array: ArrayRef,
    /// Definition level of each slot.
    pub(crate) def: LevelData,
    /// Repetition level of each slot.
    pub(crate) rep: LevelData,
    /// The slots of `array` that hold present values, in order; none of them is null.
    pub(crate) selection: Selection,
    /// Number of levels. Equals the number of values if both maximum levels are zero.
    pub(crate) slots: usize,
    /// Number of levels of the largest row at most.
    pub(crate) row_slots: usize,
    /// Why the leaf must not be written.
    pub(super) refusal: Option<Arc<Refusal>>,
    /// Bytes of `array` that the walk itself allocated.
    pub(super) resolved_bytes: usize,
}

/// A leaf whose levels count the nodes of an Arrow field, and of which it is not known yet whether a column can take
/// it.
#[derive(Debug)]
pub(crate) struct UncheckedLeaf {
    pub(super) leaf: Leaf,
    /// The nodes that the levels count.
    pub(super) shape: LeafShape,
}

/// What keeps a leaf from being written: the first of its slots that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A reachable null of a field that the Arrow schema requires. Such a leaf has no slots.
    RequiredNull {
        /// Its place in the array of that field.
        index: usize,
        /// What that place is.
        counts: Counts,
        /// Name of the required field.
        field: Arc<str>,
    },
    /// Anything else.
    Slot {
        /// Row of what was walked.
        row: usize,
        /// What the row has.
        what: &'static str,
    },
}

/// What the place of a null in its array counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// Rows, those of the slice of a batch that was walked.
    Rows,
    /// Elements of a list, or values of a dictionary: what slice of a batch was walked does not matter.
    Elements,
}

/// Levels of consecutive slots, owned; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum LevelData {
    /// Every slot has the same level.
    Uniform(LevelRun),
    /// A set bit stands for one level, a clear bit for another.
    Bits {
        /// One bit a slot.
        bits: BooleanBuffer,
        /// Level of a set bit.
        set: i16,
        /// Level of a clear bit.
        clear: i16,
    },
    /// Runs of equal levels.
    Runs {
        /// The runs, none of them empty.
        runs: Arc<Vec<LevelRun>>,
        /// Number of slots.
        len: usize,
    },
    /// One level a slot.
    Slice(Arc<Vec<i16>>),
}

impl Leaf {
    /// The row of a present value. Looks at all slots before it.
    pub(super) fn row_of_value(&self, nth: usize, max_def: i16) -> usize {
        let levels = self.def.to_slice();
        let slots = levels.iter().enumerate();
        let mut present = slots.filter(|(_, level)| **level == max_def);
        let slot = present.nth(nth).map_or(nth, |(slot, _)| slot);
        self.row_of(slot)
    }

    /// The row of a slot. Looks at all slots before it.
    pub(super) fn row_of(&self, slot: usize) -> usize {
        let mut before = self.rep.as_levels();
        before.take_front(slot + 1).count(0).saturating_sub(1)
    }

    /// Puts converted values in the place of those of the array.
    pub(super) fn take_over(&mut self, values: Narrowed) {
        self.array = values.array;
        self.selection = values.selection;
        self.resolved_bytes += values.bytes;
    }

    /// Bytes of levels, selection and resolved values that this leaf holds on the heap. What
    /// leaves of one struct share is divided among them. The caller's array does not count, nor
    /// do its validity bits where they serve as levels.
    pub(crate) fn memory_size(&self) -> usize {
        let selection = match (&self.selection, &self.def) {
            (Selection::Bits { bits, .. }, LevelData::Bits { bits: levels, .. })
                if bits.inner().ptr_eq(levels.inner()) =>
            {
                0
            }
            (Selection::Bits { bits, .. }, _) => self.bits_size(bits),
            (selection, _) => selection.memory_size(),
        };
        let def = match &self.def {
            LevelData::Bits { bits, .. } => self.bits_size(bits),
            def => def.memory_size(),
        };
        def + self.rep.memory_size() + selection + self.resolved_bytes
    }

    fn bits_size(&self, bits: &BooleanBuffer) -> usize {
        match self.array.nulls() {
            Some(nulls) if nulls.inner().inner().ptr_eq(bits.inner()) => 0,
            _ => bits.len().div_ceil(8),
        }
    }
}

impl LevelData {
    /// `len` slots of one level.
    pub(super) fn uniform(level: i16, len: usize) -> Self {
        LevelData::Uniform(LevelRun { level, len })
    }

    /// One level a slot.
    pub(super) fn slice(levels: Vec<i16>) -> Self {
        LevelData::Slice(Arc::new(levels))
    }

    /// The same levels, none of them [uniform](Levels::is_uniform): pages are then looked at in batches of the usual
    /// size.
    pub(super) fn measured_in_batches(self) -> Self {
        match self {
            LevelData::Uniform(run) if run.len > 0 => LevelData::Runs {
                runs: Arc::new(vec![run]),
                len: run.len,
            },
            other => other,
        }
    }

    /// The levels, borrowed.
    pub(crate) fn as_levels(&self) -> Levels<'_> {
        match self {
            LevelData::Uniform(run) => Levels::Uniform(*run),
            LevelData::Bits { bits, set, clear } => Levels::Bits {
                bits: BitSlice::from(bits),
                set: *set,
                clear: *clear,
            },
            LevelData::Runs { runs, len } => Levels::Runs {
                runs,
                skip: 0,
                len: *len,
            },
            LevelData::Slice(levels) => Levels::Slice(levels),
        }
    }

    /// Number of slots.
    pub(crate) fn len(&self) -> usize {
        match self {
            LevelData::Uniform(run) => run.len,
            LevelData::Bits { bits, .. } => bits.len(),
            LevelData::Runs { len, .. } => *len,
            LevelData::Slice(levels) => levels.len(),
        }
    }

    /// One level a slot, borrowed where they already lie so.
    pub(super) fn to_slice(&self) -> Cow<'_, [i16]> {
        match self {
            LevelData::Slice(levels) => Cow::Borrowed(levels.as_slice()),
            LevelData::Uniform(run) => Cow::Owned(vec![run.level; run.len]),
            LevelData::Bits { bits, set, clear } => {
                let mut levels = vec![*clear; bits.len()];
                let bits = BitSlice::from(bits);
                for (chunk, from) in levels.chunks_mut(64).zip((0..).step_by(64)) {
                    add_where(chunk, bits.word(from), set - clear);
                }
                Cow::Owned(levels)
            }
            LevelData::Runs { runs, len } => {
                let mut levels = Vec::with_capacity(*len);
                runs.iter()
                    .for_each(|run| levels.resize(levels.len() + run.len, run.level));
                Cow::Owned(levels)
            }
        }
    }

    /// As [`LevelData::to_slice`], taking the levels where nobody else holds them.
    pub(super) fn into_vec(self) -> Vec<i16> {
        match self {
            LevelData::Slice(levels) => Arc::unwrap_or_clone(levels),
            other => other.to_slice().into_owned(),
        }
    }

    /// Bytes on the heap; shared ones are divided among those who share them.
    pub(crate) fn memory_size(&self) -> usize {
        match self {
            LevelData::Uniform(_) => 0,
            LevelData::Bits { bits, .. } => bits.len().div_ceil(8),
            LevelData::Runs { runs, .. } => {
                runs.capacity() * size_of::<LevelRun>() / Arc::strong_count(runs)
            }
            LevelData::Slice(levels) => {
                levels.capacity() * size_of::<i16>() / Arc::strong_count(levels)
            }
        }
    }
}
