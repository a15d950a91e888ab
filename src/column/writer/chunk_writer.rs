//! One column chunk while it is written: the loop that feeds the encoder, cuts its pages, and pays for all that the
//! column holds. The budget is asked here, and nowhere below.

#[cfg(feature = "arrow")]
mod at_once;
#[cfg(feature = "arrow")]
pub(super) mod stored;

use std::sync::Arc;

use super::cut::{Cut, PageMemoryCap};
use super::encoder::ColumnEncoder;
use super::plan::ColumnPlan;
use super::scratch::ScratchPool;
use super::slots::{GivenBounds, Slots, ValueFeed};
use crate::budget::Reservation;
use crate::column::chunk::{ChunkPages, ColumnCloseResult, FilterParts};
use crate::data_type::values::Values;
use crate::errors::{ParquetError, Result};
use crate::latch::Latch;
use crate::schema::types::ColumnDescPtr;

/// The encoder of a chunk, the way of its pages, and the reservation that pays for both.
pub(crate) struct ChunkWriter<'a> {
    encoder: ColumnEncoder,
    pages: ChunkPages<'a>,
    /// Those of the Bloom filter that had to leave memory.
    filter_parts: Option<Box<FilterParts>>,
    scratch: ScratchPool,
    reservation: Reservation,
    latch: Latch,
    /// Bytes that whoever owns this holds beside it, for the same column.
    beside_bytes: usize,
    /// What was open in the encoder when all was last paid for.
    paid_open_memory: usize,
    early_dictionaries: usize,
}

/// What a [`ChunkWriter`] is put together from.
pub(crate) struct ChunkParts<'a> {
    pub(crate) plan: Arc<ColumnPlan>,
    pub(crate) cap: Option<PageMemoryCap>,
    pub(crate) pages: ChunkPages<'a>,
    /// Where parts of the Bloom filter may go, if the column has one.
    pub(crate) filter_parts: Option<FilterParts>,
    pub(crate) scratch: ScratchPool,
    pub(crate) reservation: Reservation,
}

/// How far the writer may grow before a column is left in the middle of a batch, so that all columns can make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    /// What the writer may hold before it is asked whether memory is short; so much is worth a walk over all columns.
    pub(crate) most_bytes: usize,
    /// Whether the column goes on though what it takes next is more than there is: room was made a moment ago, and
    /// there will be no more of it.
    pub(crate) may_pass: bool,
}

/// How far a leaf was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// To its end.
    All,
    /// To a place where memory is short; what follows may take `next_bytes` at once.
    Short { next_bytes: usize },
}

impl Grant {
    /// For a column that nobody would make room for.
    pub(crate) const ENDLESS: Self = Self {
        most_bytes: usize::MAX,
        may_pass: true,
    };
}

impl<'a> ChunkWriter<'a> {
    /// # Errors
    /// If the codec takes more than the memory limit.
    pub(crate) fn try_new(parts: ChunkParts<'a>) -> Result<Self> {
        let ChunkParts {
            plan,
            cap,
            pages,
            filter_parts,
            scratch,
            reservation,
        } = parts;
        let mut chunk = Self {
            encoder: ColumnEncoder::try_new(plan, cap)?,
            pages,
            filter_parts: filter_parts.map(Box::new),
            scratch,
            reservation,
            latch: Latch::default(),
            beside_bytes: 0,
            paid_open_memory: 0,
            early_dictionaries: 0,
        };
        let has_limit = chunk.reservation.budget().limit().is_some();
        if let Some(filter) = chunk.encoder.filter_mut().filter(|_| has_limit) {
            filter.wait_to_condense();
        }
        Ok(chunk)
    }

    /// Encodes `leaf`, whose present values `feed` gives, and moves both on: to the end, or to where memory is short.
    /// What was not encoded may be given again at any time, to this call alone; nothing of it is looked at twice.
    ///
    /// # Errors
    /// If a value does not fit the format, a page's way fails, or the chunk failed before: it then takes no more.
    pub(crate) fn write(
        &mut self,
        leaf: &mut Slots<'_>,
        feed: &mut dyn ValueFeed,
        given: Option<GivenBounds<'_>>,
        grant: Grant,
    ) -> Result<Written> {
        self.latch.begin()?;
        let written = self.write_batches(leaf, feed, given, grant);
        let written = self.latch.end(written)?;
        self.pay();
        Ok(written)
    }

