//! The encoder under a memory limit: how little it adds at a time, and what it gives back.

use super::ColumnEncoder;
use crate::basic::Type;
use crate::column::chunk::PageSink;
use crate::column::stats::{DistinctCounter, Truncation};
use crate::column::writer::WorkbenchPool;
use crate::column::writer::filter::FilterBuilder;
use crate::column::writer::page_cap::PageCap;
use crate::data_type::values::Values;
use crate::errors::Result;

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

    /// As [`with_page_cap`](Self::with_page_cap), for an encoder that has a cap and gets another one.
    pub(crate) fn set_page_cap(&mut self, cap: Option<PageCap>) {
        self.cap = cap;
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

    /// The cap, where the options allow more. Elsewhere pages are cut as they are without a limit.
    pub(super) fn tight_cap(&self) -> Option<PageCap> {
        let (page, dictionary) = (
            self.options.data_page_size_limit,
            self.options.dictionary_page_size_limit,
        );
        self.cap.filter(|cap| cap.is_below(page, dictionary))
    }

    /// Slots of the next batch.
    pub(super) fn most_slots(&self, base: usize) -> usize {
        let rows_left = self
            .options
            .data_page_row_count_limit
            .saturating_sub(self.page.rows);
        self.tight_cap()
            .map_or(base, |cap| cap.most_slots(base, rows_left, &self.descr))
    }

    /// Ends the open page before it is full, to free memory; counted.
    pub(crate) fn cut_page_early(
        &mut self,
        benches: &WorkbenchPool,
        sink: &mut dyn PageSink,
    ) -> Result<()> {
        if self.page.slots > 0 {
            self.early_cuts += 1;
        }
        self.cut_page(benches, sink)?;
        self.shrink_page();
        Ok(())
    }

    /// Bytes that the Bloom filter still needs to end.
    pub(crate) fn filter_ending_bytes(&self) -> usize {
        let entries = self.values.dictionary_entries();
        self.filter
            .as_ref()
            .map_or(0, |filter| filter.ending_bytes(entries))
    }

    /// Goes on without a Bloom filter.
    pub(crate) fn give_up_filter(&mut self) {
        self.filter = None;
    }

    /// The Bloom filter at work.
    pub(crate) fn filter_mut(&mut self) -> Option<&mut FilterBuilder> {
        self.filter.as_deref_mut()
    }

    /// Heap bytes of what the Bloom filter holds.
    pub(crate) fn filter_memory(&self) -> usize {
        self.filter
            .as_ref()
            .map_or(0, |filter| filter.memory_size())
    }

    /// Heap bytes of the dictionary at work.
    pub(crate) fn dictionary_memory(&self) -> usize {
        self.values.dictionary_memory()
    }

    /// Whether the dictionary makes the chunk smaller than its values would be without.
    pub(crate) fn dictionary_pays(&self) -> bool {
        let Some(dictionary) = self.values.dictionary_bytes() else {
            return false;
        };
        let totals = self.ledger.totals();
        let present = totals.slots - totals.nulls + self.page.present as u64;
        let plain = match self.descr.physical_type() {
            Type::BYTE_ARRAY => {
                let text = totals.unencoded.unwrap_or(0) + self.page.unencoded_bytes;
                u64::try_from(text).unwrap_or(0) + 4 * present
            }
            Type::FIXED_LEN_BYTE_ARRAY => {
                u64::try_from(self.descr.type_length()).unwrap_or(0) * present
            }
            Type::INT96 => 12 * present,
            Type::INT64 | Type::DOUBLE => 8 * present,
            Type::INT32 | Type::FLOAT => 4 * present,
            Type::BOOLEAN => 0,
        };
        totals.uncompressed + (self.values.estimated_bytes() + dictionary) as u64 <= plain
    }
}
