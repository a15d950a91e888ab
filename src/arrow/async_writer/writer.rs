//! [`AsyncArrowWriter`]: record batches in, a file to an asynchronous sink out.

use std::borrow::Cow;
use std::fmt;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tokio::runtime::Handle;

use super::delivery::Delivery;
use super::encoding::{Encoding, Job};
use super::sink::AsyncFileWriter;
use crate::arrow::arrow_writer::{ArrowEncoder, ArrowWriterOptions};
use crate::column::writer::MemoryPressure;
use crate::errors::{ParquetError, Result};
use crate::meta::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use crate::meta::properties::WriterProperties;

/// Writes record batches to an [`AsyncFileWriter`].
///
/// Batches are encoded as [`ArrowWriter`](crate::arrow::ArrowWriter) does it, and the file has the same bytes. They
/// go to the sink when a row group ends: when it is full, or with [`flush`](Self::flush) or [`finish`](Self::finish).
/// The file is whole only after [`close`](Self::close) or [`finish`](Self::finish).
///
/// A batch that does not fit the schema is refused before anything of it is encoded, and the writer goes on. After a
/// failure of the store or the sink every later call fails and names the first cause. What happens to calls that are
/// cancelled, and what blocks, stands with an example in the [module's documentation](super).
pub struct AsyncArrowWriter<W> {
    encoding: Encoding,
    delivery: Delivery<W>,
    /// Kept from the footer's last byte until the sink has completed the file.
    metadata: Option<ParquetMetaData>,
}

impl<W: AsyncFileWriter> AsyncArrowWriter<W> {
    /// A writer into `writer` for batches of `arrow_schema`, with default options but for the properties.
    ///
    /// # Errors
    /// As [`AsyncArrowWriter::try_new_with_options`].
    pub fn try_new(
        writer: W,
        arrow_schema: SchemaRef,
        props: Option<WriterProperties>,
    ) -> Result<Self> {
        let options = ArrowWriterOptions::new().with_properties(props.unwrap_or_default());
        Self::try_new_with_options(writer, arrow_schema, options)
    }

    /// A writer into `writer` for batches of `arrow_schema`. Nothing goes to the sink yet.
    ///
    /// # Errors
    /// If the schema has a type or a shape that Parquet cannot hold, or the properties do not suit it.
    pub fn try_new_with_options(
        writer: W,
        arrow_schema: SchemaRef,
        options: ArrowWriterOptions,
    ) -> Result<Self> {
        let mut encoder = ArrowEncoder::try_new_with_options(arrow_schema, options)?;
        encoder.set_least_early_bytes(writer.bytes_held_back());
        let delivery = Delivery::new(writer, encoder.budget());
        Ok(Self {
            encoding: Encoding::new(encoder),
            delivery,
            metadata: None,
        })
    }

