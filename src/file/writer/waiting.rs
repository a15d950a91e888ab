//! What a file's row groups leave behind until the footer is written: metadata, page indexes, and Bloom
//! filters that go to the end of the file.

use std::io::Write;

use super::tracked::TrackedWrite;
use crate::bloom_filter::Sbbf;
use crate::budget::{Member, Reservation};
use crate::column::chunk::{Shelf, Shelved, WhenFull, store_error};
use crate::column::page_store::{PageStoreArgs, PageStoreFactory};
use crate::errors::{ParquetError, Result};
use crate::file::metadata::page_index::PageIndexBuilder;
use crate::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use crate::file::page_index::column_index::ColumnIndexMetaData;
use crate::file::page_index::offset_index::OffsetIndexMetaData;
use crate::file::properties::BloomFilterPosition;
use crate::schema::types::SchemaDescriptor;
use crate::wire::index::{write_column_index, write_offset_index};

/// Everything that waits for the footer.
pub(super) struct Waiting {
    row_groups: Vec<RowGroupMetaData>,
    indexes: Indexes,
    filters: Vec<LateFilter>,
    reservation: Option<Reservation>,
    memory: usize,
}

/// Page indexes on the heap, to be handed back to the caller with the metadata, or serialized in a
/// store, to keep a memory limit.
enum Indexes {
    Heap(Vec<RowGroupIndexes>),
    Parked(Parked),
}

/// The indexes of a row group's columns.
#[derive(Debug, Default)]
pub(super) struct RowGroupIndexes {
    pub(super) column: Vec<Option<ColumnIndexMetaData>>,
    pub(super) offset: Vec<Option<OffsetIndexMetaData>>,
}

struct Parked {
    shelf: Shelf,
    column: Vec<ParkedIndex>,
    offset: Vec<ParkedIndex>,
    buffer: Vec<u8>,
    bytes: u64,
}

struct ParkedIndex {
    row_group: u32,
    column: u32,
    blob: Shelved,
}

struct LateFilter {
    row_group: usize,
    column: usize,
    filter: Sbbf,
}

/// Notes in a chunk's metadata where an index of it was written: position and length, in bytes.
type NoteIn = fn(&mut ColumnChunkMetaData, i64, i32);

/// Position and length of something that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    offset: i64,
    len: i32,
}

impl Waiting {
    /// Everything waits on the heap, unpaid for.
    pub(super) fn on_heap() -> Self {
        Self {
            row_groups: Vec::new(),
            indexes: Indexes::Heap(Vec::new()),
            filters: Vec::new(),
            reservation: None,
            memory: 0,
        }
    }

    /// Indexes wait in a store of `stores`, or on the heap where `when_full` says so; the rest is paid for by
    /// `member`.
    ///
    /// # Errors
    /// If the store cannot be made.
    pub(super) fn park_in(
        &mut self,
        stores: &dyn PageStoreFactory,
        member: &Member,
        descr: &SchemaDescriptor,
        when_full: WhenFull,
    ) -> Result<()> {
        if let Some(first) = descr.columns().first() {
            let store = stores
                .create(&PageStoreArgs::new(0, first))
                .map_err(|source| store_error("create", first, 0, source))?;
            self.indexes = Indexes::Parked(Parked {
                shelf: Shelf::new(store, when_full),
                column: Vec::new(),
                offset: Vec::new(),
                buffer: Vec::new(),
                bytes: 0,
            });
        }
        self.reservation = Some(member.reserve());
        Ok(())
    }

    /// An empty reservation where memory is paid for.
    pub(super) fn reserve(&self) -> Option<Reservation> {
        let reservation = self.reservation.as_ref();
        reservation.map(|reservation| reservation.budget().reserve())
    }

