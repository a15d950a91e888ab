//! Where work lies for whoever has time for it: the units of a round, and pages that wait to be sealed.

use std::collections::VecDeque;
use std::fmt;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::executor::Executor;
use super::round::{SharedWork, lock};
use crate::column::writer::{PageHelp, UnsealedPage};

/// What workers share with the writer, and what is left of it when the writer has gone.
pub(super) struct WorkQueue {
    state: Mutex<QueueState>,
    /// There is something to do, or nothing will be any more.
    work_came: Condvar,
    /// A worker is free again.
    writer_goes_on: Condvar,
    /// How often work came: who looks at it needs no lock.
    arrivals: AtomicUsize,
    /// Workers at most.
    workers: usize,
    /// Threads that may work at once, the writer's among them.
    allowed: AtomicUsize,
    /// Bytes that pages under a memory limit have claimed.
    claimed_bytes: AtomicUsize,
    this: Weak<Self>,
}

/// How long a thread looks for what it waits for before it sleeps. To wake one takes about as long, and batches often
/// come one right after the other.
const AWAKE: Duration = Duration::from_micros(50);

/// How long the writer waits for the last units of a round before it seals a page meanwhile: it would leave workers
/// without work if it took one as soon as it has a moment.
const PATIENCE: Duration = Duration::from_micros(200);

/// Pages that wait to be sealed, for each worker. Who has one more seals it.
const PAGES_A_WORKER: usize = 4;

struct QueueState {
    round: Option<Arc<dyn SharedWork>>,
    pages: VecDeque<Arc<UnsealedPage>>,
    /// Gives workers, where the writer has no threads of its own.
    executor: Option<Arc<dyn Executor>>,
    /// Jobs that the executor has.
    jobs: usize,
    /// Workers that do something.
    busy: usize,
    /// Threads of the writer's own that sleep.
    asleep: usize,
    is_closed: bool,
}

/// What a worker does next.
enum Task {
    Round(Arc<dyn SharedWork>),
    Page(Arc<UnsealedPage>),
}

/// One of the jobs that an executor has, until it has been run or dropped.
struct JobPlace(Weak<WorkQueue>);

