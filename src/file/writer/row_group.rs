//! One row group: its column chunks in the schema's order.

use std::io::{self, Read, Write};

use super::column::SerializedColumnWriter;
use super::pending::Pending;
use super::resources::FileResources;
use super::tracked::TrackedWrite;
use crate::bloom_filter::Sbbf;
use crate::budget::Reservation;
use crate::column::chunk::{ChunkPages, ColumnCloseResult, StreamedPages};
use crate::column::writer::{
    ChunkWriter, ColumnPlan, ColumnWriter, LimitedWriter, MemoryReclaimer, OnMemoryLimit,
};
use crate::errors::{ParquetError, Result};
use crate::file::reader::ChunkReader;
use crate::latch::Latch;
use crate::meta::metadata::{ColumnChunkMetaData, RowGroupMetaData, RowGroupMetaDataPtr};
use crate::meta::page_index::column_index::ColumnIndexMetaData;
use crate::meta::page_index::offset_index::OffsetIndexMetaData;
use crate::meta::properties::WriterPropertiesPtr;
use crate::schema::types::{ColumnDescriptor, SchemaDescPtr};

/// Called with everything a closed row group leaves: the sink, the metadata, and per column the Bloom filter,
/// the column index and the offset index.
pub type OnCloseRowGroup<'a, W> = Box<
    dyn FnOnce(
            &'a mut TrackedWrite<W>,
            RowGroupMetaData,
            Vec<Option<Sbbf>>,
            Vec<Option<ColumnIndexMetaData>>,
            Vec<Option<OffsetIndexMetaData>>,
        ) -> Result<()>
        + 'a
        + Send,
>;

/// Writes the columns of one row group, in the schema's order, each by
/// [`SerializedRowGroupWriter::next_column`] or [`SerializedRowGroupWriter::append_column`]. The row
/// group counts only after [`SerializedRowGroupWriter::close`].
pub struct SerializedRowGroupWriter<'a, W: Write> {
    descr: SchemaDescPtr,
    props: WriterPropertiesPtr,
    sink: &'a mut TrackedWrite<W>,
    /// Made for the first column where the row group stands alone.
    resources: Option<FileResources>,
    limit: Option<(&'a mut MemoryReclaimer, OnMemoryLimit)>,
    pub(super) closed: ClosedColumns<'a>,
    next_column: usize,
    file_offset: usize,
    row_group_index: i32,
    on_close: Option<OnCloseRowGroup<'a, W>>,
}

/// What the columns closed so far have left.
#[derive(Default)]
pub(super) struct ClosedColumns<'a> {
    pub(super) rows: Option<u64>,
    uncompressed_bytes: i64,
    chunks: Vec<ColumnChunkMetaData>,
    /// Takes over what belongs to a file's end; without it that is gathered here, for whoever made the writer.
    pending: Option<&'a mut Pending>,
    bloom_filters: Vec<Option<Sbbf>>,
    column_indexes: Vec<Option<ColumnIndexMetaData>>,
    offset_indexes: Vec<Option<OffsetIndexMetaData>>,
    latch: Latch,
    /// Heap bytes of the above but for the vectors' own.
    memory: usize,
    reservation: Option<Reservation>,
}

impl<'a, W: Write + Send> SerializedRowGroupWriter<'a, W> {
    /// A writer for the row group with ordinal `row_group_index`, which begins where `sink` stands.
    pub fn new(
        descr: SchemaDescPtr,
        props: WriterPropertiesPtr,
        sink: &'a mut TrackedWrite<W>,
        row_group_index: i32,
        on_close: Option<OnCloseRowGroup<'a, W>>,
    ) -> Self {
        let file_offset = sink.bytes_written();
        Self {
            descr,
            props,
            sink,
            resources: None,
            limit: None,
            closed: ClosedColumns::default(),
            next_column: 0,
            file_offset,
            row_group_index,
            on_close,
        }
    }

