//! `LevelHistogram`: how often each level occurs.

/// How often each definition or repetition level occurs; entry `n` counts level `n`.
///
/// SPEC: parquet.thrift, `SizeStatistics`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LevelHistogram {
    counts: Box<[i64]>,
}

impl LevelHistogram {
    /// A histogram of zeros for levels up to `max_level`. `None` if that is 0: there is but one level,
    /// and nothing to tell.
    pub fn try_new(max_level: i16) -> Option<Self> {
        let max_level = usize::try_from(max_level).ok().filter(|level| *level > 0)?;
        Some(Self::from(vec![0; max_level + 1]))
    }

    /// The counts, level 0 first.
    pub fn values(&self) -> &[i64] {
        &self.counts
    }

    /// The counts, level 0 first.
    pub fn into_inner(self) -> Vec<i64> {
        self.counts.into_vec()
    }

    /// How often `index`, a level, occurs; `None` past the highest level.
    pub fn get(&self, index: usize) -> Option<i64> {
        self.counts.get(index).copied()
    }

    /// Adds the counts of another histogram.
    ///
    /// # Panics
    /// If the histograms differ in their highest level.
    pub fn add(&mut self, other: &Self) {
        assert_eq!(
            self.len(),
            other.len(),
            "histograms of different levels cannot be added"
        );
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// Number of levels, one more than the highest.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there are no levels.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Sets all counts to zero.
    pub fn reset(&mut self) {
        self.counts.fill(0);
    }

    /// Counts `level` another `count` times.
    ///
    /// # Panics
    /// If the level is negative or past the highest.
    pub fn increment_by(&mut self, level: i16, count: i64) {
        let slot = usize::try_from(level).ok();
        let slot = slot.and_then(|level| self.counts.get_mut(level));
        assert!(slot.is_some(), "level {level} is not in the histogram");
        if let Some(slot) = slot {
            *slot += count;
        }
    }

    /// Counts each of `levels` once more.
    ///
    /// # Panics
    /// If a level is negative or past the highest.
    #[deprecated(
        since = "0.1.0",
        note = "`increment_by` counts a level any number of times"
    )]
    pub fn update_from_levels(&mut self, levels: &[i16]) {
        for level in levels {
            self.increment_by(*level, 1);
        }
    }

    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        size_of_val(&*self.counts)
    }
}

impl From<Vec<i64>> for LevelHistogram {
    fn from(counts: Vec<i64>) -> Self {
        Self {
            counts: counts.into_boxed_slice(),
        }
    }
}

impl From<LevelHistogram> for Vec<i64> {
    fn from(histogram: LevelHistogram) -> Self {
        histogram.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_level_needs_no_histogram() {
        assert_eq!(LevelHistogram::try_new(0), None);
        assert_eq!(LevelHistogram::try_new(-1), None);
        assert_eq!(LevelHistogram::try_new(2).unwrap().values(), [0, 0, 0]);
    }

    #[test]
    fn counts_add_up_and_reset() {
        let mut histogram = LevelHistogram::try_new(1).unwrap();
        histogram.increment_by(1, 5);
        histogram.add(&LevelHistogram::from(vec![2, 1]));
        assert_eq!(histogram.values(), [2, 6]);
        assert_eq!(histogram.get(1), Some(6));
        assert_eq!(histogram.get(2), None);
        histogram.reset();
        assert_eq!(Vec::from(histogram), [0, 0]);
    }

    #[test]
    #[should_panic(expected = "level 2 is not in the histogram")]
    fn levels_past_the_highest_are_refused() {
        LevelHistogram::try_new(1).unwrap().increment_by(2, 1);
    }

    #[test]
    #[should_panic(expected = "histograms of different levels")]
    fn histograms_of_different_levels_are_refused() {
        let mut histogram = LevelHistogram::try_new(1).unwrap();
        histogram.add(&LevelHistogram::from(vec![1]));
    }
}