    /// Ends the last page and the dictionary; nothing but [`close`](Self::close) may follow.
    ///
    /// # Errors
    /// If a page's way fails.
    pub(crate) fn end_pages(&mut self) -> Result<()> {
        self.latched(|chunk| {
            chunk.cut(Cut::Full)?;
            chunk.end_dictionary()?;
            chunk.put_late()?;
            chunk.encoder.end();
            Ok(())
        })
    }

    /// Ends the chunk, whose pages have gone into the file or to the caller's page writer. The reservation pays for
    /// what is left of it.
    ///
    /// # Errors
    /// If a page's way fails, or an earlier call failed.
    pub(crate) fn close(mut self) -> Result<(ColumnCloseResult, Reservation)> {
        self.end_pages()?;
        self.complete_filter()?;
        let (placement, _) = self.pages.finish()?;
        let close = self.encoder.into_close_result(&placement)?;
        self.reservation
            .resize(close.memory_size() + close.index_writing_bytes());
        Ok((close, self.reservation))
    }

    /// Records the number of distinct values that the caller knows: it holds for the chunk only if
    /// nothing else is written.
    pub(crate) fn give_distinct_count(&mut self, count: Option<u64>) {
        self.encoder.give_distinct_count(count);
    }

    /// Sets what pages may hold from now on.
    pub(crate) fn set_page_cap(&mut self, cap: Option<PageMemoryCap>) {
        self.encoder.set_page_cap(cap);
    }

    /// Gives back what the open page has to spare.
    pub(crate) fn free_spare(&mut self) {
        self.encoder.shrink_page();
        self.pay();
    }

    /// Ends the open page to free its memory.
    ///
    /// # Errors
    /// If the page's way fails.
    pub(crate) fn cut_page_early(&mut self) -> Result<()> {
        self.latched(|chunk| {
            chunk.cut(Cut::Early)?;
            chunk.encoder.shrink_page();
            chunk.put_late()
        })
    }

    /// Writes the dictionary out and goes on without.
    ///
    /// # Errors
    /// If the page's way fails.
    pub(crate) fn give_up_dictionary(&mut self) -> Result<()> {
        self.latched(|chunk| {
            if chunk.encoder.has_dictionary() {
                chunk.cut(Cut::Full)?;
                chunk.end_dictionary()?;
            }
            chunk.put_late()
        })
    }

    /// Stops counting distinct values.
    pub(crate) fn give_up_distinct_count(&mut self) {
        self.encoder.give_up_distinct_count();
        self.pay();
    }

