//! The thread that works for all columns, and what owners leave to it.
//!
//! Jobs of one column are done in the order in which they were left, by whoever gets to them first. An
//! owner that needs its column done does what is queued for it itself, and waits only for the job that
//! the thread has begun. So no owner waits for another column.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::super::PageKey;
use super::buffers::{Buffers, Lent};
use super::column::{Column, panicked};
use super::queue::{Queue, SeatNumber, Task};
use crate::errors::Result;

/// What the columns share that one thread works for. They may belong to many writers.
#[derive(Default)]
pub(super) struct Desk {
    state: Mutex<State>,
    /// One column's part of the queue's memory, for those who only want to know.
    memory_share: AtomicUsize,
    /// There is a job, or the thread is to end.
    to_do: Condvar,
    /// The thread has finished a job, or a part of it.
    done: Condvar,
}

#[derive(Default)]
struct State {
    queue: Queue,
    /// The column that the thread works for.
    running: Option<SeatNumber>,
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
    /// The system has none for us now.
    Refused,
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

/// The thread works for a column, until this is dropped: in whatever way the work ends, nobody waits for it longer.
struct Running<'a> {
    desk: &'a Desk,
}

impl Desk {
    /// Gives a column its seat, until it [leaves](Self::leave).
    pub(super) fn join(&self, column: Arc<Column>) -> SeatNumber {
        let mut state = self.lock();
        if let Thread::Refused = state.thread {
            state.thread = Thread::NotStarted;
        }
        let seat = state.queue.join(column);
        self.publish(&state);
        seat
    }

    /// Forgets what is queued for a column and waits for what is being done. With the last column the thread ends.
    pub(super) fn leave(&self, seat: SeatNumber) {
        let mut state = self.lock();
        let forgotten = state.queue.take_all(seat);
        let mut state = self.until_idle(state, seat);
        let column = state.queue.leave(seat);
        self.publish(&state);
        if state.queue.is_empty() {
            self.end_thread(state);
        } else {
            drop(state);
        }
        drop((forgotten, column));
    }

    fn end_thread(&self, mut state: MutexGuard<'_, State>) {
        let thread = std::mem::take(&mut state.thread);
        state.turn += 1;
        drop(state);
        if let Thread::Started(thread) = thread {
            self.to_do.notify_all();
            // It makes errors of all panics.
            let _ = thread.join();
        }
    }

    /// Leaves a blob to the thread if there is one, and a buffer for `capacity` bytes that `fill` gets the blob into.
    pub(super) fn put(
        self: &Arc<Self>,
        seat: SeatNumber,
        buffers: &Arc<Buffers>,
        capacity: usize,
        fill: impl FnOnce(&mut Lent),
    ) -> Left {
        let Some(mut lent) = buffers.lend(capacity) else {
            return Left::Undone;
        };
        if !self.has_thread() {
            return Left::Undone;
        }
        let urgency = match buffers.is_all_lent(capacity) {
            true => Urgency::Now,
            false => Urgency::Soon,
        };
        // A memory source that panics has done so by now: the blob is still its owner's.
        fill(&mut lent);
        self.push(seat, Task::Put(lent), urgency);
        Left::Queued
    }

    /// Lets the thread read blobs of a column, each into its buffer.
    pub(super) fn read_ahead(&self, seat: SeatNumber, blobs: Vec<(PageKey, Lent)>) {
        self.push(seat, Task::ReadAhead(blobs), Urgency::Now);
    }

    /// Whether there is a thread, and no work for a column.
    pub(super) fn can_work_for(self: &Arc<Self>, seat: SeatNumber) -> bool {
        if !self.has_thread() {
            return false;
        }
        let state = self.lock();
        state.running != Some(seat) && !state.queue.has_work_for(seat)
    }

    /// The blob of `key` if the thread has read it or is about to. Otherwise nothing is left to do
    /// for the column.
    pub(super) fn take_ahead(
        &self,
        seat: SeatNumber,
        column: &Column,
        key: PageKey,
    ) -> Option<Result<Lent>> {
        let mut state = self.lock();
        loop {
            // Asked with the state locked, so that the thread cannot announce it in between.
            if let Some(blob) = column.take_ahead(key) {
                return Some(blob);
            }
            if state.running != Some(seat) {
                let forgotten = state.queue.take_all(seat);
                drop(state);
                drop(forgotten);
                return None;
            }
            state = wait(&self.done, state);
        }
    }

