//! What a file writer is made with beside its properties: where pages wait, and how much memory it may take.

use std::sync::Arc;

use super::resources::FileResources;
use crate::budget::MemoryBudget;
use crate::column::chunk::WhenFull;
use crate::column::page_store::{InMemoryPageStoreFactory, PageStoreFactory, spilling};
use crate::column::writer::{ColumnPlan, OnMemoryLimit, OnSpillLimit};

/// Options of a [`SerializedFileWriter`](super::SerializedFileWriter).
///
/// By default pages wait on the heap, without a memory limit.
#[derive(Debug, Clone, Default)]
pub struct SerializedFileWriterOptions {
    page_stores: Option<Arc<dyn PageStoreFactory>>,
    budget: Option<MemoryBudget>,
    pub(crate) on_memory_limit: OnMemoryLimit,
    on_spill_limit: OnSpillLimit,
}

impl SerializedFileWriterOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets where finished pages wait: those that need the dictionary page, which comes first, until it is written,
    /// and in an `ArrowWriter` all until their row group ends. The default is the heap; under a memory limit it is
    /// the heap as far as the limit allows, then a temporary file. Stores that have nothing but the heap keep there
    /// what the footer needs, too, and a file of many row groups then passes the limit in the end, by about 150 bytes a
    /// column chunk and 40 a page.
    pub fn with_page_store_factory(self, page_store_factory: Arc<dyn PageStoreFactory>) -> Self {
        Self {
            page_stores: Some(page_store_factory),
            ..self
        }
    }

    /// Limits what the writer keeps in memory to `bytes`, as [`MemoryBudget`] says. Values and levels that the caller
    /// holds do not count. What then comes back from [`close`](super::SerializedFileWriter::close) is told at
    /// [`finish`](super::SerializedFileWriter::finish).
    pub fn with_memory_limit(self, bytes: usize) -> Self {
        self.with_memory_budget(MemoryBudget::new(bytes))
    }

    /// As [`with_memory_limit`](Self::with_memory_limit), with a budget that any number of writers may share.
    pub fn with_memory_budget(self, budget: MemoryBudget) -> Self {
        Self {
            budget: Some(budget),
            ..self
        }
    }

    /// Sets what happens when nothing but ending the row group early can keep the memory limit.
    pub fn with_on_memory_limit(self, on_memory_limit: OnMemoryLimit) -> Self {
        Self {
            on_memory_limit,
            ..self
        }
    }

    /// Sets what happens when the page store has no room. The default is to fail.
    pub fn with_on_spill_limit(self, on_spill_limit: OnSpillLimit) -> Self {
        Self {
            on_spill_limit,
            ..self
        }
    }

    /// Whether there is a memory limit, or a budget that may have one.
    pub(crate) fn is_limited(&self) -> bool {
        self.budget.is_some()
    }

    /// What a file with columns of these `plans` draws on.
    pub(crate) fn resources(self, plans: Arc<[Arc<ColumnPlan>]>) -> FileResources {
        let is_limited = self.is_limited();
        let budget = self.budget.unwrap_or_else(MemoryBudget::unlimited);
        let member = Arc::new(budget.register());
        let stores = match self.page_stores {
            Some(stores) if is_limited => stores.for_budget(&budget).unwrap_or(stores),
            Some(stores) => stores,
            None if is_limited => spilling(&member),
            None => Arc::new(InMemoryPageStoreFactory),
        };
        let when_full = match self.on_spill_limit {
            OnSpillLimit::Fail => WhenFull::Fail,
            OnSpillLimit::FlushRowGroup => WhenFull::Hold,
        };
        FileResources::new(plans, stores, member, when_full)
    }
}
