//! The three ways that the pages of a chunk can go.

use super::buffer::ChunkBuffer;
use super::handed::HandedPages;
use super::layout::Placement;
use super::sink::{PageSink, SealedPage};
use super::streamed::StreamedPages;
use crate::errors::Result;

/// Where the finished pages of a chunk go.
pub(crate) enum ChunkPages<'a> {
    /// Into a store, until the row group ends.
    #[cfg_attr(
        not(feature = "arrow"),
        expect(dead_code, reason = "the way of columns that are written together")
    )]
    Stored(ChunkBuffer),
    /// Into the file.
    Streamed(StreamedPages<'a>),
    /// To a page writer of the caller's own.
    Handed(HandedPages<'a>),
}

impl ChunkPages<'_> {
    /// Bytes to be reserved for pages and what they wait in, beside those that stores reserve themselves. What a
    /// caller's page writer holds is its own affair.
    pub(crate) fn unpaid_bytes(&self) -> usize {
        self.buffer()
            .map_or(0, |buffer| buffer.usage().unreserved())
    }

    /// Bytes of pages in memory, and of what they wait in.
    pub(crate) fn memory_size(&self) -> usize {
        match self {
            ChunkPages::Handed(pages) => pages.memory_size(),
            ChunkPages::Stored(_) | ChunkPages::Streamed(_) => {
                self.buffer().map_or(0, |buffer| buffer.usage().heap)
            }
        }
    }

    /// Bytes of pages that can be moved out of memory.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.buffer().map_or(0, |buffer| buffer.store_usage().heap)
    }

    /// Bytes of pages that are not in memory, or were not while they waited for the dictionary.
    pub(crate) fn moved_bytes(&self) -> u64 {
        match self {
            ChunkPages::Stored(buffer) => buffer.moved_bytes(),
            ChunkPages::Streamed(pages) => pages.moved_bytes(),
            ChunkPages::Handed(_) => 0,
        }
    }

    /// Whether a store has had no room for a page; never if that is an error.
    pub(crate) fn is_full(&self) -> bool {
        self.buffer().is_some_and(ChunkBuffer::is_full)
    }

    /// Whether pages have no room to wait in, and need not wait once the dictionary has ended.
    pub(crate) fn should_go_on(&self) -> bool {
        matches!(self, ChunkPages::Streamed(_)) && self.is_full()
    }

    /// Moves pages out of memory.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn spill(&mut self) -> Result<()> {
        let buffer = match self {
            ChunkPages::Stored(buffer) => Some(buffer),
            ChunkPages::Streamed(pages) => pages.waiting_mut(),
            ChunkPages::Handed(_) => None,
        };
        match buffer {
            Some(buffer) => buffer.spill().map(drop),
            None => Ok(()),
        }
    }

    /// Bytes that have reached the file, or the caller's page writer.
    pub(crate) fn bytes_written(&self) -> u64 {
        match self {
            ChunkPages::Stored(_) => 0,
            ChunkPages::Streamed(pages) => pages.bytes_written(),
            ChunkPages::Handed(pages) => pages.bytes_written(),
        }
    }

    /// Ends the chunk, all of whose pages have been put: says where they lie, and gives the store back that they
    /// still wait in.
    ///
    /// # Errors
    /// If the file or the page writer fails.
    pub(crate) fn finish(self) -> Result<(Placement, Option<ChunkBuffer>)> {
        match self {
            ChunkPages::Stored(buffer) => Ok((Placement::DictionaryFirst, Some(buffer))),
            ChunkPages::Streamed(pages) => {
                pages.finish()?;
                Ok((Placement::DictionaryFirst, None))
            }
            ChunkPages::Handed(pages) => Ok((pages.finish()?, None)),
        }
    }

    fn buffer(&self) -> Option<&ChunkBuffer> {
        match self {
            ChunkPages::Stored(buffer) => Some(buffer),
            ChunkPages::Streamed(pages) => pages.waiting(),
            ChunkPages::Handed(_) => None,
        }
    }
}

impl PageSink for ChunkPages<'_> {
    fn put(&mut self, page: SealedPage<'_>) -> Result<()> {
        match self {
            ChunkPages::Stored(buffer) => buffer.put(page),
            ChunkPages::Streamed(pages) => pages.put(page),
            ChunkPages::Handed(pages) => pages.put(page),
        }
    }
}

impl std::fmt::Debug for ChunkPages<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.buffer() {
            Some(buffer) => buffer.fmt(f),
            None => f.debug_struct("ChunkPages").finish_non_exhaustive(),
        }
    }
}
