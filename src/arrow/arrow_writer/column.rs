//! One leaf column of one row group: Arrow leaves in, a chunk that waits in its store out.

use std::io::Write;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::Field;

use super::part::{Place, Stops, Watch, Written};
use crate::arrow::adapt::{Adapter, LeafValues};
use crate::arrow::leaves::{ColumnPlan, LeafPlan, UncheckedLeaf};
use crate::budget::Reservation;
use crate::column::chunk::{
    ChunkBuffer, ColumnCloseResult, FilterParts, PageSink, Placement, SealedPage,
};
use crate::column::writer::{ColumnEncoder, LeafInput, PageCap, ValueFeed, WorkbenchPool};
use crate::data_type::values::Values;
use crate::errors::Result;
use crate::file::writer::SerializedRowGroupWriter;
use crate::latch::{Latch, panicked, watched};

/// One leaf of a column of a batch, with its levels: what an [`ArrowColumnWriter`] takes.
#[derive(Debug)]
pub struct ArrowLeafColumn(UncheckedLeaf);

/// Cuts a column into its leaves, depth first: one for each primitive column below `field`.
///
/// A null in a required field does not fail here but when its leaf is written.
///
/// # Errors
/// If the array's type does not fit the field's.
pub fn compute_leaves(field: &Field, array: &ArrayRef) -> Result<Vec<ArrowLeafColumn>> {
    let leaves = LeafPlan::try_new(field)?.leaves(array)?;
    Ok(leaves.into_iter().map(ArrowLeafColumn).collect())
}

/// Encodes one leaf column of one row group. Finished pages wait in the column's page store.
pub struct ArrowColumnWriter {
    encoder: ColumnEncoder,
    pages: ChunkBuffer,
    /// Those of the Bloom filter that had to leave memory.
    filter_parts: Option<Box<FilterParts>>,
    adapter: Adapter,
    plan: Arc<ColumnPlan>,
    benches: WorkbenchPool,
    reservation: Reservation,
    latch: Latch,
}

/// What an [`ArrowColumnWriter`] is put together from.
pub(super) struct ColumnParts {
    pub(super) encoder: ColumnEncoder,
    pub(super) pages: ChunkBuffer,
    /// Where parts of the Bloom filter may go, if the column has one.
    pub(super) filter_parts: Option<FilterParts>,
    pub(super) plan: Arc<ColumnPlan>,
    pub(super) benches: WorkbenchPool,
    pub(super) reservation: Reservation,
}

impl ArrowColumnWriter {
    pub(super) fn new(parts: ColumnParts) -> Self {
        let ColumnParts {
            encoder,
            pages,
            filter_parts,
            plan,
            benches,
            reservation,
        } = parts;
        let mut column = Self {
            encoder,
            pages,
            filter_parts: filter_parts.map(Box::new),
            adapter: Adapter::new(plan.conversion()),
            plan,
            benches,
            reservation,
            latch: Latch::default(),
        };
        let has_limit = column.reservation.budget().limit().is_some();
        if let Some(filter) = column.encoder.filter_mut().filter(|_| has_limit) {
            filter.wait_to_condense();
        }
        column.settle();
        column
    }

    /// Encodes the next rows.
    ///
    /// # Errors
    /// If the leaf has the wrong type or is nested otherwise than the column, has a null in a required field, a value that the column cannot hold or a row that is too large for a page: nothing is then
    /// encoded, and the column goes on. If the page store fails: the column then takes no more.
    pub fn write(&mut self, col: &ArrowLeafColumn) -> Result<()> {
        let _work = self.reservation.budget().at_work();
        let latch = |column: &mut Self| column.latch.shut(&panicked());
        watched(self, latch, |column| {
            let leaf = column.plan.check_unplanned(&col.0)?;
            column.write_from(&mut Place::at_start(&leaf, Stops::Never)?)
        })
        .map(drop)
    }

    /// Ends the chunk; its pages stay in the store until they are spliced.
    ///
    /// # Errors
    /// If the page store fails, or an earlier call failed.
    pub fn close(mut self) -> Result<ArrowColumnChunk> {
        self.end_pages()?;
        self.complete_filter()?;
        let close = self
            .encoder
            .into_close_result(&Placement::DictionaryFirst)?;
        let chunk_bytes = close.memory_size() + close.index_writing_bytes();
        self.reservation
            .resize(self.pages.own_bytes() + self.pages.unreserved_bytes() + chunk_bytes);
        Ok(ArrowColumnChunk {
            pages: self.pages,
            close,
            benches: self.benches,
            reservation: self.reservation,
        })
    }

    /// Bytes that this column keeps in memory: open page, dictionary, ledger, and what its store says.
    pub fn memory_size(&self) -> usize {
        let parts = self.filter_parts.as_ref();
        self.own_memory()
            + self.pages.resident_bytes()
            + parts.map_or(0, |parts| parts.resident_bytes())
    }

