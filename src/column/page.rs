//! Pages as values, and the trait of whoever writes them into a file.

use bytes::Bytes;

use crate::basic::{Encoding, PageType};
use crate::errors::Result;
use crate::meta::statistics::Statistics;
use crate::wire::page::{DataPageHeader, DataPageHeaderV2, DictionaryPageHeader, PageHeaderKind};

/// One page's content and what its header says about it.
///
/// SPEC: README.md, "Data Pages"; parquet.thrift, `PageHeader`.
#[derive(Debug, Clone)]
pub enum Page {
    /// The dictionary that dictionary-encoded data pages of the chunk refer to.
    DictionaryPage {
        /// Number of entries.
        num_values: u32,
        /// Encoding of the entries.
        encoding: Encoding,
        /// Whether the entries ascend.
        is_sorted: bool,
        /// The entries.
        buf: Bytes,
    },
    /// A data page in the first layout: levels and values in one body, compressed together.
    DataPage {
        /// Number of values, nulls included.
        num_values: u32,
        /// Encoding of the values.
        encoding: Encoding,
        /// Encoding of the repetition levels.
        rep_level_encoding: Encoding,
        /// Encoding of the definition levels.
        def_level_encoding: Encoding,
        /// Statistics for the page header.
        statistics: Option<Statistics>,
        /// Repetition levels, definition levels, values.
        buf: Bytes,
    },
    /// A data page in the second layout: levels uncompressed, then values.
    DataPageV2 {
        /// Number of rows that begin on the page.
        num_rows: u32,
        /// Number of values, nulls included.
        num_values: u32,
        /// Number of nulls.
        num_nulls: u32,
        /// Encoding of the values.
        encoding: Encoding,
        /// Whether the values are compressed.
        is_compressed: bool,
        /// Bytes of repetition levels.
        rep_levels_byte_len: u32,
        /// Bytes of definition levels.
        def_levels_byte_len: u32,
        /// Statistics for the page header.
        statistics: Option<Statistics>,
        /// Repetition levels, definition levels, values.
        buf: Bytes,
    },
}

impl Page {
    /// A page of `kind` with the body `buf`.
    pub(crate) fn new(kind: &PageHeaderKind<'_>, buf: Bytes) -> Result<Self> {
        Ok(match kind {
            PageHeaderKind::Data(page) => Page::DataPage {
                buf,
                num_values: u32::try_from(page.num_values)?,
                encoding: page.encoding,
                def_level_encoding: page.definition_level_encoding,
                rep_level_encoding: page.repetition_level_encoding,
                statistics: page.statistics.cloned(),
            },
            PageHeaderKind::DataV2(page) => Page::DataPageV2 {
                buf,
                num_values: u32::try_from(page.num_values)?,
                encoding: page.encoding,
                num_nulls: u32::try_from(page.num_nulls)?,
                num_rows: u32::try_from(page.num_rows)?,
                def_levels_byte_len: u32::try_from(page.definition_levels_byte_length)?,
                rep_levels_byte_len: u32::try_from(page.repetition_levels_byte_length)?,
                is_compressed: page.is_compressed,
                statistics: page.statistics.cloned(),
            },
            PageHeaderKind::Dictionary(page) => Page::DictionaryPage {
                buf,
                num_values: u32::try_from(page.num_values)?,
                encoding: page.encoding,
                is_sorted: page.is_sorted.unwrap_or(false),
            },
        })
    }

    /// What the header of the page says beyond sizes.
    pub(crate) fn header_kind(&self) -> Result<PageHeaderKind<'_>> {
        Ok(match self {
            Page::DataPage {
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                statistics,
                ..
            } => PageHeaderKind::Data(DataPageHeader {
                num_values: i32::try_from(*num_values)?,
                encoding: *encoding,
                definition_level_encoding: *def_level_encoding,
                repetition_level_encoding: *rep_level_encoding,
                statistics: statistics.as_ref(),
            }),
            Page::DataPageV2 {
                num_values,
                encoding,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed,
                statistics,
                ..
            } => PageHeaderKind::DataV2(DataPageHeaderV2 {
                num_values: i32::try_from(*num_values)?,
                num_nulls: i32::try_from(*num_nulls)?,
                num_rows: i32::try_from(*num_rows)?,
                encoding: *encoding,
                definition_levels_byte_length: i32::try_from(*def_levels_byte_len)?,
                repetition_levels_byte_length: i32::try_from(*rep_levels_byte_len)?,
                is_compressed: *is_compressed,
                statistics: statistics.as_ref(),
            }),
            Page::DictionaryPage {
                num_values,
                encoding,
                is_sorted,
                ..
            } => PageHeaderKind::Dictionary(DictionaryPageHeader {
                num_values: i32::try_from(*num_values)?,
                encoding: *encoding,
                is_sorted: Some(*is_sorted),
            }),
        })
    }

    /// The kind of the page.
    pub fn page_type(&self) -> PageType {
        match self {
            Page::DataPage { .. } => PageType::DATA_PAGE,
            Page::DataPageV2 { .. } => PageType::DATA_PAGE_V2,
            Page::DictionaryPage { .. } => PageType::DICTIONARY_PAGE,
        }
    }

    /// True for both layouts of data page.
    pub fn is_data_page(&self) -> bool {
        !self.is_dictionary_page()
    }

    /// True for a dictionary page.
    pub fn is_dictionary_page(&self) -> bool {
        matches!(self, Page::DictionaryPage { .. })
    }

    /// The body.
    pub fn buffer(&self) -> &Bytes {
        match self {
            Page::DataPage { buf, .. }
            | Page::DataPageV2 { buf, .. }
            | Page::DictionaryPage { buf, .. } => buf,
        }
    }

    /// Number of values: nulls included in data pages, entries in a dictionary page.
    pub fn num_values(&self) -> u32 {
        match self {
            Page::DataPage { num_values, .. }
            | Page::DataPageV2 { num_values, .. }
            | Page::DictionaryPage { num_values, .. } => *num_values,
        }
    }

    /// Encoding of the values.
    pub fn encoding(&self) -> Encoding {
        match self {
            Page::DataPage { encoding, .. }
            | Page::DataPageV2 { encoding, .. }
            | Page::DictionaryPage { encoding, .. } => *encoding,
        }
    }

    /// Statistics for the page header; a dictionary page has none.
    pub fn statistics(&self) -> Option<&Statistics> {
        match self {
            Page::DataPage { statistics, .. } | Page::DataPageV2 { statistics, .. } => {
                statistics.as_ref()
            }
            Page::DictionaryPage { .. } => None,
        }
    }
}

