//! Threads that work together, as a sanitizer wants to see them: rounds by pools of every kind, pages that columns and
//! workers race for, and reservations of one budget on many threads.

mod arrow_writer;
#[path = "../../../src/budget/mod.rs"]
mod budget;
mod column;
#[path = "../../../src/errors.rs"]
mod errors;
#[path = "../../../src/latch.rs"]
mod latch;
mod meta {
    pub(crate) mod statistics {
        #[derive(Debug)]
        pub(crate) struct Statistics;
    }
}
mod wire;

use std::thread;

use budget::MemoryBudget;

fn main() {
    arrow_writer::rounds();
    arrow_writer::pages();
    reservations();
    println!("rounds, pages and reservations have ended");
}

/// What many threads reserve and give back is all counted, and refusals keep below the mark.
fn reservations() {
    const LIMIT: usize = 100_000;
    let budget = MemoryBudget::new(LIMIT);
    thread::scope(|scope| {
        for thread in 0..6 {
            let budget = &budget;
            scope.spawn(move || {
                let member = budget.register();
                for step in 0..400 {
                    let _work = budget.at_work();
                    let mut held = member.reserve();
                    let bytes = 1 + (thread * 7919 + step * 104_729) % 20_000;
                    if held.try_resize(bytes).is_ok() {
                        assert_eq!(held.size(), bytes);
                    }
                    let part = held.split(bytes / 2);
                    thread::yield_now();
                    held.shrink(bytes);
                    drop(part);
                    assert!(member.used() <= 20_000);
                    assert!(budget.part(1, 0).is_some_and(|part| part <= LIMIT));
                }
            });
        }
    });
    assert!(budget.peak() <= LIMIT);
    assert_eq!((budget.used(), budget.members()), (0, 0));
}
