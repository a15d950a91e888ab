//! One row group: its column chunks in the schema's order.

use std::io::{self, Read, Write};

use super::column::{
    OnCloseColumnChunk, PageChecksum, SerializedColumnWriter, SerializedPageWriter,
};
use super::tracked::TrackedWrite;
use crate::bloom_filter::Sbbf;
use crate::column::chunk::{ChunkBuffer, ColumnCloseResult};
use crate::column::writer::{ColumnEncoder, get_column_writer};
use crate::errors::{ParquetError, Result};
use crate::file::metadata::{ColumnChunkMetaData, RowGroupMetaData, RowGroupMetaDataPtr};
use crate::file::page_index::column_index::ColumnIndexMetaData;
use crate::file::page_index::offset_index::OffsetIndexMetaData;
use crate::file::properties::WriterPropertiesPtr;
use crate::file::reader::ChunkReader;
use crate::schema::types::{ColumnDescPtr, SchemaDescPtr};

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
    closed: ClosedColumns,
    next_column: usize,
    file_offset: usize,
    row_group_index: i32,
    on_close: Option<OnCloseRowGroup<'a, W>>,
}

/// What the columns closed so far have left.
#[derive(Debug, Default)]
struct ClosedColumns {
    rows: Option<u64>,
    uncompressed_bytes: i64,
    chunks: Vec<ColumnChunkMetaData>,
    bloom_filters: Vec<Option<Sbbf>>,
    column_indexes: Vec<Option<ColumnIndexMetaData>>,
    offset_indexes: Vec<Option<OffsetIndexMetaData>>,
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
        let Some(descr) = self.take_next_descr() else {
            return Ok(None);
        };
        // The typed writer's constructor cannot refuse; whatever it would refuse is found here.
        ColumnEncoder::try_new(descr.clone(), &self.props)?;
        let checksum = match self.props.column(descr.path()).page_checksum {
            true => PageChecksum::Crc32,
            false => PageChecksum::None,
        };
        let pages = SerializedPageWriter::new(self.sink).with_checksum(checksum);
        let writer = get_column_writer(descr, self.props.clone(), Box::new(pages));
        let closed = &mut self.closed;
        let on_close: OnCloseColumnChunk<'_> = Box::new(move |result| closed.record(result));
        Ok(Some(SerializedColumnWriter::new(writer, Some(on_close))))
    }

    /// Copies the bytes of an encoded column chunk from `reader`, where `close` says they lie, and
    /// adds the chunk to the row group with its offsets moved.
    ///
    /// # Errors
    /// If there is no column left, `close` describes another column, the row counts differ, or bytes
    /// are missing.
    pub fn append_column<R: ChunkReader>(
        &mut self,
        reader: &R,
        close: ColumnCloseResult,
    ) -> Result<()> {
        self.check_appendable(&close)?;
        let metadata = &close.metadata;
        let from = metadata
            .dictionary_page_offset()
            .unwrap_or_else(|| metadata.data_page_offset());
        let len = u64::try_from(metadata.compressed_size())?;
        let to = self.position()?;
        let mut source = reader.get_read(u64::try_from(from)?)?.take(len);
        let copied = io::copy(&mut source, self.sink)?;
        if copied != len {
            return Err(ParquetError::EOF(format!(
                "Failed to splice column data, expected {len} got {copied} (column {})",
                metadata.column_descr().path().string()
            )));
        }
        let by = to.checked_sub(from).ok_or_else(|| {
            ParquetError::General(format!("Page offset overflow: {from} moved to {to}"))
        })?;
        self.add(close.shifted(by)?)
    }

    /// Streams a chunk's pages out of their store and adds the chunk to the row group.
    pub(crate) fn append_pages(
        &mut self,
        pages: ChunkBuffer,
        close: ColumnCloseResult,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        self.check_appendable(&close)?;
        let to = self.position()?;
        if let Err(error) = pages.splice(buffer, self.sink) {
            // Part of the chunk may be in the file: nothing that follows could be right.
            return Err(self.sink.latch(error));
        }
        self.add(close.shifted(to)?)
    }

    /// Sets the number of rows that every column must have; without columns it is the row group's.
    pub(crate) fn set_rows(&mut self, rows: u64) {
        self.closed.rows = Some(rows);
    }

    /// Ends the row group.
    ///
    /// # Errors
    /// If a column is missing, was not closed, or the sink fails.
    pub fn close(mut self) -> Result<RowGroupMetaDataPtr> {
        self.check_previous_closed()?;
        let closed = self.closed;
        let mut builder = RowGroupMetaData::builder(self.descr)
            .set_num_rows(i64::try_from(closed.rows.unwrap_or(0))?)
            .set_total_byte_size(closed.uncompressed_bytes)
            .set_column_metadata(closed.chunks)
            .set_sorting_columns(self.props.sorting_columns().cloned())
            .set_file_offset(i64::try_from(self.file_offset)?);
        // SPEC: parquet.thrift, `RowGroup.ordinal` has 16 bits; files with more row groups leave it out.
        if i16::try_from(self.row_group_index).is_ok() {
            builder = builder.set_ordinal(self.row_group_index);
        }
        let metadata = builder.build()?;
        if let Some(on_close) = self.on_close.take() {
            on_close(
                self.sink,
                metadata.clone(),
                closed.bloom_filters,
                closed.column_indexes,
                closed.offset_indexes,
            )?;
        }
        Ok(metadata.into())
    }

    fn add(&mut self, close: ColumnCloseResult) -> Result<()> {
        self.next_column += 1;
        self.closed.record(close)
    }

    fn take_next_descr(&mut self) -> Option<ColumnDescPtr> {
        let descr = self.descr.columns().get(self.next_column)?.clone();
        self.next_column += 1;
        Some(descr)
    }

    fn position(&self) -> Result<i64> {
        Ok(i64::try_from(self.sink.bytes_written())?)
    }

    fn check_previous_closed(&self) -> Result<()> {
        match self.next_column == self.closed.chunks.len() {
            true => Ok(()),
            false => Err(ParquetError::General(
                "Previous column writer was not closed".to_owned(),
            )),
        }
    }

    fn check_appendable(&self, close: &ColumnCloseResult) -> Result<()> {
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
        Ok(())
    }
}

impl ClosedColumns {
    fn record(&mut self, close: ColumnCloseResult) -> Result<()> {
        match self.rows {
            Some(rows) if rows != close.rows_written => {
                return Err(ParquetError::General(format!(
                    "Incorrect number of rows, expected {rows} != {} rows (column {})",
                    close.rows_written,
                    close.metadata.column_descr().path().string()
                )));
            }
            _ => self.rows = Some(close.rows_written),
        }
        self.uncompressed_bytes += close.metadata.uncompressed_size();
        self.chunks.push(close.metadata);
        self.bloom_filters.push(close.bloom_filter);
        self.column_indexes.push(close.column_index);
        self.offset_indexes.push(close.offset_index);
        Ok(())
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
