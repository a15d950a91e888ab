//! One column chunk between its encoder and the file: the facts of its pages, the store its pages
//! wait in, and the way back out. Knows nothing of values.

mod buffer;
mod close;
mod facts;
mod filter_parts;
mod handed;
mod index_entries;
mod layout;
mod ledger;
mod number_log;
mod overflow_store;
mod pages;
mod sink;
mod streamed;

pub(crate) use buffer::ChunkBuffer;
pub use close::ColumnCloseResult;
pub(crate) use facts::{DataPageFacts, DictionaryFacts};
pub(crate) use filter_parts::{FilterPart, FilterParts};
pub(crate) use handed::HandedPages;
pub(crate) use index_entries::{IndexOptions, LaterCut};
pub(crate) use layout::{ChunkDescription, Placement};
pub(crate) use ledger::{ChunkLedger, LedgerOptions};
pub(crate) use overflow_store::{OverflowStore, WhenFull, store_error};
pub(crate) use pages::ChunkPages;
pub(crate) use sink::{PageSink, SealedPage};
pub(crate) use streamed::StreamedPages;
