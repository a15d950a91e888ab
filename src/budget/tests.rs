//! Claims about budgets, reservations and members.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use proptest::prelude::*;

use super::{MemoryBudget, MemorySource, Reservation};
use crate::errors::{ParquetError, Result};

#[test]
fn refusable_claims_stop_at_the_high_water_mark() {
    let budget = MemoryBudget::new(800);
    let mut pages = budget.reserve();
    pages.try_resize(700).unwrap();
    let refused = pages.try_resize(701).unwrap_err();
    assert!(matches!(
        refused,
        ParquetError::MemoryLimitExceeded {
            limit: 800,
            used: 700,
            ..
        }
    ));
    assert_eq!(pages.size(), 700);
    assert_eq!(budget.used(), 700);
    assert!(!budget.is_under_pressure());
}

#[test]
fn working_memory_is_counted_past_the_limit() {
    let budget = MemoryBudget::new(100);
    let mut encoder = budget.reserve();
    encoder.resize(250);
    assert_eq!(budget.used(), 250);
    assert_eq!(budget.peak(), 250);
    assert!(budget.is_under_pressure());
    assert_eq!(budget.excess(), 250 - 88);
    encoder.try_resize(50).unwrap();
    assert!(!budget.is_under_pressure());
    assert_eq!(budget.excess(), 0);
    assert_eq!(budget.peak(), 250);
}

#[test]
fn there_is_room_up_to_the_limit() {
    let budget = MemoryBudget::new(800);
    let mut held = budget.reserve();
    held.resize(750);
    assert!(budget.can_hold(50));
    assert!(!budget.can_hold(51));
    assert!(!budget.can_hold(usize::MAX));
    let inner = MemoryBudget::with_source(Arc::new(budget.clone()));
    assert!(inner.can_hold(50) && !inner.can_hold(51));
    assert!(MemoryBudget::unlimited().can_hold(usize::MAX));
}

#[test]
fn an_unlimited_budget_counts_and_never_refuses() {
    let budget = MemoryBudget::unlimited();
    let mut held = budget.reserve();
    held.try_resize(usize::MAX / 2).unwrap();
    assert_eq!(budget.used(), usize::MAX / 2);
    assert_eq!(budget.limit(), None);
    assert_eq!(budget.fair_share(), None);
    assert!(!budget.is_under_pressure());
}

#[test]
fn splitting_moves_bytes_without_giving_them_back() {
    let budget = MemoryBudget::new(1000);
    let mut whole = budget.reserve();
    whole.resize(100);
    let part = whole.split(30);
    let rest = whole.take();
    assert_eq!((part.size(), rest.size(), whole.size()), (30, 70, 0));
    drop(whole);
    assert_eq!(budget.used(), 100);
    drop(part);
    assert_eq!(budget.used(), 70);
    drop(rest);
    assert_eq!(budget.used(), 0);
}

#[test]
fn shrinking_below_nothing_stops_at_nothing() {
    let budget = MemoryBudget::new(1000);
    let mut held = budget.reserve();
    held.grow(10);
    held.shrink(11);
    assert_eq!((held.size(), budget.used()), (0, 0));
}

#[test]
fn members_split_the_limit_and_the_greedy_one_gives_way() {
    let budget = MemoryBudget::new(800);
    let greedy = budget.register();
    let modest = budget.register();
    assert_eq!(budget.fair_share(), Some(400));
    let mut large = greedy.reserve();
    let mut small = modest.reserve();
    large.resize(650);
    assert!(!greedy.should_give_way());
    small.resize(100);
    assert_eq!(
        (greedy.used(), modest.used(), budget.used()),
        (650, 100, 750)
    );
    assert!(greedy.should_give_way());
    assert!(!modest.should_give_way());
    drop(modest);
    assert_eq!(budget.members(), 1);
    assert_eq!(budget.used(), 750, "a reservation may outlive its member");
    drop(small);
    assert_eq!(budget.used(), 650);
}

#[test]
fn pressure_among_members_always_finds_one_to_give_way() {
    let budget = MemoryBudget::new(1000);
    let members: Vec<_> = (0..7).map(|_| budget.register()).collect();
    let _held: Vec<Reservation> = members
        .iter()
        .map(|member| {
            let mut held = member.reserve();
            held.resize(126);
            held
        })
        .collect();
    assert!(budget.is_under_pressure());
    assert!(members.iter().any(|member| member.should_give_way()));
}

