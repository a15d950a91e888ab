//! The session's memory pool, behind the writer's budget.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use herringbone::budget::MemorySource;
use herringbone::errors::{ParquetError, Result};

/// What a write may take where neither its settings nor the pool say so.
pub(crate) const DEFAULT_LIMIT: usize = 256 << 20;

/// What is kept free of a limit: the writer may pass its own for a moment, by a page for each thread, and a pool must not
/// be passed. A part of the limit, and no more than so many bytes.
const FREE_PART: usize = 8;
const MOST_FREE: usize = 2 << 20;

/// One spillable consumer of a pool. Pools that share out memory by the number of such consumers must see one, however
/// many files it writes.
pub(crate) struct PoolSource {
    pool: Arc<dyn MemoryPool>,
    reservation: MemoryReservation,
    /// What the pool has granted.
    granted: AtomicUsize,
    /// The most to ask the pool for.
    most: usize,
    /// What to leave of the pool.
    free: usize,
    /// Whether the pool's last answer was a refusal. Pools keep to rules that they do not tell, such as a share for each
    /// consumer, so that one may refuse long before its limit.
    refused: AtomicBool,
}

impl PoolSource {
    /// A consumer of `pool`, of `limit` bytes at most.
    pub(crate) fn new(pool: &Arc<dyn MemoryPool>, name: &str, limit: Option<usize>) -> Self {
        let consumer = MemoryConsumer::new(name).with_can_spill(true);
        let limit = match (limit, pool.memory_limit()) {
            (Some(limit), MemoryLimit::Finite(pool)) => limit.min(pool),
            (Some(limit), _) => limit,
            (None, MemoryLimit::Finite(pool)) => pool,
            (None, _) => DEFAULT_LIMIT,
        };
        let free = (limit / FREE_PART).min(MOST_FREE);
        Self {
            pool: Arc::clone(pool),
            reservation: consumer.register(pool),
            granted: AtomicUsize::new(0),
            most: limit - free,
            free,
            refused: AtomicBool::new(false),
        }
    }

    /// What is left of the pool, for all its consumers together.
    fn left_in_pool(&self) -> usize {
        match self.pool.memory_limit() {
            MemoryLimit::Finite(limit) => {
                let left = limit.saturating_sub(self.pool.reserved());
                left.saturating_sub(self.free)
            }
            _ => usize::MAX,
        }
    }

    /// Takes note of the pool's answer.
    fn answered(&self, refused: bool) {
        if self.refused.load(Ordering::Relaxed) != refused {
            self.refused.store(refused, Ordering::Relaxed);
        }
    }
}

impl MemorySource for PoolSource {
    fn try_grow(&self, bytes: usize) -> Result<()> {
        match self.reservation.try_grow(bytes) {
            Ok(()) => {
                self.granted.fetch_add(bytes, Ordering::Relaxed);
                self.answered(false);
                Ok(())
            }
            Err(error) => {
                self.answered(true);
                Err(ParquetError::External(Box::new(error)))
            }
        }
    }

    fn grow(&self, bytes: usize) {
        self.reservation.grow(bytes);
        self.granted.fetch_add(bytes, Ordering::Relaxed);
    }

    fn shrink(&self, bytes: usize) {
        self.granted.fetch_sub(bytes, Ordering::Relaxed);
        self.reservation.shrink(bytes);
        self.answered(false);
    }

    fn limit(&self) -> Option<usize> {
        Some(self.most)
    }

    /// The limit less what is left: of the limit itself, or of the pool where others have taken more. After a refusal
    /// nothing is left until something was given back.
    fn used(&self) -> Option<usize> {
        if self.refused.load(Ordering::Relaxed) {
            return Some(self.most);
        }
        let granted = self.granted.load(Ordering::Relaxed);
        let left = self.left_in_pool().min(self.most.saturating_sub(granted));
        Some(granted.max(self.most.saturating_sub(left)))
    }
}

impl fmt::Debug for PoolSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolSource")
            .field("pool", &self.pool.name())
            .field("granted", &self.granted)
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}
