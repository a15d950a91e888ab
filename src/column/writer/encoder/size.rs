//! How large an encoder is: of the chunk that it writes, and on the heap.

use super::ColumnEncoder;
use crate::basic::Type;
use crate::column::stats::{DistinctCounter, StatsCollector};
use crate::column::writer::cut::PageMemoryCap;
use crate::column::writer::filter::FilterBuilder;
use crate::data_type::values::Values;

/// With bounds of the usual length, an index of a thousand pages. Where a limit is known, a part of it counts.
const SMALL_INDEX_BYTES: usize = 128 << 10;

impl ColumnEncoder {
    /// Rows so far, those of the open page included.
    pub(crate) fn rows_written(&self) -> u64 {
        self.ledger.totals().rows + self.page.rows as u64
    }

    /// Estimated bytes of the chunk if it ended now. The open page's levels are left out, so that row groups of
    /// so many bytes end where they do with other writers.
    #[cfg(feature = "arrow")]
    pub(crate) fn estimated_total_bytes(&self) -> usize {
        self.estimated_bytes_with(self.late_sealed_bytes())
    }

    /// As [`estimated_total_bytes`](Self::estimated_total_bytes), waiting for nobody: pages that others seal count as
    /// before compression.
    #[cfg(feature = "arrow")]
    pub(crate) fn most_estimated_bytes(&self) -> usize {
        self.estimated_bytes_with(self.late_laid_bytes())
    }

    #[cfg(feature = "arrow")]
    fn estimated_bytes_with(&self, late_bytes: usize) -> usize {
        let written = usize::try_from(self.ledger.totals().compressed).unwrap_or(usize::MAX);
        written
            .saturating_add(late_bytes)
            .saturating_add(self.values.estimated_bytes())
            .saturating_add(self.values.dictionary_bytes().unwrap_or(0))
    }

    /// Estimated bytes of the open page.
    pub(crate) fn open_page_bytes(&self) -> usize {
        self.values.estimated_bytes() + self.page.level_bytes()
    }

    /// Pages cut before they were full, and bytes of the largest page before compression.
    pub(crate) fn paging(&self) -> (usize, usize) {
        (self.early_cuts, self.ledger.largest_page())
    }

    /// Heap bytes, by capacity. O(1).
    pub(crate) fn memory_size(&self) -> usize {
        self.open_memory() + self.ledger.memory_size() + self.late_memory()
    }

    /// Heap bytes of what is open: all but the ledger, which grows when a page ends.
    pub(in crate::column::writer) fn open_memory(&self) -> usize {
        self.values.memory_size()
            + self.page.memory_size()
            + self.stats.as_ref().map_or(0, StatsCollector::memory_size)
            + self.distinct_memory()
            + self.filter.as_ref().map_or(0, |filter| {
                size_of::<FilterBuilder>() + filter.memory_size()
            })
    }

    /// Heap bytes, and those that ending the chunk takes beside them.
    pub(crate) fn reserved_size(&self) -> usize {
        self.reserved_size_of(self.open_memory())
    }

    /// As [`reserved_size`](Self::reserved_size), what is open having `open_memory` bytes.
    pub(in crate::column::writer) fn reserved_size_of(&self, open_memory: usize) -> usize {
        let ending = self.ledger.ending_bytes();
        open_memory
            + self.ledger.memory_size()
            + ending.saturating_sub(self.free_ending_bytes())
            + self.dictionary_writing_bytes()
    }

    /// Room that the open page has and does not use.
    pub(crate) fn spare_bytes(&self) -> usize {
        self.values.spare_bytes()
    }

    /// Heap bytes of the count of distinct values.
    pub(crate) fn distinct_memory(&self) -> usize {
        let distinct = self.distinct.as_ref();
        distinct.map_or(0, DistinctCounter::memory_size)
    }

    /// Heap bytes of the dictionary at work.
    pub(crate) fn dictionary_memory(&self) -> usize {
        self.values.dictionary_memory()
    }

    /// Heap bytes of what the Bloom filter holds.
    pub(crate) fn filter_memory(&self) -> usize {
        let filter = self.filter.as_ref();
        filter.map_or(0, |filter| filter.memory_size())
    }

    /// Bytes that the Bloom filter still needs to end.
    pub(crate) fn filter_ending_bytes(&self) -> usize {
        let entries = self.values.dictionary_entries();
        let filter = self.filter.as_ref();
        filter.map_or(0, |filter| filter.ending_bytes(entries))
    }

    /// Bytes that tables may take at once for the next of `values`.
    pub(crate) fn growth_bytes(&self, values: &Values<'_>, cap: PageMemoryCap) -> usize {
        let distinct = self.distinct.as_ref();
        self.values.growth_bytes(values, cap)
            + distinct.map_or(0, |distinct| distinct.growth_bytes(values.len()))
    }

    /// What memory allows pages to hold, if there is a limit to it.
    pub(crate) fn page_cap(&self) -> Option<PageMemoryCap> {
        self.limits.cap()
    }

    /// Bytes that writing the dictionary out takes beside it, beyond those between the high-water mark and the limit:
    /// these are free whenever a dictionary is written, and hold one that has reached its cap.
    pub(crate) fn dictionary_writing_bytes(&self) -> usize {
        let bytes = self.values.dictionary_bytes();
        let beyond = self.limits.dictionary_beyond_cap(bytes);
        beyond + beyond / 8
    }

    /// Whether the dictionary makes the chunk smaller than its values would be without.
    pub(crate) fn dictionary_pays(&self) -> bool {
        let Some(dictionary) = self.values.dictionary_bytes() else {
            return false;
        };
        let totals = self.ledger.totals();
        let present = totals.slots - totals.nulls + self.page.present as u64;
        let descr = self.plan.descr();
        let plain = match descr.physical_type() {
            Type::BYTE_ARRAY => {
                let text = totals.unencoded.unwrap_or(0) + self.page.unencoded_bytes;
                u64::try_from(text).unwrap_or(0) + 4 * present
            }
            fixed => fixed.value_bytes(descr.type_length()).unwrap_or(0) as u64 * present,
        };
        totals.uncompressed + (self.values.estimated_bytes() + dictionary) as u64 <= plain
    }

    /// Bytes that ending the chunk may take without having been paid for: a small index finds room, and only one
    /// chunk ends at a time.
    fn free_ending_bytes(&self) -> usize {
        let cap = self.limits.cap();
        cap.map_or(SMALL_INDEX_BYTES, |cap| 2 * cap.page_bytes)
    }
}
