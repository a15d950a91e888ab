//! The store of one column: the table from keys to places and checksums.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use twox_hash::XxHash3_64;

use super::super::{PageKey, PageStore, events, memory::invalid_key};
use super::BlobChecksum;
use super::segments::Extent;
use super::spool::Spool;
use crate::errors::{ParquetError, Result};

/// Keeps the blobs of one column in a [`Spool`] that it shares with others. Keys are the ordinals of
/// the puts.
pub(super) struct TempFilePageStore {
    spool: Arc<Spool>,
    checksum: BlobChecksum,
    blobs: Vec<Blob>,
}

/// 24 bytes a blob.
#[derive(Debug, Clone, Copy)]
struct Blob {
    checksum: u64,
    length_bytes: u64,
    start: u32,
    /// The number of the segment, plus one; `None` once taken.
    segment: Option<NonZeroU32>,
}

/// Stands for a segment where an empty blob has none.
const NOWHERE: NonZeroU32 = NonZeroU32::MAX;

impl TempFilePageStore {
    pub(super) fn new(spool: Arc<Spool>, checksum: BlobChecksum) -> Self {
        spool.join();
        Self {
            spool,
            checksum,
            blobs: Vec::new(),
        }
    }

    fn find(&self, key: PageKey) -> Result<Blob> {
        usize::try_from(key.get())
            .ok()
            .and_then(|slot| self.blobs.get(slot))
            .filter(|blob| blob.segment.is_some())
            .copied()
            .ok_or_else(|| invalid_key(key))
    }

    /// Fills `buffer`, which has the blob's length, and gives the blob's space back.
    fn fetch(&mut self, key: PageKey, blob: Blob, buffer: &mut [u8]) -> Result<()> {
        let started = Instant::now();
        if let Some(extent) = blob.extent() {
            self.spool.read(extent, buffer)?;
            self.verify(blob, extent, buffer)?;
            self.spool.free([extent]);
        }
        let slot = usize::try_from(key.get()).unwrap_or(usize::MAX);
        if let Some(blob) = self.blobs.get_mut(slot) {
            blob.segment = None;
        }
        self.spool
            .metrics()
            .record_take(buffer.len(), started.elapsed());
        Ok(())
    }

    fn verify(&self, blob: Blob, extent: Extent, bytes: &[u8]) -> Result<()> {
        if self.checksum.of(bytes) == blob.checksum {
            return Ok(());
        }
        Err(ParquetError::CorruptBlob(format!(
            "{} bytes at {} of a spill file in {} differ from what was written there",
            blob.length_bytes,
            extent.offset(),
            self.spool.path_of(extent).display()
        )))
    }
}

impl PageStore for TempFilePageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.put_slice(&value)
    }

    fn put_slice(&mut self, value: &[u8]) -> Result<PageKey> {
        let started = Instant::now();
        let key = PageKey::new(self.blobs.len() as u64);
        let blob = if value.is_empty() {
            Blob {
                checksum: 0,
                length_bytes: 0,
                start: 0,
                segment: Some(NOWHERE),
            }
        } else {
            let checksum = self.checksum.of(value);
            Blob::at(self.spool.write(value)?, checksum)
        };
        self.blobs.push(blob);
        if self
            .spool
            .metrics()
            .record_put(value.len(), started.elapsed())
        {
            events::first_spill(value.len());
        }
        Ok(key)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let blob = self.find(key)?;
        let mut buffer = vec![0; usize::try_from(blob.length_bytes)?];
        self.fetch(key, blob, &mut buffer)?;
        Ok(Bytes::from(buffer))
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        let blob = self.find(key)?;
        // Only what the buffer grows by is cleared; the rest is overwritten as it is.
        buffer.resize(usize::try_from(blob.length_bytes)?, 0);
        self.fetch(key, blob, buffer)
    }

    fn memory_size(&self) -> usize {
        self.blobs.capacity() * size_of::<Blob>() + self.spool.memory_share()
    }
}

impl Drop for TempFilePageStore {
    fn drop(&mut self) {
        self.spool.free(self.blobs.iter().filter_map(Blob::extent));
        self.spool.leave();
    }
}

impl Blob {
    fn at(extent: Extent, checksum: u64) -> Self {
        Self {
            checksum,
            length_bytes: extent.length_bytes,
            start: extent.start,
            segment: NonZeroU32::new(extent.segment.saturating_add(1)),
        }
    }

    /// Where the blob lies; `None` if it was taken or is empty.
    fn extent(&self) -> Option<Extent> {
        let segment = self.segment.filter(|_| self.length_bytes > 0)?;
        Some(Extent {
            segment: segment.get() - 1,
            start: self.start,
            length_bytes: self.length_bytes,
        })
    }
}

impl BlobChecksum {
    fn of(self, bytes: &[u8]) -> u64 {
        match self {
            BlobChecksum::Xxh3 => XxHash3_64::oneshot(bytes),
            BlobChecksum::None => 0,
        }
    }
}
