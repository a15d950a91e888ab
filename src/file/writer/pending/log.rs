//! Bytes that wait in page stores until the file takes them, first in, first out.

use std::sync::{Mutex, PoisonError};

use super::depot::{Depot, Origin, Scratch};
use crate::budget::{Usage, push_tight};
use crate::column::chunk::OverflowStore;
use crate::column::page_store::PageKey;
use crate::errors::{ParquetError, Result};

/// What comes in gathers in a buffer and goes to a store in blobs of some size, so that many small records need few
/// keys. Records of one call stay together in a blob.
///
/// Each blob takes memory by being there. Where blobs have become many under a memory limit, they are taken back and
/// put away again as few large ones, so that neither the buffer nor the keys grow with what waits.
pub(super) struct Log {
    kind: &'static str,
    large: Pile,
    small: Pile,
    /// What has not gone to a store yet.
    tail: Vec<u8>,
    /// Bytes of the blobs.
    put_bytes: u64,
    /// Bytes of those that have been taken out.
    taken_bytes: u64,
}

/// Blobs in a store of their own, which is made for the first and dropped with the last: the tables of a store keep the
/// places of blobs that have been taken.
#[derive(Default)]
struct Pile {
    /// A store may be used on any thread, but not on two at a time, and those who share the file's writer may ask it
    /// for its size on any.
    store: Option<Mutex<OverflowStore>>,
    /// For each blob the column that the last of its records belongs to.
    blobs: Vec<u32>,
    /// Blobs that have been taken out.
    taken: usize,
}

/// The most that a blob should take in memory by being there: here, and in the tables of its store.
const KEY_BYTES: usize = 128;

/// Small blobs that make a large one.
const BLOBS_OF_LARGE: usize = 8;

