//! What only `ArrowWriter` and its parts ask of a file: columns that are encoded together, whose pages wait in stores.

use std::io::Write;
use std::sync::Arc;

use super::core::FileCore;
use super::file::{SerializedFileWriter, begun_sink};
use super::resources::FileResources;
use super::row_group::SerializedRowGroupWriter;
use super::tracked::TrackedWrite;
use crate::column::chunk::{ChunkBuffer, ChunkPages, ColumnCloseResult, WhenFull};
use crate::column::page_store::PageStoreFactory;
use crate::column::writer::{
    ChunkWriter, ColumnPlan, MemoryPressure, MemoryReclaimer, OnMemoryLimit, ScratchPool,
};
use crate::errors::Result;
use crate::meta::metadata::RowGroupMetaData;
use crate::schema::types::SchemaDescPtr;

impl<W: Write + Send> SerializedFileWriter<W> {
    /// A writer of the file `core`, which goes on where `sink` stands.
    pub(crate) fn of_core(core: FileCore, sink: TrackedWrite<W>) -> Self {
        Self { sink, core }
    }

    /// The file without its sink.
    pub(crate) fn core(&self) -> &FileCore {
        &self.core
    }
}

impl FileCore {
    /// A sink with the file's first four bytes.
    ///
    /// # Errors
    /// If the sink fails.
    pub(crate) fn begin_sink<W: Write>(&mut self, buf: W) -> Result<TrackedWrite<W>> {
        begun_sink(buf, self)
    }

    /// What all columns draw on.
    pub(crate) fn resources(&self) -> &FileResources {
        &self.resources
    }

    /// What frees memory.
    pub(crate) fn reclaimer(&mut self) -> &mut MemoryReclaimer {
        &mut self.reclaimer
    }

    /// What the memory limit has cost so far.
    pub(crate) fn memory_pressure(&self) -> MemoryPressure {
        self.reclaimer.pressure()
    }

    /// What happens when nothing but ending the row group early can keep the memory limit.
    pub(crate) fn on_memory_limit(&self) -> OnMemoryLimit {
        self.on_memory_limit
    }

    /// Metadata of the row groups in the file, as far as it is kept.
    pub(crate) fn row_groups(&self) -> &[RowGroupMetaData] {
        self.pending.row_groups()
    }

    /// Number of the row groups in the file.
    pub(crate) fn num_row_groups(&self) -> usize {
        self.pending.num_row_groups()
    }

    /// Heap bytes of what waits for the footer.
    pub(crate) fn pending_memory_size(&self) -> usize {
        self.pending.memory_size()
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