    /// Encodes, and reads pages back from their store, on threads of `runtime` for blocking work, so that the thread
    /// that polls never does. It costs a change of threads for each batch and each chunk of the file.
    ///
    /// What the encoder says of itself is then, after a call was dropped, what it said at that call's start, until
    /// another call has come to its end.
    ///
    /// ```
    /// # use arrow_array::record_batch;
    /// # use herringbone::arrow::AsyncArrowWriter;
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let tides = record_batch!(("height", Float32, [0.4, 3.9, 0.6]))?;
    /// let writer = AsyncArrowWriter::try_new(Vec::new(), tides.schema(), None)?;
    /// let mut writer = writer.with_runtime(tokio::runtime::Handle::current());
    /// writer.write(&tides).await?;
    /// writer.finish().await?;
    /// assert!(writer.into_inner().ends_with(b"PAR1"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_runtime(mut self, runtime: Handle) -> Self {
        self.encoding.set_runtime(runtime);
        self
    }

    /// Metadata of the row groups that are in the file, as of
    /// [`ArrowWriter::flushed_row_groups`](crate::arrow::ArrowWriter::flushed_row_groups).
    pub fn flushed_row_groups(&self) -> &[RowGroupMetaData] {
        self.encoding.flushed_row_groups()
    }

    /// Number of row groups that are in the file.
    pub fn row_groups_flushed(&self) -> usize {
        self.encoding.figures().row_groups
    }

    /// Bytes that the open row group keeps in memory, as of
    /// [`ArrowWriter::memory_size`](crate::arrow::ArrowWriter::memory_size).
    pub fn memory_size(&self) -> usize {
        self.encoding.figures().memory_size
    }

    /// Estimated encoded bytes of the open row group.
    pub fn in_progress_size(&self) -> usize {
        self.encoding.figures().in_progress_size
    }

    /// Rows of the open row group.
    pub fn in_progress_rows(&self) -> usize {
        self.encoding.figures().in_progress_rows
    }

    /// Bytes of the file so far.
    pub fn bytes_written(&self) -> usize {
        self.encoding.figures().bytes_written
    }

    /// What the memory limit has cost so far.
    pub fn memory_pressure(&self) -> MemoryPressure {
        self.encoding.figures().pressure
    }

    /// Rows of all batches that the writer has taken, whether or not the calls that brought them came to their end.
    /// After a call of [`write`](Self::write) was dropped this tells whether its batch is in.
    pub fn rows_taken(&self) -> u64 {
        self.encoding.rows_taken()
    }

    /// Encodes a batch. Row groups that become full go to the sink; a batch may fill several.
    ///
    /// Blocks while the batch is encoded and, for each chunk of a full row group, while it is read back from where
    /// pages wait, unless there is a [runtime](Self::with_runtime) for that. Waits for the sink, with a row group to
    /// hand over, as long as the sink takes for that.
    ///
    /// # Errors
    /// As [`ArrowWriter::write`](crate::arrow::ArrowWriter::write); sinks fail with [`ParquetError::External`]. With
    /// [`ParquetError::Cancelled`], as the cause of [`ParquetError::Latched`], if an earlier call was dropped while the
    /// sink was taking bytes. If an earlier call of this method was dropped before its batch was refused, the refusal
    /// comes here, and this batch is not taken.
    pub async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.perform("write", Job::Write(Cow::Borrowed(batch)))
            .await
    }

    /// Ends the open row group and hands it to the sink; nothing happens if no row was written to it.
    ///
    /// Blocks while the last pages are encoded, and for each chunk as [`write`](Self::write) does. Waits for the sink.
    ///
    /// # Errors
    /// If the store or the sink fails; the writer then takes no more. If an earlier call was dropped, as
    /// [`write`](Self::write).
    pub async fn flush(&mut self) -> Result<()> {
        self.perform("flush", Job::Flush).await
    }

    /// Adds a pair to the footer's key-value metadata. Under a memory limit it waits in a page store, which may fail;
    /// the next call then tells. Never waits.
    pub fn append_key_value_metadata(&mut self, kv_metadata: KeyValue) {
        self.encoding.append_key_value_metadata(kv_metadata);
    }

    /// Ends the open row group, hands the rest of the file to the sink, and has the sink complete it. The writer
    /// takes no more after that, but [`into_inner`](Self::into_inner) has the sink.
    ///
    /// Returns the file's metadata, as much of it as [`ArrowWriter::finish`](crate::arrow::ArrowWriter::finish) does.
    /// Blocks and waits as [`flush`](Self::flush).
    ///
    /// # Errors
    /// If the store or the sink fails, or the writer has finished or failed before. If an earlier call was dropped, as
    /// [`write`](Self::write); a dropped call of this method is taken up by the next one.
    pub async fn finish(&mut self) -> Result<ParquetMetaData> {
        if self.delivery.is_complete() {
            return Err(finished());
        }
        self.delivery.begin("finish")?;
        if self.metadata.is_none() {
            self.drain().await?;
            if !self.encoding.is_ending() {
                self.start(Job::Finish).await?;
            }
            // There is none before the encoder has handed out its last byte.
            let metadata = self.encoding.take_metadata();
            self.metadata = Some(metadata.ok_or_else(without_metadata)?);
        }
        let bytes = self.encoding.figures().bytes_written;
        self.delivery.complete(bytes).await?;
        self.metadata.take().ok_or_else(finished)
    }

    /// As [`AsyncArrowWriter::finish`], and drops the sink. If this is dropped, so is the writer with it.
    ///
    /// # Errors
    /// As [`AsyncArrowWriter::finish`].
    pub async fn close(mut self) -> Result<ParquetMetaData> {
        self.finish().await
    }

    /// The sink, as it is: nothing is handed to it that was not before, and the file is not finished.
    pub fn into_inner(self) -> W {
        self.delivery.into_sink()
    }

    /// Hands over what a dropped call has left, then does `job`.
    async fn perform(&mut self, call: &'static str, job: Job<'_>) -> Result<()> {
        self.delivery.begin(call)?;
        self.drain().await?;
        if self.encoding.is_ending() {
            return Err(finished());
        }
        self.start(job).await
    }

    /// Does `job`, and hands over all that there is then.
    async fn start(&mut self, job: Job<'_>) -> Result<()> {
        if let Some(chunk) = self.encoding.run(job).await? {
            self.delivery.write(chunk).await?;
        }
        self.drain().await
    }

    /// Hands chunks over until there are none. A chunk is the encoder's, or it is the sink's: nothing lies between them
    /// when a future is dropped.
    async fn drain(&mut self) -> Result<()> {
        while let Some(chunk) = self.encoding.next_chunk().await? {
            self.delivery.write(chunk).await?;
        }
        Ok(())
    }
}

impl<W> fmt::Debug for AsyncArrowWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncArrowWriter")
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

fn finished() -> ParquetError {
    ParquetError::General("The writer has finished its file and takes no more".to_owned())
}

fn without_metadata() -> ParquetError {
    ParquetError::Internal("the file ended without metadata".to_owned())
}
