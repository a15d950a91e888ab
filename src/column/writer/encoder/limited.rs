//! The encoder under a memory limit: how little it adds at a time, and what it gives back.

use super::ColumnEncoder;
use crate::column::stats::{DistinctCounter, Truncation};
use crate::column::writer::page_cap::PageCap;
use crate::data_type::values::Values;

impl ColumnEncoder {
    /// Keeps what is added between two looks at `PageSink::is_short` small, for sinks that have a limit.
    pub(crate) fn with_page_cap(mut self, cap: Option<PageCap>) -> Self {
        if let (Some(_), Some(stats)) = (cap, &mut self.stats) {
            let cut = |len| Truncation::new(&self.descr, len);
            stats.keep_for(&[
                cut(self.options.statistics_truncate_length),
                cut(self.options.column_index_truncate_length),
            ]);
        }
        Self { cap, ..self }
    }

    /// Stops counting distinct values; the chunk will not have their number.
    pub(crate) fn give_up_distinct_count(&mut self) {
        self.distinct = None;
    }

    /// Room that the open page has and does not use.
    pub(crate) fn spare_bytes(&self) -> usize {
        self.values.spare_bytes()
    }

    /// Heap bytes of the count of distinct values.
    pub(crate) fn distinct_memory(&self) -> usize {
        self.distinct
            .as_ref()
            .map_or(0, DistinctCounter::memory_size)
    }

    /// Dictionaries given up at the cap.
    pub(crate) fn early_dictionaries(&self) -> usize {
        self.early_dictionaries
    }

    /// Gives back what the open page does not need.
    pub(crate) fn shrink_page(&mut self) {
        self.values.shrink();
        self.page.shrink();
        if let Some(stats) = &mut self.stats {
            stats.shrink();
        }
    }

    /// Bytes that tables may take at once for the next of `values`.
    pub(super) fn growth_bytes(&self, values: &Values<'_>, cap: PageCap) -> usize {
        let distinct = self.distinct.as_ref();
        self.values.growth_bytes(values, cap)
            + distinct.map_or(0, |distinct| distinct.growth_bytes(values.len()))
    }

    /// Slots of the next batch.
    pub(super) fn most_slots(&self, base: usize) -> usize {
        let rows_left = self
            .options
            .data_page_row_count_limit
            .saturating_sub(self.page.rows);
        self.cap
            .map_or(base, |cap| cap.most_slots(base, rows_left, &self.descr))
    }
}
