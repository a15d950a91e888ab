//! A chunk whose pages wait in their store when it has ended.

use std::sync::Arc;

use super::ChunkWriter;
use crate::budget::{MemoryBudget, Reservation};
use crate::column::chunk::{ChunkBuffer, ColumnCloseResult};
use crate::column::writer::ScratchPool;
use crate::column::writer::late_pages::LatePages;
use crate::column::writer::unsealed::PageHelp;
use crate::errors::{ParquetError, Result};

/// A chunk that has ended and waits.
#[derive(Debug)]
pub(crate) struct StoredChunk {
    pub(crate) close: ColumnCloseResult,
    pub(crate) pages: ChunkBuffer,
    pub(crate) scratch: ScratchPool,
    pub(crate) reservation: Reservation,
}

impl ChunkWriter<'_> {
    /// Ends the chunk, whose pages wait for the end of the row group.
    ///
    /// # Errors
    /// If a page's way fails, or an earlier call failed.
    pub(crate) fn close_stored(mut self) -> Result<StoredChunk> {
        self.end_pages()?;
        self.complete_filter()?;
        let (placement, pages) = self.pages.finish()?;
        let close = self.encoder.into_close_result(&placement)?;
        let Some(pages) = pages else {
            return Err(ParquetError::Internal(
                "the pages of a column did not wait in its store".to_owned(),
            ));
        };
        self.reservation
            .resize(pages.usage().unreserved() + close.memory_size() + close.index_writing_bytes());
        Ok(StoredChunk {
            close,
            pages,
            scratch: self.scratch,
            reservation: self.reservation,
        })
    }

    /// Tells what the owner holds beside this; it is paid for with the rest.
    pub(crate) fn set_beside(&mut self, bytes: usize) {
        if bytes != self.beside_bytes {
            self.beside_bytes = bytes;
            self.pay();
        }
    }

    /// Lets `help` seal pages, as far as there is room for that.
    pub(crate) fn set_help(&mut self, help: Arc<dyn PageHelp>) {
        let late = LatePages::new(help, self.scratch.clone());
        self.encoder.set_help(late);
    }

    /// What pays for the column.
    pub(crate) fn budget(&self) -> &MemoryBudget {
        self.reservation.budget()
    }
}
