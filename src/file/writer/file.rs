//! The file: magic, row groups, and what waits for the footer.

use std::io::{self, Write};
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::core::FileCore;
use super::options::SerializedFileWriterOptions;
use super::row_group::SerializedRowGroupWriter;
use super::tracked::TrackedWrite;
use crate::column::writer::MemoryPressure;
use crate::errors::Result;
use crate::file::PARQUET_MAGIC;
use crate::meta::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use crate::meta::properties::WriterPropertiesPtr;
use crate::schema::types::{SchemaDescriptor, TypePtr};

/// Writes a Parquet file row group by row group and column by column.
///
/// The file is whole only after [`SerializedFileWriter::finish`] or [`SerializedFileWriter::close`]. Once the sink has
/// failed, no later call succeeds.
pub struct SerializedFileWriter<W: Write> {
    pub(super) sink: TrackedWrite<W>,
    pub(super) core: FileCore,
}

impl<W: Write + Send> SerializedFileWriter<W> {
    /// A writer for `schema`, a group, into `buf`; writes the file's first four bytes.
    ///
    /// # Errors
    /// If the properties ask for what cannot be written, or the sink fails.
    pub fn new(buf: W, schema: TypePtr, properties: WriterPropertiesPtr) -> Result<Self> {
        Self::new_with_options(buf, schema, properties, SerializedFileWriterOptions::new())
    }

    /// As [`SerializedFileWriter::new`], with options for where pages wait and how much memory the writer may take.
    ///
    /// # Errors
    /// As [`SerializedFileWriter::new`], and with [`CodecExceedsLimit`](crate::errors::ParquetError::CodecExceedsLimit)
    /// if a codec takes more than the memory limit.
    pub fn new_with_options(
        buf: W,
        schema: TypePtr,
        properties: WriterPropertiesPtr,
        options: SerializedFileWriterOptions,
    ) -> Result<Self> {
        let mut core = FileCore::try_new(schema, properties, options)?;
        let sink = begun_sink(buf, &mut core)?;
        Ok(Self { sink, core })
    }

    /// Begins the next row group. Only one is open at a time.
    ///
    /// # Errors
    /// If the writer has finished or failed, or the previous row group was not closed.
    pub fn next_row_group(&mut self) -> Result<SerializedRowGroupWriter<'_, W>> {
        self.check_open()?;
        let ordinal = self.core.begin_row_group()?;
        Ok(SerializedRowGroupWriter::of_file(
            &mut self.core,
            &mut self.sink,
            ordinal,
        ))
    }

    /// What the memory limit has cost so far: spills, early cuts, and the largest page. Pages, and the bytes of those
    /// spilled, are counted when their column is closed.
    pub fn memory_pressure(&self) -> MemoryPressure {
        self.core.reclaimer.pressure()
    }

    /// Metadata of the row groups closed so far. A writer with a memory limit has it as long as all of it takes no
    /// more than a part of the limit, and none from then on; [`row_groups_flushed`](Self::row_groups_flushed) counts
    /// on.
    pub fn flushed_row_groups(&self) -> &[RowGroupMetaData] {
        self.core.pending.row_groups()
    }

    /// Number of row groups closed so far.
    pub fn row_groups_flushed(&self) -> usize {
        self.core.pending.num_row_groups()
    }

    /// Writes the indexes and the footer. The writer takes no more after that.
    ///
    /// A writer with a memory limit returns no page indexes, and metadata of row groups and pairs of text only if
    /// that is little, see
    /// [`ArrowWriterOptions::with_memory_limit`](crate::arrow::arrow_writer::ArrowWriterOptions::with_memory_limit).
    ///
    /// The last bytes, without which no reader takes the file for one, are handed over only when all others have been
    /// flushed.
    ///
    /// # Errors
    /// If a row group was not closed, the writer has finished or failed before, or the sink fails. A failure leaves
    /// no file that looks whole, unless it is the sink's answer to the very last flush.
    pub fn finish(&mut self) -> Result<ParquetMetaData> {
        self.check_open()?;
        let core = &mut self.core;
        self.sink.latching(|sink| {
            loop {
                if let Some(metadata) = core.write_footer(sink)? {
                    return Ok(metadata);
                }
            }
        })
    }

    /// As [`SerializedFileWriter::finish`], and drops the sink.
    ///
    /// # Errors
    /// As [`SerializedFileWriter::finish`].
    pub fn close(mut self) -> Result<ParquetMetaData> {
        self.finish()
    }

    /// Adds a pair to the footer's key-value metadata, behind those of the properties. After the footer it is dropped.
    ///
    /// Under a memory limit a store may fail; the next call then tells.
    pub fn append_key_value_metadata(&mut self, kv_metadata: KeyValue) {
        if self.sink.check().is_err() {
            return;
        }
        if let Err(error) = self.core.add_pair(kv_metadata) {
            self.sink.latch(error);
        }
    }

    /// The schema's leaf columns.
    pub fn schema_descr(&self) -> &SchemaDescriptor {
        &self.core.descr
    }

    /// The properties.
    pub fn properties(&self) -> &WriterPropertiesPtr {
        &self.core.props
    }

    /// The sink. Up to 8 KiB may not have reached it yet.
    pub fn inner(&self) -> &W {
        self.sink.inner()
    }

    /// The sink, to be used with care: bytes written past this object are not counted, and offsets in
    /// the file will be wrong.
    pub fn inner_mut(&mut self) -> &mut W {
        self.sink.inner_mut()
    }

    /// Writes `buf` as it is between row groups; its bytes are counted.
    ///
    /// # Errors
    /// If the sink fails, or the writer has finished or failed before.
    pub fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.check_open()?;
        self.sink.write_all(buf)
    }

    /// Hands over what is gathered and flushes the sink.
    ///
    /// # Errors
    /// If the sink fails or failed before.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }

    /// Writes the footer if that has not been done, and returns the sink.
    ///
    /// # Errors
    /// As [`SerializedFileWriter::finish`].
    pub fn into_inner(mut self) -> Result<W> {
        if !self.core.is_finished() {
            self.finish()?;
        }
        self.sink.into_inner()
    }

    /// Bytes of the file so far.
    pub fn bytes_written(&self) -> usize {
        self.sink.bytes_written()
    }

    /// An error if the writer takes no more: it has finished or failed, or a row group was begun and not closed.
    pub(crate) fn check_open(&self) -> Result<()> {
        self.sink.check()?;
        self.core.check_open()
    }
}

/// A sink for the file `core`, with the file's first four bytes.
///
/// # Errors
/// If the sink fails.
pub(super) fn begun_sink<W: Write>(buf: W, core: &mut FileCore) -> Result<TrackedWrite<W>> {
    // Of many writers that share a limit, each may keep little beside its columns.
    let share = core.resources.member().fair_share();
    let mut sink = TrackedWrite::within(buf, share.unwrap_or(usize::MAX));
    sink.write_all(&PARQUET_MAGIC)?;
    core.pay_fixed(sink.memory_size());
    Ok(sink)
}

// A call that panicked, in the sink or in a store, has latched the sink: every later one says so.
impl<W: Write + UnwindSafe> UnwindSafe for SerializedFileWriter<W> {}
impl<W: Write + RefUnwindSafe> RefUnwindSafe for SerializedFileWriter<W> {}

impl<W: Write> std::fmt::Debug for SerializedFileWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SerializedFileWriter")
            .field("sink", &self.sink)
            .field("core", &self.core)
            .finish()
    }
}
