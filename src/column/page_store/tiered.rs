//! Pages on the heap while a budget grants it, and in a colder store from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;

use super::keys::{PageKeys, invalid_key};
use super::{PageKey, PageStore, PageStoreArgs, PageStoreFactory, SpillMetrics, events};
use crate::budget::{MemoryBudget, Reservation, push_tight};
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescPtr;

/// Makes stores that keep pages on the heap until a [`MemoryBudget`] refuses the bytes of one, and pass
/// that one and all that follow to stores of the cold factory. What such a store has on the heap then follows at its
/// next put.
///
/// Cold stores are created when the first page needs one, so a run that fits in memory never touches
/// them. [`PageStore::spill`] moves the pages on the heap to the cold store, in the order of their puts; a page that
/// the cold store refuses stays where it is, and so do those after it. Once pages are taken none is moved. The bytes
/// on the heap are [reserved](PageStore::reserved_size) by the store.
///
/// ```
/// use std::sync::Arc;
/// use herringbone::budget::MemoryBudget;
/// use herringbone::column::page_store::{TempFilePageStoreFactory, TieredPageStoreFactory};
///
/// let budget = MemoryBudget::new(64 << 20);
/// let cold = Arc::new(TempFilePageStoreFactory::new());
/// let factory = TieredPageStoreFactory::new(budget, cold);
/// # let _ = factory;
/// ```
#[derive(Debug)]
pub struct TieredPageStoreFactory {
    tiers: Arc<Tiers>,
}

/// What all stores of a factory share.
#[derive(Debug, Clone)]
struct Tiers {
    budget: MemoryBudget,
    cold: Arc<dyn PageStoreFactory>,
    metrics: SpillMetrics,
    counting: Counting,
    /// Set once pages had to leave the heap. What the heap then takes would only have to leave again, and
    /// open pages need the room more: larger pages make a smaller file.
    is_pressed: Arc<AtomicBool>,
}

/// Who counts a page that leaves the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// The cold store, into the same metrics.
    Cold,
    Tiered,
}

/// The first blobs are cold, those after them hot.
struct TieredPageStore {
    cold_keys: PageKeys,
    /// Absent once taken.
    hot: Vec<Option<Box<[u8]>>>,
    hot_bytes: usize,
    /// Whether the takes have begun.
    is_taking: bool,
    /// Covers the hot blobs and the tables.
    held: Reservation,
    cold: ColdTier,
}

/// The cold store of one column, created when it is needed.
struct ColdTier {
    tiers: Arc<Tiers>,
    column_index: usize,
    column: ColumnDescPtr,
    store: Option<Box<dyn PageStore>>,
}

impl TieredPageStoreFactory {
    /// Stores over `cold`, with the bytes on the heap taken from `budget`, which should be the one that
    /// the writer uses. Cold stores that [can](PageStoreFactory::for_budget) reserve from it as well. Counts into the
    /// metrics of `cold` if that has some.
    pub fn new(budget: MemoryBudget, cold: Arc<dyn PageStoreFactory>) -> Self {
        let cold = cold.for_budget(&budget).unwrap_or(cold);
        let metrics = cold.metrics().unwrap_or_default();
        Self {
            tiers: Arc::new(Tiers {
                budget,
                counting: counting(cold.as_ref(), &metrics),
                cold,
                metrics,
                is_pressed: Arc::default(),
            }),
        }
    }

    /// Counts into `metrics`: bytes on the heap, and pages that leave it unless the cold factory counts
    /// those into the same metrics.
    pub fn with_metrics(self, metrics: SpillMetrics) -> Self {
        let mut tiers = Arc::unwrap_or_clone(self.tiers);
        tiers.counting = counting(tiers.cold.as_ref(), &metrics);
        tiers.metrics = metrics;
        Self {
            tiers: Arc::new(tiers),
        }
    }
}

impl PageStoreFactory for TieredPageStoreFactory {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(TieredPageStore {
            cold_keys: PageKeys::default(),
            hot: Vec::new(),
            hot_bytes: 0,
            is_taking: false,
            held: self.tiers.budget.reserve(),
            cold: ColdTier {
                tiers: Arc::clone(&self.tiers),
                column_index: args.column_index(),
                column: args.shared_column(),
                store: None,
            },
        }))
    }

    fn metrics(&self) -> Option<SpillMetrics> {
        Some(self.tiers.metrics.clone())
    }
}

impl PageStore for TieredPageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        if self.has_room(value.len())? {
            Ok(self.push_hot(Vec::from(value).into_boxed_slice()))
        } else {
            self.put_cold(value.len(), |store| store.put(value))
        }
    }

    /// A blob that stays on the heap is copied: a buffer for any page is larger than this one.
    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        let value = buffer.get(from..).unwrap_or_default();
        if self.has_room(value.len())? {
            Ok(self.push_hot(value.into()))
        } else {
            self.put_cold(value.len(), |store| store.put_from(buffer, from))
        }
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        if let Some(value) = self.take_hot(key)? {
            return Ok(value.into());
        }
        let cold_key = self.begin_take(key)?;
        let started = Instant::now();
        let value = self.cold.open()?.take(cold_key)?;
        self.cold.count_take(value.len(), started);
        Ok(value)
    }

    /// A blob on the heap is copied if it fits into the buffer, and replaces it otherwise.
    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        if let Some(value) = self.take_hot(key)? {
            if value.len() <= buffer.capacity() {
                buffer.clear();
                buffer.extend_from_slice(&value);
            } else {
                *buffer = value.into_vec();
            }
            return Ok(());
        }
        let cold_key = self.begin_take(key)?;
        let started = Instant::now();
        self.cold.open()?.take_into(cold_key, buffer)?;
        self.cold.count_take(buffer.len(), started);
        Ok(())
    }

    fn spill(&mut self) -> Result<usize> {
        self.cold.tiers.is_pressed.store(true, Ordering::Relaxed);
        if self.is_taking {
            return Ok(0);
        }
        let before = self.held.size();
        let mut hot = std::mem::take(&mut self.hot).into_iter();
        let (mut freed, mut left) = (0, Vec::new());
        let mut outcome = Ok(());
        for blob in hot.by_ref() {
            let mut value = blob.unwrap_or_default().into_vec();
            let length = value.len();
            if let Err(error) = self.put_cold(length, |store| store.put_from(&mut value, 0)) {
                outcome = Err(error);
                left.push(Some(value.into_boxed_slice()));
                break;
            }
            freed += length;
        }
        left.extend(hot);
        self.hot = left;
        self.release(freed);
        outcome.map(|()| before.saturating_sub(self.held.size()))
    }

    fn memory_size(&self) -> usize {
        let cold = self.cold.store.as_ref();
        let cold = cold.map_or(0, |cold| cold.memory_size());
        self.held.size().saturating_add(cold)
    }

    fn reserved_size(&self) -> usize {
        let cold = self.cold.store.as_ref();
        let cold = cold.map_or(0, |cold| cold.reserved_size());
        self.held.size().saturating_add(cold)
    }
}

