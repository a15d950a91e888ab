//! The file: magic, row groups, and what waits for the footer.

use std::io::{self, Write};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::footer::{self, FooterParts};
use super::options::SerializedFileWriterOptions;
use super::pending::Pending;
use super::resources::FileResources;
use super::row_group::SerializedRowGroupWriter;
use super::tracked::TrackedWrite;
use crate::budget::Reservation;
use crate::column::writer::{ColumnPlan, MemoryPressure, MemoryReclaimer, OnMemoryLimit};
use crate::errors::{ParquetError, Result};
use crate::file::PARQUET_MAGIC;
use crate::meta::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use crate::meta::properties::{WriterProperties, WriterPropertiesPtr};
use crate::schema::types::{SchemaDescPtr, SchemaDescriptor, TypePtr};

/// Writes a Parquet file row group by row group and column by column.
///
/// The file is whole only after [`SerializedFileWriter::finish`] or [`SerializedFileWriter::close`]. Once the sink has
/// failed, no later call succeeds.
pub struct SerializedFileWriter<W: Write> {
    pub(super) sink: TrackedWrite<W>,
    pub(super) descr: SchemaDescPtr,
    pub(super) props: WriterPropertiesPtr,
    pub(super) resources: FileResources,
    pub(super) reclaimer: MemoryReclaimer,
    pub(super) on_memory_limit: OnMemoryLimit,
    pub(super) pending: Pending,
    row_groups_begun: usize,
    state: State,
    /// Pays for what stays the same as long as the writer lives.
    _fixed: Reservation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Finished,
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
    /// As [`SerializedFileWriter::new`], and with [`CodecExceedsLimit`](ParquetError::CodecExceedsLimit) if a codec
    /// takes more than the memory limit.
    pub fn new_with_options(
        buf: W,
        schema: TypePtr,
        properties: WriterPropertiesPtr,
        options: SerializedFileWriterOptions,
    ) -> Result<Self> {
        let descr: SchemaDescPtr = Arc::new(SchemaDescriptor::new(schema));
        properties.check_supported(&descr)?;
        let plans = ColumnPlan::of_all(&descr, &properties)?;
        let (is_limited, on_memory_limit) = (options.is_limited(), options.on_memory_limit);
        let resources = options.resources(plans);
        let member = resources.member();
        // Of many writers that share a limit, each may keep little beside its columns.
        let mut sink = TrackedWrite::within(buf, member.fair_share().unwrap_or(usize::MAX));
        let shape = resources.shape()?;
        sink.write_all(&PARQUET_MAGIC)?;
        let mut pending = Pending::on_heap(&properties, Arc::clone(&descr));
        if is_limited {
            let stores = resources.stores().clone();
            pending.park_in(stores, member, resources.when_full());
        }
        let mut fixed = member.reserve();
        fixed.resize(
            fixed_memory_size(&descr, &properties)
                + sink.memory_size()
                + resources.fixed_memory_size(),
        );
        Ok(Self {
            sink,
            descr,
            props: properties,
            reclaimer: MemoryReclaimer::new(member.clone(), resources.scratch().clone(), shape),
            resources,
            on_memory_limit,
            pending,
            row_groups_begun: 0,
            state: State::Open,
            _fixed: fixed,
        })
    }

    /// Begins the next row group. Only one is open at a time.
    ///
    /// # Errors
    /// If the writer has finished or failed, or the previous row group was not closed.
    pub fn next_row_group(&mut self) -> Result<SerializedRowGroupWriter<'_, W>> {
        let ordinal = self.begin_row_group()?;
        let row_group = SerializedRowGroupWriter::new(
            self.descr.clone(),
            self.props.clone(),
            &mut self.sink,
            ordinal,
            None,
        );
        Ok(row_group
            .drawing_on(&self.resources, (&mut self.reclaimer, self.on_memory_limit))
            .owned_by(&mut self.pending))
    }

    /// What the memory limit has cost so far: spills, early cuts, and the largest page. Pages, and the bytes of those
    /// spilled, are counted when their column is closed.
    pub fn memory_pressure(&self) -> MemoryPressure {
        self.reclaimer.pressure()
    }

    /// Metadata of the row groups closed so far. A writer with a memory limit has it as long as all of it takes no
    /// more than a part of the limit, and none from then on; [`row_groups_flushed`](Self::row_groups_flushed) counts
    /// on.
    pub fn flushed_row_groups(&self) -> &[RowGroupMetaData] {
        self.pending.row_groups()
    }

    /// Number of row groups closed so far.
    pub fn row_groups_flushed(&self) -> usize {
        self.pending.num_row_groups()
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
        let parts = FooterParts {
            descr: &self.descr,
            props: &self.props,
        };
        let pending = &mut self.pending;
        let metadata = self
            .sink
            .latching(|sink| footer::write(sink, pending, parts))?;
        self.pending.end();
        self.state = State::Finished;
        Ok(metadata)
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
        if self.state == State::Finished || self.sink.check().is_err() {
            return;
        }
        if let Err(error) = self.pending.add_pair(kv_metadata) {
            self.sink.latch(error);
        }
    }

    /// The schema's leaf columns.
    pub fn schema_descr(&self) -> &SchemaDescriptor {
        &self.descr
    }

    /// The properties.
    pub fn properties(&self) -> &WriterPropertiesPtr {
        &self.props
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
        if self.state != State::Finished {
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
        match self.state {
            State::Open => self.check_previous_closed(),
            State::Finished => Err(ParquetError::General(
                "SerializedFileWriter already finished".to_owned(),
            )),
        }
    }

    /// Counts the row group that begins, and says which it is.
    pub(super) fn begin_row_group(&mut self) -> Result<i32> {
        self.check_open()?;
        let ordinal = i32::try_from(self.row_groups_begun).map_err(|_| {
            ParquetError::General(format!(
                "Parquet does not support more than {} row groups per file (currently: {})",
                i32::MAX,
                self.row_groups_begun
            ))
        })?;
        self.row_groups_begun += 1;
        Ok(ordinal)
    }

    fn check_previous_closed(&self) -> Result<()> {
        if self.row_groups_begun == self.pending.num_row_groups() {
            Ok(())
        } else {
            Err(ParquetError::General(
                "Previous row group writer was not closed".to_owned(),
            ))
        }
    }
}

/// Heap bytes of the schema and of the pairs of text in the properties, which a writer holds from its first to its last
/// moment.
fn fixed_memory_size(descr: &SchemaDescriptor, props: &WriterProperties) -> usize {
    let pairs = props.key_value_metadata().into_iter().flatten();
    size_of::<SchemaDescriptor>()
        + descr.memory_size()
        + size_of::<WriterProperties>()
        + pairs
            .map(|pair| size_of::<KeyValue>() + pair.memory_size())
            .sum::<usize>()
}

// A call that panicked, in the sink or in a store, has latched the sink: every later one says so.
impl<W: Write + UnwindSafe> UnwindSafe for SerializedFileWriter<W> {}
impl<W: Write + RefUnwindSafe> RefUnwindSafe for SerializedFileWriter<W> {}

impl<W: Write> std::fmt::Debug for SerializedFileWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SerializedFileWriter")
            .field("sink", &self.sink)
            .field("row_groups_begun", &self.row_groups_begun)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
