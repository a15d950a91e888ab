//! What describes a Parquet file, and the writer that lays one out.

mod bloom_filter;
pub(crate) mod metadata_writer;
pub mod reader;
pub mod writer;

pub use crate::meta::{metadata, page_index, properties, statistics};

/// Bytes at the end of a file that locate its footer: four of length, four of magic.
pub const FOOTER_SIZE: usize = 8;

/// The four bytes that begin and end every plaintext Parquet file.
pub(crate) const PARQUET_MAGIC: [u8; 4] = *b"PAR1";
