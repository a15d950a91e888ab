//! The store of one column: the table from keys to places and checksums.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use twox_hash::XxHash3_64;

use super::super::slots::Slots;
use super::super::{PageKey, PageStore, events};
use super::BlobChecksum;
use super::lane::{Lane, Taken};
use super::segments::Extent;
use super::spool::Spool;
use crate::errors::{ParquetError, Result};

/// Keeps the blobs of one column in a [`Spool`] that it shares with others.
pub(super) struct TempFilePageStore {
    spool: Arc<Spool>,
    checksum: BlobChecksum,
    blobs: Slots<Blob>,
    /// Blobs that are not empty and have not been taken.
    on_disk: usize,
    lane: Lane,
    taken: Taken,
}

/// 24 bytes, also when it may be absent.
#[derive(Debug, Clone, Copy)]
struct Blob {
    checksum: u64,
    length_bytes: u64,
    start: u32,
    /// The number of the segment, plus one.
    segment: NonZeroU32,
}

impl TempFilePageStore {
    pub(super) fn new(spool: Arc<Spool>, checksum: BlobChecksum) -> Self {
        spool.join();
        Self {
            spool,
            checksum,
            blobs: Slots::default(),
            on_disk: 0,
            lane: Lane::default(),
            taken: Taken::default(),
        }
    }

    fn write(&mut self, value: &[u8]) -> Result<PageKey> {
        let started = Instant::now();
        let blob = if value.is_empty() {
            Blob::EMPTY
        } else {
            let checksum = self.checksum.of(value);
            self.give_back()?;
            let extent = self.spool.write(value, &mut self.lane)?;
            self.on_disk += 1;
            Blob::at(extent, checksum)
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
        if let Some(extent) = blob.extent() {
            self.spool.read(extent, buffer)?;
            self.verify(blob, extent, buffer)?;
            self.blobs.take(key)?;
            self.release(extent)?;
        } else {
            self.blobs.take(key)?;
        }
        let time = started.elapsed();
        self.spool.metrics().record_take(buffer.len(), time);
        Ok(())
    }

    /// Gives a blob's space back, together with that of its neighbours in the lane.
    fn release(&mut self, extent: Extent) -> Result<()> {
        // Takes follow the puts.
        self.spool.end_lane(&mut self.lane);
        for extent in self.taken.add(extent) {
            self.spool.free(extent)?;
        }
        self.on_disk -= 1;
        match self.on_disk {
            0 => self.give_back(),
            _ => Ok(()),
        }
    }

    fn give_back(&mut self) -> Result<()> {
        match self.taken.take() {
            Some(extent) => self.spool.free(extent),
            None => Ok(()),
        }
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

    fn length_of(&self, key: PageKey) -> Result<usize> {
        Ok(usize::try_from(self.blobs.get(key)?.length_bytes)?)
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
        self.blobs.memory_size() + self.spool.memory_share()
    }
}

impl Drop for TempFilePageStore {
    fn drop(&mut self) {
        self.spool.end_lane(&mut self.lane);
        let left = self.blobs.iter().filter_map(Blob::extent);
        let mut taken = std::mem::take(&mut self.taken);
        let joined = left.flat_map(|extent| taken.add(extent));
        for extent in joined {
            // An extent that was handed out can be taken back.
            let _ = self.spool.free(extent);
        }
        if let Some(extent) = taken.take() {
            let _ = self.spool.free(extent);
        }
        self.spool.leave();
    }
}

impl Blob {
    /// Lies nowhere.
    const EMPTY: Self = Self {
        checksum: 0,
        length_bytes: 0,
        start: 0,
        segment: NonZeroU32::MIN,
    };

    fn at(extent: Extent, checksum: u64) -> Self {
        Self {
            checksum,
            length_bytes: extent.length_bytes,
            start: extent.start,
            segment: NonZeroU32::MIN.saturating_add(extent.segment),
        }
    }

    /// Where the blob lies, unless it is empty.
    fn extent(&self) -> Option<Extent> {
        (self.length_bytes > 0).then(|| Extent {
            segment: self.segment.get() - 1,
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
            let extents: Vec<_> = store.blobs.iter().filter_map(Blob::extent).collect();
            let pairs = extents.windows(2);
            let apart = pairs.filter(|pair| pair[0].joined(pair[1]).is_none());
            // Eight until the first lane, then some lanes of growing size.
            assert!(apart.count() < 16);
        }
    }
}
