//! Pages kept in temporary files that have no name.
//!
//! One factory owns a few large segment files and lends their space to all its stores. A blob is
//! written at a position of its own and read back from there; no cursor is shared, and no lock is held
//! while bytes move. The space of taken blobs is used again, its disk goes back to the system, and a
//! segment without blobs is closed.

mod extents;
mod factory;
mod failure;
mod io;
mod lane;
mod segments;
mod spool;
mod store;
#[cfg(test)]
mod tests;

pub use factory::{BlobChecksum, TempFilePageStoreBuilder, TempFilePageStoreFactory};
