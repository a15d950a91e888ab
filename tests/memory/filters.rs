//! Bloom filters under a limit: many times as large as it, and yet in the file.

use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::{
    BloomFilterPosition, WriterProperties, WriterPropertiesBuilder,
};

use super::data::{Column, batches_of, schema_of};
use super::watch::{Auditor, KIB, MIB, Nowhere, assert_holds, assert_near, scratch_file, watch};

/// A filter of so many values takes 128 KiB.
const VALUES: u64 = 150_000;
const FILTER: usize = 128 * KIB;

/// And one of so many 512 KiB.
const MANY_VALUES: u64 = 600_000;

/// The footer is put together beside what is reserved.
const FOOTER: usize = 16 * KIB;

fn properties(position: BloomFilterPosition) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_max_row_group_row_count(None)
        .set_bloom_filter_max_ndv(VALUES)
        .set_bloom_filter_position(position)
}

#[test]
fn filters_larger_than_the_limit_keep_it() {
    let columns = [Column::Int64; 40];
    let size = (12, 4_096);
    for position in [BloomFilterPosition::AfterRowGroup, BloomFilterPosition::End] {
        let options = || {
            let properties = properties(position)
                .set_dictionary_enabled(false)
                .set_data_page_size_limit(16 * KIB);
            ArrowWriterOptions::new().with_properties(properties.build())
        };
        let schema = || schema_of(&columns);
        let batches = || batches_of(&columns, size.0, size.1);
        let unlimited = watch(schema(), batches(), options, None, Nowhere);
        let limit = 2 * MIB;
        let budget = MemoryBudget::new(limit);
        let limited = || options().with_memory_budget(budget.clone());
        let (file, reader) = scratch_file();
        let (file, audit) = Auditor::new(file, &budget);
        let seen = watch(schema(), batches(), limited, Some(&budget), file);
        println!(
            "filters {position:?}: peak {}, budget {}, unlimited {}, {:?}",
            seen.peak,
            budget.peak(),
            unlimited.peak,
            seen.pressure
        );
        assert!(unlimited.peak > 8 * limit, "{}", unlimited.peak);
        assert!(seen.peak <= limit + limit * 3 / 100, "{}", seen.peak);
        assert_near(budget.peak(), seen.peak, 0, "the budget's peak");
        let (said, counted) = audit.worst();
        assert_near(
            said + FOOTER,
            counted,
            FOOTER + FILTER,
            "budget at the sink",
        );
        seen.assert_true(0, "filters");
        assert_eq!(seen.row_groups, 1);
        let group = seen.metadata.row_group(0);
        let filters = group
            .columns()
            .iter()
            .map(|chunk| chunk.bloom_filter_length());
        // Nearly 50,000 values a column fold to half the size.
        assert!(filters.flatten().all(|len| len as usize > FILTER / 4));
        assert_holds(reader, batches());
    }
}

#[test]
fn a_filter_that_alone_is_larger_than_the_limit_is_left_out() {
    let columns = [Column::Int64, Column::Int32Of16];
    let limit = 400 * KIB;
    let budget = MemoryBudget::new(limit);
    let options = || {
        let properties = properties(BloomFilterPosition::AfterRowGroup)
            .set_bloom_filter_max_ndv(MANY_VALUES)
            .set_dictionary_enabled(false)
            .set_column_dictionary_enabled("c1".into(), true)
            .set_data_page_size_limit(8 * KIB);
        ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_memory_budget(budget.clone())
    };
    let (file, reader) = scratch_file();
    let batches = || batches_of(&columns, 24, 4_096);
    let seen = watch(schema_of(&columns), batches(), options, Some(&budget), file);
    println!(
        "filters too large: peak {}, budget {}, {:?}",
        seen.peak,
        budget.peak(),
        seen.pressure
    );
    assert!(seen.peak <= limit + limit * 3 / 100, "{}", seen.peak);
    assert_eq!(seen.pressure.bloom_filters_given_up, 1);
    assert_eq!(seen.row_groups, 1);
    let chunks = seen.metadata.row_group(0).columns();
    assert_eq!(chunks[0].bloom_filter_offset(), None);
    assert!(chunks[1].bloom_filter_offset().is_some());
    assert_holds(reader, batches());
}

#[test]
fn memory_size_counts_filters() {
    for column in [Column::Int64, Column::Utf8, Column::Int32Of16] {
        for dictionary in [true, false] {
            let options = || {
                let properties = properties(BloomFilterPosition::AfterRowGroup)
                    .set_dictionary_page_size_limit(32 * KIB)
                    .set_data_page_size_limit(32 * KIB)
                    .set_dictionary_enabled(dictionary);
                ArrowWriterOptions::new().with_properties(properties.build())
            };
            let columns = [column];
            let batches = batches_of(&columns, 12, 4_096);
            let seen = watch(schema_of(&columns), batches, options, None, Nowhere);
            seen.assert_true(0, &format!("filter of {column:?}, {dictionary}"));
        }
    }
}

#[test]
fn a_column_in_its_dictionary_has_no_filter_before_it_ends() {
    let live = |properties: WriterPropertiesBuilder| {
        let options = || ArrowWriterOptions::new().with_properties(properties.build());
        let batches = batches_of(&[Column::Int32Of16], 4, 4_096);
        let seen = watch(
            schema_of(&[Column::Int32Of16]),
            batches,
            options,
            None,
            Nowhere,
        );
        seen.most_open()
    };
    let with = live(properties(BloomFilterPosition::AfterRowGroup));
    let without = live(WriterProperties::builder().set_max_row_group_row_count(None));
    println!("{with} bytes with a filter, {without} without");
    assert!(with < without + KIB, "{with} and {without}");
}
