//! Pages that wait on an S3 server.

mod support;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::conformance;
use herringbone::errors::ParquetError;
use herringbone::file::properties::WriterProperties;
use herringbone::object_store::ObjectPageStoreFactory;
use support::{assert_reads_back, batch, io_error, server};

fn options(pages: ObjectPageStoreFactory) -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(2000)
        .build();
    ArrowWriterOptions::new()
        .with_properties(properties)
        .with_page_store_factory(Arc::new(pages))
}

#[test]
fn the_contract_of_page_stores_holds_over_http() {
    let server = server();
    let pages = ObjectPageStoreFactory::new(server.client(), "spill".into());
    conformance::check(&pages.with_segment_bytes(500_000));
    assert_eq!(server.objects().unwrap(), []);
}

#[test]
fn a_file_keeps_its_limit_and_reads_back() {
    let server = server();
    let batches: Vec<_> = (0..30).map(|seed| batch(8, 5000, seed)).collect();
    let budget = MemoryBudget::new(4 << 20);
    let pages = ObjectPageStoreFactory::new(server.client(), "spill".into());
    let metrics = pages.metrics();
    let options = options(pages).with_memory_budget(budget.clone());
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options).unwrap();
    for batch in &batches {
        writer.write(batch).unwrap();
    }
    assert!(!server.objects().unwrap().is_empty());
    let file = writer.into_inner().unwrap();
    assert_reads_back(file, &batches);
    assert!(budget.peak() <= 4 << 20, "{} bytes", budget.peak());
    assert!(metrics.peak_disk_used() > 8 << 20, "{metrics:?}");
    assert_eq!(server.objects().unwrap(), []);
}

#[test]
fn a_server_that_dies_is_an_error_with_its_kind_and_the_column() {
    let mut server = server();
    let batch = batch(4, 20_000, 0);
    let pages = ObjectPageStoreFactory::new(server.client(), "spill".into());
    let options = options(pages.with_segment_bytes(200_000));
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    server.kill().unwrap();
    let started = Instant::now();
    let error = loop {
        if let Err(error) = writer.write(&batch) {
            break error;
        }
    };
    let ParquetError::PageStore { step, column, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(*step == "put" && column.starts_with('c'), "{error}");
    let kind = io_error(&error).kind();
    assert_ne!(kind, std::io::ErrorKind::Other, "{error}");
    drop(writer);
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn writers_on_threads_of_a_runtime_share_a_budget() {
    let server = server();
    let budget = MemoryBudget::new(8 << 20);
    let pages = Arc::new(ObjectPageStoreFactory::new(server.client(), "spill".into()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let writers = (0..6).map(|seed| {
        let (budget, pages) = (budget.clone(), pages.clone());
        runtime.spawn(async move {
            let batches: Vec<_> = (0..20)
                .map(|turn| batch(4, 5000, seed * 100 + turn))
                .collect();
            let options = ArrowWriterOptions::new()
                .with_memory_budget(budget)
                .with_page_store_factory(pages);
            let mut writer =
                ArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options)
                    .unwrap();
            for batch in &batches {
                writer.write(batch).unwrap();
            }
            assert_reads_back(writer.into_inner().unwrap(), &batches);
        })
    });
    let writers: Vec<_> = writers.collect();
    for writer in writers {
        runtime.block_on(writer).unwrap();
    }
    // A page of each thread that is at work may lie past the limit.
    assert!(budget.peak() <= 9 << 20, "{} bytes", budget.peak());
    assert_eq!(budget.used(), 0);
    drop(pages);
    thread::yield_now();
    assert_eq!(server.objects().unwrap(), []);
}
