//! What the chunk's metadata needs to know of a page once its bytes are gone.

use crate::basic::{Encoding, PageType};

/// A data page that was sealed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DataPageFacts<'a> {
    /// First or second layout.
    pub(crate) page_type: PageType,
    /// Encoding of the values.
    pub(crate) encoding: Encoding,
    /// Slots, nulls included.
    pub(crate) slots: usize,
    /// Present values.
    pub(crate) present: usize,
    /// Rows that begin on the page.
    pub(crate) rows: usize,
    /// Bytes of the page header.
    pub(crate) header_len: usize,
    /// Bytes of the body as stored.
    pub(crate) body_len: usize,
    /// Bytes of the body before compression.
    pub(crate) uncompressed_len: usize,
    /// Smallest and largest value as PLAIN bytes, if the order is defined and the page has a value.
    pub(crate) bounds: Option<(&'a [u8], &'a [u8])>,
    /// Not-a-numbers, for floating-point columns.
    pub(crate) nan_count: Option<u64>,
    /// Bytes of the values before encoding, without lengths; byte arrays only.
    pub(crate) unencoded_bytes: Option<i64>,
    /// Slots of each definition level; empty if there is one level only.
    pub(crate) definition_histogram: &'a [i64],
    /// Slots of each repetition level; empty if there is one level only.
    pub(crate) repetition_histogram: &'a [i64],
}

/// The dictionary page that was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DictionaryFacts {
    /// Bytes of the page header.
    pub(crate) header_len: usize,
    /// Bytes of the body as stored.
    pub(crate) body_len: usize,
    /// Bytes of the body before compression.
    pub(crate) uncompressed_len: usize,
}
