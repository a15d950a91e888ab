//! One row group: its column chunks in the schema's order.

use std::io::{self, Read, Write};

use super::closed::{ClosedColumns, RowGroupPlace};
use super::column::SerializedColumnWriter;
use super::core::FileCore;
use super::pending::Pending;
use super::resources::FileResources;
use super::tracked::TrackedWrite;
use crate::bloom_filter::Sbbf;
use crate::column::chunk::{ChunkPages, ColumnCloseResult, StreamedPages};
use crate::column::writer::{
    ChunkWriter, ColumnPlan, ColumnWriter, LimitedWriter, MemoryReclaimer, OnMemoryLimit,
};
use crate::errors::{ParquetError, Result};
use crate::file::reader::ChunkReader;
use crate::meta::metadata::{RowGroupMetaData, RowGroupMetaDataPtr};
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
    /// Takes over what belongs to a file's end; without it that is gathered here, for whoever made the writer.
    pending: Option<&'a mut Pending>,
    closed: ClosedColumns,
    next_column: usize,
    file_offset: usize,
    row_group_index: i32,
    on_close: Option<OnCloseRowGroup<'a, W>>,
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
            pending: None,
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
        let sink = &mut *self.sink;
        let chunk = self
            .closed
            .watching(|| streamed_chunk(resources, index, sink))?;
        let limit = self.limit.as_mut();
        let limit = limit.map(|(reclaimer, on_memory_limit)| LimitedWriter {
            reclaimer,
            on_memory_limit: *on_memory_limit,
        });
        let (closed, pending) = (&mut self.closed, self.pending.as_deref_mut());
        Ok(Some(SerializedColumnWriter::with_on_end(
            ColumnWriter::of_chunk(chunk, limit),
            Box::new(move |writer| {
                closed.end(pending, || {
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

    /// The writer for the next row group of a file: columns draw on what the file has, within its memory limit, and
    /// what they leave goes to what waits for its footer.
    pub(super) fn of_file(
        core: &'a mut FileCore,
        sink: &'a mut TrackedWrite<W>,
        row_group_index: i32,
    ) -> Self {
        let (descr, props) = (core.descr.clone(), core.props.clone());
        let (reclaimer, pending) = (&mut core.reclaimer, &mut core.pending);
        Self {
            resources: Some(core.resources.clone()),
            limit: Some((reclaimer, core.on_memory_limit)),
            closed: ClosedColumns::paid_by(pending.reserve()),
            pending: Some(pending),
            ..Self::new(descr, props, sink, row_group_index, None)
        }
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

    fn end(&mut self) -> Result<RowGroupMetaData> {
        let place = RowGroupPlace {
            offset: self.file_offset,
            ordinal: self.row_group_index,
        };
        self.check_previous_closed()
            .and_then(|()| self.closed.take_metadata(&self.descr, &self.props, place))
            .map_err(|error| self.sink.latch(error))
    }

    fn hand_over(self, mut metadata: RowGroupMetaData) -> Result<()> {
        let (sink, closed) = (self.sink, self.closed);
        if let Some(pending) = self.pending {
            return sink.latching(|sink| {
                pending.place_filters(sink.bytes_written(), &mut metadata)?;
                while pending.write_placed_filters(sink)? {}
                pending.add_row_group(metadata)
            });
        }
        let Some(on_close) = self.on_close else {
            return Ok(());
        };
        let (filters, column_indexes, offset_indexes) = closed.into_kept();
        on_close(sink, metadata, filters, column_indexes, offset_indexes)
    }

    /// Lets `copy` write the bytes of the chunk that `close` describes as if they stood at `from`, and adds the chunk.
    /// Part of it may be in the file after an error: nothing that follows could be right then.
    pub(super) fn append(
        &mut self,
        close: ColumnCloseResult,
        from: i64,
        copy: impl FnOnce(&mut TrackedWrite<W>) -> Result<()>,
    ) -> Result<()> {
        let (closed, pending) = (&mut self.closed, self.pending.as_deref_mut());
        self.next_column += 1;
        self.sink.latching(|sink| {
            let by = distance(from, sink.bytes_written())?;
            copy(sink)?;
            closed.record(pending, close.shifted(by)?)
        })
    }

    fn check_previous_closed(&self) -> Result<()> {
        self.sink.check()?;
        self.closed.check()?;
        if self.next_column == self.closed.len() {
            Ok(())
        } else {
            Err(ParquetError::General(
                "Previous column writer was not closed".to_owned(),
            ))
        }
    }

    pub(super) fn check_appendable(&self, close: &ColumnCloseResult) -> Result<()> {
        self.check_previous_closed()?;
        self.closed.check_appendable(&self.descr, close)
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
