//! What a file written under a memory limit gives back to its caller: metadata of row groups and pairs, as long as each of
//! them is little.

use super::NoteIn;
use super::entries::InLogs;
use crate::file::metadata::{ColumnChunkMetaData, KeyValue, RowGroupMetaData};

/// The part of a writer's share that the metadata of all row groups may take, and all pairs of text.
const RETURNED_PART: usize = 16;

/// What they may take where the limit is not known.
const UNKNOWN_LIMIT_BYTES: usize = 1 << 20;

/// Everything of a kind or nothing: some of it would be taken for all. What counts is what the file holds, and the writer's
/// share of the limit when it was made, never how much memory is free or who came later. The shares of many writers on one
/// budget, each counted when it came, add up to a multiple of the limit that grows with the logarithm of their number.
pub(super) struct Returned {
    most_bytes: usize,
    row_groups: Portion<RowGroupMetaData>,
    pairs: Portion<KeyValue>,
}

struct Portion<T> {
    /// All so far, until they are too large.
    items: Option<Vec<T>>,
    /// Bytes of them, with those that the vector has for each.
    bytes: usize,
}

impl Returned {
    /// Nothing yet, for a writer with this share of its limit if that is known.
    pub(super) fn new(share_bytes: Option<usize>) -> Self {
        Self {
            most_bytes: share_bytes.map_or(UNKNOWN_LIMIT_BYTES, |share| share / RETURNED_PART),
            row_groups: Portion::new(),
            pairs: Portion::new(),
        }
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

    /// Says where what belongs to a chunk has been written, if its metadata is still there.
    pub(super) fn place(&mut self, row_group: usize, column: usize, placed: &InLogs) {
        let row_groups = self.row_groups.items.as_mut();
        let row_group = row_groups.and_then(|row_groups| row_groups.get_mut(row_group));
        let chunks = row_group.map(RowGroupMetaData::columns_mut);
        let Some(chunk) = chunks.and_then(|chunks| chunks.get_mut(column)) else {
            return;
        };
        let places = [
            (
                placed.filter,
                ColumnChunkMetaData::place_bloom_filter as NoteIn,
            ),
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
    }

    /// The row groups so far, or none.
    pub(super) fn row_groups(&self) -> &[RowGroupMetaData] {
        self.row_groups.items.as_deref().unwrap_or_default()
    }

    /// Heap bytes, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        self.row_groups.memory_size() + self.pairs.memory_size()
    }

    /// Hands over the row groups, or none.
    pub(super) fn take_row_groups(&mut self) -> Vec<RowGroupMetaData> {
        self.row_groups.items.take().unwrap_or_default()
    }

    /// Hands over the pairs, those of the properties in front; `None` if all of them together are too large.
    pub(super) fn take_pairs(&mut self, given: &[KeyValue]) -> Option<Vec<KeyValue>> {
        let added = self.pairs.items.take()?;
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
