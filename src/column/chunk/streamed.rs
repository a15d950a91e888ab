//! The way of pages into the file while their chunk is still written: they go as soon as the dictionary page, which
//! comes first, has gone.

use std::io::Write;

use super::buffer::ChunkBuffer;
use super::sink::{PageSink, SealedPage};
use crate::errors::Result;
use crate::wire::page::PageHeaderKind;

/// Writes pages to the file. Those that are in the dictionary wait in a store until the dictionary page is there.
pub(crate) struct StreamedPages<'a> {
    out: &'a mut (dyn Write + Send),
    /// `None` where no page waits any more, or where there is no dictionary to wait for.
    waiting: Option<ChunkBuffer>,
    written: u64,
    /// Of those that waited, bytes that were not in memory.
    moved: u64,
}

impl<'a> StreamedPages<'a> {
    /// Writes to `out`, which stands where the chunk begins. Pages wait in `waiting` if the chunk begins with a
    /// dictionary.
    pub(crate) fn new(out: &'a mut (dyn Write + Send), waiting: Option<ChunkBuffer>) -> Self {
        Self {
            out,
            waiting,
            written: 0,
            moved: 0,
        }
    }

    /// What waits.
    pub(super) fn waiting(&self) -> Option<&ChunkBuffer> {
        self.waiting.as_ref()
    }

    pub(super) fn waiting_mut(&mut self) -> Option<&mut ChunkBuffer> {
        self.waiting.as_mut()
    }

    /// Bytes that went into the file.
    pub(super) fn bytes_written(&self) -> u64 {
        self.written
    }

    /// Bytes of pages that wait, or waited, outside memory.
    pub(super) fn moved_bytes(&self) -> u64 {
        match &self.waiting {
            Some(waiting) => waiting.moved_bytes(),
            None => self.moved,
        }
    }

    /// Hands all pages over to the sink behind the file.
    pub(super) fn finish(self) -> Result<()> {
        Ok(self.out.flush()?)
    }
}

impl PageSink for StreamedPages<'_> {
    fn put(&mut self, page: SealedPage<'_>) -> Result<()> {
        if let Some(waiting) = &mut self.waiting
            && page.is_in_dictionary()
        {
            return waiting.put(page);
        }
        let blob = page.blob();
        self.out.write_all(blob)?;
        self.written += blob.len() as u64;
        // The buffer of the dictionary page serves for those that waited for it.
        if let PageHeaderKind::Dictionary(_) = page.kind
            && let Some(waiting) = self.waiting.take()
        {
            self.moved = waiting.moved_bytes();
            self.written += waiting.splice(page.buffer, self.out)?;
        }
        Ok(())
    }
}
