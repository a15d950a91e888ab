//! The page indexes of a whole file: where they come from, and a store that holds them all.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use crate::meta::page_index::column_index::ColumnIndexMetaData;
use crate::meta::page_index::offset_index::{OffsetIndexMetaData, PageLocation};

/// Gives out the indexes of column chunks, each named by its row group and its column, both counted
/// from 0. Past the last of either there is no index.
pub trait PageIndexProvider: Send + Sync + Debug {
    /// Whether any chunk has an offset index.
    fn has_offset_indexes(&self) -> bool;

    /// Whether any chunk has a column index.
    fn has_column_indexes(&self) -> bool;

    /// Whether there are indexes of both kinds: whether any chunk has an offset index, and any a column index. Single
    /// chunks may still lack either.
    fn is_complete(&self) -> bool {
        self.has_offset_indexes() && self.has_column_indexes()
    }

    /// The column index of a chunk.
    fn column_index(&self, row_group_idx: usize, column_idx: usize)
    -> Option<&ColumnIndexMetaData>;

    /// The offset index of a chunk.
    fn offset_index(&self, row_group_idx: usize, column_idx: usize)
    -> Option<&OffsetIndexMetaData>;

    /// Number of data pages of a chunk, if it has an offset index.
    fn num_data_pages(&self, row_group_idx: usize, column_idx: usize) -> Option<usize> {
        self.page_locations(row_group_idx, column_idx).map(Vec::len)
    }

    /// The places of the data pages of a chunk, if it has an offset index.
    fn page_locations(
        &self,
        row_group_idx: usize,
        column_idx: usize,
    ) -> Option<&Vec<PageLocation>> {
        let index = self.offset_index(row_group_idx, column_idx)?;
        Some(index.page_locations())
    }

    /// The provider itself, for who knows its type.
    fn as_any(&self) -> &dyn Any;
}

/// The page indexes of one row group.
#[derive(Clone, Debug)]
pub struct RowGroupPageIndex {
    row_group_idx: usize,
    page_index: Option<Arc<dyn PageIndexProvider>>,
}

impl RowGroupPageIndex {
    /// What `page_index` knows of the row group `row_group_idx`.
    pub fn new(row_group_idx: usize, page_index: Option<Arc<dyn PageIndexProvider>>) -> Self {
        Self {
            row_group_idx,
            page_index,
        }
    }

    /// The column index of a chunk.
    pub fn column_index(&self, column_idx: usize) -> Option<&ColumnIndexMetaData> {
        let provider = self.page_index.as_ref()?;
        provider.column_index(self.row_group_idx, column_idx)
    }

    /// The offset index of a chunk.
    pub fn offset_index(&self, column_idx: usize) -> Option<&OffsetIndexMetaData> {
        let provider = self.page_index.as_ref()?;
        provider.offset_index(self.row_group_idx, column_idx)
    }

    /// Number of data pages of a chunk, if it has an offset index.
    pub fn num_data_pages(&self, column_idx: usize) -> Option<usize> {
        let provider = self.page_index.as_ref()?;
        provider.num_data_pages(self.row_group_idx, column_idx)
    }

    /// The places of the data pages of a chunk, if it has an offset index.
    pub fn page_locations(&self, column_idx: usize) -> Option<&Vec<PageLocation>> {
        let provider = self.page_index.as_ref()?;
        provider.page_locations(self.row_group_idx, column_idx)
    }
}

/// One slot a column chunk: row groups, and within them columns.
type Slots<T> = Vec<Vec<Option<T>>>;

/// The page indexes of a whole file, all in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PageIndex {
    column_indexes: Option<Slots<ColumnIndexMetaData>>,
    offset_indexes: Option<Slots<OffsetIndexMetaData>>,
}

impl PageIndex {
    /// Indexes by row group and column; `None` for a whole kind that the file does not have.
    pub fn new(
        column_indexes: Option<Vec<Vec<Option<ColumnIndexMetaData>>>>,
        offset_indexes: Option<Vec<Vec<Option<OffsetIndexMetaData>>>>,
    ) -> Self {
        Self {
            column_indexes,
            offset_indexes,
        }
    }

    /// A builder that starts from these indexes.
    pub fn into_builder(self) -> PageIndexBuilder {
        PageIndexBuilder::from(self)
    }
}

