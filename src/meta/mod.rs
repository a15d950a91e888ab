//! Descriptions of a file and its columns: what the footer and the indexes say, what a writer is asked for,
//! statistics. No I/O. The public paths are those of `file` and `schema`.

pub mod metadata;
pub mod page_index;
pub mod printer;
pub mod properties;
mod slim;
pub mod statistics;
