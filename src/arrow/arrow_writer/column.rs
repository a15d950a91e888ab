//! One leaf column of one row group: Arrow leaves in, a chunk that waits in its store out.

use std::io::Write;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::Field;

use crate::arrow::adapt::{Adapter, Cursor, LeafValues, start};
use crate::arrow::leaves::{ArrowColumnPlan, CheckedLeaf, LeafPlan, UncheckedLeaf};
use crate::column::chunk::ColumnCloseResult;
use crate::column::writer::{
    ChunkWriter, Grant, JoinedLeaves, OpenColumn, Slots, StoredChunk, ValueFeed, Written,
};
use crate::data_type::values::Values;
use crate::errors::Result;
use crate::file::writer::SerializedRowGroupWriter;
use crate::latch::{panicked, watched};

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
#[derive(Debug)]
pub struct ArrowColumnWriter {
    chunk: ChunkWriter<'static>,
    adapter: Adapter,
    plan: Arc<ArrowColumnPlan>,
}

/// A place in a leaf: what lies behind it is not encoded yet. It may be left and taken up again any number
/// of times, on any thread; nothing before it is looked at again.
#[derive(Debug, Clone)]
pub(super) struct LeafPosition<'a> {
    leaf: &'a CheckedLeaf,
    slots: Slots<'a>,
    values: Cursor<'a>,
}

/// Leaves of so many slots take the short way into the encoder. For larger ones it would save next to nothing.
const AT_ONCE: usize = 1024;

/// What of a leaf is encoded, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct LeafPlace {
    slots: usize,
    values: usize,
}

impl LeafPosition<'_> {
    /// Where this is in its leaf.
    pub(super) fn place(&self) -> LeafPlace {
        LeafPlace {
            slots: self.leaf.slots - self.slots.count,
            values: self.leaf.selection.len() - self.values.remaining(),
        }
    }
}

impl ArrowColumnWriter {
    pub(super) fn new(chunk: ChunkWriter<'static>, plan: Arc<ArrowColumnPlan>) -> Self {
        let mut column = Self {
            chunk,
            adapter: Adapter::new(plan.conversion()),
            plan,
        };
        column.pay_beside();
        column
    }

    /// Encodes the next rows.
    ///
    /// # Errors
    /// If the leaf has the wrong type or is nested otherwise than the column, has a null in a required field, a value
    /// that the column cannot hold or a row that is too large for a page: nothing is then encoded, and the column
    /// goes on. If the page store fails: the column then takes no more.
    pub fn write(&mut self, col: &ArrowLeafColumn) -> Result<()> {
        let _work = self.chunk.budget().at_work();
        let latch = |column: &mut Self| drop(column.chunk.latch(panicked()));
        watched(self, latch, |column| {
            let leaf = column.plan.check_unplanned(&col.0)?;
            let mut position = column.start(&leaf)?;
            column.write_from(&mut position, Grant::ENDLESS)
        })
        .map(drop)
    }

    /// Ends the chunk; its pages stay in the store until they are spliced.
    ///
    /// # Errors
    /// If the page store fails, or an earlier call failed.
    pub fn close(self) -> Result<ArrowColumnChunk> {
        self.chunk.close_stored().map(ArrowColumnChunk)
    }

    /// Bytes that this column keeps in memory: open page, dictionary, ledger, and what its store says.
    pub fn memory_size(&self) -> usize {
        self.chunk.memory_size() + self.adapter.memory_size()
    }

    /// Estimated bytes of the chunk if it ended now, encoded and compressed as far as known.
    pub fn get_estimated_total_bytes(&self) -> usize {
        self.chunk.encoder().estimated_total_bytes()
    }

