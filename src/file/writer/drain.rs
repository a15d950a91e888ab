//! The way of a row group's chunks out of their stores, a page at a time.

use super::closed::{ClosedColumns, RowGroupPlace};
use super::core::FileCore;
use super::output::FileOutput;
use crate::column::writer::StoredChunk;
use crate::errors::{ParquetError, Result};
use crate::meta::metadata::RowGroupMetaData;

/// A row group that is being written out: its caller brings the chunks, in the schema's order.
pub(crate) struct RowGroupDrain {
    place: RowGroupPlace,
    closed: ClosedColumns,
    chunk: Option<PlacedChunk>,
    /// There once all chunks are out.
    metadata: Option<RowGroupMetaData>,
}

/// A chunk that is being written out, and the position of its first byte.
struct PlacedChunk {
    chunk: StoredChunk,
    from: usize,
}

impl RowGroupDrain {
    /// Begins the next row group of `core`, of `rows` rows, where `out` stands.
    ///
    /// # Errors
    /// If the row group before it is not closed, or the footer is there.
    pub(crate) fn begin(core: &mut FileCore, rows: u64, out: &dyn FileOutput) -> Result<Self> {
        let ordinal = core.begin_row_group()?;
        let closed = ClosedColumns::paid_by(core.pending.reserve());
        Ok(Self {
            place: RowGroupPlace {
                offset: out.position(),
                ordinal,
            },
            closed: closed.with_rows(rows),
            chunk: None,
            metadata: None,
        })
    }

    /// Takes the chunk of the next column, which begins where `out` stands.
    ///
    /// # Errors
    /// If it is not the next column's, or has not the rows of the row group.
    pub(crate) fn add(
        &mut self,
        core: &FileCore,
        chunk: StoredChunk,
        out: &dyn FileOutput,
    ) -> Result<()> {
        self.closed.check_appendable(&core.descr, &chunk.close)?;
        let from = out.position();
        self.chunk = Some(PlacedChunk { chunk, from });
        Ok(())
    }

    /// Writes the next page of the chunk that was added last. False once all are written.
    ///
    /// # Errors
    /// If the store or the sink fails.
    pub(crate) fn write_page(
        &mut self,
        core: &mut FileCore,
        out: &mut dyn FileOutput,
    ) -> Result<bool> {
        let Some(PlacedChunk { chunk, .. }) = &mut self.chunk else {
            return Ok(false);
        };
        let (pages, scratch) = (&mut chunk.pages, &chunk.scratch);
        // Paying for the buffer may panic too, and belongs to the call that is latched then.
        let mut put = |page: &[u8]| out.put(page);
        if scratch.with_buffer(|buffer| pages.splice_page(buffer, &mut put))? {
            return Ok(true);
        }
        if let Some(PlacedChunk { chunk, from }) = self.chunk.take() {
            let StoredChunk {
                close,
                pages,
                reservation,
                ..
            } = chunk;
            drop(pages);
            let placed = close.shifted(i64::try_from(from)?)?;
            self.closed.record(Some(&mut core.pending), placed)?;
            drop(reservation);
        }
        Ok(false)
    }

    /// Writes the next part of what stands behind the chunks. False once the row group has ended.
    ///
    /// # Errors
    /// If a column is missing, or a store or the sink fails.
    pub(crate) fn write_end(
        &mut self,
        core: &mut FileCore,
        out: &mut dyn FileOutput,
    ) -> Result<bool> {
        if self.metadata.is_none() {
            let mut metadata = self
                .closed
                .take_metadata(&core.descr, &core.props, self.place)?;
            core.pending.place_filters(out.position(), &mut metadata)?;
            self.metadata = Some(metadata);
        }
        if core.pending.write_placed_filters(out)? {
            return Ok(true);
        }
        match self.metadata.take() {
            Some(metadata) => core.pending.add_row_group(metadata).map(|()| false),
            None => Err(ParquetError::Internal(
                "a row group has ended twice".to_owned(),
            )),
        }
    }
}

impl std::fmt::Debug for RowGroupDrain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowGroupDrain")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