impl Log {
    /// An empty log of `kind`, to be read in an error.
    pub(super) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            large: Pile::default(),
            small: Pile::default(),
            tail: Vec::new(),
            put_bytes: 0,
            taken_bytes: 0,
        }
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> u64 {
        self.put_bytes + self.tail.len() as u64
    }

    /// Gives the buffer back. For a log that takes no more.
    pub(super) fn shrink(&mut self) {
        self.tail = Vec::new();
    }

    /// Appends what `write` writes, which belongs to `column` and takes about `bytes`.
    ///
    /// # Errors
    /// If a store cannot be made, or fails.
    pub(super) fn append<T>(
        &mut self,
        depot: &mut Depot,
        column: usize,
        bytes: usize,
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> Result<T> {
        let blob_bytes = depot.blob_bytes();
        if !self.tail.is_empty() && self.tail.len().saturating_add(bytes) > blob_bytes {
            self.put_tail(depot, column)?;
        }
        // A buffer that grows as it is filled would take up to three times as much.
        if bytes > blob_bytes {
            self.tail.reserve_exact(bytes)
        } else {
            self.tail.reserve(bytes)
        }
        let written = write(&mut self.tail);
        if self.tail.len() >= blob_bytes {
            self.put_tail(depot, column)?;
        }
        Ok(written)
    }

    /// Appends `bytes`, in pieces if they are many.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub(super) fn extend(&mut self, depot: &mut Depot, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let room = depot.blob_bytes().saturating_sub(self.tail.len()).max(1);
            let (piece, rest) = bytes.split_at(room.min(bytes.len()));
            self.append(depot, 0, piece.len(), |tail| tail.extend_from_slice(piece))?;
            bytes = rest;
        }
        Ok(())
    }

    /// Takes the next blob out and shows it to `see`. False once all are out: the log is then empty, but keeps its
    /// buffer. Until then nothing may be appended.
    ///
    /// # Errors
    /// If a store fails or returns other bytes than it was given, or that of `see`.
    pub(super) fn take_blob(
        &mut self,
        depot: &mut Depot,
        see: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool> {
        let (origin, scratch) = depot.split();
        for pile in [&mut self.large, &mut self.small] {
            let (put, kind, taken) = (self.put_bytes, self.kind, &mut self.taken_bytes);
            let is_taken = pile.take_blob(origin, scratch, |blob, _| {
                *taken += blob.len() as u64;
                if *taken <= put {
                    see(blob)
                } else {
                    Err(came_back_otherwise(kind, put, *taken))
                }
            })?;
            if is_taken {
                return Ok(true);
            }
        }
        let put = std::mem::take(&mut self.put_bytes);
        let taken = std::mem::take(&mut self.taken_bytes);
        if taken != put {
            return Err(came_back_otherwise(self.kind, put, taken));
        }
        see(&self.tail)?;
        self.tail.clear();
        Ok(false)
    }

    /// Asks the stores to move blobs out of memory.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn spill(&mut self, depot: &mut Depot) -> Result<()> {
        let (origin, _) = depot.split();
        self.large.spill(origin)?;
        self.small.spill(origin)
    }

    /// What the buffer, the tables of blobs and the stores take in memory.
    pub(super) fn usage(&self) -> Usage {
        let blobs = self.large.blobs.capacity() + self.small.blobs.capacity();
        Usage::of_heap(self.tail.capacity() + blobs * size_of::<u32>())
            + self.of_stores(OverflowStore::usage)
    }

    /// What the stores say that they hold, and can move out.
    pub(super) fn store_usage(&self) -> Usage {
        self.of_stores(OverflowStore::store_usage)
    }

    fn of_stores(&self, usage: impl Fn(&OverflowStore) -> Usage) -> Usage {
        [&self.large, &self.small]
            .into_iter()
            .filter_map(|pile| pile.store.as_ref())
            .map(|store| usage(&store.lock().unwrap_or_else(PoisonError::into_inner)))
            .sum()
    }

    fn put_tail(&mut self, depot: &mut Depot, column: usize) -> Result<()> {
        // A store belongs to a column, and this schema has none.
        if depot.num_columns() == 0 {
            return Ok(());
        }
        let (origin, _) = depot.split();
        let bytes = self.tail.len() as u64;
        self.small
            .put(origin, u32::try_from(column)?, &mut self.tail)?;
        self.put_bytes += bytes;
        self.tail.clear();
        if self.tail.capacity() > 2 * depot.blob_bytes() {
            self.tail = Vec::new();
        }
        if depot.is_limited() && self.small.blobs.len() * KEY_BYTES > depot.blob_bytes() {
            self.merge(depot)
        } else {
            Ok(())
        }
    }

    /// Puts the small blobs away as large ones, through the tail's buffer.
    fn merge(&mut self, depot: &mut Depot) -> Result<()> {
        let large_bytes = depot.blob_bytes() * BLOBS_OF_LARGE;
        self.tail.reserve_exact(large_bytes);
        let (large, merged) = (&mut self.large, &mut self.tail);
        let mut last = 0;
        let (origin, scratch) = depot.split();
        scratch.pay_beside(merged.capacity());
        let mut add = |blob: &[u8], column: u32| {
            if !merged.is_empty() && merged.len() + blob.len() > large_bytes {
                large.put(origin, last, merged)?;
                merged.clear();
            }
            merged.extend_from_slice(blob);
            last = column;
            Ok(())
        };
        while self.small.take_blob(origin, scratch, &mut add)? {}
        large.put(origin, last, merged)?;
        self.tail = Vec::new();
        scratch.clear();
        Ok(())
    }
}

impl Pile {
    /// Puts a blob away. The contents of its buffer mean nothing afterwards.
    fn put(&mut self, origin: &Origin, column: u32, blob: &mut Vec<u8>) -> Result<()> {
        let store = match self.store.take() {
            Some(store) => store,
            None => Mutex::new(origin.open()?),
        };
        let store = alone(self.store.insert(store));
        // Pages of a chunk have left their store: there may be room again.
        store.ask_again();
        store
            .put_from(blob, 0)
            .map_err(|source| origin.error("put", column, self.blobs.len(), source))?;
        push_tight(&mut self.blobs, column);
        Ok(())
    }

    /// Takes the next blob out and shows it with its column. False once all are out: the store is dropped then.
    fn take_blob(
        &mut self,
        origin: &Origin,
        scratch: &mut Scratch,
        mut see: impl FnMut(&[u8], u32) -> Result<()>,
    ) -> Result<bool> {
        let (Some(store), Some(column)) = (&mut self.store, self.blobs.get(self.taken)) else {
            *self = Self::default();
            return Ok(false);
        };
        let key = PageKey::new(self.taken as u64);
        let blob = scratch.fill(|buffer| alone(store).take_into(key, buffer));
        let blob = blob.map_err(|source| origin.error("take", *column, self.taken, source))?;
        see(blob, *column)?;
        self.taken += 1;
        Ok(true)
    }

    fn spill(&mut self, origin: &Origin) -> Result<()> {
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        let spilled = alone(store).spill();
        spilled.map_err(|source| origin.error("spill", 0, self.blobs.len(), source))?;
        Ok(())
    }
}

