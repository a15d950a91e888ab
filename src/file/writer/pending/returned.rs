//! What the writer of a file gives back to its caller: everything, or under a memory limit metadata of row groups and
//! pairs, as long as each of them is little.

use super::entries::InLogs;
use crate::errors::{ParquetError, Result};
use crate::meta::metadata::page_index::{PageIndex, PageIndexBuilder};
use crate::meta::metadata::{ColumnChunkMetaData, KeyValue, RowGroupMetaData};
use crate::meta::page_index::column_index::ColumnIndexMetaData;
use crate::meta::page_index::offset_index::OffsetIndexMetaData;

/// The part of a writer's share that the metadata of all row groups may take, and all pairs of text.
const RETURNED_PART: usize = 16;

/// What they may take where the limit is not known.
const UNKNOWN_LIMIT_BYTES: usize = 1 << 20;

/// Everything of a kind or nothing: some of it would be taken for all. What counts is what the file holds, and the
/// writer's share of the limit when it was made, never how much memory is free or who came later. The shares of many
/// writers on one budget, each counted when it came, add up to a multiple of the limit that grows with the logarithm
/// of their number.
pub(super) struct Returned {
    most_bytes: usize,
    row_groups: Portion<RowGroupMetaData>,
    pairs: Portion<KeyValue>,
    /// Those of all chunks in the order of the file. Under a limit none.
    indexes: Portion<Indexes>,
}

/// The indexes of a chunk.
struct Indexes {
    column: Option<ColumnIndexMetaData>,
    offset: Option<OffsetIndexMetaData>,
}

/// Notes in a chunk's metadata where something that belongs to it was written: position and length, in bytes.
type NoteIn = fn(&mut ColumnChunkMetaData, i64, i32);

struct Portion<T> {
    /// All so far, until they are too large.
    items: Option<Vec<T>>,
    /// Bytes of them, with those that the vector has for each.
    bytes: usize,
}

impl Returned {
    /// Nothing yet, for a writer that gives back everything.
    pub(super) fn everything() -> Self {
        Self {
            most_bytes: usize::MAX,
            row_groups: Portion::new(),
            pairs: Portion::new(),
            indexes: Portion::new(),
        }
    }

    /// Nothing yet, for a writer with this share of its limit if that is known.
    pub(super) fn little(share_bytes: Option<usize>) -> Self {
        Self {
            most_bytes: share_bytes.map_or(UNKNOWN_LIMIT_BYTES, |share| share / RETURNED_PART),
            indexes: Portion::none(),
            ..Self::everything()
        }
    }

    /// Takes over the indexes of the next chunk.
    pub(super) fn add_indexes(
        &mut self,
        column: Option<ColumnIndexMetaData>,
        offset: Option<OffsetIndexMetaData>,
    ) {
        let bytes = column.as_ref().map_or(0, ColumnIndexMetaData::memory_size)
            + offset.as_ref().map_or(0, OffsetIndexMetaData::memory_size);
        let indexes = Indexes { column, offset };
        self.indexes.add(indexes, bytes, self.most_bytes);
    }

    pub(super) fn add_row_group(&mut self, metadata: RowGroupMetaData) {
        let bytes = metadata.memory_size();
        self.row_groups.add(metadata, bytes, self.most_bytes);
    }

    pub(super) fn add_pair(&mut self, mut pair: KeyValue) {
        pair.key.shrink_to_fit();
        pair.value.iter_mut().for_each(String::shrink_to_fit);
        let bytes = text_bytes(&pair);
        self.pairs.add(pair, bytes, self.most_bytes);
    }

