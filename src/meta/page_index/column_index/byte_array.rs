//! `ByteArrayColumnIndex`: bounds of any length in one buffer.

use std::ops::Deref;

use super::base::{ColumnIndex, PageBounds};

/// The column index of a column of byte arrays, of variable or of fixed length.
#[derive(Clone, Debug, PartialEq)]
pub struct ByteArrayColumnIndex {
    column_index: ColumnIndex,
    bounds: PageBounds,
}

impl ByteArrayColumnIndex {
    pub(crate) fn new(column_index: ColumnIndex, bounds: PageBounds) -> Self {
        Self {
            column_index,
            bounds,
        }
    }

    /// Minima of all pages, `None` for null pages.
    pub fn min_values_iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        (0..self.bounds.num_pages()).map(|idx| self.min_value(idx))
    }

    /// Maxima of all pages, `None` for null pages.
    pub fn max_values_iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        (0..self.bounds.num_pages()).map(|idx| self.max_value(idx))
    }

    /// The minimum of a page; `None` for a null page.
    pub fn min_value(&self, idx: usize) -> Option<&[u8]> {
        self.bounds.min(idx).filter(|_| !self.is_null_page(idx))
    }

    /// The maximum of a page; `None` for a null page.
    pub fn max_value(&self, idx: usize) -> Option<&[u8]> {
        self.bounds.max(idx).filter(|_| !self.is_null_page(idx))
    }

    pub(super) fn bounds_memory_size(&self) -> usize {
        self.bounds.memory_size()
    }
}

impl Deref for ByteArrayColumnIndex {
    type Target = ColumnIndex;

    fn deref(&self) -> &ColumnIndex {
        &self.column_index
    }
}
