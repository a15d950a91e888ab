//! [`ArrowWriter`]: record batches in, a file out.

use std::fmt;
use std::io::{self, Write};

use arrow_array::{RecordBatch, RecordBatchWriter};
use arrow_schema::{ArrowError, SchemaRef};

use super::batch_encoder::BatchEncoder;
use super::factory::ArrowRowGroupWriterFactory;
use super::options::ArrowWriterOptions;
use crate::column::writer::MemoryPressure;
use crate::errors::{ParquetError, Result};
use crate::file::writer::{SerializedFileWriter, TrackedWrite};
use crate::meta::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use crate::meta::properties::WriterProperties;

/// Writes record batches to a Parquet file.
///
/// Batches are encoded as they come. Finished pages wait in a page store
/// ([`ArrowWriterOptions::with_page_store_factory`]) until their row group is full or [`ArrowWriter::flush`] is called;
/// the row group is then streamed into the sink. The file is whole only after [`ArrowWriter::close`] or
/// [`ArrowWriter::finish`].
///
/// A batch that does not fit the schema is refused before anything of it is encoded, and the writer goes on.
/// After a failure of the store or the sink every later call fails and names the first cause.
///
/// ```
/// use arrow_array::record_batch;
/// use herringbone::arrow::ArrowWriter;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let stations = record_batch!(
///     ("station", Utf8, ["Vik", "Höfn", "Akureyri"]),
///     ("wind", Float32, [Some(11.5), None, Some(4.0)])
/// )?;
/// let mut day = ArrowWriter::try_new(Vec::new(), stations.schema(), None)?;
/// for _hour in 0..24 {
///     day.write(&stations)?;
/// }
/// assert_eq!(day.finish()?.file_metadata().num_rows(), 72);
/// let file = day.into_inner()?;
/// assert!(file.ends_with(b"PAR1"));
/// # Ok(())
/// # }
/// ```
pub struct ArrowWriter<W: Write> {
    encoder: BatchEncoder,
    sink: TrackedWrite<W>,
}

impl<W: Write + Send> ArrowWriter<W> {
    /// A writer into `writer` for batches of `arrow_schema`, with default options but for the properties.
    ///
    /// # Errors
    /// As [`ArrowWriter::try_new_with_options`].
    pub fn try_new(
        writer: W,
        arrow_schema: SchemaRef,
        props: Option<WriterProperties>,
    ) -> Result<Self> {
        let options = ArrowWriterOptions::new().with_properties(props.unwrap_or_default());
        Self::try_new_with_options(writer, arrow_schema, options)
    }

    /// A writer into `writer` for batches of `arrow_schema`. Writes the file's first four bytes.
    ///
    /// # Errors
    /// If the schema has a type or a shape that Parquet cannot hold, the properties do not suit it, or the
    /// sink fails.
    pub fn try_new_with_options(
        writer: W,
        arrow_schema: SchemaRef,
        options: ArrowWriterOptions,
    ) -> Result<Self> {
        let mut encoder = BatchEncoder::try_new(arrow_schema, options)?;
        let sink = encoder.core_mut().begin_sink(writer)?;
        Ok(Self { encoder, sink })
    }

    /// Metadata of the row groups that are in the file. Under a memory limit there is none once all of it takes more
    /// than a sixteenth of the limit, see [`ArrowWriterOptions::with_memory_limit`];
    /// [`row_groups_flushed`](Self::row_groups_flushed) counts on.
    pub fn flushed_row_groups(&self) -> &[RowGroupMetaData] {
        self.encoder.core().row_groups()
    }

    /// Number of row groups that are in the file.
    pub fn row_groups_flushed(&self) -> usize {
        self.encoder.core().num_row_groups()
    }

    /// Bytes that the open row group keeps in memory, with the scratch buffers and what waits for the footer; 0 when
    /// no row group is open. Pages that a store has moved elsewhere do not count.
    pub fn memory_size(&self) -> usize {
        self.encoder.memory_size()
    }

    /// Estimated encoded bytes of the open row group. Rows that wait to be encoded count as they are.
    pub fn in_progress_size(&self) -> usize {
        self.encoder.in_progress_size()
    }

    /// Rows of the open row group.
    pub fn in_progress_rows(&self) -> usize {
        self.encoder.in_progress_rows()
    }

    /// Bytes of the file so far; 4 for a new one.
    pub fn bytes_written(&self) -> usize {
        self.sink.bytes_written()
    }

    /// What the memory limit has cost so far: spills, early cuts, and the largest page. Pages, and the bytes of those
    /// spilled, are counted when their row group ends.
    pub fn memory_pressure(&self) -> MemoryPressure {
        self.encoder.core().memory_pressure()
    }

