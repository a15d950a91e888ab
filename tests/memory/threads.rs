//! Several threads of one writer keep its limit, and are given up first.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use arrow::array::RecordBatch;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{
    ArrowWriterOptions, Executor, Job, MemoryPressure, Parallelism,
};
use herringbone::basic::{Compression, ZstdLevel};
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::WriterProperties;

use super::watch::{KIB, MIB, Nowhere, assert_holds};
use crate::heap::{counted_together, peak_together};
use crate::tables::Table;

/// Those who count together do so one after the other.
static TURN: Mutex<()> = Mutex::new(());

/// Runs each job on a thread that counts.
#[derive(Debug)]
struct Counting;

impl Executor for Counting {
    fn spawn(&self, job: Job) {
        thread::spawn(|| counted_together(job));
    }
}

fn options(limit: usize, page_bytes: usize, threads: usize) -> ArrowWriterOptions {
    let level = ZstdLevel::try_new(1).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_data_page_size_limit(page_bytes)
        .set_dictionary_page_size_limit(2 * page_bytes)
        .set_max_row_group_row_count(None);
    ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_memory_limit(limit)
        .with_parallelism(Parallelism::Executor {
            executor: Arc::new(Counting),
            threads,
        })
}

/// What was seen of one file: most heap on all threads, and what the limit has cost.
fn peak(batches: &[RecordBatch], options: ArrowWriterOptions) -> (usize, MemoryPressure) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, before) = peak_together();
    let pressure = counted_together(|| {
        let schema = batches[0].schema();
        let mut writer = ArrowWriter::try_new_with_options(Nowhere, schema, options).unwrap();
        for batch in batches {
            writer.write(batch).unwrap();
        }
        writer.finish().unwrap();
        writer.memory_pressure()
    });
    (peak_together().0.saturating_sub(before), pressure)
}

/// The limits leave room for four threads, for two, and for one; the smallest is less than the columns want.
#[test]
fn the_limit_is_kept_by_all_threads_together() {
    let table = Table::wide(30, 20_000);
    let batches: Vec<_> = table.batches().collect();
    for (limit, page_bytes) in [
        (16 * MIB, 64 * KIB),
        (5 * MIB, 64 * KIB),
        (2 * MIB, 256 * KIB),
        (640 * KIB, 64 * KIB),
    ] {
        let (peak, pressure) = peak(&batches, options(limit, page_bytes, 4));
        let over = pressure.most_bytes_over_limit as usize;
        println!("limit {limit}: peak {peak}, over {over}, {pressure:?}");
        assert!(over <= 512 * KIB, "{over}");
        assert!(peak <= limit + MIB, "limit {limit}: {peak}");
    }
}

/// Where the limit leaves no room for a second thread, there is none.
#[test]
fn pages_are_as_large_as_with_one_thread() {
    let table = Table::wide(25, 12_000);
    let batches: Vec<_> = table.batches().collect();
    for limit in [2 * MIB, 6 * MIB, 20 * MIB] {
        let seen = |threads| peak(&batches, options(limit, 128 * KIB, threads)).1;
        let (alone, together) = (seen(1), seen(4));
        println!("limit {limit}: {alone:?}, {together:?}");
        assert!(together.pages_cut_early <= alone.pages_cut_early, "{limit}");
        assert_eq!(
            together.largest_page_bytes, alone.largest_page_bytes,
            "{limit}"
        );
    }
}

#[test]
fn many_writers_with_threads_keep_one_budget() {
    let table = Table::small(12, 20_000);
    let batches: Vec<_> = table.batches().collect();
    let budget = MemoryBudget::new(8 * MIB);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let file = tempfile::tempfile().unwrap();
                let options = options(0, 32 * KIB, 3)
                    .with_memory_budget(budget.clone())
                    .with_parallelism(Parallelism::Threads(3));
                let schema = batches[0].schema();
                let sink = file.try_clone().unwrap();
                let mut writer = ArrowWriter::try_new_with_options(sink, schema, options).unwrap();
                for batch in &batches {
                    writer.write(batch).unwrap();
                }
                writer.close().unwrap();
                assert_holds(file, batches.iter().cloned());
            });
        }
    });
    assert_eq!((budget.used(), budget.members()), (0, 0));
    let over = budget.most_bytes_over_limit();
    assert!(over <= 2 * MIB, "{over}");
}
