//! What the sink holds, against the limit it was given.

use std::time::Duration;

use bytes::Bytes;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::budget::{MemoryBudget, Reservation};
use herringbone::object_store::ObjectStoreSink;

use crate::sample::path;
use crate::trial::{Rules, Trial};

const MIB: usize = 1 << 20;

/// Who has paid for the chunks that the sink is given.
#[derive(Debug, Clone, Copy)]
enum Chunks {
    /// Nobody, so that the sink does.
    Unpaid,
    /// They have, from the sink's budget.
    Paid,
}

struct PaidChunk(Vec<u8>, #[allow(dead_code, reason = "it pays")] Reservation);

impl AsRef<[u8]> for PaidChunk {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Chunks {
    fn next(self, size: usize, budget: &MemoryBudget) -> Bytes {
        let chunk = vec![7; size];
        match self {
            Chunks::Unpaid => chunk.into(),
            Chunks::Paid => {
                let mut paid = budget.reserve();
                paid.resize(chunk.capacity());
                Bytes::from_owner(PaidChunk(chunk, paid))
            }
        }
    }

    fn tell(self, sink: ObjectStoreSink, budget: &MemoryBudget) -> ObjectStoreSink {
        match self {
            Chunks::Unpaid => sink.with_memory_budget(budget.clone()),
            Chunks::Paid => {
                let mut sink = sink;
                sink.chunks_are_paid_from(budget);
                sink
            }
        }
    }
}

/// A store whose parts take some time and are then forgotten.
fn trial() -> Trial {
    Trial::new(Rules {
        delay: Duration::from_millis(5),
        discards: true,
        least_part: 5 * MIB,
        ..Rules::default()
    })
}

fn sink(trial: &Trial) -> ObjectStoreSink {
    let sink = ObjectStoreSink::new(trial.store(), path());
    sink.with_part_size(5 * MIB).with_parts_in_flight(4)
}

#[tokio::test(start_paused = true)]
async fn the_sink_keeps_to_a_limit_below_what_parts_in_flight_would_take() {
    for chunks in [Chunks::Unpaid, Chunks::Paid] {
        for (limit, expected_in_flight) in [(16, 2), (18, 3), (24, 4), (64, 4)] {
            for size in [3_000, 100_000, 300_000, 1_000_000] {
                let case = format!("{chunks:?} of {size}, {limit} MiB");
                let (trial, budget) = (trial(), MemoryBudget::new(limit * MIB));
                let mut sink = chunks.tell(sink(&trial), &budget);
                for _ in 0..60 * MIB / size {
                    sink.write(chunks.next(size, &budget)).await.unwrap();
                }
                sink.complete().await.unwrap();
                assert!(budget.peak() <= limit * MIB, "{case}: {}", budget.peak());
                let seen = trial.seen();
                assert_eq!(seen.most_in_flight, expected_in_flight, "{case}");
                assert_eq!((budget.used(), seen.open), (0, 0), "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn room_for_a_part_is_reserved_before_it_is_filled_and_nothing_is_paid_for_twice() {
    for chunks in [Chunks::Unpaid, Chunks::Paid] {
        let (trial, budget) = (trial(), MemoryBudget::new(16 * MIB));
        let mut sink = chunks.tell(sink(&trial), &budget);
        assert_eq!(budget.used(), 5 * MIB);
        for _ in 0..4 {
            sink.write(chunks.next(MIB, &budget)).await.unwrap();
            assert_eq!(budget.used(), 5 * MIB, "{chunks:?}");
        }
        sink.write(chunks.next(MIB, &budget)).await.unwrap();
        assert_eq!(budget.used(), 10 * MIB, "{chunks:?}");
        sink.abort().await.unwrap();
        assert_eq!(budget.used(), 0, "{chunks:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_no_room_at_all_one_part_after_another_is_uploaded() {
    for chunks in [Chunks::Unpaid, Chunks::Paid] {
        for limit in [0, 1_000, MIB, 12 * MIB] {
            let (trial, budget) = (trial(), MemoryBudget::new(limit));
            // Somebody else has all of it.
            let mut others = budget.reserve();
            others.resize(limit);
            let mut sink = chunks.tell(sink(&trial), &budget);
            for _ in 0..33 {
                sink.write(chunks.next(MIB, &budget)).await.unwrap();
            }
            sink.complete().await.unwrap();
            assert_eq!(trial.seen().most_in_flight, 1, "{chunks:?} {limit}");
            let held = budget.peak() - others.size();
            assert!(held <= 6 * MIB, "{chunks:?} {limit}: {held}");
            drop(others);
            assert_eq!(budget.used(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_keeps_all_parts_does_not_stop_the_sink() {
    let (trial, budget) = (Trial::new(Rules::default()), MemoryBudget::new(2 * MIB));
    let mut sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(MIB / 2);
    sink.chunks_are_paid_from(&budget);
    for _ in 0..12 {
        sink.write(Chunks::Paid.next(MIB / 3, &budget))
            .await
            .unwrap();
    }
    sink.complete().await.unwrap();
    assert_eq!(trial.object(&path()).await.unwrap().len(), MIB / 3 * 12);
    assert_eq!(budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn many_sinks_on_one_limit_reserve_a_part_of_it_together() {
    let budget = MemoryBudget::new(16 * MIB);
    let members: Vec<_> = (0..100).map(|_| budget.register()).collect();
    let trial = trial();
    let mut sinks: Vec<ObjectStoreSink> = Vec::new();
    for member in &members {
        let mut sink = sink(&trial);
        sink.chunks_are_paid_from(member.budget());
        sinks.push(sink);
    }
    assert!(budget.used() <= 6 * MIB, "{}", budget.used());
    drop(sinks);
    assert_eq!(budget.used(), 0);
}
