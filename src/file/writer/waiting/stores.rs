//! Indexes and Bloom filters that wait serialized in page stores, one for each kind, in the order in which the file will
//! hold them.

use std::io::Write;
use std::sync::Arc;

use super::heap::RowGroupIndexes;
use super::kept::Kept;
use super::{Chunk, Extent, Leftovers, Note, TrackedWrite};
use crate::bloom_filter::Sbbf;
use crate::budget::{Member, Reservation};
use crate::column::chunk::{Shelf, Shelved, WhenFull, store_error};
use crate::column::page_store::{PageStoreArgs, PageStoreFactory};
use crate::errors::{ParquetError, Result};
use crate::schema::types::{ColumnDescPtr, SchemaDescPtr};
use crate::wire::index::{
    read_column_index, read_offset_index, write_column_index, write_offset_index,
};

/// What waits in stores.
pub(super) struct Stores {
    origin: Origin,
    filters: Queue,
    column_indexes: Queue,
    offset_indexes: Queue,
    scratch: Scratch,
    kept: Kept,
}

/// Where stores come from.
struct Origin {
    factory: Arc<dyn PageStoreFactory>,
    schema: SchemaDescPtr,
    when_full: WhenFull,
}

/// Blobs of one kind, first in, first out.
struct Queue {
    kind: &'static str,
    /// Made for the first blob, dropped with the last.
    shelf: Option<Shelf>,
    blobs: Vec<Blob>,
    bytes: u64,
}

struct Blob {
    row_group: u32,
    column: u32,
    place: Shelved,
}

/// Filters go into their store in pieces of this many blocks, 64 KiB.
const PIECE_BLOCKS: usize = 2048;

/// More than a serialized column index has for a page beside what it has in memory.
const BYTES_BESIDE_PAGE: usize = 16;

/// A larger buffer does not wait for the next index.
const MOST_IDLE_BYTES: usize = 256 << 10;

/// One blob at a time, on its way to a store or to the file.
struct Scratch {
    buffer: Vec<u8>,
    /// What of the buffer is paid for with all that waits.
    idle_bytes: usize,
    held: Reservation,
}

impl Stores {
    /// Asks `factory` for stores when there is something to put away. Indexes are read back into `kept` when they are
    /// written.
    pub(super) fn new(
        factory: Arc<dyn PageStoreFactory>,
        schema: SchemaDescPtr,
        when_full: WhenFull,
        member: &Member,
    ) -> Self {
        Self {
            origin: Origin {
                factory,
                schema,
                when_full,
            },
            filters: Queue::new("Bloom filters"),
            column_indexes: Queue::new("column indexes"),
            offset_indexes: Queue::new("offset indexes"),
            scratch: Scratch {
                buffer: Vec::new(),
                idle_bytes: 0,
                held: member.reserve(),
            },
            kept: Kept::new(member.reserve()),
        }
    }

    /// Puts away what `chunk` leaves.
    ///
    /// # Errors
    /// If a store cannot be made, or fails.
    pub(super) fn add_column(&mut self, chunk: Chunk, leftovers: &Leftovers) -> Result<()> {
        if let Some(filter) = &leftovers.filter {
            self.add_filter(chunk, filter)?;
        }
        let (origin, buffer) = (&self.origin, &mut self.scratch.buffer);
        if let Some(index) = &leftovers.column_index {
            let pages = usize::try_from(index.num_pages())?;
            buffer.clear();
            // A buffer that grows as it is filled would take up to three times as much.
            buffer.reserve_exact(index.memory_size() + pages * BYTES_BESIDE_PAGE);
            write_column_index(index, buffer);
            self.column_indexes.put(origin, chunk, buffer)?;
        }
        if let Some(index) = &leftovers.offset_index {
            buffer.clear();
            write_offset_index(index, buffer);
            self.offset_indexes.put(origin, chunk, buffer)?;
        }
        self.scratch.shrink();
        Ok(())
    }

    /// Writes all filters, which are then gone.
    ///
    /// # Errors
    /// If the store or the sink fails.
    pub(super) fn write_filters<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        note: Note<'_>,
    ) -> Result<()> {
        self.filters
            .write(&self.origin, sink, &mut self.scratch, note, |_, _| Ok(()))
    }

    /// As [`Stores::write_filters`].
    pub(super) fn write_column_indexes<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        note: Note<'_>,
    ) -> Result<()> {
        let (origin, kept) = (&self.origin, &mut self.kept);
        let keep = |chunk: Chunk, bytes: &[u8]| {
            if kept.claim(bytes) {
                let physical_type = origin.column(chunk)?.physical_type();
                kept.add_column_index(chunk, read_column_index(bytes, physical_type)?);
            }
            Ok(())
        };
        self.column_indexes
            .write(origin, sink, &mut self.scratch, note, keep)
    }

    /// As [`Stores::write_filters`].
    pub(super) fn write_offset_indexes<W: Write>(
        &mut self,
        sink: &mut TrackedWrite<W>,
        note: Note<'_>,
    ) -> Result<()> {
        let kept = &mut self.kept;
        let keep = |chunk: Chunk, bytes: &[u8]| {
            if kept.claim(bytes) {
                kept.add_offset_index(chunk, read_offset_index(bytes)?);
            }
            Ok(())
        };
        self.offset_indexes
            .write(&self.origin, sink, &mut self.scratch, note, keep)
    }

    /// The indexes that were written, if there was room to read them back, and the bytes reserved for them.
    pub(super) fn into_indexes(self) -> (Option<Vec<RowGroupIndexes>>, usize) {
        self.kept.into_indexes()
    }

    /// Bytes of tables, of the buffer, and of blobs that stores had no room for.
    pub(super) fn own_bytes(&self) -> usize {
        self.scratch.buffer.capacity() + self.sum(Queue::own_bytes)
    }

    /// Bytes that the stores say they hold in memory.
    pub(super) fn resident_bytes(&self) -> usize {
        self.sum(|queue| queue.shelf.as_ref().map_or(0, Shelf::resident_bytes))
    }

    /// Those of them that the stores have not reserved themselves.
    pub(super) fn unreserved_bytes(&self) -> usize {
        self.sum(|queue| queue.shelf.as_ref().map_or(0, Shelf::unreserved_bytes))
    }

    fn add_filter(&mut self, chunk: Chunk, filter: &Sbbf) -> Result<()> {
        self.scratch.buffer.clear();
        self.scratch
            .buffer
            .extend_from_slice(&filter.header_bytes()?);
        // A filter without blocks still has its header.
        for first in (0..filter.num_blocks().max(1)).step_by(PIECE_BLOCKS) {
            filter.append_blocks(first, PIECE_BLOCKS, &mut self.scratch.buffer);
            self.filters
                .put(&self.origin, chunk, &self.scratch.buffer)?;
            self.scratch.buffer.clear();
        }
        Ok(())
    }

    fn sum(&self, bytes: impl Fn(&Queue) -> usize) -> usize {
        bytes(&self.filters) + bytes(&self.column_indexes) + bytes(&self.offset_indexes)
    }
}

