//! What lets a reader skip pages: bounds and counts of every page of a column chunk, and where the
//! pages lie.
//!
//! SPEC: PageIndex.md; parquet.thrift, `ColumnIndex` and `OffsetIndex`.

pub mod column_index;
pub mod offset_index;

pub use crate::wire::index_reader;