impl WorkQueue {
    pub(super) fn new(workers: usize, executor: Option<Arc<dyn Executor>>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            state: Mutex::new(QueueState {
                round: None,
                pages: VecDeque::new(),
                executor,
                jobs: 0,
                busy: 0,
                asleep: 0,
                is_closed: false,
            }),
            work_came: Condvar::new(),
            writer_goes_on: Condvar::new(),
            arrivals: AtomicUsize::new(0),
            workers,
            allowed: AtomicUsize::new(usize::MAX),
            claimed_bytes: AtomicUsize::new(0),
            this: this.clone(),
        })
    }

    /// Lays a round out, for no more than `workers`.
    pub(super) fn post(&self, round: Arc<dyn SharedWork>, workers: usize) {
        lock(&self.state).round = Some(round);
        self.call_workers(workers.min(self.workers));
    }

    /// Sets how many threads may work at once: pages are left here only for others.
    pub(super) fn allow(&self, threads: usize) {
        self.allowed.store(threads, Ordering::Relaxed);
    }

    /// Works on `round`, and on pages that lie here while others end it.
    pub(super) fn finish(&self, round: &dyn SharedWork) {
        while round.do_next() {}
        if !look_for(|| round.is_over()) {
            self.wait_for(round);
        }
        lock(&self.state).round = None;
    }

    fn wait_for(&self, round: &dyn SharedWork) {
        let mut state = lock(&self.state);
        while !round.is_over() {
            let waited = self.writer_goes_on.wait_timeout(state, PATIENCE);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out()
                && let Some(page) = state.pages.pop_front()
            {
                drop(state);
                page.seal();
                state = lock(&self.state);
            }
        }
    }

    /// What a thread of the writer's own does all its life.
    pub(super) fn work_until_closed(&self) {
        let mut state = lock(&self.state);
        while !state.is_closed {
            state = match state.next() {
                Some(task) => self.work_on(task, state),
                None => self.rest(state),
            };
        }
    }

    /// Waits for work to come.
    fn rest<'a>(&'a self, state: MutexGuard<'a, QueueState>) -> MutexGuard<'a, QueueState> {
        let before = self.arrivals.load(Ordering::Acquire);
        drop(state);
        let came = || self.arrivals.load(Ordering::Acquire) != before;
        look_for(came);
        let mut state = lock(&self.state);
        if !came() && !state.is_closed {
            state.asleep += 1;
            state = wait(&self.work_came, state);
            state.asleep -= 1;
        }
        state
    }

    /// Ends all work, and waits for those who are at it.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.is_closed = true;
        let round = state.round.take();
        let (pages, executor) = (std::mem::take(&mut state.pages), state.executor.take());
        self.arrivals.fetch_add(1, Ordering::AcqRel);
        self.work_came.notify_all();
        while state.busy > 0 {
            state = wait(&self.writer_goes_on, state);
        }
        drop(state);
        drop((round, pages, executor));
    }

    /// What a job does: it ends when there is nothing to do.
    fn work_while_there_is_some(&self) {
        let mut state = lock(&self.state);
        while !state.is_closed
            && let Some(task) = state.next()
        {
            state = self.work_on(task, state);
        }
    }

    /// Works on `task` without the lock, and comes back with it.
    fn work_on<'a>(
        &'a self,
        task: Task,
        mut state: MutexGuard<'a, QueueState>,
    ) -> MutexGuard<'a, QueueState> {
        state.busy += 1;
        drop(state);
        match task {
            Task::Round(round) => while round.do_next() {},
            Task::Page(page) => page.seal(),
        }
        let mut state = lock(&self.state);
        state.busy -= 1;
        self.writer_goes_on.notify_one();
        state
    }

    /// Tells workers that work came: wakes so many threads, or asks for them.
    fn call_workers(&self, count: usize) {
        self.arrivals.fetch_add(1, Ordering::AcqRel);
        for _ in 0..count {
            let mut state = lock(&self.state);
            let Some(executor) = state.executor.clone() else {
                // Who is awake looks for work by itself.
                let asleep = state.asleep;
                drop(state);
                (0..count.min(asleep)).for_each(|_| self.work_came.notify_one());
                return;
            };
            if state.jobs >= self.workers {
                return;
            }
            state.jobs += 1;
            drop(state);
            let place = JobPlace(self.this.clone());
            executor.spawn(Box::new(move || place.work()));
        }
    }
}

impl PageHelp for WorkQueue {
    fn offer(&self, page: &Arc<UnsealedPage>) -> bool {
        let mut state = lock(&self.state);
        if state.is_closed || state.pages.len() >= self.workers * PAGES_A_WORKER {
            return false;
        }
        state.pages.push_back(page.clone());
        drop(state);
        self.call_workers(1);
        true
    }

    fn workers(&self) -> usize {
        self.workers
    }

    fn claim(&self, bytes: usize, most: usize) -> bool {
        let more = |held: usize| held.checked_add(bytes).filter(|held| *held <= most);
        self.allowed.load(Ordering::Relaxed) > 1
            && self
                .claimed_bytes
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
                .is_ok()
    }

    fn release(&self, bytes: usize) {
        self.claimed_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl QueueState {
    /// What is to be done next. A page waits until nobody else is needed for the round.
    fn next(&mut self) -> Option<Task> {
        let round = self.round.as_ref().filter(|round| round.has_next());
        match round {
            Some(round) => Some(Task::Round(round.clone())),
            None => self.pages.pop_front().map(Task::Page),
        }
    }
}

impl JobPlace {
    fn work(&self) {
        if let Some(queue) = self.0.upgrade() {
            queue.work_while_there_is_some();
        }
    }
}

impl Drop for JobPlace {
    fn drop(&mut self) {
        if let Some(queue) = self.0.upgrade() {
            lock(&queue.state).jobs -= 1;
        }
    }
}

impl fmt::Debug for WorkQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkQueue")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

/// Looks for `found` for a moment.
fn look_for(found: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    loop {
        for _ in 0..32 {
            if found() {
                return true;
            }
            spin_loop();
        }
        if start.elapsed() > AWAKE {
            return false;
        }
    }
}

fn wait<'a>(condition: &Condvar, state: MutexGuard<'a, QueueState>) -> MutexGuard<'a, QueueState> {
    condition
        .wait(state)
        .unwrap_or_else(PoisonError::into_inner)
}
