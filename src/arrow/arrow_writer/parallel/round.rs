//! A list of work that several threads take from.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::latch::bury;

/// Work in units, as whoever helps with it sees it.
pub(super) trait SharedWork: Send + Sync {
    /// Does the next unit; false if none is left to be begun.
    fn do_next(&self) -> bool;

    /// Whether a unit is left to be begun.
    fn has_next(&self) -> bool;

    /// Whether all units have ended.
    fn is_over(&self) -> bool;

    /// Lets no other item be begun.
    fn stop(&self);
}

/// Items in units, each of which one thread does. A thread takes the next unit by counting on.
pub(super) struct Round<T> {
    /// Only who does a unit holds its lock, until all have ended.
    units: Vec<Mutex<Unit<T>>>,
    next: AtomicUsize,
    ended: AtomicUsize,
    is_stopped: AtomicBool,
    work: Box<Work<T>>,
    panic: Mutex<Option<Payload>>,
}

/// What becomes of an item. Where it breaks, no other item is begun.
type Work<T> = dyn Fn(&mut T) -> ControlFlow<()> + Send + Sync;

/// What a panic carries.
pub(in super::super) type Payload = Box<dyn Any + Send>;

/// Items that one thread does, one after the other.
pub(super) struct Unit<T> {
    pub(super) items: Vec<T>,
    /// Time that they took.
    pub(super) took: Duration,
}

impl<T: Send> Round<T> {
    pub(super) fn new(
        units: Vec<Vec<T>>,
        work: impl Fn(&mut T) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Self {
        let unit = |items| {
            Mutex::new(Unit {
                items,
                took: Duration::ZERO,
            })
        };
        Self {
            units: units.into_iter().map(unit).collect(),
            next: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            is_stopped: AtomicBool::new(false),
            work: Box::new(work),
            panic: Mutex::new(None),
        }
    }

    /// The units as they are when all have ended, in the order they were given.
    pub(super) fn take_units(&self) -> impl Iterator<Item = Unit<T>> {
        self.units.iter().map(|unit| {
            let mut unit = lock(unit);
            Unit {
                items: std::mem::take(&mut unit.items),
                took: unit.took,
            }
        })
    }

    /// What the first panic of an item carried.
    pub(super) fn take_panic(&self) -> Option<Payload> {
        lock(&self.panic).take()
    }

    /// Whether an item broke or panicked.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    pub(super) fn len(&self) -> usize {
        self.units.len()
    }

    fn do_items(&self, items: &mut [T]) {
        for item in items {
            if self.is_stopped.load(Ordering::Relaxed) {
                return;
            }
            match catch_unwind(AssertUnwindSafe(|| (self.work)(item))) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => self.stop(),
                Err(payload) => {
                    self.stop();
                    let mut first = lock(&self.panic);
                    match *first {
                        None => *first = Some(payload),
                        Some(_) => bury(payload),
                    }
                }
            }
        }
    }
}

impl<T: Send> SharedWork for Round<T> {
    fn do_next(&self) -> bool {
        // Past the end it would count on with each who looks, which are few.
        let Some(unit) = self.units.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
            return false;
        };
        let mut unit = lock(unit);
        let start = Instant::now();
        self.do_items(&mut unit.items);
        unit.took = start.elapsed();
        drop(unit);
        self.ended.fetch_add(1, Ordering::AcqRel);
        true
    }

    fn has_next(&self) -> bool {
        self.next.load(Ordering::Relaxed) < self.units.len()
    }

    fn is_over(&self) -> bool {
        self.ended.load(Ordering::Acquire) >= self.units.len()
    }

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}

/// The lock of `mutex`, also where somebody panicked who had it: what it holds is never left half done.
pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
