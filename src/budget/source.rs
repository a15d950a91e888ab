//! The seam between a budget and whoever really owns the memory.

use std::fmt::Debug;

use crate::errors::Result;

/// Where the bytes of a [`MemoryBudget`](super::MemoryBudget) come from, when they do not come from
/// a plain limit: the memory pool of a query engine, or another budget.
///
/// The budget keeps its own count of what its reservations hold, so a source only decides and
/// accounts. Every byte granted by [`try_grow`](Self::try_grow) or [`grow`](Self::grow) comes back
/// through [`shrink`](Self::shrink) exactly once; the calls may come from any thread, and the
/// pieces given back need not be the pieces that were asked for.
///
/// An implementation must not block for memory that only the calling writer could free, and must
/// not call back into the budget. If a call panics, what it was asked for is not done as far as the budget is
/// concerned, but for [`shrink`](Self::shrink): those bytes are no longer in use. The panic goes to whoever made the
/// call; that of a call made by a drop goes no further than the drop.
pub trait MemorySource: Send + Sync + Debug {
    /// Grants `bytes` more, or refuses and changes nothing.
    ///
    /// # Errors
    /// Any error is a refusal. The writer answers it by moving data out of memory; the error itself
    /// reaches no user.
    fn try_grow(&self, bytes: usize) -> Result<()>;

    /// Takes note of `bytes` that are in use already and cannot be refused.
    fn grow(&self, bytes: usize);

    /// Gives back `bytes` granted before.
    fn shrink(&self, bytes: usize);

    /// The bytes that all users of this source may hold together; `None` when there is no limit or
    /// it is not known, which is the default.
    fn limit(&self) -> Option<usize> {
        None
    }

    /// The bytes that all users of this source hold now; `None`, the default, when it does not
    /// say, and the budget then goes by what it handed out itself.
    fn used(&self) -> Option<usize> {
        None
    }
}
