//! Pages kept on the heap.

use bytes::Bytes;

use super::slots::Slots;
use super::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
use crate::errors::Result;

/// Keeps pages on the heap: the default, and the strictest store. A key that was not given out or
/// was taken before is an error.
///
/// Keys are the ordinals of the puts. An empty store owns no memory.
#[derive(Debug, Default)]
pub struct InMemoryPageStore {
    blobs: Slots<Bytes>,
    resident_bytes: usize,
}

impl PageStore for InMemoryPageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.resident_bytes += value.len();
        Ok(self.blobs.push(value))
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let value = self.blobs.take(key)?;
        self.resident_bytes -= value.len();
        Ok(value)
    }

    /// Hands over the blob's own memory where nobody shares it, and copies otherwise.
    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        *buffer = Vec::from(self.take(key)?);
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.resident_bytes + self.blobs.memory_size()
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
