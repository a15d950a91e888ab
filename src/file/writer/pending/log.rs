//! Bytes that wait in a page store until the file takes them, first in, first out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::budget::Reservation;
use crate::column::chunk::{Shelf, Shelved, WhenFull, store_error};
use crate::column::page_store::{PageStoreArgs, PageStoreFactory};
use crate::errors::{ParquetError, Result};
use crate::schema::types::{ColumnDescPtr, SchemaDescPtr};

/// What comes in gathers in a buffer and goes to the store in blobs of some size, so that many small records need few
/// keys. Records of one call stay together in a blob.
pub(super) struct Log {
    kind: &'static str,
    /// Made for the first blob, dropped with the last. A store may be used on any thread, but not on two at a time, and
    /// those who share the file's writer may ask it for its size on any.
    shelf: Option<Mutex<Shelf>>,
    blobs: VecDeque<Blob>,
    /// What has not gone to the store yet.
    tail: Vec<u8>,
    /// Bytes of the blobs.
    put_bytes: u64,
    /// The size of the next blob.
    blob_bytes: usize,
    first_blob_bytes: usize,
}

/// Some records of a log.
struct Blob {
    /// The column that the last of them belongs to.
    column: u32,
    place: Shelved,
}

/// Where stores come from.
pub(super) struct Origin {
    pub(super) factory: Arc<dyn PageStoreFactory>,
    pub(super) schema: SchemaDescPtr,
    pub(super) when_full: WhenFull,
}

/// The buffer for one blob at a time, on its way to the file, and what pays for it.
pub(super) struct Scratch {
    buffer: Vec<u8>,
    held: Reservation,
}

impl Log {
    /// An empty log of `kind`, to be read in an error. Blobs have at least `blob_bytes`, all but the last.
    pub(super) fn new(kind: &'static str, blob_bytes: usize) -> Self {
        Self {
            kind,
            shelf: None,
            blobs: VecDeque::new(),
            tail: Vec::new(),
            put_bytes: 0,
            blob_bytes,
            first_blob_bytes: blob_bytes,
        }
    }

    /// Lets the next blobs have `bytes`, where that is less than they would have. More blobs than that may be found
    /// by are not made.
    pub(super) fn gather_less(&mut self, bytes: usize) {
        let keys = self.blobs.len() * size_of::<Blob>();
        self.blob_bytes = self.blob_bytes.min(bytes.max(keys.next_power_of_two()));
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> u64 {
        self.put_bytes + self.tail.len() as u64
    }

    /// Appends what `write` writes, which belongs to `column` and takes about `bytes`.
    ///
    /// # Errors
    /// If a store cannot be made, or fails.
    pub(super) fn append<T>(
        &mut self,
        origin: &Origin,
        column: usize,
        bytes: usize,
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> Result<T> {
        if !self.tail.is_empty() && self.tail.len().saturating_add(bytes) > self.blob_bytes {
            self.put_tail(origin, column)?;
        }
        // A buffer that grows as it is filled would take up to three times as much.
        match bytes > self.blob_bytes {
            true => self.tail.reserve_exact(bytes),
            false => self.tail.reserve(bytes),
        }
        let written = write(&mut self.tail);
        if self.tail.len() >= self.blob_bytes {
            self.put_tail(origin, column)?;
        }
        Ok(written)
    }

    /// Appends `bytes`, in pieces if they are many.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub(super) fn extend(&mut self, origin: &Origin, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let room = self.blob_bytes.saturating_sub(self.tail.len()).max(1);
            let (piece, rest) = bytes.split_at(room.min(bytes.len()));
            self.append(origin, 0, piece.len(), |tail| tail.extend_from_slice(piece))?;
            bytes = rest;
        }
        Ok(())
    }

    /// Takes everything out, and shows it to `see` blob by blob. The log is then empty.
    ///
    /// # Errors
    /// If the store fails or returns other bytes than it was given, or that of `see`.
    pub(super) fn drain(
        &mut self,
        origin: &Origin,
        scratch: &mut Scratch,
        mut see: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let put = std::mem::take(&mut self.put_bytes);
        let mut taken = 0;
        if let Some(shelf) = self.shelf.take() {
            let mut shelf = shelf.into_inner().unwrap_or_else(PoisonError::into_inner);
            for (ordinal, blob) in std::mem::take(&mut self.blobs).into_iter().enumerate() {
                shelf
                    .take_into(blob.place, &mut scratch.buffer)
                    .map_err(|source| {
                        origin.error("take", blob.column as usize, ordinal, source)
                    })?;
                scratch.pay();
                taken += scratch.buffer.len() as u64;
                if taken > put {
                    break;
                }
                see(&scratch.buffer)?;
            }
        }
        if taken != put {
            return Err(ParquetError::CorruptBlob(format!(
                "the {} that waited in a store had {put} bytes and came back with {taken}",
                self.kind
            )));
        }
        see(&self.tail)?;
        self.tail.clear();
        self.blob_bytes = self.first_blob_bytes;
        Ok(())
    }

