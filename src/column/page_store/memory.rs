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
    blobs: Slots<Blob>,
    resident_bytes: usize,
}

/// Bytes of a buffer from a place on.
#[derive(Debug)]
struct Blob {
    buffer: Box<[u8]>,
    from: usize,
}

/// Less than this is copied: another buffer would cost more.
const SMALLEST_KEPT_BYTES: usize = 32 * 1024;

impl PageStore for InMemoryPageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        Ok(self.push(Vec::from(value).into_boxed_slice(), 0))
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let blob = self.pull(key)?;
        Ok(Bytes::from(blob.buffer).slice(blob.from..))
    }

    /// Keeps a buffer that is used well, without its spare room.
    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        let value = buffer.get(from..).unwrap_or_default();
        let is_used = value.len() >= buffer.capacity() / 2 && from <= buffer.len() / 16;
        if value.len() < SMALLEST_KEPT_BYTES || !is_used {
            return Ok(self.push(value.into(), 0));
        }
        let next = Vec::with_capacity(buffer.capacity());
        let kept = std::mem::replace(buffer, next);
        Ok(self.push(kept.into_boxed_slice(), from))
    }

    /// Hands over the blob's own memory, moved to its front.
    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        let from = self.take_behind(key, buffer)?;
        buffer.drain(..from);
        Ok(())
    }

    /// Hands over the blob's own memory.
    fn take_behind(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<usize> {
        let blob = self.pull(key)?;
        *buffer = blob.buffer.into_vec();
        Ok(blob.from)
    }

    fn memory_size(&self) -> usize {
        self.resident_bytes + self.blobs.memory_size()
    }
}

impl InMemoryPageStore {
    fn push(&mut self, buffer: Box<[u8]>, from: usize) -> PageKey {
        self.resident_bytes += buffer.len();
        self.blobs.push(Blob { buffer, from })
    }

    fn pull(&mut self, key: PageKey) -> Result<Blob> {
        let blob = self.blobs.take(key)?;
        self.resident_bytes -= blob.buffer.len();
        Ok(blob)
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
            .map(|_| store.put(Bytes::copy_from_slice(&[7; 1000])).unwrap())
            .collect();
        assert_eq!(store.memory_size(), 4000 + 4 * 24);
        for key in keys {
            store.take(key).unwrap();
        }
        assert_eq!(store.memory_size(), 4 * 24);
    }

    #[test]
    fn take_into_replaces_the_buffer() {
        let mut store = InMemoryPageStore::default();
        let key = store.put(Bytes::copy_from_slice(b"new")).unwrap();
        let mut buffer = b"old contents".to_vec();
        store.take_into(key, &mut buffer).unwrap();
        assert_eq!(buffer, b"new");
    }

    #[test]
    fn a_full_buffer_is_kept_and_one_of_its_size_left_in_its_place() {
        let mut store = InMemoryPageStore::default();
        let mut buffer = Vec::with_capacity(100_000);
        buffer.extend_from_slice(&[1; 80_000]);
        let place = buffer.as_ptr();
        let key = store.put_from(&mut buffer, 40).unwrap();
        assert_eq!(store.memory_size(), 80_000 + 4 * 24);
        assert!(buffer.capacity() >= 100_000 && buffer.as_ptr() != place);
        assert_eq!(store.take_behind(key, &mut buffer).unwrap(), 40);
        assert_eq!(buffer, [1; 80_000]);
    }

    #[test]
    fn little_in_a_large_buffer_is_copied() {
        let mut store = InMemoryPageStore::default();
        let mut buffer = Vec::with_capacity(1_000_000);
        buffer.extend_from_slice(&[1; 80_000]);
        let place = buffer.as_ptr();
        store.put_from(&mut buffer, 0).unwrap();
        assert_eq!(
            (buffer.as_ptr(), store.memory_size()),
            (place, 80_000 + 4 * 24)
        );
    }
}
