//! The open row group of an [`ArrowWriter`](super::ArrowWriter).

use std::sync::Arc;
use std::time::Instant;

use super::column::{ArrowColumnWriter, LeafPlace};
use super::factory::ArrowRowGroupWriterFactory;
use super::parallel::Team;
use super::small_batches::{Joining, SmallBatches};
use super::together::{self, Column, LeftLeaf};
use crate::arrow::leaves::{BatchPlan, CheckedLeaf};
use crate::column::writer::{
    LargestPages, MemoryReclaimer, OpenColumn, PageMemoryCap, Reclaimed, Written, is_store_full,
};
use crate::errors::Result;

/// What a column takes beside what it holds.
pub(super) const COLUMN_BYTES: usize = size_of::<Column>() + size_of::<ArrowColumnWriter>();

/// Columns that are being encoded, and the rows they have.
#[derive(Debug)]
pub(super) struct OpenRowGroup {
    columns: Vec<Column>,
    rows: usize,
    team: Option<Arc<Team>>,
    largest_pages: LargestPages,
    /// What the columns were told that pages may hold; it follows the number of writers that share the limit.
    cap: Option<PageMemoryCap>,
    joining: Joining,
    plan: Arc<BatchPlan>,
    /// There from the second small batch in a row on: a single one is encoded at once.
    small: Option<SmallBatches>,
    was_small: bool,
}

/// A row group that takes no more.
pub(super) struct EndedRowGroup {
    pub(super) columns: Vec<Column>,
    pub(super) rows: usize,
    /// Those who may end the columns' pages.
    pub(super) team: Option<Arc<Team>>,
    pub(super) largest_pages: LargestPages,
    /// What the columns do not have yet.
    pub(super) small: Option<SmallBatches>,
}

