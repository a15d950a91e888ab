//! Limits that are far too small, and what gives way first.

use std::sync::Arc;

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, OnMemoryLimit, OnSpillLimit};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{InMemoryPageStoreFactory, TempFilePageStoreFactory};
use herringbone::errors::ParquetError;

use super::shapes::{Shape, Shapes};
use super::watch::{KIB, MIB, Nowhere, assert_holds, assert_near, scratch_file, watch};
use crate::heap::{self, counted};
use crate::tables::Table;

fn table() -> Table {
    Table {
        batch_rows: 256,
        ..Table::small(20, 8_192)
    }
}

#[test]
fn a_limit_far_too_small_still_gives_the_right_file() {
    let table = table();
    let budget = MemoryBudget::new(64 * KIB);
    let options = || ArrowWriterOptions::new().with_memory_budget(budget.clone());
    let (file, reader) = scratch_file();
    let seen = watch(
        table.schema(),
        table.batches(),
        options,
        Some(&budget),
        file,
    );
    println!(
        "64 KiB: peak {}, budget {}, {} row groups, {:?}",
        seen.peak,
        budget.peak(),
        seen.row_groups,
        seen.pressure
    );
    let row_groups = seen.row_groups as u64;
    assert!(row_groups > 1);
    // The last one may have ended with the file.
    assert!(row_groups - seen.pressure.row_groups_flushed_early <= 1);
    // What is there anyway: the columns, what waits for the footer, and a batch's small dictionaries.
    assert!(seen.peak < 5 * 64 * KIB, "{}", seen.peak);
    assert_holds(reader, table.batches());
}

#[test]
fn a_limit_of_next_to_nothing_still_gives_the_right_file() {
    let small = Table {
        batch_rows: 256,
        ..Table::small(20, 1_024)
    };
    let lists = Shapes::new(vec![Shape::List, Shape::Text], 64 * KIB, 32 * KIB);
    for limit in [0, 1, 1_000] {
        let budget = MemoryBudget::new(limit);
        let options = || ArrowWriterOptions::new().with_memory_budget(budget.clone());
        let (file, reader) = scratch_file();
        watch(
            small.schema(),
            small.batches(),
            options,
            Some(&budget),
            file,
        );
        assert_holds(reader, small.batches());
        let (file, reader) = scratch_file();
        watch(
            lists.schema(),
            lists.batches(),
            options,
            Some(&budget),
            file,
        );
        assert_holds(reader, lists.batches());
    }
}

