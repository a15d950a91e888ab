//! The records of the format as bytes: page headers, chunk metadata, indexes, schema and footer,
//! written in the thrift compact protocol. Nothing here reads.

pub(crate) mod compact;
pub(crate) mod page;
mod statistics;
