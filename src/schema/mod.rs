//! The Parquet schema: types, their builders, the message-type text form.

pub mod parser;
pub mod types;
pub mod visitor;

pub use crate::meta::printer;
