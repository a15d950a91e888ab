//! Parts of a chunk's Bloom filter that have left memory, in a store of their own.

use std::sync::Arc;

use super::overflow_store::{OverflowStore, WhenFull, store_error};
use crate::budget::Usage;
use crate::column::page_store::{PageKey, PageStoreArgs, PageStoreFactory};
use crate::errors::Result;
use crate::schema::types::ColumnDescPtr;

/// What a part of a filter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilterPart {
    /// Hashes of values, in the byte order of this machine.
    Hashes,
    /// Bits, from those of block `first` on.
    Bits {
        /// The first block.
        first: usize,
    },
}

/// Parts that wait until the chunk ends. The store is made for the first of them.
pub(crate) struct FilterParts {
    stores: Arc<dyn PageStoreFactory>,
    column_index: usize,
    descr: ColumnDescPtr,
    when_full: WhenFull,
    store: Option<OverflowStore>,
    /// In the order of the puts.
    parts: Vec<FilterPart>,
}

impl FilterParts {
    /// No part yet. Asks `stores` for a store of leaf `column_index` when there is one.
    pub(crate) fn new(
        stores: Arc<dyn PageStoreFactory>,
        column_index: usize,
        descr: ColumnDescPtr,
        when_full: WhenFull,
    ) -> Self {
        Self {
            stores,
            column_index,
            descr,
            when_full,
            store: None,
            parts: Vec::new(),
        }
    }

    /// Puts a part into the store.
    ///
    /// # Errors
    /// If the store cannot be made, or fails.
    pub(crate) fn put(&mut self, part: FilterPart, bytes: &[u8]) -> Result<()> {
        let store = match self.store.take() {
            Some(store) => store,
            None => {
                let args = PageStoreArgs::new(self.column_index, &self.descr);
                let store = self.stores.create(&args);
                let store =
                    store.map_err(|source| store_error("create", &self.descr, 0, source))?;
                OverflowStore::new(store, self.when_full)
            }
        };
        self.store
            .insert(store)
            .put(bytes)
            .map_err(|source| store_error("put", &self.descr, self.parts.len(), source))?;
        self.parts.push(part);
        Ok(())
    }

    /// Takes all parts in the order of their puts, each into `buffer`, and hands them to `take`; then drops the store.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn take_all(
        &mut self,
        buffer: &mut Vec<u8>,
        mut take: impl FnMut(FilterPart, &[u8]),
    ) -> Result<()> {
        let Some(mut store) = self.store.take() else {
            return Ok(());
        };
        for (ordinal, part) in std::mem::take(&mut self.parts).into_iter().enumerate() {
            store
                .take_into(PageKey::new(ordinal as u64), buffer)
                .map_err(|source| store_error("take", &self.descr, ordinal, source))?;
            take(part, buffer);
        }
        Ok(())
    }

    /// Whether the store has had no room for a part; never if that is an error.
    pub(crate) fn is_full(&self) -> bool {
        self.store.as_ref().is_some_and(OverflowStore::is_full)
    }

    /// What the table and the parts take in memory.
    pub(crate) fn usage(&self) -> Usage {
        let table = self.parts.capacity() * size_of::<FilterPart>();
        let store = self.store.as_ref().map(OverflowStore::usage);
        Usage::of_heap(size_of::<Self>() + table) + store.unwrap_or_default()
    }
}