impl OpenRowGroup {
    pub(super) fn try_new(factory: &ArrowRowGroupWriterFactory, joining: Joining) -> Result<Self> {
        let mut columns: Vec<Column> = factory.create_columns(Box::new)?;
        if let Some(help) = factory.page_help() {
            let columns = columns.iter_mut();
            columns.for_each(|column| column.chunk_mut().set_help(help.clone()));
        }
        Ok(Self {
            columns,
            rows: 0,
            team: factory.team().cloned(),
            largest_pages: factory.largest_pages(),
            cap: None,
            joining,
            plan: factory.plan()?.clone(),
            small: None,
            was_small: false,
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
        if self.joins(rows, reclaimer) {
            self.join(leaves, rows, reclaimer)?;
            self.rows += rows;
            return Ok(Reclaimed::Enough);
        }
        self.encode_small()?;
        let outcome = if reclaimer.is_never_short() {
            self.write_all(leaves, rows)?
        } else {
            self.write_within_limit(leaves, rows, reclaimer)?
        };
        self.rows += rows;
        if is_store_full(&self.columns) {
            return Ok(Reclaimed::StoreIsFull);
        }
        Ok(outcome)
    }

    /// Whether a batch of so many rows waits for others.
    fn joins(&mut self, rows: usize, reclaimer: &MemoryReclaimer) -> bool {
        let is_small = SmallBatches::takes(rows);
        let was_small = std::mem::replace(&mut self.was_small, is_small);
        let is_allowed = self.joining == Joining::Allowed && reclaimer.has_no_limit();
        is_allowed && is_small && was_small
    }

    /// Lets the rows of a small batch wait, up to where there are enough.
    fn join(
        &mut self,
        leaves: &mut Vec<CheckedLeaf>,
        rows: usize,
        reclaimer: &MemoryReclaimer,
    ) -> Result<()> {
        let small = self
            .small
            .get_or_insert_with(|| SmallBatches::new(&self.plan, reclaimer.reserve()));
        small.push(leaves, rows, &mut self.columns)?;
        if small.are_enough() {
            self.encode_small()?;
        }
        Ok(())
    }

    fn encode_small(&mut self) -> Result<()> {
        match &mut self.small {
            Some(small) => small.encode(&mut self.columns, self.team.as_ref()),
            None => Ok(()),
        }
    }

    /// Without a budget there is nothing to ask between two columns: small batches are written in less time, and
    /// large ones by several threads.
    fn write_all(&mut self, leaves: &mut Vec<CheckedLeaf>, rows: usize) -> Result<Reclaimed> {
        if let Some(team) = &self.team {
            together::write_all(team, &mut self.columns, leaves, rows)?;
        } else {
            together::write_in_turn(&mut self.columns, leaves)?;
            leaves.clear();
        }
        Ok(Reclaimed::Enough)
    }

    /// Pays for the leaves until each is encoded, and lets all columns make room between two of them. As long as there
    /// is room several threads encode them; once memory is short it is one, since all columns have to be at hand.
    fn write_within_limit(
        &mut self,
        leaves: &mut Vec<CheckedLeaf>,
        rows: usize,
        reclaimer: &mut MemoryReclaimer,
    ) -> Result<Reclaimed> {
        let threads = self.threads_within(reclaimer, rows);
        let others = reclaimer.at_work_together(threads - 1);
        reclaimer.make_room_for_codecs(&mut self.columns, threads)?;
        let mut outcome = Reclaimed::Enough;
        self.follow(reclaimer.page_cap());
        let sizes: Vec<usize> = leaves.iter().map(|leaf| leaf.memory_size()).collect();
        let mut in_flight = reclaimer.reserve();
        in_flight.resize(
            leaves.capacity() * size_of::<CheckedLeaf>()
                + sizes.capacity() * size_of::<usize>()
                + sizes.iter().sum::<usize>(),
        );
        let Some(team) = self.team.as_ref().filter(|_| threads > 1) else {
            let start = Instant::now();
            for (index, (leaf, size)) in leaves.drain(..).zip(sizes).enumerate() {
                self.write_leaf(index, &leaf, LeafPlace::default(), reclaimer)?;
                drop(leaf);
                in_flight.shrink(size);
                outcome = reclaimer.run(&mut self.columns)?;
            }
            if let Some(team) = &self.team {
                team.measured_alone(start.elapsed(), rows);
            }
            return Ok(outcome);
        };
        in_flight.grow(together::list_bytes(leaves.len()));
        let (share, asks) = ((rows, threads), reclaimer.asks());
        let left = together::write_until_short(team, &mut self.columns, leaves, share, asks)?;
        drop(others);
        for (index, (left, size)) in left.into_iter().zip(sizes).enumerate() {
            if let LeftLeaf(Some((leaf, place))) = left {
                self.write_leaf(index, &leaf, place, reclaimer)?;
                drop(leaf);
                reclaimer.run(&mut self.columns)?;
            }
            in_flight.shrink(size);
        }
        reclaimer.run(&mut self.columns)
    }

    /// Threads that encode a batch of so many rows within the limit.
    fn threads_within(&self, reclaimer: &MemoryReclaimer, rows: usize) -> usize {
        self.team.as_ref().map_or(1, |team| {
            let most = reclaimer.threads(team.threads(), self.largest_pages);
            team.allow(most);
            team.threads_for(self.columns.len(), rows, most)
        })
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

    /// Encodes one leaf from `place` on. Where memory runs short in the middle, all columns make room before it goes
    /// on.
    fn write_leaf(
        &mut self,
        index: usize,
        leaf: &CheckedLeaf,
        place: LeafPlace,
        reclaimer: &mut MemoryReclaimer,
    ) -> Result<()> {
        let Some(column) = self.columns.get_mut(index) else {
            return Ok(());
        };
        if place == LeafPlace::default() && column.write_at_once(leaf)? {
            return Ok(());
        }
        let mut position = column.start_at(leaf, place)?;
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

    /// What is left of the row group, which takes no more.
    pub(super) fn into_parts(self) -> EndedRowGroup {
        EndedRowGroup {
            columns: self.columns,
            rows: self.rows,
            team: self.team,
            largest_pages: self.largest_pages,
            small: self.small,
        }
    }

    /// Bytes that the columns keep in memory.
    pub(super) fn memory_size(&self) -> usize {
        self.places_size()
            + self
                .columns
                .iter()
                .map(|column| column.memory_size())
                .sum::<usize>()
            + self.small.as_ref().map_or(0, SmallBatches::memory_size)
    }

    /// Bytes of them that the next row group takes at once: it begins with as many columns.
    pub(super) fn places_size(&self) -> usize {
        self.columns.capacity() * COLUMN_BYTES
    }

    /// As [`estimated_bytes`](Self::estimated_bytes), waiting for no thread: a few more.
    pub(super) fn most_estimated_bytes(&self) -> usize {
        let columns = self.columns.iter();
        let encoded = columns.map(|column| column.chunk().encoder().most_estimated_bytes());
        encoded.sum::<usize>() + self.small.as_ref().map_or(0, SmallBatches::bytes)
    }

    /// Estimated bytes of the row group if it ended now.
    pub(super) fn estimated_bytes(&self) -> usize {
        let columns = self.columns.iter();
        let encoded = columns.map(|column| column.get_estimated_total_bytes());
        encoded.sum::<usize>() + self.small.as_ref().map_or(0, SmallBatches::bytes)
    }
}
