//! Pages kept in temporary files that have no name.
//!
//! One factory owns a few large segment files and lends their space to all its stores, in lanes of some blocks. A
//! store's blobs are a log: written once in its lanes, one after the other, read once, and given back lane by lane.
//! No cursor is shared, and no lock is held while bytes move. Free lanes are used again, their disk goes back to the
//! system, and a segment without lanes is closed.
//!
//! | file | its part |
//! |---|---|
//! | `factory` | what a user sees |
//! | `store` | from keys to places in the log and checksums |
//! | `log` | the bytes of one store, and the lanes that they lie in |
//! | `spool` | the files of all stores, and the turn from a directory that fails to the next |
//! | `segments` | which file has room, how much disk it takes, when it is closed |
//! | `blocks` | which blocks of a file are free |
//! | `checksum` | how a blob is compared with what was written |
//! | `io` | the operating system's part |

mod blocks;
mod checksum;
mod factory;
mod failure;
mod io;
mod log;
mod segments;
mod spool;
mod store;
#[cfg(test)]
mod tests;

pub use checksum::BlobChecksum;
pub use factory::{TempFilePageStoreBuilder, TempFilePageStoreFactory};
