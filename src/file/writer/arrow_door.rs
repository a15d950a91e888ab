//! What the writer of record batches needs of a file, its row groups and their resources: whole row groups, whose
//! columns wait in their stores.

use std::io::Write;
use std::sync::Arc;

use super::file::SerializedFileWriter;
use super::resources::FileResources;
use super::row_group::SerializedRowGroupWriter;
use crate::column::chunk::{ChunkBuffer, ChunkPages, ColumnCloseResult, WhenFull};
use crate::column::page_store::PageStoreFactory;
use crate::column::writer::{ChunkWriter, ColumnPlan, MemoryReclaimer, OnMemoryLimit, ScratchPool};
use crate::errors::{ParquetError, Result};
use crate::schema::types::SchemaDescPtr;

impl<W: Write + Send> SerializedFileWriter<W> {
    /// As [`next_row_group`](Self::next_row_group), of `rows` rows, with what frees memory while its columns end.
    pub(crate) fn next_row_group_of(
        &mut self,
        rows: u64,
    ) -> Result<(SerializedRowGroupWriter<'_, W>, &mut MemoryReclaimer)> {
        let ordinal = self.begin_row_group()?;
        let row_group = SerializedRowGroupWriter::new(
            self.descr.clone(),
            self.props.clone(),
            &mut self.sink,
            ordinal,
            None,
        );
        let row_group = row_group.owned_by(&mut self.pending).with_rows(rows);
        Ok((row_group, &mut self.reclaimer))
    }

    /// What all columns draw on.
    pub(crate) fn resources(&self) -> &FileResources {
        &self.resources
    }

    /// What frees memory.
    pub(crate) fn reclaimer(&mut self) -> &mut MemoryReclaimer {
        &mut self.reclaimer
    }

    /// What happens when nothing but ending the row group early can keep the memory limit.
    pub(crate) fn on_memory_limit(&self) -> OnMemoryLimit {
        self.on_memory_limit
    }

    /// Heap bytes of what waits for the footer.
    pub(crate) fn pending_memory_size(&self) -> usize {
        self.pending.memory_size()
    }

    /// Refuses all later calls because of `error`, and hands it back.
    pub(crate) fn latch(&mut self, error: ParquetError) -> ParquetError {
        self.sink.latch(error)
    }

    /// The schema's leaf columns, shared.
    pub(crate) fn schema_descr_ptr(&self) -> &SchemaDescPtr {
        &self.descr
    }
}

impl<W: Write + Send> SerializedRowGroupWriter<'_, W> {
    /// Streams a chunk's pages out of their store through a buffer of `scratch` and adds the chunk to the row group.
    pub(crate) fn append_pages(
        &mut self,
        pages: ChunkBuffer,
        close: ColumnCloseResult,
        scratch: &ScratchPool,
    ) -> Result<()> {
        self.check_appendable(&close)?;
        // Paying for the buffer may panic too, and belongs to the call that is latched then.
        self.append(close, 0, |sink| {
            scratch.with_buffer(|buffer| pages.splice(buffer, sink).map(drop))
        })
    }

    /// Sets the number of rows that every column must have; without columns it is the row group's.
    pub(super) fn with_rows(mut self, rows: u64) -> Self {
        self.closed.rows = Some(rows);
        self
    }

    /// As [`SerializedRowGroupWriter::close`], for a caller that does not need the metadata: it is there
    /// once.
    pub(crate) fn close_quietly(mut self) -> Result<()> {
        let metadata = self.end()?;
        self.hand_over(metadata)
    }
}

impl FileResources {
    /// Lets pages wait in other stores.
    pub(crate) fn with_stores(self, stores: Arc<dyn PageStoreFactory>) -> Self {
        Self { stores, ..self }
    }

    /// Sets what becomes of a page that its store has no room for.
    pub(crate) fn with_when_full(self, when_full: WhenFull) -> Self {
        Self { when_full, ..self }
    }

    /// The writer of a chunk of column `index`, whose pages wait for the end of the row group.
    ///
    /// # Errors
    /// If there is no such column, a store cannot be made, or a codec takes more than the memory limit.
    pub(crate) fn stored_chunk(&self, index: usize) -> Result<ChunkWriter<'static>> {
        let pages = ChunkPages::Stored(self.buffer(index)?);
        self.chunk(index, pages)
    }

    pub(crate) fn plans(&self) -> &Arc<[Arc<ColumnPlan>]> {
        &self.plans
    }
}
