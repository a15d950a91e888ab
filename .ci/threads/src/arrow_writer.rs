//! The pool as it is, and what it is made to do.

#[path = "../../../src/arrow/arrow_writer/parallel/mod.rs"]
pub(crate) mod parallel;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use parallel::{Executor, Job, Parallelism, Team};

use crate::column::writer::Column;

#[derive(Debug)]
struct Threads;

impl Executor for Threads {
    fn spawn(&self, job: Job) {
        thread::spawn(job);
    }
}

#[derive(Debug)]
struct Inline;

impl Executor for Inline {
    fn spawn(&self, job: Job) {
        job();
    }
}

fn teams() -> Vec<Arc<Team>> {
    let lent = |executor: Arc<dyn Executor>| Parallelism::Executor {
        executor,
        threads: 4,
    };
    let all = [
        Parallelism::Threads(2),
        Parallelism::Threads(5),
        lent(Arc::new(Threads)),
        lent(Arc::new(Inline)),
    ];
    all.iter().filter_map(Team::new).collect()
}

/// Items go through many rounds, each time on another thread; one of them panics now and then, or breaks.
pub(crate) fn rounds() {
    for team in teams() {
        let mut items: Vec<u64> = (0..60).collect();
        for round in 0..120_u64 {
            let (done, panic) = team.each(items.into_iter(), (1_000_000, 4), move |item| {
                *item += 1;
                match (round % 10, *item % 61) {
                    (7, 9) => std::panic::resume_unwind(Box::new("planned")),
                    (8, 9) => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            });
            assert_eq!(done.len(), 60);
            assert!(panic.is_none() || round % 10 == 7);
            items = done;
        }
    }
}

/// Columns of a round offer pages, take them back in their order, and leave some for the next round or for nobody.
pub(crate) fn pages() {
    for team in teams() {
        for _ in 0..10 {
            columns_seal_pages(&team);
        }
    }
}

fn columns_seal_pages(team: &Team) {
    let mut columns = Column::all(8, &team.page_help());
    for _ in 0..6 {
        let (done, panic) = team.each(columns.into_iter(), (1_000_000, 4), |column| {
            column.lay_pages();
            ControlFlow::Continue(())
        });
        assert!(panic.is_none());
        columns = done;
        assert!(columns.iter().take(2).all(Column::waits_for_first));
    }
    // Half of them are dropped while their pages lie with others.
    columns.truncate(4);
    for column in &mut columns {
        while column.take_first() {}
        assert_eq!(column.taken, 18);
    }
}
