//! The only layer that sees the sink: file, row groups, column chunks, footer.

mod column;
mod file;
mod footer;
mod pending;
mod row_group;
mod tracked;

pub use column::{OnCloseColumnChunk, SerializedColumnWriter, SerializedPageWriter};
pub use file::SerializedFileWriter;
pub use row_group::{OnCloseRowGroup, SerializedRowGroupWriter};
pub use tracked::TrackedWrite;
