//! How many threads a writer has under a memory limit: it gives them up before anything else.

use super::{CODEC_EIGHTHS, DICTIONARY_PART, MemoryReclaimer, PAGE_PART, grant_of};
use crate::budget::{AtWork, MemoryBudget};
use crate::column::writer::chunk_writer::Grant;

/// What the options let pages and dictionaries become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LargestPages {
    pub(crate) page_bytes: usize,
    pub(crate) dictionary_bytes: usize,
}

impl MemoryReclaimer {
    /// Threads that may encode at once, of `most`. Each works on a page and with codecs of its own, so there are only
    /// as many as the limit has room for without making pages or dictionaries smaller than the options want them,
    /// and codecs weaker. While memory is short there is one.
    pub(crate) fn threads(&self, most: usize, largest: LargestPages) -> usize {
        let shared = self.member.shared();
        if shared.is_unlimited() {
            return most;
        }
        let Some(share) = shared.fair_share().filter(|_| !shared.is_under_pressure()) else {
            return 1;
        };
        let codecs = self.shape.codec_bytes.saturating_mul(self.shape.codecs);
        // What a cap must be more than, so that pages do not end by it.
        let page_cap = largest
            .page_bytes
            .saturating_add(largest.page_bytes / 7 + 8);
        let fitting = [
            (share, PAGE_PART.saturating_mul(page_cap)),
            (
                share,
                DICTIONARY_PART.saturating_mul(largest.dictionary_bytes),
            ),
            (share / 8 * CODEC_EIGHTHS, codecs),
        ];
        let fitting = fitting.map(|(bytes, each)| bytes.checked_div(each).unwrap_or(usize::MAX));
        fitting.into_iter().fold(most, usize::min).max(1)
    }

    /// Counts so many threads as at work, until what is returned is dropped.
    pub(crate) fn at_work_together(&self, threads: usize) -> Vec<AtWork> {
        (0..threads).map(|_| self.at_work()).collect()
    }

    /// What threads ask that cannot ask this.
    pub(crate) fn asks(&self) -> BudgetAsks {
        BudgetAsks(self.member.budget().clone())
    }
}

/// What a thread asks the budget while it encodes a column that others cannot make room for.
#[derive(Debug, Clone)]
pub(crate) struct BudgetAsks(MemoryBudget);

impl BudgetAsks {
    /// As [`MemoryReclaimer::grant`].
    pub(crate) fn grant(&self) -> Grant {
        grant_of(&self.0)
    }

    /// Whether columns have to make room before more is encoded.
    pub(crate) fn is_short(&self) -> bool {
        self.0.is_under_pressure()
    }
}
