//! A page store and what happens when it has no room: the blob it refused is held on the heap, or the
//! refusal is an error.

use crate::column::page_store::{PageKey, PageStore, is_out_of_space};
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescriptor;

/// What becomes of a blob that a store has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum WhenFull {
    /// The refusal is an error.
    #[default]
    Fail,
    /// The blob stays on the heap, and so do those after it.
    Hold,
}

/// A store that says it holds more memory than this is wrong. Sums over the stores of a file stay clear
/// of overflow.
const MOST_BELIEVED_BYTES: usize = if usize::BITS > 32 { 1 << 44 } else { 1 << 30 };

/// Blobs in a store, and those it had no room for.
pub(crate) struct Shelf {
    store: Box<dyn PageStore>,
    when_full: WhenFull,
    is_full: bool,
    held_bytes: usize,
}

/// Where a blob is.
#[derive(Debug)]
pub(crate) enum Shelved {
    Stored(PageKey),
    Held(Box<[u8]>),
}

impl Shelf {
    pub(crate) fn new(store: Box<dyn PageStore>, when_full: WhenFull) -> Self {
        Self {
            store,
            when_full,
            is_full: false,
            held_bytes: 0,
        }
    }

    /// Puts a blob into the store, or holds it if the store has no room and may be full.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn put(&mut self, blob: &[u8]) -> Result<Shelved> {
        if !self.is_full {
            match self.store.put_slice(blob) {
                Ok(key) => return Ok(Shelved::Stored(key)),
                Err(error) => self.excuse(error)?,
            }
        }
        Ok(self.hold(blob))
    }

    /// As [`put`](Self::put) of `buffer[from..]`. The contents of the buffer mean nothing afterwards.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<Shelved> {
        if !self.is_full {
            match self.store.put_from(buffer, from) {
                Ok(key) => return Ok(Shelved::Stored(key)),
                Err(error) => self.excuse(error)?,
            }
        }
        Ok(self.hold(buffer.get(from..).unwrap_or_default()))
    }

    /// Takes a blob into `buffer`.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn take_into(&mut self, blob: Shelved, buffer: &mut Vec<u8>) -> Result<()> {
        match blob {
            Shelved::Stored(key) => self.store.take_into(key, buffer),
            Shelved::Held(bytes) => {
                self.held_bytes -= bytes.len();
                *buffer = bytes.into_vec();
                Ok(())
            }
        }
    }

    /// Takes a blob into `buffer`, and says where it begins there.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn take_behind(&mut self, blob: Shelved, buffer: &mut Vec<u8>) -> Result<usize> {
        match blob {
            Shelved::Stored(key) => self.store.take_behind(key, buffer),
            held => self.take_into(held, buffer).map(|()| 0),
        }
    }

    /// Asks the store to move blobs out of memory; returns bytes freed.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) fn spill(&mut self) -> Result<usize> {
        match self.store.spill() {
            Ok(freed) => Ok(freed),
            Err(error) => self.excuse(error).map(|()| 0),
        }
    }

    /// Whether the store has had no room.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Asks the store again from now on.
    pub(crate) fn ask_again(&mut self) {
        self.is_full = false;
    }

    /// Bytes of the blobs that are held here, and of the store's object.
    pub(crate) fn own_bytes(&self) -> usize {
        self.held_bytes + size_of_val(self.store.as_ref())
    }

    /// Bytes of the blobs that are held here.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Bytes of memory that the store says it holds.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.store.memory_size().min(MOST_BELIEVED_BYTES)
    }

    /// Those of them that the store has not reserved itself.
    pub(crate) fn unreserved_bytes(&self) -> usize {
        self.resident_bytes()
            .saturating_sub(self.store.reserved_size())
    }

    fn hold(&mut self, blob: &[u8]) -> Shelved {
        self.held_bytes += blob.len();
        Shelved::Held(blob.into())
    }

    /// Notes a want of space that is none of the writer's failures; hands any other error back.
    fn excuse(&mut self, error: ParquetError) -> Result<()> {
        if self.when_full == WhenFull::Fail || !is_out_of_space(&error) {
            return Err(error);
        }
        self.is_full = true;
        Ok(())
    }
}

/// The error of a store, with the step, the column and the page it belongs to.
pub(crate) fn store_error(
    step: &'static str,
    column: &ColumnDescriptor,
    page: usize,
    source: ParquetError,
) -> ParquetError {
    ParquetError::PageStore {
        step,
        column: column.path().string(),
        page,
        source: Box::new(source),
    }
}
