//! Column writers: values and levels in, pages and metadata out.
//!
//! [`get_column_writer`] gives the writer for a column's physical type. It encodes values into pages,
//! cuts a page when it is full, and hands it to a [`PageWriter`](super::page::PageWriter).

mod body;
mod encoder;
mod filter;
mod given;
mod open_page;
mod page_cap;
mod paging;
mod room;
mod seal;
#[cfg(test)]
mod tests;
mod typed;
mod value_state;
mod workbench;

pub use super::chunk::ColumnCloseResult;
pub(crate) use encoder::{ColumnEncoder, LeafInput, ValueFeed, row_room};
pub(crate) use page_cap::{PageCap, Progress};
pub(crate) use room::{Lengths, RowRoom, lengths_of, surely_fits};
pub use typed::{
    ColumnValueEncoder, ColumnValueEncoderImpl, ColumnWriter, ColumnWriterImpl,
    GenericColumnWriter, get_column_writer, get_typed_column_writer, get_typed_column_writer_mut,
    get_typed_column_writer_ref,
};
pub(crate) use workbench::{CODECS, WorkbenchPool};
