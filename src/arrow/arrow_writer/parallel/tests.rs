use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::executor::{Executor, Job, Parallelism};
use super::pool::WorkerPool;
use super::schedule::Schedule;

/// What an executor does with a job.
#[derive(Debug, Clone, Copy)]
enum Manner {
    RunsAtOnce,
    OnAThread,
    Late,
    Drops,
    Never,
}

#[derive(Debug)]
struct Odd {
    manner: Manner,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept(Vec<Job>);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} jobs", self.0.len())
    }
}

impl Executor for Odd {
    fn spawn(&self, job: Job) {
        match self.manner {
            Manner::RunsAtOnce => job(),
            Manner::OnAThread => drop(thread::spawn(job)),
            Manner::Late => drop(thread::spawn(|| {
                thread::sleep(Duration::from_millis(3));
                job();
            })),
            Manner::Drops => drop(job),
            Manner::Never => self.kept.lock().unwrap().0.push(job),
        }
    }
}

fn odd(manner: Manner) -> Arc<Odd> {
    let kept = Mutex::default();
    Arc::new(Odd { manner, kept })
}

fn pools() -> Vec<WorkerPool> {
    let manners = [
        Manner::RunsAtOnce,
        Manner::OnAThread,
        Manner::Late,
        Manner::Drops,
        Manner::Never,
    ];
    let lent = manners.map(|manner| Parallelism::Executor {
        executor: odd(manner),
        threads: 3,
    });
    let own = [2, 3, 8].map(Parallelism::Threads);
    let all = lent.into_iter().chain(own);
    all.map(|one| WorkerPool::new(&one).unwrap()).collect()
}

/// Units of one to three numbers.
fn units(items: usize) -> Vec<Vec<usize>> {
    let mut units: Vec<Vec<usize>> = Vec::new();
    for item in 0..items {
        match units.last_mut() {
            Some(last) if last.len() < 1 + units_len(item) => last.push(item),
            _ => units.push(vec![item]),
        }
    }
    units
}

fn units_len(item: usize) -> usize {
    item % 3
}

#[test]
fn each_item_is_done_once_whoever_helps() {
    for pool in pools() {
        for items in [0, 1, 2, 7, 100] {
            let done = pool.run(units(items), 8, |item| {
                *item += 1000;
                ControlFlow::Continue(())
            });
            assert!(done.panic.is_none());
            let found: Vec<_> = done.units.into_iter().flat_map(|unit| unit.items).collect();
            assert_eq!(found, (1000..1000 + items).collect::<Vec<_>>(), "{pool:?}");
        }
    }
}

#[test]
fn nothing_is_begun_after_an_item_that_breaks() {
    let pool = WorkerPool::new(&Parallelism::Threads(3)).unwrap();
    let begun = Arc::new(AtomicUsize::new(0));
    let count = begun.clone();
    let done = pool.run(units(10_000), 3, move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Break(())
    });
    assert!((1..=3).contains(&begun.load(Ordering::Relaxed)));
    assert_eq!(
        done.units
            .iter()
            .map(|unit| unit.items.len())
            .sum::<usize>(),
        10_000
    );
}

#[test]
fn a_panic_comes_to_the_writer_and_the_workers_go_on() {
    for pool in pools() {
        for _ in 0..20 {
            let done = pool.run(units(50), 3, |item| {
                if *item == 17 {
                    panic_any("seventeen");
                }
                ControlFlow::Continue(())
            });
            let text = done.panic.unwrap();
            assert_eq!(text.downcast_ref(), Some(&"seventeen"), "{pool:?}");
        }
    }
}

#[test]
fn an_executor_that_panics_leaves_no_worker_at_work() {
    #[derive(Debug)]
    struct Panics(AtomicUsize);
    impl Executor for Panics {
        fn spawn(&self, job: Job) {
            if self.0.fetch_add(1, Ordering::Relaxed) == 1 {
                panic_any("no threads");
            }
            thread::spawn(job);
        }
    }
    let executor = Arc::new(Panics(AtomicUsize::new(0)));
    let (executor, threads) = (executor.clone(), 4);
    let pool = WorkerPool::new(&Parallelism::Executor { executor, threads }).unwrap();
    let held = Arc::new(());
    let items = vec![vec![held.clone(); 3]; 100];
    let run = || {
        pool.run(items, 4, |_| {
            thread::sleep(Duration::from_micros(50));
            ControlFlow::Continue(())
        })
    };
    let caught = catch_unwind(AssertUnwindSafe(run));
    assert!(caught.is_err());
    drop(pool);
    assert_eq!(Arc::strong_count(&held), 1);
}

/// Jobs that an executor never comes to do not pile up, keep nothing alive, and do nothing when they are run at last.
#[test]
fn jobs_that_are_run_too_late_find_nothing() {
    let executor = odd(Manner::Never);
    let pool = WorkerPool::new(&Parallelism::Executor {
        executor: executor.clone(),
        threads: 4,
    })
    .unwrap();
    for _ in 0..100 {
        let continues = |_: &mut usize| ControlFlow::Continue(());
        assert_eq!(
            pool.run(units(30), 4, continues).units.len(),
            units(30).len()
        );
    }
    drop(pool);
    assert_eq!(Arc::strong_count(&executor), 1);
    let jobs = std::mem::take(&mut executor.kept.lock().unwrap().0);
    assert!((1..=3).contains(&jobs.len()), "{}", jobs.len());
    jobs.into_iter().for_each(|job| job());
}

#[test]
fn columns_that_cost_most_come_first_and_alone() {
    let mut schedule = Schedule::default();
    assert_eq!(schedule.threads_for(100, 1, 2), 1);
    assert_eq!(schedule.threads_for(100, 1_000_000, 2), 2);
    for _ in 0..200 {
        let units = schedule.units(2).to_vec();
        let mut all = units.concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        for (index, unit) in units.iter().enumerate() {
            // Column 40 takes as long as all others together.
            let took = unit.iter().map(|column| if *column == 40 { 99 } else { 1 });
            schedule.measured(index, Duration::from_micros(took.sum()), 1000);
        }
    }
    assert_eq!(schedule.units(2)[0], [40]);
}
