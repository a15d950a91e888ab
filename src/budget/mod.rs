//! What keeps a writer's memory within a limit: a [`MemoryBudget`] that any number of writers and
//! threads share, the [`Reservation`]s that hold bytes of it, and the [`MemorySource`] that lets
//! the memory pool of a query engine stand behind it.
//!
//! This room counts bytes and knows nothing of pages, columns or files. What a writer gives up when
//! the budget runs short is policy and lives with the writer.
//!
//! ```
//! use herringbone::budget::MemoryBudget;
//!
//! let budget = MemoryBudget::new(64 << 20);
//! let mut pages = budget.reserve();
//! pages.try_resize(1 << 20)?; // may be refused
//! let mut encoder = budget.reserve();
//! encoder.resize(4096); // may not
//! assert_eq!(budget.used(), (1 << 20) + 4096);
//! drop((pages, encoder));
//! assert_eq!(budget.used(), 0);
//! # Ok::<(), herringbone::errors::ParquetError>(())
//! ```

mod growth;
mod member;
mod memory_budget;
mod reservation;
mod source;
#[cfg(test)]
mod tests;
mod usage;

pub(crate) use growth::{extend_tight, push_tight};
pub use member::Member;
pub(crate) use memory_budget::AtWork;
pub use memory_budget::MemoryBudget;
pub use reservation::Reservation;
pub use source::MemorySource;
pub(crate) use usage::Usage;
