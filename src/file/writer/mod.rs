//! The only layer that sees the sink: file, row groups, column chunks, footer.

#[cfg(feature = "arrow")]
mod arrow_door;
mod closed;
mod column;
mod core;
#[cfg(feature = "arrow")]
mod drain;
mod file;
mod footer;
mod options;
mod output;
mod pending;
mod resources;
mod row_group;
mod tracked;

#[cfg(feature = "arrow")]
pub(crate) use self::core::FileCore;
pub use crate::column::writer::{MemoryPressure, OnMemoryLimit, OnSpillLimit};
pub use column::{OnCloseColumnChunk, SerializedColumnWriter, SerializedPageWriter};
#[cfg(feature = "arrow")]
pub(crate) use drain::RowGroupDrain;
pub use file::SerializedFileWriter;
pub use options::SerializedFileWriterOptions;
#[cfg(feature = "arrow")]
pub(crate) use output::FileOutput;
#[cfg(feature = "arrow")]
pub(crate) use resources::FileResources;
pub use row_group::{OnCloseRowGroup, SerializedRowGroupWriter};
pub use tracked::TrackedWrite;
