//! The file is the same for any number of threads.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, Executor, Job, Parallelism};
use herringbone::basic::{Compression, ZstdLevel};
use herringbone::file::properties::{WriterProperties, WriterVersion};
use proptest::prelude::*;

use crate::support::arrays::{Options, batches};
use crate::support::cases::{Case, Dictionary, Paging, codecs};
use crate::support::stores::Store;
use crate::support::types::{Nesting, Nulls, batch_of_all_types, pieces};

/// The bytes of a file of `batches`, encoded by so many threads; with 0 there is no parallelism.
pub(crate) fn written(
    options: ArrowWriterOptions,
    batches: &[RecordBatch],
    threads: usize,
) -> Vec<u8> {
    let parallelism = match threads {
        0 => Parallelism::Off,
        threads => Parallelism::Threads(threads),
    };
    let options = options.with_parallelism(parallelism);
    let schema = batches[0].schema();
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

/// `batch` many times over, so that a batch is worth other threads.
fn repeated(batch: &RecordBatch, times: usize) -> RecordBatch {
    let batches = vec![batch; times];
    arrow::compute::concat_batches(&batch.schema(), batches).unwrap()
}

fn assert_same(case: &Case, batches: &[RecordBatch]) {
    let alone = written(case.options(), batches, 0);
    for threads in [1, 2, 3, 8] {
        let together = written(case.options(), batches, threads);
        assert!(together == alone, "{threads} threads, {case:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_number_of_threads_gives_the_same_bytes(
        batch in batches(Options::everything()),
        compression in prop::sample::select(codecs().to_vec()),
        version in prop::sample::select(vec![WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0]),
        dictionary in prop::sample::select(vec![Dictionary::On, Dictionary::Off, Dictionary::Fallback]),
        paging in prop::sample::select(vec![Paging::Default, Paging::Bytes, Paging::Rows]),
        store in prop::sample::select(vec![Store::Memory, Store::Background, Store::Sparse, Store::Tiered]),
        row_group in prop::option::of(1..4000usize),
    ) {
        let case = Case { compression, version, dictionary, paging, store, row_group, ..Case::default() };
        let table = repeated(&batch, 20);
        assert_same(&case, &pieces(&table, table.num_rows().div_ceil(3).max(1)));
    }
}

#[test]
fn all_types_give_the_same_bytes() {
    for (nesting, nulls) in [(Nesting::Flat, Nulls::Half), (Nesting::List, Nulls::Few)] {
        let batch = batch_of_all_types(nesting, nulls, 3000);
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
            let case = Case {
                compression,
                ..Case::default()
            };
            assert_same(&case, &pieces(&batch, 1000));
        }
    }
}

fn texts(rows: usize) -> RecordBatch {
    let text = |row: usize| {
        format!(
            "text {:x}",
            (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        )
    };
    let column: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(text)));
    RecordBatch::try_from_iter([("c", column)]).unwrap()
}

fn zstd() -> WriterProperties {
    let level = ZstdLevel::try_new(1).unwrap();
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level));
    properties.set_data_page_size_limit(64 * 1024).build()
}

/// Pages of one column are sealed by several threads and lie in order; the dictionary ends in between.
#[test]
fn pages_of_one_column_are_the_same() {
    let batches = pieces(&texts(120_000), 8192);
    let options = || ArrowWriterOptions::new().with_properties(zstd());
    let alone = written(options(), &batches, 0);
    for threads in [2, 3, 8] {
        assert!(written(options(), &batches, threads) == alone, "{threads}");
    }
}

/// A caller may end row groups by what the writer says of their size: that does not depend on how far others are.
#[test]
fn sizes_that_are_asked_for_are_the_same() {
    let batches = pieces(&texts(100_000), 4096);
    let sizes = |parallelism| {
        let options = ArrowWriterOptions::new().with_properties(zstd());
        let options = options.with_parallelism(parallelism);
        let schema = batches[0].schema();
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options).unwrap();
        let mut sizes = Vec::new();
        for batch in &batches {
            writer.write(batch).unwrap();
            sizes.push(writer.in_progress_size());
        }
        writer.close().unwrap();
        sizes
    };
    assert_eq!(sizes(Parallelism::Threads(3)), sizes(Parallelism::Off));
}

#[derive(Debug)]
struct Tokio(tokio::runtime::Handle);

impl Executor for Tokio {
    fn spawn(&self, job: Job) {
        self.0.spawn_blocking(job);
    }
}

/// The writer runs on the only thread that the executor has.
#[test]
fn an_executor_without_a_free_thread_is_no_hindrance() {
    let batches = pieces(&texts(60_000), 8192);
    let options = || ArrowWriterOptions::new().with_properties(zstd());
    let alone = written(options(), &batches, 0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let executor = Arc::new(Tokio(runtime.handle().clone()));
    let task = runtime.spawn_blocking(move || {
        let parallelism = Parallelism::Executor {
            executor,
            threads: 4,
        };
        let options = options().with_parallelism(parallelism);
        let schema = batches[0].schema();
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options).unwrap();
        for batch in &batches {
            writer.write(batch).unwrap();
        }
        writer.into_inner().unwrap()
    });
    assert!(runtime.block_on(task).unwrap() == alone);
}
