//! `OffsetIndexBuilder`: gathers an offset index page by page.

use crate::meta::page_index::offset_index::{OffsetIndexMetaData, PageLocation};

/// Gathers the places of the data pages of a column chunk, in the order of the pages.
#[derive(Debug, Default)]
pub struct OffsetIndexBuilder {
    next_first_row: i64,
    first_rows: Vec<i64>,
    places: Vec<(i64, i32)>,
    unencoded_byte_array_data_bytes: Vec<i64>,
}

impl OffsetIndexBuilder {
    /// A builder without pages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records the number of rows of the next page.
    pub fn append_row_count(&mut self, row_count: i64) {
        self.first_rows.push(self.next_first_row);
        self.next_first_row += row_count;
    }

    /// Records where the next page begins, header included, and its bytes as stored.
    pub fn append_offset_and_size(&mut self, offset: i64, compressed_page_size: i32) {
        self.places.push((offset, compressed_page_size));
    }

    /// Records the bytes of the values of the next page before encoding, if known.
    pub fn append_unencoded_byte_array_data_bytes(
        &mut self,
        unencoded_byte_array_data_bytes: Option<i64>,
    ) {
        self.unencoded_byte_array_data_bytes
            .extend(unencoded_byte_array_data_bytes);
    }

    /// The index of the pages whose rows and place are both known.
    pub fn build(self) -> OffsetIndexMetaData {
        let pages = self.places.iter().zip(&self.first_rows);
        let unencoded = self.unencoded_byte_array_data_bytes;
        OffsetIndexMetaData {
            page_locations: pages
                .map(|((offset, compressed_page_size), first_row)| PageLocation {
                    offset: *offset,
                    compressed_page_size: *compressed_page_size,
                    first_row_index: *first_row,
                })
                .collect(),
            unencoded_byte_array_data_bytes: (!unencoded.is_empty()).then_some(unencoded),
        }
    }
}
