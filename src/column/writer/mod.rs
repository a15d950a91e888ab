//! Column writers: values and levels in, pages and metadata out.
//!
//! [`get_column_writer`] gives the writer for a column's physical type. It encodes values into pages,
//! cuts a page when it is full, and hands it to a [`PageWriter`](super::page::PageWriter).

mod body;
mod chunk_writer;
mod cut;
mod encoder;
mod feed;
mod filter;
mod given_levels;
#[cfg(feature = "arrow")]
mod joined;
#[cfg_attr(
    not(feature = "arrow"),
    expect(dead_code, reason = "columns that are written together")
)]
mod late_pages;
mod page_levels;
mod page_values;
mod physical;
mod plan;
mod pressure;
mod reclaim;
mod row_limit;
mod scratch;
mod seal;
mod sizes;
mod slots;
#[cfg(test)]
mod tests;
mod typed;
#[cfg_attr(
    not(feature = "arrow"),
    expect(dead_code, reason = "columns that are written together")
)]
mod unsealed;

pub use super::chunk::ColumnCloseResult;
pub(crate) use chunk_writer::{ChunkParts, ChunkWriter};
pub use physical::{
    ColumnValueEncoderImpl, ColumnWriter, ColumnWriterImpl, DataType, TypedStatistics,
    get_column_writer, get_typed_column_writer, get_typed_column_writer_mut,
    get_typed_column_writer_ref,
};
pub(crate) use plan::ColumnPlan;
pub use pressure::{MemoryPressure, OnMemoryLimit, OnSpillLimit};
pub(crate) use reclaim::{MemoryReclaimer, WriterShape, page_cap};
pub(crate) use scratch::{CODECS, ScratchPool};
pub(crate) use seal::{Checksum, header_of};
pub(crate) use typed::LimitedWriter;
pub use typed::{ColumnValueEncoder, GenericColumnWriter};
#[cfg(feature = "arrow")]
pub(crate) use {
    chunk_writer::stored::StoredChunk,
    chunk_writer::{Grant, Written},
    cut::{PageMemoryCap, surely_fits},
    joined::{JoinedLeaves, MOST_JOINED_SLOTS},
    reclaim::threads::{BudgetAsks, LargestPages},
    reclaim::{OpenColumn, Reclaimed, is_store_full},
    sizes::{Lengths, lengths_of},
    slots::{Slots, ValueFeed},
    unsealed::{PageHelp, UnsealedPage},
};
