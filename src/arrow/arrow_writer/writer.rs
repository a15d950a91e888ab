//! [`ArrowWriter`]: record batches in, a file out.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchWriter};
use arrow_schema::{ArrowError, SchemaRef};

use super::column::ArrowColumnWriter;
use super::factory::ArrowRowGroupWriterFactory;
use super::options::ArrowWriterOptions;
use super::row_group::OpenRowGroup;
use super::row_slices::{RowSlices, tiny_page_rows};
use crate::arrow::leaves::{BatchPlan, CheckedBatch, CheckedLeaf, ColumnNames};
use crate::arrow::schema::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata, renamed};
use crate::budget::Reservation;
use crate::column::writer::{MemoryPressure, OnMemoryLimit, Reclaimed};
use crate::errors::Result;
use crate::file::writer::SerializedFileWriter;
use crate::latch::{panicked, watched};
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
    file: SerializedFileWriter<W>,
    open: Option<OpenRowGroup>,
    /// The schema of the batch that was checked last; at first the writer's own.
    checked_schema: SchemaRef,
    plan: Arc<BatchPlan>,
    /// Room for the leaves of a batch, kept from one to the next where there is no memory limit.
    leaves: Vec<CheckedLeaf>,
    factory: ArrowRowGroupWriterFactory,
    limits: RowGroupLimits,
    column_names: ColumnNames,
    /// Slots of the smallest page that the properties may ask for.
    least_slots: usize,
    /// Pays for what stays the same as long as the writer lives.
    _fixed: Reservation,
}