    /// The writer of the next column, or `None` after the last.
    ///
    /// # Errors
    /// If the previous column's writer was not closed, or the properties do not suit the column.
    pub fn next_column(&mut self) -> Result<Option<SerializedColumnWriter<'_>>> {
        self.check_previous_closed()?;
        let index = self.next_column;
        if index == self.descr.num_columns() {
            return Ok(None);
        }
        let from = i64::try_from(self.sink.bytes_written())?;
        let resources = match self.resources.take() {
            Some(resources) => resources,
            None => FileResources::on_heap(ColumnPlan::of_all(&self.descr, &self.props)?),
        };
        let resources = self.resources.insert(resources);
        self.next_column += 1;
        self.closed.latch.begin()?;
        let chunk = streamed_chunk(resources, index, &mut *self.sink);
        let chunk = self.closed.latch.end(chunk)?;
        let limit = self.limit.as_mut();
        let limit = limit.map(|(reclaimer, on_memory_limit)| LimitedWriter {
            reclaimer,
            on_memory_limit: *on_memory_limit,
        });
        let closed = &mut self.closed;
        Ok(Some(SerializedColumnWriter::with_on_end(
            ColumnWriter::of_chunk(chunk, limit),
            Box::new(move |writer| {
                closed.end(|| {
                    let (close, paid) = writer.close_paid()?;
                    Ok((close.shifted(from)?, paid))
                })
            }),
        )))
    }

    /// Copies the bytes of an encoded column chunk from `reader`, where `close` says they lie, and
    /// adds the chunk to the row group with its offsets moved. Of indexes and a Bloom filter the file gets what `close`
    /// holds; where others stand in the file that the chunk comes from means nothing here.
    ///
    /// # Errors
    /// If there is no column left, `close` describes another column, the row counts differ, or the chunk cannot be
    /// found: nothing is then written, and the row group goes on. If bytes are missing or the sink fails: the file can
    /// then not be finished.
    pub fn append_column<R: ChunkReader>(
        &mut self,
        reader: &R,
        mut close: ColumnCloseResult,
    ) -> Result<()> {
        self.check_appendable(&close)?;
        close.metadata.forget_places();
        let metadata = &close.metadata;
        let from = metadata
            .dictionary_page_offset()
            .unwrap_or_else(|| metadata.data_page_offset());
        let len = u64::try_from(metadata.compressed_size())?;
        let source = reader.get_read(u64::try_from(from)?)?.take(len);
        let column = metadata.column_descr_ptr();
        self.append(close, from, |sink| copy_chunk(source, sink, len, &column))
    }

    /// Lets columns draw on the `resources` of a file, within its memory limit.
    pub(super) fn drawing_on(
        self,
        resources: &FileResources,
        limit: (&'a mut MemoryReclaimer, OnMemoryLimit),
    ) -> Self {
        Self {
            resources: Some(resources.clone()),
            limit: Some(limit),
            ..self
        }
    }

    /// Hands what columns and the row group leave to `pending`, and lets the rest be paid for as it is.
    pub(super) fn owned_by(mut self, pending: &'a mut Pending) -> Self {
        self.closed.reservation = pending.reserve();
        self.closed.pending = Some(pending);
        self
    }

    /// Ends the row group.
    ///
    /// # Errors
    /// If a column is missing, was not closed, or the sink fails. The file can then not be finished.
    pub fn close(mut self) -> Result<RowGroupMetaDataPtr> {
        let metadata = self.end()?;
        let shared = RowGroupMetaDataPtr::new(metadata.clone());
        self.hand_over(metadata)?;
        Ok(shared)
    }

    pub(super) fn end(&mut self) -> Result<RowGroupMetaData> {
        self.check_previous_closed()
            .and_then(|()| self.take_metadata())
            .map_err(|error| self.sink.latch(error))
    }

    pub(super) fn hand_over(self, metadata: RowGroupMetaData) -> Result<()> {
        let (sink, closed) = (self.sink, self.closed);
        if let Some(pending) = closed.pending {
            return sink.latching(|sink| pending.add_row_group(sink, metadata));
        }
        match self.on_close {
            None => Ok(()),
            Some(on_close) => on_close(
                sink,
                metadata,
                closed.bloom_filters,
                closed.column_indexes,
                closed.offset_indexes,
            ),
        }
    }

    /// Lets `copy` write the bytes of the chunk that `close` describes as if they stood at `from`, and adds the chunk.
    /// Part of it may be in the file after an error: nothing that follows could be right then.
    pub(super) fn append(
        &mut self,
        close: ColumnCloseResult,
        from: i64,
        copy: impl FnOnce(&mut TrackedWrite<W>) -> Result<()>,
    ) -> Result<()> {
        let closed = &mut self.closed;
        self.next_column += 1;
        self.sink.latching(|sink| {
            let by = distance(from, sink.bytes_written())?;
            copy(sink)?;
            closed.record(close.shifted(by)?)
        })
    }

    fn take_metadata(&mut self) -> Result<RowGroupMetaData> {
        RowGroupMetaData::builder(self.descr.clone())
            .set_num_rows(i64::try_from(self.closed.rows.unwrap_or(0))?)
            .set_total_byte_size(self.closed.uncompressed_bytes)
            .set_column_metadata(std::mem::take(&mut self.closed.chunks))
            .set_sorting_columns(self.props.sorting_columns().cloned())
            .set_file_offset(i64::try_from(self.file_offset)?)
            .set_ordinal(self.row_group_index)
            .build()
    }

    fn check_previous_closed(&self) -> Result<()> {
        self.sink.check()?;
        self.closed.latch.check()?;
        if self.next_column == self.closed.chunks.len() {
            Ok(())
        } else {
            Err(ParquetError::General(
                "Previous column writer was not closed".to_owned(),
            ))
        }
    }

    pub(super) fn check_appendable(&self, close: &ColumnCloseResult) -> Result<()> {
        self.check_previous_closed()?;
        let Some(descr) = self.descr.columns().get(self.next_column) else {
            return Err(ParquetError::General(
                "exhausted columns in SerializedRowGroupWriter".to_owned(),
            ));
        };
        let appended = close.metadata.column_descr_ptr();
        if **descr != *appended {
            return Err(ParquetError::General(format!(
                "column descriptor mismatch: expected {} got {}",
                descr.path().string(),
                appended.path().string()
            )));
        }
        self.closed.check_rows(close)
    }
}

