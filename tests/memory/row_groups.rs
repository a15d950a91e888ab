//! What finished row groups leave for the footer, and the pairs of text that it holds.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{
    ArrowWriterOptions, InMemoryPageStoreFactory, MemoryPressure,
};
use herringbone::budget::MemoryBudget;
use herringbone::file::metadata::KeyValue;
use herringbone::file::properties::WriterProperties;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::watch::{KIB, MIB, assert_near, scratch_file, watch};
use crate::heap::{self, counted};

const ROWS: usize = 4;

fn batch(columns: usize) -> RecordBatch {
    let columns = (0..columns).map(|column| {
        let values = (0..ROWS).map(|row| (row * column) as i64);
        let array: ArrayRef = Arc::new(Int64Array::from_iter_values(values));
        (format!("column_{column}"), array)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

fn options(budget: &MemoryBudget) -> ArrowWriterOptions {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(ROWS));
    ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_memory_budget(budget.clone())
}

/// Writes row groups of one batch each, and reads the footer.
fn keeps(columns: usize, row_groups: usize, limit: usize, slack: usize) {
    let start = Instant::now();
    let batch = batch(columns);
    let budget = MemoryBudget::new(limit);
    let (file, reader) = scratch_file();
    let batches = std::iter::repeat_n(batch.clone(), row_groups);
    let options = || options(&budget);
    let seen = watch(batch.schema(), batches, options, Some(&budget), file);
    println!(
        "{columns} columns, {row_groups} row groups, limit {} KiB: peak {} KiB, budget {} KiB, {:.1} s",
        limit / KIB,
        seen.peak / KIB,
        budget.peak() / KIB,
        start.elapsed().as_secs_f64(),
    );
    assert!(seen.peak <= limit + slack, "{}", seen.peak);
    assert_near(budget.peak(), seen.peak, 0, "the budget's peak");
    seen.assert_true(0, "row groups");
    assert_eq!(seen.pressure.row_groups_flushed_early, 0);
    assert_eq!(seen.pressure.pages_cut_early, 0);
    assert_eq!(seen.row_groups, row_groups);
    assert_eq!(seen.metadata.num_row_groups(), 0);
    assert_eq!(
        seen.metadata.file_metadata().num_rows(),
        (row_groups * ROWS) as i64
    );
    let read = ArrowReaderMetadata::load(&reader, ArrowReaderOptions::new()).unwrap();
    let read = read.metadata();
    assert_eq!(read.num_row_groups(), row_groups);
    for (ordinal, row_group) in read.row_groups().iter().enumerate() {
        assert_eq!(row_group.ordinal(), Some(ordinal as i32));
        assert_eq!(row_group.num_rows(), ROWS as i64);
    }
}

#[test]
fn the_metadata_of_many_row_groups_keeps_the_limit() {
    // As it is on the heap, the metadata would take five times the limit.
    keeps(20, 100, 256 * KIB, 0);
}

#[test]
#[ignore = "400,000 column chunks"]
fn the_metadata_of_two_thousand_wide_row_groups_keeps_the_limit() {
    for limit in [16 * MIB, 4 * MIB] {
        keeps(200, 2_000, limit, 2 * MIB);
    }
}

#[test]
#[ignore = "100,000 row groups"]
fn the_metadata_of_a_hundred_thousand_row_groups_keeps_the_limit() {
    keeps(2, 100_000, 2 * MIB, 0);
}

/// As the options' documentation says: what the footer needs has nowhere to go.
#[test]
fn stores_that_have_only_the_heap_keep_two_hundred_bytes_of_a_small_chunk() {
    const COLUMNS: usize = 10;
    const ROW_GROUPS: usize = 300;
    const LIMIT: usize = 256 * KIB;
    let (batch, budget) = (batch(COLUMNS), MemoryBudget::new(LIMIT));
    let (file, reader) = scratch_file();
    let options = options(&budget).with_page_store_factory(Arc::new(InMemoryPageStoreFactory));
    let mut writer = ArrowWriter::try_new_with_options(file, batch.schema(), options).unwrap();
    let fixed = budget.used();
    for _ in 0..ROW_GROUPS {
        writer.write(&batch).unwrap();
    }
    let waits = budget.used() - fixed;
    let over = writer.memory_pressure().most_bytes_over_limit as usize;
    writer.finish().unwrap();
    drop(writer);
    let chunk = waits / (ROW_GROUPS * COLUMNS);
    println!("{chunk} bytes a column chunk, {over} over the limit");
    assert!((150..=250).contains(&chunk), "{chunk}");
    assert!(
        over >= waits - LIMIT && over <= waits,
        "{over} over, {waits} wait"
    );
    let footer = ArrowReaderMetadata::load(&reader, ArrowReaderOptions::new()).unwrap();
    assert_eq!(footer.metadata().num_row_groups(), ROW_GROUPS);
    assert_eq!(budget.used(), 0);
}

#[test]
fn many_pairs_of_text_keep_the_limit() {
    const LIMIT: usize = 512 * KIB;
    let batch = batch(4);
    // Many small ones, and one of a quarter of the limit, which the caller holds while it comes in.
    let texts = || {
        let small = (0..20_000).map(|_| 100);
        small.chain([LIMIT / 4]).chain((0..10).map(|_| 0))
    };
    let budget = MemoryBudget::new(LIMIT);
    let (file, reader) = scratch_file();
    heap::reset();
    let mut writer = counted(|| {
        ArrowWriter::try_new_with_options(file, batch.schema(), options(&budget)).unwrap()
    });
    counted(|| writer.write(&batch)).unwrap();
    for (key, len) in texts().enumerate() {
        let pair = counted(|| KeyValue::new(format!("k{key}"), "x".repeat(len)));
        counted(|| writer.append_key_value_metadata(pair));
    }
    let metadata = counted(|| writer.finish()).unwrap();
    println!(
        "pairs: peak {} KiB, budget {} KiB",
        heap::peak() / KIB,
        budget.peak() / KIB
    );
    assert!(heap::peak() <= LIMIT, "{}", heap::peak());
    assert_eq!(
        writer.memory_pressure(),
        MemoryPressure {
            largest_page_bytes: writer.memory_pressure().largest_page_bytes,
            ..MemoryPressure::default()
        }
    );
    assert_eq!(metadata.num_row_groups(), 1);
    assert_eq!(metadata.file_metadata().key_value_metadata(), None);
    counted(|| drop((writer, metadata)));
    assert_eq!(budget.used(), 0);
    let read = ArrowReaderMetadata::load(&reader, ArrowReaderOptions::new()).unwrap();
    let pairs = read
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .unwrap();
    // The Arrow schema comes first.
    assert_eq!(pairs.len(), 1 + texts().count());
    for (key, (pair, len)) in pairs[1..].iter().zip(texts()).enumerate() {
        assert_eq!(pair.key, format!("k{key}"));
        assert_eq!(pair.value.as_ref().unwrap().len(), len);
    }
}

/// Pairs that the properties bring are the caller's, and there once, however many they are.
#[test]
fn pairs_of_the_properties_are_not_copied_for_the_footer() {
    let pairs: Vec<_> = (0..100)
        .map(|key| KeyValue::new(format!("k{key}"), "x".repeat(10_000)))
        .collect();
    let batch = batch(4);
    let (file, _) = scratch_file();
    heap::reset();
    let properties = counted(|| {
        let properties = WriterProperties::builder().set_key_value_metadata(Some(pairs.clone()));
        properties.build()
    });
    let given = heap::live();
    let mut writer = counted(|| {
        let options = ArrowWriterOptions::new().with_properties(properties);
        let options = options.with_memory_limit(3 * MIB);
        ArrowWriter::try_new_with_options(file, batch.schema(), options).unwrap()
    });
    counted(|| writer.write(&batch)).unwrap();
    counted(|| writer.finish().map(drop)).unwrap();
    println!("given {} KiB, peak {} KiB", given / KIB, heap::peak() / KIB);
    assert!(heap::peak() <= given + 200 * KIB, "{}", heap::peak());
}
