//! Rows to write, and how they are looked at again.

#![allow(dead_code, reason = "each test uses a part")]

use std::error::Error;
use std::io;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use herringbone::errors::ParquetError;
use herringbone_s3_tests::Server;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A server of the test's own.
pub fn server() -> Server {
    Server::start(env!("CARGO_BIN_EXE_s3_server"), &[]).unwrap()
}

/// Rows of numbers and texts that do not become much smaller.
pub fn batch(columns: u32, rows: i64, seed: i64) -> RecordBatch {
    let column = |number: u32| -> (String, ArrayRef) {
        let mixed = (0..rows).map(|row| (row + seed * rows).wrapping_mul(-0x61C8_8646_80B5_83EB));
        let mixed = mixed.map(|value| value.rotate_left(number));
        let array: ArrayRef = match number % 2 {
            0 => Arc::new(Int64Array::from_iter_values(mixed)),
            _ => Arc::new(StringArray::from_iter_values(
                mixed.map(|value| format!("{value:x}")),
            )),
        };
        (format!("c{number}"), array)
    };
    RecordBatch::try_from_iter((0..columns).map(column)).unwrap()
}

/// Reads a file with the `parquet` crate and compares its rows.
pub fn assert_reads_back(file: impl Into<Bytes>, batches: &[RecordBatch]) {
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(file.into())
        .unwrap()
        .with_batch_size(batches[0].num_rows())
        .build()
        .unwrap();
    // Batches of one length come back as they went in.
    for batch in batches {
        assert!(reader.next().unwrap().unwrap() == *batch);
    }
    assert!(reader.next().is_none());
}

/// The outermost I/O error of an error.
pub fn io_error(error: &ParquetError) -> &io::Error {
    let mut cause: &(dyn Error + 'static) = error.root_cause();
    loop {
        if let Some(found) = cause.downcast_ref::<io::Error>() {
            return found;
        }
        cause = cause.source().unwrap();
    }
}
