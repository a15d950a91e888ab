//! Small batches are encoded several at a time. The file does not tell, nor does an error.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::{Compression, Encoding};
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use proptest::prelude::*;

use crate::support::arrays::{Options, batches};
use crate::support::check::read;
use crate::support::types::{Nesting, Nulls, batch_of_all_types, pieces};
use crate::threads::written;

/// The rows of `table` in batches of these sizes, over and over.
fn cut(table: &RecordBatch, sizes: &[usize]) -> Vec<RecordBatch> {
    let (mut from, mut batches) = (0, Vec::new());
    for size in sizes.iter().cycle() {
        if from == table.num_rows() {
            break;
        }
        let rows = (*size).min(table.num_rows() - from);
        batches.push(table.slice(from, rows));
        from += rows;
    }
    batches
}

fn options(builder: &WriterPropertiesBuilder) -> ArrowWriterOptions {
    ArrowWriterOptions::new().with_properties(builder.clone().build())
}

/// Batches wait for others, unless the size of a row group has to be known after each.
fn assert_same(builder: &WriterPropertiesBuilder, batches: &[RecordBatch]) {
    let one_by_one = builder.clone().set_max_row_group_bytes(Some(usize::MAX));
    let one_by_one = written(options(&one_by_one), batches, 0);
    for threads in [0, 3] {
        let joined = written(options(builder), batches, threads);
        assert!(
            joined == one_by_one,
            "{} and {} bytes",
            joined.len(),
            one_by_one.len()
        );
    }
}

fn repeated(batch: &RecordBatch, times: usize) -> RecordBatch {
    arrow::compute::concat_batches(&batch.schema(), vec![batch; times]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_file_is_that_of_batches_encoded_one_by_one(
        batch in batches(Options::everything()),
        sizes in prop::collection::vec(prop_oneof![Just(1usize), 1usize..40, 200usize..600, Just(1_300)], 1..6),
        version in prop::sample::select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]),
        page_bytes in prop::sample::select(vec![200usize, 3_000, 1 << 20]),
        dictionary in prop::sample::select(vec![None, Some(100usize), Some(5_000), Some(1 << 20)]),
        page_rows in prop::sample::select(vec![512usize, 700, 20_000]),
        batch_slots in prop::sample::select(vec![512usize, 1_024]),
        row_group in prop::option::of(100usize..5_000),
        filter in any::<bool>(),
    ) {
        let builder = WriterProperties::builder()
            .set_writer_version(version)
            .set_data_page_size_limit(page_bytes)
            .set_data_page_row_count_limit(page_rows)
            .set_write_batch_size(batch_slots)
            .set_dictionary_enabled(dictionary.is_some())
            .set_dictionary_page_size_limit(dictionary.unwrap_or(1 << 20))
            .set_max_row_group_row_count(row_group)
            .set_bloom_filter_enabled(filter);
        prop_assume!(batch.num_rows() > 0);
        let table = repeated(&batch, 12);
        let few_batches = table.num_rows() / 300;
        let sizes: Vec<usize> = sizes.into_iter().map(|size| size.max(few_batches).max(1)).collect();
        assert_same(&builder, &cut(&table, &sizes));
    }
}

#[test]
fn all_types_and_encodings_give_the_same_file() {
    for (nesting, nulls) in [
        (Nesting::Flat, Nulls::None),
        (Nesting::Flat, Nulls::Half),
        (Nesting::Struct, Nulls::Few),
        (Nesting::List, Nulls::Few),
    ] {
        let table = batch_of_all_types(nesting, nulls, 3_000);
        for sizes in [&[1, 2, 500][..], &[7], &[100, 700, 3]] {
            assert_same(&WriterProperties::builder(), &cut(&table, sizes));
        }
    }
    let texts = (0..9_000).map(|row| format!("text {}", row % 700 * 7_919));
    let numbers = (0..9_000).map(|row| row * 37 % 1_009);
    let columns: [(&str, ArrayRef); 2] = [
        ("texts", Arc::new(StringArray::from_iter_values(texts))),
        ("numbers", Arc::new(Int64Array::from_iter_values(numbers))),
    ];
    let table = RecordBatch::try_from_iter(columns).unwrap();
    for (column, encoding) in [
        ("texts", Encoding::DELTA_BYTE_ARRAY),
        ("texts", Encoding::DELTA_LENGTH_BYTE_ARRAY),
        ("numbers", Encoding::DELTA_BINARY_PACKED),
        ("numbers", Encoding::BYTE_STREAM_SPLIT),
    ] {
        for page_bytes in [300, 2_000, 1 << 20] {
            let builder = WriterProperties::builder()
                .set_dictionary_enabled(false)
                .set_data_page_size_limit(page_bytes)
                .set_compression(Compression::SNAPPY)
                .set_column_encoding(column.into(), encoding);
            assert_same(&builder, &cut(&table, &[1, 90, 400]));
        }
    }
}

