//! Values that are as large as the limit or larger: one is there four times at most beside the limit, also where the
//! options want bounds whole.

use std::sync::Arc;

use arrow::array::{ArrayRef, LargeBinaryArray, RecordBatch};
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::Compression;
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::watch::{KIB, MIB, assert_holds, scratch_file, watch};

const LIMIT: usize = MIB;
const VALUE: usize = 3 * MIB;

fn plain() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_dictionary_enabled(false)
}

fn whole() -> WriterPropertiesBuilder {
    plain()
        .set_statistics_truncate_length(None)
        .set_column_index_truncate_length(None)
}

fn ways() -> Vec<(&'static str, WriterPropertiesBuilder)> {
    vec![
        ("default", plain()),
        (
            "whole statistics",
            plain().set_statistics_truncate_length(None),
        ),
        (
            "whole index",
            plain().set_column_index_truncate_length(None),
        ),
        (
            "whole in page headers",
            whole().set_write_page_header_statistics(true),
        ),
        #[cfg(feature = "brotli")]
        (
            "brotli",
            whole().set_compression(Compression::BROTLI(Default::default())),
        ),
        #[cfg(feature = "snap")]
        ("snappy", whole().set_compression(Compression::SNAPPY)),
    ]
}

/// A value of which every part differs from the others.
fn value(seed: u32, len: usize) -> Vec<u8> {
    let bytes = (0..len as u32).map(|at| ((at ^ seed).wrapping_mul(2_654_435_761) >> 24) as u8);
    bytes.collect()
}

/// One row a batch, or all in one.
fn batches(values: Vec<Vec<u8>>, together: bool) -> Vec<RecordBatch> {
    let batch = |values: Vec<Vec<u8>>| {
        let column: ArrayRef = Arc::new(LargeBinaryArray::from_iter_values(values));
        RecordBatch::try_from_iter([("v", column)]).unwrap()
    };
    match together {
        true => vec![batch(values)],
        false => values.into_iter().map(|value| batch(vec![value])).collect(),
    }
}

fn keep(name: &str, properties: &WriterPropertiesBuilder, batches: &[RecordBatch], largest: usize) {
    let budget = MemoryBudget::new(LIMIT);
    let options = || {
        let options = ArrowWriterOptions::new().with_properties(properties.clone().build());
        options.with_memory_budget(budget.clone())
    };
    let (file, reader) = scratch_file();
    let schema = batches[0].schema();
    let written = batches.iter().cloned();
    let seen = watch(schema, written, options, Some(&budget), file);
    let beside = seen.peak.saturating_sub(LIMIT) as f64 / largest as f64;
    println!("{name}: {beside:.2} values beside the limit");
    assert!(beside <= 4.0, "{name}: {beside}");
    assert_holds(reader, batches.iter().cloned());
}

#[test]
fn a_value_is_there_four_times_at_most() {
    for (name, properties) in ways() {
        let equal = batches(vec![value(0, VALUE); 2], false);
        keep(name, &properties, &equal, VALUE);
    }
}

#[test]
fn values_of_one_batch_do_not_add_up() {
    let values: Vec<_> = (0..5).map(|seed| value(seed * 77_777, VALUE / 2)).collect();
    for (name, properties) in ways() {
        keep(name, &properties, &batches(values.clone(), true), VALUE / 2);
    }
}

/// Whole bounds that are shorter than a page add up in the index.
#[test]
fn bounds_of_many_pages_do_not_add_up() {
    let values: Vec<_> = (0..400).map(|seed| value(seed * 77_777, 8 * KIB)).collect();
    let properties = whole().set_data_page_row_count_limit(1);
    keep("a page a row", &properties, &batches(values, true), 8 * KIB);
}
