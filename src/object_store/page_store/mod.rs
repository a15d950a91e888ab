//! Pages that wait in an object store.
//!
//! Blobs of all stores are gathered into segments, each of which becomes one object. In the object the blobs of a store
//! lie together, so that few ranges bring them back. An object is deleted with its last blob.
//!
//! | file | its part |
//! |---|---|
//! | `factory` | what a user sees |
//! | `store` | the store of one column: from keys to segments, lengths and checksums |
//! | `reads` | ranges of a store's blobs, asked for before they are needed |
//! | `pool` | what all stores of a budget share: waits, and says when a segment is full |
//! | `state` | which segments there are, and what is to be done for them |
//! | `segment` | the blobs of one segment, and their places in its object |
//! | `requests` | requests as jobs, that tell in any case how they have ended |
//! | `executor` | the thread for jobs |
//! | `failure` | errors that several stores are told |

mod executor;
mod factory;
mod failure;
mod pool;
mod reads;
mod requests;
mod segment;
mod state;
mod store;
#[cfg(test)]
mod tests;

pub use factory::ObjectPageStoreFactory;
