//! What a closed column chunk leaves behind, and the one shift that places it.

use crate::bloom_filter::Sbbf;
use crate::errors::{ParquetError, Result};
use crate::meta::metadata::ColumnChunkMetaData;
use crate::meta::page_index::column_index::ColumnIndexMetaData;
use crate::meta::page_index::offset_index::OffsetIndexMetaData;

/// With bounds of the usual length, an index of a thousand pages.
const SMALL_INDEX_BYTES: usize = 128 << 10;

/// Everything that the file's metadata says of one column chunk.
#[derive(Debug, Clone)]
pub struct ColumnCloseResult {
    /// Bytes of the chunk: all pages, headers included, as stored.
    pub bytes_written: u64,
    /// Rows of the chunk.
    pub rows_written: u64,
    /// The chunk's metadata. Offsets count from where the chunk's pages were written: from the file's
    /// start through a file's page writer, from the chunk's start through a page store.
    pub metadata: ColumnChunkMetaData,
    /// The chunk's Bloom filter, if one was asked for.
    pub bloom_filter: Option<Sbbf>,
    /// The chunk's column index, if page statistics are on.
    pub column_index: Option<ColumnIndexMetaData>,
    /// The chunk's offset index, if not disabled.
    pub offset_index: Option<OffsetIndexMetaData>,
}

impl ColumnCloseResult {
    /// Places a dictionary page of `dictionary_len` bytes (header included) in front of data pages
    /// that were laid out from offset 0: the dictionary moves to offset 0, and every data page,
    /// in the metadata and in the offset index, moves behind it. Without a dictionary page nothing changes.
    ///
    /// # Errors
    /// If a shifted offset does not fit the format's 64 bits.
    pub fn update_dictionary_location(mut self, dictionary_len: usize) -> Result<Self> {
        if self.metadata.dictionary_page_offset().is_none() {
            return Ok(self);
        }
        let by = i64::try_from(dictionary_len)?;
        let data = checked(self.metadata.data_page_offset(), by)?;
        self.metadata = self
            .metadata
            .into_builder()
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(data)
            .build()?;
        self.shift_offset_index(by)?;
        Ok(self)
    }

    /// Bytes on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        let (column, offset) = (self.column_index.as_ref(), self.offset_index.as_ref());
        self.metadata.memory_size()
            + self.bloom_filter.as_ref().map_or(0, Sbbf::memory_size)
            + column.map_or(0, ColumnIndexMetaData::memory_size)
            + offset.map_or(0, OffsetIndexMetaData::memory_size)
    }

    /// Bytes that the larger of the indexes takes beside those of [`memory_size`](Self::memory_size) while it is
    /// written. They are paid for in advance, because nothing can be put off when the chunk ends; a small index finds
    /// room.
    pub(crate) fn index_writing_bytes(&self) -> usize {
        let (column, offset) = (self.column_index.as_ref(), self.offset_index.as_ref());
        let column = column.map_or(0, ColumnIndexMetaData::memory_size);
        let offset = offset.map_or(0, OffsetIndexMetaData::memory_size);
        column.max(offset).saturating_sub(SMALL_INDEX_BYTES)
    }

    /// Moves the whole chunk by `by` bytes.
    pub(crate) fn shifted(mut self, by: i64) -> Result<Self> {
        let data = checked(self.metadata.data_page_offset(), by)?;
        let dictionary = self
            .metadata
            .dictionary_page_offset()
            .map(|offset| checked(offset, by))
            .transpose()?;
        let index = self
            .metadata
            .index_page_offset()
            .map(|offset| checked(offset, by))
            .transpose()?;
        self.metadata = self
            .metadata
            .into_builder()
            .set_data_page_offset(data)
            .set_dictionary_page_offset(dictionary)
            .set_index_page_offset(index)
            .build()?;
        self.shift_offset_index(by)?;
        Ok(self)
    }

    fn shift_offset_index(&mut self, by: i64) -> Result<()> {
        for location in self
            .offset_index
            .iter_mut()
            .flat_map(|index| &mut index.page_locations)
        {
            location.offset = checked(location.offset, by)?;
        }
        Ok(())
    }
}

fn checked(offset: i64, by: i64) -> Result<i64> {
    offset.checked_add(by).ok_or_else(|| {
        ParquetError::General(format!("Page offset overflow: {offset} moved by {by}"))
    })
}
