//! Record batches to stores that fail, and what writer and sink hold together.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use bytes::Bytes;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::arrow::{ArrowWriter, AsyncArrowWriter};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::WriterProperties;
use herringbone::object_store::ObjectStoreSink;
use tokio::time::sleep;

use crate::failures::kind;
use crate::heap;
use crate::sample::path;
use crate::trial::{Fate, Rules, Trial};

const KIB: usize = 1 << 10;

/// Numbers that no encoding makes smaller.
fn batch(number: u64, rows: u64) -> RecordBatch {
    let column = |column: u64| -> ArrayRef {
        let values = (0..rows).map(|row| {
            let seed = (number * rows + row) * 8 + column;
            (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(31) ^ seed) as i64
        });
        Arc::new(values.collect::<Int64Array>())
    };
    let columns = (0..8).map(|at| (format!("c{at}"), column(at)));
    RecordBatch::try_from_iter(columns).unwrap()
}

fn options(budget: &MemoryBudget) -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(1_000));
    ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_memory_budget(budget.clone())
}

fn sink(trial: &Trial) -> ObjectStoreSink {
    let sink = ObjectStoreSink::new(trial.store(), path());
    sink.with_part_size(20 * KIB).with_parts_in_flight(3)
}

fn slow(fates: &[(usize, Fate)]) -> Trial {
    Trial::new(Rules {
        fates: fates.to_vec(),
        delay: Duration::from_millis(3),
        ..Rules::default()
    })
}

const BATCHES: u64 = 5;
const ROWS: u64 = 700;

/// The file as the writer to a `Vec` makes it.
fn file() -> Bytes {
    let options = options(&MemoryBudget::new(1_024 * KIB));
    let schema = batch(0, 1).schema();
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options).unwrap();
    for number in 0..BATCHES {
        writer.write(&batch(number, ROWS)).unwrap();
    }
    writer.into_inner().unwrap().into()
}

async fn write_all(writer: &mut AsyncArrowWriter<ObjectStoreSink>) -> Result<()> {
    for number in 0..BATCHES {
        writer.write(&batch(number, ROWS)).await?;
    }
    writer.finish().await.map(drop)
}