    /// The beginning of a leaf.
    ///
    /// # Errors
    /// If the leaf's selection reaches past its array.
    pub(super) fn start<'a>(&self, leaf: &'a CheckedLeaf) -> Result<LeafPosition<'a>> {
        Ok(LeafPosition {
            leaf,
            slots: self.slots_of(leaf),
            values: start(leaf.array.as_ref(), &leaf.selection)?,
        })
    }

    fn slots_of<'a>(&self, leaf: &'a CheckedLeaf) -> Slots<'a> {
        let descr = self.chunk.descr();
        Slots {
            count: leaf.slots,
            definition: (descr.max_def_level() > 0).then(|| leaf.def.as_levels()),
            repetition: (descr.max_rep_level() > 0).then(|| leaf.rep.as_levels()),
        }
    }

    /// Encodes all of `leaf` if it is small, as leaves of small batches are; says whether it did.
    ///
    /// # Errors
    /// As [`write_from`](Self::write_from).
    pub(super) fn write_at_once(&mut self, leaf: &CheckedLeaf) -> Result<bool> {
        let slots = self.slots_of(leaf);
        if slots.count > AT_ONCE || !self.chunk.may_take_at_once(&slots) {
            return Ok(false);
        }
        let (array, selection) = (leaf.array.as_ref(), &leaf.selection);
        let is_written = match self.adapter.all_at_once(array, selection)? {
            Some(values) => self.chunk.write_at_once(slots, &values)?,
            None => {
                let mut values = self.adapter.open_at(array, start(array, selection)?)?;
                let values = values.next(slots.count)?;
                self.chunk.write_at_once(slots, &values)?
            }
        };
        self.pay_beside();
        Ok(is_written)
    }

    /// Encodes leaves that were copied together, where memory has no limit.
    ///
    /// # Errors
    /// As [`write_from`](Self::write_from).
    pub(super) fn write_joined(&mut self, leaves: &JoinedLeaves) -> Result<()> {
        self.chunk.write_joined(leaves)
    }

    /// The place in a leaf where it was left. Passes what lies before it, without a look at values.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(super) fn start_at<'a>(
        &self,
        leaf: &'a CheckedLeaf,
        place: LeafPlace,
    ) -> Result<LeafPosition<'a>> {
        let mut position = self.start(leaf)?;
        position.slots.take_front(place.slots);
        position.values.skip(place.values);
        Ok(position)
    }

    /// Encodes a leaf, where memory has no limit.
    ///
    /// # Errors
    /// If the page store fails, or an earlier call failed.
    pub(super) fn write_leaf(&mut self, leaf: &CheckedLeaf) -> Result<()> {
        if self.write_at_once(leaf)? {
            return Ok(());
        }
        let mut position = self.start(leaf)?;
        self.write_from(&mut position, Grant::ENDLESS).map(drop)
    }

    /// Encodes what lies behind `position` and moves it on: to the end, unless memory is short.
    ///
    /// # Errors
    /// If the page store fails, or an earlier call failed.
    pub(super) fn write_from(
        &mut self,
        position: &mut LeafPosition<'_>,
        grant: Grant,
    ) -> Result<Written> {
        let mut values = self
            .adapter
            .open_at(position.leaf.array.as_ref(), position.values.clone())?;
        let written = self
            .chunk
            .write(&mut position.slots, &mut values, None, grant)?;
        if written != Written::All {
            position.values = values.into_cursor();
        }
        self.pay_beside();
        Ok(written)
    }

    /// Tells the chunk what is held beside it.
    fn pay_beside(&mut self) {
        let bytes = size_of::<Self>() + self.adapter.memory_size();
        self.chunk.set_beside(bytes);
    }
}

impl OpenColumn<'static> for Box<ArrowColumnWriter> {
    fn chunk(&self) -> &ChunkWriter<'static> {
        self.as_ref().chunk()
    }

    fn chunk_mut(&mut self) -> &mut ChunkWriter<'static> {
        self.as_mut().chunk_mut()
    }

    fn spare_bytes(&self) -> usize {
        self.as_ref().spare_bytes()
    }

    fn free_spare(&mut self) {
        self.as_mut().free_spare();
    }
}

impl OpenColumn<'static> for ArrowColumnWriter {
    fn chunk(&self) -> &ChunkWriter<'static> {
        &self.chunk
    }

    fn chunk_mut(&mut self) -> &mut ChunkWriter<'static> {
        &mut self.chunk
    }

    fn spare_bytes(&self) -> usize {
        self.adapter.memory_size()
    }

    fn free_spare(&mut self) {
        self.adapter.shrink();
        self.pay_beside();
    }
}

impl ValueFeed for LeafValues<'_, '_> {
    fn next(&mut self, count: usize) -> Result<Values<'_>> {
        LeafValues::next(self, count)
    }

    fn give_back(&mut self, count: usize) {
        LeafValues::give_back(self, count);
    }

    fn held_bytes(&self) -> usize {
        LeafValues::held_bytes(self)
    }
}

/// A finished column chunk that waits in its page store.
#[derive(Debug)]
pub struct ArrowColumnChunk(StoredChunk);

impl ArrowColumnChunk {
    /// The chunk's metadata; offsets count from the chunk's start.
    pub fn close(&self) -> &ColumnCloseResult {
        &self.0.close
    }

    /// The chunk's metadata, to be changed before the chunk is appended: to leave an index out, say.
    pub fn close_mut(&mut self) -> &mut ColumnCloseResult {
        &mut self.0.close
    }

    /// The chunk, for whoever writes its pages out one by one.
    pub(super) fn into_stored(self) -> StoredChunk {
        self.0
    }

    /// Streams the chunk into the file as the next column of `writer`'s row group, one page at a time.
    ///
    /// # Errors
    /// If the store or the sink fails, or the chunk is not the next column's.
    pub fn append_to_row_group<W: Write + Send>(
        self,
        writer: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<()> {
        let StoredChunk {
            close,
            pages,
            scratch,
            reservation,
        } = self.0;
        writer.append_pages(pages, close, &scratch)?;
        drop(reservation);
        Ok(())
    }
}