    /// Sees to it that nothing is left to do for a column.
    pub(super) fn settle(&self, seat: SeatNumber, column: &Column) {
        let mut state = self.until_idle(self.lock(), seat);
        let tasks = state.queue.take_all(seat);
        drop(state);
        for task in tasks {
            self.run(task, column);
        }
    }

    /// Whether the thread works or will look for work soon.
    pub(super) fn is_up(&self) -> bool {
        let state = self.lock();
        matches!(state.thread, Thread::Started(_)) && state.sleep != Sleep::Asleep
    }

    /// One column's part of the queue's memory, in bytes.
    pub(super) fn memory_share(&self) -> usize {
        self.memory_share.load(Ordering::Relaxed)
    }

    fn has_thread(self: &Arc<Self>) -> bool {
        let mut state = self.lock();
        if let Thread::NotStarted = state.thread {
            let (desk, turn) = (Arc::clone(self), state.turn);
            let builder = thread::Builder::new().name("herringbone-pages".to_owned());
            state.thread = match builder.spawn(move || desk.work(turn)) {
                Ok(thread) => Thread::Started(thread),
                Err(_) => Thread::Refused,
            };
            state.sleep = Sleep::Awake;
        }
        matches!(state.thread, Thread::Started(_))
    }

    fn push(&self, seat: SeatNumber, task: Task, urgency: Urgency) {
        let mut state = self.lock();
        state.queue.push(seat, task);
        self.publish(&state);
        let is_woken = match state.sleep {
            Sleep::Awake => false,
            Sleep::Napping => urgency == Urgency::Now,
            Sleep::Asleep => true,
        };
        if is_woken {
            state.sleep = Sleep::Awake;
            drop(state);
            self.to_do.notify_one();
        }
    }

    /// The thread.
    fn work(&self, turn: u64) {
        let mut state = self.lock();
        let mut naps = 0;
        while state.turn == turn {
            if let Some((seat, column, task)) = state.queue.next() {
                naps = 0;
                state.running = Some(seat);
                drop(state);
                let running = Running { desk: self };
                let outcome = catch_unwind(AssertUnwindSafe(|| self.run(task, &column)));
                if let Err(cause) = outcome {
                    column.break_down(panicked(cause));
                }
                drop(running);
                state = self.lock();
                continue;
            }
            if naps < MOST_NAPS {
                naps += 1;
                state.sleep = Sleep::Napping;
                state = nap(&self.to_do, state);
            } else {
                state.sleep = Sleep::Asleep;
                state = wait(&self.to_do, state);
            }
            // Whoever has been told to end speaks for no other.
            if state.turn == turn {
                state.sleep = Sleep::Awake;
            }
        }
    }

    fn run(&self, task: Task, column: &Column) {
        match task {
            Task::Put(blob) => column.put_for_later(blob),
            Task::ReadAhead(blobs) => {
                for (key, buffer) in blobs {
                    if column.read_ahead(key, buffer) {
                        // Whoever waits for this blob looks for it with the state locked.
                        drop(self.lock());
                        self.done.notify_all();
                    }
                }
            }
        }
    }

    fn until_idle<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        seat: SeatNumber,
    ) -> MutexGuard<'a, State> {
        while state.running == Some(seat) {
            state = wait(&self.done, state);
        }
        state
    }

    fn publish(&self, state: &State) {
        let share = state.queue.memory_share();
        self.memory_share.store(share, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changed in steps that do not panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.desk.lock().running = None;
        self.desk.done.notify_all();
    }
}

fn nap<'a>(condition: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    let (state, _) = condition
        .wait_timeout(state, NAP)
        .unwrap_or_else(PoisonError::into_inner);
    state
}

fn wait<'a>(condition: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    condition
        .wait(state)
        .unwrap_or_else(PoisonError::into_inner)
}
