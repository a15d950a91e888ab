//! Any number of writers on one budget.

use std::sync::Arc;
use std::thread;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::WriterProperties;

use super::watch::{MIB, Nowhere};
use crate::heap::{self, counted};

/// What a limit may be passed by.
const OVERSHOOT: usize = 2 * MIB;

/// Numbers without order, every third column of them as text.
fn batch(columns: usize, rows: usize) -> RecordBatch {
    let number = |column: usize, row: usize| {
        let at = (column * rows + row) as u64 + 1;
        at.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) as i64
    };
    let columns = (0..columns).map(|column| {
        let numbers = (0..rows).map(|row| number(column, row));
        let array: ArrayRef = match column % 3 {
            2 => Arc::new(StringArray::from_iter_values(
                numbers.map(|number| format!("text {}", number % 700)),
            )),
            _ => Arc::new(Int64Array::from_iter_values(numbers)),
        };
        (format!("c{column}"), array)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

fn open(budget: &MemoryBudget, batch: &RecordBatch) -> ArrowWriter<Nowhere> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(None);
    let options = ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_memory_budget(budget.clone());
    ArrowWriter::try_new_with_options(Nowhere, batch.schema(), options).unwrap()
}

/// Lets `writers` write `batches` times in turn, a round each, and ends them. Returns the most heap there was.
fn peak(writers: usize, limit: usize, batch: &RecordBatch, batches: usize) -> usize {
    heap::reset();
    let budget = MemoryBudget::new(limit);
    let open = |_| counted(|| open(&budget, batch));
    let mut open: Vec<_> = (0..writers).map(open).collect();
    for _ in 0..batches {
        for writer in &mut open {
            counted(|| writer.write(batch)).unwrap();
        }
    }
    let mut early = 0;
    for mut writer in open {
        let metadata = counted(|| writer.finish()).unwrap();
        assert_eq!(
            metadata.file_metadata().num_rows(),
            (batches * batch.num_rows()) as i64
        );
        early += writer.memory_pressure().row_groups_flushed_early;
        counted(|| drop((writer, metadata)));
    }
    let peak = heap::peak();
    println!("{writers} writers, limit {limit}: peak {peak}, {early} row groups ended early");
    assert_eq!((budget.used(), budget.members()), (0, 0));
    peak
}

#[test]
fn three_hundred_writers_keep_the_limit() {
    let peak = peak(300, 32 * MIB, &batch(12, 600), 2);
    assert!(peak <= 32 * MIB + OVERSHOOT, "{peak}");
}

/// Less than 3 KiB a column.
#[test]
fn a_thousand_writers_keep_the_limit() {
    let peak = peak(1_000, 32 * MIB, &batch(12, 100), 3);
    assert!(peak <= 32 * MIB + OVERSHOOT, "{peak}");
}

#[test]
fn a_hundred_writers_of_twenty_columns_keep_the_limit() {
    let peak = peak(100, 64 * MIB, &batch(20, 2_000), 2);
    assert!(peak <= 64 * MIB + OVERSHOOT, "{peak}");
}

/// Row groups of a batch each: what waits for the footer is theirs to share as well.
#[test]
fn what_waits_for_many_footers_keeps_the_limit() {
    let peak = peak(400, 10 * MIB, &batch(6, 20), 10);
    assert!(peak <= 10 * MIB + OVERSHOOT, "{peak}");
}

/// Each may hold no more than the others leave it, whoever came first.
#[test]
fn writers_that_come_later_find_room() {
    const LIMIT: usize = 8 * MIB;
    heap::reset();
    let budget = MemoryBudget::new(LIMIT);
    let (large, small) = (batch(12, 20_000), batch(12, 200));
    let mut first = counted(|| open(&budget, &large));
    let mut others: Vec<_> = (0..40).map(|_| counted(|| open(&budget, &small))).collect();
    for _ in 0..3 {
        counted(|| first.write(&large)).unwrap();
    }
    println!("the first holds {}", budget.used());
    // It is idle from here on.
    for _ in 0..6 {
        for writer in &mut others {
            counted(|| writer.write(&small)).unwrap();
        }
    }
    let peak = heap::peak();
    println!("peak {peak}");
    assert!(peak <= LIMIT + LIMIT / 16, "{peak}");
}

/// Four on each thread, in turn.
#[test]
fn writers_on_threads_keep_the_limit() {
    const LIMIT: usize = 16 * MIB;
    const THREADS: usize = 16;
    let budget = MemoryBudget::new(LIMIT);
    let batch = batch(20, 1_000);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut writers = [(); 4].map(|()| open(&budget, &batch));
                for _ in 0..4 {
                    for writer in &mut writers {
                        writer.write(&batch).unwrap();
                    }
                }
                for mut writer in writers {
                    writer.finish().unwrap();
                }
            });
        }
    });
    let peak = budget.peak();
    println!("peak {peak}");
    assert!(peak <= LIMIT, "{peak}");
}
