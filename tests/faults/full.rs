//! A store without room: a typed error, or by option an early end of the row group.

use std::io::ErrorKind;
use std::sync::Arc;

use arrow::array::RecordBatch;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{
    ArrowRowGroupWriterFactory, ArrowWriterOptions, MemoryPressure, OnMemoryLimit, OnSpillLimit,
    compute_leaves,
};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    GuardedPageStoreFactory, PageStoreFactory, SpillMetrics, TempFilePageStoreFactory,
    TieredPageStoreFactory,
};
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::WriterProperties;
use tempfile::TempDir;

use crate::input::{BATCHES, Shape, joined, read};
use crate::run::assert_nothing_left;

/// Bytes of memory that do not hold all pages.
const LIMIT: usize = 96 << 10;

fn options() -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_data_page_size_limit(2000)
        .set_write_batch_size(16);
    ArrowWriterOptions::new().with_properties(properties.build())
}

fn files(directory: &TempDir, quota: u64, metrics: &SpillMetrics) -> Arc<dyn PageStoreFactory> {
    let factory = TempFilePageStoreFactory::builder()
        .with_directory(directory.path())
        .with_max_disk_bytes(quota)
        .with_metrics(metrics.clone());
    Arc::new(factory.build())
}

/// The flat batches, several times over.
fn batches(times: usize) -> Vec<RecordBatch> {
    (0..times).flat_map(|_| Shape::Flat.batches()).collect()
}

/// Writes batches; what reached the sink, the row groups, and what it cost.
fn write(
    batches: &[RecordBatch],
    options: ArrowWriterOptions,
) -> Result<(Vec<u8>, usize, MemoryPressure)> {
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut file, batches[0].schema(), options)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    let pressure = writer.memory_pressure();
    let row_groups = writer.row_groups_flushed();
    drop(writer);
    Ok((file, row_groups, pressure))
}

fn assert_rows(file: &[u8], expected: &[RecordBatch]) {
    assert!(read(file).unwrap() == joined(expected));
}

#[test]
fn a_quota_that_is_used_up_is_an_error_with_its_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let stores = files(&directory, 8192, &SpillMetrics::new());
    let batches = Shape::Flat.batches();
    let mut file = Vec::new();
    let options = options().with_page_store_factory(stores);
    let mut writer =
        ArrowWriter::try_new_with_options(&mut file, batches[0].schema(), options).unwrap();
    let error = batches
        .iter()
        .find_map(|batch| writer.write(batch).err())
        .unwrap();
    let ParquetError::PageStore {
        step: "put",
        column,
        page,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!((column.as_str(), *page > 0), ("text", true), "{error}");
    match *error.root_cause() {
        ParquetError::SpillLimitExceeded {
            limit: 8192,
            used,
            requested,
        } => {
            // Disk is counted in blocks.
            let needed = requested.next_multiple_of(4096);
            assert!(used <= 8192 && used + needed > 8192, "{error}");
        }
        _ => panic!("{error}"),
    }
    let later = writer.flush().unwrap_err();
    assert!(matches!(later, ParquetError::Latched(_)), "{later}");
    assert!(
        matches!(later.root_cause(), ParquetError::SpillLimitExceeded { .. }),
        "{later}"
    );
    drop(writer);
    assert!(read(&file).is_none());
    assert_nothing_left(directory.path(), "quota");
}

#[test]
fn a_directory_that_is_not_there_is_an_error_with_path_and_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing");
    let stores = Arc::new(TempFilePageStoreFactory::in_directory(&path));
    let error = write(&batches(1), options().with_page_store_factory(stores)).unwrap_err();
    let ParquetError::External(cause) = error.root_cause() else {
        panic!("{error}")
    };
    let cause = cause.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), ErrorKind::NotFound);
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(text.contains(" bytes"), "{text}");
}

#[test]
fn by_option_a_quota_ends_row_groups_early_and_writing_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    for quota in [0, 3000, 8000, 20_000, 1 << 20] {
        let metrics = SpillMetrics::new();
        let files = files(&directory, quota, &metrics);
        let stacks: [Arc<dyn PageStoreFactory>; 2] =
            [files.clone(), Arc::new(GuardedPageStoreFactory::new(files))];
        for stores in stacks {
            let budget = MemoryBudget::unlimited();
            let options = options()
                .with_page_store_factory(stores)
                .with_memory_budget(budget.clone())
                .with_on_spill_limit(OnSpillLimit::FlushRowGroup);
            let (file, row_groups, pressure) = write(&batches(1), options).unwrap();
            assert_rows(&file, &Shape::Flat.batches());
            let early = pressure.row_groups_flushed_early as usize;
            match quota {
                0..8000 => assert_eq!((row_groups, early), (BATCHES, BATCHES)),
                8000..100_000 => assert!(early > 0 && row_groups > 1, "{quota}: {row_groups}"),
                _ => assert_eq!((row_groups, early), (1, 0)),
            }
            assert!(metrics.peak_disk_used() <= quota, "{quota}");
            // Pages without room are paid for while they are on the heap.
            if quota == 0 {
                assert!(budget.peak() > file.len() / BATCHES, "{}", budget.peak());
            }
            assert_eq!((budget.used(), metrics.disk_used()), (0, 0));
        }
    }
    assert_nothing_left(directory.path(), "quotas");
}

#[test]
fn under_a_memory_limit_too() {
    let directory = tempfile::tempdir().unwrap();
    let batches = batches(8);
    for on_memory_limit in [OnMemoryLimit::FlushRowGroup, OnMemoryLimit::Fail] {
        for quota in [0, 8000, 1 << 20] {
            let metrics = SpillMetrics::new();
            let budget = MemoryBudget::new(LIMIT);
            let cold = files(&directory, quota, &metrics);
            let options = options()
                .with_page_store_factory(Arc::new(TieredPageStoreFactory::new(
                    budget.clone(),
                    cold,
                )))
                .with_memory_budget(budget.clone())
                .with_on_memory_limit(on_memory_limit)
                .with_on_spill_limit(OnSpillLimit::FlushRowGroup);
            let (file, row_groups, _) = write(&batches, options).unwrap();
            assert_rows(&file, &batches);
            assert!(row_groups > 1 || quota > 100_000, "{quota}: {row_groups}");
            let most_of_a_batch = file.len() / batches.len();
            assert!(
                budget.peak() < LIMIT + 2 * most_of_a_batch,
                "{}",
                budget.peak()
            );
            assert_eq!((budget.used(), metrics.disk_used()), (0, 0));
        }
    }
    assert_nothing_left(directory.path(), "limits");
}

#[test]
fn columns_that_the_caller_encodes_fail_whatever_the_option() {
    let directory = tempfile::tempdir().unwrap();
    let options = options()
        .with_page_store_factory(files(&directory, 0, &SpillMetrics::new()))
        .with_on_spill_limit(OnSpillLimit::FlushRowGroup);
    let batch = &Shape::Flat.batches()[0];
    let schema = batch.schema();
    let writer = ArrowWriter::try_new_with_options(Vec::new(), schema.clone(), options).unwrap();
    let (file, factory) = writer.into_serialized_writer().unwrap();
    for factory in [factory, ArrowRowGroupWriterFactory::new(&file, schema)] {
        let mut columns = factory.create_column_writers(0).unwrap();
        let leaf = &compute_leaves(batch.schema().field(2), batch.column(2)).unwrap()[0];
        let error = columns[2].write(leaf).unwrap_err();
        assert!(
            matches!(error.root_cause(), ParquetError::SpillLimitExceeded { .. }),
            "{error}"
        );
    }
}
