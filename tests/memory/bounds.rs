//! Bounds that are as long as their values: with every page a column's index grows by two of them, and it can
//! only leave memory when the row group ends.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::WriterProperties;
use rand::distr::{Alphanumeric, SampleString};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::watch::{KIB, MIB, assert_holds, scratch_file, watch};

const VALUE: usize = 32 * KIB;

fn batches(count: usize) -> impl Iterator<Item = RecordBatch> {
    let mut random = StdRng::seed_from_u64(11);
    (0..count).map(move |_| {
        let texts = (0..8).map(|_| Alphanumeric.sample_string(&mut random, VALUE));
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        let numbers: Int64Array = (0..8).map(|_| Some(random.random::<i64>())).collect();
        RecordBatch::try_from_iter([("number", Arc::new(numbers) as ArrayRef), ("text", texts)])
            .unwrap()
    })
}

fn options() -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(None)
        .set_data_page_size_limit(104 * KIB)
        .set_column_index_truncate_length(None)
        .set_statistics_truncate_length(None);
    ArrowWriterOptions::new().with_properties(properties.build())
}

#[test]
fn indexes_of_long_bounds_keep_the_limit() {
    for (count, limit) in [(40, 16 * MIB), (150, 16 * MIB)] {
        let budget = MemoryBudget::new(limit);
        let limited = || options().with_memory_budget(budget.clone());
        let (file, reader) = scratch_file();
        let schema = batches(1).next().unwrap().schema();
        let seen = watch(schema, batches(count), limited, Some(&budget), file);
        println!(
            "{count} batches: peak {}, budget {}, {} row groups, {:?}",
            seen.peak,
            budget.peak(),
            seen.row_groups,
            seen.pressure
        );
        assert!(seen.peak <= limit + limit / 20, "{}", seen.peak);
        assert!(
            seen.peak <= budget.peak() + budget.peak() / 10,
            "the budget's peak"
        );
        seen.assert_true(limit, "long bounds");
        assert_holds(reader, batches(count));
    }
}