#[test]
fn parts_of_the_limit_follow_members_and_those_at_work() {
    let budget = MemoryBudget::new(6_400);
    assert_eq!(budget.part(8, 2), Some(800));
    let members: Vec<_> = (0..5).map(|_| budget.register()).collect();
    let [first, second, ..] = members.as_slice() else {
        panic!("five members");
    };
    assert_eq!(first.budget().part(8, 2), Some(640), "half of a share");
    let at_work = [
        first.budget().at_work(),
        second.budget().at_work(),
        budget.at_work(),
    ];
    assert_eq!(budget.part(8, 2), Some(6_400 / 24));
    drop(at_work);
    // They may be at work again, with what they hold now.
    assert_eq!(first.budget().part(8, 2), Some(6_400 / 24));
    assert_eq!(MemoryBudget::unlimited().part(8, 2), None);
}

#[test]
fn a_member_knows_by_how_much_the_limit_was_passed_when_it_grew() {
    let budget = MemoryBudget::new(800);
    let (first, second) = (budget.register(), budget.register());
    let (mut large, mut small) = (first.reserve(), second.reserve());
    large.resize(800);
    assert_eq!(first.budget().most_bytes_over_limit(), 0);
    small.resize(50);
    large.resize(810);
    large.resize(0);
    small.resize(60);
    let over = [first, second].map(|member| member.budget().most_bytes_over_limit());
    assert_eq!(over, [60, 50]);
    assert_eq!(budget.most_bytes_over_limit(), 60);
}

#[test]
fn a_member_has_as_many_to_share_with_as_its_budget() {
    let budget = MemoryBudget::new(800);
    let (first, _second) = (budget.register(), budget.register());
    assert_eq!(first.budget().fair_share(), Some(400));
    assert_eq!(first.fair_share(), Some(400));
}

/// A pool that tells no limit.
#[derive(Debug)]
struct Silent {
    limit: AtomicUsize,
    used: AtomicUsize,
}

