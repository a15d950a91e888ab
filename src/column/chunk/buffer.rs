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
    /// Pages that have been streamed out, and their bytes.
    streamed: u64,
    streamed_bytes: u64,
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
            streamed: 0,
            streamed_bytes: 0,
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
        let mut put = |page: &[u8]| Ok(out.write_all(page)?);
        while self.splice_page(buffer, &mut put)? {}
        Ok(self.streamed_bytes)
    }

    /// Takes the next page out of the store, the dictionary first, and hands it to `put` by way of `buffer`. False once
    /// all are out.
    ///
    /// # Errors
    /// If the store fails or returned other pages than it was given, or that of `put`.
    pub(crate) fn splice_page(
        &mut self,
        buffer: &mut Vec<u8>,
        put: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool> {
        if self.streamed == self.store.len() {
            return self.check_streamed().map(|()| false);
        }
        let ordinal = usize::try_from(self.streamed)?;
        let from = self
            .store
            .take_behind(self.next_page(), buffer)
            .map_err(|source| store_error("take", &self.descr, ordinal, source))?;
        let page = buffer.get(from..).unwrap_or_default();
        put(page)?;
        self.streamed += 1;
        self.streamed_bytes += page.len() as u64;
        Ok(true)
    }

    /// The page that is next in the file: pages keep the order of the puts, but for the dictionary, which comes first.
    fn next_page(&self) -> PageKey {
        match self.dictionary {
            Some(dictionary) if self.streamed == 0 => dictionary,
            Some(dictionary) if self.streamed <= dictionary.get() => {
                PageKey::new(self.streamed - 1)
            }
            _ => PageKey::new(self.streamed),
        }
    }

    fn check_streamed(&self) -> Result<()> {
        if self.streamed_bytes == self.bytes {
            return Ok(());
        }
        Err(ParquetError::General(format!(
            "Failed to splice column data, expected {} got {} (column {})",
            self.bytes,
            self.streamed_bytes,
            self.descr.path().string(),
        )))
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
