//! One column chunk written straight into the file.

use std::io::Write;

use super::tracked::TrackedWrite;
use crate::column::page::{CompressedPage, PageWriteSpec, PageWriter};
use crate::column::writer::{
    Checksum, ColumnCloseResult, ColumnWriter, ColumnWriterImpl, get_typed_column_writer_mut,
    header_of,
};
use crate::data_type::DataType;
use crate::errors::Result;
use crate::wire::page::write_page_header;

/// Called with a chunk's metadata when the chunk has been closed.
pub type OnCloseColumnChunk<'a> = Box<dyn FnOnce(ColumnCloseResult) -> Result<()> + 'a>;

/// The writer of the next column chunk of a row group. A row group goes on only after
/// [`SerializedColumnWriter::close`].
pub struct SerializedColumnWriter<'a> {
    inner: ColumnWriter<'a>,
    on_end: OnEnd<'a>,
}

/// Ends a chunk, well or badly.
type OnEnd<'a> = Box<dyn FnOnce(ColumnWriter<'a>) -> Result<()> + 'a>;

impl<'a> SerializedColumnWriter<'a> {
    /// A column writer, and what to call with its metadata.
    pub fn new(inner: ColumnWriter<'a>, on_close: Option<OnCloseColumnChunk<'a>>) -> Self {
        let on_end: OnEnd<'a> = match on_close {
            Some(on_close) => Box::new(|writer| on_close(writer.close()?)),
            None => Box::new(|writer| writer.close().map(drop)),
        };
        Self { inner, on_end }
    }

    /// A column writer, and what ends its chunk.
    pub(super) fn with_on_end(inner: ColumnWriter<'a>, on_end: OnEnd<'a>) -> Self {
        Self { inner, on_end }
    }

    /// The writer for any physical type.
    pub fn untyped(&mut self) -> &mut ColumnWriter<'a> {
        &mut self.inner
    }

    /// The writer for physical type `T`.
    ///
    /// # Panics
    /// If the column is of another type.
    pub fn typed<T: DataType>(&mut self) -> &mut ColumnWriterImpl<'a, T> {
        get_typed_column_writer_mut(&mut self.inner)
    }

    /// Ends the chunk.
    ///
    /// # Errors
    /// If the sink fails, or the chunk's rows do not match the row group's.
    pub fn close(self) -> Result<()> {
        (self.on_end)(self.inner)
    }
}

impl std::fmt::Debug for SerializedColumnWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SerializedColumnWriter")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// Writes pages into the file as they come: for callers that make column writers of their own.
#[derive(Debug)]
pub struct SerializedPageWriter<'a, W: Write> {
    sink: &'a mut TrackedWrite<W>,
    header: Vec<u8>,
}

impl<'a, W: Write> SerializedPageWriter<'a, W> {
    /// Writes to `sink`, without checksums in page headers.
    pub fn new(sink: &'a mut TrackedWrite<W>) -> Self {
        Self {
            sink,
            header: Vec::new(),
        }
    }
}

impl<W: Write + Send> PageWriter for SerializedPageWriter<'_, W> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec> {
        let kind = page.compressed_page().header_kind()?;
        let header = header_of(kind, page.uncompressed_size(), page.data(), Checksum::None)?;
        self.header.clear();
        write_page_header(&header, &mut self.header);
        let offset = self.sink.bytes_written() as u64;
        self.sink.write_all(&self.header)?;
        self.sink.write_all(page.data())?;
        let header_len = self.header.len();
        Ok(PageWriteSpec {
            page_type: page.page_type(),
            uncompressed_size: page.uncompressed_size() + header_len,
            compressed_size: page.compressed_size() + header_len,
            num_values: page.num_values(),
            offset,
            bytes_written: self.sink.bytes_written() as u64 - offset,
        })
    }

    fn close(&mut self) -> Result<()> {
        Ok(self.sink.flush()?)
    }
}