impl ClosedColumns<'_> {
    /// Takes over what a column writer leaves when it is closed, and what paid for it until then. Its failure is the
    /// row group's.
    fn end(
        &mut self,
        close: impl FnOnce() -> Result<(ColumnCloseResult, Reservation)>,
    ) -> Result<()> {
        self.latch.begin()?;
        let recorded = close().and_then(|(close, _paid)| self.record(close));
        self.latch.end(recorded)
    }

    fn check_rows(&self, close: &ColumnCloseResult) -> Result<()> {
        match self.rows {
            Some(rows) if rows != close.rows_written => Err(ParquetError::General(format!(
                "Incorrect number of rows, expected {rows} != {} rows (column {})",
                close.rows_written,
                close.metadata.column_descr().path().string()
            ))),
            _ => Ok(()),
        }
    }

    fn record(&mut self, close: ColumnCloseResult) -> Result<()> {
        self.check_rows(&close)?;
        self.rows = Some(close.rows_written);
        self.uncompressed_bytes += close.metadata.uncompressed_size();
        match &mut self.pending {
            Some(pending) => {
                let metadata = pending.add_column(self.chunks.len(), close)?;
                self.memory += metadata.memory_size();
                self.chunks.push(metadata);
            }
            None => {
                self.memory += close.memory_size();
                self.chunks.push(close.metadata);
                self.bloom_filters.push(close.bloom_filter);
                self.column_indexes.push(close.column_index);
                self.offset_indexes.push(close.offset_index);
            }
        }
        let size = self.memory_size();
        if let Some(reservation) = &mut self.reservation {
            reservation.resize(size);
        }
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.memory
            + self.chunks.capacity() * size_of::<ColumnChunkMetaData>()
            + self.bloom_filters.capacity() * size_of::<Option<Sbbf>>()
            + self.column_indexes.capacity() * size_of::<Option<ColumnIndexMetaData>>()
            + self.offset_indexes.capacity() * size_of::<Option<OffsetIndexMetaData>>()
    }
}

/// The writer of a chunk of column `index` whose pages go into `sink`.
fn streamed_chunk<'a, W: Write + Send>(
    resources: &FileResources,
    index: usize,
    sink: &'a mut TrackedWrite<W>,
) -> Result<ChunkWriter<'a>> {
    let stored = if resources.plan(index)?.has_dictionary() {
        Some(resources.buffer(index)?)
    } else {
        None
    };
    let pages = ChunkPages::Streamed(StreamedPages::new(sink, stored));
    resources.chunk(index, pages)
}

/// How far a chunk that stood at `from` moves to stand at `to`.
fn distance(from: i64, to: usize) -> Result<i64> {
    let to = i64::try_from(to)?;
    to.checked_sub(from)
        .ok_or_else(|| ParquetError::General(format!("Page offset overflow: {from} moved to {to}")))
}

/// Copies the `len` bytes of a chunk.
fn copy_chunk<W: Write>(
    mut source: impl Read,
    sink: &mut TrackedWrite<W>,
    len: u64,
    column: &ColumnDescriptor,
) -> Result<()> {
    let copied = io::copy(&mut source, sink)?;
    if copied == len {
        Ok(())
    } else {
        Err(ParquetError::EOF(format!(
            "Failed to splice column data, expected {len} got {copied} (column {})",
            column.path().string()
        )))
    }
}

impl<W: Write> std::fmt::Debug for SerializedRowGroupWriter<'_, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SerializedRowGroupWriter")
            .field("row_group_index", &self.row_group_index)
            .field("next_column", &self.next_column)
            .finish_non_exhaustive()
    }
}
