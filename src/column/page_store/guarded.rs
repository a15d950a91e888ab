//! A store that trusts no other: what comes back is compared with what was put, and the first failure
//! is remembered.

use std::num::NonZeroU64;
use std::sync::Arc;

use bytes::Bytes;
use twox_hash::XxHash3_64;

use super::keys::PageKeys;
use super::slots::Slots;
use super::{PageKey, PageStore, PageStoreArgs, PageStoreFactory, SpillMetrics, is_out_of_space};
use crate::budget::MemoryBudget;
use crate::errors::{ParquetError, Result};
use crate::latch::{panicked, watched};
use crate::schema::types::ColumnDescPtr;

/// Wraps the stores of another factory so that they cannot do harm.
///
/// - A taken blob must have the length and the XXH3 hash of the put. If not, the take fails with
///   [`CorruptBlob`](ParquetError::CorruptBlob), which names column, page and store.
/// - After the first failure every later call on the store fails with
///   [`Latched`](ParquetError::Latched), which carries that failure's text. Want of space does not
///   count as one: a full store can still give back what it has.
///
/// For a store of one's own, or one on storage that is not trusted; the temp-file store checks its
/// blobs itself. In memory a blob costs 16 bytes.
#[derive(Debug)]
pub struct GuardedPageStoreFactory {
    inner: Arc<dyn PageStoreFactory>,
}

struct GuardedPageStore {
    inner: Box<dyn PageStore>,
    inner_keys: PageKeys,
    blobs: Slots<Blob>,
    failure: Option<Arc<ParquetError>>,
    column: ColumnDescPtr,
    /// For the name of the store in messages.
    factory: Arc<dyn PageStoreFactory>,
}

/// What was put: 16 bytes, also when it may be absent.
#[derive(Debug, Clone, Copy)]
struct Blob {
    checksum: u64,
    /// The length in bytes, plus one.
    length: NonZeroU64,
}

impl GuardedPageStoreFactory {
    /// Guards the stores of `inner`.
    pub fn new(inner: Arc<dyn PageStoreFactory>) -> Self {
        Self { inner }
    }
}

impl PageStoreFactory for GuardedPageStoreFactory {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(GuardedPageStore {
            inner: self.inner.create(args)?,
            inner_keys: PageKeys::default(),
            blobs: Slots::default(),
            failure: None,
            column: args.shared_column(),
            factory: Arc::clone(&self.inner),
        }))
    }

    fn for_budget(&self, budget: &MemoryBudget) -> Option<Arc<dyn PageStoreFactory>> {
        let inner = self.inner.for_budget(budget)?;
        Some(Arc::new(Self { inner }))
    }

    fn metrics(&self) -> Option<SpillMetrics> {
        self.inner.metrics()
    }
}

impl PageStore for GuardedPageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        let (checksum, length) = (XxHash3_64::oneshot(&value), value.len());
        let inner_key = self.guard(|store| store.inner.put(value))?;
        self.inner_keys.push(inner_key);
        Ok(self.blobs.push(Blob::new(checksum, length)))
    }

    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        let value = buffer.get(from..).unwrap_or_default();
        let (checksum, length) = (XxHash3_64::oneshot(value), value.len());
        let inner_key = self.guard(|store| store.inner.put_from(buffer, from))?;
        self.inner_keys.push(inner_key);
        Ok(self.blobs.push(Blob::new(checksum, length)))
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        self.guard(|store| {
            let blob = store.blobs.take(key)?;
            let value = store.inner.take(store.inner_keys.get(key)?)?;
            store.check(key, blob, &value)?;
            Ok(value)
        })
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        self.guard(|store| {
            let blob = store.blobs.take(key)?;
            let inner_key = store.inner_keys.get(key)?;
            store.inner.take_into(inner_key, buffer)?;
            store.check(key, blob, buffer)
        })
    }

    fn take_behind(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<usize> {
        self.guard(|store| {
            let blob = store.blobs.take(key)?;
            let inner_key = store.inner_keys.get(key)?;
            let from = store.inner.take_behind(inner_key, buffer)?;
            store.check(key, blob, buffer.get(from..).unwrap_or_default())?;
            Ok(from)
        })
    }

    fn spill(&mut self) -> Result<usize> {
        self.guard(|store| store.inner.spill())
    }

    fn memory_size(&self) -> usize {
        let inner = self.inner.memory_size();
        inner.saturating_add(self.blobs.memory_size() + self.inner_keys.memory_size())
    }

    fn reserved_size(&self) -> usize {
        self.inner.reserved_size()
    }
}

impl GuardedPageStore {
    /// Runs a call unless one failed before, and remembers if it fails.
    fn guard<T>(&mut self, call: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if let Some(cause) = &self.failure {
            return Err(ParquetError::Latched(Arc::clone(cause)));
        }
        let latch = |store: &mut Self| store.failure = Some(Arc::new(panicked()));
        watched(self, latch, call).inspect_err(|error| {
            if !is_out_of_space(error) {
                self.failure = Some(error.to_shared());
            }
        })
    }

    fn check(&self, key: PageKey, blob: Blob, bytes: &[u8]) -> Result<()> {
        let put_bytes = blob.length.get() - 1;
        let fault = if bytes.len() as u64 != put_bytes {
            format!("{put_bytes} bytes were put and {} came back", bytes.len())
        } else if XxHash3_64::oneshot(bytes) != blob.checksum {
            format!("its {put_bytes} bytes differ from those that were put")
        } else {
            return Ok(());
        };
        Err(ParquetError::CorruptBlob(format!(
            "column {}, page {}, store {:?}: {fault}",
            self.column.path().string(),
            key.get(),
            self.factory
        )))
    }
}

impl Blob {
    fn new(checksum: u64, length: usize) -> Self {
        Self {
            checksum,
            length: NonZeroU64::MIN.saturating_add(length as u64),
        }
    }
}
