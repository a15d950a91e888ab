//! What waits on the heap as it is, to be given back to the caller.

use std::io::Write;

use super::{Extent, Leftovers, NoteIn, position};
use crate::bloom_filter::Sbbf;
use crate::errors::Result;
use crate::file::metadata::page_index::PageIndexBuilder;
use crate::file::metadata::{ColumnChunkMetaData, KeyValue, RowGroupMetaData};
use crate::file::page_index::column_index::ColumnIndexMetaData;
use crate::file::page_index::offset_index::OffsetIndexMetaData;
use crate::file::properties::BloomFilterPosition;
use crate::file::writer::TrackedWrite;
use crate::wire::index::{write_column_index, write_offset_index};

/// What waits on the heap.
#[derive(Debug, Default)]
pub(super) struct Heap {
    /// Indexes of the row group that is not complete yet.
    open: RowGroupIndexes,
    indexes: Vec<RowGroupIndexes>,
    filters: Vec<(Chunk, Sbbf)>,
    pub(super) row_groups: Vec<RowGroupMetaData>,
    pub(super) pairs: Vec<KeyValue>,
    /// Heap bytes of the above, but for the vectors of row groups, pairs and filters.
    bytes: usize,
}

/// A column chunk of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chunk {
    row_group: usize,
    column: usize,
}

/// The indexes of a row group's columns.
#[derive(Debug, Default)]
pub(in super::super) struct RowGroupIndexes {
    column: Vec<Option<ColumnIndexMetaData>>,
    offset: Vec<Option<OffsetIndexMetaData>>,
}

impl Heap {
    /// Takes over what the next column of the open row group leaves.
    pub(super) fn add_column(&mut self, row_group: usize, column: usize, leftovers: Leftovers) {
        let Leftovers {
            filter,
            column_index,
            offset_index,
        } = leftovers;
        if let Some(filter) = filter {
            self.bytes += filter.memory_size();
            self.filters.push((Chunk { row_group, column }, filter));
        }
        let (column, offset) = (column_index.as_ref(), offset_index.as_ref());
        self.bytes += column.map_or(0, ColumnIndexMetaData::memory_size)
            + offset.map_or(0, OffsetIndexMetaData::memory_size);
        self.open.column.push(column_index);
        self.open.offset.push(offset_index);
    }

    /// Takes over a row group whose columns have been added; Bloom filters that belong right behind it are written.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn add_row_group<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        metadata: RowGroupMetaData,
        filters_at: BloomFilterPosition,
    ) -> Result<()> {
        let ended = std::mem::take(&mut self.open);
        self.bytes += ended.table_bytes() + metadata.memory_size();
        self.indexes.push(ended);
        self.row_groups.push(metadata);
        match filters_at {
            BloomFilterPosition::AfterRowGroup => self.write_filters(sink),
            BloomFilterPosition::End => Ok(()),
        }
    }

    pub(super) fn add_pair(&mut self, pair: KeyValue) {
        self.bytes += pair.memory_size();
        self.pairs.push(pair);
    }

    /// Heap bytes, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        self.bytes
            + self.open.table_bytes()
            + self.indexes.capacity() * size_of::<RowGroupIndexes>()
            + self.filters.capacity() * size_of::<(Chunk, Sbbf)>()
            + self.row_groups.capacity() * size_of::<RowGroupMetaData>()
            + self.pairs.capacity() * size_of::<KeyValue>()
    }

    /// Writes late filters, then all column indexes, then all offset indexes, and notes in the metadata where they went.
    ///
    /// # Errors
    /// If the sink fails.
    pub(super) fn write_ahead<W: Write>(&mut self, sink: &mut TrackedWrite<W>) -> Result<()> {
        self.write_filters(sink)?;
        self.write_indexes(
            |group| &group.column,
            write_column_index,
            ColumnChunkMetaData::place_column_index,
            sink,
        )?;
        self.write_indexes(
            |group| &group.offset,
            write_offset_index,
            ColumnChunkMetaData::place_offset_index,
            sink,
        )
    }

    /// Hands over the row groups, and the indexes of all of them.
    pub(super) fn take(&mut self) -> (Vec<RowGroupMetaData>, Vec<RowGroupIndexes>) {
        let row_groups = std::mem::take(&mut self.row_groups);
        (row_groups, std::mem::take(&mut self.indexes))
    }

    /// Writes all filters, which are then gone.
    fn write_filters<W: Write>(&mut self, sink: &mut TrackedWrite<W>) -> Result<()> {
        let row_groups = &mut self.row_groups;
        for (chunk, filter) in self.filters.drain(..) {
            self.bytes -= filter.memory_size();
            let written = Extent::of(sink, |sink| filter.write(sink))?;
            let grown = note(
                row_groups,
                chunk,
                ColumnChunkMetaData::place_bloom_filter,
                written,
            );
            self.bytes += grown;
        }
        Ok(())
    }

    fn write_indexes<T, W: Write>(
        &mut self,
        kind: fn(&RowGroupIndexes) -> &Vec<Option<T>>,
        serialize: fn(&T, &mut Vec<u8>),
        place: NoteIn,
        sink: &mut TrackedWrite<W>,
    ) -> Result<()> {
        let mut buffer = Vec::new();
        for (row_group, indexes) in self.indexes.iter().enumerate() {
            for (column, index) in kind(indexes).iter().enumerate() {
                let Some(index) = index else { continue };
                buffer.clear();
                serialize(index, &mut buffer);
                let written = Extent::of(sink, |sink| Ok(sink.write_all(&buffer)?))?;
                let chunk = Chunk { row_group, column };
                note(&mut self.row_groups, chunk, place, written);
            }
        }
        Ok(())
    }
}

/// Notes in a chunk's metadata where something that belongs to it was written; returns by how much the metadata has
/// grown.
fn note(row_groups: &mut [RowGroupMetaData], chunk: Chunk, place: NoteIn, at: Extent) -> usize {
    let row_group = row_groups.get_mut(chunk.row_group);
    let chunks = row_group.map(RowGroupMetaData::columns_mut);
    let Some(chunk) = chunks.and_then(|chunks| chunks.get_mut(chunk.column)) else {
        return 0;
    };
    let before = chunk.memory_size();
    place(chunk, at.offset, at.len);
    chunk.memory_size().saturating_sub(before)
}

impl Extent {
    /// What `write` writes to `sink`.
    fn of<W: Write>(
        sink: &mut TrackedWrite<W>,
        write: impl FnOnce(&mut TrackedWrite<W>) -> Result<()>,
    ) -> Result<Self> {
        let offset = position(sink)?;
        write(sink)?;
        Ok(Self {
            offset,
            len: i32::try_from(position(sink)? - offset)?,
        })
    }
}

impl RowGroupIndexes {
    /// True if no column has an index.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.column.iter().all(Option::is_none) && self.offset.iter().all(Option::is_none)
    }

    /// Hands the indexes of row group `row_group` to `builder`.
    pub(in super::super) fn put_into(self, row_group: usize, builder: &mut PageIndexBuilder) {
        for (column, index) in self.column.into_iter().enumerate() {
            if let Some(index) = index {
                builder.put_column_index(index, row_group, column);
            }
        }
        for (column, index) in self.offset.into_iter().enumerate() {
            if let Some(index) = index {
                builder.put_offset_index(index, row_group, column);
            }
        }
    }

    /// Heap bytes but for those of the indexes themselves.
    fn table_bytes(&self) -> usize {
        self.column.capacity() * size_of::<Option<ColumnIndexMetaData>>()
            + self.offset.capacity() * size_of::<Option<OffsetIndexMetaData>>()
    }
}