    /// Estimated bytes of the chunk if it ended now, encoded and compressed as far as known.
    pub fn get_estimated_total_bytes(&self) -> usize {
        self.encoder.estimated_total_bytes()
    }

    /// Encodes what lies behind `place`, in a leaf that was checked, and moves `place` on: to the end, unless memory is short.
    pub(super) fn write_from(&mut self, place: &mut Place<'_>) -> Result<Written> {
        let has_definition = self.encoder.descr().max_def_level() > 0;
        let has_repetition = self.encoder.descr().max_rep_level() > 0;
        let beside_bytes = self.beside_bytes();
        let mut values = self
            .adapter
            .open_at(&place.leaf.array, place.values.clone())?;
        let input = LeafInput {
            slots: place.slots,
            definition: has_definition.then_some(place.definition),
            repetition: has_repetition.then_some(place.repetition),
            values: &mut values,
            given: None,
        };
        self.latch.begin()?;
        let mut watch = place.watch(&self.reservation);
        let mut pages = PaidPages {
            pages: &mut self.pages,
            beside_bytes,
            reservation: &mut self.reservation,
            watch: Some(&mut watch),
        };
        let written = self.encoder.write(input, &self.benches, &mut pages);
        place.pass(self.latch.end(written)?);
        self.settle();
        self.condense_filter()?;
        Ok(match place.slots {
            0 => Written::All,
            _ => Written::Short {
                next_bytes: watch.next_bytes(),
            },
        })
    }

    /// Ends the last page and the dictionary; nothing but [`ArrowColumnWriter::close`] may follow.
    pub(super) fn end_pages(&mut self) -> Result<()> {
        self.encode(|encoder, benches, pages| encoder.finish(benches, pages))
    }

    /// Sets what pages may hold from now on.
    pub(super) fn set_page_cap(&mut self, cap: Option<PageCap>) {
        self.encoder.set_page_cap(cap);
    }

    /// Room that is kept for what is to come.
    pub(super) fn spare_bytes(&self) -> usize {
        self.encoder.spare_bytes() + self.adapter.memory_size()
    }

    /// Gives back that room.
    pub(super) fn free_spare(&mut self) {
        self.encoder.shrink_page();
        self.adapter.shrink();
        self.settle();
    }

    /// Ends the open page to free its memory.
    pub(super) fn cut_page_early(&mut self) -> Result<()> {
        self.encode(|encoder, benches, pages| encoder.cut_page_early(benches, pages))?;
        self.adapter.shrink();
        self.settle();
        Ok(())
    }

    /// Writes the dictionary out and goes on without.
    pub(super) fn give_up_dictionary(&mut self) -> Result<()> {
        self.encode(|encoder, benches, pages| encoder.give_up_dictionary(benches, pages))
    }

    /// Stops counting distinct values.
    pub(super) fn give_up_distinct_count(&mut self) {
        self.encoder.give_up_distinct_count();
        self.settle();
    }

    /// Moves pages out of memory.
    pub(super) fn spill(&mut self) -> Result<()> {
        self.latch.begin()?;
        let freed = self.pages.spill();
        self.latch.end(freed)?;
        self.settle();
        Ok(())
    }

    /// Moves what the Bloom filter holds out of memory.
    pub(super) fn spill_filter(&mut self) -> Result<()> {
        let (Some(filter), Some(parts)) = (self.encoder.filter_mut(), &mut self.filter_parts)
        else {
            return Ok(());
        };
        self.latch.begin()?;
        let parted = filter.part_with(&mut |part, bytes| parts.put(part, bytes));
        self.latch.end(parted)?;
        self.settle();
        Ok(())
    }

    /// Goes on without a Bloom filter.
    pub(super) fn give_up_filter(&mut self) {
        self.encoder.give_up_filter();
        self.filter_parts = None;
        self.settle();
    }

    /// Whether a store has had no room; never if that is an error.
    pub(super) fn is_store_full(&self) -> bool {
        let parts = self.filter_parts.as_ref();
        self.pages.is_full() || parts.is_some_and(|parts| parts.is_full())
    }

    /// Bytes of pages that are not in memory.
    pub(super) fn moved_page_bytes(&self) -> u64 {
        self.pages.moved_bytes()
    }

    pub(super) fn resident_page_bytes(&self) -> usize {
        self.pages.resident_bytes()
    }

    pub(super) fn encoder(&self) -> &ColumnEncoder {
        &self.encoder
    }

    /// Everything but the store.
    fn own_memory(&self) -> usize {
        let parts = self.filter_parts.as_ref();
        self.encoder.memory_size()
            + self.adapter.memory_size()
            + self.pages.own_bytes()
            + parts.map_or(0, |parts| size_of::<FilterParts>() + parts.own_bytes())
    }

