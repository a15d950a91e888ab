//! The store of one column: the table from keys to places and checksums.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::super::slots::Slots;
use super::super::{PageKey, PageStore, events};
use super::checksum::BlobChecksum;
use super::log::Log;
use super::segments::Lane;
use super::spool::Spool;
use crate::errors::{ParquetError, Result};

/// Keeps the blobs of one column in a [`Spool`] that it shares with others.
pub(super) struct TempFilePageStore {
    spool: Arc<Spool>,
    checksum: BlobChecksum,
    blobs: Slots<Blob>,
    log: Log,
}

/// 24 bytes, also when it may be absent.
#[derive(Debug, Clone, Copy)]
struct Blob {
    checksum: u64,
    /// Where it begins in the log.
    start: u64,
    /// The length in bytes, plus one.
    length: NonZeroU64,
}

impl TempFilePageStore {
    pub(super) fn new(spool: Arc<Spool>, checksum: BlobChecksum) -> Self {
        spool.join();
        Self {
            spool,
            checksum,
            blobs: Slots::default(),
            log: Log::default(),
        }
    }

    fn write(&mut self, value: &[u8]) -> Result<PageKey> {
        let started = Instant::now();
        let blob = Blob {
            checksum: self.checksum.of(value),
            start: self.log.append(&self.spool, value)?,
            length: NonZeroU64::MIN.saturating_add(value.len() as u64),
        };
        let key = self.blobs.push(blob);
        let time = started.elapsed();
        if self.spool.metrics().record_put(value.len(), time) {
            events::first_spill(value.len());
        }
        Ok(key)
    }

    /// Fills `buffer`, which has the blob's length, and gives the blob's space back.
    fn fetch(&mut self, key: PageKey, buffer: &mut [u8]) -> Result<()> {
        let started = Instant::now();
        let blob = *self.blobs.get(key)?;
        self.log.read(&self.spool, blob.start, buffer)?;
        if self.checksum.of(buffer) != blob.checksum {
            return Err(self.corrupt(blob));
        }
        self.blobs.take(key)?;
        self.log.release(&self.spool, blob.start, buffer.len())?;
        let time = started.elapsed();
        self.spool.metrics().record_take(buffer.len(), time);
        Ok(())
    }

    fn corrupt(&self, blob: Blob) -> ParquetError {
        let lane = self.log.lane_at(blob.start);
        let place = lane.map(|lane: &Lane| self.spool.path_of(lane).display());
        ParquetError::CorruptBlob(format!(
            "{} bytes of a spill file in {} differ from what was written there",
            blob.length.get() - 1,
            place.map_or_else(String::new, |place| place.to_string())
        ))
    }

    fn length_of(&self, key: PageKey) -> Result<usize> {
        Ok(usize::try_from(self.blobs.get(key)?.length.get() - 1)?)
    }
}

impl PageStore for TempFilePageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.write(&value)
    }

    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        self.write(buffer.get(from..).unwrap_or_default())
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let mut buffer = vec![0; self.length_of(key)?];
        self.fetch(key, &mut buffer)?;
        Ok(Bytes::from(buffer))
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        let len = self.length_of(key)?;
        if buffer.capacity() < len {
            // The old contents need no copy, and the new buffer no spare room.
            *buffer = Vec::new();
            *buffer = vec![0; len];
        }
        // Only what the buffer grows by is cleared; the rest is overwritten as it is.
        buffer.resize(len, 0);
        self.fetch(key, buffer)
    }

    fn memory_size(&self) -> usize {
        self.blobs.memory_size() + self.log.memory_size() + self.spool.memory_share()
    }
}

impl Drop for TempFilePageStore {
    fn drop(&mut self) {
        self.log.clear(&self.spool);
        self.spool.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::super::spool::SpoolLimits;
    use super::*;
    use crate::column::page_store::SpillMetrics;

    #[test]
    fn a_blob_costs_24_bytes_of_memory() {
        assert_eq!(size_of::<Option<Blob>>(), 24);
    }

    #[test]
    fn blobs_of_a_store_lie_together_although_stores_put_in_turn() {
        let limits = SpoolLimits {
            directories: vec![std::env::temp_dir()],
            segment_bytes: 64 << 20,
            max_disk_bytes: None,
        };
        let spool = Arc::new(Spool::new(limits, SpillMetrics::default()));
        let mut stores: Vec<_> = (0..8)
            .map(|_| TempFilePageStore::new(Arc::clone(&spool), BlobChecksum::Xxh3))
            .collect();
        for _ in 0..100 {
            for store in &mut stores {
                store.put(Bytes::copy_from_slice(&[5; 30_000])).unwrap();
            }
        }
        for store in &stores {
            // Lanes that grow to 1 MiB.
            assert!(store.log.lanes() < 16, "{} lanes", store.log.lanes());
        }
    }
}
