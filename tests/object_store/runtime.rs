//! Where requests are made: within a runtime, outside of any, and after it is gone.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::budget::MemoryBudget;
use herringbone::object_store::ObjectStoreSink;
use tokio::runtime::{Builder, Runtime};

use crate::sample::{assert_whole, chunks, file, path, write_all};
use crate::trial::{Fate, Rules, Trial};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread without a runtime.
fn run<T>(future: impl Future<Output = T>) -> T {
    let (mut future, waker) = (
        pin!(future),
        Waker::from(Arc::new(Unpark(thread::current()))),
    );
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap()
}

fn trial(fates: &[(usize, Fate)]) -> Trial {
    Trial::new(Rules {
        fates: fates.to_vec(),
        delay: Duration::from_millis(1),
        ..Rules::default()
    })
}

#[test]
fn a_named_runtime_makes_the_requests_whatever_polls_the_sink() {
    let runtime = runtime();
    for part_size in [5_000, 1 << 20] {
        let trial = trial(&[]);
        let sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(part_size);
        let mut sink = sink.with_runtime(runtime.handle().clone());
        run(write_all(&mut sink, chunks(20_000))).unwrap();
        let object = runtime.block_on(trial.object(&path()));
        assert_whole(&object.unwrap());
    }
}

#[test]
fn without_a_runtime_there_is_an_error_that_says_so() {
    for part_size in [5_000, 1 << 20] {
        let (trial, budget) = (trial(&[]), MemoryBudget::new(1 << 20));
        let sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(part_size);
        let mut sink = sink.with_memory_budget(budget.clone());
        let error = run(write_all(&mut sink, chunks(20_000))).unwrap_err();
        assert!(error.to_string().contains("tokio runtime"), "{error}");
        assert!(trial.seen().requests.is_empty());
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn a_runtime_that_ends_meanwhile_is_an_error_and_no_endless_wait() {
    for (part_size, at) in [(5_000, 0), (5_000, 2), (1 << 20, 0)] {
        let (trial, budget) = (
            trial(&[(at, Fate::HangsBefore)]),
            MemoryBudget::new(1 << 20),
        );
        let sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(part_size);
        let mut sink = sink.with_memory_budget(budget.clone());
        let runtime = runtime();
        runtime.block_on(async {
            // Polled until it waits for the request that never ends.
            let mut written = pin!(write_all(&mut sink, chunks(20_000)));
            while trial.seen().requests.len() <= at {
                let polled = poll_fn(|context| Poll::Ready(written.as_mut().poll(context))).await;
                assert!(polled.is_pending());
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        runtime.shutdown_timeout(Duration::from_secs(5));
        let error = run(sink.complete()).unwrap_err();
        assert!(error.to_string().contains("tokio runtime"), "{error}");
        assert_eq!(budget.used(), 0);
        // Nor do these wait or panic.
        run(sink.abort()).unwrap();
        drop(sink);
    }
}

#[test]
fn a_sink_may_be_dropped_outside_of_its_runtime() {
    let (trial, budget, runtime) = (trial(&[]), MemoryBudget::new(1 << 20), runtime());
    let sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(5_000);
    let mut sink = sink.with_memory_budget(budget.clone());
    runtime
        .block_on(sink.write(file().split_to(20_000)))
        .unwrap();
    drop(sink);
    while trial.seen().open > 0 || budget.used() > 0 {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(trial.seen().requests.last(), Some(&"abort"));
}
