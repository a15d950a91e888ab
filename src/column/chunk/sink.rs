//! Where sealed pages go. The encoder is lent a [`PageSink`] for a call and keeps none.

use bytes::Bytes;

use super::layout::{GivenPlacement, Placement};
use crate::basic::{Encoding, PageType};
use crate::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use crate::errors::Result;
use crate::file::statistics::Statistics;

/// A page in its final form: header and body in one run of bytes, and what a header says, for
/// sinks that write headers of their own.
#[derive(Debug)]
pub(crate) struct SealedPage<'a> {
    /// From [`from`](Self::from) on: header, then body. A sink may keep the buffer and leave another one.
    pub(crate) buffer: &'a mut Vec<u8>,
    /// Where the header begins.
    pub(crate) from: usize,
    /// Bytes of header.
    pub(crate) header_len: usize,
    /// Bytes of the body before compression.
    pub(crate) uncompressed_len: usize,
    /// The kind of page and its numbers.
    pub(crate) content: PageContent<'a>,
}

/// What a page header says beyond sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PageContent<'a> {
    /// A data page in the first layout.
    DataV1 {
        /// Slots, nulls included.
        slots: u32,
        /// Encoding of the values.
        encoding: Encoding,
        /// For the page header.
        statistics: Option<&'a Statistics>,
    },
    /// A data page in the second layout.
    DataV2 {
        /// Slots, nulls included.
        slots: u32,
        /// Slots without a value.
        nulls: u32,
        /// Rows that begin on the page.
        rows: u32,
        /// Encoding of the values.
        encoding: Encoding,
        /// Bytes of definition levels.
        definition_len: u32,
        /// Bytes of repetition levels.
        repetition_len: u32,
        /// Whether the values are compressed.
        is_compressed: bool,
        /// For the page header.
        statistics: Option<&'a Statistics>,
    },
    /// A dictionary page.
    Dictionary {
        /// Number of entries.
        entries: u32,
    },
}

/// Takes sealed pages in the order they are finished.
pub(crate) trait PageSink {
    /// Takes one page.
    ///
    /// # Errors
    /// Whatever the store or the file behind reports.
    fn put(&mut self, page: SealedPage<'_>) -> Result<()>;

    /// Hears what the encoder holds on the heap, in bytes, when that has changed by a page: for sinks
    /// that pay for it. The default does nothing.
    fn encoder_holds(&mut self, _bytes: usize) {}

    /// Hears what the encoder holds in the middle of a batch, and what it may take at once when it goes on. Says whether
    /// it should stop there, so that others can make room. The default never does.
    fn is_short(&mut self, _held_bytes: usize, _next_bytes: usize) -> bool {
        false
    }

    /// Whether what the encoder said last is more than there is room for. The default has room for everything.
    fn is_past_limit(&self) -> bool {
        false
    }
}

/// Hands pages to a [`PageWriter`]. Dictionary-encoded data pages wait here until the dictionary
/// page has gone ahead, unless the writer can do without that.
pub(crate) struct PageWriterSink<'a> {
    writer: Box<dyn PageWriter + 'a>,
    waiting: Vec<CompressedPage>,
    waiting_bytes: usize,
    given: GivenPlacement,
}

impl<'a> PageWriterSink<'a> {
    pub(crate) fn new(writer: Box<dyn PageWriter + 'a>) -> Self {
        Self {
            writer,
            waiting: Vec::new(),
            waiting_bytes: 0,
            given: GivenPlacement::default(),
        }
    }

    /// Writes what still waits, closes the writer and says where the pages went.
    pub(crate) fn finish(&mut self) -> Result<Placement> {
        self.release_waiting()?;
        self.writer.close()?;
        Ok(Placement::Given(std::mem::take(&mut self.given)))
    }

    /// Bytes that the writer says it has written.
    pub(crate) fn bytes_written(&self) -> u64 {
        self.given.written
    }

    /// Bytes of pages that wait, here or in the writer.
    pub(crate) fn memory_size(&self) -> usize {
        self.waiting_bytes
            + self.given.data.capacity() * size_of::<(u64, usize)>()
            + self.writer.buffered_memory_size()
    }

    fn release_waiting(&mut self) -> Result<()> {
        for page in std::mem::take(&mut self.waiting) {
            self.waiting_bytes -= page.memory_usage();
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

impl GivenPlacement {
    /// Adds the sizes of a page. A sum past 64 bits says nothing that fits into the format.
    fn add(&mut self, spec: &PageWriteSpec) {
        let add = |sum: &mut u64, bytes: u64| *sum = sum.saturating_add(bytes);
        add(&mut self.compressed, spec.compressed_size as u64);
        add(&mut self.uncompressed, spec.uncompressed_size as u64);
        add(&mut self.written, spec.bytes_written);
    }
}

impl PageSink for PageWriterSink<'_> {
    fn put(&mut self, page: SealedPage<'_>) -> Result<()> {
        let owned = CompressedPage::new(page.to_page(), page.uncompressed_len);
        if owned.compressed_page().is_dictionary_page() {
            self.write_dictionary(owned)?;
            return self.release_waiting();
        }
        let needs_dictionary =
            owned.encoding() == Encoding::RLE_DICTIONARY && self.given.dictionary.is_none();
        if needs_dictionary && !self.writer.defers_dictionary_ordering() {
            self.waiting_bytes += owned.memory_usage();
            self.waiting.push(owned);
            return Ok(());
        }
        self.write_data(owned)
    }
}

impl SealedPage<'_> {
    /// Header, then body.
    pub(crate) fn blob(&self) -> &[u8] {
        self.buffer.get(self.from..).unwrap_or_default()
    }

    /// Bytes of the body, compressed.
    pub(crate) fn body_len(&self) -> usize {
        self.blob().len() - self.header_len
    }

    /// The kind of the page.
    pub(crate) fn page_type(&self) -> PageType {
        match self.content {
            PageContent::DataV1 { .. } => PageType::DATA_PAGE,
            PageContent::DataV2 { .. } => PageType::DATA_PAGE_V2,
            PageContent::Dictionary { .. } => PageType::DICTIONARY_PAGE,
        }
    }

    /// The page as the public interface knows it, with a copy of the body.
    fn to_page(&self) -> Page {
        let buf = Bytes::copy_from_slice(self.blob().get(self.header_len..).unwrap_or_default());
        match self.content {
            PageContent::DataV1 {
                slots,
                encoding,
                statistics,
            } => Page::DataPage {
                buf,
                num_values: slots,
                encoding,
                def_level_encoding: Encoding::RLE,
                rep_level_encoding: Encoding::RLE,
                statistics: statistics.cloned(),
            },
            PageContent::DataV2 {
                slots,
                nulls,
                rows,
                encoding,
                definition_len,
                repetition_len,
                is_compressed,
                statistics,
            } => Page::DataPageV2 {
                buf,
                num_values: slots,
                encoding,
                num_nulls: nulls,
                num_rows: rows,
                def_levels_byte_len: definition_len,
                rep_levels_byte_len: repetition_len,
                is_compressed,
                statistics: statistics.cloned(),
            },
            PageContent::Dictionary { entries } => Page::DictionaryPage {
                buf,
                num_values: entries,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            },
        }
    }
}