    /// Moves pages out of memory.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn spill(&mut self) -> Result<()> {
        self.latched(|chunk| chunk.pages.spill())
    }

    /// Puts pages away that others were to seal.
    ///
    /// # Errors
    /// If a page's way fails.
    pub(crate) fn end_late_pages(&mut self) -> Result<()> {
        self.latched(Self::put_late)
    }

    /// Moves what the Bloom filter holds out of memory.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn spill_filter(&mut self) -> Result<()> {
        self.latched(Self::part_with_filter)
    }

    /// Goes on without a Bloom filter.
    pub(crate) fn give_up_filter(&mut self) {
        self.encoder.give_up_filter();
        self.filter_parts = None;
        self.pay();
    }

    /// Whether a store has had no room; never if that is an error.
    pub(crate) fn is_store_full(&self) -> bool {
        let parts = self.filter_parts.as_ref();
        self.pages.is_full() || parts.is_some_and(|parts| parts.is_full())
    }

    /// Bytes that this column keeps in memory: open page, dictionary, ledger, and pages in memory.
    pub(crate) fn memory_size(&self) -> usize {
        let parts = self.filter_parts.as_ref();
        self.encoder.memory_size()
            + self.pages.memory_size()
            + parts.map_or(0, |parts| parts.usage().heap)
    }

    /// The column.
    pub(crate) fn descr(&self) -> &ColumnDescPtr {
        self.encoder.descr()
    }

    /// What the schema and the options say of the column.
    pub(crate) fn plan(&self) -> &ColumnPlan {
        self.encoder.plan()
    }

    pub(crate) fn encoder(&self) -> &ColumnEncoder {
        &self.encoder
    }

    pub(crate) fn pages(&self) -> &ChunkPages<'a> {
        &self.pages
    }

    /// Heap bytes of the scratch memory that waits for the next page.
    pub(crate) fn scratch_size(&self) -> usize {
        self.scratch.memory_size()
    }

    /// Dictionaries given up because they were past their part of the memory and there was no room for more, or because
    /// there was none for the pages that wait for them.
    pub(crate) fn early_dictionaries(&self) -> usize {
        self.early_dictionaries
    }

    /// An error if an earlier call failed.
    ///
    /// # Errors
    /// Its cause.
    pub(crate) fn check(&self) -> Result<()> {
        self.latch.check()
    }

    /// Refuses all later calls because of `error`, and hands it back.
    pub(crate) fn latch(&mut self, error: ParquetError) -> ParquetError {
        self.latch.shut(&error);
        error
    }

    fn write_batches(
        &mut self,
        leaf: &mut Slots<'_>,
        feed: &mut dyn ValueFeed,
        given: Option<GivenBounds<'_>>,
        grant: Grant,
    ) -> Result<Written> {
        let max_definition = self.encoder.max_definition();
        let base = self.encoder.base(leaf);
        let owner_bytes = self.beside_bytes.saturating_sub(feed.held_bytes());
        while leaf.count > 0 {
            let mut ahead = *leaf;
            let batch = ahead.take_front(self.encoder.batch(base, leaf));
            let present = batch.present(max_definition);
            let values = feed.next(present)?;
            if values.len() != present {
                return Err(ParquetError::General(format!(
                    "Expected to write {present} values, but have only {}",
                    values.len()
                )));
            }
            let put = self.write_batch(base, batch, values.measured(), (given, grant))?;
            self.beside_bytes = owner_bytes + feed.held_bytes();
            self.condense_filter()?;
            if let Some(short) = put.short {
                feed.give_back(put.values_left);
                leaf.take_front(batch.count - put.slots_left);
                return Ok(short);
            }
            *leaf = ahead;
        }
        Ok(Written::All)
    }

    /// Puts one batch into the encoder, as far as there is memory. A mini batch goes in before the page is looked at,
    /// and in steps where a dictionary could grow by too much at once.
    fn write_batch(
        &mut self,
        base: usize,
        mut batch: Slots<'_>,
        mut values: Values<'_>,
        (given, grant): (Option<GivenBounds<'_>>, Grant),
    ) -> Result<Put> {
        let max_definition = self.encoder.max_definition();
        let mut pace = None;
        while batch.count > 0 {
            if let Some(short) = self.shortage(&values, grant)? {
                return Ok(Put::short(short, batch.count, values.len()));
            }
            let next = self.encoder.next(&mut pace, base, &batch, &values);
            let mut mini_batch = batch.take_front(next.slots);
            let mut its_values = values.take_front(mini_batch.present(max_definition));
            if next.may_overflow {
                self.make_way(mini_batch.count, &its_values)?;
            }
            loop {
                let step = mini_batch.take_front(self.encoder.step(&mini_batch, &its_values));
                let step_values = its_values.take_front(step.present(max_definition));
                self.encoder.put(step, &step_values, given)?;
                if mini_batch.count == 0 {
                    break;
                }
                if let Some(short) = self.shortage(&its_values, grant)? {
                    let slots_left = mini_batch.count + batch.count;
                    return Ok(Put::short(
                        short,
                        slots_left,
                        its_values.len() + values.len(),
                    ));
                }
            }
            self.cut_what_is_full()?;
        }
        Ok(Put::default())
    }

    /// Whether memory is short before the next of `values` are taken in. A dictionary past its part of the memory,
    /// for which no room could be made, ends here.
    fn shortage(&mut self, values: &Values<'_>, grant: Grant) -> Result<Option<Written>> {
        let Some(cap) = self.encoder.page_cap() else {
            return Ok(None);
        };
        let held_bytes = self.encoder.reserved_size();
        let next_bytes = self.encoder.growth_bytes(values, cap);
        self.reserve(held_bytes);
        let budget = self.reservation.budget();
        let is_short = if budget.used() >= grant.most_bytes {
            budget.is_under_pressure() || next_bytes > budget.remaining()
        } else {
            !grant.may_pass && next_bytes > budget.remaining()
        };
        if is_short {
            return Ok(Some(Written::Short { next_bytes }));
        }
        // Until the encoder is asked again it counts as holding both.
        self.reserve(held_bytes + next_bytes);
        if self.encoder.dictionary_writing_bytes() > 0 && self.reservation.budget().remaining() == 0
        {
            self.early_dictionaries += 1;
            self.cut(Cut::Full)?;
            self.end_dictionary()?;
        }
        Ok(None)
    }

    /// Ends the open page, and the dictionary, if a mini batch is too much for them.
    fn make_way(&mut self, slots: usize, values: &Values<'_>) -> Result<()> {
        if self.encoder.dictionary_ends_before(values) {
            self.cut(Cut::Full)?;
            self.end_dictionary()?;
        }
        if self.encoder.page_ends_before(slots, values) {
            self.cut(Cut::Full)?;
        }
        Ok(())
    }

    fn cut_what_is_full(&mut self) -> Result<()> {
        let full = self.encoder.full();
        if let Some(cut) = full.page {
            self.cut(cut)?;
        }
        let has_no_room = self.pages.should_go_on() && self.encoder.has_dictionary();
        if full.dictionary || has_no_room {
            self.early_dictionaries += usize::from(has_no_room);
            self.cut(Cut::Full)?;
            self.end_dictionary()?;
        }
        Ok(())
    }

    /// Ends the open page, if there is one.
    fn cut(&mut self, cut: Cut) -> Result<()> {
        if !self.encoder.has_page() {
            return Ok(());
        }
        self.pay();
        let Self {
            encoder,
            pages,
            scratch,
            ..
        } = self;
        scratch.with(|scratch| encoder.cut(cut, scratch, pages))
    }

    /// Ends the dictionary, if there is one; there is no open page.
    fn end_dictionary(&mut self) -> Result<()> {
        if !self.encoder.has_dictionary() {
            return Ok(());
        }
        self.pay();
        self.scratch.clone().with(|scratch| {
            let Some(entries) = self.encoder.lay_out_dictionary(scratch) else {
                return Ok(());
            };
            // The page is a copy of the entries: what these took is free before it is compressed.
            self.pay();
            self.encoder
                .seal_dictionary(entries, scratch, &mut self.pages)
        })
    }

    /// Puts pages away that others were to seal.
    fn put_late(&mut self) -> Result<()> {
        let Self {
            encoder,
            pages,
            scratch,
            ..
        } = self;
        if !encoder.has_late() {
            return Ok(());
        }
        scratch.with(|scratch| encoder.put_all_late(scratch, pages))
    }

    /// Turns the hashes of the Bloom filter into bits, if that pays and the budget has room, or moves them out of
    /// memory.
    fn condense_filter(&mut self) -> Result<()> {
        let Some(filter) = self.encoder.filter_mut() else {
            return Ok(());
        };
        match filter.condensed_bytes(0) {
            None => return Ok(()),
            Some(bytes) if self.reservation.budget().can_hold(bytes) => {
                // The bits are there beside the hashes for a moment.
                self.reserve(self.encoder.reserved_size() + bytes);
                if let Some(filter) = self.encoder.filter_mut() {
                    filter.condense();
                }
            }
            Some(_) => self.part_with_filter()?,
        }
        self.pay();
        Ok(())
    }

    /// Moves what the Bloom filter holds into a store.
    fn part_with_filter(&mut self) -> Result<()> {
        match (self.encoder.filter_mut(), &mut self.filter_parts) {
            (Some(filter), Some(parts)) => {
                filter.part_with(&mut |part, bytes| parts.put(part, bytes))
            }
            _ => Ok(()),
        }
    }

    /// Gives the Bloom filter back what had left memory.
    fn complete_filter(&mut self) -> Result<()> {
        let (Some(filter), Some(parts)) = (self.encoder.filter_mut(), &mut self.filter_parts)
        else {
            return Ok(());
        };
        self.scratch.with_buffer(|buffer| {
            parts.take_all(buffer, |part, bytes| filter.take_back(part, bytes))
        })?;
        self.pay();
        Ok(())
    }

    /// Runs `work`, whose failure is the chunk's, and pays for what is held after it.
    fn latched(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.latch.begin()?;
        // What pays may panic, and that is the call's failure too.
        let done = work(self).map(|()| self.pay());
        self.latch.end(done)
    }

    /// Reserves what the column holds.
    fn pay(&mut self) {
        self.paid_open_memory = self.encoder.open_memory();
        self.reserve(self.encoder.reserved_size_of(self.paid_open_memory));
    }

    /// Reserves `encoder_bytes` with all that is beside the encoder.
    fn reserve(&mut self, encoder_bytes: usize) {
        let parts = self.filter_parts.as_ref();
        let parts_bytes = parts.map_or(0, |parts| parts.usage().unreserved());
        let pages_bytes = self.pages.unpaid_bytes();
        self.reservation
            .resize(self.beside_bytes + encoder_bytes + pages_bytes + parts_bytes);
    }
}

/// How much of a batch went in.
#[derive(Default)]
struct Put {
    short: Option<Written>,
    slots_left: usize,
    values_left: usize,
}

impl Put {
    fn short(short: Written, slots_left: usize, values_left: usize) -> Self {
        Self {
            short: Some(short),
            slots_left,
            values_left,
        }
    }
}

impl std::fmt::Debug for ChunkWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkWriter")
            .field("column", &self.encoder.descr().path().string())
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}
