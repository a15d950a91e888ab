//! Where finished pages wait until their row group ends: the contract of a page store, and the
//! stores that come with the crate.
//!
//! A writer moves each page, as soon as it is sealed, into a [`PageStore`] and keeps only the
//! [`PageKey`]. When the row group ends it takes the pages back one at a time and streams them into
//! the file. What a page is, and in what order pages go into the file, is the writer's business: to
//! a store they are opaque blobs.
//!
//! | store | keeps blobs |
//! |---|---|
//! | [`InMemoryPageStore`] | on the heap; the default |
//! | [`TempFilePageStoreFactory`] | in a few temporary files that have no name |

#[cfg(any(test, feature = "test-util"))]
pub mod conformance;
mod contract;
mod events;
mod memory;
mod metrics;
mod temp_file;

pub(crate) use contract::is_out_of_space;
pub use contract::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
pub use memory::{InMemoryPageStore, InMemoryPageStoreFactory};
pub use metrics::SpillMetrics;
pub use temp_file::{BlobChecksum, TempFilePageStoreBuilder, TempFilePageStoreFactory};