#[test]
fn a_limit_far_too_small_fails_where_it_is_told_to() {
    let table = table();
    let options = ArrowWriterOptions::new()
        .with_memory_limit(64 * KIB)
        .with_on_memory_limit(OnMemoryLimit::Fail);
    let mut writer = ArrowWriter::try_new_with_options(Nowhere, table.schema(), options).unwrap();
    let error = table
        .batches()
        .find_map(|batch| writer.write(&batch).err())
        .expect("the limit is too small");
    assert!(
        matches!(error, ParquetError::MemoryLimitExceeded { limit, used, .. }
            if limit == 64 * KIB && used > 56 * KIB),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(text.contains("65536"), "{text}");
    assert!(
        text.contains("the row group would have to end early"),
        "{text}"
    );
    // Nothing later succeeds by mistake.
    let batch = table.batches().next().unwrap();
    assert!(writer.write(&batch).is_err());
    assert!(writer.finish().is_err());
}

/// Too small a limit is no error, but no secret either.
#[test]
fn a_limit_too_small_for_the_schema_says_by_how_much() {
    let table = Table {
        batch_rows: 128,
        ..Table::small(50, 512)
    };
    let pressure = |limit| {
        let options = || ArrowWriterOptions::new().with_memory_limit(limit);
        let seen = watch(table.schema(), table.batches(), options, None, Nowhere);
        (seen.pressure.most_bytes_over_limit as usize, seen.peak)
    };
    let (over, peak) = pressure(64 * KIB);
    println!("{over} over, peak {peak}");
    assert!(peak > 2 * 64 * KIB);
    assert_near(over + 64 * KIB, peak, 0, "limit and overshoot");
    let (over, _) = pressure(4 * MIB);
    assert_eq!(over, 0);
}

/// Open pages go before dictionaries that pay, and these before the row group.
#[test]
fn little_pressure_costs_little() {
    let table = Table {
        batch_rows: 2_048,
        ..Table::small(20, 65_536)
    };
    let pressure = |limit| {
        let options = || ArrowWriterOptions::new().with_memory_limit(limit);
        watch(table.schema(), table.batches(), options, None, Nowhere).pressure
    };
    let [roomy, tight, narrow] = [16 * MIB, MIB, 512 * KIB].map(pressure);
    println!("{roomy:?}\n{tight:?}\n{narrow:?}");
    assert_eq!(roomy.spilled_bytes, 0);
    assert_eq!(roomy.pages_cut_early, 0);
    for pressure in [tight, narrow] {
        assert_eq!(pressure.dictionaries_given_up, 0);
        assert_eq!(pressure.row_groups_flushed_early, 0);
    }
    assert!(tight.pages_cut_early > 0);
    assert!(narrow.pages_cut_early > tight.pages_cut_early);
}

/// Pages count that went straight out of memory, and those that relief moved.
#[test]
fn spilled_bytes_are_those_of_all_pages_that_left_memory() {
    let table = Table {
        batch_rows: 2_048,
        ..Table::small(20, 65_536)
    };
    let spilled = |options: ArrowWriterOptions| {
        let options = || options.clone();
        let seen = watch(table.schema(), table.batches(), options, None, Nowhere);
        (seen.pressure.spilled_bytes, seen.bytes as u64)
    };
    let limited = |limit| ArrowWriterOptions::new().with_memory_limit(limit);
    let (none, file) = spilled(limited(64 * MIB));
    println!("{none} of {file}");
    assert_eq!(none, 0);
    let straight_to_disk = ArrowWriterOptions::new()
        .with_page_store_factory(Arc::new(TempFilePageStoreFactory::new()));
    for options in [limited(512 * KIB), limited(64 * KIB), straight_to_disk] {
        let (spilled, file) = spilled(options);
        println!("{spilled} of {file}");
        // The rest is indexes, the footer, and what stores say of their tables.
        assert!(
            spilled <= file && spilled > file / 100 * 85,
            "{spilled} of {file}"
        );
    }
    let on_the_heap =
        ArrowWriterOptions::new().with_page_store_factory(Arc::new(InMemoryPageStoreFactory));
    assert_eq!(spilled(on_the_heap).0, 0);
}

/// What the option keeps on the heap, for want of disk, has not left memory.
#[test]
fn pages_that_the_disk_has_no_room_for_are_not_spilled() {
    let table = table();
    let files = TempFilePageStoreFactory::builder().with_max_disk_bytes(0);
    let options = ArrowWriterOptions::new()
        .with_page_store_factory(Arc::new(files.build()))
        .with_on_spill_limit(OnSpillLimit::FlushRowGroup);
    let options = || options.clone();
    let seen = watch(table.schema(), table.batches(), options, None, Nowhere);
    assert!(seen.bytes > 100_000, "{}", seen.bytes);
    assert_eq!(seen.pressure.spilled_bytes, 0);
}

/// A page that only the end of the row group ended counts.
#[test]
fn the_largest_page_may_be_the_last() {
    let table = table();
    let options = ArrowWriterOptions::new;
    let seen = watch(
        table.schema(),
        table.batches().take(1),
        options,
        None,
        Nowhere,
    );
    assert!(seen.pressure.largest_page_bytes > 0);
}

/// Somebody else reserves the whole budget: scratch, open pages and what the last pages left goes.
#[test]
fn buffers_shrink_when_others_need_the_room() {
    let table = Table {
        batch_rows: 2_048,
        ..Table::wide(20, 16_384)
    };
    heap::reset();
    let budget = MemoryBudget::new(32 * MIB);
    let options = ArrowWriterOptions::new().with_memory_budget(budget.clone());
    let mut writer =
        counted(|| ArrowWriter::try_new_with_options(Nowhere, table.schema(), options).unwrap());
    let mut batches = table.batches();
    for batch in batches.by_ref().take(6) {
        counted(|| writer.write(&batch)).unwrap();
    }
    let before = heap::live();
    let mut others = budget.reserve();
    others.resize(32 * MIB);
    let row = batches.next().unwrap().slice(0, 1);
    counted(|| writer.write(&row)).unwrap();
    let after = heap::live();
    println!("before {before}, after {after}");
    // How many buffers lie between writer and thread is the thread's luck.
    assert!(before > 4 * MIB, "{before}");
    assert!(after < before / 8, "{after}");
}