impl Queue {
    fn new(kind: &'static str) -> Self {
        Self {
            kind,
            shelf: None,
            blobs: Vec::new(),
            bytes: 0,
        }
    }

    fn put(&mut self, origin: &Origin, chunk: Chunk, bytes: &[u8]) -> Result<()> {
        let shelf = match self.shelf.take() {
            Some(shelf) => shelf,
            None => origin.open(chunk)?,
        };
        let shelf = self.shelf.insert(shelf);
        // Pages of the chunk have left their store: there may be room again.
        shelf.ask_again();
        let place = shelf
            .put(bytes)
            .map_err(|source| origin.error("put", chunk, self.blobs.len(), source))?;
        self.blobs.push(Blob {
            row_group: u32::try_from(chunk.row_group)?,
            column: u32::try_from(chunk.column)?,
            place,
        });
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Writes all blobs, shows each to `see`, and notes each chunk's once.
    fn write<W: Write>(
        &mut self,
        origin: &Origin,
        sink: &mut TrackedWrite<W>,
        scratch: &mut Scratch,
        note: Note<'_>,
        mut see: impl FnMut(Chunk, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let Some(mut shelf) = self.shelf.take() else {
            return Ok(());
        };
        let (kind, put) = (self.kind, std::mem::take(&mut self.bytes));
        let mut taken = 0;
        let mut blobs = self.blobs.drain(..).enumerate().peekable();
        while let Some((ordinal, first)) = blobs.next() {
            let chunk = first.chunk();
            let mut pieces = Some((ordinal, first));
            let written = Extent::of(sink, |sink| {
                while let Some((ordinal, piece)) = pieces.take() {
                    shelf
                        .take_into(piece.place, &mut scratch.buffer)
                        .and_then(|()| {
                            scratch.pay();
                            see(chunk, &scratch.buffer)
                        })
                        .map_err(|source| origin.error("take", chunk, ordinal, source))?;
                    taken += scratch.buffer.len() as u64;
                    sink.write_all(&scratch.buffer)?;
                    pieces = blobs.next_if(|(_, next)| next.chunk() == chunk);
                }
                Ok(())
            })?;
            note(chunk, written);
        }
        scratch.shrink();
        if taken != put {
            return Err(ParquetError::CorruptBlob(format!(
                "the {kind} that waited in a store had {put} bytes and came back with {taken}"
            )));
        }
        Ok(())
    }

    fn own_bytes(&self) -> usize {
        self.blobs.capacity() * size_of::<Blob>() + self.shelf.as_ref().map_or(0, Shelf::own_bytes)
    }
}

impl Scratch {
    /// Pays for the buffer while a blob is in it.
    fn pay(&mut self) {
        let more_bytes = self.buffer.capacity().saturating_sub(self.idle_bytes);
        self.held.resize(more_bytes);
    }

    /// Leaves no large buffer behind.
    fn shrink(&mut self) {
        if self.buffer.capacity() > MOST_IDLE_BYTES {
            self.buffer = Vec::new();
        }
        self.idle_bytes = self.buffer.capacity();
        self.held.resize(0);
    }
}

impl Origin {
    /// A new store, under the schema's first leaf column.
    fn open(&self, chunk: Chunk) -> Result<Shelf> {
        let first = self.column(Chunk { column: 0, ..chunk })?;
        let store = self.factory.create(&PageStoreArgs::new(0, &first));
        let store = store.map_err(|source| self.error("create", chunk, 0, source))?;
        Ok(Shelf::new(store, self.when_full))
    }

    /// An error of a store, with the step and the chunk that it belongs to.
    fn error(
        &self,
        step: &'static str,
        chunk: Chunk,
        ordinal: usize,
        source: ParquetError,
    ) -> ParquetError {
        match self.column(chunk) {
            Ok(column) => store_error(step, &column, ordinal, source),
            Err(_) => source,
        }
    }

    fn column(&self, chunk: Chunk) -> Result<ColumnDescPtr> {
        let columns = self.schema.columns();
        let column = columns.get(chunk.column).cloned();
        column.ok_or(ParquetError::IndexOutOfBound(chunk.column, columns.len()))
    }
}

impl Blob {
    fn chunk(&self) -> Chunk {
        Chunk {
            row_group: self.row_group as usize,
            column: self.column as usize,
        }
    }
}
