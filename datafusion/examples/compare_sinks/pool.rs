//! A memory pool that remembers the most that was taken of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::error::Result;
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
    UnboundedMemoryPool,
};

/// A pool of DataFusion's, watched.
#[derive(Debug)]
pub(crate) struct WatchedPool {
    pool: Arc<dyn MemoryPool>,
    peak: AtomicUsize,
}

impl WatchedPool {
    /// A pool of so many bytes, or without a limit.
    pub(crate) fn new(limit: Option<usize>) -> Arc<Self> {
        let pool: Arc<dyn MemoryPool> = match limit {
            Some(limit) => Arc::new(GreedyMemoryPool::new(limit)),
            None => Arc::new(UnboundedMemoryPool::default()),
        };
        let peak = AtomicUsize::new(0);
        Arc::new(Self { pool, peak })
    }

    /// The most bytes that were taken at once.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    fn look(&self) {
        self.peak.fetch_max(self.pool.reserved(), Ordering::Relaxed);
    }
}

impl fmt::Display for WatchedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "watched {}", self.pool)
    }
}

impl MemoryPool for WatchedPool {
    fn name(&self) -> &str {
        self.pool.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.pool.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.pool.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.pool.grow(reservation, additional);
        self.look();
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.pool.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.pool.try_grow(reservation, additional)?;
        self.look();
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.pool.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.pool.memory_limit()
    }
}
