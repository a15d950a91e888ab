//! The threads of one writer: its own, or an executor's.

use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use super::executor::Parallelism;
use super::queue::WorkQueue;
use super::round::{Payload, Round, SharedWork, Unit};
use crate::column::writer::PageHelp;

/// Workers that work where the writer works. Dropping it ends their work and joins the threads that are its own.
#[derive(Debug)]
pub(super) struct WorkerPool {
    queue: Arc<WorkQueue>,
    threads: usize,
    own: Option<OnceLock<Vec<JoinHandle<()>>>>,
}

/// What has become of a round.
pub(super) struct Done<T> {
    /// In the order in which they were given.
    pub(super) units: Vec<Unit<T>>,
    /// Whether some item was not begun, or may not have been.
    pub(super) is_stopped: bool,
    /// What the first panic of an item carried.
    pub(super) panic: Option<Payload>,
}

/// Ends a round, also where the writer leaves it by a panic: no worker is at it any more.
struct Posted<'a> {
    queue: &'a WorkQueue,
    round: &'a dyn SharedWork,
}

impl WorkerPool {
    /// Workers as `parallelism` wants them; `None` where nobody helps.
    pub(super) fn new(parallelism: &Parallelism) -> Option<Self> {
        let threads = parallelism.threads();
        let (executor, own) = match parallelism {
            _ if threads < 2 => return None,
            Parallelism::Off => return None,
            Parallelism::Threads(_) => (None, Some(OnceLock::new())),
            Parallelism::Executor { executor, .. } => (Some(executor.clone()), None),
        };
        Some(Self {
            queue: WorkQueue::new(threads - 1, executor),
            threads,
            own,
        })
    }

    /// Threads that work at once, that of the writer among them.
    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Those who seal pages for columns.
    pub(super) fn page_help(&self) -> Arc<dyn PageHelp> {
        self.start();
        self.queue.clone()
    }

    /// Sets how many threads may work at once from now on.
    pub(super) fn allow(&self, threads: usize) {
        self.queue.allow(threads);
    }

    /// Has `work` done on all items, a unit after the other, by no more than `threads`. Where it breaks, no other item
    /// is begun. Returns when no worker is at it any more.
    pub(super) fn run<T: Send + 'static>(
        &self,
        units: Vec<Vec<T>>,
        threads: usize,
        work: impl Fn(&mut T) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Done<T> {
        self.start();
        let round = Arc::new(Round::new(units, work));
        let workers = threads.min(round.len()).saturating_sub(1);
        let posted = Posted {
            queue: &self.queue,
            round: round.as_ref(),
        };
        if workers > 0 {
            self.queue.post(round.clone(), workers);
        }
        drop(posted);
        Done {
            units: round.take_units().collect(),
            is_stopped: round.is_stopped(),
            panic: round.take_panic(),
        }
    }

    /// Starts the writer's own threads when they are needed first. Where the system gives none, the writer works alone.
    fn start(&self) {
        let Some(own) = &self.own else {
            return;
        };
        own.get_or_init(|| {
            let worker = |_| {
                let queue = self.queue.clone();
                let name = "herringbone".to_owned();
                let started = thread::Builder::new().name(name);
                started.spawn(move || queue.work_until_closed()).ok()
            };
            (1..self.threads).map_while(worker).collect()
        });
    }
}

impl Drop for Posted<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.round.stop();
        }
        self.queue.finish(self.round);
    }
}

impl Drop for WorkerPool {
    fn drop(&mut self) {
        self.queue.close();
        let own = self.own.take().and_then(OnceLock::into_inner);
        for worker in own.into_iter().flatten() {
            // A worker lets no panic through.
            drop(worker.join());
        }
    }
}
