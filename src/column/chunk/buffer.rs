//! The pages of one chunk in a [`PageStore`], and the streaming way out of it: dictionary first,
//! one page resident at most.

use std::io::Write;

use super::shelf::{Shelf, Shelved, WhenFull, store_error};
use super::sink::{PageSink, SealedPage};
use crate::budget::push_tight;
use crate::column::page_store::{PageStoreArgs, PageStoreFactory};
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescPtr;
use crate::wire::page::PageHeaderKind;

/// Pages of one chunk, waiting in their store.
pub(crate) struct ChunkBuffer {
    descr: ColumnDescPtr,
    shelf: Shelf,
    dictionary: Option<Shelved>,
    data: Vec<Shelved>,
    bytes: u64,
}

impl ChunkBuffer {
    /// Asks `factory` for the store of leaf `column_index`.
    pub(crate) fn try_new(
        factory: &dyn PageStoreFactory,
        column_index: usize,
        descr: ColumnDescPtr,
        when_full: WhenFull,
    ) -> Result<Self> {
        let store = factory
            .create(&PageStoreArgs::new(column_index, &descr))
            .map_err(|source| store_error("create", &descr, 0, source))?;
        Ok(Self {
            descr,
            shelf: Shelf::new(store, when_full),
            dictionary: None,
            data: Vec::new(),
            bytes: 0,
        })
    }

    /// Bytes of the keys, of the store's object, and of pages that the store had no room for.
    pub(crate) fn own_bytes(&self) -> usize {
        self.data.capacity() * size_of::<Shelved>() + self.shelf.own_bytes()
    }

    /// Bytes of pages that the store says it holds in memory.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.shelf.resident_bytes()
    }

    /// Bytes of pages that are neither held here nor, by its own word, in the store's memory. Its tables pass for pages.
    pub(crate) fn moved_bytes(&self) -> u64 {
        let in_memory = self.shelf.resident_bytes() + self.shelf.held_bytes();
        self.bytes.saturating_sub(in_memory as u64)
    }

    /// Bytes of memory that the store has not reserved itself.
    pub(crate) fn unreserved_bytes(&self) -> usize {
        self.shelf.unreserved_bytes()
    }

    /// Whether the store has had no room for a page; never if that is an error.
    pub(crate) fn is_full(&self) -> bool {
        self.shelf.is_full()
    }

    /// Asks the store to move resident pages out; returns bytes freed.
    pub(crate) fn spill(&mut self) -> Result<usize> {
        let pages = self.pages();
        self.shelf
            .spill()
            .map_err(|source| store_error("spill", &self.descr, pages, source))
    }

    /// Streams all pages into `out`, dictionary first, through `buffer`; then drops the store. Returns their bytes.
    pub(crate) fn splice(mut self, buffer: &mut Vec<u8>, out: &mut dyn Write) -> Result<u64> {
        let mut written: u64 = 0;
        let pages = self.dictionary.into_iter().chain(self.data);
        for (ordinal, page) in pages.enumerate() {
            let from = self
                .shelf
                .take_behind(page, buffer)
                .map_err(|source| store_error("take", &self.descr, ordinal, source))?;
            let page = buffer.get(from..).unwrap_or_default();
            out.write_all(page)?;
            written += page.len() as u64;
        }
        if written != self.bytes {
            return Err(ParquetError::General(format!(
                "Failed to splice column data, expected {} got {written} (column {})",
                self.bytes,
                self.descr.path().string(),
            )));
        }
        Ok(written)
    }

    fn pages(&self) -> usize {
        self.data.len() + usize::from(self.dictionary.is_some())
    }
}

impl PageSink for ChunkBuffer {
    fn put(&mut self, page: SealedPage<'_>) -> Result<()> {
        let ordinal = self.pages();
        let blob_len = page.blob().len();
        let blob = self
            .shelf
            .put_from(page.buffer, page.from)
            .map_err(|source| store_error("put", &self.descr, ordinal, source))?;
        match page.kind {
            PageHeaderKind::Dictionary(_) => self.dictionary = Some(blob),
            PageHeaderKind::Data(_) | PageHeaderKind::DataV2(_) => push_tight(&mut self.data, blob),
        }
        self.bytes += blob_len as u64;
        Ok(())
    }
}

impl std::fmt::Debug for ChunkBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkBuffer")
            .field("column", &self.descr.path().string())
            .field("pages", &self.pages())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
