//! What the footer and the indexes of a file say: descriptions alone, and their way into bytes.
//!
//! SPEC: parquet.thrift, `FileMetaData` and what it contains.

mod column_index_builder;
mod histogram;
mod offset_index_builder;

#[cfg(test)]
mod index_tests;

pub use column_index_builder::ColumnIndexBuilder;
pub use histogram::LevelHistogram;
pub use offset_index_builder::OffsetIndexBuilder;
