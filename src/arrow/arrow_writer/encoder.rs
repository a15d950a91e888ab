//! [`ArrowEncoder`]: record batches in, the bytes of a file out in chunks.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;

use super::batch_encoder::BatchEncoder;
use super::chunks::Chunks;
use super::options::ArrowWriterOptions;
use crate::budget::MemoryBudget;
use crate::column::writer::MemoryPressure;
use crate::errors::Result;
use crate::file::PARQUET_MAGIC;
use crate::file::writer::FileOutput;
use crate::meta::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use crate::meta::properties::WriterProperties;

/// Encodes record batches to the bytes of a Parquet file, which its caller takes in chunks and puts wherever it likes:
/// there is no sink, no runtime, and no I/O but that of the page stores.
///
/// [`ArrowWriter`](super::ArrowWriter) is a loop over the same machine, and gives the same bytes. After each
/// [`write`](Self::write), [`flush`](Self::flush) and [`finish`](Self::finish) the caller takes chunks until
/// [`next_chunk`](Self::next_chunk) has none. Each chunk has at most 256 KiB, less under a small memory limit. It is
/// paid for from the encoder's budget until its last clone is dropped, so that chunks on their way count against the
/// limit.
///
/// Chunks may also be taken later: while a row group is handed out, batches of the next one are encoded. Once that is
/// full too, [`write`](Self::write) refuses batches until no chunk is left.
///
/// ```
/// use arrow_array::record_batch;
/// use herringbone::arrow::arrow_writer::ArrowEncoder;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tides = record_batch!(("port", Utf8, ["Brest", "Dover"]), ("metres", Float64, [7.1, 6.8]))?;
/// let mut encoder = ArrowEncoder::try_new(tides.schema(), None)?;
/// let mut file = Vec::new();
/// for _day in 0..3 {
///     encoder.write(&tides)?;
///     while let Some(chunk) = encoder.next_chunk()? {
///         file.extend_from_slice(&chunk);
///     }
/// }
/// encoder.finish()?;
/// while let Some(chunk) = encoder.next_chunk()? {
///     file.extend_from_slice(&chunk);
/// }
/// assert!(file.ends_with(b"PAR1"));
/// assert_eq!(encoder.take_metadata().map(|it| it.file_metadata().num_rows()), Some(6));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ArrowEncoder {
    encoder: BatchEncoder,
    chunks: Chunks,
    rest: RestOfChunks,
}

/// What becomes of bytes that do not fill a chunk when nothing else is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RestOfChunks {
    /// They wait for more.
    Waits,
    /// They are a chunk of their own: a row group or the file has ended.
    IsHandedOut,
}

impl ArrowEncoder {
    /// An encoder for batches of `arrow_schema`, with default options but for the properties.
    ///
    /// # Errors
    /// As [`ArrowEncoder::try_new_with_options`].
    pub fn try_new(arrow_schema: SchemaRef, props: Option<WriterProperties>) -> Result<Self> {
        let options = ArrowWriterOptions::new().with_properties(props.unwrap_or_default());
        Self::try_new_with_options(arrow_schema, options)
    }

    /// An encoder for batches of `arrow_schema`.
    ///
    /// # Errors
    /// If the schema has a type or a shape that Parquet cannot hold, or the properties do not suit it.
    pub fn try_new_with_options(
        arrow_schema: SchemaRef,
        options: ArrowWriterOptions,
    ) -> Result<Self> {
        let encoder = BatchEncoder::try_new(arrow_schema, options)?;
        let mut chunks = Chunks::new(encoder.core().resources().member().budget());
        chunks.put(&PARQUET_MAGIC)?;
        Ok(Self {
            encoder,
            chunks,
            rest: RestOfChunks::Waits,
        })
    }

