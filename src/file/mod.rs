//! What describes a Parquet file, and the writer that lays one out.

pub mod metadata;
pub mod page_index;
pub mod properties;
pub mod reader;
mod slim;
pub mod statistics;
pub mod writer;

/// Bytes at the end of a file that locate its footer: four of length, four of magic.
pub const FOOTER_SIZE: usize = 8;

/// The four bytes that begin and end every plaintext Parquet file.
pub(crate) const PARQUET_MAGIC: [u8; 4] = *b"PAR1";
