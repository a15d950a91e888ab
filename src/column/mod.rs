//! Column chunks: pages, the stores they wait in, and the writers that make them.

pub(crate) mod chunk;
mod hashes;
pub mod page;
pub mod page_store;
pub(crate) mod stats;
pub mod writer;