fn writer(trial: &Trial, budget: &MemoryBudget) -> AsyncArrowWriter<ObjectStoreSink> {
    let schema = batch(0, 1).schema();
    AsyncArrowWriter::try_new_with_options(sink(trial), schema, options(budget)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_object_has_the_bytes_of_a_local_file() {
    let (trial, budget) = (slow(&[]), MemoryBudget::new(1_024 * KIB));
    let mut writer = writer(&trial, &budget);
    write_all(&mut writer).await.unwrap();
    let sink = writer.into_inner();
    let uploaded = sink.uploaded().unwrap();
    assert!(trial.object(&path()).await.unwrap() == file());
    assert_eq!(uploaded.size, file().len() as u64);
    assert!(uploaded.parts > 5, "{uploaded:?}");
    assert_eq!(budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn any_request_may_fail_once_under_a_writer() {
    let trial = slow(&[]);
    write_all(&mut writer(&trial, &MemoryBudget::new(1_024 * KIB)))
        .await
        .unwrap();
    for at in 0..trial.seen().requests.len() {
        for fate in [Fate::FailsBefore, Fate::FailsMeanwhile, Fate::FailsAfter] {
            let case = format!("request {at} {fate:?}");
            let (trial, budget) = (slow(&[(at, fate)]), MemoryBudget::new(1_024 * KIB));
            let mut writer = writer(&trial, &budget);
            let error = write_all(&mut writer).await.unwrap_err();
            assert_eq!(kind(&error), Some(ErrorKind::ConnectionReset), "{case}");
            assert_eq!(trial.seen().open, trial.seen().unheard_of, "{case}");
            let later = writer.finish().await.unwrap_err();
            assert!(matches!(later, ParquetError::Latched(_)), "{case}: {later}");
            assert_eq!(kind(&later), Some(ErrorKind::ConnectionReset), "{case}");
            drop(writer);
            assert_eq!(budget.used(), 0, "{case}");
            if let Some(object) = trial.object(&path()).await {
                assert!(object == file(), "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_is_dropped_leaves_no_upload_open() {
    let (trial, budget) = (slow(&[]), MemoryBudget::new(1_024 * KIB));
    let mut dropped = writer(&trial, &budget);
    for number in 0..BATCHES {
        dropped.write(&batch(number, ROWS)).await.unwrap();
    }
    assert_eq!(trial.seen().open, 1);
    drop(dropped);
    sleep(Duration::from_secs(1)).await;
    assert_eq!((trial.seen().open, budget.used()), (0, 0));
    assert!(trial.object(&path()).await.is_none());

    // Or is told to, and waited for.
    let trial = slow(&[]);
    let mut ended = writer(&trial, &budget);
    ended.write(&batch(0, 5_000)).await.unwrap();
    ended.into_inner().abort().await.unwrap();
    assert_eq!((trial.seen().open, budget.used()), (0, 0));
}

#[test]
fn writer_and_sink_together_keep_to_one_limit() {
    let limit = 4_096 * KIB;
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let trial = Trial::new(Rules {
        delay: Duration::from_millis(50),
        least_part: limit / 4,
        discards: true,
        ..Rules::default()
    });
    let budget = MemoryBudget::new(limit);
    let stores = TempFilePageStoreFactory::new();
    let options = ArrowWriterOptions::new()
        .with_page_store_factory(Arc::new(stores))
        .with_memory_budget(budget.clone());
    let sink = ObjectStoreSink::new(trial.store(), path());
    let sink = sink.with_part_size(limit / 4).with_parts_in_flight(4);
    heap::reset();
    let work = async {
        let schema = heap::uncounted(|| batch(0, 1).schema());
        let writer = AsyncArrowWriter::try_new_with_options(sink, schema, options);
        let mut writer = writer.unwrap();
        for number in 0..12 {
            let batch = heap::uncounted(|| batch(number, 20_000));
            writer.write(&batch).await.unwrap();
            heap::uncounted(|| drop(batch));
        }
        writer.finish().await.unwrap();
        writer.into_inner()
    };
    let sink = heap::counted(|| runtime.block_on(work));
    let (uploaded, seen) = (sink.uploaded().unwrap(), trial.seen());
    println!(
        "{uploaded:?}: heap {}, budget {}",
        heap::peak(),
        budget.peak()
    );
    assert!(uploaded.size > 3 * limit as u64);
    assert!(seen.most_in_flight > 1);
    assert!(budget.peak() <= limit, "{}", budget.peak());
    assert!(heap::peak() <= limit + limit / 8, "{}", heap::peak());
}

/// Each part that is being filled takes room that the next writer would have: row groups that end early to free memory
/// free none as long as the sink holds their bytes. Past the limit are at most the parts of the writer at work, of which
/// its share has no room for three.
#[tokio::test(flavor = "multi_thread")]
async fn many_writers_and_their_sinks_keep_to_one_limit() {
    let budget = MemoryBudget::new(4_096 * KIB);
    let schema = batch(0, 1).schema();
    let mut writers: Vec<_> = (0..20)
        .map(|_| {
            let properties = WriterProperties::builder().set_dictionary_enabled(false);
            let options = ArrowWriterOptions::new()
                .with_properties(properties.build())
                .with_memory_budget(budget.clone());
            let sink = ObjectStoreSink::new(slow(&[]).store(), path())
                .with_part_size(150 * KIB)
                .with_parts_in_flight(2);
            AsyncArrowWriter::try_new_with_options(sink, schema.clone(), options).unwrap()
        })
        .collect();
    for number in 0..4 {
        for writer in &mut writers {
            writer.write(&batch(number, 4 * ROWS)).await.unwrap();
        }
    }
    for writer in &mut writers {
        writer.finish().await.unwrap();
        let pressure = writer.memory_pressure();
        assert!(pressure.most_bytes_over_limit <= 450 << 10, "{pressure:?}");
    }
}
