//! What the owner of one store and the thread share: the inner store with the keys of its blobs,
//! and the blobs that were read ahead.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::super::{PageKey, PageKeys, PageStore, is_out_of_space};
use super::buffers::Lent;
use crate::errors::{ParquetError, Result};
use crate::latch::{self, bury};

/// One store, seen from both sides. Whoever calls the inner store holds its lock; all else can be
/// asked while the other side waits for a disk.
pub(super) struct Column {
    back: Mutex<Back>,
    ahead: Mutex<VecDeque<Ahead>>,
    /// What the inner store and its keys last said of their memory.
    memory: AtomicUsize,
    reserved: AtomicUsize,
    /// Whether `back` has an error to report.
    has_failed: AtomicBool,
}

/// The side of the inner store.
struct Back {
    /// Absent once the owner is gone.
    store: Option<Box<dyn PageStore>>,
    inner_keys: PageKeys,
    /// Blobs that the inner store has refused, in the buffers that they came in.
    refused: BTreeMap<PageKey, Lent>,
    failure: Failure,
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
                inner_keys: PageKeys::default(),
                refused: BTreeMap::new(),
                failure: Failure::None,
            }),
            ahead: Mutex::default(),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Lets `put` put a blob for its owner, who waits.
    pub(super) fn put(
        &self,
        put: impl FnOnce(&mut dyn PageStore) -> Result<PageKey>,
    ) -> Result<()> {
        self.with_back(|back| {
            let key = put(back.store()?)?;
            back.inner_keys.push(key);
            Ok(())
        })
    }

    /// Puts a blob whose key the owner has already. An error, or a panic, waits until it is
    /// [asked for](Self::report), and the blob stays where it is.
    pub(super) fn put_for_later(&self, mut blob: Lent) {
        let outcome = self.call(|back| match back.put_calmly(&mut blob) {
            Some(key) => drop(back.inner_keys.push(key)),
            None => drop(back.refused.insert(back.inner_keys.skip(), blob)),
        });
        if let Err(cause) = outcome {
            self.break_down(panicked(cause));
        }
    }

    /// Reads the blob of `key` into `buffer`, for the owner to [find](Self::take_ahead). An error, or a panic, waits
    /// there as well. Returns whether there is something to find.
    pub(super) fn read_ahead(&self, key: PageKey, buffer: Lent) -> bool {
        let outcome = self.call(|back| back.read(key, buffer));
        let blob = match outcome {
            Ok(Some(blob)) => blob,
            Ok(None) => return false,
            Err(cause) => {
                let cause = Arc::new(panicked(cause));
                self.break_down(ParquetError::Latched(Arc::clone(&cause)));
                Err(ParquetError::Latched(cause))
            }
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
        let mut back = lock(&self.back);
        if let Failure::Broken(cause) = &back.failure {
            return Err(ParquetError::Latched(Arc::clone(cause)));
        }
        let failure = std::mem::replace(&mut back.failure, Failure::None);
        self.has_failed.store(false, Ordering::Release);
        match failure {
            Failure::Full(error) => Err(error),
            Failure::None | Failure::Broken(_) => Ok(()),
        }
    }

    /// Notes that a call or a job ended by a panic. The inner store is not called again.
    pub(super) fn break_down(&self, error: ParquetError) {
        lock(&self.back).break_down(error);
        self.has_failed.store(true, Ordering::Release);
    }

    /// Whether no blob lies ready for the owner, nor an error in the place of one.
    pub(super) fn has_nothing_ahead(&self) -> bool {
        lock(&self.ahead).is_empty()
    }

    /// Bytes of the blobs that lie ready for the owner.
    pub(super) fn bytes_ahead(&self) -> usize {
        let ahead = lock(&self.ahead);
        let blobs = ahead.iter().filter_map(|next| next.blob.as_ref().ok());
        blobs.map(|blob| blob.blob().len()).sum()
    }

    /// Bytes of the inner store and of its keys, as they last were.
    pub(super) fn memory_size(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }

    /// Those of them that the inner store has reserved itself.
    pub(super) fn reserved_size(&self) -> usize {
        self.reserved.load(Ordering::Relaxed)
    }

    /// Drops all blobs, and hands the inner store to whoever can bear a panic of its drop.
    #[must_use]
    pub(super) fn dismantle(&self) -> Option<Box<dyn PageStore>> {
        let mut back = lock(&self.back);
        let (store, refused) = (back.store.take(), std::mem::take(&mut back.refused));
        drop(back);
        drop(refused);
        drop(std::mem::take(&mut *lock(&self.ahead)));
        store
    }

    /// Runs a call of the owner, to whom a panic of the inner store goes.
    fn with_back<T>(&self, call: impl FnOnce(&mut Back) -> T) -> T {
        self.call(call).unwrap_or_else(|cause| {
            self.break_down(latch::panicked());
            resume_unwind(cause)
        })
    }

    /// Runs a call and asks the inner store for its size. Either may panic.
    fn call<T>(&self, call: impl FnOnce(&mut Back) -> T) -> thread::Result<T> {
        let mut back = lock(&self.back);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let result = call(&mut back);
            self.measure(&back);
            result
        }));
        let has_failed = !matches!(back.failure, Failure::None);
        self.has_failed.store(has_failed, Ordering::Release);
        outcome
    }

    fn measure(&self, back: &Back) {
        let Some(store) = back.store.as_ref().filter(|_| !back.is_broken()) else {
            return;
        };
        let memory = store
            .memory_size()
            .saturating_add(back.inner_keys.memory_size());
        self.memory.store(memory, Ordering::Relaxed);
        let reserved = store.reserved_size();
        self.reserved.store(reserved, Ordering::Relaxed);
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
    fn put_calmly(&mut self, blob: &mut Lent) -> Option<PageKey> {
        if !matches!(self.failure, Failure::None) {
            return None;
        }
        let error = match calmly(|| blob.put_into(self.store()?)) {
            Ok(key) => return Some(key),
            Err(error) => error,
        };
        match is_out_of_space(&error) {
            true => self.failure = Failure::Full(error),
            false => self.break_down(error),
        }
        None
    }

    /// The first cause stays.
    fn break_down(&mut self, error: ParquetError) {
        if !self.is_broken() {
            self.failure = Failure::Broken(match error {
                ParquetError::Latched(cause) => cause,
                other => Arc::new(other),
            });
        }
    }

    fn is_broken(&self) -> bool {
        matches!(self.failure, Failure::Broken(_))
    }

    /// `None` if the blob is not in the inner store.
    fn read(&mut self, key: PageKey, mut buffer: Lent) -> Option<Result<Lent>> {
        if self.refused.contains_key(&key) {
            return None;
        }
        let outcome = calmly(|| self.take(key, buffer.blob_at_front()));
        Some(outcome.map(|_| buffer))
    }

    fn take(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<Option<Lent>> {
        if let Some(blob) = self.refused.remove(&key) {
            return Ok(Some(blob));
        }
        let inner_key = self.inner_keys.get(key)?;
        self.store()?.take_into(inner_key, buffer)?;
        Ok(None)
    }
}

/// A call of the inner store on the thread, where a panic would reach nobody.
fn calmly<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|cause| Err(panicked(cause)))
}

/// The error that a panic becomes.
pub(super) fn panicked(cause: Box<dyn Any + Send>) -> ParquetError {
    let text = cause
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| cause.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let text = format!("a page store panicked on another thread: {text}");
    bury(cause);
    ParquetError::General(text)
}

/// A panic of the inner store on its owner's thread ends the writer, and leaves the tables as they
/// were before the call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
