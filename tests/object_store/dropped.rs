//! Futures and sinks that are dropped anywhere.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::budget::MemoryBudget;
use herringbone::errors::{ParquetError, Result};
use herringbone::object_store::ObjectStoreSink;
use tokio::time::sleep;

use crate::failures::kind;
use crate::sample::{assert_whole, chunks, file, path};
use crate::trial::{Fate, Rules, Trial};

fn rules() -> Rules {
    Rules {
        delay: Duration::from_millis(10),
        ..Rules::default()
    }
}

fn sink(trial: &Trial, part_size: usize, budget: &MemoryBudget) -> ObjectStoreSink {
    let sink = ObjectStoreSink::new(trial.store(), path()).with_memory_budget(budget.clone());
    sink.with_part_size(part_size).with_parts_in_flight(2)
}

/// Polls `polls` times, with some time in between, and drops the future.
pub(crate) async fn poll_and_drop(
    mut future: BoxFuture<'_, Result<()>>,
    polls: usize,
) -> Poll<Result<()>> {
    for poll in 0..polls {
        if poll > 0 {
            sleep(Duration::from_millis(2)).await;
        }
        let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if polled.is_ready() {
            return polled;
        }
    }
    Poll::Pending
}

#[tokio::test(start_paused = true)]
async fn no_byte_is_lost_with_a_future_that_was_polled() {
    for part_size in [5_000, 1 << 20] {
        for polls in [1, 2, 5] {
            let (trial, budget) = (Trial::new(rules()), MemoryBudget::new(1 << 20));
            let (mut sink, mut dropped) = (sink(&trial, part_size, &budget), 0);
            assert!(sink.keeps_bytes_of_dropped_writes());
            for chunk in chunks(20_000) {
                let polled = poll_and_drop(sink.write(chunk), polls).await;
                dropped += usize::from(polled.is_pending());
            }
            loop {
                match poll_and_drop(sink.complete(), polls).await {
                    Poll::Ready(result) => break result.unwrap(),
                    Poll::Pending => dropped += 1,
                }
                sleep(Duration::from_millis(1)).await;
            }
            assert!(dropped > 0, "{part_size}, {polls}");
            assert_whole(&trial.object(&path()).await.unwrap());
            assert_eq!(sink.uploaded().unwrap().size, file().len() as u64);
            let completions = trial.seen().requests.into_iter();
            let completions = completions.filter(|kind| ["complete", "put"].contains(kind));
            assert_eq!(completions.count(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_that_was_never_polled_takes_nothing() {
    let (trial, budget) = (Trial::new(rules()), MemoryBudget::unlimited());
    let mut sink = sink(&trial, 5_000, &budget);
    drop(sink.write(Bytes::from_static(b"never")));
    sink.write(Bytes::from_static(b"taken")).await.unwrap();
    drop(sink.complete());
    sink.write(Bytes::from_static(b", too")).await.unwrap();
    sink.complete().await.unwrap();
    assert_eq!(trial.object(&path()).await.unwrap(), "taken, too");
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_future_waited_for_fails_the_next_call() {
    let trial = Trial::new(Rules {
        fates: vec![(2, Fate::FailsMeanwhile)],
        ..rules()
    });
    let budget = MemoryBudget::new(1 << 20);
    let mut sink = sink(&trial, 5_000, &budget);
    let polled = poll_and_drop(sink.write(file().split_to(30_000)), 1).await;
    assert!(polled.is_pending());
    sleep(Duration::from_secs(1)).await;
    // The upload is aborted without a call.
    assert_eq!(trial.seen().open, 0);
    let error = sink.write(Bytes::from_static(b"more")).await.unwrap_err();
    assert_eq!(kind(&error), Some(ErrorKind::ConnectionReset));
    assert!(!matches!(error, ParquetError::Latched(_)));
    assert_eq!(budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_sink_ends_its_upload() {
    for part_size in [5_000, 1 << 20] {
        let given = chunks(20_000);
        for taken in 0..=given.len() {
            for polls in [0, 1, 2] {
                let case = format!("{part_size}: {taken} chunks, {polls} polls");
                let (trial, budget) = (Trial::new(rules()), MemoryBudget::new(1 << 20));
                let mut sink = sink(&trial, part_size, &budget);
                for chunk in &given[..taken] {
                    sink.write(chunk.clone()).await.unwrap();
                }
                let ended = poll_and_drop(sink.complete(), polls).await;
                assert!(ended.is_pending(), "{case}");
                drop(sink);
                sleep(Duration::from_secs(1)).await;
                assert_eq!(trial.seen().open, 0, "{case}");
                assert_eq!(budget.used(), 0, "{case}");
                assert!(trial.object(&path()).await.is_none(), "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_abort_that_was_dropped_goes_on() {
    let trial = Trial::new(rules());
    let budget = MemoryBudget::new(1 << 20);
    let mut sink = sink(&trial, 5_000, &budget);
    sink.write(file().split_to(30_000)).await.unwrap();
    assert!(poll_and_drop(Box::pin(sink.abort()), 1).await.is_pending());
    sleep(Duration::from_secs(1)).await;
    assert_eq!((trial.seen().open, budget.used()), (0, 0));
    let error = sink.write(Bytes::from_static(b"more")).await.unwrap_err();
    assert!(error.to_string().contains("was aborted"), "{error}");
    sink.abort().await.unwrap();
}
