//! One column chunk between its encoder and the file: the facts of its pages, the store its pages
//! wait in, and the way back out. Knows nothing of values.

mod buffer;
mod close;
mod facts;
mod filter_parts;
mod layout;
mod ledger;
mod shelf;
mod sink;

pub(crate) use buffer::ChunkBuffer;
pub use close::ColumnCloseResult;
pub(crate) use facts::{DataPageFacts, DictionaryFacts};
pub(crate) use filter_parts::{FilterPart, FilterParts};
pub(crate) use layout::{ChunkDescription, Placement};
pub(crate) use ledger::{ChunkLedger, IndexOptions, LedgerOptions};
pub(crate) use shelf::{Shelf, Shelved, WhenFull, store_error};
pub(crate) use sink::{PageContent, PageSink, PageWriterSink, SealedPage};
