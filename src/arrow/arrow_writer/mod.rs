//! Record batches to a Parquet file.
//!
//! [`ArrowWriter`] is the whole way in one object, [`ArrowEncoder`] the same without a sink. Whoever wants to encode
//! columns on threads of its own takes the slices: [`ArrowRowGroupWriterFactory`] makes the [`ArrowColumnWriter`]s of a
//! row group, [`compute_leaves`] cuts a column of a batch into what they take, and
//! [`ArrowColumnChunk::append_to_row_group`] splices a finished chunk into the file.

mod batch_encoder;
mod chunks;
mod column;
mod encoder;
mod factory;
mod options;
mod parallel;
mod row_group;
mod row_group_end;
mod row_slices;
mod small_batches;
mod small_column;
mod together;
mod writer;

pub use crate::arrow::adapt::DecimalPrecision;
pub use crate::arrow::leaves::ColumnNames;
pub use crate::column::page_store::{
    InMemoryPageStore, InMemoryPageStoreFactory, PageKey, PageStore, PageStoreArgs,
    PageStoreFactory,
};
pub use crate::column::writer::{MemoryPressure, OnMemoryLimit, OnSpillLimit};
pub use column::{ArrowColumnChunk, ArrowColumnWriter, ArrowLeafColumn, compute_leaves};
pub use encoder::ArrowEncoder;
pub use factory::ArrowRowGroupWriterFactory;
pub use options::ArrowWriterOptions;
pub use parallel::{Executor, Job, Parallelism};
pub use writer::ArrowWriter;
