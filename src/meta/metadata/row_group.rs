//! `RowGroupMetaData`: one row group as the footer describes it.

use std::sync::Arc;

use super::{ColumnChunkMetaData, SortingColumn};
use crate::errors::{ParquetError, Result};
use crate::schema::types::{SchemaDescPtr, SchemaDescriptor};

/// A shared [`RowGroupMetaData`].
pub type RowGroupMetaDataPtr = Arc<RowGroupMetaData>;

/// What the footer says of one row group.
///
/// SPEC: parquet.thrift, `RowGroup`.
#[derive(Clone, Debug, PartialEq)]
pub struct RowGroupMetaData {
    columns: Vec<ColumnChunkMetaData>,
    num_rows: i64,
    sorting_columns: Option<Vec<SortingColumn>>,
    total_byte_size: i64,
    schema_descr: SchemaDescPtr,
    file_offset: Option<i64>,
    ordinal: Option<i32>,
}

impl RowGroupMetaData {
    /// A builder for a row group of `schema_descr`: no rows, no columns yet.
    pub fn builder(schema_descr: SchemaDescPtr) -> RowGroupMetaDataBuilder {
        RowGroupMetaDataBuilder(Self {
            columns: Vec::new(),
            num_rows: 0,
            sorting_columns: None,
            total_byte_size: 0,
            schema_descr,
            file_offset: None,
            ordinal: None,
        })
    }

    /// A builder that starts from this description.
    pub fn into_builder(self) -> RowGroupMetaDataBuilder {
        RowGroupMetaDataBuilder(self)
    }

    /// The column chunks, to be changed.
    pub fn columns_mut(&mut self) -> &mut [ColumnChunkMetaData] {
        &mut self.columns
    }

    /// Number of columns.
    pub fn num_columns(&self) -> usize {
        self.columns.len()
    }

    /// The `i`-th column chunk.
    ///
    /// # Panics
    /// If there are not that many columns.
    #[expect(clippy::indexing_slicing, reason = "the panic is documented")]
    pub fn column(&self, i: usize) -> &ColumnChunkMetaData {
        &self.columns[i]
    }

    /// The column chunks, in the order of the schema's leaves.
    pub fn columns(&self) -> &[ColumnChunkMetaData] {
        &self.columns
    }

    /// Number of rows.
    pub fn num_rows(&self) -> i64 {
        self.num_rows
    }

    /// By which columns the rows are sorted, if known.
    pub fn sorting_columns(&self) -> Option<&Vec<SortingColumn>> {
        self.sorting_columns.as_ref()
    }

    /// Bytes of all pages before compression.
    pub fn total_byte_size(&self) -> i64 {
        self.total_byte_size
    }

    /// Bytes of all pages as stored: the sum over the column chunks.
    pub fn compressed_size(&self) -> i64 {
        let sizes = self.columns.iter();
        sizes.map(ColumnChunkMetaData::compressed_size).sum()
    }

    /// The schema.
    pub fn schema_descr(&self) -> &SchemaDescriptor {
        &self.schema_descr
    }

    /// The schema, shared.
    pub fn schema_descr_ptr(&self) -> SchemaDescPtr {
        self.schema_descr.clone()
    }

    /// Which row group of the file this is, counted from 0. The format has 16 bits for it: of a file with one that
    /// does not fit, none is written.
    pub fn ordinal(&self) -> Option<i32> {
        self.ordinal
    }

    /// Where the first page begins, in bytes from the beginning of the file.
    pub fn file_offset(&self) -> Option<i64> {
        self.file_offset
    }

    /// Bytes on the heap that belong to this description alone; the schema is shared.
    pub(crate) fn memory_size(&self) -> usize {
        let sorting = self.sorting_columns.as_ref();
        let chunks = self.columns.iter().map(ColumnChunkMetaData::memory_size);
        self.columns.capacity() * size_of::<ColumnChunkMetaData>()
            + sorting.map_or(0, |it| it.capacity() * size_of::<SortingColumn>())
            + chunks.sum::<usize>()
    }
}

/// Builds a [`RowGroupMetaData`].
#[derive(Debug)]
pub struct RowGroupMetaDataBuilder(RowGroupMetaData);

impl RowGroupMetaDataBuilder {
    /// Sets the number of rows.
    pub fn set_num_rows(self, value: i64) -> Self {
        Self(RowGroupMetaData {
            num_rows: value,
            ..self.0
        })
    }

    /// Says by which columns the rows are sorted.
    pub fn set_sorting_columns(self, sorting_columns: Option<Vec<SortingColumn>>) -> Self {
        Self(RowGroupMetaData {
            sorting_columns,
            ..self.0
        })
    }

    /// Sets the bytes of all pages before compression.
    pub fn set_total_byte_size(self, value: i64) -> Self {
        Self(RowGroupMetaData {
            total_byte_size: value,
            ..self.0
        })
    }

    /// Takes the column chunks out.
    pub fn take_columns(&mut self) -> Vec<ColumnChunkMetaData> {
        std::mem::take(&mut self.0.columns)
    }

    /// Sets all column chunks.
    pub fn set_column_metadata(self, value: Vec<ColumnChunkMetaData>) -> Self {
        Self(RowGroupMetaData {
            columns: value,
            ..self.0
        })
    }

    /// Adds the next column chunk.
    pub fn add_column_metadata(mut self, value: ColumnChunkMetaData) -> Self {
        self.0.columns.push(value);
        self
    }

    /// Says which row group of the file this is, counted from 0.
    pub fn set_ordinal(self, value: i32) -> Self {
        Self(RowGroupMetaData {
            ordinal: Some(value),
            ..self.0
        })
    }

    /// Sets where the first page begins.
    pub fn set_file_offset(self, value: i64) -> Self {
        Self(RowGroupMetaData {
            file_offset: Some(value),
            ..self.0
        })
    }

    /// The description.
    ///
    /// # Errors
    /// If the number of column chunks is not that of the schema's leaves.
    pub fn build(self) -> Result<RowGroupMetaData> {
        let expected = self.0.schema_descr.num_columns();
        let found = self.0.columns.len();
        if expected != found {
            return Err(ParquetError::General(format!(
                "Column length mismatch: {expected} != {found}"
            )));
        }
        Ok(self.0)
    }
}