/// A page whose body is in its final form, compressed if the column is.
#[derive(Debug)]
pub struct CompressedPage {
    page: Page,
    uncompressed_size: usize,
}

impl CompressedPage {
    /// A page and the size in bytes of its body before compression.
    pub fn new(page: Page, uncompressed_size: usize) -> Self {
        Self {
            page,
            uncompressed_size,
        }
    }

    /// The kind of the page.
    pub fn page_type(&self) -> PageType {
        self.page.page_type()
    }

    /// The page itself.
    pub fn compressed_page(&self) -> &Page {
        &self.page
    }

    /// Bytes of the body before compression.
    pub fn uncompressed_size(&self) -> usize {
        self.uncompressed_size
    }

    /// Bytes of the body as it is.
    pub fn compressed_size(&self) -> usize {
        self.page.buffer().len()
    }

    /// Number of values: nulls included in data pages, entries in a dictionary page.
    pub fn num_values(&self) -> u32 {
        self.page.num_values()
    }

    /// Encoding of the values.
    pub fn encoding(&self) -> Encoding {
        self.page.encoding()
    }

    /// The body as it is.
    pub fn data(&self) -> &[u8] {
        self.page.buffer()
    }

    /// Bytes that this page keeps in memory: its body and itself.
    pub fn memory_usage(&self) -> usize {
        size_of::<Self>() + self.page.buffer().len()
    }
}

/// Where a page went, and its sizes as the chunk's metadata counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageWriteSpec {
    /// The kind of the page.
    pub page_type: PageType,
    /// Bytes of header and body, the body before compression.
    pub uncompressed_size: usize,
    /// Bytes of header and body, the body as written.
    pub compressed_size: usize,
    /// Number of values: nulls included in data pages, entries in a dictionary page.
    pub num_values: u32,
    /// Position of the header, in bytes.
    pub offset: u64,
    /// Bytes written.
    pub bytes_written: u64,
}

impl Default for PageWriteSpec {
    fn default() -> Self {
        Self::new()
    }
}

impl PageWriteSpec {
    /// An empty data page at offset 0.
    pub fn new() -> Self {
        Self {
            page_type: PageType::DATA_PAGE,
            uncompressed_size: 0,
            compressed_size: 0,
            num_values: 0,
            offset: 0,
            bytes_written: 0,
        }
    }
}

/// Writes the pages of one column chunk.
///
/// The column writer calls [`PageWriter::write_page`] once a page and [`PageWriter::close`] once,
/// after the last. The format wants a chunk's dictionary page before its data pages; the column
/// writer keeps to that by holding dictionary-encoded data pages back, unless the page writer says
/// through [`PageWriter::defers_dictionary_ordering`] that it puts the dictionary first itself.
/// After an error no further page is written.
pub trait PageWriter: Send {
    /// Writes one page, header and body, and says where it went.
    ///
    /// # Errors
    /// Whatever the target of the bytes reports, or a page larger than the format can say.
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec>;

    /// True if data pages may come before the dictionary page they refer to. Offsets in the close
    /// result then count from the first data page until
    /// [`update_dictionary_location`](crate::column::writer::ColumnCloseResult::update_dictionary_location)
    /// moves them behind the dictionary. False by default.
    fn defers_dictionary_ordering(&self) -> bool {
        false
    }

    /// Bytes of finished pages that this writer still holds in memory. 0 by default.
    fn buffered_memory_size(&self) -> usize {
        0
    }

    /// Ends the chunk; everything written must have reached the target.
    ///
    /// # Errors
    /// Whatever the target of the bytes reports.
    fn close(&mut self) -> Result<()>;
}
