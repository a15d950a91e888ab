//! Where finished pages wait until their row group ends: the contract of a page store, and the
//! stores that come with the crate.
//!
//! A writer moves each page, as soon as it is sealed, into a [`PageStore`] and keeps only the
//! [`PageKey`]. When the row group ends it takes the pages back one at a time and streams them into
//! the file. What a page is, and in what order pages go into the file, is the writer's business: to
//! a store they are opaque blobs.
//!
//! | factory | its stores |
//! |---|---|
//! | [`InMemoryPageStoreFactory`] | keep pages on the heap; the default |
//! | [`TempFilePageStoreFactory`] | keep pages in a few temporary files that have no name |
//! | [`TieredPageStoreFactory`] | keep pages on the heap until a budget refuses one, then in another store |
//! | [`BackgroundPageStoreFactory`] | let another store work on a thread of its own |
//! | [`GuardedPageStoreFactory`] | check what another store gives back, and remember its first failure |
#![cfg_attr(
    feature = "encryption",
    doc = "| [`EncryptedPageStoreFactory`] | encrypt what another store sees |"
)]
#![cfg_attr(
    any(feature = "object_store_13", feature = "object_store_14"),
    doc = "| [`ObjectPageStoreFactory`](crate::object_store::ObjectPageStoreFactory) | keep pages in an object store |"
)]
//!
//! Factories wrap each other. For spilled pages that are encrypted, with at most 64 MiB of pages in
//! memory, the temp-file factory goes into an encrypting one, and that into a tiered one.
//!
//! A store of one's own implements [`PageStore`] and [`PageStoreFactory`]; their documentation is the
//! whole contract. With the feature `test-util`, `conformance::check` tests an implementation
//! against it, and `conformance::check_full` one that has little room.

mod background;
#[cfg(any(test, feature = "test-util"))]
pub mod conformance;
mod contract;
#[cfg(feature = "encryption")]
mod encrypted;
mod events;
mod guarded;
mod keys;
mod memory;
mod metrics;
mod slots;
mod spilling;
mod temp_file;
#[cfg(test)]
mod tests;
mod tiered;

pub use background::BackgroundPageStoreFactory;
pub(crate) use contract::is_out_of_space;
pub use contract::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
#[cfg(feature = "encryption")]
pub use encrypted::EncryptedPageStoreFactory;
pub use guarded::GuardedPageStoreFactory;
pub(crate) use keys::PageKeys;
pub use memory::{InMemoryPageStore, InMemoryPageStoreFactory};
pub use metrics::SpillMetrics;
#[cfg(any(feature = "object_store_13", feature = "object_store_14"))]
pub(crate) use slots::Slots;
pub(crate) use spilling::spilling;
pub use temp_file::{BlobChecksum, TempFilePageStoreBuilder, TempFilePageStoreFactory};
pub use tiered::TieredPageStoreFactory;
