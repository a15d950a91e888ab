//! Stores that are particular about parts, and many parts.

use bytes::Bytes;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::budget::MemoryBudget;
use herringbone::object_store::ObjectStoreSink;

use crate::sample::{assert_whole, chunks, path, write_all};
use crate::trial::{Rules, Trial};

#[tokio::test]
async fn no_part_but_the_last_is_smaller_than_asked_for() {
    for limit in [1_000, 10_000, 100_000, 1 << 30] {
        let trial = Trial::new(Rules {
            least_part: 5_000,
            ..Rules::default()
        });
        let sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(5_000);
        let mut sink = sink.with_memory_budget(MemoryBudget::new(limit));
        write_all(&mut sink, chunks(20_000)).await.unwrap();
        assert_whole(&trial.object(&path()).await.unwrap());
    }
}

#[tokio::test]
async fn a_store_that_refuses_small_parts_is_an_error_and_not_a_file() {
    let trial = Trial::new(Rules {
        least_part: 5_000,
        ..Rules::default()
    });
    let mut sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(4_000);
    let error = write_all(&mut sink, chunks(20_000)).await.unwrap_err();
    assert!(
        error.to_string().contains("4000 bytes is too small"),
        "{error}"
    );
    assert_eq!(trial.seen().open, 0);
    assert!(trial.object(&path()).await.is_none());
}

/// Bytes in parts so small that they have to grow, or would if they might.
async fn write_bytes(sink: &mut ObjectStoreSink, bytes: usize) -> herringbone::errors::Result<()> {
    for _ in 0..bytes / 1_000 {
        sink.write(Bytes::from(vec![7; 1_000])).await?;
    }
    sink.complete().await
}

#[tokio::test]
async fn parts_grow_so_that_a_large_file_fits() {
    let trial = Trial::new(Rules::default());
    let mut sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(10);
    // More than 10,001 parts of the first part's size.
    write_bytes(&mut sink, 150_000).await.unwrap();
    let sizes = trial.seen().part_sizes;
    assert!(sizes.len() < 10_000, "{}", sizes.len());
    assert_eq!(sizes[..1_250], [10; 1_250]);
    assert!(sizes.contains(&100));
    assert_eq!(trial.object(&path()).await.unwrap().len(), 150_000);
    assert_eq!(sink.uploaded().unwrap().parts, sizes.len());
}

#[tokio::test]
async fn equal_parts_are_equal_and_end_with_the_ten_thousandth() {
    let rules = Rules {
        wants_equal_parts: true,
        ..Rules::default()
    };
    let sink = |trial: &Trial| {
        let sink = ObjectStoreSink::new(trial.store(), path());
        sink.with_equal_parts().with_part_size(10)
    };
    let trial = Trial::new(rules.clone());
    write_bytes(&mut sink(&trial), 100_000).await.unwrap();
    assert_eq!(trial.seen().part_sizes, [10; 10_000]);

    let trial = Trial::new(rules);
    let budget = MemoryBudget::unlimited();
    let mut sink = sink(&trial).with_memory_budget(budget.clone());
    let error = write_bytes(&mut sink, 101_000)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("more than 10000 parts"), "{error}");
    assert_eq!((trial.seen().open, budget.used()), (0, 0));
    assert!(trial.object(&path()).await.is_none());
}

#[tokio::test]
async fn parts_that_a_limit_keeps_small_are_named_when_they_are_too_many() {
    let trial = Trial::new(Rules::default());
    let sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(10);
    let mut sink = sink.with_memory_budget(MemoryBudget::new(48));
    let error = write_bytes(&mut sink, 130_000)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("the last of which had 12 bytes"), "{error}");
    assert_eq!(trial.seen().open, 0);
}
