//! Page stores to write through: those of the crate, and one that is as odd as the contract allows.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    BackgroundPageStoreFactory, GuardedPageStoreFactory, PageKey, PageStore, PageStoreArgs,
    PageStoreFactory, TempFilePageStoreFactory, TieredPageStoreFactory,
};
use herringbone::errors::{ParquetError, Result};

/// Where finished pages wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Memory,
    TempFile,
    /// A little heap, then a file.
    Tiered,
    /// Checked on the way in and out.
    Guarded,
    /// Keys in no order, gaps between them.
    Sparse,
    /// A file that a thread writes and reads.
    Background,
    /// A memory limit that is soon reached.
    Limited,
}

impl Store {
    pub const ALL: [Store; 7] = [
        Store::Memory,
        Store::TempFile,
        Store::Tiered,
        Store::Guarded,
        Store::Sparse,
        Store::Background,
        Store::Limited,
    ];

    /// Adds this store to `options`.
    pub fn add_to(self, options: ArrowWriterOptions) -> ArrowWriterOptions {
        let factory: Arc<dyn PageStoreFactory> = match self {
            Store::Memory => return options,
            Store::Limited => return options.with_memory_limit(600_000),
            Store::TempFile => Arc::new(TempFilePageStoreFactory::new()),
            Store::Tiered => Arc::new(TieredPageStoreFactory::new(
                MemoryBudget::new(10_000),
                Arc::new(TempFilePageStoreFactory::new()),
            )),
            Store::Guarded => Arc::new(GuardedPageStoreFactory::new(Arc::new(SparseStores))),
            Store::Sparse => Arc::new(SparseStores),
            Store::Background => {
                let files = Arc::new(TempFilePageStoreFactory::new());
                // So small that the pages of a test are worth the thread's while.
                Arc::new(BackgroundPageStoreFactory::new(files).with_buffer_bytes(20_000))
            }
        };
        options.with_page_store_factory(factory)
    }

    /// Whether pages are laid out as without a store: a memory limit may cut them earlier.
    pub fn keeps_layout(self) -> bool {
        self != Store::Limited
    }
}

/// Makes [`SparseStore`]s.
#[derive(Debug)]
pub struct SparseStores;

impl PageStoreFactory for SparseStores {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        assert!(!args.column_descriptor().path().parts().is_empty());
        Ok(Box::new(SparseStore {
            blobs: HashMap::new(),
            state: args.column_index() as u64,
        }))
    }
}

/// A map whose keys jump about. Only what the trait demands.
struct SparseStore {
    blobs: HashMap<u64, Bytes>,
    state: u64,
}

impl PageStore for SparseStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let taken = self.blobs.insert(self.state, value);
        assert!(taken.is_none(), "a key came twice");
        Ok(PageKey::new(self.state))
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let blob = self.blobs.remove(&key.get());
        blob.ok_or_else(|| ParquetError::General(format!("no blob under {key:?}")))
    }
}
