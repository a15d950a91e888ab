//! What the footer and the indexes of a file say: descriptions alone, and their way into bytes.
//!
//! SPEC: parquet.thrift, `FileMetaData` and what it contains.

mod column_chunk;
mod column_chunk_builder;
mod column_index_builder;
mod file;
mod histogram;
mod offset_index_builder;
pub mod page_index;
mod parquet_metadata;
mod records;
mod row_group;

#[cfg(test)]
mod index_tests;
#[cfg(test)]
mod tests;

pub use crate::file::metadata_writer::ParquetMetaDataWriter;
pub use column_chunk::ColumnChunkMetaData;
pub use column_chunk_builder::ColumnChunkMetaDataBuilder;
pub use column_index_builder::ColumnIndexBuilder;
pub use file::{FileMetaData, FileMetaDataPtr};
pub use histogram::LevelHistogram;
pub use offset_index_builder::OffsetIndexBuilder;
pub use parquet_metadata::{ParquetMetaData, ParquetMetaDataBuilder};
pub use records::{KeyValue, PageEncodingStats, SortingColumn};
pub use row_group::{RowGroupMetaData, RowGroupMetaDataBuilder, RowGroupMetaDataPtr};