    /// Says where what belongs to a chunk has been written, if metadata is still there.
    ///
    /// # Errors
    /// If the chunk's is not among it.
    pub(super) fn place(&mut self, row_group: usize, column: usize, placed: &InLogs) -> Result<()> {
        let Some(row_groups) = &mut self.row_groups.items else {
            return Ok(());
        };
        let chunks = row_groups
            .get_mut(row_group)
            .map(RowGroupMetaData::columns_mut);
        let Some(chunk) = chunks.and_then(|chunks| chunks.get_mut(column)) else {
            return Err(ParquetError::Internal(format!(
                "no metadata of column {column} in row group {row_group}"
            )));
        };
        let places: [(_, NoteIn); 3] = [
            (placed.filter, ColumnChunkMetaData::place_bloom_filter),
            (placed.offset_index, ColumnChunkMetaData::place_offset_index),
            (placed.column_index, ColumnChunkMetaData::place_column_index),
        ];
        let bytes = chunk.memory_size();
        for (at, place) in places {
            if let Some(at) = at {
                place(chunk, at.offset, at.len);
            }
        }
        self.row_groups.bytes += chunk.memory_size().saturating_sub(bytes);
        Ok(())
    }

    /// The row groups so far, or none.
    pub(super) fn row_groups(&self) -> &[RowGroupMetaData] {
        match &self.row_groups.items {
            Some(row_groups) => row_groups,
            None => &[],
        }
    }

    /// Heap bytes, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        self.row_groups.memory_size() + self.pairs.memory_size() + self.indexes.memory_size()
    }

    /// Hands over the row groups, if all of them together are not too large.
    pub(super) fn take_row_groups(&mut self) -> Option<Vec<RowGroupMetaData>> {
        self.row_groups.take()
    }

    /// Hands over the indexes of a file of `columns` columns, unless there are none.
    pub(super) fn take_page_index(
        &mut self,
        row_groups: usize,
        columns: usize,
    ) -> Option<PageIndex> {
        let indexes = self.indexes.take()?;
        let is_there = |it: &Indexes| it.column.is_some() || it.offset.is_some();
        indexes.iter().find(|it| is_there(it))?;
        let mut page_index = PageIndexBuilder::new(row_groups, columns);
        for (chunk, Indexes { column, offset }) in indexes.into_iter().enumerate() {
            let (row_group, leaf) = (chunk / columns, chunk % columns);
            if let Some(column) = column {
                page_index.put_column_index(column, row_group, leaf);
            }
            if let Some(offset) = offset {
                page_index.put_offset_index(offset, row_group, leaf);
            }
        }
        Some(page_index.build())
    }

    /// Hands over the pairs, those of the properties in front; `None` if all of them together are too large.
    pub(super) fn take_pairs(&mut self, given: &[KeyValue]) -> Option<Vec<KeyValue>> {
        let added = self.pairs.take()?;
        let given_bytes = given
            .iter()
            .map(|pair| size_of::<KeyValue>() + text_bytes(pair));
        if self.pairs.bytes + given_bytes.sum::<usize>() > self.most_bytes {
            return None;
        }
        let mut pairs = Vec::with_capacity(given.len() + added.len());
        pairs.extend_from_slice(given);
        pairs.extend(added);
        Some(pairs)
    }
}

impl<T> Portion<T> {
    fn new() -> Self {
        Self {
            items: Some(Vec::new()),
            bytes: 0,
        }
    }

    /// One that takes nothing.
    fn none() -> Self {
        Self {
            items: None,
            bytes: 0,
        }
    }

    fn take(&mut self) -> Option<Vec<T>> {
        std::mem::replace(self, Self::none()).items
    }

    fn add(&mut self, item: T, bytes: usize, most_bytes: usize) {
        let Some(items) = &mut self.items else {
            return;
        };
        let bytes = self.bytes + bytes + size_of::<T>();
        if bytes > most_bytes {
            self.items = None;
            return;
        }
        items.push(item);
        self.bytes = bytes;
    }

    fn memory_size(&self) -> usize {
        self.items.as_ref().map_or(0, |items| {
            self.bytes + (items.capacity() - items.len()) * size_of::<T>()
        })
    }
}

/// Bytes of a pair's text, however its strings have grown.
fn text_bytes(pair: &KeyValue) -> usize {
    pair.key.len() + pair.value.as_ref().map_or(0, String::len)
}
