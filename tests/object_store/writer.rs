//! Record batches by way of the asynchronous writer.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::arrow::{ArrowWriter, AsyncArrowWriter};
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::WriterProperties;
use herringbone::object_store::ObjectStoreSink;
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::dropped::poll_and_drop;
use crate::sample::{batch, path};
use crate::trial::{Rules, Trial};

const MIB: usize = 1 << 20;

fn rules() -> Rules {
    Rules {
        delay: Duration::from_millis(10),
        ..Rules::default()
    }
}

fn options() -> ArrowWriterOptions {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(800));
    let options = ArrowWriterOptions::new().with_properties(properties.build());
    options.with_memory_limit(MIB)
}

#[tokio::test(start_paused = true)]
async fn a_program_that_drops_every_call_makes_the_object() {
    let batch = batch();
    let slices = || (0..6).map(|at| batch.slice(at * 500, 500));
    let expected = {
        let mut writer =
            ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options()).unwrap();
        slices().for_each(|slice| writer.write(&slice).unwrap());
        writer.into_inner().unwrap()
    };
    for (polls, on_threads) in [(1, false), (2, false), (5, false), (2, true)] {
        for part_size in [10_000, MIB] {
            let trial = Trial::new(rules());
            let sink = ObjectStoreSink::new(trial.store(), path());
            let sink = sink.with_part_size(part_size).with_parts_in_flight(2);
            let mut writer =
                AsyncArrowWriter::try_new_with_options(sink, batch.schema(), options()).unwrap();
            if on_threads {
                writer = writer.with_runtime(Handle::current());
            }
            let mut dropped = 0;
            for slice in slices() {
                let before = writer.rows_taken();
                while writer.rows_taken() == before {
                    match poll_and_drop(Box::pin(writer.write(&slice)), polls).await {
                        Poll::Ready(result) => result.unwrap(),
                        Poll::Pending => dropped += 1,
                    }
                    sleep(Duration::from_millis(1)).await;
                }
            }
            loop {
                let finished = async { writer.finish().await.map(drop) };
                match poll_and_drop(Box::pin(finished), polls).await {
                    Poll::Ready(result) => break result.unwrap(),
                    Poll::Pending => dropped += 1,
                }
                sleep(Duration::from_millis(1)).await;
            }
            assert!(dropped > 0, "{polls} polls, parts of {part_size}");
            let object = trial.object(&path()).await.unwrap();
            assert!(
                object == expected,
                "{polls} polls, parts of {part_size}: other bytes"
            );
        }
    }
}

/// The writer and the parts on their way keep one limit, while a row group larger than that goes out.
#[tokio::test(start_paused = true)]
async fn a_slow_store_takes_a_row_group_within_the_limit() {
    const LIMIT: usize = 4 * MIB;
    let columns = |batch: i64| {
        (0..4).map(move |column| -> (String, ArrayRef) {
            let values = (0..8_192).map(|row| {
                (batch * 8_192 + row)
                    .wrapping_add(column)
                    .wrapping_mul(0x9E37_79B9_7F4A)
            });
            (
                format!("c{column}"),
                Arc::new(Int64Array::from_iter_values(values)),
            )
        })
    };
    let batch = |number| RecordBatch::try_from_iter(columns(number)).unwrap();
    let trial = Trial::new(Rules {
        discards: true,
        ..rules()
    });
    let budget = MemoryBudget::new(LIMIT);
    let sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(MIB / 2);
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(None)
        .set_dictionary_enabled(false);
    let options = ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_memory_budget(budget.clone());
    let mut writer =
        AsyncArrowWriter::try_new_with_options(sink, batch(0).schema(), options).unwrap();
    for number in 0..40 {
        writer.write(&batch(number)).await.unwrap();
    }
    let metadata = writer.finish().await.unwrap();
    assert_eq!(metadata.num_row_groups(), 1);
    assert!(writer.bytes_written() > 10 * MIB);
    let (seen, over) = (trial.seen(), budget.most_bytes_over_limit());
    println!(
        "peak {}, over {over}, {} in flight",
        budget.peak(),
        seen.most_in_flight
    );
    assert!(seen.most_in_flight > 1);
    assert!(over <= LIMIT / 32, "{over}");
    drop(writer);
    assert_eq!((budget.used(), budget.members()), (0, 0));
}
