//! Files that are uploaded to an S3 server while they are written.

mod support;

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::file::properties::WriterProperties;
use herringbone::object_store::{ObjectPageStoreFactory, ObjectStoreSink};
use herringbone_s3_tests::Server;
use object_store::ObjectStoreExt;
use support::{assert_reads_back, batch, io_error, server};

const PART_BYTES: usize = 5 << 20;

fn options(budget: &MemoryBudget) -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .build();
    ArrowWriterOptions::new()
        .with_properties(properties)
        .with_memory_budget(budget.clone())
}

/// A sink that uploads parts of 5 MiB, four at once.
fn sink(server: &Server) -> ObjectStoreSink {
    ObjectStoreSink::new(server.client(), "folder/file.parquet".into())
        .with_part_size(PART_BYTES)
        .with_parts_in_flight(4)
}

/// Waits for what happens on the server, or in the background.
async fn soon(holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_file_goes_up_in_parts_and_reads_back() {
    let server = server();
    let batches: Vec<_> = (0..60).map(|seed| batch(8, 5000, seed)).collect();
    let budget = MemoryBudget::new(16 << 20);
    let schema = batches[0].schema();
    let mut writer =
        AsyncArrowWriter::try_new_with_options(sink(&server), schema, options(&budget)).unwrap();
    for batch in &batches {
        writer.write(batch).await.unwrap();
    }
    writer.finish().await.unwrap();
    let sink = writer.into_inner();
    let uploaded = sink.uploaded().unwrap();
    assert!(
        uploaded.parts >= 4 && uploaded.e_tag.is_some(),
        "{uploaded:?}"
    );
    assert_eq!(server.open_uploads().unwrap(), [""; 0]);
    let file = server
        .client()
        .get(&"folder/file.parquet".into())
        .await
        .unwrap();
    let file = file.bytes().await.unwrap();
    assert_eq!(file.len() as u64, uploaded.size);
    assert_reads_back(file, &batches);
    assert!(budget.peak() <= 16 << 20, "{} bytes", budget.peak());
}

#[tokio::test]
async fn a_small_file_is_put_in_one_request() {
    let server = server();
    let batch = batch(3, 1000, 0);
    let mut writer = AsyncArrowWriter::try_new(sink(&server), batch.schema(), None).unwrap();
    writer.write(&batch).await.unwrap();
    writer.finish().await.unwrap();
    assert_eq!(writer.into_inner().uploaded().unwrap().parts, 0);
    let file = server
        .client()
        .get(&"folder/file.parquet".into())
        .await
        .unwrap();
    assert_reads_back(file.bytes().await.unwrap(), &[batch]);
}

#[tokio::test]
async fn pages_and_file_may_both_be_on_the_server() {
    let server = server();
    let batches: Vec<_> = (0..40).map(|seed| batch(8, 5000, seed)).collect();
    let budget = MemoryBudget::new(16 << 20);
    let pages = Arc::new(ObjectPageStoreFactory::new(server.client(), "spill".into()));
    let options = options(&budget).with_page_store_factory(pages);
    let schema = batches[0].schema();
    let mut writer =
        AsyncArrowWriter::try_new_with_options(sink(&server), schema, options).unwrap();
    for batch in &batches {
        writer.write(batch).await.unwrap();
    }
    writer.close().await.unwrap();
    assert_eq!(server.objects().unwrap().len(), 1, "the file, and no page");
    let file = server
        .client()
        .get(&"folder/file.parquet".into())
        .await
        .unwrap();
    assert_reads_back(file.bytes().await.unwrap(), &batches);
    assert!(budget.peak() <= 16 << 20, "{} bytes", budget.peak());
}

#[tokio::test]
async fn a_writer_that_is_cancelled_leaves_no_upload_and_no_object() {
    let server = server();
    let budget = MemoryBudget::new(16 << 20);
    let batches: Vec<_> = (0..60).map(|seed| batch(8, 5000, seed)).collect();
    let schema = batches[0].schema();
    let mut writer =
        AsyncArrowWriter::try_new_with_options(sink(&server), schema, options(&budget)).unwrap();
    for batch in &batches {
        writer.write(batch).await.unwrap();
    }
    let closing = tokio::spawn(writer.close());
    soon(|| !server.open_uploads().unwrap().is_empty()).await;
    closing.abort();
    assert!(closing.await.unwrap_err().is_cancelled());
    soon(|| server.open_uploads().unwrap().is_empty()).await;
    assert_eq!(server.objects().unwrap(), []);
    soon(|| budget.used() == 0).await;
}

#[tokio::test]
async fn a_server_that_dies_is_an_error_with_its_kind_and_the_object() {
    let mut server = server();
    let budget = MemoryBudget::new(16 << 20);
    let batch = batch(8, 20_000, 0);
    let mut writer =
        AsyncArrowWriter::try_new_with_options(sink(&server), batch.schema(), options(&budget))
            .unwrap();
    for _ in 0..4 {
        writer.write(&batch).await.unwrap();
    }
    writer.flush().await.unwrap();
    server.kill().unwrap();
    let error = async {
        loop {
            writer.write(&batch).await?;
            writer.flush().await?;
        }
    };
    let error: herringbone::errors::Result<()> = error.await;
    let error = error.unwrap_err();
    assert_ne!(io_error(&error).kind(), ErrorKind::Other, "{error}");
    assert!(error.to_string().contains("folder/file.parquet"), "{error}");
}