    /// Encodes a batch. Where it fills a row group its other rows are kept, as the arrays that they are, and encoded by
    /// [`next_chunk`](Self::next_chunk) once the chunks of that row group have been taken.
    ///
    /// # Errors
    /// [`NotDrained`](crate::errors::ParquetError::NotDrained) if [`wants_drain`](Self::wants_drain): nothing of the
    /// batch is then written, and the encoder goes on. Otherwise as [`ArrowWriter::write`](super::ArrowWriter::write).
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.encoder.write(batch)
    }

    /// Ends the open row group: its chunks come next. Nothing happens if no row was written to it.
    ///
    /// # Errors
    /// If the encoder has finished or failed before.
    pub fn flush(&mut self) -> Result<()> {
        self.encoder.flush()
    }

    /// Ends the file: the chunks of the open row group come next, and those of the footer behind them. The encoder
    /// takes no more batches.
    ///
    /// # Errors
    /// If the encoder has finished or failed before.
    pub fn finish(&mut self) -> Result<()> {
        self.encoder.finish()
    }

    /// The next chunk of the file; `None` if there is nothing to hand out before the next
    /// [`write`](Self::write), [`flush`](Self::flush) or [`finish`](Self::finish).
    ///
    /// Reads pages back from their store, and encodes rows that waited: at most up to the end of a row group. The last
    /// four bytes of the file, without which no reader takes it for one, are a chunk of their own.
    ///
    /// # Errors
    /// If a store fails, or the encoder failed before. What was handed out is then no file.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(chunk) = self.chunks.take_full() {
                return Ok(Some(chunk));
            }
            if self.encoder.step(&mut self.chunks)? {
                self.rest = RestOfChunks::IsHandedOut;
                continue;
            }
            if self.rest == RestOfChunks::Waits {
                return Ok(None);
            }
            self.rest = RestOfChunks::Waits;
            return Ok(self.chunks.take_rest());
        }
    }

    /// Whether [`write`](Self::write) refuses batches until [`next_chunk`](Self::next_chunk) has returned `None`.
    pub fn wants_drain(&self) -> bool {
        self.encoder.is_drain_due()
    }

    /// The file's metadata, once after [`finish`](Self::finish) and the last chunk. Under a memory limit it is cut
    /// short as that of [`ArrowWriter::finish`](super::ArrowWriter::finish).
    pub fn take_metadata(&mut self) -> Option<ParquetMetaData> {
        self.encoder.take_metadata()
    }

    /// Adds a pair to the footer's key-value metadata. Under a memory limit it waits in a page store, which may fail;
    /// the next call then tells.
    pub fn append_key_value_metadata(&mut self, kv_metadata: KeyValue) {
        self.encoder.add_pair(kv_metadata);
    }

    /// Metadata of the row groups that were handed out, as
    /// [`ArrowWriter::flushed_row_groups`](super::ArrowWriter::flushed_row_groups).
    pub fn flushed_row_groups(&self) -> &[RowGroupMetaData] {
        self.encoder.core().row_groups()
    }

    /// Number of row groups that were handed out.
    pub fn row_groups_flushed(&self) -> usize {
        self.encoder.core().num_row_groups()
    }

    /// Bytes that the open row group and the one that is handed out keep in memory, with the scratch buffers, what
    /// waits for the footer, and chunks that have not been taken.
    pub fn memory_size(&self) -> usize {
        self.encoder.memory_size() + self.chunks.memory_size()
    }

    /// Estimated encoded bytes of the open row group.
    pub fn in_progress_size(&self) -> usize {
        self.encoder.in_progress_size()
    }

    /// As [`in_progress_size`](Self::in_progress_size), or a few more: it does not wait for threads that seal pages.
    #[cfg_attr(
        not(feature = "async"),
        expect(dead_code, reason = "what goes to another thread has a use for it")
    )]
    pub(crate) fn most_in_progress_size(&self) -> usize {
        self.encoder.most_in_progress_size()
    }

    /// Rows of the open row group.
    pub fn in_progress_rows(&self) -> usize {
        self.encoder.in_progress_rows()
    }

    /// Bytes of the file so far, those of chunks that have not been taken included; 4 for a new one.
    pub fn bytes_written(&self) -> usize {
        self.chunks.position()
    }

    /// What the memory limit has cost so far.
    pub fn memory_pressure(&self) -> MemoryPressure {
        self.encoder.core().memory_pressure()
    }

    /// A row group with fewer bytes does not end early for want of memory.
    #[cfg_attr(
        not(feature = "async"),
        expect(dead_code, reason = "what knows a sink has a use for it")
    )]
    pub(crate) fn set_least_early_bytes(&mut self, bytes: usize) {
        self.encoder.set_least_early_bytes(bytes);
    }

    /// The encoder's budget, to pay for what its bytes take on their way. Its limit is that of the options.
    pub fn budget(&self) -> &MemoryBudget {
        self.encoder.core().resources().member().budget()
    }
}