impl PageIndexProvider for PageIndex {
    fn has_offset_indexes(&self) -> bool {
        has_any(self.offset_indexes.as_ref())
    }

    fn has_column_indexes(&self) -> bool {
        has_any(self.column_indexes.as_ref())
    }

    fn column_index(
        &self,
        row_group_idx: usize,
        column_idx: usize,
    ) -> Option<&ColumnIndexMetaData> {
        find(self.column_indexes.as_ref(), row_group_idx, column_idx)
    }

    fn offset_index(
        &self,
        row_group_idx: usize,
        column_idx: usize,
    ) -> Option<&OffsetIndexMetaData> {
        find(self.offset_indexes.as_ref(), row_group_idx, column_idx)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Fills a [`PageIndex`] chunk by chunk.
#[derive(Debug, Default)]
pub struct PageIndexBuilder {
    num_row_groups: usize,
    num_columns: usize,
    page_index: PageIndex,
}

impl From<PageIndex> for PageIndexBuilder {
    /// A builder that starts from these indexes, for as many row groups and columns as they have room for.
    fn from(page_index: PageIndex) -> Self {
        let (groups, columns) = shape(page_index.column_indexes.as_ref());
        let (more_groups, more_columns) = shape(page_index.offset_indexes.as_ref());
        Self {
            num_row_groups: groups.max(more_groups),
            num_columns: columns.max(more_columns),
            page_index,
        }
    }
}

impl PageIndexBuilder {
    /// A builder for a file of that many row groups and columns.
    pub fn new(num_row_groups: usize, num_columns: usize) -> Self {
        Self {
            num_row_groups,
            num_columns,
            page_index: PageIndex::default(),
        }
    }

    /// Makes room for the column indexes of all chunks and drops those put before.
    pub fn allocate_column_indexes(&mut self, num_row_groups: usize, num_columns: usize) {
        self.page_index.column_indexes = Some(empty_slots(num_row_groups, num_columns));
    }

    /// Makes room for the offset indexes of all chunks and drops those put before.
    pub fn allocate_offset_indexes(&mut self, num_row_groups: usize, num_columns: usize) {
        self.page_index.offset_indexes = Some(empty_slots(num_row_groups, num_columns));
    }

    /// Adds the column index of a chunk; one past the last chunk is dropped.
    pub fn put_column_index(
        &mut self,
        column_index: ColumnIndexMetaData,
        row_group_idx: usize,
        column_idx: usize,
    ) {
        let slots = self
            .page_index
            .column_indexes
            .get_or_insert_with(|| empty_slots(self.num_row_groups, self.num_columns));
        put(slots, column_index, row_group_idx, column_idx);
    }

    /// Adds the offset index of a chunk; one past the last chunk is dropped.
    pub fn put_offset_index(
        &mut self,
        offset_index: OffsetIndexMetaData,
        row_group_idx: usize,
        column_idx: usize,
    ) {
        let slots = self
            .page_index
            .offset_indexes
            .get_or_insert_with(|| empty_slots(self.num_row_groups, self.num_columns));
        put(slots, offset_index, row_group_idx, column_idx);
    }

    /// The indexes put so far.
    pub fn build(self) -> PageIndex {
        self.page_index
    }
}

/// Row groups, and the columns of the widest.
fn shape<T>(slots: Option<&Slots<T>>) -> (usize, usize) {
    let groups = slots.map(Vec::as_slice).unwrap_or_default();
    (groups.len(), groups.iter().map(Vec::len).max().unwrap_or(0))
}

fn empty_slots<T>(num_row_groups: usize, num_columns: usize) -> Slots<T> {
    let row_group = || (0..num_columns).map(|_| None).collect();
    (0..num_row_groups).map(|_| row_group()).collect()
}

fn put<T>(slots: &mut Slots<T>, index: T, row_group_idx: usize, column_idx: usize) {
    let row_group = slots.get_mut(row_group_idx);
    if let Some(slot) = row_group.and_then(|columns| columns.get_mut(column_idx)) {
        *slot = Some(index);
    }
}

fn find<T>(slots: Option<&Slots<T>>, row_group_idx: usize, column_idx: usize) -> Option<&T> {
    slots?.get(row_group_idx)?.get(column_idx)?.as_ref()
}

fn has_any<T>(slots: Option<&Slots<T>>) -> bool {
    slots.is_some_and(|slots| slots.iter().flatten().any(Option::is_some))
}
