//! What a user sees of the background store: its factory.

use std::fmt;
use std::sync::Arc;

use super::super::{PageStore, PageStoreArgs, PageStoreFactory, SpillMetrics};
use super::buffers::{Buffers, Purse};
use super::store::BackgroundPageStore;
#[cfg(test)]
use super::worker::IoWorker;
use super::worker::Outbox;
use crate::budget::{Member, MemoryBudget};
use crate::errors::Result;

/// Bytes of the buffers between writer and thread unless the user says otherwise: a few pages of the
/// default size.
const DEFAULT_BUFFER_BYTES: usize = 4 << 20;

/// Lets another factory's stores work while the writer does: a thread writes the pages that are put,
/// and reads those ahead that will be taken next.
///
/// Between the writer and the thread lie buffers of a fixed size, 4 MiB together by default. While they are
/// full the writer does the work itself, so a slow store slows the writer down and takes no memory. The thread is
/// woken when they are half full, or hold 256 pages, and a page of less than a 256th of them is not left to it unless
/// others wait before it. A writer that gives its buffer away for another ([`put_from`](PageStore::put_from)) copies
/// nothing. There is one thread for all stores of the factory. It starts with the first page handed to it and ends
/// with the last store; if it cannot be started, nothing is lost but time.
///
/// # Errors of the inner store
///
/// As the work is done later, so are its errors reported: a failed put at the next call on the same
/// store. If it was only for want of space, the next put or spill says so, and the page, which is still in
/// memory, can be taken like all others. A panic of the inner store on the thread, in whatever method, is an error,
/// too.
///
/// ```
/// use std::sync::Arc;
/// use herringbone::column::page_store::{BackgroundPageStoreFactory, TempFilePageStoreFactory};
///
/// let files = Arc::new(TempFilePageStoreFactory::new());
/// let factory = BackgroundPageStoreFactory::new(files);
/// # let _ = factory;
/// ```
pub struct BackgroundPageStoreFactory {
    inner: Arc<dyn PageStoreFactory>,
    buffer_bytes: usize,
    purse: Option<Purse>,
    buffers: Arc<Buffers>,
    outbox: Arc<Outbox>,
}

impl BackgroundPageStoreFactory {
    /// Stores over `inner`, with buffers of 4 MiB that no budget pays for.
    pub fn new(inner: Arc<dyn PageStoreFactory>) -> Self {
        Self::over(inner, DEFAULT_BUFFER_BYTES, None)
    }

    /// The bytes of all buffers together. Pages that are larger go to the inner store directly.
    pub fn with_buffer_bytes(self, bytes: usize) -> Self {
        Self::over(self.inner, bytes, self.purse)
    }

    /// Reserves the buffers from `budget`, which should be the one that the writer uses, and limits
    /// them to a quarter of one member's [fair share](MemoryBudget::fair_share). Where that is less than
    /// 4 MiB or not known, or the budget has no room, the writer does all work itself.
    pub fn with_memory_budget(self, budget: MemoryBudget) -> Self {
        Self::over(self.inner, self.buffer_bytes, Some(Purse::of(&budget)))
    }

    fn over(inner: Arc<dyn PageStoreFactory>, buffer_bytes: usize, purse: Option<Purse>) -> Self {
        Self {
            inner,
            buffer_bytes,
            buffers: Arc::new(Buffers::new(buffer_bytes, purse.clone())),
            outbox: Arc::new(Outbox::new(Arc::default())),
            purse,
        }
    }

    /// A factory over the same inner one, whose stores leave their work to the same thread, with buffers of its own
    /// that `member` pays for.
    pub(in super::super) fn beside(&self, member: &Member) -> Self {
        let purse = Purse {
            budget: member.budget().clone(),
            shared: member.shared().clone(),
        };
        Self {
            outbox: Arc::new(Outbox::new(Arc::clone(self.outbox.worker()))),
            ..Self::over(Arc::clone(&self.inner), self.buffer_bytes, Some(purse))
        }
    }
}

impl PageStoreFactory for BackgroundPageStoreFactory {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        let inner = self.inner.create(args)?;
        Ok(Box::new(BackgroundPageStore::new(
            inner,
            Arc::clone(&self.outbox),
            Arc::clone(&self.buffers),
        )))
    }

    /// The buffers stay paid for as they are.
    fn for_budget(&self, budget: &MemoryBudget) -> Option<Arc<dyn PageStoreFactory>> {
        let inner = self.inner.for_budget(budget)?;
        Some(Arc::new(Self {
            inner,
            buffer_bytes: self.buffer_bytes,
            purse: self.purse.clone(),
            buffers: Arc::clone(&self.buffers),
            outbox: Arc::clone(&self.outbox),
        }))
    }

    fn metrics(&self) -> Option<SpillMetrics> {
        self.inner.metrics()
    }
}

impl fmt::Debug for BackgroundPageStoreFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackgroundPageStoreFactory")
            .field("inner", &self.inner)
            .field("buffer_bytes", &self.buffer_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
impl BackgroundPageStoreFactory {
    pub(super) fn worker(&self) -> &Arc<IoWorker> {
        self.outbox.worker()
    }

    pub(super) fn most_buffer_bytes(&self) -> usize {
        self.buffers.most_bytes()
    }
}
