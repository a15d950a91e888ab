//! A file, and ways to give it to a sink.

use std::sync::{Arc, LazyLock};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::errors::Result;
use object_store_14::path::Path;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Where the file goes.
pub(crate) fn path() -> Path {
    Path::from("harbour/boats.parquet")
}

pub(crate) fn batch() -> RecordBatch {
    let rows = 3_000_i64;
    let numbers: Int64Array = (0..rows).map(|n| n * n % 7_919).collect();
    let names: StringArray = (0..rows).map(|n| Some(format!("boat {n}"))).collect();
    let columns: [(&str, ArrayRef); 2] = [("number", Arc::new(numbers)), ("name", Arc::new(names))];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// A file of about 60 kB.
pub(crate) fn file() -> Bytes {
    static FILE: LazyLock<Bytes> = LazyLock::new(|| {
        let batch = batch();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap().into()
    });
    FILE.clone()
}

/// The file in chunks of all sizes up to `most`, each a buffer of its own.
pub(crate) fn chunks(most: usize) -> Vec<Bytes> {
    let (mut rest, mut chunks, mut size) = (file(), Vec::new(), 4);
    while !rest.is_empty() {
        let chunk = rest.split_to(rest.len().min(size));
        chunks.push(Bytes::copy_from_slice(&chunk));
        size = size * 7 % most + 1;
    }
    chunks
}

/// Gives all chunks to the sink, and completes.
pub(crate) async fn write_all(sink: &mut impl AsyncFileWriter, chunks: Vec<Bytes>) -> Result<()> {
    for chunk in chunks {
        sink.write(chunk).await?;
    }
    sink.complete().await
}

/// Asserts that these are the bytes of the file, and that the other reader reads its rows.
pub(crate) fn assert_whole(object: &Bytes) {
    assert_eq!(object.len(), file().len());
    assert!(*object == file(), "other bytes");
    let reader = ParquetRecordBatchReaderBuilder::try_new(object.clone()).unwrap();
    let read: Vec<RecordBatch> = reader
        .with_batch_size(10_000)
        .build()
        .unwrap()
        .map(|batch| batch.unwrap())
        .collect();
    assert_eq!(read, [batch()]);
}
