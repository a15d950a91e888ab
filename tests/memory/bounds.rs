//! Bounds that are as long as their values: with every page a column's index grows by two of them, and it can
//! only leave memory when the row group ends.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::WriterProperties;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
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

/// A maximum of the largest bytes has no prefix that is larger, and is left out where it is too long to be kept.
#[test]
fn bounds_that_cannot_be_cut_are_left_out() {
    let limit = 256 * KIB;
    let values = BinaryArray::from_iter_values((0..500).map(|_| vec![0xFF; 2000]));
    let batch = RecordBatch::try_from_iter([("bytes", Arc::new(values) as ArrayRef)]).unwrap();
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(1)
        .set_write_batch_size(1);
    let budget = MemoryBudget::new(limit);
    let options = ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_memory_budget(budget.clone());
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.write(&batch).unwrap();
    let file = Bytes::from(writer.into_inner().unwrap());
    assert!(budget.peak() <= limit, "{}", budget.peak());
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 1);
    let statistics = reader.metadata().row_group(0).column(0).statistics();
    let statistics = statistics.unwrap();
    assert_eq!(statistics.min_bytes_opt(), Some(&[0xFF; 64][..]));
    assert_eq!(statistics.max_bytes_opt(), None);
    let read: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let read = concat_batches(&batch.schema(), &read).unwrap();
    assert_eq!(
        read,
        concat_batches(&batch.schema(), [&batch, &batch]).unwrap()
    );
}
