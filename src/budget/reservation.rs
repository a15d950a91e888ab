//! Bytes held of a budget, given back when their holder goes.

use std::thread;

use super::MemoryBudget;
use crate::errors::Result;
use crate::latch::hushed;

/// Bytes of a [`MemoryBudget`] that one holder has in use. Dropping it gives them back.
///
/// A holder follows the size of its buffers: [`resize`](Self::resize) where the memory cannot be
/// refused, [`try_resize`](Self::try_resize) where the data can go elsewhere. A call that does not
/// change the size touches no shared state, so it may stand in a loop.
#[derive(Debug)]
pub struct Reservation {
    budget: MemoryBudget,
    size: usize,
}

impl Reservation {
    /// Makes the size `bytes`. Shrinking always succeeds.
    ///
    /// # Errors
    /// If growing would lead past the budget's [high-water mark](MemoryBudget::high_water), or the source refuses;
    /// nothing changes then.
    pub fn try_resize(&mut self, bytes: usize) -> Result<()> {
        if bytes > self.size {
            self.budget.try_grow(bytes - self.size)?;
            self.size = bytes;
        } else {
            self.resize(bytes);
        }
        Ok(())
    }

    /// Makes the size `bytes`, past the limit if need be: for memory that is in use already.
    #[inline]
    pub fn resize(&mut self, bytes: usize) {
        if bytes != self.size {
            self.change(bytes);
        }
    }

    /// Adds `bytes` if the budget grants them.
    ///
    /// # Errors
    /// As [`try_resize`](Self::try_resize).
    pub fn try_grow(&mut self, bytes: usize) -> Result<()> {
        self.try_resize(self.size.saturating_add(bytes))
    }

    /// Adds `bytes`, like [`resize`](Self::resize).
    pub fn grow(&mut self, bytes: usize) {
        self.resize(self.size.saturating_add(bytes));
    }

    /// Gives back `bytes`, or all of them if there are fewer.
    pub fn shrink(&mut self, bytes: usize) {
        self.resize(self.size.saturating_sub(bytes));
    }

    /// Moves `bytes`, or all of them if there are fewer, into a reservation of their own.
    #[must_use]
    pub fn split(&mut self, bytes: usize) -> Reservation {
        let moved = bytes.min(self.size);
        self.size -= moved;
        Reservation {
            budget: self.budget.clone(),
            size: moved,
        }
    }

    /// Moves everything into a reservation of its own and leaves this one empty: for a buffer that
    /// changes hands.
    #[must_use]
    pub fn take(&mut self) -> Reservation {
        self.split(self.size)
    }

    /// The bytes held.
    #[inline]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The budget that the bytes belong to.
    pub fn budget(&self) -> &MemoryBudget {
        &self.budget
    }

    pub(super) fn new(budget: MemoryBudget) -> Self {
        Self { budget, size: 0 }
    }

    #[cold]
    fn change(&mut self, bytes: usize) {
        if thread::panicking() {
            // A foreign source that panics now, in some holder's drop, would end the process.
            hushed(|| self.settle(bytes));
        } else {
            self.settle(bytes);
        }
    }

    /// Whatever a foreign source does meanwhile, what is held here and what the budget counts stay the same.
    fn settle(&mut self, bytes: usize) {
        if bytes > self.size {
            self.budget.grow(bytes - self.size);
            self.size = bytes;
            self.budget.note_overshoot();
        } else {
            let freed = self.size - bytes;
            self.size = bytes;
            self.budget.shrink(freed);
        }
    }
}

impl MemoryBudget {
    /// An empty reservation on this budget.
    pub fn reserve(&self) -> Reservation {
        Reservation::new(self.clone())
    }
}

impl Drop for Reservation {
    /// A panic of a foreign source ends here.
    fn drop(&mut self) {
        if self.size > 0 {
            hushed(|| self.settle(0));
        }
    }
}