    /// Encodes a batch. Row groups that become full are written out; a batch may fill several.
    ///
    /// Columns are taken by their position, whatever their names: two columns of one type in another order become one
    /// another. [`ArrowWriterOptions::with_column_name_check`] has such a batch refused.
    ///
    /// Without a memory limit, batches of few rows are checked and copied, and encoded when there are enough of them: a
    /// store that fails then makes a later call fail.
    ///
    /// # Errors
    /// If the batch does not fit the schema, a required field is null, a column cannot hold a value, or a row is too
    /// large for a page, which holds 2 GiB: nothing of the batch is then written, and the writer goes on. If the
    /// store or the sink fails: the writer then takes no more, and
    /// [`ParquetError::root_cause`](crate::errors::ParquetError::root_cause) tells a full disk from a broken one.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.sink.check()?;
        match self.encoder.write(batch) {
            Ok(()) => self.drain(),
            // A refused batch is not the sink's affair. After a failure nothing more may reach it.
            Err(error) if self.encoder.check_failed().is_ok() => Err(error),
            Err(error) => Err(self.sink.latch(error)),
        }
    }

    /// Writes `buf` into the file as it is, between row groups; its bytes are counted.
    ///
    /// # Errors
    /// If the sink fails, or the writer has finished or failed before.
    pub fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.check_open()?;
        self.sink.write_all(buf)
    }

    /// Flushes the sink. The open row group stays open.
    ///
    /// # Errors
    /// If the sink fails or failed before.
    pub fn sync(&mut self) -> io::Result<()> {
        self.encoder.check_failed()?;
        self.sink.flush()
    }

    /// Ends the open row group and streams it into the sink; nothing happens if no row was written to it.
    ///
    /// # Errors
    /// If the store or the sink fails; the writer then takes no more.
    pub fn flush(&mut self) -> Result<()> {
        self.check_open()?;
        self.encoder.flush()?;
        self.drain()
    }

    /// Adds a pair to the footer's key-value metadata. Under a memory limit it waits in a page store, which may fail;
    /// the next call then tells.
    pub fn append_key_value_metadata(&mut self, kv_metadata: KeyValue) {
        if self.sink.check().is_ok() {
            self.encoder.add_pair(kv_metadata);
        }
    }

    /// The sink. Up to 8 KiB may not have reached it yet.
    pub fn inner(&self) -> &W {
        self.sink.inner()
    }

    /// The sink, to be used with care: bytes written past this object are not counted, and offsets in the
    /// file will be wrong.
    pub fn inner_mut(&mut self) -> &mut W {
        self.sink.inner_mut()
    }

    /// Ends the open row group, writes the footer if that has not been done, and returns the sink.
    ///
    /// # Errors
    /// If the store or the sink fails.
    pub fn into_inner(mut self) -> Result<W> {
        if !self.encoder.core().is_finished() {
            self.finish()?;
        }
        self.sink.into_inner()
    }

    /// Ends the open row group and writes the footer. The writer takes no more after that.
    ///
    /// Returns the file's metadata: without a memory limit all of it. Under one it comes without page indexes,
    /// without row groups if theirs takes more than a sixteenth of the limit, and without pairs of text if those do;
    /// see [`ArrowWriterOptions::with_memory_limit`]. The number of rows is always there, and the file has
    /// everything.
    ///
    /// # Errors
    /// If the store or the sink fails, or the writer has finished or failed before.
    pub fn finish(&mut self) -> Result<ParquetMetaData> {
        self.check_open()?;
        self.encoder.finish()?;
        self.drain()?;
        let metadata = self.encoder.take_metadata();
        metadata.ok_or_else(|| ParquetError::Internal("the footer has no metadata".to_owned()))
    }

    /// As [`ArrowWriter::finish`], and drops the sink.
    ///
    /// # Errors
    /// As [`ArrowWriter::finish`].
    pub fn close(mut self) -> Result<ParquetMetaData> {
        self.finish()
    }

    /// Ends the open row group, and gives the writer's parts to whoever wants to encode columns on
    /// threads of its own.
    ///
    /// # Errors
    /// If the store or the sink fails.
    pub fn into_serialized_writer(
        mut self,
    ) -> Result<(SerializedFileWriter<W>, ArrowRowGroupWriterFactory)> {
        self.flush()?;
        let (core, factory) = self.encoder.into_parts();
        let file = SerializedFileWriter::of_core(core, self.sink);
        Ok((file, factory.failing_when_full()))
    }

    fn check_open(&self) -> Result<()> {
        self.sink.check()?;
        self.encoder.check_open()
    }

    /// Writes out whatever is due.
    fn drain(&mut self) -> Result<()> {
        if self.encoder.has_work() {
            let encoder = &mut self.encoder;
            self.sink.latching(|sink| {
                while encoder.step(sink)? {}
                Ok(())
            })
        } else {
            Ok(())
        }
    }
}

impl<W: Write + Send> RecordBatchWriter for ArrowWriter<W> {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        Ok(ArrowWriter::write(self, batch)?)
    }

    fn close(self) -> Result<(), ArrowError> {
        ArrowWriter::close(self)?;
        Ok(())
    }
}

impl<W: Write> fmt::Debug for ArrowWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArrowWriter")
            .field("encoder", &self.encoder)
            .field("sink", &self.sink)
            .finish()
    }
}