impl TieredPageStore {
    /// As [`hold`](Self::hold). Blobs that are on the heap leave it first if there is no room for this one.
    fn has_room(&mut self, bytes: usize) -> Result<bool> {
        let hold = self.hold(bytes);
        if !hold && !self.hot.is_empty() {
            self.spill()?;
        }
        Ok(hold)
    }

    /// Reserves room for a hot blob, or says that there is none.
    fn hold(&mut self, bytes: usize) -> bool {
        if self.cold.tiers.is_pressed.load(Ordering::Relaxed) {
            return false;
        }
        let wanted = self.table_bytes() + self.hot_bytes + bytes;
        if self.held.try_resize(wanted).is_err() {
            self.cold.tiers.is_pressed.store(true, Ordering::Relaxed);
            return false;
        }
        self.hot_bytes += bytes;
        self.cold.tiers.metrics.resident_grew(bytes);
        true
    }

    fn push_hot(&mut self, value: Box<[u8]>) -> PageKey {
        push_tight(&mut self.hot, Some(value));
        self.settle();
        PageKey::new(self.cold_keys.len() + self.hot.len() as u64 - 1)
    }

    fn put_cold(
        &mut self,
        bytes: usize,
        put: impl FnOnce(&mut dyn PageStore) -> Result<PageKey>,
    ) -> Result<PageKey> {
        if !self.hot.is_empty() {
            // Only a put that follows a take finds blobs here, and its ordinal is theirs.
            let text = "a page cannot be put once pages have been taken";
            return Err(ParquetError::General(text.to_owned()));
        }
        let key = self.cold_keys.push(self.cold.put(bytes, put)?);
        self.settle();
        Ok(key)
    }

    /// The blob if it is on the heap, or `None` if it is in the cold store.
    fn take_hot(&mut self, key: PageKey) -> Result<Option<Box<[u8]>>> {
        let Some(at) = key.get().checked_sub(self.cold_keys.len()) else {
            return Ok(None);
        };
        let blob = usize::try_from(at).ok();
        let blob = blob.and_then(|at| self.hot.get_mut(at)?.take());
        let value = blob.ok_or_else(|| invalid_key(key))?;
        self.is_taking = true;
        self.release(value.len());
        Ok(Some(value))
    }

    fn begin_take(&mut self, key: PageKey) -> Result<PageKey> {
        let cold_key = self.cold_keys.get(key)?;
        self.is_taking = true;
        Ok(cold_key)
    }

    /// Gives back what hot blobs held.
    fn release(&mut self, bytes: usize) {
        self.hot_bytes -= bytes;
        self.cold.tiers.metrics.resident_shrank(bytes);
        self.settle();
    }

    fn settle(&mut self) {
        self.held.resize(self.table_bytes() + self.hot_bytes);
    }

    fn table_bytes(&self) -> usize {
        self.hot.capacity() * size_of::<Option<Box<[u8]>>>() + self.cold_keys.memory_size()
    }
}

impl Drop for TieredPageStore {
    fn drop(&mut self) {
        self.cold.tiers.metrics.resident_shrank(self.hot_bytes);
    }
}

impl ColdTier {
    fn put(
        &mut self,
        bytes: usize,
        put: impl FnOnce(&mut dyn PageStore) -> Result<PageKey>,
    ) -> Result<PageKey> {
        let started = Instant::now();
        let key = put(self.open()?)?;
        let Tiers {
            metrics, counting, ..
        } = self.tiers.as_ref();
        if *counting == Counting::Tiered && metrics.record_put(bytes, started.elapsed()) {
            events::first_spill(bytes);
        }
        Ok(key)
    }

    fn count_take(&self, bytes: usize, started: Instant) {
        if self.tiers.counting == Counting::Tiered {
            self.tiers.metrics.record_take(bytes, started.elapsed());
        }
    }

    fn open(&mut self) -> Result<&mut dyn PageStore> {
        let store = match self.store.take() {
            Some(store) => store,
            None => {
                let args = PageStoreArgs::new(self.column_index, &self.column);
                self.tiers.cold.create(&args)?
            }
        };
        Ok(self.store.insert(store).as_mut())
    }
}

fn counting(cold: &dyn PageStoreFactory, metrics: &SpillMetrics) -> Counting {
    match cold.metrics() {
        Some(own) if own.is_same(metrics) => Counting::Cold,
        _ => Counting::Tiered,
    }
}
