//! The end of a row group: its columns are closed and their chunks written out, one after the other.

use super::column::ArrowColumnWriter;
use super::row_group::OpenRowGroup;
use crate::budget::Reservation;
use crate::column::writer::OpenColumn;
use crate::errors::Result;
use crate::file::writer::{FileCore, FileOutput, RowGroupDrain};

/// A row group that takes no more rows, and is written out a page at a time.
#[derive(Debug)]
pub(super) struct RowGroupEnd {
    /// Those whose chunks are not being written yet.
    columns: std::vec::IntoIter<ArrowColumnWriter>,
    rows: usize,
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
        let (columns, rows) = open.into_columns();
        Self {
            columns: columns.into_iter(),
            rows,
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
        self.places.grow(size_of::<ArrowColumnWriter>());
        Ok(true)
    }

    /// Bytes that the columns keep in memory.
    pub(super) fn memory_size(&self) -> usize {
        let columns = self.columns.as_slice();
        self.places.size()
            + size_of_val(columns)
            + columns
                .iter()
                .map(ArrowColumnWriter::memory_size)
                .sum::<usize>()
    }
}
