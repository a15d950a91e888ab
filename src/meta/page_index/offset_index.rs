//! Where the data pages of a column chunk lie, and which rows begin on them.

/// The place of one data page.
///
/// SPEC: parquet.thrift, `PageLocation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLocation {
    /// Bytes from the beginning of the file to the page's header.
    pub offset: i64,
    /// Bytes of the page as stored, header included.
    pub compressed_page_size: i32,
    /// The first row of the page, counted from the beginning of the row group.
    pub first_row_index: i64,
}

/// The places of all data pages of a column chunk, in their order.
///
/// SPEC: parquet.thrift, `OffsetIndex`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetIndexMetaData {
    /// One entry a page.
    pub page_locations: Vec<PageLocation>,
    /// Bytes of the values of each page before encoding, without their lengths; for BYTE_ARRAY alone.
    pub unencoded_byte_array_data_bytes: Option<Vec<i64>>,
}

impl OffsetIndexMetaData {
    /// One entry a page.
    pub fn page_locations(&self) -> &Vec<PageLocation> {
        &self.page_locations
    }

    /// Bytes of the values of each page before encoding, if known.
    pub fn unencoded_byte_array_data_bytes(&self) -> Option<&Vec<i64>> {
        self.unencoded_byte_array_data_bytes.as_ref()
    }

    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        let unencoded = self.unencoded_byte_array_data_bytes.as_ref();
        self.page_locations.capacity() * size_of::<PageLocation>()
            + unencoded.map_or(0, |bytes| bytes.capacity() * size_of::<i64>())
    }
}
