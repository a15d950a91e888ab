//! The way of pages to a [`PageWriter`] of the caller's own, at the edge: it takes pages as values, writes headers
//! itself, and says where the pages went.

use bytes::Bytes;

use super::layout::{GivenPlacement, Placement};
use super::sink::{PageSink, SealedPage};
use crate::budget::push_tight;
use crate::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use crate::errors::Result;
use crate::file::statistics::Statistics;

/// A page that waits keeps a buffer of which this part, of the body's length, is empty at most.
const MOST_SPARE_PART: usize = 4;

/// Hands pages to a [`PageWriter`]. Dictionary-encoded data pages wait here until the dictionary
/// page has gone ahead, unless the writer can do without that.
pub(crate) struct HandedPages<'a> {
    writer: Box<dyn PageWriter + 'a>,
    waiting: Vec<CompressedPage>,
    /// Bytes that those take beside their places: whole buffers, and bounds.
    waiting_bytes: usize,
    given: GivenPlacement,
}

impl<'a> HandedPages<'a> {
    pub(crate) fn new(writer: Box<dyn PageWriter + 'a>) -> Self {
        Self {
            writer,
            waiting: Vec::new(),
            waiting_bytes: 0,
            given: GivenPlacement::default(),
        }
    }

    /// Writes what still waits, closes the writer and says where the pages went.
    pub(super) fn finish(mut self) -> Result<Placement> {
        self.release_waiting()?;
        self.writer.close()?;
        Ok(Placement::Given(self.given))
    }

    /// Bytes that the writer says it has written.
    pub(super) fn bytes_written(&self) -> u64 {
        self.given.written
    }

    /// Bytes of pages that wait, here or in the writer.
    pub(super) fn memory_size(&self) -> usize {
        self.waiting_bytes
            + self.waiting.capacity() * size_of::<CompressedPage>()
            + self.given.data.capacity() * size_of::<(u64, usize)>()
            + self.writer.buffered_memory_size()
    }

    fn release_waiting(&mut self) -> Result<()> {
        self.waiting_bytes = 0;
        for page in std::mem::take(&mut self.waiting) {
            self.write_data(page)?;
        }
        Ok(())
    }

    fn write_data(&mut self, page: CompressedPage) -> Result<()> {
        let spec = self.writer.write_page(page)?;
        self.given.data.push((spec.offset, spec.compressed_size));
        self.given.values += u64::from(spec.num_values);
        self.given.add(&spec);
        Ok(())
    }

    fn write_dictionary(&mut self, page: CompressedPage) -> Result<()> {
        let spec = self.writer.write_page(page)?;
        self.given.dictionary = Some(spec.offset);
        self.given.add(&spec);
        Ok(())
    }
}

/// The page keeps the buffer that it lies in, so that its body is not copied, unless much of the buffer is empty.
/// Gives its bytes, too.
fn body_of(page: SealedPage<'_>) -> (Bytes, usize) {
    let from = page.from + page.header_len;
    let body = page.buffer.get(from..).unwrap_or_default();
    if page.buffer.capacity() - body.len() > body.len() / MOST_SPARE_PART {
        return (Bytes::copy_from_slice(body), body.len());
    }
    let bytes = page.buffer.capacity();
    (
        Bytes::from(std::mem::take(page.buffer)).slice(from..),
        bytes,
    )
}

impl GivenPlacement {
    /// Adds the sizes of a page. A sum past 64 bits says nothing that fits into the format.
    fn add(&mut self, spec: &PageWriteSpec) {
        let add = |sum: &mut u64, bytes: u64| *sum = sum.saturating_add(bytes);
        add(&mut self.compressed, spec.compressed_size as u64);
        add(&mut self.uncompressed, spec.uncompressed_size as u64);
        add(&mut self.written, spec.bytes_written);
    }
}

impl PageSink for HandedPages<'_> {
    fn put(&mut self, page: SealedPage<'_>) -> Result<()> {
        let is_in_dictionary = page.is_in_dictionary();
        let (kind, uncompressed_len) = (page.kind, page.uncompressed_len);
        let (body, body_bytes) = body_of(page);
        let handed = CompressedPage::new(Page::new(&kind, body)?, uncompressed_len);
        if handed.compressed_page().is_dictionary_page() {
            self.write_dictionary(handed)?;
            return self.release_waiting();
        }
        let needs_dictionary = is_in_dictionary && self.given.dictionary.is_none();
        if needs_dictionary && !self.writer.defers_dictionary_ordering() {
            let bounds = handed.compressed_page().statistics();
            self.waiting_bytes += body_bytes + bounds.map_or(0, Statistics::memory_size);
            push_tight(&mut self.waiting, handed);
            return Ok(());
        }
        self.write_data(handed)
    }
}
