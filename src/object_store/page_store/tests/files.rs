//! Claims about files whose pages wait in an object store.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::factory;
use super::objects::{Fault, Kind, Objects};
use crate::arrow::ArrowWriter;
use crate::arrow::arrow_writer::ArrowWriterOptions;
use crate::budget::MemoryBudget;
use crate::errors::{ParquetError, Result};
use crate::file::properties::WriterProperties;
use crate::object_store::ObjectPageStoreFactory;

/// Rows of numbers and texts that do not become much smaller.
fn batch(columns: usize, rows: i64, seed: i64) -> RecordBatch {
    let column = |number: usize| -> (String, ArrayRef) {
        let mixed =
            (0..rows).map(|row| (row + seed * rows).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64));
        let mixed = mixed.map(|value| value.rotate_left(number as u32));
        let array: ArrayRef = match number % 2 {
            0 => Arc::new(Int64Array::from_iter_values(mixed)),
            _ => Arc::new(StringArray::from_iter_values(
                mixed.map(|value| format!("{value:x}")),
            )),
        };
        (format!("c{number}"), array)
    };
    RecordBatch::try_from_iter((0..columns).map(column)).unwrap()
}

fn write(batches: &[RecordBatch], options: ArrowWriterOptions) -> Result<Vec<u8>> {
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.into_inner()
}

fn assert_reads_back(file: Vec<u8>, batches: &[RecordBatch]) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap();
    let read: Vec<RecordBatch> = reader
        .build()
        .unwrap()
        .map(|batch| batch.unwrap())
        .collect();
    let schema = batches[0].schema();
    let all = |batches: &[RecordBatch]| arrow::compute::concat_batches(&schema, batches).unwrap();
    assert_eq!(all(&read), all(batches));
}

fn options(factory: ObjectPageStoreFactory) -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(1000)
        .build();
    ArrowWriterOptions::new()
        .with_properties(properties)
        .with_page_store_factory(Arc::new(factory))
}

#[test]
fn a_limit_is_kept_and_the_file_reads_back() {
    // The least of them takes pages of texts with it where there is no memory for anything else.
    for (limit, over, rows, columns) in [
        (64 << 10, 16 << 10, 20_000, 4),
        (1 << 20, 0, 60_000, 6),
        (16 << 20, 0, 150_000, 16),
    ] {
        let objects = Objects::default();
        let batches: Vec<_> = (0..rows / 5000)
            .map(|seed| batch(columns, 5000, seed))
            .collect();
        let budget = MemoryBudget::new(limit);
        let options = options(factory(&objects)).with_memory_budget(budget.clone());
        let file = write(&batches, options).unwrap();
        let puts = objects.sizes(Kind::Put);
        assert!(
            !puts.is_empty(),
            "limit {limit}: nothing was moved out of memory"
        );
        assert!(
            puts.iter().all(|bytes| *bytes <= limit as u64 / 8),
            "{puts:?}"
        );
        assert!(
            budget.peak() <= limit + over,
            "limit {limit}: {} bytes",
            budget.peak()
        );
        assert_eq!(objects.paths(), [""; 0], "limit {limit}");
        assert_eq!(budget.used(), 0);
        assert_reads_back(file, &batches);
    }
}

#[test]
fn the_file_is_the_same_as_from_the_heap() {
    let objects = Objects::default();
    let batches: Vec<_> = (0..4).map(|seed| batch(5, 5000, seed)).collect();
    let file = write(
        &batches,
        options(factory(&objects).with_segment_bytes(50_000)),
    )
    .unwrap();
    let on_heap = options(factory(&objects)).with_page_store_factory(Arc::new(
        crate::column::page_store::InMemoryPageStoreFactory,
    ));
    assert!(file == write(&batches, on_heap).unwrap());
    assert!(objects.sizes(Kind::Put).len() > 5);
}

