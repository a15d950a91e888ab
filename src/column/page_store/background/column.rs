//! What the owner of one store and the thread share: the inner store with the places of its blobs,
//! and the blobs that were read ahead.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::slots::Slots;
use super::super::{PageKey, PageStore, is_out_of_space};
use super::buffers::Lent;
use crate::errors::{ParquetError, Result};

/// One store, seen from both sides. Whoever calls the inner store holds its lock; all else can be
/// asked while the other side waits for a disk.
pub(super) struct Column {
    back: Mutex<Back>,
    ahead: Mutex<VecDeque<Ahead>>,
    /// What the inner store and the places last said of their memory.
    memory: AtomicUsize,
    reserved: AtomicUsize,
    /// Whether `back` has an error to report.
    has_failed: AtomicBool,
}

/// The side of the inner store.
struct Back {
    /// Absent once the owner is gone.
    store: Option<Box<dyn PageStore>>,
    places: Slots<Place>,
    failure: Failure,
}

/// Where a blob is.
enum Place {
    Stored(PageKey),
    /// Refused by the inner store, and still in its buffer.
    Kept(Box<Lent>),
}

enum Failure {
    None,
    /// Want of space, not told the owner yet. All blobs can be taken.
    Full(ParquetError),
    /// The inner store must not be called again.
    Broken(Arc<ParquetError>),
}

/// A blob read ahead, or why it could not be.
struct Ahead {
    key: PageKey,
    blob: Result<Lent>,
}

impl Column {
    pub(super) fn new(store: Box<dyn PageStore>) -> Self {
        Self {
            memory: AtomicUsize::new(store.memory_size()),
            reserved: AtomicUsize::new(store.reserved_size()),
            back: Mutex::new(Back {
                store: Some(store),
                places: Slots::default(),
                failure: Failure::None,
            }),
            ahead: Mutex::default(),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Puts a blob for its owner, who waits.
    pub(super) fn put(&self, blob: &[u8]) -> Result<()> {
        self.with_back(|back| {
            let key = back.store()?.put_slice(blob)?;
            back.places.push(Place::Stored(key));
            Ok(())
        })
    }

    /// Puts a blob whose key the owner has already. An error waits until it is
    /// [asked for](Self::report), and the blob stays where it is.
    pub(super) fn put_for_later(&self, blob: Lent) {
        self.with_back(|back| {
            let place = match back.put_calmly(blob.blob()) {
                Some(key) => Place::Stored(key),
                None => Place::Kept(Box::new(blob)),
            };
            back.places.push(place);
        });
    }

    /// Reads the blob of `key` into `buffer`, for the owner to [find](Self::take_ahead). An error waits
    /// there as well. Returns whether there is something to find.
    pub(super) fn read_ahead(&self, key: PageKey, buffer: Lent) -> bool {
        let Some(blob) = self.with_back(|back| back.read(key, buffer)) else {
            return false;
        };
        lock(&self.ahead).push_back(Ahead { key, blob });
        true
    }

    /// The blob of `key` if it was read ahead.
    pub(super) fn take_ahead(&self, key: PageKey) -> Option<Result<Lent>> {
        let mut ahead = lock(&self.ahead);
        let at = ahead.iter().position(|next| next.key == key)?;
        Some(ahead.remove(at)?.blob)
    }

    /// Takes a blob into `buffer`, or in the buffer that it never left.
    pub(super) fn take(&self, key: PageKey, buffer: &mut Vec<u8>) -> Result<Option<Lent>> {
        self.with_back(|back| back.take(key, buffer))
    }

    pub(super) fn spill(&self) -> Result<usize> {
        self.with_back(|back| back.store()?.spill())
    }

    /// The error of work that nobody waited for, if there is one. Want of space is told once, anything
    /// else at every call.
    pub(super) fn report(&self) -> Result<()> {
        if !self.has_failed.load(Ordering::Acquire) {
            return Ok(());
        }
        self.with_back(
            |back| match std::mem::replace(&mut back.failure, Failure::None) {
                Failure::None => Ok(()),
                Failure::Full(error) => Err(error),
                Failure::Broken(cause) => {
                    back.failure = Failure::Broken(Arc::clone(&cause));
                    Err(ParquetError::Latched(cause))
                }
            },
        )
    }

    /// Bytes of the blobs that lie ready for the owner.
    pub(super) fn bytes_ahead(&self) -> usize {
        let ahead = lock(&self.ahead);
        let blobs = ahead.iter().filter_map(|next| next.blob.as_ref().ok());
        blobs.map(|blob| blob.blob().len()).sum()
    }

    /// Bytes of the inner store and of the places, as they last were.
    pub(super) fn memory_size(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }

    /// Those of them that the inner store has reserved itself.
    pub(super) fn reserved_size(&self) -> usize {
        self.reserved.load(Ordering::Relaxed)
    }

    /// Drops the inner store and all blobs.
    pub(super) fn dismantle(&self) {
        let mut back = lock(&self.back);
        back.store = None;
        back.places = Slots::default();
        drop(back);
        lock(&self.ahead).clear();
    }

    fn with_back<T>(&self, call: impl FnOnce(&mut Back) -> T) -> T {
        let mut back = lock(&self.back);
        let result = call(&mut back);
        if let Some(store) = &back.store {
            let memory = store
                .memory_size()
                .saturating_add(back.places.memory_size());
            self.memory.store(memory, Ordering::Relaxed);
            let reserved = store.reserved_size();
            self.reserved.store(reserved, Ordering::Relaxed);
        }
        let has_failed = !matches!(back.failure, Failure::None);
        self.has_failed.store(has_failed, Ordering::Release);
        result
    }
}

impl Back {
    fn store(&mut self) -> Result<&mut dyn PageStore> {
        match &mut self.store {
            Some(store) => Ok(store.as_mut()),
            None => Err(ParquetError::General("the page store is closed".to_owned())),
        }
    }

    /// `None` if that fails, or something failed before.
    fn put_calmly(&mut self, blob: &[u8]) -> Option<PageKey> {
        if !matches!(self.failure, Failure::None) {
            return None;
        }
        let error = match calmly(|| self.store()?.put_slice(blob)) {
            Ok(key) => return Some(key),
            Err(error) => error,
        };
        self.failure = match is_out_of_space(&error) {
            true => Failure::Full(error),
            false => Failure::Broken(Arc::new(error)),
        };
        None
    }

    /// `None` if the blob is not in the inner store.
    fn read(&mut self, key: PageKey, mut buffer: Lent) -> Option<Result<Lent>> {
        match self.places.get(key) {
            Ok(Place::Stored(_)) => {}
            Ok(Place::Kept(_)) | Err(_) => return None,
        }
        let outcome = calmly(|| self.take(key, buffer.blob_at_front()));
        Some(outcome.map(|_| buffer))
    }

    fn take(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<Option<Lent>> {
        match self.places.take(key)? {
            Place::Kept(blob) => Ok(Some(*blob)),
            Place::Stored(key) => {
                self.store()?.take_into(key, buffer)?;
                Ok(None)
            }
        }
    }
}

/// A call of the inner store on the thread, where a panic would reach nobody.
fn calmly<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|cause| Err(panicked(cause.as_ref())))
}

fn panicked(cause: &(dyn Any + Send)) -> ParquetError {
    let text = cause
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| cause.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    ParquetError::General(format!("a page store panicked on another thread: {text}"))
}

/// A panic of the inner store on its owner's thread ends the writer, and leaves the tables as they
/// were before the call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
