//! The only layer that sees the sink: file, row groups, column chunks, footer.

#[cfg(feature = "arrow")]
mod arrow_door;
mod column;
mod file;
mod footer;
mod options;
mod pending;
mod resources;
mod row_group;
mod tracked;

pub use crate::column::writer::{MemoryPressure, OnMemoryLimit, OnSpillLimit};
pub use column::{OnCloseColumnChunk, SerializedColumnWriter, SerializedPageWriter};
pub use file::SerializedFileWriter;
pub use options::SerializedFileWriterOptions;
#[cfg(feature = "arrow")]
pub(crate) use resources::FileResources;
pub use row_group::{OnCloseRowGroup, SerializedRowGroupWriter};
pub use tracked::TrackedWrite;
