//! Writing Arrow record batches.

mod adapt;
pub mod arrow_writer;
mod leaves;
mod schema;
