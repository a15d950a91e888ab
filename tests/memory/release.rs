//! What goes in, comes out again: after a spill, after a row group, after the file.

use std::sync::Arc;

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{TempFilePageStoreFactory, TieredPageStoreFactory};
use herringbone::file::properties::WriterProperties;

use super::data::{Column, batches_of, schema_of};
use super::watch::{KIB, MIB, Nowhere, SLACK, assert_near};
use crate::heap::{self, counted};

const COLUMNS: [Column; 3] = [Column::Int64, Column::Utf8, Column::Int32Of16];

fn options() -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(None)
        .set_dictionary_page_size_limit(64 * KIB)
        .set_data_page_size_limit(64 * KIB);
    ArrowWriterOptions::new().with_properties(properties.build())
}

fn writer(options: ArrowWriterOptions) -> ArrowWriter<Nowhere> {
    counted(|| ArrowWriter::try_new_with_options(Nowhere, schema_of(&COLUMNS), options).unwrap())
}

#[test]
fn memory_falls_to_open_pages_when_the_store_goes_cold() {
    heap::reset();
    let budget = MemoryBudget::new(4 * MIB);
    let tiers =
        TieredPageStoreFactory::new(budget.clone(), Arc::new(TempFilePageStoreFactory::new()));
    let options = options()
        .with_page_store_factory(Arc::new(tiers))
        .with_memory_budget(budget.clone());
    let mut writer = writer(options);
    let mut batches = batches_of(&COLUMNS, 9, 8_192);
    for batch in batches.by_ref().take(8) {
        counted(|| writer.write(&batch)).unwrap();
    }
    let (before, reported) = (heap::live(), writer.memory_size());
    // Somebody else takes the whole budget: the writer has to give way.
    let mut others = budget.reserve();
    others.resize(4 * MIB);
    let row = batches.next().unwrap().slice(0, 1);
    counted(|| writer.write(&row)).unwrap();
    let after = heap::live();
    println!("before the spill {before}, after it {after}");
    assert_near(budget.used() - others.size(), after, 0, "the budget");
    assert!(before > 2 * MIB, "{before}");
    // Three columns' open pages of up to 64 KiB, dictionaries, a workbench.
    assert!(after < 400 * KIB, "{after}");
    assert!(reported - writer.memory_size() + SLACK > before - after);
}

#[test]
fn a_row_group_leaves_its_metadata_and_one_page_of_scratch() {
    for limit in [None, Some(4 * MIB)] {
        heap::reset();
        let budget = limit.map(MemoryBudget::new);
        let mut options = options();
        if let Some(budget) = &budget {
            options = options.with_memory_budget(budget.clone());
        }
        let mut writer = writer(options);
        let fixed = heap::live();
        let mut after_flush = Vec::new();
        for batch in batches_of(&COLUMNS, 6, 8_192) {
            counted(|| writer.write(&batch)).unwrap();
            counted(|| writer.flush()).unwrap();
            assert_eq!(writer.memory_size(), 0);
            let live = heap::live();
            if let Some(budget) = &budget {
                assert_near(budget.used(), live, 0, "the budget between row groups");
            }
            after_flush.push(live - fixed);
        }
        println!("limit {limit:?}: {after_flush:?} bytes after each row group");
        // The scratch of a page that may have twice its size.
        assert!(after_flush[0] < 160 * KIB, "{after_flush:?}");
        let growth = after_flush[5] - after_flush[1];
        assert!(growth < 4 * (4 * KIB + SLACK), "{after_flush:?}");
    }
}

#[test]
fn a_finished_writer_holds_next_to_nothing() {
    heap::reset();
    let budget = MemoryBudget::new(4 * MIB);
    let mut writer = writer(options().with_memory_budget(budget.clone()));
    for batch in batches_of(&COLUMNS, 12, 8_192) {
        counted(|| writer.write(&batch)).unwrap();
    }
    let metadata = counted(|| writer.finish()).unwrap();
    counted(|| drop(metadata));
    let live = heap::live();
    println!("{live} bytes, budget {}", budget.used());
    assert_near(budget.used(), live, 0, "the budget");
    assert!(live < 24 * KIB, "{live}");
    counted(|| drop(writer));
    assert_eq!(budget.used(), 0);
    // A few small shared tables may outlive the writer where others hold them too.
    assert!(heap::live() < KIB, "{}", heap::live());
}

/// However it ends, the budget gets all of it back.
#[test]
fn a_writer_that_is_dropped_gives_everything_back() {
    for batches in [0, 1, 5] {
        let budget = MemoryBudget::new(4 * MIB);
        let mut writer = writer(options().with_memory_budget(budget.clone()));
        for batch in batches_of(&COLUMNS, batches, 8_192) {
            counted(|| writer.write(&batch)).unwrap();
        }
        assert!(budget.used() > 0);
        drop(writer);
        assert_eq!((budget.used(), budget.members()), (0, 0));
    }
}
