//! The queue of work that owners leave to the thread, and the thread.
//!
//! Jobs of one column are done in the order in which they were left, by whoever gets to them first. An
//! owner that needs its column done does what is queued for it itself, and waits only for the job that
//! the thread has begun. So no owner waits for another column.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::super::PageKey;
use super::buffers::{Buffers, Lent};
use super::column::{Column, panicked};
use crate::errors::Result;
use crate::latch::hushed;

/// What all stores of a factory share.
pub(super) struct Desk {
    buffers: Arc<Buffers>,
    /// As in the queue, for those who only want to know.
    columns: AtomicUsize,
    queue: Mutex<Queue>,
    /// There is a job, or the thread is to end.
    to_do: Condvar,
    /// The thread has finished a job, or a part of it.
    done: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// The column that the thread works for.
    running: Option<Arc<Column>>,
    columns: usize,
    thread: Thread,
    /// The number of the thread that is meant to work. One that was told to end works no more, even if
    /// another column has come before it heard of it.
    turn: u64,
    sleep: Sleep,
}

/// What the thread does while there is nothing to do.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Sleep {
    /// It looks into the queue before it waits, or it has been woken.
    #[default]
    Awake,
    /// It looks into the queue again soon.
    Napping,
    /// Somebody must wake it.
    Asleep,
}

/// How long a nap takes. To wake a thread costs the owner some microseconds, and this saves it for all blobs
/// but the first of a series; the buffers hold what a writer makes in several naps.
const NAP: Duration = Duration::from_micros(500);

/// After so many naps without work the thread sleeps.
const MOST_NAPS: u32 = 16;

#[derive(Default)]
enum Thread {
    #[default]
    NotStarted,
    Started(JoinHandle<()>),
    /// The system has none for us.
    Refused,
}

struct Job {
    column: Arc<Column>,
    task: Task,
}

enum Task {
    Put(Lent),
    /// Read these blobs, each into its buffer.
    ReadAhead(Vec<(PageKey, Lent)>),
}

/// Whether somebody waits for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Urgency {
    Soon,
    Now,
}

/// Whether the thread will do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Queued,
    Undone,
}

impl Desk {
    pub(super) fn new(buffers: Buffers) -> Self {
        Self {
            buffers: Arc::new(buffers),
            columns: AtomicUsize::new(0),
            queue: Mutex::default(),
            to_do: Condvar::new(),
            done: Condvar::new(),
        }
    }

    /// Counts a column in, until it [leaves](Self::leave).
    pub(super) fn join(&self) {
        self.lock().columns += 1;
        self.columns.fetch_add(1, Ordering::Relaxed);
    }

    /// Forgets what is queued for a column, waits for what is being done, and takes it apart. With the
    /// last column the thread ends.
    pub(super) fn leave(&self, column: &Arc<Column>) {
        let mut queue = self.lock();
        queue.jobs.retain(|job| !Arc::ptr_eq(&job.column, column));
        let mut queue = self.until_idle(queue, column);
        queue.columns -= 1;
        self.columns.fetch_sub(1, Ordering::Relaxed);
        let is_last = queue.columns == 0;
        if is_last {
            self.end_thread(queue);
        } else {
            drop(queue);
        }
        let store = column.dismantle();
        if is_last {
            hushed(|| self.buffers.trim());
        }
        // Comes after all that must not be left out, because the inner store may panic.
        match thread::panicking() {
            true => drop(hushed(|| drop(store))),
            false => drop(store),
        }
    }

    fn end_thread(&self, mut queue: MutexGuard<'_, Queue>) {
        let thread = std::mem::take(&mut queue.thread);
        queue.turn += 1;
        drop(queue);
        if let Thread::Started(thread) = thread {
            self.to_do.notify_all();
            // It makes errors of all panics.
            let _ = thread.join();
        }
    }

    /// Leaves a blob to the thread if there is one, and a buffer for `capacity` bytes that `fill` gets the blob into.
    pub(super) fn put(
        self: &Arc<Self>,
        column: &Arc<Column>,
        capacity: usize,
        fill: impl FnOnce(&mut Lent),
    ) -> Left {
        let Some(mut lent) = self.buffers.lend(capacity) else {
            return Left::Undone;
        };
        if !self.has_thread() {
            return Left::Undone;
        }
        let urgency = match self.buffers.is_all_lent(capacity) {
            true => Urgency::Now,
            false => Urgency::Soon,
        };
        // A memory source that panics has done so by now: the blob is still its owner's.
        fill(&mut lent);
        self.push(column, Task::Put(lent), urgency);
        Left::Queued
    }

    /// Lets the thread read blobs of a column, each into its buffer.
    pub(super) fn read_ahead(&self, column: &Arc<Column>, blobs: Vec<(PageKey, Lent)>) {
        self.push(column, Task::ReadAhead(blobs), Urgency::Now);
    }

    /// Whether there is a thread, and no work for a column.
    pub(super) fn can_work_for(self: &Arc<Self>, column: &Arc<Column>) -> bool {
        if !self.has_thread() {
            return false;
        }
        let queue = self.lock();
        let jobs = queue.jobs.iter().map(|job| &job.column);
        let mut at_work = jobs.chain(&queue.running);
        !at_work.any(|other| Arc::ptr_eq(other, column))
    }

