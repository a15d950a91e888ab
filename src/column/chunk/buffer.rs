//! The pages of one chunk in a [`PageStore`], and the streaming way out of it: dictionary first,
//! one page resident at most.

use std::io::Write;

use super::sink::{PageContent, PageSink, SealedPage};
use crate::column::page_store::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescPtr;

/// Pages of one chunk, waiting in a store that is created at the first page.
pub(crate) struct ChunkBuffer {
    descr: ColumnDescPtr,
    store: Box<dyn PageStore>,
    dictionary: Option<PageKey>,
    data: Vec<PageKey>,
    bytes: u64,
}

/// How many pages a chunk gave back, and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SplicePages {
    /// Pages written.
    pub(crate) pages: usize,
    /// Bytes written.
    pub(crate) bytes: u64,
}

impl ChunkBuffer {
    /// Asks `factory` for the store of leaf `column_index`.
    pub(crate) fn try_new(
        factory: &dyn PageStoreFactory,
        column_index: usize,
        descr: ColumnDescPtr,
    ) -> Result<Self> {
        let store = factory
            .create(&PageStoreArgs::new(column_index, &descr))
            .map_err(|source| store_error("create", &descr, 0, source))?;
        Ok(Self {
            descr,
            store,
            dictionary: None,
            data: Vec::new(),
            bytes: 0,
        })
    }

    /// Bytes of the keys.
    pub(crate) fn key_bytes(&self) -> usize {
        self.data.capacity() * size_of::<PageKey>()
    }

    /// Bytes of pages that the store says it holds in memory.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.store.memory_size()
    }

    /// Bytes of memory that the store has not reserved itself.
    pub(crate) fn unreserved_bytes(&self) -> usize {
        let store = self.store.as_ref();
        store.memory_size().saturating_sub(store.reserved_size())
    }

    /// Asks the store to move resident pages out; returns bytes freed.
    pub(crate) fn spill(&mut self) -> Result<usize> {
        let pages = self.pages();
        self.store
            .spill()
            .map_err(|source| store_error("spill", &self.descr, pages, source))
    }

    /// Streams all pages into `out`, dictionary first, through `buffer`; then drops the store.
    pub(crate) fn splice(
        mut self,
        buffer: &mut Vec<u8>,
        out: &mut dyn Write,
    ) -> Result<SplicePages> {
        let mut written = SplicePages { pages: 0, bytes: 0 };
        for key in self
            .dictionary
            .into_iter()
            .chain(std::mem::take(&mut self.data))
        {
            self.store
                .take_into(key, buffer)
                .map_err(|source| store_error("take", &self.descr, written.pages, source))?;
            out.write_all(buffer)?;
            written.pages += 1;
            written.bytes += buffer.len() as u64;
        }
        if written.bytes != self.bytes {
            return Err(ParquetError::General(format!(
                "Failed to splice column data, expected {} got {} (column {})",
                self.bytes,
                written.bytes,
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
    fn put(&mut self, page: &SealedPage<'_>) -> Result<()> {
        let ordinal = self.pages();
        let key = self
            .store
            .put_slice(page.blob)
            .map_err(|source| store_error("put", &self.descr, ordinal, source))?;
        match page.content {
            PageContent::Dictionary { .. } => self.dictionary = Some(key),
            PageContent::DataV1 { .. } | PageContent::DataV2 { .. } => self.data.push(key),
        }
        self.bytes += page.blob.len() as u64;
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

fn store_error(
    step: &'static str,
    descr: &ColumnDescPtr,
    page: usize,
    source: ParquetError,
) -> ParquetError {
    ParquetError::PageStore {
        step,
        column: descr.path().string(),
        page,
        source: Box::new(source),
    }
}
