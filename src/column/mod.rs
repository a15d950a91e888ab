//! Column chunks: pages, the stores they wait in, and the writers that make them.

pub(crate) mod chunk;
pub mod page;
pub mod page_store;
pub(crate) mod stats;
pub mod writer;