    /// Takes over what a closed row group leaves; Bloom filters that belong right behind it are written.
    pub(super) fn add_row_group<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        filters_at: BloomFilterPosition,
        mut metadata: RowGroupMetaData,
        filters: Vec<Option<Sbbf>>,
        column: Vec<Option<ColumnIndexMetaData>>,
        offset: Vec<Option<OffsetIndexMetaData>>,
    ) -> Result<()> {
        let row_group = self.row_groups.len();
        for (index, filter) in filters.into_iter().enumerate() {
            let Some(filter) = filter else { continue };
            match filters_at {
                BloomFilterPosition::AfterRowGroup => {
                    write_filter(sink, &mut metadata, index, &filter)?
                }
                BloomFilterPosition::End => {
                    self.memory += filter.memory_size();
                    self.filters.push(LateFilter {
                        row_group,
                        column: index,
                        filter,
                    });
                }
            }
        }
        self.memory += metadata.memory_size();
        match &mut self.indexes {
            Indexes::Heap(indexes) => {
                let added = RowGroupIndexes { column, offset };
                self.memory += added.memory_size();
                indexes.push(added);
            }
            Indexes::Parked(parked) => parked.park(row_group, &metadata, column, offset)?,
        }
        self.row_groups.push(metadata);
        self.settle();
        Ok(())
    }

    /// Metadata of the row groups so far.
    pub(super) fn row_groups(&self) -> &[RowGroupMetaData] {
        &self.row_groups
    }

    /// Heap bytes of what waits, and of the table of the store that indexes wait in.
    pub(super) fn memory_size(&self) -> usize {
        self.memory_with(Shelf::resident_bytes)
    }

    /// Heap bytes of what waits, with those that `store` finds in the store that indexes wait in.
    fn memory_with(&self, store: fn(&Shelf) -> usize) -> usize {
        let indexes = match &self.indexes {
            Indexes::Heap(indexes) => indexes.capacity() * size_of::<RowGroupIndexes>(),
            Indexes::Parked(parked) => parked.memory_size() + store(&parked.shelf),
        };
        self.memory + self.own_tables() + indexes
    }

    fn own_tables(&self) -> usize {
        self.row_groups.capacity() * size_of::<RowGroupMetaData>()
            + self.filters.capacity() * size_of::<LateFilter>()
    }

    /// Reserves what has no reservation of its own.
    fn settle(&mut self) {
        let size = self.memory_with(Shelf::unreserved_bytes);
        if let Some(reservation) = &mut self.reservation {
            reservation.resize(size);
        }
    }

    /// Pays for `bytes` more until the [end](Self::end).
    pub(super) fn pay_for(&mut self, bytes: usize) {
        if let Some(reservation) = &mut self.reservation {
            reservation.grow(bytes);
        }
    }

    /// Gives back the reservation: what waited has been handed over.
    pub(super) fn end(&mut self) {
        self.memory = 0;
        self.reservation = None;
    }

    /// Writes late filters, then all column indexes, then all offset indexes, and notes in the metadata where they
    /// went. Returns the row groups, and the indexes if they were on the heap.
    pub(super) fn write<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
    ) -> Result<(Vec<RowGroupMetaData>, Option<Vec<RowGroupIndexes>>)> {
        let mut row_groups = std::mem::take(&mut self.row_groups);
        for late in std::mem::take(&mut self.filters) {
            if let Some(metadata) = row_groups.get_mut(late.row_group) {
                write_filter(sink, metadata, late.column, &late.filter)?;
            }
        }
        let indexes = match std::mem::replace(&mut self.indexes, Indexes::Heap(Vec::new())) {
            Indexes::Heap(indexes) => {
                write_heap_indexes(sink, &mut row_groups, &indexes)?;
                Some(indexes)
            }
            Indexes::Parked(mut parked) => {
                parked.write(sink, &mut row_groups)?;
                None
            }
        };
        // The row groups are read once more, for the footer, and then handed over.
        let left = self.memory + row_groups.capacity() * size_of::<RowGroupMetaData>();
        if let Some(reservation) = &mut self.reservation {
            reservation.resize(left);
        }
        Ok((row_groups, indexes))
    }
}

impl RowGroupIndexes {
    /// Bytes on the heap.
    fn memory_size(&self) -> usize {
        let column = self.column.iter().flatten();
        let offset = self.offset.iter().flatten();
        self.column.capacity() * size_of::<Option<ColumnIndexMetaData>>()
            + self.offset.capacity() * size_of::<Option<OffsetIndexMetaData>>()
            + column.map(ColumnIndexMetaData::memory_size).sum::<usize>()
            + offset.map(OffsetIndexMetaData::memory_size).sum::<usize>()
    }

    /// True if no column has an index.
    pub(super) fn is_empty(&self) -> bool {
        self.column.iter().all(Option::is_none) && self.offset.iter().all(Option::is_none)
    }

    /// Hands the indexes of row group `row_group` to `builder`.
    pub(super) fn put_into(self, row_group: usize, builder: &mut PageIndexBuilder) {
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
}

impl Parked {
    fn park(
        &mut self,
        row_group: usize,
        metadata: &RowGroupMetaData,
        column: Vec<Option<ColumnIndexMetaData>>,
        offset: Vec<Option<OffsetIndexMetaData>>,
    ) -> Result<()> {
        let row_group = u32::try_from(row_group)?;
        // The row group's pages have left their stores: there may be room again.
        self.shelf.ask_again();
        for (index, column) in column.into_iter().zip(0u32..) {
            if let Some(index) = index {
                self.buffer.clear();
                write_column_index(&index, &mut self.buffer);
                let blob = self.put(metadata, column)?;
                self.column.push(ParkedIndex {
                    row_group,
                    column,
                    blob,
                });
            }
        }
        for (index, column) in offset.into_iter().zip(0u32..) {
            if let Some(index) = index {
                self.buffer.clear();
                write_offset_index(&index, &mut self.buffer);
                let blob = self.put(metadata, column)?;
                self.offset.push(ParkedIndex {
                    row_group,
                    column,
                    blob,
                });
            }
        }
        Ok(())
    }

