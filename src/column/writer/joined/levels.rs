//! Definition levels of leaves that are joined.

use arrow_buffer::BooleanBufferBuilder;

use crate::data_type::bits::BitSlice;
use crate::data_type::levels::{LevelRun, Levels};

/// Levels in the cheapest form that holds them.
#[derive(Debug)]
pub(super) enum JoinedLevels {
    /// One level throughout.
    Uniform(LevelRun),
    /// Two levels: a set bit stands for one of them.
    Bits {
        bits: BooleanBufferBuilder,
        set: i16,
        clear: i16,
    },
    /// Any levels.
    Slice(Vec<i16>),
}

impl Default for JoinedLevels {
    fn default() -> Self {
        Self::Uniform(LevelRun { level: 0, len: 0 })
    }
}

impl JoinedLevels {
    /// Appends `levels`.
    pub(super) fn extend(&mut self, levels: &Levels<'_>) {
        match *levels {
            Levels::Uniform(run) => self.extend_run(run),
            Levels::Runs { runs, skip, len } => {
                Levels::for_each_run(runs, skip, len, |run| self.extend_run(run));
            }
            Levels::Bits { bits, set, clear } => match self.bits_of(set, clear) {
                Some(joined) => {
                    let (from, bytes) = (bits.offset(), bits.bytes());
                    joined.append_packed_range(from..from + bits.len(), bytes);
                }
                None => {
                    let levels = (0..bits.len()).map(|bit| bits.get(bit));
                    self.extend_slice(levels.map(|is_set| if is_set { set } else { clear }));
                }
            },
            Levels::Slice(levels) => self.extend_slice(levels.iter().copied()),
        }
    }

    /// The levels, borrowed.
    pub(super) fn as_levels(&self) -> Levels<'_> {
        match self {
            Self::Uniform(run) => Levels::Uniform(*run),
            Self::Bits { bits, set, clear } => Levels::Bits {
                bits: BitSlice::new(bits.as_slice(), 0, bits.len()),
                set: *set,
                clear: *clear,
            },
            Self::Slice(levels) => Levels::Slice(levels),
        }
    }

    /// Forgets all levels. Columns that had two of them will have these again.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Bits { bits, .. } => bits.truncate(0),
            Self::Uniform(_) | Self::Slice(_) => *self = Self::default(),
        }
    }

    /// Bytes held on the heap, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        match self {
            Self::Uniform(_) => 0,
            Self::Bits { bits, .. } => bits.capacity() / 8,
            Self::Slice(levels) => levels.capacity() * size_of::<i16>(),
        }
    }

    fn extend_run(&mut self, run: LevelRun) {
        match self {
            Self::Uniform(all) if all.len == 0 => *all = run,
            Self::Uniform(all) if all.level == run.level => all.len += run.len,
            Self::Uniform(all) => {
                let (set, clear) = (all.level.max(run.level), all.level.min(run.level));
                if let Some(bits) = self.bits_of(set, clear) {
                    bits.append_n(run.len, run.level == set);
                }
            }
            Self::Bits { bits, set, clear } if *set == run.level || *clear == run.level => {
                bits.append_n(run.len, *set == run.level);
            }
            Self::Bits { .. } | Self::Slice(_) => {
                self.extend_slice(std::iter::repeat_n(run.level, run.len));
            }
        }
    }

    /// The levels as bits that stand for these two; `None` if there are others.
    fn bits_of(&mut self, set: i16, clear: i16) -> Option<&mut BooleanBufferBuilder> {
        if let Self::Uniform(run) = *self
            && (run.len == 0 || run.level == set || run.level == clear)
        {
            let mut bits = BooleanBufferBuilder::new(run.len);
            bits.append_n(run.len, run.level == set);
            *self = Self::Bits { bits, set, clear };
        }
        match self {
            Self::Bits {
                bits,
                set: joined_set,
                clear: joined_clear,
            } if (*joined_set, *joined_clear) == (set, clear) => Some(bits),
            _ => None,
        }
    }

    fn extend_slice(&mut self, levels: impl Iterator<Item = i16>) {
        let mut slice = match self {
            Self::Slice(slice) => std::mem::take(slice),
            Self::Uniform(run) => vec![run.level; run.len],
            Self::Bits { bits, set, clear } => {
                let bits = (0..bits.len()).map(|bit| bits.get_bit(bit));
                bits.map(|is_set| if is_set { *set } else { *clear })
                    .collect()
            }
        };
        slice.extend(levels);
        *self = Self::Slice(slice);
    }
}