    /// Gives the buffer back. For a log that takes no more.
    pub(super) fn shrink(&mut self) {
        self.tail = Vec::new();
    }

    /// Asks the store to move blobs out of memory.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) fn spill(&mut self, origin: &Origin) -> Result<()> {
        let Some(shelf) = &mut self.shelf else {
            return Ok(());
        };
        let spilled = alone(shelf).spill();
        spilled.map_err(|source| origin.error("spill", 0, self.blobs.len(), source))?;
        Ok(())
    }

    /// Bytes of the buffer, of the keys, of the store's object, and of blobs that the store had no room for.
    pub(super) fn own_bytes(&self) -> usize {
        self.tail.capacity()
            + self.blobs.capacity() * size_of::<Blob>()
            + self.shelf_bytes(Shelf::own_bytes)
    }

    /// Bytes that the store says it holds in memory.
    pub(super) fn resident_bytes(&self) -> usize {
        self.shelf_bytes(Shelf::resident_bytes)
    }

    /// Those of them that the store has not reserved itself.
    pub(super) fn unreserved_bytes(&self) -> usize {
        self.shelf_bytes(Shelf::unreserved_bytes)
    }

    fn shelf_bytes(&self, bytes: impl FnOnce(&Shelf) -> usize) -> usize {
        let shelf = self.shelf.as_ref();
        shelf.map_or(0, |shelf| {
            bytes(&shelf.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    fn put_tail(&mut self, origin: &Origin, column: usize) -> Result<()> {
        // A store belongs to a column, and this schema has none.
        if origin.schema.num_columns() == 0 {
            return Ok(());
        }
        let shelf = match self.shelf.take() {
            Some(shelf) => shelf,
            None => Mutex::new(origin.open()?),
        };
        let shelf = alone(self.shelf.insert(shelf));
        // Pages of a chunk have left their store: there may be room again.
        shelf.ask_again();
        let place = shelf
            .put(&self.tail)
            .map_err(|source| origin.error("put", column, self.blobs.len(), source))?;
        let column = u32::try_from(column)?;
        self.blobs.push_back(Blob { column, place });
        self.put_bytes += self.tail.len() as u64;
        self.tail.clear();
        if self.tail.capacity() > 2 * self.blob_bytes {
            self.tail = Vec::new();
        }
        // Larger blobs are fewer: neither the buffer nor the keys ever take more than the root of what waits.
        if self.blobs.len() * size_of::<Blob>() > self.blob_bytes {
            self.blob_bytes *= 2;
        }
        Ok(())
    }
}

/// The store of whoever has its log alone, and need not wait.
fn alone(shelf: &mut Mutex<Shelf>) -> &mut Shelf {
    shelf.get_mut().unwrap_or_else(PoisonError::into_inner)
}

impl Scratch {
    /// No buffer yet; `held` is empty and pays for it.
    pub(super) fn new(held: Reservation) -> Self {
        Self {
            buffer: Vec::new(),
            held,
        }
    }

    /// Gives the buffer back.
    pub(super) fn clear(&mut self) {
        self.buffer = Vec::new();
        self.pay();
    }

    fn pay(&mut self) {
        self.held.resize(self.buffer.capacity());
    }
}

impl Origin {
    /// A new store, under the schema's first leaf column.
    fn open(&self) -> Result<Shelf> {
        let first = self.column(0)?;
        let store = self.factory.create(&PageStoreArgs::new(0, &first));
        let store = store.map_err(|source| self.error("create", 0, 0, source))?;
        Ok(Shelf::new(store, self.when_full))
    }

    /// An error of a store, with the step, the column and the blob that it belongs to.
    fn error(
        &self,
        step: &'static str,
        column: usize,
        ordinal: usize,
        source: ParquetError,
    ) -> ParquetError {
        match self.column(column) {
            Ok(column) => store_error(step, &column, ordinal, source),
            Err(_) => source,
        }
    }

    fn column(&self, column: usize) -> Result<ColumnDescPtr> {
        let columns = self.schema.columns();
        let found = columns.get(column).cloned();
        found.ok_or(ParquetError::IndexOutOfBound(column, columns.len()))
    }
}
