//! The encoder where values are so large, or so many, that a page or the dictionary could be more than the format allows.

use super::ColumnEncoder;
use crate::basic::Encoding;
use crate::column::chunk::PageSink;
use crate::column::writer::WorkbenchPool;
use crate::column::writer::paging::{distinct_bound, size_bound};
use crate::column::writer::room::{LEVEL_BYTES, MOST_SHARED_BYTES, MOST_SLOTS, RowRoom};
use crate::data_type::values::Values;
use crate::encodings::fallback_encoding;
use crate::errors::Result;
use crate::file::properties::{ColumnOptions, WriterVersion};
use crate::schema::types::ColumnDescPtr;

impl ColumnEncoder {
    /// What a row may have at most.
    pub(crate) fn row_room(&self) -> RowRoom {
        row_room(&self.descr, &self.options)
    }

    /// Whether so many more slots, with values of at most `bytes`, could be more than a page or the dictionary may hold.
    pub(super) fn may_overflow(&self, slots: usize, bytes: usize) -> bool {
        let page = self.open_page_bytes() + self.values.dictionary_bytes().unwrap_or(0);
        page + slots * LEVEL_BYTES + bytes > MOST_SHARED_BYTES
            || self.page.slots + slots > MOST_SLOTS
    }

    /// Ends the open page, and the dictionary, if what comes next is too much for them.
    pub(super) fn make_room(
        &mut self,
        slots: usize,
        values: &Values<'_>,
        benches: &WorkbenchPool,
        sink: &mut dyn PageSink,
    ) -> Result<()> {
        let used = self.values.dictionary_bytes().unwrap_or(0);
        if used > 0 && used + distinct_bound(values) > MOST_SHARED_BYTES {
            self.give_up_dictionary(benches, sink)?;
        }
        let bytes = match self.values.encoding() {
            // Indices.
            Encoding::RLE_DICTIONARY => 4 * values.len(),
            _ => size_bound(values),
        };
        let page = self.open_page_bytes() + slots * LEVEL_BYTES + bytes;
        if page > MOST_SHARED_BYTES || self.page.slots + slots > MOST_SLOTS {
            self.cut_page(benches, sink)?;
        }
        Ok(())
    }
}

/// What a row of column `descr` may have at most.
pub(crate) fn row_room(descr: &ColumnDescPtr, options: &ColumnOptions) -> RowRoom {
    RowRoom::new(descr.clone(), options, direct_encoding(descr, options))
}

/// How values are encoded that are not in a dictionary.
pub(super) fn direct_encoding(descr: &ColumnDescPtr, options: &ColumnOptions) -> Encoding {
    options
        .encoding
        .unwrap_or_else(|| match options.writer_version {
            WriterVersion::PARQUET_1_0 => fallback_encoding::v1(descr.physical_type()),
            WriterVersion::PARQUET_2_0 => fallback_encoding::v2(descr.physical_type()),
        })
}
