//! Indexes and Bloom filters that wait on the heap as they are.

use std::io::Write;

use super::{Chunk, Extent, Leftovers, Note, TrackedWrite};
use crate::bloom_filter::Sbbf;
use crate::errors::Result;
use crate::file::metadata::page_index::PageIndexBuilder;
use crate::file::page_index::column_index::ColumnIndexMetaData;
use crate::file::page_index::offset_index::OffsetIndexMetaData;
use crate::wire::index::{write_column_index, write_offset_index};

/// What waits on the heap.
#[derive(Debug, Default)]
pub(super) struct Heap {
    /// Those of the row group that is not complete yet.
    open: RowGroupIndexes,
    indexes: Vec<RowGroupIndexes>,
    filters: Vec<(Chunk, Sbbf)>,
    /// Heap bytes of the above, but for the vectors of row groups and filters.
    bytes: usize,
}

/// The indexes of a row group's columns.
#[derive(Debug, Default)]
pub(in super::super) struct RowGroupIndexes {
    column: Vec<Option<ColumnIndexMetaData>>,
    offset: Vec<Option<OffsetIndexMetaData>>,
}

impl Heap {
    /// Takes over what the next column of the open row group leaves.
    pub(super) fn add_column(&mut self, column: usize, leftovers: Leftovers) {
        let Leftovers {
            filter,
            column_index,
            offset_index,
        } = leftovers;
        if let Some(filter) = filter {
            let row_group = self.indexes.len();
            self.bytes += filter.memory_size();
            self.filters.push((Chunk { row_group, column }, filter));
        }
        let (column, offset) = (column_index.as_ref(), offset_index.as_ref());
        self.bytes += column.map_or(0, ColumnIndexMetaData::memory_size)
            + offset.map_or(0, OffsetIndexMetaData::memory_size);
        self.open.column.push(column_index);
        self.open.offset.push(offset_index);
    }

    pub(super) fn end_row_group(&mut self) {
        let ended = std::mem::take(&mut self.open);
        self.bytes += ended.table_bytes();
        self.indexes.push(ended);
    }

    /// Heap bytes, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        self.bytes
            + self.open.table_bytes()
            + self.indexes.capacity() * size_of::<RowGroupIndexes>()
            + self.filters.capacity() * size_of::<(Chunk, Sbbf)>()
    }

    /// Writes all filters, which are then gone.
    pub(super) fn write_filters<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        note: Note<'_>,
    ) -> Result<()> {
        for (chunk, filter) in self.filters.drain(..) {
            self.bytes -= filter.memory_size();
            note(chunk, Extent::of(sink, |sink| filter.write(sink))?);
        }
        Ok(())
    }

    pub(super) fn write_column_indexes<W: Write>(
        &self,
        sink: &mut TrackedWrite<W>,
        note: Note<'_>,
    ) -> Result<()> {
        self.write_indexes(|group| &group.column, write_column_index, sink, note)
    }

    pub(super) fn write_offset_indexes<W: Write>(
        &self,
        sink: &mut TrackedWrite<W>,
        note: Note<'_>,
    ) -> Result<()> {
        self.write_indexes(|group| &group.offset, write_offset_index, sink, note)
    }

    /// The indexes of all row groups.
    pub(super) fn into_indexes(self) -> Vec<RowGroupIndexes> {
        self.indexes
    }

    fn write_indexes<T, W: Write>(
        &self,
        kind: fn(&RowGroupIndexes) -> &Vec<Option<T>>,
        serialize: fn(&T, &mut Vec<u8>),
        sink: &mut TrackedWrite<W>,
        note: Note<'_>,
    ) -> Result<()> {
        let mut buffer = Vec::new();
        for (row_group, indexes) in self.indexes.iter().enumerate() {
            for (column, index) in kind(indexes).iter().enumerate() {
                let Some(index) = index else { continue };
                buffer.clear();
                serialize(index, &mut buffer);
                let written = Extent::of(sink, |sink| Ok(sink.write_all(&buffer)?))?;
                note(Chunk { row_group, column }, written);
            }
        }
        Ok(())
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

    pub(super) fn put_column_index(&mut self, column: usize, index: ColumnIndexMetaData) {
        put_at(&mut self.column, column, index);
    }

    pub(super) fn put_offset_index(&mut self, column: usize, index: OffsetIndexMetaData) {
        put_at(&mut self.offset, column, index);
    }

    /// Heap bytes but for those of the indexes themselves.
    pub(super) fn table_bytes(&self) -> usize {
        self.column.capacity() * size_of::<Option<ColumnIndexMetaData>>()
            + self.offset.capacity() * size_of::<Option<OffsetIndexMetaData>>()
    }
}

fn put_at<T>(slots: &mut Vec<Option<T>>, at: usize, index: T) {
    if slots.len() <= at {
        slots.resize_with(at + 1, || None);
    }
    if let Some(slot) = slots.get_mut(at) {
        *slot = Some(index);
    }
}
