//! The encoder under a memory limit: how little it adds at a time, and what it gives back.

use super::{ColumnEncoder, GivenBounds};
use crate::basic::Type;
use crate::column::chunk::{LaterCut, PageSink};
use crate::column::stats::{DistinctCounter, Truncation};
use crate::column::writer::WorkbenchPool;
use crate::column::writer::filter::FilterBuilder;
use crate::column::writer::page_cap::{PageCap, Progress};
use crate::column::writer::paging::{Batch, Portion, PortionRules, size_bound};
use crate::compression::Strength;
use crate::data_type::values::Values;
use crate::errors::Result;

/// What bounds are cut to when there are many bytes of them.
const USUAL_BOUND_BYTES: usize = 64;

/// With bounds of the usual length, an index of a thousand pages. Where a limit is known, a part of it counts.
const SMALL_INDEX_BYTES: usize = 128 << 10;

impl ColumnEncoder {
    /// Keeps what is added between two looks at `PageSink::is_short` small, for sinks that have a limit, and bounds and
    /// the codec's tables within a part of it.
    ///
    /// # Errors
    /// If the codec takes more than the limit.
    pub(crate) fn with_page_cap(mut self, cap: PageCap) -> Result<Self> {
        let cut = |len: Option<usize>| {
            let most = cap.bound_bytes.min(len.unwrap_or(usize::MAX));
            Truncation::new(&self.descr, Some(most)).whole_up_to(cap.bound_bytes)
        };
        let index_cut = cut(self.options.column_index_truncate_length);
        self.statistics_cut = cut(self.options.statistics_truncate_length);
        let shorter = match self.options.column_index_truncate_length {
            Some(len) if len < USUAL_BOUND_BYTES => Some(len),
            _ => Some(USUAL_BOUND_BYTES),
        };
        let later = LaterCut {
            from_bytes: cap.page_bytes,
            truncation: cut(shorter).whole_up_to(USUAL_BOUND_BYTES),
        };
        self.ledger.cut_bounds(index_cut, later);
        if let Some(stats) = &mut self.stats {
            stats.keep_for(&[self.statistics_cut, index_cut, later.truncation]);
        }
        self.sealing.strength = Strength::within(self.options.compression, cap.codec)?;
        self.cap = Some(cap);
        Ok(self)
    }

    /// How strong the codec is.
    pub(crate) fn strength(&self) -> Strength {
        self.sealing.strength
    }

    /// Bytes that ending the chunk may take without having been paid for: a small index finds room, and only one
    /// chunk ends at a time.
    pub(super) fn free_ending_bytes(&self) -> usize {
        self.cap.map_or(SMALL_INDEX_BYTES, |cap| 2 * cap.page_bytes)
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

    /// Dictionaries given up past the cap.
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

    /// The cap, where the options allow larger pages. Elsewhere pages are cut as they are without a limit.
    pub(super) fn tight_cap(&self) -> Option<PageCap> {
        let page = self.options.data_page_size_limit;
        self.cap.filter(|cap| cap.is_full(page))
    }

    /// Whether memory is short before the next of `values` are taken in. A large dictionary for which no room could be
    /// made ends here.
    pub(super) fn is_short(
        &mut self,
        values: &Values<'_>,
        benches: &WorkbenchPool,
        sink: &mut dyn PageSink,
    ) -> Result<bool> {
        let Some(cap) = self.cap else {
            return Ok(false);
        };
        if sink.is_short(self.reserved_size(), self.growth_bytes(values, cap)) {
            return Ok(true);
        }
        if self.dictionary_writing_bytes() > 0 && sink.is_past_limit() {
            self.early_dictionaries += 1;
            self.give_up_dictionary(benches, sink)?;
        }
        Ok(false)
    }

    /// Takes in a portion: at once, or in parts where it is so large that a dictionary could grow by too much before it
    /// is looked at again. Says how far it came before memory was short; pages end where they would have anyway.
    pub(super) fn put_in_parts(
        &mut self,
        mut piece: Batch<'_>,
        mut values: Values<'_>,
        given: Option<GivenBounds<'_>>,
        benches: &WorkbenchPool,
        sink: &mut dyn PageSink,
    ) -> Result<Progress> {
        let max_definition = self.descr.max_def_level();
        let mut done = Progress::default();
        while piece.slots > 0 {
            if done.slots > 0 && self.is_short(&values, benches, sink)? {
                break;
            }
            let portion = match self.dictionary_rules() {
                Some(rules) => Portion::new(piece.slots, &values, size_bound(&values), &rules),
                None => Portion::Whole,
            };
            let part = piece.take_portion(portion, max_definition);
            let part_values = values.take_front(part.present(max_definition));
            done.pass(part.slots, part_values.len());
            self.put(part, &part_values, given)?;
        }
        Ok(done)
    }

    /// What the dictionary takes at once, if the options let it grow past its cap. Where pages are small, so is what comes.
    fn dictionary_rules(&self) -> Option<PortionRules> {
        let limit = self.options.dictionary_page_size_limit;
        let cap = self.cap.filter(|cap| cap.dictionary_bytes < limit)?;
        if self.tight_cap().is_some() {
            return None;
        }
        let used = self.values.dictionary_bytes()?;
        Some(cap.dictionary_rules(used, limit))
    }

    /// Bytes that writing the dictionary out takes beside it, beyond those between the high-water mark and the limit: these
    /// are free whenever a dictionary is written, and hold one that has reached its cap.
    pub(super) fn dictionary_writing_bytes(&self) -> usize {
        let (Some(cap), Some(bytes)) = (self.cap, self.values.dictionary_bytes()) else {
            return 0;
        };
        let beyond = bytes.saturating_sub(cap.dictionary_bytes);
        beyond + beyond / 8
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
