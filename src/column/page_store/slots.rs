//! The table that most stores need: keys are the ordinals of the puts, and each is good for one take.

use super::PageKey;
use super::keys::invalid_key;
use crate::budget::push_tight;
use crate::errors::Result;

/// One entry for each put, empty once taken. Owns no memory before the first.
///
/// Entries should have a spare value, so that an empty one costs no extra byte.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    entries: Vec<Option<T>>,
}

impl<T> Slots<T> {
    /// Adds an entry and returns its key.
    pub(crate) fn push(&mut self, entry: T) -> PageKey {
        let key = PageKey::new(self.entries.len() as u64);
        push_tight(&mut self.entries, Some(entry));
        key
    }

    /// Removes an entry.
    pub(crate) fn take(&mut self, key: PageKey) -> Result<T> {
        self.entry(key)
            .and_then(Option::take)
            .ok_or_else(|| invalid_key(key))
    }

    /// The entry of a key.
    pub(crate) fn get(&self, key: PageKey) -> Result<&T> {
        usize::try_from(key.get())
            .ok()
            .and_then(|at| self.entries.get(at))
            .and_then(Option::as_ref)
            .ok_or_else(|| invalid_key(key))
    }

    /// The number of puts so far.
    #[cfg_attr(
        not(any(feature = "object_store_13", feature = "object_store_14")),
        expect(dead_code, reason = "other stores have no need of it")
    )]
    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        self.entries.capacity() * size_of::<Option<T>>()
    }

    fn entry(&mut self, key: PageKey) -> Option<&mut Option<T>> {
        let at = usize::try_from(key.get()).ok()?;
        self.entries.get_mut(at)
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}
