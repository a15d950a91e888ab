//! Record batches to sinks that are written by asynchronous code.
//!
//! [`AsyncArrowWriter`] is the whole way: it encodes as [`ArrowWriter`](super::ArrowWriter) does, and hands the file
//! to an [`AsyncFileWriter`] in chunks. Each chunk is handed over when the sink has taken the one before, so that a
//! memory limit holds while a row group is written out, however slow the sink is. Everything that tokio can write to
//! is such a sink.
//!
//! ```
//! use arrow_array::record_batch;
//! use herringbone::arrow::arrow_writer::ArrowWriterOptions;
//! use herringbone::arrow::async_writer::AsyncArrowWriter;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ferries = record_batch!(
//!     ("ferry", Utf8, ["Baldur", "Herjólfur"]),
//!     ("passengers", Int32, [Some(280), None])
//! )?;
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("ferries.parquet");
//! let file = tokio::fs::File::create(&path).await?;
//! let options = ArrowWriterOptions::new().with_memory_limit(64 << 20);
//! let mut writer = AsyncArrowWriter::try_new_with_options(file, ferries.schema(), options)?;
//! for _crossing in 0..6 {
//!     writer.write(&ferries).await?;
//! }
//! let metadata = writer.close().await?;
//! assert_eq!(metadata.file_metadata().num_rows(), 12);
//! assert!(tokio::fs::read(&path).await?.ends_with(b"PAR1"));
//! # Ok(())
//! # }
//! ```
//!
//! # What blocks
//!
//! A batch is encoded where [`write`](AsyncArrowWriter::write) is polled, up to the end of a row group at once: tens
//! of milliseconds for a large batch. Writing out a row group reads its pages back from their store, a chunk between
//! two waits for the sink; where the store is a disk, the thread waits for that. A runtime with other things to do
//! meanwhile is given to [`AsyncArrowWriter::with_runtime`]: both then happen on its threads for blocking work.
//!
//! # Calls that are cancelled
//!
//! The future of a call may be dropped at any time, by a timeout or by `select!`. No file comes of it that looks
//! whole and is not:
//!
//! - Dropped before it was polled, nothing has happened.
//! - Dropped while a thread for blocking work was at it, that work is done to its end, and the next call goes on from
//!   there.
//! - Dropped while the sink was taking bytes, the next call goes on if the sink [keeps the bytes of dropped
//!   writes](AsyncFileWriter::keeps_bytes_of_dropped_writes). Other sinks, files and sockets among them, may have any
//!   part of those bytes: all later calls fail with [`Cancelled`](crate::errors::ParquetError::Cancelled).
//!
//! Where the writer goes on, [`rows_taken`](AsyncArrowWriter::rows_taken) tells whether the batch of the dropped call
//! is in.

mod delivery;
mod encoding;
mod sink;
mod writer;

pub use sink::AsyncFileWriter;
pub use writer::AsyncArrowWriter;
