//! Counters of what page stores move out of memory.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts what stores move out of memory. Cheap to clone; clones share the counters, so the numbers
/// can be read on any thread while a writer is at work.
///
/// Each number is read on its own: two of them taken one after the other may belong to different
/// moments.
#[derive(Clone, Default)]
pub struct SpillMetrics {
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    blobs_spilled: AtomicU64,
    bytes_spilled: AtomicU64,
    blobs_taken: AtomicU64,
    bytes_taken: AtomicU64,
    put_nanos: AtomicU64,
    take_nanos: AtomicU64,
    resident: Gauge,
    disk: Gauge,
    files: Gauge,
}

/// A number that rises and falls, and the highest it has been.
#[derive(Default)]
struct Gauge {
    now: AtomicU64,
    peak: AtomicU64,
}

impl SpillMetrics {
    /// All zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Blobs moved out of memory so far.
    pub fn blobs_spilled(&self) -> u64 {
        self.counters.blobs_spilled.load(Ordering::Relaxed)
    }

    /// Bytes moved out of memory so far.
    pub fn bytes_spilled(&self) -> u64 {
        self.counters.bytes_spilled.load(Ordering::Relaxed)
    }

    /// Blobs read back so far.
    pub fn blobs_taken(&self) -> u64 {
        self.counters.blobs_taken.load(Ordering::Relaxed)
    }

    /// Bytes read back so far.
    pub fn bytes_taken(&self) -> u64 {
        self.counters.bytes_taken.load(Ordering::Relaxed)
    }

    /// Time spent in moving blobs out of memory, summed over threads.
    pub fn put_time(&self) -> Duration {
        Duration::from_nanos(self.counters.put_nanos.load(Ordering::Relaxed))
    }

    /// Time spent in reading blobs back, summed over threads.
    pub fn take_time(&self) -> Duration {
        Duration::from_nanos(self.counters.take_nanos.load(Ordering::Relaxed))
    }

    /// Bytes of blobs on the heap now, in stores that keep some there.
    pub fn bytes_resident(&self) -> u64 {
        self.counters.resident.now()
    }

    /// The most bytes of blobs that were on the heap at once.
    pub fn peak_bytes_resident(&self) -> u64 {
        self.counters.resident.peak()
    }

    /// Bytes of disk in use now.
    pub fn disk_used(&self) -> u64 {
        self.counters.disk.now()
    }

    /// The most bytes of disk that were in use at once.
    pub fn peak_disk_used(&self) -> u64 {
        self.counters.disk.peak()
    }

    /// Files open now.
    pub fn open_files(&self) -> u64 {
        self.counters.files.now()
    }

    /// The most files that were open at once.
    pub fn peak_open_files(&self) -> u64 {
        self.counters.files.peak()
    }

    /// Whether both count into the same counters.
    pub fn is_same(&self, other: &SpillMetrics) -> bool {
        Arc::ptr_eq(&self.counters, &other.counters)
    }

    /// Counts one blob moved out, and returns whether it was the first.
    pub(crate) fn record_put(&self, bytes: usize, time: Duration) -> bool {
        let counters = &self.counters;
        counters
            .bytes_spilled
            .fetch_add(bytes as u64, Ordering::Relaxed);
        counters.put_nanos.fetch_add(nanos(time), Ordering::Relaxed);
        counters.blobs_spilled.fetch_add(1, Ordering::Relaxed) == 0
    }

    pub(crate) fn record_take(&self, bytes: usize, time: Duration) {
        let counters = &self.counters;
        counters.blobs_taken.fetch_add(1, Ordering::Relaxed);
        counters
            .bytes_taken
            .fetch_add(bytes as u64, Ordering::Relaxed);
        counters
            .take_nanos
            .fetch_add(nanos(time), Ordering::Relaxed);
    }

    pub(super) fn resident_grew(&self, bytes: usize) {
        self.counters.resident.add(bytes as u64);
    }

    pub(super) fn resident_shrank(&self, bytes: usize) {
        self.counters.resident.sub(bytes as u64);
    }

    pub(crate) fn disk_grew(&self, bytes: u64) {
        self.counters.disk.add(bytes);
    }

    pub(crate) fn disk_shrank(&self, bytes: u64) {
        self.counters.disk.sub(bytes);
    }

    pub(super) fn file_opened(&self) {
        self.counters.files.add(1);
    }

    pub(super) fn file_closed(&self) {
        self.counters.files.sub(1);
    }
}

impl fmt::Debug for SpillMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpillMetrics")
            .field("blobs_spilled", &self.blobs_spilled())
            .field("bytes_spilled", &self.bytes_spilled())
            .field("blobs_taken", &self.blobs_taken())
            .field("bytes_taken", &self.bytes_taken())
            .field("put_time", &self.put_time())
            .field("take_time", &self.take_time())
            .field("bytes_resident", &self.bytes_resident())
            .field("peak_bytes_resident", &self.peak_bytes_resident())
            .field("disk_used", &self.disk_used())
            .field("peak_disk_used", &self.peak_disk_used())
            .field("open_files", &self.open_files())
            .field("peak_open_files", &self.peak_open_files())
            .finish()
    }
}

impl Gauge {
    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// Never less than what is there now, also while another thread adds to it.
    fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed).max(self.now())
    }

    fn add(&self, amount: u64) {
        let before = self.now.fetch_add(amount, Ordering::Relaxed);
        self.peak.fetch_max(before + amount, Ordering::Relaxed);
    }

    fn sub(&self, amount: u64) {
        self.now.fetch_sub(amount, Ordering::Relaxed);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_counters() {
        let metrics = SpillMetrics::new();
        let other = metrics.clone();
        assert!(other.record_put(10, Duration::from_nanos(5)));
        assert!(!other.record_put(20, Duration::from_nanos(6)));
        assert_eq!((metrics.blobs_spilled(), metrics.bytes_spilled()), (2, 30));
        assert_eq!(metrics.put_time(), Duration::from_nanos(11));
        assert!(metrics.is_same(&other));
        assert!(!metrics.is_same(&SpillMetrics::new()));
    }

    #[test]
    fn a_peak_stays_when_the_gauge_falls() {
        let metrics = SpillMetrics::new();
        metrics.disk_grew(100);
        metrics.disk_shrank(60);
        metrics.disk_grew(10);
        assert_eq!((metrics.disk_used(), metrics.peak_disk_used()), (50, 100));
    }
}