    /// Puts what the buffer holds.
    fn put(&mut self, metadata: &RowGroupMetaData, column: u32) -> Result<Shelved> {
        let ordinal = self.column.len() + self.offset.len();
        self.bytes += self.buffer.len() as u64;
        self.shelf
            .put(&self.buffer)
            .map_err(|source| index_error("put", Some(metadata), column, ordinal, source))
    }

    fn write<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        row_groups: &mut [RowGroupMetaData],
    ) -> Result<()> {
        let mut left = self.bytes;
        let mut ordinal = 0;
        let parked: [(_, NoteIn); 2] = [
            (
                std::mem::take(&mut self.column),
                ColumnChunkMetaData::place_column_index,
            ),
            (
                std::mem::take(&mut self.offset),
                ColumnChunkMetaData::place_offset_index,
            ),
        ];
        for (indexes, note_in) in parked {
            for parked in indexes {
                let (row_group, column) = (parked.row_group as usize, parked.column);
                self.shelf
                    .take_into(parked.blob, &mut self.buffer)
                    .map_err(|source| {
                        let metadata = row_groups.get(row_group);
                        index_error("take", metadata, column, ordinal, source)
                    })?;
                left = left.wrapping_sub(self.buffer.len() as u64);
                let extent = write_bytes(sink, &self.buffer)?;
                if let Some(chunk) = chunk_mut(row_groups, row_group, column as usize) {
                    note_in(chunk, extent.offset, extent.len);
                }
                ordinal += 1;
            }
        }
        if left != 0 {
            return Err(ParquetError::CorruptBlob(format!(
                "the page indexes that waited in a store had {} bytes and came back with {}",
                self.bytes,
                self.bytes.wrapping_sub(left)
            )));
        }
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.buffer.capacity()
            + self.shelf.own_bytes()
            + (self.column.capacity() + self.offset.capacity()) * size_of::<ParkedIndex>()
    }
}

/// The error of the store that page indexes wait in.
fn index_error(
    step: &'static str,
    metadata: Option<&RowGroupMetaData>,
    column: u32,
    ordinal: usize,
    source: ParquetError,
) -> ParquetError {
    let chunk = metadata.and_then(|metadata| metadata.columns().get(column as usize));
    match chunk {
        Some(chunk) => store_error(step, chunk.column_descr(), ordinal, source),
        None => source,
    }
}

fn write_heap_indexes<W: Write>(
    sink: &mut TrackedWrite<W>,
    row_groups: &mut [RowGroupMetaData],
    indexes: &[RowGroupIndexes],
) -> Result<()> {
    let mut buffer = Vec::new();
    for (row_group, indexes) in indexes.iter().enumerate() {
        for (column, index) in indexes.column.iter().enumerate() {
            if let Some(index) = index {
                buffer.clear();
                write_column_index(index, &mut buffer);
                let extent = write_bytes(sink, &buffer)?;
                if let Some(chunk) = chunk_mut(row_groups, row_group, column) {
                    chunk.place_column_index(extent.offset, extent.len);
                }
            }
        }
    }
    for (row_group, indexes) in indexes.iter().enumerate() {
        for (column, index) in indexes.offset.iter().enumerate() {
            if let Some(index) = index {
                buffer.clear();
                write_offset_index(index, &mut buffer);
                let extent = write_bytes(sink, &buffer)?;
                if let Some(chunk) = chunk_mut(row_groups, row_group, column) {
                    chunk.place_offset_index(extent.offset, extent.len);
                }
            }
        }
    }
    Ok(())
}

fn write_filter<W: Write>(
    sink: &mut TrackedWrite<W>,
    metadata: &mut RowGroupMetaData,
    column: usize,
    filter: &Sbbf,
) -> Result<()> {
    let offset = i64::try_from(sink.bytes_written())?;
    filter.write(&mut *sink)?;
    let len = i32::try_from(i64::try_from(sink.bytes_written())? - offset)?;
    if let Some(chunk) = metadata.columns_mut().get_mut(column) {
        chunk.place_bloom_filter(offset, len);
    }
    Ok(())
}

fn write_bytes<W: Write>(sink: &mut TrackedWrite<W>, bytes: &[u8]) -> Result<Extent> {
    let offset = i64::try_from(sink.bytes_written())?;
    sink.write_all(bytes)?;
    Ok(Extent {
        offset,
        len: i32::try_from(bytes.len())?,
    })
}

fn chunk_mut(
    row_groups: &mut [RowGroupMetaData],
    row_group: usize,
    column: usize,
) -> Option<&mut ColumnChunkMetaData> {
    row_groups.get_mut(row_group)?.columns_mut().get_mut(column)
}
