//! `ParquetMetaData`: the footer as a whole, and the page indexes that belong to it.

use std::sync::Arc;

use super::page_index::{PageIndexProvider, RowGroupPageIndex};
use super::{FileMetaData, RowGroupMetaData};
use crate::errors::{ParquetError, Result};
use crate::meta::page_index::column_index::ColumnIndexMetaData;
use crate::meta::page_index::offset_index::OffsetIndexMetaData;

/// Everything that describes a file: the file as a whole, its row groups, and the indexes of their
/// pages.
#[derive(Clone, Debug)]
pub struct ParquetMetaData {
    file_metadata: FileMetaData,
    row_groups: Vec<RowGroupMetaData>,
    page_index: Option<Arc<dyn PageIndexProvider>>,
}

impl ParquetMetaData {
    /// A description without page indexes.
    pub fn new(file_metadata: FileMetaData, row_groups: Vec<RowGroupMetaData>) -> Self {
        Self {
            file_metadata,
            row_groups,
            page_index: None,
        }
    }

    /// A builder that starts from this description.
    pub fn into_builder(self) -> ParquetMetaDataBuilder {
        ParquetMetaDataBuilder(self)
    }

    /// The file as a whole.
    pub fn file_metadata(&self) -> &FileMetaData {
        &self.file_metadata
    }

    /// Number of row groups.
    pub fn num_row_groups(&self) -> usize {
        self.row_groups.len()
    }

    /// The `i`-th row group.
    ///
    /// # Panics
    /// If there are not that many row groups.
    #[expect(clippy::indexing_slicing, reason = "the panic is documented")]
    pub fn row_group(&self, i: usize) -> &RowGroupMetaData {
        &self.row_groups[i]
    }

    /// All row groups.
    pub fn row_groups(&self) -> &[RowGroupMetaData] {
        &self.row_groups
    }

    /// Number of rows of the `i`-th row group.
    ///
    /// # Errors
    /// If there are not that many row groups, or the number is negative.
    pub fn row_group_num_rows(&self, i: usize) -> Result<usize> {
        let row_group = self.row_groups.get(i);
        let row_group =
            row_group.ok_or_else(|| ParquetError::IndexOutOfBound(i, self.row_groups.len()))?;
        Ok(usize::try_from(row_group.num_rows())?)
    }

    /// The indexes of all pages, if there are any.
    pub fn page_index(&self) -> Option<&Arc<dyn PageIndexProvider>> {
        self.page_index.as_ref()
    }

    /// The indexes of the pages of the `i`-th row group.
    pub fn page_index_for_row_group(&self, i: usize) -> RowGroupPageIndex {
        RowGroupPageIndex::new(i, self.page_index.clone())
    }

    /// Bytes of memory that the description takes, its schema and its page indexes included.
    pub fn memory_size(&self) -> usize {
        let row_groups = self.row_groups.iter().map(RowGroupMetaData::memory_size);
        let page_index = self.page_indexes().map(|(column_index, offset_index)| {
            let column_index = column_index.map_or(0, |index| {
                size_of::<ColumnIndexMetaData>() + index.memory_size()
            });
            let offset_index = offset_index.map_or(0, |index| {
                size_of::<OffsetIndexMetaData>() + index.memory_size()
            });
            column_index + offset_index
        });
        size_of::<Self>()
            + self.file_metadata.memory_size()
            + self.row_groups.capacity() * size_of::<RowGroupMetaData>()
            + row_groups.sum::<usize>()
            + page_index.sum::<usize>()
    }

    /// Both indexes of every column chunk, row group by row group.
    fn page_indexes(
        &self,
    ) -> impl Iterator<Item = (Option<&ColumnIndexMetaData>, Option<&OffsetIndexMetaData>)> {
        let row_groups = self.row_groups.iter().enumerate();
        row_groups.flat_map(move |(row_group, metadata)| {
            (0..metadata.num_columns()).map(move |column| match &self.page_index {
                Some(provider) => (
                    provider.column_index(row_group, column),
                    provider.offset_index(row_group, column),
                ),
                None => (None, None),
            })
        })
    }
}

/// Two descriptions are equal if all they say is; where page indexes come from does not matter.
impl PartialEq for ParquetMetaData {
    fn eq(&self, other: &Self) -> bool {
        self.file_metadata == other.file_metadata
            && self.row_groups == other.row_groups
            && self.page_indexes().eq(other.page_indexes())
    }
}

/// Builds a [`ParquetMetaData`].
#[derive(Debug)]
pub struct ParquetMetaDataBuilder(ParquetMetaData);

impl From<ParquetMetaData> for ParquetMetaDataBuilder {
    /// A builder that starts from a description.
    fn from(metadata: ParquetMetaData) -> Self {
        Self::new_from_metadata(metadata)
    }
}

impl ParquetMetaDataBuilder {
    /// A builder without row groups.
    pub fn new(file_metadata: FileMetaData) -> Self {
        Self(ParquetMetaData::new(file_metadata, Vec::new()))
    }

    /// A builder that starts from a description.
    pub fn new_from_metadata(metadata: ParquetMetaData) -> Self {
        Self(metadata)
    }

    /// Adds the next row group.
    pub fn add_row_group(mut self, row_group: RowGroupMetaData) -> Self {
        self.0.row_groups.push(row_group);
        self
    }

    /// Sets all row groups.
    pub fn set_row_groups(self, row_groups: Vec<RowGroupMetaData>) -> Self {
        Self(ParquetMetaData {
            row_groups,
            ..self.0
        })
    }

    /// Takes the row groups out.
    pub fn take_row_groups(&mut self) -> Vec<RowGroupMetaData> {
        std::mem::take(&mut self.0.row_groups)
    }

    /// The row groups so far.
    pub fn row_groups(&self) -> &[RowGroupMetaData] {
        &self.0.row_groups
    }

    /// Sets where page indexes come from.
    pub fn set_page_index(self, page_index: Option<Arc<dyn PageIndexProvider>>) -> Self {
        Self(ParquetMetaData {
            page_index,
            ..self.0
        })
    }

    /// Takes the page indexes out.
    pub fn take_page_index(&mut self) -> Option<Arc<dyn PageIndexProvider>> {
        self.0.page_index.take()
    }

    /// Where page indexes come from.
    pub fn page_index(&self) -> Option<&dyn PageIndexProvider> {
        self.0.page_index.as_deref()
    }

    /// The description.
    pub fn build(self) -> ParquetMetaData {
        self.0
    }
}