fn numbered(from: i32, rows: usize) -> RecordBatch {
    let numbers = Int32Array::from_iter_values((from..).take(rows));
    let texts = StringArray::from_iter_values((from..).take(rows).map(|row| format!("row {row}")));
    let columns: [(&str, ArrayRef); 2] = [("n", Arc::new(numbers)), ("t", Arc::new(texts))];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn rows_that_wait_are_counted_and_paid_for() {
    let schema = numbered(0, 1).schema();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    writer.write(&numbered(0, 10)).unwrap();
    let (mut size, mut memory) = (writer.in_progress_size(), writer.memory_size());
    for batch in 1..20 {
        writer.write(&numbered(batch * 10, 10)).unwrap();
        assert_eq!(writer.in_progress_rows(), (batch as usize + 1) * 10);
        assert!(writer.in_progress_size() > size);
        size = writer.in_progress_size();
        assert!(writer.memory_size() >= memory.min(size));
        memory = writer.memory_size();
    }
    writer.flush().unwrap();
    assert_eq!(
        (writer.in_progress_rows(), writer.in_progress_size()),
        (0, 0)
    );
    assert_eq!(writer.flushed_row_groups()[0].num_rows(), 200);
    let file = writer.into_inner().unwrap();
    assert_eq!(read(&file), numbered(0, 200));
}

#[test]
fn the_caller_may_drop_and_change_its_batches() {
    let schema = numbered(0, 1).schema();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    let mut batch = numbered(0, 3);
    for round in 1..=100 {
        writer.write(&batch).unwrap();
        let numbers = batch.column(0).clone();
        drop(batch);
        // Nobody else holds the array any more.
        assert_eq!(Arc::strong_count(&numbers), 1);
        batch = numbered(round * 3, 3);
    }
    let file = writer.into_inner().unwrap();
    assert_eq!(read(&file), numbered(0, 300));
}

#[test]
fn a_refused_batch_leaves_those_that_wait_as_they_are() {
    let schema = numbered(0, 1).schema();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), None).unwrap();
    for round in 0..50 {
        writer.write(&numbered(round * 4, 4)).unwrap();
        let nulls = vec![None; 3];
        let columns: [(&str, ArrayRef); 2] = [
            ("n", Arc::new(Int32Array::from(vec![1, 2, 3]))),
            (
                "t",
                Arc::new(StringArray::from_iter::<Vec<Option<&str>>>(nulls)),
            ),
        ];
        let refused = RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, column)| (name, column, true)),
        );
        let error = writer.write(&refused.unwrap()).unwrap_err().to_string();
        assert!(error.contains("'t'"), "{error}");
    }
    let file = writer.into_inner().unwrap();
    assert_eq!(read(&file), numbered(0, 200));
}

#[test]
fn one_row_batches_end_with_a_large_one() {
    let table = numbered(0, 30_000);
    let mut batches = pieces(&table.slice(0, 1_000), 1);
    batches.push(table.slice(1_000, 20_000));
    batches.extend(pieces(&table.slice(21_000, 9_000), 300));
    assert_same(&WriterProperties::builder(), &batches);
    let file = written(options(&WriterProperties::builder()), &batches, 0);
    assert_eq!(read(&file), table);
}
