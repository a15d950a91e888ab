//! Options of a writer: [`WriterProperties`] and the [`WriterPropertiesBuilder`] that makes them.
//!
//! An option is for the file, or for all columns and for single ones: what is set for a column
//! comes first, then what is set for all, then the default. Options are checked as early as
//! possible: a value that makes no sense at all panics in its setter, one that a schema or a build
//! of this crate cannot go with is an error when a writer is made.

mod bloom;

mod cdc;
mod column;
mod column_setters;
mod constants;
mod delta;
mod kinds;
mod reader;
mod support;
mod writer;
mod writer_builder;

pub use bloom::{BloomFilterProperties, BloomFilterPropertiesBuilder};
pub use cdc::CdcOptions;
pub(crate) use column::ColumnOptions;
pub use constants::*;
pub use delta::DeltaBinaryPackedEncoderOptions;
pub use kinds::{BloomFilterPosition, EnabledStatistics, WriterVersion};
pub use reader::{ReaderProperties, ReaderPropertiesBuilder, ReaderPropertiesPtr};
pub use writer::{WriterProperties, WriterPropertiesPtr};
pub use writer_builder::WriterPropertiesBuilder;

#[cfg(test)]
mod tests;
