//! Where sealed pages go. The encoder is lent a [`PageSink`] for a call and keeps none.

use crate::errors::Result;
use crate::wire::page::PageHeaderKind;

/// A page in its final form: header and body in one run of bytes, and what the header says.
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
    /// What the header says beyond sizes.
    pub(crate) kind: PageHeaderKind<'a>,
}

/// Takes sealed pages in the order they are finished.
pub(crate) trait PageSink {
    /// Takes one page.
    ///
    /// # Errors
    /// Whatever the store or the file behind reports.
    fn put(&mut self, page: SealedPage<'_>) -> Result<()>;
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

    /// Whether readers need the dictionary page for this one.
    pub(crate) fn is_in_dictionary(&self) -> bool {
        self.kind.is_in_dictionary()
    }
}