#[test]
fn any_request_that_fails_once_is_an_error_and_leaves_nothing() {
    let batches: Vec<_> = (0..2).map(|seed| batch(3, 3000, seed)).collect();
    let attempt = |objects: &Objects| {
        let factory = factory(objects).with_segment_bytes(40_000);
        write(&batches, options(factory))
    };
    let honest = Objects::default();
    let file = attempt(&honest).unwrap();
    let requests = honest.requests();
    assert!(requests > 10);
    for fault in [Fault::Before, Fault::After, Fault::Panics] {
        let (mut errors, mut successes) = (0, 0);
        for number in 0..requests {
            let objects = Objects::default();
            objects.fail_once(number, fault);
            match attempt(&objects) {
                Ok(same) => {
                    // A delete that is tried again, or an object whose pages were still in memory.
                    assert!(same == file, "{fault:?} of request {number}");
                    successes += 1;
                }
                Err(error) => {
                    let ParquetError::PageStore { column, step, .. } = &error else {
                        panic!("{fault:?} of request {number}: {error:?}");
                    };
                    assert!(
                        column.starts_with('c') && ["put", "take"].contains(step),
                        "{error}"
                    );
                    errors += 1;
                }
            }
            assert_eq!(objects.paths(), [""; 0], "{fault:?} of request {number}");
        }
        assert!(
            errors > 5 && successes > 2,
            "{fault:?}: {errors} errors, {successes} successes"
        );
    }
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let objects = Objects::default();
    let options = options(factory(&objects).with_segment_bytes(40_000));
    let batch = batch(4, 10_000, 0);
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    assert!(!objects.paths().is_empty());
    drop(writer);
    assert_eq!(objects.paths(), [""; 0]);
}

#[test]
fn two_thousand_columns_share_a_limit() {
    let objects = Objects::default();
    let batches: Vec<_> = (0..3).map(|seed| batch(2000, 60, seed)).collect();
    let budget = MemoryBudget::new(24 << 20);
    let options = options(factory(&objects)).with_memory_budget(budget.clone());
    let file = write(&batches, options).unwrap();
    assert!(budget.peak() <= 24 << 20, "{} bytes", budget.peak());
    assert_eq!(objects.paths(), [""; 0]);
    assert_reads_back(file, &batches);
}

#[test]
fn a_writer_works_on_the_only_thread_of_a_runtime() {
    let objects = Objects::default();
    let batches: Vec<_> = (0..4).map(|seed| batch(3, 3000, seed)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let file = runtime.block_on(async {
        tokio::task::yield_now().await;
        write(
            &batches,
            options(factory(&objects).with_segment_bytes(20_000)),
        )
        .unwrap()
    });
    assert_reads_back(file, &batches);
    assert_eq!(objects.paths(), [""; 0]);
}

#[test]
fn a_writer_works_on_a_thread_of_the_runtime_that_it_was_given() {
    let objects = Objects::default();
    let batches: Vec<_> = (0..4).map(|seed| batch(3, 3000, seed)).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let factory = factory(&objects)
        .with_segment_bytes(20_000)
        .with_runtime(runtime.handle().clone());
    let written = batches.clone();
    let file = runtime.spawn(async move { write(&written, options(factory)).unwrap() });
    let file = runtime.block_on(file).unwrap();
    assert_reads_back(file, &batches);
    assert_eq!(objects.paths(), [""; 0]);
}

#[test]
fn many_writers_share_segments_and_a_budget() {
    let objects = Objects::default();
    let budget = MemoryBudget::new(2 << 20);
    let stores = Arc::new(factory(&objects));
    std::thread::scope(|scope| {
        for seed in 0..8 {
            let (budget, stores) = (budget.clone(), stores.clone());
            scope.spawn(move || {
                let batches: Vec<_> = (0..6)
                    .map(|turn| batch(4, 3000, seed * 10 + turn))
                    .collect();
                let options = ArrowWriterOptions::new()
                    .with_memory_budget(budget)
                    .with_page_store_factory(stores);
                assert_reads_back(write(&batches, options).unwrap(), &batches);
            });
        }
    });
    assert_eq!(objects.paths(), [""; 0]);
    // A page of each thread may lie past the limit.
    let over = budget.most_bytes_over_limit();
    assert!(over <= 8 * (8 << 10), "{over} bytes over the limit");
    assert_eq!(budget.used(), 0);
}