/// When a row group is full.
#[derive(Debug, Clone, Copy)]
struct RowGroupLimits {
    rows: Option<usize>,
    bytes: Option<usize>,
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
        let ArrowWriterOptions {
            mut properties,
            skip_arrow_metadata,
            schema_root,
            parquet_schema,
            file: file_options,
            decimal_precision,
            column_names,
        } = options;
        let mut kept_schema = Cow::Borrowed(arrow_schema.as_ref());
        let descr = match parquet_schema {
            Some(descr) => {
                kept_schema = Cow::Owned(renamed(&arrow_schema, descr.root_schema()));
                descr
            }
            None => {
                let mut converter =
                    ArrowSchemaConverter::new().with_coerce_types(properties.coerce_types());
                if let Some(root) = &schema_root {
                    converter = converter.schema_root(root);
                }
                converter.convert(&arrow_schema)?
            }
        };
        if !skip_arrow_metadata {
            add_encoded_arrow_schema_to_metadata(&kept_schema, &mut properties);
        }
        let limits = RowGroupLimits {
            rows: properties.max_row_group_row_count(),
            bytes: properties.max_row_group_bytes(),
        };
        let file = SerializedFileWriter::new_with_options(
            writer,
            descr.root_schema_ptr(),
            Arc::new(properties),
            file_options,
        )?;
        let factory = ArrowRowGroupWriterFactory::for_writer(&file, arrow_schema.clone())
            .with_decimal_precision_check(decimal_precision);
        let plan = factory.plan()?.clone();
        let options = file.resources().plans().iter().map(|plan| plan.options());
        let least_slots = options
            .map(|options| {
                options
                    .data_page_row_count_limit
                    .min(options.write_batch_size)
            })
            .min()
            .unwrap_or(usize::MAX);
        let mut fixed = file.resources().member().reserve();
        fixed.resize(plan.memory_size());
        Ok(Self {
            file,
            open: None,
            checked_schema: arrow_schema,
            plan,
            leaves: Vec::new(),
            factory,
            limits,
            column_names,
            least_slots,
            _fixed: fixed,
        })
    }

    /// Metadata of the row groups that are in the file. Under a memory limit there is none once all of it takes more
    /// than a sixteenth of the limit, see [`ArrowWriterOptions::with_memory_limit`];
    /// [`row_groups_flushed`](Self::row_groups_flushed) counts on.
    pub fn flushed_row_groups(&self) -> &[RowGroupMetaData] {
        self.file.flushed_row_groups()
    }

    /// Number of row groups that are in the file.
    pub fn row_groups_flushed(&self) -> usize {
        self.file.row_groups_flushed()
    }

    /// Bytes that the open row group keeps in memory, with the scratch buffers and what waits for the footer; 0 when
    /// no row group is open. Pages that a store has moved elsewhere do not count.
    pub fn memory_size(&self) -> usize {
        match &self.open {
            None => 0,
            Some(open) => {
                open.memory_size()
                    + self.file.resources().scratch().memory_size()
                    + self.file.pending_memory_size()
                    + self.leaves.capacity() * size_of::<CheckedLeaf>()
            }
        }
    }

    /// Estimated encoded bytes of the open row group.
    pub fn in_progress_size(&self) -> usize {
        self.open.as_ref().map_or(0, OpenRowGroup::estimated_bytes)
    }

    /// Rows of the open row group.
    pub fn in_progress_rows(&self) -> usize {
        self.open.as_ref().map_or(0, OpenRowGroup::rows)
    }

    /// Bytes of the file so far; 4 for a new one.
    pub fn bytes_written(&self) -> usize {
        self.file.bytes_written()
    }

    /// What the memory limit has cost so far: spills, early cuts, and the largest page. Pages, and the bytes of those
    /// spilled, are counted when their row group ends.
    pub fn memory_pressure(&self) -> MemoryPressure {
        self.file.memory_pressure()
    }

    /// Encodes a batch. Row groups that become full are written out; a batch may fill several.
    ///
    /// Columns are taken by their position, whatever their names: two columns of one type in another order become one
    /// another. [`ArrowWriterOptions::with_column_name_check`] has such a batch refused.
    ///
    /// # Errors
    /// If the batch does not fit the schema, a required field is null, a column cannot hold a value, or a row is too
    /// large for a page, which holds 2 GiB: nothing of the batch is then written, and the writer goes on. If the
    /// store or the sink fails: the writer then takes no more, and
    /// [`ParquetError::root_cause`](crate::errors::ParquetError::root_cause) tells a full disk from a broken one.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.file.check_open()?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.check_schema(batch)?;
        self.watched(|writer| writer.write_checked(batch))
    }

    /// Writes `buf` into the file as it is, between row groups; its bytes are counted.
    ///
    /// # Errors
    /// If the sink fails, or the writer has finished or failed before.
    pub fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.file.write_all(buf)
    }

    /// Flushes the sink. The open row group stays open.
    ///
    /// # Errors
    /// If the sink fails or failed before.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// Ends the open row group and streams it into the sink; nothing happens if no row was written to it.
    ///
    /// # Errors
    /// If the store or the sink fails; the writer then takes no more.
    pub fn flush(&mut self) -> Result<()> {
        self.file.check_open()?;
        self.watched(Self::flush_open)
    }

    /// Adds a pair to the footer's key-value metadata. Under a memory limit it waits in a page store, which may fail;
    /// the next call then tells.
    pub fn append_key_value_metadata(&mut self, kv_metadata: KeyValue) {
        let added = self.watched(|writer| {
            writer.file.append_key_value_metadata(kv_metadata);
            Ok(())
        });
        // A failure is latched.
        drop(added);
    }

    /// The sink. Up to 8 KiB may not have reached it yet.
    pub fn inner(&self) -> &W {
        self.file.inner()
    }

    /// The sink, to be used with care: bytes written past this object are not counted, and offsets in the
    /// file will be wrong.
    pub fn inner_mut(&mut self) -> &mut W {
        self.file.inner_mut()
    }

    /// Ends the open row group, writes the footer if that has not been done, and returns the sink.
    ///
    /// # Errors
    /// If the store or the sink fails.
    pub fn into_inner(mut self) -> Result<W> {
        if self.file.check_open().is_ok() {
            self.flush()?;
        }
        self.file.into_inner()
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
        self.flush()?;
        // No page follows, and the footer needs room too.
        self.file.resources().scratch().clear();
        self.watched(|writer| writer.file.finish())
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
        let factory = self.factory.failing_when_full();
        Ok((self.file, factory))
    }

    /// Checks types and names of a batch's columns; batches that share a schema are checked once.
    fn check_schema(&mut self, batch: &RecordBatch) -> Result<()> {
        let found = batch.schema_ref();
        if Arc::ptr_eq(&self.checked_schema, found) {
            return Ok(());
        }
        self.plan.check_types(batch)?;
        if self.column_names == ColumnNames::Checked {
            self.plan.check_names(found.fields())?;
        }
        self.checked_schema = found.clone();
        Ok(())
    }

    /// Rows of `left` that the open row group still takes; 0 if it has to end first.
    fn fitting_rows(&self, left: usize) -> usize {
        let rows = self.in_progress_rows();
        let mut fitting = match self.limits.rows {
            Some(limit) => left.min(limit.saturating_sub(rows)),
            None => left,
        };
        if let Some(limit) = self.limits.bytes.filter(|_| rows > 0) {
            let bytes = self.in_progress_size();
            if bytes >= limit {
                return 0;
            }
            if let Some(by_size) = (limit - bytes).checked_div(bytes / rows) {
                fitting = fitting.min(by_size);
            }
        }
        fitting
    }

    /// Writes a batch that fits the schema.
    fn write_checked(&mut self, batch: &RecordBatch) -> Result<()> {
        let plan = self.plan.clone();
        let (slices, all) = (self.slices(&plan, batch), batch.num_rows());
        if self.fitting_rows(all).min(slices.next(0..all)) == all {
            let mut leaves = std::mem::take(&mut self.leaves);
            let walked = plan.walk_into(batch, 0, &mut leaves);
            let written = walked.and_then(|()| self.write_leaves(&mut leaves, all));
            leaves.clear();
            if self.file.reclaimer().has_no_limit() {
                self.leaves = leaves;
            }
            written?;
        } else {
            // A batch that goes in by several parts is checked as a whole before its first part is encoded.
            let checked = plan.check(batch, |rows| slices.next(rows))?;
            self.write_by_slices(checked, all, &slices)?;
        }
        self.rest()
    }

    /// Frees what other writers could use before the next batch comes.
    fn rest(&mut self) -> Result<()> {
        let reclaimer = self.file.reclaimer();
        let rested = match &mut self.open {
            Some(open) => open.rest(reclaimer),
            None => reclaimer.rest::<ArrowColumnWriter>(&mut []),
        };
        rested.map_err(|error| {
            self.open = None;
            self.file.latch(error)
        })
    }

    /// The slices of `batch` that may be taken apart at once.
    fn slices<'b>(&mut self, plan: &'b BatchPlan, batch: &'b RecordBatch) -> RowSlices<'b> {
        let limit = self.file.reclaimer().limit_at_work();
        let most_rows = limit.map_or(usize::MAX, |limit| {
            tiny_page_rows(self.least_slots, plan.columns().len(), limit)
        });
        RowSlices::new(plan, batch, limit).with_most_rows(most_rows)
    }

    fn write_by_slices(
        &mut self,
        batch: CheckedBatch<'_>,
        all: usize,
        slices: &RowSlices<'_>,
    ) -> Result<()> {
        let (mut from, mut leaves) = (0, Vec::new());
        while from < all {
            let fitting = self.fitting_rows(all - from);
            if fitting == 0 {
                self.flush_open()?;
                continue;
            }
            let rows = slices.next(from..from + fitting);
            batch.walk_into(from..from + rows, &mut leaves)?;
            self.write_leaves(&mut leaves, rows)?;
            from += rows;
        }
        Ok(())
    }

    fn write_leaves(&mut self, leaves: &mut Vec<CheckedLeaf>, rows: usize) -> Result<()> {
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let ordinal = self.file.row_groups_flushed();
                let open = OpenRowGroup::try_new(&self.factory, ordinal)
                    .map_err(|error| self.file.latch(error))?;
                self.open.insert(open)
            }
        };
        let reclaimed = match open.write(leaves, rows, self.file.reclaimer()) {
            Ok(reclaimed) => reclaimed,
            Err(error) => {
                // The columns no longer have the same rows: what was encoded of this row group is lost.
                self.open = None;
                return Err(self.file.latch(error));
            }
        };
        match reclaimed {
            Reclaimed::StoreIsFull => {
                self.file.reclaimer().note_early_flush();
                self.flush_open()
            }
            Reclaimed::OnlyTheRowGroupIsLeft => self.flush_early(),
            Reclaimed::Enough if self.is_full() => self.flush_open(),
            Reclaimed::Enough => Ok(()),
        }
    }

    fn flush_open(&mut self) -> Result<()> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let closed = open.close(&mut self.file);
        self.file.reclaimer().note_end();
        closed.map_err(|error| self.file.latch(error))
    }

    fn flush_early(&mut self) -> Result<()> {
        match self.file.on_memory_limit() {
            OnMemoryLimit::FlushRowGroup if !self.pays_to_end() => Ok(()),
            OnMemoryLimit::FlushRowGroup => {
                self.file.reclaimer().note_early_flush();
                self.flush_open()
            }
            OnMemoryLimit::Fail => {
                let error = self.file.reclaimer().exceeded();
                self.open = None;
                Err(self.file.latch(error))
            }
        }
    }

    fn pays_to_end(&mut self) -> bool {
        let pending_bytes = self.file.pending_memory_size();
        let Some(open) = &self.open else {
            return false;
        };
        let (open_bytes, again_bytes) = (open.memory_size(), open.places_size());
        let reclaimer = self.file.reclaimer();
        reclaimer.pays_to_end(open_bytes, again_bytes, pending_bytes)
    }

    /// Runs `call`, and takes no more calls if it panics.
    fn watched<T>(&mut self, call: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let _work = self.file.reclaimer().at_work();
        let latch = |writer: &mut Self| drop(writer.file.latch(panicked()));
        watched(self, latch, call)
    }

    fn is_full(&self) -> bool {
        self.limits
            .rows
            .is_some_and(|limit| self.in_progress_rows() >= limit)
            || self
                .limits
                .bytes
                .is_some_and(|limit| self.in_progress_size() >= limit)
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
            .field("file", &self.file)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}
