//! Pages so small that what is remembered of them is most of the memory: it is paid for as it grows, and the row group
//! ends before the limit is passed.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::watch::{KIB, MIB, Nowhere, assert_holds, scratch_file, watch};

const LIMIT: usize = 2 * MIB;
const ROWS: i64 = 2_000;

/// What may lie past a limit that is small beside the pages' tables.
const PAST_LIMIT: usize = 16 * KIB;

fn keep(name: &str, column: impl Fn(i64) -> ArrayRef, properties: WriterPropertiesBuilder) {
    let columns = (0..8).map(|seed| (format!("c{seed}"), column(seed), true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let batches = || std::iter::repeat_n(batch.clone(), 15);
    let budget = MemoryBudget::new(LIMIT);
    let options = || {
        let options = ArrowWriterOptions::new().with_properties(properties.build());
        options.with_memory_budget(budget.clone())
    };
    let (file, reader) = scratch_file();
    let seen = watch(batch.schema(), batches(), options, Some(&budget), file);
    println!(
        "{name}: peak {}, budget {}, {} row groups, {:?}",
        seen.peak,
        budget.peak(),
        seen.metadata.num_row_groups(),
        seen.pressure
    );
    assert!(seen.metadata.num_row_groups() > 1, "{name} is no test");
    assert!(seen.peak <= LIMIT + LIMIT / 50, "{name}: {}", seen.peak);
    seen.assert_true(0, name);
    assert_holds(reader, batches());
}

fn tiny() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_max_row_group_row_count(None)
        .set_dictionary_enabled(false)
        .set_data_page_size_limit(32)
        .set_write_batch_size(4)
}

fn numbers(seed: i64) -> Int64Array {
    let factor = 0x9e37_79b9_7f4a_7c15_u64.cast_signed();
    (0..ROWS)
        .map(|row| (row % 7 > 0).then(|| (row + seed).wrapping_mul(factor)))
        .collect()
}

#[test]
fn of_numbers() {
    keep("numbers", |seed| Arc::new(numbers(seed)), tiny());
}

#[test]
fn of_text() {
    let text = |seed| {
        let numbers = numbers(seed);
        let text = numbers
            .iter()
            .map(|number| number.map(|number| format!("{number:x}")));
        Arc::new(text.collect::<StringArray>()) as ArrayRef
    };
    keep("text", text, tiny().set_write_page_header_statistics(true));
}

#[derive(Debug, Clone, Copy)]
enum Stores {
    Default,
    TempFile,
}

/// The most heap of a writer of so many batches of pages of a row each.
fn peak_of_one_row_pages(limit: usize, stores: Stores, dictionary: bool, batches: usize) -> usize {
    let columns = (0..4).map(|seed| {
        let numbers = numbers(seed).slice(0, 1_000);
        (format!("c{seed}"), Arc::new(numbers) as ArrayRef, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_data_page_row_count_limit(1)
        .set_write_batch_size(1)
        .set_dictionary_enabled(dictionary)
        .build();
    let budget = MemoryBudget::new(limit);
    let options = || {
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_memory_budget(budget.clone());
        match stores {
            Stores::Default => options,
            Stores::TempFile => {
                options.with_page_store_factory(Arc::new(TempFilePageStoreFactory::new()))
            }
        }
    };
    let batches = std::iter::repeat_n(batch.clone(), batches);
    let seen = watch(batch.schema(), batches, options, Some(&budget), Nowhere);
    println!("{limit}, {stores:?}, {dictionary}: peak {}", seen.peak);
    seen.peak
}

#[test]
fn of_one_row_pages() {
    for (limit, stores, dictionary) in [
        (128 * KIB, Stores::TempFile, false),
        (128 * KIB, Stores::Default, true),
        (MIB, Stores::Default, false),
    ] {
        let peak = peak_of_one_row_pages(limit, stores, dictionary, 5);
        assert!(peak <= limit + PAST_LIMIT, "{limit}, {stores:?}: {peak}");
    }
}

/// What they leave for the footer is many times the limit.
#[test]
fn of_any_number_of_one_row_pages() {
    for stores in [Stores::Default, Stores::TempFile] {
        let peak = |batches| peak_of_one_row_pages(64 * KIB, stores, false, batches);
        let (few, many) = (peak(3), peak(9));
        assert!(many <= few + few / 8, "{stores:?}: {few}, {many}");
        assert!(many <= 64 * KIB + PAST_LIMIT, "{stores:?}: {many}");
    }
}