impl MemorySource for Silent {
    fn try_grow(&self, bytes: usize) -> Result<()> {
        if self.used.load(Ordering::Relaxed) + bytes > self.limit.load(Ordering::Relaxed) {
            return Err(ParquetError::General("pool exhausted".into()));
        }
        self.grow(bytes);
        Ok(())
    }
    fn grow(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }
    fn shrink(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[test]
fn a_source_that_tells_no_limit_is_learned_from_its_refusals() {
    let pool = Arc::new(Silent {
        limit: AtomicUsize::new(100),
        used: AtomicUsize::new(0),
    });
    let budget = MemoryBudget::with_source(pool.clone());
    let mut held = budget.reserve();
    held.try_resize(90).unwrap();
    assert!(!budget.is_under_pressure());
    let error = held.try_resize(110).unwrap_err();
    assert_eq!(error.to_string(), "Parquet error: pool exhausted");
    assert!(budget.is_under_pressure());
    pool.limit.store(200, Ordering::Relaxed);
    held.try_resize(110).unwrap();
    assert!(!budget.is_under_pressure());
    drop(held);
    assert_eq!(pool.used.load(Ordering::Relaxed), 0);
}

#[test]
fn what_a_foreign_source_refuses_is_still_counted_when_it_must_be() {
    let pool = Arc::new(Silent {
        limit: AtomicUsize::new(10),
        used: AtomicUsize::new(0),
    });
    let budget = MemoryBudget::with_source(pool.clone());
    let mut held = budget.reserve();
    held.resize(15);
    assert_eq!((budget.used(), pool.used.load(Ordering::Relaxed)), (15, 15));
}

#[test]
fn a_budget_behind_a_budget_sees_the_use_of_both() {
    let outer = MemoryBudget::new(800);
    let inner = MemoryBudget::with_source(Arc::new(outer.clone()));
    let mut other = outer.reserve();
    other.resize(600);
    let mut held = inner.reserve();
    held.try_resize(100).unwrap();
    assert!(held.try_grow(1).is_err());
    assert_eq!((inner.used(), outer.used()), (100, 700));
    other.grow(1);
    assert!(inner.is_under_pressure());
    drop((held, other));
    assert_eq!((inner.used(), outer.used()), (0, 0));
}

#[test]
fn threads_leave_nothing_behind_and_refusable_claims_never_pass_the_mark() {
    const THREADS: usize = 8;
    let budget = MemoryBudget::new(8000);
    thread::scope(|scope| {
        for seed in 0..THREADS {
            let budget = budget.clone();
            scope.spawn(move || {
                let member = budget.register();
                let mut held = member.reserve();
                for step in 0..5_000_usize {
                    let wanted = (step * 7919 + seed * 104_729) % 2_500;
                    let before = held.size();
                    match held.try_resize(wanted) {
                        Ok(()) => assert_eq!(held.size(), wanted),
                        Err(_) => assert_eq!(held.size(), before),
                    }
                    assert!(budget.used() <= 7000);
                    assert!(member.used() == held.size());
                }
            });
        }
    });
    assert_eq!(budget.used(), 0);
    assert_eq!(budget.members(), 0);
    assert!(budget.peak() <= 7000);
    assert!(budget.peak() > 0);
}

#[derive(Debug, Clone)]
enum Step {
    Resize(usize, usize),
    TryResize(usize, usize),
    Split(usize, usize),
    Drop(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..8_usize, 0..500_usize).prop_map(|(at, size)| Step::Resize(at, size)),
        (0..8_usize, 0..500_usize).prop_map(|(at, size)| Step::TryResize(at, size)),
        (0..8_usize, 0..500_usize).prop_map(|(at, size)| Step::Split(at, size)),
        (0..8_usize).prop_map(Step::Drop),
    ]
}

proptest! {
    #[test]
    fn used_is_always_the_sum_of_the_live_reservations(steps in prop::collection::vec(step(), 0..80)) {
        let budget = MemoryBudget::new(1000);
        let mut live: Vec<Reservation> = (0..4).map(|_| budget.reserve()).collect();
        let mut highest = 0;
        for step in steps {
            match step {
                Step::Resize(at, size) => {
                    if let Some(held) = live.get_mut(at) {
                        held.resize(size);
                    }
                }
                Step::TryResize(at, size) => {
                    let used = budget.used();
                    if let Some(held) = live.get_mut(at) {
                        let after = used - held.size() + size;
                        let fits = size <= held.size() || after <= 875;
                        prop_assert_eq!(held.try_resize(size).is_ok(), fits);
                    }
                }
                Step::Split(at, size) => {
                    if let Some(held) = live.get_mut(at) {
                        let part = held.split(size);
                        live.push(part);
                    }
                }
                Step::Drop(at) => {
                    if at < live.len() {
                        live.swap_remove(at);
                    }
                }
            }
            let sum: usize = live.iter().map(Reservation::size).sum();
            highest = highest.max(sum);
            prop_assert_eq!(budget.used(), sum);
            prop_assert!(budget.peak() >= sum);
        }
        drop(live);
        prop_assert_eq!(budget.used(), 0);
        prop_assert_eq!(budget.peak(), highest);
    }
}

/// Panics in every call.
#[derive(Debug)]
struct Panicking;

impl MemorySource for Panicking {
    fn try_grow(&self, _bytes: usize) -> Result<()> {
        panic!("planned")
    }

    fn grow(&self, bytes: usize) {
        // What there is to give back.
        assert_eq!(bytes, 100, "planned");
    }

    fn shrink(&self, _bytes: usize) {
        panic!("planned")
    }
}

#[test]
fn the_count_is_right_whatever_a_source_does() {
    let budget = MemoryBudget::with_source(Arc::new(Panicking));
    let member = budget.register();
    let mut held = member.reserve();
    held.resize(100);
    let calls: [fn(&mut Reservation); 2] =
        [|held| held.resize(150), |held| drop(held.try_resize(150))];
    for call in calls {
        catch_unwind(AssertUnwindSafe(|| call(&mut held))).unwrap_err();
        assert_eq!((held.size(), member.used(), budget.used()), (100, 100, 100));
    }
    catch_unwind(AssertUnwindSafe(|| held.resize(40))).unwrap_err();
    assert_eq!((held.size(), member.used(), budget.used()), (40, 40, 40));
    drop(held);
    assert_eq!((member.used(), budget.used()), (0, 0));
}

#[test]
fn a_source_that_panics_while_a_holder_unwinds_does_not_end_the_process() {
    struct Holder(Reservation);
    impl Drop for Holder {
        fn drop(&mut self) {
            self.0.resize(50);
        }
    }
    let budget = MemoryBudget::with_source(Arc::new(Panicking));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut holder = Holder(budget.reserve());
        holder.0.resize(100);
        panic!("planned");
    }));
    unwound.unwrap_err();
    assert_eq!(budget.used(), 0);
}
