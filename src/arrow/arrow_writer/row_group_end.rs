//! The end of a row group: its columns are closed and their chunks written out, one after the other.

use std::sync::Arc;

use super::parallel::Team;
use super::row_group::{COLUMN_BYTES, EndedRowGroup, OpenRowGroup};
use super::small_batches::SmallBatches;
use super::together::{self, Column};
use crate::budget::Reservation;
use crate::column::writer::{LargestPages, OpenColumn};
use crate::errors::Result;
use crate::file::writer::{FileCore, FileOutput, RowGroupDrain};

/// A row group that takes no more rows, and is written out a page at a time.
#[derive(Debug)]
pub(super) struct RowGroupEnd {
    /// Those whose chunks are not being written yet.
    columns: std::vec::IntoIter<Column>,
    rows: usize,
    team: Option<Arc<Team>>,
    largest_pages: LargestPages,
    /// What the columns do not have yet.
    small: Option<SmallBatches>,
    /// Begun with the first page.
    drain: Option<RowGroupDrain>,
    last_pages: LastPages,
    /// The place of a column is freed with the last one.
    places: Reservation,
}

/// Whether the columns still have open pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastPages {
    /// Each column's last page ends when its turn has come: until then it takes less than finished.
    Open,
    /// They have ended, and everything waits in the stores.
    Ended,
}

impl RowGroupEnd {
    pub(super) fn new(open: OpenRowGroup, core: &mut FileCore) -> Self {
        let EndedRowGroup {
            columns,
            rows,
            team,
            largest_pages,
            small,
        } = open.into_parts();
        Self {
            columns: columns.into_iter(),
            rows,
            team,
            largest_pages,
            small,
            drain: None,
            last_pages: LastPages::Open,
            places: core.reclaimer().reserve(),
        }
    }

    /// Moves what can be moved out of memory, because the next row group is encoded before this one is written.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn park(&mut self, core: &mut FileCore) -> Result<()> {
        if self.last_pages == LastPages::Ended {
            return Ok(());
        }
        self.encode_small()?;
        self.end_pages_together(core)?;
        self.last_pages = LastPages::Ended;
        for column in self.columns.as_mut_slice() {
            column.chunk_mut().end_pages()?;
            core.reclaimer().note_pages(column.chunk());
            column.free_spare();
            column.chunk_mut().free_spare();
            column.chunk_mut().spill_filter()?;
            column.chunk_mut().spill()?;
        }
        Ok(())
    }

    /// Writes the next page, or closes the next column. False once the row group is in the file.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn step(&mut self, core: &mut FileCore, out: &mut dyn FileOutput) -> Result<bool> {
        let drain = match &mut self.drain {
            Some(drain) => drain,
            None => {
                self.encode_small()?;
                self.end_pages_together(core)?;
                let drain = RowGroupDrain::begin(core, self.rows as u64, out)?;
                self.drain.insert(drain)
            }
        };
        if drain.write_page(core, out)? {
            return Ok(true);
        }
        let Some(mut column) = self.columns.next() else {
            self.columns = Vec::new().into_iter();
            self.places.resize(0);
            return drain.write_end(core, out);
        };
        let reclaimer = core.reclaimer();
        let chunk = column.chunk_mut();
        reclaimer.make_room_for_filter(chunk, self.columns.as_mut_slice())?;
        if self.last_pages == LastPages::Open {
            chunk.end_pages()?;
            reclaimer.note_pages(chunk);
        }
        drain.add(core, column.close()?.into_stored(), out)?;
        self.places.grow(size_of::<Column>());
        Ok(true)
    }

    /// Encodes what waited for more rows.
    fn encode_small(&mut self) -> Result<()> {
        let Some(mut small) = self.small.take() else {
            return Ok(());
        };
        let mut columns: Vec<Column> = std::mem::take(&mut self.columns).collect();
        let encoded = small.encode(&mut columns, self.team.as_ref());
        self.columns = columns.into_iter();
        encoded
    }

    /// Ends the pages of all columns by several threads, as far as there is room for what each of them works with:
    /// finished pages take no more than open ones. What is ended before does not end again.
    fn end_pages_together(&mut self, core: &mut FileCore) -> Result<()> {
        let (Some(team), LastPages::Open) = (&self.team, self.last_pages) else {
            return Ok(());
        };
        let reclaimer = core.reclaimer();
        let threads = reclaimer.threads(team.threads(), self.largest_pages);
        team.allow(threads);
        if threads == 1 {
            return Ok(());
        }
        let _others = reclaimer.at_work_together(threads - 1);
        reclaimer.make_room_for_codecs(self.columns.as_mut_slice(), threads)?;
        let mut lists = reclaimer.reserve();
        lists.resize(together::list_bytes(self.columns.len()));
        let mut columns: Vec<Column> = std::mem::take(&mut self.columns).collect();
        let ended = together::end_pages(team, &mut columns, threads, reclaimer.asks());
        self.columns = columns.into_iter();
        ended
    }

    /// Bytes that the columns keep in memory.
    pub(super) fn memory_size(&self) -> usize {
        let columns = self.columns.as_slice();
        self.places.size()
            + columns.len() * COLUMN_BYTES
            + columns
                .iter()
                .map(|column| column.memory_size())
                .sum::<usize>()
            + self.small.as_ref().map_or(0, SmallBatches::memory_size)
    }
}
