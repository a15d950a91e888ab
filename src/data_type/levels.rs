//! Definition or repetition levels of consecutive slots, symbolic for as long as possible: a flat
//! column without nulls is one number, with nulls it is its validity bits.
//!
//! SPEC: README.md, "Nested Encoding".

use super::bits::BitSlice;

/// `len` consecutive slots that share one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LevelRun {
    /// The level of each slot.
    pub(crate) level: i16,
    /// How many slots.
    pub(crate) len: usize,
}

/// The levels of consecutive slots, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Levels<'a> {
    /// Every slot has the same level.
    Uniform(LevelRun),
    /// A set bit stands for one level, a clear bit for another.
    Bits {
        /// One bit a slot.
        bits: BitSlice<'a>,
        /// Level of a set bit.
        set: i16,
        /// Level of a clear bit.
        clear: i16,
    },
    /// Runs of equal levels, of which the first `skip` slots do not count and `len` slots do.
    Runs {
        /// The runs; slots past `skip + len` do not count.
        runs: &'a [LevelRun],
        /// Slots of the first run that do not count.
        skip: usize,
        /// Slots that count.
        len: usize,
    },
    /// One level a slot.
    Slice(&'a [i16]),
}

impl<'a> Levels<'a> {
    /// `len` slots of one level.
    pub(crate) fn uniform(level: i16, len: usize) -> Self {
        Levels::Uniform(LevelRun { level, len })
    }

    /// All slots of `runs`.
    #[cfg(test)]
    pub(crate) fn runs(runs: &'a [LevelRun]) -> Self {
        Levels::Runs {
            runs,
            skip: 0,
            len: runs.iter().map(|run| run.len).sum(),
        }
    }

    /// Number of slots.
    pub(crate) fn len(&self) -> usize {
        match self {
            Levels::Uniform(run) => run.len,
            Levels::Bits { bits, .. } => bits.len(),
            Levels::Runs { len, .. } => *len,
            Levels::Slice(levels) => levels.len(),
        }
    }

    /// The level of the first slot.
    #[cfg(feature = "arrow")]
    pub(crate) fn first(&self) -> Option<i16> {
        match *self {
            Levels::Uniform(run) => (run.len > 0).then_some(run.level),
            Levels::Bits { bits, set, clear } => {
                (bits.len() > 0).then(|| if bits.get(0) { set } else { clear })
            }
            Levels::Runs { runs, len, .. } => runs.first().filter(|_| len > 0).map(|run| run.level),
            Levels::Slice(levels) => levels.first().copied(),
        }
    }

