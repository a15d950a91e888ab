//! The pages of one chunk in a [`PageStore`], and the streaming way out of it: dictionary first,
//! one page resident at most.

use std::io::Write;

use super::overflow_store::{OverflowStore, WhenFull, store_error};
use super::sink::{PageSink, SealedPage};
use crate::budget::Usage;
use crate::column::page_store::{PageKey, PageStoreArgs, PageStoreFactory};
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescPtr;
use crate::wire::page::PageHeaderKind;

/// Pages of one chunk, waiting in their store.
pub(crate) struct ChunkBuffer {
    descr: ColumnDescPtr,
    store: OverflowStore,
    dictionary: Option<PageKey>,
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
            store: OverflowStore::new(store, when_full),
            dictionary: None,
            bytes: 0,
        })
    }

    /// What the pages take in memory.
    pub(crate) fn usage(&self) -> Usage {
        self.store.usage()
    }

    /// What they take by the word of the store, which can move it out.
    pub(crate) fn store_usage(&self) -> Usage {
        self.store.store_usage()
    }

    /// Bytes of pages that are not in memory. The store's tables pass for pages.
    pub(crate) fn moved_bytes(&self) -> u64 {
        self.bytes.saturating_sub(self.usage().heap as u64)
    }

    /// Whether the store has had no room for a page; never if that is an error.
    pub(crate) fn is_full(&self) -> bool {
        self.store.is_full()
    }

    /// Asks the store to move resident pages out; returns bytes freed.
    pub(crate) fn spill(&mut self) -> Result<usize> {
        let pages = self.pages();
        self.store
            .spill()
            .map_err(|source| store_error("spill", &self.descr, pages, source))
    }

    /// Streams all pages into `out`, dictionary first, through `buffer`; then drops the store. Returns their bytes.
    pub(crate) fn splice(mut self, buffer: &mut Vec<u8>, out: &mut dyn Write) -> Result<u64> {
        let mut written: u64 = 0;
        let dictionary = self.dictionary.into_iter();
        let others = (0..self.store.len()).map(PageKey::new);
        let pages = dictionary.chain(others.filter(|page| Some(*page) != self.dictionary));
        for (ordinal, page) in pages.enumerate() {
            let from = self
                .store
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
        usize::try_from(self.store.len()).unwrap_or(usize::MAX)
    }
}

impl PageSink for ChunkBuffer {
    fn put(&mut self, page: SealedPage<'_>) -> Result<()> {
        let ordinal = self.pages();
        let blob_len = page.blob().len();
        let key = self
            .store
            .put_from(page.buffer, page.from)
            .map_err(|source| store_error("put", &self.descr, ordinal, source))?;
        if let PageHeaderKind::Dictionary(_) = page.kind {
            self.dictionary = Some(key);
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
