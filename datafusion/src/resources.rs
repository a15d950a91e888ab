//! What the files of a write have in common.

use std::fmt;
use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::TaskContext;
use herringbone::budget::MemoryBudget;

use crate::config::HerringboneOptions;
use crate::memory::PoolSource;
use crate::spill::Spill;

/// Memory of a session's pool, and the places in its spill directories, for one write and all its files. Cheap to clone;
/// clones share both.
#[derive(Clone)]
pub struct WriteResources {
    pub(crate) budget: MemoryBudget,
    pub(crate) spill: Spill,
    /// Writes that share them.
    writes: usize,
}

impl WriteResources {
    /// Of the session that `context` belongs to: one spillable consumer of its pool.
    ///
    /// # Errors
    /// If the setting `herringbone.memory_limit` is no size, or the session cannot make its spill directory.
    pub fn new(context: &TaskContext) -> Result<Self> {
        let options = HerringboneOptions::of(context.session_config().options());
        let limit = options.memory_limit()?;
        let source = PoolSource::new(context.memory_pool(), "HerringboneSink", limit);
        let budget = MemoryBudget::with_source(Arc::new(source));
        let spill = Spill::new(context, &budget)?;
        Ok(Self {
            budget,
            spill,
            writes: 1,
        })
    }

    /// The same, for so many writes at once.
    pub(crate) fn shared_by(mut self, writes: usize) -> Self {
        self.writes = writes.max(1);
        self
    }

    /// The bytes that one of the writes may count on.
    pub(crate) fn share(&self) -> usize {
        self.budget.limit().unwrap_or(usize::MAX) / self.writes
    }

    /// What the write may take, and takes.
    pub fn budget(&self) -> &MemoryBudget {
        &self.budget
    }
}

impl fmt::Debug for WriteResources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteResources")
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
