//! The only layer that sees the sink: file, row groups, column chunks, footer.

mod column;
mod file;
mod footer;
mod row_group;
mod tracked;
mod waiting;

pub use column::{OnCloseColumnChunk, SerializedColumnWriter, SerializedPageWriter};
pub use file::SerializedFileWriter;
pub use row_group::{OnCloseRowGroup, SerializedRowGroupWriter};
pub use tracked::TrackedWrite;
