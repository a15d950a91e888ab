//! What a file's row groups leave behind until the footer is written: metadata, page indexes, and Bloom filters.

mod heap;
mod kept;
mod stores;

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::tracked::TrackedWrite;
use crate::bloom_filter::Sbbf;
use crate::budget::{Member, Reservation};
use crate::column::chunk::{ColumnCloseResult, WhenFull};
use crate::column::page_store::PageStoreFactory;
use crate::errors::Result;
use crate::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use crate::file::page_index::column_index::ColumnIndexMetaData;
use crate::file::page_index::offset_index::OffsetIndexMetaData;
use crate::file::properties::BloomFilterPosition;
use crate::schema::types::SchemaDescPtr;
use heap::Heap;
pub(super) use heap::RowGroupIndexes;
use stores::Stores;

/// Everything that waits for the footer, or for the end of its row group.
pub(super) struct Waiting {
    row_groups: Vec<RowGroupMetaData>,
    place: Place,
    filters_at: BloomFilterPosition,
    reservation: Option<Reservation>,
    /// Heap bytes of the row groups' metadata, without their places in the vector.
    metadata_bytes: usize,
}

/// Where indexes and Bloom filters wait: as they are on the heap, to be handed back to the caller with the metadata, or
/// serialized in stores, to keep a memory limit.
enum Place {
    Heap(Heap),
    /// A store may be used on any thread, but not on two at a time, and those who share the file's writer may ask it for
    /// its size on any.
    Stores(Box<Mutex<Stores>>),
}

/// What a closed column chunk leaves beside its metadata.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    pub(super) filter: Option<Sbbf>,
    pub(super) column_index: Option<ColumnIndexMetaData>,
    pub(super) offset_index: Option<OffsetIndexMetaData>,
}

/// A column chunk of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chunk {
    row_group: usize,
    column: usize,
}

/// Position and length of something that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    offset: i64,
    len: i32,
}

/// Notes in a chunk's metadata where something that belongs to it was written: position and length, in bytes.
type NoteIn = fn(&mut ColumnChunkMetaData, i64, i32);

/// Hears where something that belongs to a chunk was written.
type Note<'a> = &'a mut dyn FnMut(Chunk, Extent);

impl Waiting {
    /// Everything waits on the heap, unpaid for.
    pub(super) fn on_heap(filters_at: BloomFilterPosition) -> Self {
        Self {
            row_groups: Vec::new(),
            place: Place::Heap(Heap::default()),
            filters_at,
            reservation: None,
            metadata_bytes: 0,
        }
    }

    /// Indexes and filters wait in stores of `stores`, or on the heap where `when_full` says so; the rest is paid for by
    /// `member`. The stores are made when they are needed.
    pub(super) fn park_in(
        &mut self,
        stores: Arc<dyn PageStoreFactory>,
        member: &Member,
        schema: SchemaDescPtr,
        when_full: WhenFull,
    ) {
        let stores = Stores::new(stores, schema, when_full, member);
        self.place = Place::Stores(Box::new(Mutex::new(stores)));
        self.reservation = Some(member.reserve());
    }

    /// An empty reservation where memory is paid for.
    pub(super) fn reserve(&self) -> Option<Reservation> {
        let reservation = self.reservation.as_ref();
        reservation.map(|reservation| reservation.budget().reserve())
    }

