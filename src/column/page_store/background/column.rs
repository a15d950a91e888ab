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
    /// What is left to do, oldest first. Taken out with `back` locked, so that it is done in this order.
    tasks: Mutex<VecDeque<Task>>,
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

/// What an owner has left to whoever comes first.
pub(super) enum Task {
    Put(Lent),
    /// Read this blob into the buffer.
    Read(PageKey, Lent),
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
            tasks: Mutex::default(),
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

    /// Leaves a task to whoever comes first. An error, or a panic, of a put waits until it is
    /// [asked for](Self::report), and the blob stays where it is; that of a read waits in place of the blob.
    pub(super) fn push(&self, task: Task) {
        lock(&self.tasks).push_back(task);
    }

    /// Does the oldest task that is left. Returns whether there was one.
    pub(super) fn do_next(&self) -> bool {
        let mut was_left = false;
        let outcome = self.call(|back| {
            let task = lock(&self.tasks).pop_front();
            was_left = task.is_some();
            match task {
                Some(Task::Put(blob)) => back.put_for_later(blob),
                Some(Task::Read(key, buffer)) => {
                    if let Some(blob) = back.read(key, buffer) {
                        lock(&self.ahead).push_back(Ahead { key, blob });
                    }
                }
                None => {}
            }
        });
        if let Err(cause) = outcome {
            self.break_down(panicked(cause));
        }
        was_left
    }

    /// Whether nothing is left to do, but for what is being done.
    pub(super) fn is_idle(&self) -> bool {
        lock(&self.tasks).is_empty()
    }

    /// Takes a blob into `buffer`, or in the buffer that it lies in.
    pub(super) fn take(&self, key: PageKey, buffer: &mut Vec<u8>) -> Result<Option<Lent>> {
        if let Some(blob) = self.take_ahead(key) {
            return blob.map(Some);
        }
        self.with_back(|back| {
            // The thread may just have read it.
            if let Some(blob) = self.take_ahead(key) {
                return blob.map(Some);
            }
            let is_other = |task: &Task| !matches!(task, Task::Read(other, _) if *other == key);
            lock(&self.tasks).retain(is_other);
            back.take(key, buffer)
        })
    }

    fn take_ahead(&self, key: PageKey) -> Option<Result<Lent>> {
        let mut ahead = lock(&self.ahead);
        let at = ahead.iter().position(|next| next.key == key)?;
        Some(ahead.remove(at)?.blob)
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

    /// Bytes of the blobs that lie ready for the owner.
    pub(super) fn bytes_ahead(&self) -> usize {
        let ahead = lock(&self.ahead);
        let blobs = ahead.iter().filter_map(|next| next.blob.as_ref().ok());
        blobs.map(|blob| blob.blob().len()).sum()
    }

    /// Bytes of what is left to do, and of the inner store and its keys, as they last were.
    pub(super) fn memory_size(&self) -> usize {
        let tasks = lock(&self.tasks).capacity() * size_of::<Task>();
        self.memory.load(Ordering::Relaxed).saturating_add(tasks)
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
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        drop(back);
        drop((refused, tasks));
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
        if let Failure::Broken(cause) = &self.failure {
            return Err(ParquetError::Latched(Arc::clone(cause)));
        }
        match &mut self.store {
            Some(store) => Ok(store.as_mut()),
            None => Err(ParquetError::General("the page store is closed".to_owned())),
        }
    }

    fn put_for_later(&mut self, mut blob: Lent) {
        match self.put_calmly(&mut blob) {
            Some(key) => drop(self.inner_keys.push(key)),
            None => drop(self.refused.insert(self.inner_keys.skip(), blob)),
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
        if is_out_of_space(&error) {
            self.failure = Failure::Full(error)
        } else {
            self.break_down(error)
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
