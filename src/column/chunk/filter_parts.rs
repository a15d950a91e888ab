//! Parts of a chunk's Bloom filter that have left memory, in a store of their own.

use std::sync::Arc;

use super::shelf::{Shelf, Shelved, WhenFull, store_error};
use crate::column::page_store::{PageStoreArgs, PageStoreFactory};
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
    shelf: Option<Shelf>,
    parts: Vec<(FilterPart, Shelved)>,
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
            shelf: None,
            parts: Vec::new(),
        }
    }

    /// Puts a part into the store.
    ///
    /// # Errors
    /// If the store cannot be made, or fails.
    pub(crate) fn put(&mut self, part: FilterPart, bytes: &[u8]) -> Result<()> {
        let shelf = match self.shelf.take() {
            Some(shelf) => shelf,
            None => {
                let args = PageStoreArgs::new(self.column_index, &self.descr);
                let store = self.stores.create(&args);
                let store =
                    store.map_err(|source| store_error("create", &self.descr, 0, source))?;
                Shelf::new(store, self.when_full)
            }
        };
        let blob = self
            .shelf
            .insert(shelf)
            .put(bytes)
            .map_err(|source| store_error("put", &self.descr, self.parts.len(), source))?;
        self.parts.push((part, blob));
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
        let Some(mut shelf) = self.shelf.take() else {
            return Ok(());
        };
        for (ordinal, (part, blob)) in std::mem::take(&mut self.parts).into_iter().enumerate() {
            shelf
                .take_into(blob, buffer)
                .map_err(|source| store_error("take", &self.descr, ordinal, source))?;
            take(part, buffer);
        }
        Ok(())
    }

    /// Whether the store has had no room for a part; never if that is an error.
    pub(crate) fn is_full(&self) -> bool {
        self.shelf.as_ref().is_some_and(Shelf::is_full)
    }

    /// Bytes of the table, and of parts that the store had no room for.
    pub(crate) fn own_bytes(&self) -> usize {
        self.parts.capacity() * size_of::<(FilterPart, Shelved)>()
            + self.shelf.as_ref().map_or(0, Shelf::own_bytes)
    }

    /// Bytes of parts that the store says it holds in memory.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.shelf.as_ref().map_or(0, Shelf::resident_bytes)
    }

    /// Bytes of memory that the store has not reserved itself.
    pub(crate) fn unreserved_bytes(&self) -> usize {
        self.shelf.as_ref().map_or(0, Shelf::unreserved_bytes)
    }
}
