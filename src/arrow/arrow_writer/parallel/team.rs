//! A pool, and what it knows of the columns that it works on.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::executor::Parallelism;
use super::pool::WorkerPool;
pub(in super::super) use super::round::Payload;
use super::round::lock;
use super::schedule::Schedule;
use crate::column::writer::PageHelp;

/// Deals columns out to the threads of one writer. It lives as long as the writer, and goes from row group to row
/// group.
#[derive(Debug)]
pub(in super::super) struct Team {
    pool: WorkerPool,
    schedule: Mutex<Schedule>,
}

impl Team {
    /// A team as `parallelism` wants it; `None` if the writer works alone.
    pub(in super::super) fn new(parallelism: &Parallelism) -> Option<Arc<Self>> {
        let pool = WorkerPool::new(parallelism)?;
        let schedule = Mutex::default();
        Some(Arc::new(Self { pool, schedule }))
    }

    /// Threads that work at once, that of the writer among them.
    pub(in super::super) fn threads(&self) -> usize {
        self.pool.threads()
    }

    /// Those who seal pages for columns.
    pub(in super::super) fn page_help(&self) -> Arc<dyn PageHelp> {
        self.pool.page_help()
    }

    /// Sets how many threads there is room for from now on. Where it is one, pages are not left for others to seal.
    pub(in super::super) fn allow(&self, threads: usize) {
        self.pool.allow(threads);
    }

    /// Threads that a batch of so many rows and columns is worth, of `most`.
    pub(in super::super) fn threads_for(&self, columns: usize, rows: usize, most: usize) -> usize {
        lock(&self.schedule).threads_for(columns, rows, most)
    }

    /// Takes in how long a batch took that the writer encoded alone.
    pub(in super::super) fn measured_alone(&self, took: Duration, rows: usize) {
        lock(&self.schedule).measured_all(took, rows);
    }

    /// Has `work` done on what is there for each column, `items`, by no more than `threads` threads. Where it breaks,
    /// no other item is begun. Returns the items in their order, but for those that a panic took; what the panic
    /// carried comes with them.
    pub(in super::super) fn each<T: Send + 'static>(
        &self,
        items: impl Iterator<Item = T>,
        (rows, threads): (usize, usize),
        work: impl Fn(&mut T) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> (Vec<T>, Option<Payload>) {
        let mut places: Vec<Option<T>> = items.map(Some).collect();
        let mut schedule = lock(&self.schedule);
        schedule.threads_for(places.len(), rows, threads);
        let dealt = schedule.units(self.pool.threads());
        let mut take = |column: &usize| places.get_mut(*column).and_then(Option::take);
        let units = dealt
            .iter()
            .map(|unit| unit.iter().filter_map(&mut take).collect());
        let done = self.pool.run(units.collect(), threads, work);
        for (index, unit) in done.units.into_iter().enumerate() {
            if !done.is_stopped && rows > 0 {
                schedule.measured(index, unit.took, rows);
            }
            let dealt = schedule.dealt(index).iter();
            for (column, item) in dealt.zip(unit.items) {
                if let Some(place) = places.get_mut(*column) {
                    *place = Some(item);
                }
            }
        }
        (places.into_iter().flatten().collect(), done.panic)
    }
}
