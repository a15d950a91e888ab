//! Where work lies for whoever has time for it: the units of a round, and pages that wait to be sealed.

use std::collections::VecDeque;
use std::fmt;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::executor::Executor;
use super::round::{Chores, lock};
use crate::column::writer::{PageHelp, UnsealedPage};

/// What helpers share with the writer, and what is left of it when the writer has gone.
pub(super) struct Desk {
    board: Mutex<Board>,
    /// There is something to do, or nothing will be any more.
    work_came: Condvar,
    /// A helper is free again.
    writer_goes_on: Condvar,
    /// How often work came: who looks at it needs no lock.
    arrivals: AtomicUsize,
    /// Helpers at most.
    helpers: usize,
    this: Weak<Self>,
}

/// How long a thread looks for what it waits for before it sleeps. To wake one takes about as long, and batches often
/// come one right after the other.
const AWAKE: Duration = Duration::from_micros(50);

/// How long the writer waits for the last units of a round before it seals a page meanwhile: it would leave helpers
/// without work if it took one as soon as it has a moment.
const PATIENCE: Duration = Duration::from_micros(200);

/// Pages that wait to be sealed, for each helper. Who has one more seals it.
const PAGES_A_HELPER: usize = 4;

struct Board {
    round: Option<Arc<dyn Chores>>,
    pages: VecDeque<Arc<UnsealedPage>>,
    /// Gives helpers, where the writer has no threads of its own.
    executor: Option<Arc<dyn Executor>>,
    /// Jobs that the executor has.
    jobs: usize,
    /// Helpers that do something.
    busy: usize,
    /// Threads of the writer's own that sleep.
    asleep: usize,
    is_closed: bool,
}

/// What a helper does next.
enum Chore {
    Round(Arc<dyn Chores>),
    Page(Arc<UnsealedPage>),
}

/// One of the jobs that an executor has, until it has been run or dropped.
struct JobPlace(Weak<Desk>);

impl Desk {
    pub(super) fn new(helpers: usize, executor: Option<Arc<dyn Executor>>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            board: Mutex::new(Board {
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
            helpers,
            this: this.clone(),
        })
    }

    /// Lays a round out, for no more than `helpers`.
    pub(super) fn post(&self, round: Arc<dyn Chores>, helpers: usize) {
        lock(&self.board).round = Some(round);
        self.call_helpers(helpers.min(self.helpers));
    }

    /// Works on `round`, and on pages that lie here while others end it.
    pub(super) fn finish(&self, round: &dyn Chores) {
        while round.do_next() {}
        if !look_for(|| round.is_over()) {
            self.wait_for(round);
        }
        lock(&self.board).round = None;
    }

    fn wait_for(&self, round: &dyn Chores) {
        let mut board = lock(&self.board);
        while !round.is_over() {
            let waited = self.writer_goes_on.wait_timeout(board, PATIENCE);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            board = woken;
            if timeout.timed_out()
                && let Some(page) = board.pages.pop_front()
            {
                drop(board);
                page.seal();
                board = lock(&self.board);
            }
        }
    }

    /// What a thread of the writer's own does all its life.
    pub(super) fn work_until_closed(&self) {
        let mut board = lock(&self.board);
        while !board.is_closed {
            board = match board.next() {
                Some(chore) => self.work_on(chore, board),
                None => self.rest(board),
            };
        }
    }

    /// Waits for work to come.
    fn rest<'a>(&'a self, board: MutexGuard<'a, Board>) -> MutexGuard<'a, Board> {
        let before = self.arrivals.load(Ordering::Acquire);
        drop(board);
        let came = || self.arrivals.load(Ordering::Acquire) != before;
        look_for(came);
        let mut board = lock(&self.board);
        if !came() && !board.is_closed {
            board.asleep += 1;
            board = wait(&self.work_came, board);
            board.asleep -= 1;
        }
        board
    }

    /// Ends all work, and waits for those who are at it.
    pub(super) fn close(&self) {
        let mut board = lock(&self.board);
        board.is_closed = true;
        let round = board.round.take();
        let (pages, executor) = (std::mem::take(&mut board.pages), board.executor.take());
        self.arrivals.fetch_add(1, Ordering::AcqRel);
        self.work_came.notify_all();
        while board.busy > 0 {
            board = wait(&self.writer_goes_on, board);
        }
        drop(board);
        drop((round, pages, executor));
    }

    /// What a job does: it ends when there is nothing to do.
    fn work_while_there_is_some(&self) {
        let mut board = lock(&self.board);
        while !board.is_closed
            && let Some(chore) = board.next()
        {
            board = self.work_on(chore, board);
        }
    }

    /// Works on `chore` without the lock, and comes back with it.
    fn work_on<'a>(
        &'a self,
        chore: Chore,
        mut board: MutexGuard<'a, Board>,
    ) -> MutexGuard<'a, Board> {
        board.busy += 1;
        drop(board);
        match chore {
            Chore::Round(round) => while round.do_next() {},
            Chore::Page(page) => page.seal(),
        }
        let mut board = lock(&self.board);
        board.busy -= 1;
        self.writer_goes_on.notify_one();
        board
    }

    /// Tells helpers that work came: wakes so many threads, or asks for them.
    fn call_helpers(&self, count: usize) {
        self.arrivals.fetch_add(1, Ordering::AcqRel);
        for _ in 0..count {
            let mut board = lock(&self.board);
            let Some(executor) = board.executor.clone() else {
                // Who is awake looks for work by itself.
                let asleep = board.asleep;
                drop(board);
                (0..count.min(asleep)).for_each(|_| self.work_came.notify_one());
                return;
            };
            if board.jobs >= self.helpers {
                return;
            }
            board.jobs += 1;
            drop(board);
            let place = JobPlace(self.this.clone());
            executor.spawn(Box::new(move || place.work()));
        }
    }
}

impl PageHelp for Desk {
    fn offer(&self, page: &Arc<UnsealedPage>) -> bool {
        let mut board = lock(&self.board);
        if board.is_closed || board.pages.len() >= self.helpers * PAGES_A_HELPER {
            return false;
        }
        board.pages.push_back(page.clone());
        drop(board);
        self.call_helpers(1);
        true
    }

    fn helpers(&self) -> usize {
        self.helpers
    }
}

impl Board {
    /// What is to be done next. A page waits until nobody else is needed for the round.
    fn next(&mut self) -> Option<Chore> {
        let round = self.round.as_ref().filter(|round| round.has_next());
        match round {
            Some(round) => Some(Chore::Round(round.clone())),
            None => self.pages.pop_front().map(Chore::Page),
        }
    }
}

impl JobPlace {
    fn work(&self) {
        if let Some(desk) = self.0.upgrade() {
            desk.work_while_there_is_some();
        }
    }
}

impl Drop for JobPlace {
    fn drop(&mut self) {
        if let Some(desk) = self.0.upgrade() {
            lock(&desk.board).jobs -= 1;
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("helpers", &self.helpers)
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

fn wait<'a>(condition: &Condvar, board: MutexGuard<'a, Board>) -> MutexGuard<'a, Board> {
    condition
        .wait(board)
        .unwrap_or_else(PoisonError::into_inner)
}
