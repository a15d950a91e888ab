//! The store of one column: the table from keys to lengths and checksums, and the pieces of segments that blobs lie in.

use std::mem;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use twox_hash::XxHash3_64;

use super::pool::Pool;
use super::reads::{Blob, Blobs, Reads};
use super::state::{Found, PieceOf};
use crate::column::page_store::{PageKey, PageStore, Slots};
use crate::errors::{ParquetError, Result};

/// Keeps the blobs of one column in a [`Pool`] that it shares with others.
pub(super) struct ObjectPageStore {
    pool: Arc<Pool>,
    blobs: Blobs,
    reads: Reads,
}

impl ObjectPageStore {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        pool.join();
        let (table, pieces) = (Slots::default(), Vec::new());
        Self {
            pool,
            blobs: Blobs { table, pieces },
            reads: Reads::default(),
        }
    }

    fn push(
        &mut self,
        blob: &[u8],
        put: impl FnOnce(&mut Self, u64) -> Result<()>,
    ) -> Result<PageKey> {
        let started = Instant::now();
        let entry = Blob {
            checksum: XxHash3_64::oneshot(blob),
            length: NonZeroU64::MIN.saturating_add(blob.len() as u64),
        };
        put(self, self.blobs.table.len())?;
        let metrics = &self.pool.settings().metrics;
        metrics.record_put(blob.len(), started.elapsed());
        Ok(self.blobs.table.push(entry))
    }

    fn gather(&mut self, blob: &[u8]) -> Result<PageKey> {
        self.push(blob, |store, key| {
            store.pool.put(&mut store.blobs.pieces, key, blob)
        })
    }

    fn put_alone(&mut self, blob: &Bytes) -> Result<PageKey> {
        self.push(blob, |store, key| {
            let pieces = &mut store.blobs.pieces;
            store.pool.put_alone(pieces, key, blob.clone())
        })
    }

    fn fetch(&mut self, key: PageKey, blob: Blob, buffer: &mut Vec<u8>) -> Result<()> {
        let (pool, blobs) = (&self.pool, &self.blobs);
        self.reads.read_on(pool, blobs)?;
        let at = blobs.piece_of(key);
        let piece = at.and_then(|at| blobs.pieces.get(at));
        let found = piece.and_then(|piece| pool.take(piece, key.get(), blob.length()));
        match found {
            Some(Found::Memory(bytes)) => {
                buffer.clear();
                buffer.extend_from_slice(&bytes);
                Ok(())
            }
            Some(Found::Object(_)) if blob.length() == 0 => {
                buffer.clear();
                Ok(())
            }
            Some(Found::Object(start)) => self.reads.take(pool, blobs, key.get(), start, buffer),
            None => {
                let text = format!("page {} is in no segment", key.get());
                Err(ParquetError::Internal(text))
            }
        }
    }

    fn corrupt(&self, key: PageKey, blob: Blob) -> ParquetError {
        let at = self.blobs.piece_of(key);
        let piece = at.and_then(|at| self.blobs.pieces.get(at));
        let path = piece.map_or_else(String::new, |piece| self.pool.path_of(piece.segment));
        ParquetError::CorruptBlob(format!(
            "{} bytes of the object {path} differ from what was put there",
            blob.length()
        ))
    }

    /// Forgets a blob, and the piece with the last one.
    fn forget(&mut self, key: PageKey) -> Result<()> {
        self.blobs.table.take(key)?;
        let at = self.blobs.piece_of(key);
        let piece = at.and_then(|at| self.blobs.pieces.get_mut(at));
        if let Some(piece) = piece {
            piece.left -= 1;
            if piece.left == 0 {
                self.pool.release(piece);
            }
        }
        Ok(())
    }
}

impl PageStore for ObjectPageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        if self.pool.is_large(value.len()) {
            self.put_alone(&value)
        } else {
            self.gather(&value)
        }
    }

    /// A blob that is an object of its own is put out of its buffer.
    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        let value = buffer.get(from..).unwrap_or_default();
        if !self.pool.is_large(value.len()) {
            return self.gather(value);
        }
        let whole = Bytes::from(mem::take(buffer));
        let outcome = self.put_alone(&whole.slice(from..));
        // Nobody else has it any more, unless the object store keeps it.
        *buffer = Vec::from(whole);
        outcome
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let mut buffer = Vec::new();
        self.take_into(key, &mut buffer)?;
        Ok(buffer.into())
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        let started = Instant::now();
        self.pool.check_taking(&self.blobs.pieces)?;
        let blob = *self.blobs.table.get(key)?;
        self.fetch(key, blob, buffer)?;
        if XxHash3_64::oneshot(buffer) != blob.checksum {
            return Err(self.corrupt(key, blob));
        }
        self.forget(key)?;
        let metrics = &self.pool.settings().metrics;
        metrics.record_take(buffer.len(), started.elapsed());
        Ok(())
    }

    fn memory_size(&self) -> usize {
        let tables = self.blobs.table.memory_size()
            + self.blobs.starts_size()
            + self.blobs.pieces.capacity() * size_of::<PieceOf>()
            + self.reads.table_bytes();
        tables + self.reads.bytes() + self.pool.memory_share()
    }

    fn reserved_size(&self) -> usize {
        match self.pool.budget() {
            Some(_) => self.reads.bytes() + self.pool.memory_share(),
            None => 0,
        }
    }

    fn spill(&mut self) -> Result<usize> {
        let before = self.memory_size();
        self.pool.spill(&self.blobs.pieces)?;
        Ok(before.saturating_sub(self.memory_size()))
    }
}

impl Drop for ObjectPageStore {
    fn drop(&mut self) {
        self.reads.clear();
        self.pool.leave(&mut self.blobs.pieces);
    }
}
