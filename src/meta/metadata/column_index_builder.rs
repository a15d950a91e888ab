//! `ColumnIndexBuilder`: gathers a column index page by page.

use std::panic::{RefUnwindSafe, UnwindSafe};

use super::LevelHistogram;
use crate::basic::{BoundaryOrder, Type};
use crate::errors::{ParquetError, Result};
use crate::meta::page_index::column_index::{ColumnIndex, ColumnIndexMetaData, PageBounds};

/// Gathers what a column index says of each page of a column chunk, in the order of the pages.
#[derive(Debug)]
pub struct ColumnIndexBuilder {
    physical_type: Type,
    boundary_order: BoundaryOrder,
    null_pages: Vec<bool>,
    null_counts: Vec<i64>,
    nan_counts: Vec<i64>,
    repetition_level_histograms: Vec<i64>,
    definition_level_histograms: Vec<i64>,
    bounds: PageBounds,
    state: State,
}

#[derive(Debug)]
enum State {
    Valid,
    /// Given up by [`ColumnIndexBuilder::to_invalid`].
    Invalid,
    /// A page could not be recorded; [`ColumnIndexBuilder::build`] says why.
    Failed(ParquetError),
}

// A page that was recorded by halves is noted as a failure.
impl UnwindSafe for ColumnIndexBuilder {}
impl RefUnwindSafe for ColumnIndexBuilder {}

impl ColumnIndexBuilder {
    /// A builder for a column of `column_type`, without pages, unordered, valid.
    pub fn new(column_type: Type) -> Self {
        Self {
            physical_type: column_type,
            boundary_order: BoundaryOrder::UNORDERED,
            null_pages: Vec::new(),
            null_counts: Vec::new(),
            nan_counts: Vec::new(),
            repetition_level_histograms: Vec::new(),
            definition_level_histograms: Vec::new(),
            bounds: PageBounds::default(),
            state: State::Valid,
        }
    }

    /// Records the next page: its bounds in PLAIN encoding without a length, and its counts. A null
    /// page, one that holds nothing but nulls, has no bounds; those given are dropped.
    ///
    /// `nan_count` is for floating-point columns, and then for all of their pages.
    pub fn append(
        &mut self,
        null_page: bool,
        min_value: Vec<u8>,
        max_value: Vec<u8>,
        null_count: i64,
        nan_count: Option<i64>,
    ) {
        if !self.valid() {
            return;
        }
        let pushed = if null_page {
            self.bounds.push(&[], &[])
        } else {
            self.bounds.push(&min_value, &max_value)
        };
        if let Err(error) = pushed {
            self.give_up(State::Failed(error));
            return;
        }
        self.null_pages.push(null_page);
        self.null_counts.push(null_count);
        self.nan_counts.extend(nan_count);
    }

    /// Records the level histograms of the page that was appended last.
    pub fn append_histograms(
        &mut self,
        repetition_level_histogram: &Option<LevelHistogram>,
        definition_level_histogram: &Option<LevelHistogram>,
    ) {
        if !self.valid() {
            return;
        }
        let repetition = repetition_level_histogram.as_ref();
        let definition = definition_level_histogram.as_ref();
        self.repetition_level_histograms
            .extend_from_slice(repetition.map_or(&[], LevelHistogram::values));
        self.definition_level_histograms
            .extend_from_slice(definition.map_or(&[], LevelHistogram::values));
    }

    /// Says how the bounds of the pages follow one another; null pages do not count.
    pub fn set_boundary_order(&mut self, boundary_order: BoundaryOrder) {
        self.boundary_order = boundary_order;
    }

    /// Gives the index up, for a chunk with a page that has values and no bounds. What was gathered is
    /// dropped, and later pages are not recorded.
    pub fn to_invalid(&mut self) {
        self.give_up(State::Invalid);
    }

    /// Whether the index can still be built.
    pub fn valid(&self) -> bool {
        matches!(self.state, State::Valid)
    }

    /// The index of all pages so far.
    ///
    /// # Errors
    /// If the index was given up, a bound has not the width of the column's type, or NaN counts are
    /// known for some of the pages only.
    pub fn build(self) -> Result<ColumnIndexMetaData> {
        match self.state {
            State::Valid => {}
            State::Invalid => {
                return Err(ParquetError::General(
                    "a column index that was given up cannot be built".to_string(),
                ));
            }
            State::Failed(error) => return Err(error),
        }
        let nan_counts = known(self.nan_counts);
        if let Some(nan_counts) = &nan_counts
            && nan_counts.len() != self.null_pages.len()
        {
            return Err(ParquetError::General(format!(
                "NaN counts are known for {} of {} pages",
                nan_counts.len(),
                self.null_pages.len()
            )));
        }
        let index = ColumnIndex {
            null_pages: tight(self.null_pages),
            boundary_order: self.boundary_order,
            null_counts: Some(tight(self.null_counts)),
            nan_counts,
            repetition_level_histograms: known(self.repetition_level_histograms),
            definition_level_histograms: known(self.definition_level_histograms),
        };
        ColumnIndexMetaData::try_new(self.physical_type, index, self.bounds.tight())
    }

    fn give_up(&mut self, state: State) {
        *self = Self {
            state,
            boundary_order: self.boundary_order,
            ..Self::new(self.physical_type)
        };
    }
}

fn known(counts: Vec<i64>) -> Option<Vec<i64>> {
    (!counts.is_empty()).then(|| tight(counts))
}

/// Indexes may wait for the footer for long: without the room that their vectors grew into.
fn tight<T>(mut values: Vec<T>) -> Vec<T> {
    values.shrink_to_fit();
    values
}
