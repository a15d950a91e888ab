//! The thread that works for all columns.
//!
//! What is left to do for a column waits with that column, and is done in order by whoever comes first: the thread,
//! or the owner that needs it done. The thread is only told which columns have work, so nothing is lost when it is
//! late, or is not there at all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::column::{Column, panicked};

/// One thread for any number of columns, which may belong to many writers. It starts with the first work and ends with
/// the last column.
#[derive(Default)]
pub(super) struct IoWorker {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    columns: usize,
    thread: Thread,
}

#[derive(Default)]
enum Thread {
    #[default]
    NotStarted,
    Started {
        work: Sender<Work>,
        handle: JoinHandle<()>,
    },
    /// The system has none for us now.
    Refused,
}

/// Columns with something to do, once for each task.
type Work = Vec<Arc<Column>>;

/// Tasks of which the thread has not been told yet. To wake it costs the owner some microseconds, and this saves them
/// for most tasks.
pub(super) struct Outbox {
    worker: Arc<IoWorker>,
    unsent: Mutex<Work>,
}

/// Many small tasks are sent before they fill the buffers, since each costs memory beside its blob.
const MOST_UNSENT: usize = 256;

impl IoWorker {
    fn join(&self) {
        let mut state = self.lock();
        state.columns += 1;
        if let Thread::Refused = state.thread {
            state.thread = Thread::NotStarted;
        }
    }

    /// With the last column the thread ends.
    fn leave(&self) {
        let mut state = self.lock();
        state.columns -= 1;
        if state.columns > 0 {
            return;
        }
        let thread = std::mem::take(&mut state.thread);
        drop(state);
        if let Thread::Started { work, handle } = thread {
            drop(work);
            // It makes errors of all panics.
            let _ = handle.join();
        }
    }

    /// Leaves work to the thread. If there is none, the caller does it.
    fn send(&self, work: Work) {
        let mut state = self.lock();
        if let Thread::NotStarted = state.thread {
            state.thread = Thread::start();
        }
        if let Thread::Started { work: queue, .. } = &state.thread {
            // It ends only when this sender is gone.
            let _ = queue.send(work);
            return;
        }
        drop(state);
        work.iter().for_each(do_next);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Changed in steps that do not panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Thread {
    fn start() -> Self {
        let (work, queue) = channel();
        let builder = thread::Builder::new().name("herringbone-pages".to_owned());
        match builder.spawn(move || do_all(&queue)) {
            Ok(handle) => Self::Started { work, handle },
            Err(_) => Self::Refused,
        }
    }
}

/// The thread.
fn do_all(queue: &Receiver<Work>) {
    queue.iter().flatten().for_each(|column| do_next(&column));
}

/// Does one task of a column. A panic waits there for the owner.
fn do_next(column: &Arc<Column>) {
    let outcome = catch_unwind(AssertUnwindSafe(|| column.do_next()));
    if let Err(cause) = outcome {
        column.break_down(panicked(cause));
    }
}

impl Outbox {
    pub(super) fn new(worker: Arc<IoWorker>) -> Self {
        Self {
            worker,
            unsent: Mutex::default(),
        }
    }

    pub(super) fn worker(&self) -> &Arc<IoWorker> {
        &self.worker
    }

    /// Counts a column in, until it [leaves](Self::leave).
    pub(super) fn join(&self) {
        self.worker.join();
    }

    pub(super) fn leave(&self) {
        // Other columns' tasks are done by their owners at the latest.
        drop(std::mem::take(&mut *self.lock()));
        self.worker.leave();
    }

    /// Notes that a column has one more task.
    pub(super) fn add(&self, column: &Arc<Column>) {
        let mut unsent = self.lock();
        unsent.push(Arc::clone(column));
        if unsent.len() >= MOST_UNSENT {
            drop(unsent);
            self.send();
        }
    }

    /// Tells the thread of all tasks that have been noted.
    pub(super) fn send(&self) {
        let work = std::mem::take(&mut *self.lock());
        if !work.is_empty() {
            self.worker.send(work);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl IoWorker {
    pub(super) fn has_thread(&self) -> bool {
        matches!(self.lock().thread, Thread::Started { .. })
    }
}