fn came_back_otherwise(kind: &str, put: u64, taken: u64) -> ParquetError {
    ParquetError::CorruptBlob(format!(
        "the {kind} that waited in a store had {put} bytes and came back with {taken}"
    ))
}

/// The store of whoever has its log alone, and need not wait.
fn alone(store: &mut Mutex<OverflowStore>) -> &mut OverflowStore {
    store.get_mut().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;

    use super::*;
    use crate::budget::MemoryBudget;
    use crate::column::chunk::WhenFull;
    use crate::column::page_store::{
        InMemoryPageStore, PageKey, PageStore, PageStoreArgs, PageStoreFactory,
    };
    use crate::schema::parser::parse_message_type;
    use crate::schema::types::SchemaDescriptor;

    const KIB: usize = 1 << 10;

    /// Stores of which the calls succeed that are still allowed.
    #[derive(Debug)]
    struct Failing(Arc<AtomicUsize>);

    struct FailingStore(Arc<AtomicUsize>, InMemoryPageStore);

    fn call(left: &AtomicUsize) -> Result<()> {
        let less = |left: usize| left.checked_sub(1);
        match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(_) => Err(ParquetError::General("broken".to_owned())),
        }
    }

    impl PageStoreFactory for Failing {
        fn create(&self, _: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
            call(&self.0)?;
            let store = FailingStore(Arc::clone(&self.0), InMemoryPageStore::default());
            Ok(Box::new(store))
        }
    }

    impl PageStore for FailingStore {
        fn put(&mut self, value: Bytes) -> Result<PageKey> {
            call(&self.0)?;
            self.1.put(value)
        }

        fn take(&mut self, key: PageKey) -> Result<Bytes> {
            call(&self.0)?;
            self.1.take(key)
        }
    }

    /// Puts records into a log under a limit of 64 KiB and takes them out again.
    fn pass_through(calls: &Arc<AtomicUsize>, records: &[Vec<u8>]) -> Result<Vec<u8>> {
        let schema = parse_message_type("message m { required int32 a; }")?;
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(schema)));
        let budget = MemoryBudget::new(64 * KIB);
        let member = budget.register();
        let mut depot = Depot::on_heap(schema);
        let stores = Arc::new(Failing(Arc::clone(calls)));
        depot.park_in(stores, &member, WhenFull::Fail);
        let mut log = Log::new("records");
        for record in records {
            log.append(&mut depot, 0, record.len(), |out| {
                out.extend_from_slice(record);
            })?;
            let blobs = log.small.blobs.len() + log.large.blobs.len();
            let large = usize::try_from(log.len() / (14 * KIB as u64))?;
            assert!(blobs <= 17 + large, "{blobs} blobs of {}", log.len());
            let held = log.usage().heap - log.store_usage().heap;
            assert!(held <= 16 * KIB, "{held}");
        }
        assert_eq!(
            log.len(),
            records.iter().map(|it| it.len() as u64).sum::<u64>()
        );
        let mut found = Vec::new();
        let mut see = |bytes: &[u8]| {
            found.extend_from_slice(bytes);
            Ok(())
        };
        while log.take_blob(&mut depot, &mut see)? {}
        assert_eq!(log.len(), 0);
        Ok(found)
    }

    fn records() -> Vec<Vec<u8>> {
        let mut number = 0u32;
        let mut next = || {
            number = number.wrapping_mul(747_796_405).wrapping_add(1);
            number.to_le_bytes()[3]
        };
        let lengths = (0..2_000).map(|ordinal| ordinal % 200);
        lengths
            .map(|len| (0..len).map(|_| next()).collect())
            .collect()
    }

    #[test]
    fn records_come_out_in_their_order_and_lie_in_few_blobs() {
        let records = records();
        let calls = Arc::new(AtomicUsize::new(usize::MAX));
        let found = pass_through(&calls, &records).unwrap();
        assert!(found == records.concat());
    }

    #[test]
    fn a_store_that_fails_at_any_call_is_an_error() {
        let records = records();
        let calls = Arc::new(AtomicUsize::new(usize::MAX));
        pass_through(&calls, &records).unwrap();
        let all = usize::MAX - calls.load(Ordering::Relaxed);
        assert!(all > 200, "{all} calls");
        for allowed in (0..all).step_by(7) {
            let error = pass_through(&Arc::new(AtomicUsize::new(allowed)), &records).unwrap_err();
            assert!(error.to_string().contains("broken"), "{error}");
        }
    }
}