    /// Takes the first `count` slots off the front, or all if there are fewer.
    pub(crate) fn take_front(&mut self, count: usize) -> Levels<'a> {
        match self {
            Levels::Uniform(run) => {
                let count = count.min(run.len);
                run.len -= count;
                Levels::uniform(run.level, count)
            }
            Levels::Bits { bits, set, clear } => Levels::Bits {
                bits: bits.take_front(count),
                set: *set,
                clear: *clear,
            },
            Levels::Runs { runs, skip, len } => {
                let count = count.min(*len);
                let front = Levels::Runs {
                    runs,
                    skip: *skip,
                    len: count,
                };
                *len -= count;
                *skip += count;
                while let Some((first, rest)) = runs.split_first() {
                    if *skip < first.len {
                        break;
                    }
                    *skip -= first.len;
                    *runs = rest;
                }
                front
            }
            Levels::Slice(levels) => {
                let (front, back) = levels.split_at(count.min(levels.len()));
                *levels = back;
                Levels::Slice(front)
            }
        }
    }

    /// Calls `each` for every maximal stretch that is cheap to find: a run's rest, the whole of a
    /// uniform level. Bits and slices are handed on as they are.
    pub(crate) fn for_each_run(
        runs: &[LevelRun],
        skip: usize,
        len: usize,
        mut each: impl FnMut(LevelRun),
    ) {
        let (mut skip, mut left) = (skip, len);
        for run in runs {
            if left == 0 {
                break;
            }
            let take = (run.len - skip.min(run.len)).min(left);
            skip = skip.saturating_sub(run.len);
            if take > 0 {
                each(LevelRun {
                    level: run.level,
                    len: take,
                });
                left -= take;
            }
        }
    }

    /// How many slots have `level`.
    pub(crate) fn count(&self, level: i16) -> usize {
        match *self {
            Levels::Uniform(run) => {
                if run.level == level {
                    run.len
                } else {
                    0
                }
            }
            Levels::Bits { bits, set, clear } => {
                let ones = bits.count_ones();
                let zeros = bits.len() - ones;
                (if set == level { ones } else { 0 }) + (if clear == level { zeros } else { 0 })
            }
            Levels::Runs { runs, skip, len } => {
                let mut count = 0;
                Self::for_each_run(runs, skip, len, |run| {
                    if run.level == level {
                        count += run.len;
                    }
                });
                count
            }
            Levels::Slice(levels) => count_equal(levels, level),
        }
    }

    /// Adds the slots of each level to `histogram`, indexed by level; levels past its end are left out.
    pub(crate) fn add_to_histogram(&self, histogram: &mut [i64]) {
        match *self {
            Levels::Uniform(run) => add(histogram, run.level, run.len),
            Levels::Bits { bits, set, clear } => {
                let ones = bits.count_ones();
                add(histogram, set, ones);
                add(histogram, clear, bits.len() - ones);
            }
            Levels::Runs { runs, skip, len } => {
                Self::for_each_run(runs, skip, len, |run| add(histogram, run.level, run.len));
            }
            // One vectorised count a level beats a scatter for the few levels that schemas have.
            Levels::Slice(levels) if histogram.len() <= 8 => {
                for (level, place) in (0i16..).zip(histogram.iter_mut()) {
                    *place += i64::try_from(count_equal(levels, level)).unwrap_or(i64::MAX);
                }
            }
            Levels::Slice(levels) => levels.iter().for_each(|level| add(histogram, *level, 1)),
        }
    }

    /// The first slot at or after `from` whose level is `level`.
    pub(crate) fn position(&self, level: i16, from: usize) -> Option<usize> {
        match *self {
            Levels::Uniform(run) => (run.level == level && from < run.len).then_some(from),
            Levels::Bits { bits, set, clear } => {
                // A word of the bits that are looked for, none of them where neither is.
                let wanted = |at: usize| match (set == level, clear == level) {
                    (true, true) => u64::MAX,
                    (true, false) => bits.word(at),
                    (false, true) => !bits.word(at),
                    (false, false) => 0,
                };
                let found = (from..bits.len()).step_by(64).find_map(|at| {
                    let word = wanted(at);
                    (word != 0).then(|| at + word.trailing_zeros() as usize)
                });
                // Beyond the last bit all are clear.
                found.filter(|slot| *slot < bits.len())
            }
            Levels::Runs { runs, skip, len } => {
                let mut end = 0;
                let mut skip = skip;
                for run in runs {
                    let at = end;
                    if at >= len {
                        break;
                    }
                    end = (at + run.len - skip.min(run.len)).min(len);
                    skip = skip.saturating_sub(run.len);
                    if run.level == level && end > from.max(at) {
                        return Some(from.max(at));
                    }
                }
                None
            }
            Levels::Slice(levels) => {
                let tail = levels.get(from..)?;
                tail.iter()
                    .position(|slot| *slot == level)
                    .map(|position| from + position)
            }
        }
    }

    /// True for one level throughout: such levels cost nothing to hold, and allow larger batches.
    pub(crate) fn is_uniform(&self) -> bool {
        matches!(self, Levels::Uniform(_))
    }
}

fn add(histogram: &mut [i64], level: i16, count: usize) {
    if let Some(place) = usize::try_from(level)
        .ok()
        .and_then(|level| histogram.get_mut(level))
    {
        *place += i64::try_from(count).unwrap_or(i64::MAX);
    }
}

fn count_equal(levels: &[i16], level: i16) -> usize {
    // Counting in u16 lanes keeps the loop as wide as the levels; a chunk cannot overflow one.
    levels
        .chunks(usize::from(u16::MAX))
        .map(|chunk| {
            usize::from(
                chunk
                    .iter()
                    .map(|slot| u16::from(*slot == level))
                    .sum::<u16>(),
            )
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn forms_agree(levels: Levels<'_>, plain: &[i16], cut: usize) {
        let mut rest = levels;
        let front = rest.take_front(cut);
        let cut = cut.min(plain.len());
        for (part, plain) in [
            (levels, plain),
            (front, &plain[..cut]),
            (rest, &plain[cut..]),
        ] {
            assert_eq!(part.len(), plain.len());
            let mut histogram = [0i64; 4];
            part.add_to_histogram(&mut histogram);
            for level in 0..4i16 {
                let count = plain.iter().filter(|slot| **slot == level).count();
                assert_eq!(part.count(level), count);
                assert_eq!(histogram[level as usize], count as i64);
                for from in 0..plain.len() + 1 {
                    let expected = plain[from..]
                        .iter()
                        .position(|slot| *slot == level)
                        .map(|p| p + from);
                    assert_eq!(part.position(level, from), expected);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_form_means_the_same_levels(
            runs in prop::collection::vec((0i16..4, 0usize..9), 0..8),
            bits in prop::collection::vec(any::<u8>(), 0..6),
            cut in 0usize..60,
        ) {
            let runs: Vec<_> = runs.into_iter().map(|(level, len)| LevelRun { level, len }).collect();
            let plain: Vec<i16> = runs.iter().flat_map(|run| std::iter::repeat_n(run.level, run.len)).collect();
            forms_agree(Levels::runs(&runs), &plain, cut);
            forms_agree(Levels::Slice(&plain), &plain, cut);
            forms_agree(Levels::uniform(2, cut), &vec![2; cut], cut / 2);
            let view = BitSlice::new(&bits, 1, 40);
            let plain: Vec<i16> = (0..view.len()).map(|i| if view.get(i) { 3 } else { 1 }).collect();
            forms_agree(Levels::Bits { bits: view, set: 3, clear: 1 }, &plain, cut);
        }
    }
}
