//! `ColumnIndex`: what a column index says whatever the type of the column, and the bounds of its
//! pages as bytes.

use crate::basic::BoundaryOrder;
use crate::budget::{extend_tight, push_tight};
use crate::errors::{ParquetError, Result};

/// Null pages, counts and level histograms of the pages of a column chunk; the part of a column index
/// that does not depend on the type.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnIndex {
    pub(crate) null_pages: Vec<bool>,
    pub(crate) boundary_order: BoundaryOrder,
    pub(crate) null_counts: Option<Vec<i64>>,
    pub(crate) nan_counts: Option<Vec<i64>>,
    pub(crate) repetition_level_histograms: Option<Vec<i64>>,
    pub(crate) definition_level_histograms: Option<Vec<i64>>,
}

impl ColumnIndex {
    /// Number of data pages.
    pub fn num_pages(&self) -> u64 {
        self.null_pages.len() as u64
    }

    /// Number of nulls on a page, if known.
    pub fn null_count(&self, idx: usize) -> Option<i64> {
        self.null_counts.as_ref()?.get(idx).copied()
    }

    /// Number of NaNs on a page, if known.
    pub fn nan_count(&self, idx: usize) -> Option<i64> {
        self.nan_counts.as_ref()?.get(idx).copied()
    }

    /// How often each repetition level occurs on a page, if known.
    pub fn repetition_level_histogram(&self, idx: usize) -> Option<&[i64]> {
        self.page_of(self.repetition_level_histograms.as_deref()?, idx)
    }

    /// How often each definition level occurs on a page, if known.
    pub fn definition_level_histogram(&self, idx: usize) -> Option<&[i64]> {
        self.page_of(self.definition_level_histograms.as_deref()?, idx)
    }

    /// Whether a page holds no value but nulls; false past the last page.
    pub fn is_null_page(&self, idx: usize) -> bool {
        self.null_pages.get(idx).copied().unwrap_or(false)
    }

    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        let lists = [
            &self.null_counts,
            &self.nan_counts,
            &self.repetition_level_histograms,
            &self.definition_level_histograms,
        ];
        let numbers: usize = lists.into_iter().flatten().map(Vec::capacity).sum();
        self.null_pages.capacity() + numbers * size_of::<i64>()
    }

    fn page_of<'a>(&self, histograms: &'a [i64], idx: usize) -> Option<&'a [i64]> {
        let levels = histograms.len().checked_div(self.null_pages.len())?;
        histograms.get(idx * levels..(idx + 1) * levels)
    }
}

/// The bounds of all pages end to end: minimum and maximum of the first page, of the second, and on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageBounds {
    bytes: Vec<u8>,
    /// Where each bound ends, two a page.
    ends: Vec<u32>,
}

impl PageBounds {
    /// Nothing yet, with room for the bounds of so many pages and so many bytes.
    pub(crate) fn with_room_for(pages: usize, len_bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(len_bytes),
            ends: Vec::with_capacity(2 * pages),
        }
    }

    /// Adds the bounds of the next page.
    ///
    /// # Errors
    /// If the bounds of all pages exceed 4 GiB.
    pub(crate) fn push(&mut self, min: &[u8], max: &[u8]) -> Result<()> {
        for bound in [min, max] {
            let end = u32::try_from(self.bytes.len() + bound.len()).map_err(|_| {
                ParquetError::General("the bounds of a column index exceed 4 GiB".to_string())
            })?;
            extend_tight(&mut self.bytes, bound);
            push_tight(&mut self.ends, end);
        }
        Ok(())
    }

    /// The same bounds without spare room.
    pub(crate) fn tight(mut self) -> Self {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
        self
    }

    /// Number of pages.
    pub(crate) fn num_pages(&self) -> usize {
        self.ends.len() / 2
    }

    /// The minimum of a page.
    pub(crate) fn min(&self, idx: usize) -> Option<&[u8]> {
        self.bound(2 * idx)
    }

    /// The maximum of a page.
    pub(crate) fn max(&self, idx: usize) -> Option<&[u8]> {
        self.bound(2 * idx + 1)
    }

    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Bytes of the bounds themselves.
    pub(crate) fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    fn bound(&self, ordinal: usize) -> Option<&[u8]> {
        let end = *self.ends.get(ordinal)?;
        let start = match ordinal.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start as usize..end as usize)
    }
}
