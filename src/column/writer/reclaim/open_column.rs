//! What the memory policy asks of a column.

use crate::column::writer::chunk_writer::ChunkWriter;

/// A column of an open row group that can give memory back.
pub(crate) trait OpenColumn<'a> {
    /// The chunk that is written.
    fn chunk(&self) -> &ChunkWriter<'a>;

    /// As [`chunk`](Self::chunk), to be changed.
    fn chunk_mut(&mut self) -> &mut ChunkWriter<'a>;

    /// Bytes held beside the chunk for what is to come.
    fn spare_bytes(&self) -> usize;

    /// Gives them back.
    fn free_spare(&mut self);
}

/// A column that stands alone.
impl<'a> OpenColumn<'a> for ChunkWriter<'a> {
    fn chunk(&self) -> &ChunkWriter<'a> {
        self
    }

    fn chunk_mut(&mut self) -> &mut ChunkWriter<'a> {
        self
    }

    fn spare_bytes(&self) -> usize {
        0
    }

    fn free_spare(&mut self) {}
}