    /// What is reserved beside the encoder and the pages.
    fn beside_bytes(&self) -> usize {
        let parts = self.filter_parts.as_ref();
        size_of::<Self>()
            + self.adapter.memory_size()
            + parts.map_or(0, |parts| {
                size_of::<FilterParts>() + parts.own_bytes() + parts.unreserved_bytes()
            })
    }

    /// Turns the hashes of the Bloom filter into bits, if that pays and the budget has room, or moves them out of memory.
    fn condense_filter(&mut self) -> Result<()> {
        let budget = self.reservation.budget();
        let Some(filter) = self.encoder.filter_mut() else {
            return Ok(());
        };
        match filter.condensed_bytes(0) {
            None => return Ok(()),
            Some(bytes) if budget.has_room_for(bytes) => filter.condense(),
            Some(_) => return self.spill_filter(),
        }
        self.settle();
        Ok(())
    }

    /// Gives the Bloom filter back what had left memory.
    fn complete_filter(&mut self) -> Result<()> {
        let (Some(filter), Some(parts)) = (self.encoder.filter_mut(), &mut self.filter_parts)
        else {
            return Ok(());
        };
        self.benches.with_buffer(|buffer| {
            parts.take_all(buffer, |part, bytes| filter.take_back(part, bytes))
        })?;
        self.settle();
        Ok(())
    }

    /// Lets `work` end pages, and pays for what is held from page to page.
    fn encode(
        &mut self,
        work: impl FnOnce(&mut ColumnEncoder, &WorkbenchPool, &mut dyn PageSink) -> Result<()>,
    ) -> Result<()> {
        let beside_bytes = self.beside_bytes();
        self.latch.begin()?;
        let mut pages = PaidPages {
            pages: &mut self.pages,
            beside_bytes,
            reservation: &mut self.reservation,
            watch: None,
        };
        let ended = work(&mut self.encoder, &self.benches, &mut pages);
        self.latch.end(ended)?;
        self.settle();
        Ok(())
    }

    fn settle(&mut self) {
        let (beside_bytes, encoder_bytes) = (self.beside_bytes(), self.encoder.reserved_size());
        PaidPages {
            pages: &mut self.pages,
            beside_bytes,
            reservation: &mut self.reservation,
            watch: None,
        }
        .encoder_holds(encoder_bytes);
    }
}

/// The pages of a column, and the reservation that pays for all that the column holds.
struct PaidPages<'a> {
    pages: &'a mut ChunkBuffer,
    beside_bytes: usize,
    reservation: &'a mut Reservation,
    /// Where a batch can be left in the middle.
    watch: Option<&'a mut Watch>,
}

impl PageSink for PaidPages<'_> {
    fn put(&mut self, page: SealedPage<'_>) -> Result<()> {
        self.pages.put(page)
    }

    fn encoder_holds(&mut self, bytes: usize) {
        let pages = self.pages.own_bytes() + self.pages.unreserved_bytes();
        self.reservation.resize(self.beside_bytes + bytes + pages);
    }

    fn is_short(&mut self, held_bytes: usize, next_bytes: usize) -> bool {
        if self.watch.is_none() {
            return false;
        }
        self.encoder_holds(held_bytes);
        let watch = self.watch.as_mut();
        if watch.is_some_and(|watch| watch.is_short(self.reservation, next_bytes)) {
            return true;
        }
        // Until the encoder is heard again it counts as holding both.
        self.encoder_holds(held_bytes + next_bytes);
        false
    }

    fn is_past_limit(&self) -> bool {
        self.reservation.budget().room() == 0
    }
}

impl std::fmt::Debug for ArrowColumnWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArrowColumnWriter")
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}

impl ValueFeed for LeafValues<'_> {
    fn next(&mut self, count: usize) -> Result<Values<'_>> {
        LeafValues::next(self, count)
    }
}

/// A finished column chunk that waits in its page store.
#[derive(Debug)]
pub struct ArrowColumnChunk {
    pages: ChunkBuffer,
    close: ColumnCloseResult,
    benches: WorkbenchPool,
    reservation: Reservation,
}

impl ArrowColumnChunk {
    /// The chunk's metadata; offsets count from the chunk's start.
    pub fn close(&self) -> &ColumnCloseResult {
        &self.close
    }

    /// The chunk's metadata, to be changed before the chunk is appended: to leave an index out, say.
    pub fn close_mut(&mut self) -> &mut ColumnCloseResult {
        &mut self.close
    }

    /// Streams the chunk into the file as the next column of `writer`'s row group, one page at a time.
    ///
    /// # Errors
    /// If the store or the sink fails, or the chunk is not the next column's.
    pub fn append_to_row_group<W: Write + Send>(
        self,
        writer: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<()> {
        let Self {
            pages,
            close,
            benches,
            reservation,
        } = self;
        benches.with_buffer(|buffer| writer.append_pages(pages, close, buffer))?;
        drop(reservation);
        Ok(())
    }
}
