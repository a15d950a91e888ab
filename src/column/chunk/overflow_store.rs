//! A page store and what happens when it has no room: the blob it refused is held on the heap, or the
//! refusal is an error.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::budget::Usage;
use crate::column::page_store::{PageKey, PageKeys, PageStore, is_out_of_space};
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescriptor;

/// What becomes of a blob that a store has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum WhenFull {
    /// The refusal is an error.
    #[default]
    Fail,
    /// The blob stays on the heap, and so do those after it.
    Hold,
}

/// A store that says it holds more memory than this is wrong. Sums over the stores of a file stay clear
/// of overflow.
const MOST_BELIEVED_BYTES: usize = if usize::BITS > 32 { 1 << 44 } else { 1 << 30 };

/// A store, and on the heap the blobs that it had no room for. A blob's key is the ordinal of its put, whatever keys
/// the store gives out.
pub(crate) struct OverflowStore {
    store: Box<dyn PageStore>,
    when_full: WhenFull,
    is_full: bool,
    store_keys: PageKeys,
    held: BTreeMap<PageKey, Box<[u8]>>,
    held_bytes: usize,
}

impl OverflowStore {
    pub(crate) fn new(store: Box<dyn PageStore>, when_full: WhenFull) -> Self {
        Self {
            store,
            when_full,
            is_full: false,
            store_keys: PageKeys::default(),
            held: BTreeMap::new(),
            held_bytes: 0,
        }
    }

    /// The number of puts so far.
    pub(crate) fn len(&self) -> u64 {
        self.store_keys.len()
    }

    /// Puts a copy of a blob into the store, or holds it if the store has no room and may be full.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn put(&mut self, blob: &[u8]) -> Result<PageKey> {
        let stored = self.ask(|store| store.put(Bytes::copy_from_slice(blob)))?;
        Ok(stored.unwrap_or_else(|| self.hold(blob)))
    }

    /// As [`put`](Self::put) of `buffer[from..]`. The contents of the buffer mean nothing afterwards.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        let stored = self.ask(|store| store.put_from(buffer, from))?;
        Ok(stored.unwrap_or_else(|| self.hold(buffer.get(from..).unwrap_or_default())))
    }

    /// Takes a blob into `buffer`.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        match self.held.remove(&key) {
            Some(bytes) => {
                self.held_bytes -= bytes.len();
                *buffer = bytes.into_vec();
                Ok(())
            }
            None => self.store.take_into(self.store_keys.get(key)?, buffer),
        }
    }

    /// Takes a blob into `buffer`, and says where it begins there.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn take_behind(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<usize> {
        if self.held.contains_key(&key) {
            self.take_into(key, buffer).map(|()| 0)
        } else {
            self.store.take_behind(self.store_keys.get(key)?, buffer)
        }
    }

    /// Asks the store to move blobs out of memory; returns bytes freed.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn spill(&mut self) -> Result<usize> {
        match self.store.spill() {
            Ok(freed) => Ok(freed),
            Err(error) => self.excuse(error).map(|()| 0),
        }
    }

    /// Whether the store has had no room.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Asks the store again from now on.
    pub(crate) fn ask_again(&mut self) {
        self.is_full = false;
    }

    /// What this and the store hold.
    pub(crate) fn usage(&self) -> Usage {
        // Half of a tree's places may be empty.
        let places = 2 * self.held.len() * size_of::<(PageKey, Box<[u8]>)>();
        let tables = places + self.store_keys.memory_size();
        let object = size_of_val(self.store.as_ref());
        Usage::of_heap(self.held_bytes + tables + object) + self.store_usage()
    }

    /// What the store says that it holds.
    pub(crate) fn store_usage(&self) -> Usage {
        let heap = self.store.memory_size().min(MOST_BELIEVED_BYTES);
        Usage {
            heap,
            reserved: self.store.reserved_size().min(heap),
        }
    }

    /// The ordinal of a blob that the store has taken, or `None` if it has no room.
    fn ask(
        &mut self,
        put: impl FnOnce(&mut dyn PageStore) -> Result<PageKey>,
    ) -> Result<Option<PageKey>> {
        if self.is_full {
            return Ok(None);
        }
        match put(self.store.as_mut()) {
            Ok(key) => Ok(Some(self.store_keys.push(key))),
            Err(error) => self.excuse(error).map(|()| None),
        }
    }

    fn hold(&mut self, blob: &[u8]) -> PageKey {
        let key = self.store_keys.skip();
        self.held.insert(key, blob.into());
        self.held_bytes += blob.len();
        key
    }

    /// Notes a want of space that is none of the writer's failures; hands any other error back.
    fn excuse(&mut self, error: ParquetError) -> Result<()> {
        if self.when_full == WhenFull::Fail || !is_out_of_space(&error) {
            return Err(error);
        }
        self.is_full = true;
        Ok(())
    }
}

/// The error of a store, with the step, the column and the page it belongs to.
pub(crate) fn store_error(
    step: &'static str,
    column: &ColumnDescriptor,
    page: usize,
    source: ParquetError,
) -> ParquetError {
    ParquetError::PageStore {
        step,
        column: column.path().string(),
        page,
        source: Box::new(source),
    }
}
