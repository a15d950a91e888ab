//! What the closed columns of a row group have left.

use super::pending::Pending;
use crate::bloom_filter::Sbbf;
use crate::budget::Reservation;
use crate::column::chunk::ColumnCloseResult;
use crate::errors::{ParquetError, Result};
use crate::latch::Latch;
use crate::meta::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use crate::meta::page_index::column_index::ColumnIndexMetaData;
use crate::meta::page_index::offset_index::OffsetIndexMetaData;
use crate::meta::properties::WriterProperties;
use crate::schema::types::SchemaDescPtr;

/// The columns of a row group that are closed, in the schema's order.
#[derive(Default)]
pub(super) struct ClosedColumns {
    rows: Option<u64>,
    uncompressed_bytes: i64,
    chunks: Vec<ColumnChunkMetaData>,
    bloom_filters: Vec<Option<Sbbf>>,
    column_indexes: Vec<Option<ColumnIndexMetaData>>,
    offset_indexes: Vec<Option<OffsetIndexMetaData>>,
    latch: Latch,
    /// Heap bytes of the above but for the vectors' own.
    memory: usize,
    reservation: Option<Reservation>,
}

/// Where in the file a row group stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowGroupPlace {
    pub(super) offset: usize,
    pub(super) ordinal: i32,
}

/// Per column the Bloom filter, the column index and the offset index.
type Kept = (
    Vec<Option<Sbbf>>,
    Vec<Option<ColumnIndexMetaData>>,
    Vec<Option<OffsetIndexMetaData>>,
);

impl ClosedColumns {
    /// None yet; what they leave is paid for by `reservation`, if there is one.
    pub(super) fn paid_by(reservation: Option<Reservation>) -> Self {
        Self {
            reservation,
            ..Self::default()
        }
    }

    /// Sets the number of rows that every column must have; without columns it is the row group's.
    #[cfg(feature = "arrow")]
    pub(super) fn with_rows(self, rows: u64) -> Self {
        Self {
            rows: Some(rows),
            ..self
        }
    }

    /// Number of columns.
    pub(super) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// An error if the end of a column failed.
    pub(super) fn check(&self) -> Result<()> {
        self.latch.check()
    }

    /// Runs a call of which a failure is the row group's.
    pub(super) fn watching<T>(&mut self, call: impl FnOnce() -> Result<T>) -> Result<T> {
        self.latch.begin()?;
        let result = call();
        self.latch.end(result)
    }

    /// Takes over what a column writer leaves when it is closed, and what paid for it until then. Its failure is the
    /// row group's.
    pub(super) fn end(
        &mut self,
        pending: Option<&mut Pending>,
        close: impl FnOnce() -> Result<(ColumnCloseResult, Reservation)>,
    ) -> Result<()> {
        self.latch.begin()?;
        let recorded = close().and_then(|(close, _paid)| self.record(pending, close));
        self.latch.end(recorded)
    }

    /// An error if `close` is not that of the next column of `descr`, or has other rows than those before it.
    pub(super) fn check_appendable(
        &self,
        descr: &SchemaDescPtr,
        close: &ColumnCloseResult,
    ) -> Result<()> {
        let Some(descr) = descr.columns().get(self.len()) else {
            return Err(ParquetError::General(
                "exhausted columns in SerializedRowGroupWriter".to_owned(),
            ));
        };
        let appended = close.metadata.column_descr_ptr();
        if **descr != *appended {
            return Err(ParquetError::General(format!(
                "column descriptor mismatch: expected {} got {}",
                descr.path().string(),
                appended.path().string()
            )));
        }
        self.check_rows(close)
    }

    /// Takes over what the next column has left; what belongs to the end of the file goes to `pending`, if there is a
    /// file.
    pub(super) fn record(
        &mut self,
        pending: Option<&mut Pending>,
        close: ColumnCloseResult,
    ) -> Result<()> {
        self.check_rows(&close)?;
        self.rows = Some(close.rows_written);
        self.uncompressed_bytes += close.metadata.uncompressed_size();
        match pending {
            Some(pending) => {
                let metadata = pending.add_column(self.chunks.len(), close)?;
                self.memory += metadata.memory_size();
                self.chunks.push(metadata);
            }
            None => {
                self.memory += close.memory_size();
                self.chunks.push(close.metadata);
                self.bloom_filters.push(close.bloom_filter);
                self.column_indexes.push(close.column_index);
                self.offset_indexes.push(close.offset_index);
            }
        }
        let size = self.memory_size();
        if let Some(reservation) = &mut self.reservation {
            reservation.resize(size);
        }
        Ok(())
    }

    /// The metadata of the row group, which takes that of the columns.
    pub(super) fn take_metadata(
        &mut self,
        descr: &SchemaDescPtr,
        props: &WriterProperties,
        place: RowGroupPlace,
    ) -> Result<RowGroupMetaData> {
        RowGroupMetaData::builder(descr.clone())
            .set_num_rows(i64::try_from(self.rows.unwrap_or(0))?)
            .set_total_byte_size(self.uncompressed_bytes)
            .set_column_metadata(std::mem::take(&mut self.chunks))
            .set_sorting_columns(props.sorting_columns().cloned())
            .set_file_offset(i64::try_from(place.offset)?)
            .set_ordinal(place.ordinal)
            .build()
    }

    /// What was kept where there is no file.
    pub(super) fn into_kept(self) -> Kept {
        (self.bloom_filters, self.column_indexes, self.offset_indexes)
    }

    fn check_rows(&self, close: &ColumnCloseResult) -> Result<()> {
        match self.rows {
            Some(rows) if rows != close.rows_written => Err(ParquetError::General(format!(
                "Incorrect number of rows, expected {rows} != {} rows (column {})",
                close.rows_written,
                close.metadata.column_descr().path().string()
            ))),
            _ => Ok(()),
        }
    }

    fn memory_size(&self) -> usize {
        self.memory
            + self.chunks.capacity() * size_of::<ColumnChunkMetaData>()
            + self.bloom_filters.capacity() * size_of::<Option<Sbbf>>()
            + self.column_indexes.capacity() * size_of::<Option<ColumnIndexMetaData>>()
            + self.offset_indexes.capacity() * size_of::<Option<OffsetIndexMetaData>>()
    }
}
