//! The records of the format as bytes: page headers, chunk metadata, indexes, schema and footer,
//! written in the thrift compact protocol. Page indexes alone are read as well, for
//! [`index_reader`](crate::file::page_index::index_reader).

pub(crate) mod chunk;
pub(crate) mod compact;
pub(crate) mod footer;
pub(crate) mod index;
pub mod index_reader;
pub(crate) mod page;
mod schema;
mod statistics;

#[cfg(test)]
mod tests;
