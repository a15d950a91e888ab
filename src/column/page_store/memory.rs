//! Pages kept on the heap.

use std::mem;

use bytes::Bytes;

use super::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
use crate::errors::{ParquetError, Result};

/// Keeps pages on the heap: the default, and the strictest store. A key that was not given out or
/// was taken before is an error.
///
/// Keys are the ordinals of the puts. An empty store owns no memory.
#[derive(Debug, Default)]
pub struct InMemoryPageStore {
    slots: Vec<Option<Bytes>>,
    resident_bytes: usize,
}

impl PageStore for InMemoryPageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        let key = PageKey::new(self.slots.len() as u64);
        self.resident_bytes += value.len();
        self.slots.push(Some(value));
        Ok(key)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let value = usize::try_from(key.get())
            .ok()
            .and_then(|slot| self.slots.get_mut(slot))
            .and_then(Option::take)
            .ok_or_else(|| invalid_key(key))?;
        self.resident_bytes -= value.len();
        Ok(value)
    }

    fn memory_size(&self) -> usize {
        self.resident_bytes + self.slots.capacity() * mem::size_of::<Option<Bytes>>()
    }
}

/// Makes [`InMemoryPageStore`]s.
#[derive(Debug, Default)]
pub struct InMemoryPageStoreFactory;

impl PageStoreFactory for InMemoryPageStoreFactory {
    fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(InMemoryPageStore::default()))
    }
}

/// The error of a key that no blob belongs to.
pub(super) fn invalid_key(key: PageKey) -> ParquetError {
    ParquetError::General(format!("invalid page key {}", key.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_can_be_taken_once() {
        let mut store = InMemoryPageStore::default();
        let key = store.put(Bytes::from_static(b"page")).unwrap();
        assert_eq!(store.take(key).unwrap(), "page");
        let error = store.take(key).unwrap_err();
        assert_eq!(error.to_string(), "Parquet error: invalid page key 0");
    }

    #[test]
    fn a_key_that_was_never_given_out_is_an_error() {
        let mut store = InMemoryPageStore::default();
        let error = store.take(PageKey::new(42)).unwrap_err();
        assert_eq!(error.to_string(), "Parquet error: invalid page key 42");
    }

    #[test]
    fn an_empty_store_owns_no_memory_and_a_drained_one_only_its_slots() {
        let mut store = InMemoryPageStore::default();
        assert_eq!(store.memory_size(), 0);
        let keys: Vec<_> = (0..4)
            .map(|_| store.put_slice(&[7; 1000]).unwrap())
            .collect();
        assert_eq!(store.memory_size(), 4000 + 4 * 32);
        for key in keys {
            store.take(key).unwrap();
        }
        assert_eq!(store.memory_size(), 4 * 32);
    }

    #[test]
    fn take_into_replaces_the_buffer() {
        let mut store = InMemoryPageStore::default();
        let key = store.put_slice(b"new").unwrap();
        let mut buffer = b"old contents".to_vec();
        store.take_into(key, &mut buffer).unwrap();
        assert_eq!(buffer, b"new");
    }
}