    /// Takes over what the closed chunk of column `column`, of the row group that is next to be added, leaves;
    /// returns its metadata.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn add_column(
        &mut self,
        column: usize,
        close: ColumnCloseResult,
    ) -> Result<ColumnChunkMetaData> {
        let ColumnCloseResult {
            metadata,
            bloom_filter,
            column_index,
            offset_index,
            ..
        } = close;
        let leftovers = Leftovers {
            filter: bloom_filter,
            column_index,
            offset_index,
        };
        match &mut self.place {
            Place::Heap(heap) => heap.add_column(column, leftovers),
            Place::Stores(stores) => {
                let chunk = Chunk {
                    row_group: self.row_groups.len(),
                    column,
                };
                alone(stores).add_column(chunk, &leftovers)?;
            }
        }
        self.settle();
        Ok(metadata)
    }

    /// Takes over the metadata of a row group whose columns have been added; Bloom filters that belong right behind it
    /// are written.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn add_row_group<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        mut metadata: RowGroupMetaData,
    ) -> Result<()> {
        if self.filters_at == BloomFilterPosition::AfterRowGroup {
            let chunks = metadata.columns_mut();
            self.place.write_filters(sink, &mut |chunk, at| {
                if let Some(chunk) = chunks.get_mut(chunk.column) {
                    chunk.place_bloom_filter(at.offset, at.len);
                }
            })?;
        }
        if let Place::Heap(heap) = &mut self.place {
            heap.end_row_group();
        }
        self.metadata_bytes += metadata.memory_size();
        self.row_groups.push(metadata);
        self.settle();
        Ok(())
    }

    /// Metadata of the row groups so far.
    pub(super) fn row_groups(&self) -> &[RowGroupMetaData] {
        &self.row_groups
    }

    /// Heap bytes of what waits, and of the tables of the stores that it waits in.
    pub(super) fn memory_size(&self) -> usize {
        let place = match &self.place {
            Place::Heap(heap) => heap.memory_size(),
            Place::Stores(stores) => {
                let stores = shared(stores);
                stores.own_bytes() + stores.resident_bytes()
            }
        };
        self.row_groups_memory() + place
    }

    /// Pays for `bytes` more until the [end](Self::end).
    pub(super) fn pay_for(&mut self, bytes: usize) {
        if let Some(reservation) = &mut self.reservation {
            reservation.grow(bytes);
        }
    }

    /// Gives back the reservation: what waited has been handed over.
    pub(super) fn end(&mut self) {
        self.metadata_bytes = 0;
        self.reservation = None;
    }

    /// Writes late filters, then all column indexes, then all offset indexes, and notes in the metadata where they
    /// went. Returns the row groups, and the indexes if there is room for them.
    ///
    /// # Errors
    /// If a store or the sink fails.
    pub(super) fn write<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
    ) -> Result<(Vec<RowGroupMetaData>, Option<Vec<RowGroupIndexes>>)> {
        let mut row_groups = std::mem::take(&mut self.row_groups);
        let mut place = std::mem::replace(&mut self.place, Place::Heap(Heap::default()));
        let mut note = |note_in: NoteIn, chunk: Chunk, at: Extent| {
            let row_group = row_groups.get_mut(chunk.row_group);
            let chunks = row_group.map(RowGroupMetaData::columns_mut);
            if let Some(chunk) = chunks.and_then(|chunks| chunks.get_mut(chunk.column)) {
                note_in(chunk, at.offset, at.len);
            }
        };
        place.write_filters(sink, &mut |chunk, at| {
            note(ColumnChunkMetaData::place_bloom_filter, chunk, at);
        })?;
        place.write_column_indexes(sink, &mut |chunk, at| {
            note(ColumnChunkMetaData::place_column_index, chunk, at);
        })?;
        place.write_offset_indexes(sink, &mut |chunk, at| {
            note(ColumnChunkMetaData::place_offset_index, chunk, at);
        })?;
        let (indexes, paid) = match place {
            Place::Heap(heap) => (Some(heap.into_indexes()), 0),
            Place::Stores(stores) => stores
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner)
                .into_indexes(),
        };
        // The row groups are read once more, for the footer, and then handed over with the indexes.
        let left =
            self.metadata_bytes + row_groups.capacity() * size_of::<RowGroupMetaData>() + paid;
        if let Some(reservation) = &mut self.reservation {
            reservation.resize(left);
        }
        Ok((row_groups, indexes))
    }

    fn row_groups_memory(&self) -> usize {
        self.metadata_bytes + self.row_groups.capacity() * size_of::<RowGroupMetaData>()
    }

    /// Reserves what has no reservation of its own.
    fn settle(&mut self) {
        let place = match &mut self.place {
            Place::Heap(heap) => heap.memory_size(),
            Place::Stores(stores) => {
                let stores = alone(stores);
                stores.own_bytes() + stores.unreserved_bytes()
            }
        };
        let size = self.row_groups_memory() + place;
        if let Some(reservation) = &mut self.reservation {
            reservation.resize(size);
        }
    }
}

impl Place {
    fn write_filters<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        note: Note<'_>,
    ) -> Result<()> {
        match self {
            Place::Heap(heap) => heap.write_filters(sink, note),
            Place::Stores(stores) => alone(stores).write_filters(sink, note),
        }
    }

    fn write_column_indexes<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        note: Note<'_>,
    ) -> Result<()> {
        match self {
            Place::Heap(heap) => heap.write_column_indexes(sink, note),
            Place::Stores(stores) => alone(stores).write_column_indexes(sink, note),
        }
    }

    fn write_offset_indexes<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        note: Note<'_>,
    ) -> Result<()> {
        match self {
            Place::Heap(heap) => heap.write_offset_indexes(sink, note),
            Place::Stores(stores) => alone(stores).write_offset_indexes(sink, note),
        }
    }
}

/// A panic under the lock leaves nothing half done that counts: the sink is latched then.
fn shared(stores: &Mutex<Stores>) -> MutexGuard<'_, Stores> {
    stores.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As [`shared`], without a lock: nobody else has the stores.
fn alone(stores: &mut Mutex<Stores>) -> &mut Stores {
    stores.get_mut().unwrap_or_else(PoisonError::into_inner)
}

impl Extent {
    /// What `write` writes to `sink`.
    fn of<W: Write>(
        sink: &mut TrackedWrite<W>,
        write: impl FnOnce(&mut TrackedWrite<W>) -> Result<()>,
    ) -> Result<Self> {
        let from = sink.bytes_written();
        write(sink)?;
        Ok(Self {
            offset: i64::try_from(from)?,
            len: i32::try_from(sink.bytes_written() - from)?,
        })
    }
}
