//! The open row group of an [`ArrowWriter`](super::ArrowWriter).

use super::column::ArrowColumnWriter;
use super::factory::ArrowRowGroupWriterFactory;
use crate::arrow::leaves::CheckedLeaf;
use crate::column::writer::{
    MemoryReclaimer, OpenColumn, PageMemoryCap, Reclaimed, Written, is_store_full,
};
use crate::errors::Result;

/// Columns that are being encoded, and the rows they have.
#[derive(Debug)]
pub(super) struct OpenRowGroup {
    columns: Vec<ArrowColumnWriter>,
    rows: usize,
    /// What the columns were told that pages may hold; it follows the number of writers that share the limit.
    cap: Option<PageMemoryCap>,
}

impl OpenRowGroup {
    pub(super) fn try_new(
        factory: &ArrowRowGroupWriterFactory,
        row_group_index: usize,
    ) -> Result<Self> {
        Ok(Self {
            columns: factory.create_column_writers(row_group_index)?,
            rows: 0,
            cap: None,
        })
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Encodes leaves, dropping each when it is done, and keeps within the memory limit while doing so. Says whether
    /// only the end of the row group can still do that, or make room in the stores.
    ///
    /// # Errors
    /// If a store fails; the columns may then have different numbers of rows.
    pub(super) fn write(
        &mut self,
        leaves: &mut Vec<CheckedLeaf>,
        rows: usize,
        reclaimer: &mut MemoryReclaimer,
    ) -> Result<Reclaimed> {
        let outcome = if reclaimer.is_never_short() {
            self.write_all(leaves, reclaimer)?
        } else {
            self.write_within_limit(leaves, reclaimer)?
        };
        self.rows += rows;
        if is_store_full(&self.columns) {
            return Ok(Reclaimed::StoreIsFull);
        }
        Ok(outcome)
    }

    /// Without a budget there is nothing to ask between two columns: small batches are written in less time.
    fn write_all(
        &mut self,
        leaves: &mut Vec<CheckedLeaf>,
        reclaimer: &mut MemoryReclaimer,
    ) -> Result<Reclaimed> {
        for (index, leaf) in leaves.iter().enumerate() {
            self.write_leaf(index, leaf, reclaimer)?;
        }
        leaves.clear();
        Ok(Reclaimed::Enough)
    }

    /// Pays for the leaves until each is encoded, and lets all columns make room between two of them.
    fn write_within_limit(
        &mut self,
        leaves: &mut Vec<CheckedLeaf>,
        reclaimer: &mut MemoryReclaimer,
    ) -> Result<Reclaimed> {
        reclaimer.make_room_for_codecs(&mut self.columns)?;
        let mut outcome = Reclaimed::Enough;
        self.follow(reclaimer.page_cap());
        let sizes: Vec<usize> = leaves.iter().map(|leaf| leaf.memory_size()).collect();
        let mut in_flight = reclaimer.reserve();
        in_flight.resize(
            leaves.capacity() * size_of::<CheckedLeaf>()
                + sizes.capacity() * size_of::<usize>()
                + sizes.iter().sum::<usize>(),
        );
        for (index, (leaf, size)) in leaves.drain(..).zip(sizes).enumerate() {
            self.write_leaf(index, &leaf, reclaimer)?;
            drop(leaf);
            in_flight.shrink(size);
            outcome = reclaimer.run(&mut self.columns)?;
        }
        Ok(outcome)
    }

    /// Frees what others could use before the next batch comes.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn rest(&mut self, reclaimer: &mut MemoryReclaimer) -> Result<()> {
        reclaimer.rest(&mut self.columns)
    }

    fn follow(&mut self, cap: Option<PageMemoryCap>) {
        if cap != self.cap {
            self.cap = cap;
            let columns = self.columns.iter_mut();
            columns.for_each(|column| column.chunk_mut().set_page_cap(cap));
        }
    }

    /// Encodes one leaf. Where memory runs short in the middle, all columns make room before it goes on.
    fn write_leaf(
        &mut self,
        index: usize,
        leaf: &CheckedLeaf,
        reclaimer: &mut MemoryReclaimer,
    ) -> Result<()> {
        let Some(column) = self.columns.get_mut(index) else {
            return Ok(());
        };
        if column.write_at_once(leaf)? {
            return Ok(());
        }
        let mut position = column.start(leaf)?;
        let mut grant = reclaimer.grant();
        while let Some(column) = self.columns.get_mut(index) {
            match column.write_from(&mut position, grant)? {
                Written::All => break,
                Written::Short { next_bytes } => {
                    reclaimer.make_room(&mut self.columns, next_bytes)?;
                    grant = reclaimer.grant_again();
                }
            }
        }
        Ok(())
    }

    /// The columns, and their number of rows: the row group takes no more.
    pub(super) fn into_columns(self) -> (Vec<ArrowColumnWriter>, usize) {
        (self.columns, self.rows)
    }

    /// Bytes that the columns keep in memory.
    pub(super) fn memory_size(&self) -> usize {
        self.places_size()
            + self
                .columns
                .iter()
                .map(ArrowColumnWriter::memory_size)
                .sum::<usize>()
    }

    /// Bytes of them that the next row group takes at once: it begins with as many columns.
    pub(super) fn places_size(&self) -> usize {
        self.columns.capacity() * size_of::<ArrowColumnWriter>()
    }

    /// Estimated bytes of the row group if it ended now.
    pub(super) fn estimated_bytes(&self) -> usize {
        self.columns
            .iter()
            .map(ArrowColumnWriter::get_estimated_total_bytes)
            .sum()
    }
}