    /// The blob of `key` if the thread has read it or is about to. Otherwise nothing is left to do
    /// for the column.
    pub(super) fn take_ahead(&self, column: &Arc<Column>, key: PageKey) -> Option<Result<Lent>> {
        let mut queue = self.lock();
        loop {
            // Asked with the queue locked, so that the thread cannot announce it in between.
            if let Some(blob) = column.take_ahead(key) {
                return Some(blob);
            }
            if !queue.is_running(column) {
                queue.jobs.retain(|job| !Arc::ptr_eq(&job.column, column));
                return None;
            }
            queue = wait(&self.done, queue);
        }
    }

    /// Sees to it that nothing is left to do for a column.
    pub(super) fn settle(&self, column: &Arc<Column>) {
        let mut queue = self.until_idle(self.lock(), column);
        let jobs = std::mem::take(&mut queue.jobs).into_iter();
        let (own, others): (VecDeque<_>, VecDeque<_>) =
            jobs.partition(|job| Arc::ptr_eq(&job.column, column));
        queue.jobs = others;
        drop(queue);
        for job in own {
            job.run(self);
        }
    }

    /// Whether the thread works or will look for work soon.
    pub(super) fn is_up(&self) -> bool {
        let queue = self.lock();
        matches!(queue.thread, Thread::Started(_)) && queue.sleep != Sleep::Asleep
    }

    pub(super) fn buffers(&self) -> &Arc<Buffers> {
        &self.buffers
    }

    /// One column's part of the buffers, in bytes.
    pub(super) fn memory_share(&self) -> usize {
        let columns = self.columns.load(Ordering::Relaxed).max(1);
        self.buffers.memory_size() / columns
    }

    fn has_thread(self: &Arc<Self>) -> bool {
        let mut queue = self.lock();
        if let Thread::NotStarted = queue.thread {
            let (desk, turn) = (Arc::clone(self), queue.turn);
            let builder = thread::Builder::new().name("herringbone-pages".to_owned());
            queue.thread = match builder.spawn(move || desk.work(turn)) {
                Ok(thread) => Thread::Started(thread),
                Err(_) => Thread::Refused,
            };
        }
        matches!(queue.thread, Thread::Started(_))
    }

    fn push(&self, column: &Arc<Column>, task: Task, urgency: Urgency) {
        let column = Arc::clone(column);
        let mut queue = self.lock();
        queue.jobs.push_back(Job { column, task });
        let is_woken = match queue.sleep {
            Sleep::Awake => false,
            Sleep::Napping => urgency == Urgency::Now,
            Sleep::Asleep => true,
        };
        if is_woken {
            queue.sleep = Sleep::Awake;
            drop(queue);
            self.to_do.notify_one();
        }
    }

    /// The thread.
    fn work(&self, turn: u64) {
        let mut queue = self.lock();
        let mut naps = 0;
        while queue.turn == turn {
            if let Some(job) = queue.jobs.pop_front() {
                naps = 0;
                let column = Arc::clone(&job.column);
                queue.running = Some(Arc::clone(&column));
                drop(queue);
                let running = Running { desk: self };
                if let Err(cause) = catch_unwind(AssertUnwindSafe(|| job.run(self))) {
                    column.break_down(panicked(cause));
                }
                drop(running);
                queue = self.lock();
            } else if naps < MOST_NAPS {
                naps += 1;
                queue.sleep = Sleep::Napping;
                queue = nap(&self.to_do, queue);
                queue.sleep = Sleep::Awake;
            } else {
                queue.sleep = Sleep::Asleep;
                queue = wait(&self.to_do, queue);
                queue.sleep = Sleep::Awake;
            }
        }
    }

    fn until_idle<'a>(
        &'a self,
        mut queue: MutexGuard<'a, Queue>,
        column: &Arc<Column>,
    ) -> MutexGuard<'a, Queue> {
        while queue.is_running(column) {
            queue = wait(&self.done, queue);
        }
        queue
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Changed in steps that do not panic.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread works for a column, until this is dropped: in whatever way the work ends, nobody waits for it longer.
struct Running<'a> {
    desk: &'a Desk,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.desk.lock().running = None;
        self.desk.done.notify_all();
    }
}

impl Queue {
    fn is_running(&self, column: &Arc<Column>) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| Arc::ptr_eq(running, column))
    }
}

impl Job {
    fn run(self, desk: &Desk) {
        match self.task {
            Task::Put(blob) => self.column.put_for_later(blob),
            Task::ReadAhead(blobs) => {
                for (key, buffer) in blobs {
                    if self.column.read_ahead(key, buffer) {
                        // Whoever waits for this blob looks for it with the queue locked.
                        drop(desk.lock());
                        desk.done.notify_all();
                    }
                }
            }
        }
    }
}

fn nap<'a>(condition: &Condvar, queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
    let (queue, _) = condition
        .wait_timeout(queue, NAP)
        .unwrap_or_else(PoisonError::into_inner);
    queue
}

fn wait<'a>(condition: &Condvar, queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
    condition
        .wait(queue)
        .unwrap_or_else(PoisonError::into_inner)
}
