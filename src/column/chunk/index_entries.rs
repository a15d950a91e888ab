//! What the column index says of each page, while the chunk grows.

use super::facts::DataPageFacts;
use super::number_log::NumberLog;
use crate::basic::{BoundaryOrder, Type};
use crate::column::stats::{BoundsOrder, Truncation, boundary_order};
use crate::errors::{ParquetError, Result};
use crate::meta::page_index::column_index::{ColumnIndex, ColumnIndexMetaData, PageBounds};

/// How the bounds of a page enter the column index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexOptions {
    /// How bounds compare; decides the boundary order.
    pub(crate) order: BoundsOrder,
    /// How long bounds are cut.
    pub(crate) truncation: Truncation,
    /// How long those of later pages are cut.
    pub(crate) later: Option<LaterCut>,
}

/// A shorter cut, for when there are many bytes of bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaterCut {
    /// Bytes of bounds from which on it counts.
    pub(crate) from_bytes: usize,
    /// How long bounds are cut then.
    pub(crate) truncation: Truncation,
}

/// Bounds of each page, and the counts that go with them.
#[derive(Debug)]
pub(super) struct IndexEntries {
    options: IndexOptions,
    valid: bool,
    shape: Shape,
    counts: NumberLog,
    bounds: PageBounds,
}

/// How many numbers there are, in all and of each page.
#[derive(Debug, Default)]
struct Shape {
    pages: usize,
    has_nans: bool,
    definition_levels: usize,
    repetition_levels: usize,
}

impl IndexEntries {
    pub(super) fn new(options: IndexOptions) -> Self {
        Self {
            options,
            valid: true,
            shape: Shape::default(),
            counts: NumberLog::default(),
            bounds: PageBounds::default(),
        }
    }

    /// Records the next page.
    pub(super) fn record(&mut self, facts: &DataPageFacts<'_>) -> Result<()> {
        // SPEC: parquet.thrift, `ColumnIndex.null_pages`: a page is null when it holds no value; a row
        // may hold several, so rows and nulls cannot tell.
        let is_null_page = facts.present == 0;
        let truncation = self.truncation();
        let bounds = facts.bounds.and_then(|(min, max)| {
            let (max, _) = truncation.max_within(max)?;
            Some((truncation.min(min).0, max))
        });
        match bounds {
            _ if !self.valid => return Ok(()),
            Some((min, max)) if !is_null_page => self.bounds.push(&min, &max)?,
            _ if is_null_page => self.bounds.push(&[], &[])?,
            // A page with values and without bounds: no reader could use the index.
            _ => {
                self.valid = false;
                self.bounds = PageBounds::default();
                self.counts = NumberLog::default();
                return Ok(());
            }
        }
        if self.shape.pages == 0 {
            self.shape = Shape::of(facts);
        }
        self.shape.pages += 1;
        let nulls = (facts.slots - facts.present) as u64;
        self.counts.push(nulls << 1 | u64::from(is_null_page));
        if self.shape.has_nans {
            self.counts.push(facts.nan_count.unwrap_or(0));
        }
        let histograms = [facts.definition_histogram, facts.repetition_histogram];
        for slots in histograms.into_iter().flatten() {
            self.counts.push(u64::try_from(*slots)?);
        }
        Ok(())
    }

    /// Heap bytes, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        self.counts.memory_size() + self.bounds.memory_size()
    }

    /// Bytes that [`build`](Self::build) takes, and the index while it is written.
    pub(super) fn ending_bytes(&self) -> usize {
        let shape = &self.shape;
        let numbers =
            1 + usize::from(shape.has_nans) + shape.definition_levels + shape.repetition_levels;
        shape.pages * (size_of::<bool>() + numbers * size_of::<i64>()) + self.bounds.memory_size()
    }

    /// The index, unless readers could not use it; bounds of byte arrays move into it as they are.
    pub(super) fn build(self, physical_type: Type) -> Result<Option<ColumnIndexMetaData>> {
        if !self.valid {
            return Ok(None);
        }
        let Shape {
            pages,
            has_nans,
            definition_levels,
            repetition_levels,
        } = self.shape;
        let mut null_pages = Vec::with_capacity(pages);
        let mut null_counts = Vec::with_capacity(pages);
        let mut nan_counts = Vec::with_capacity(if has_nans { pages } else { 0 });
        let mut definition = Vec::with_capacity(pages * definition_levels);
        let mut repetition = Vec::with_capacity(pages * repetition_levels);
        let mut counts = self.counts.iter();
        let mut next = || counts.next().ok_or_else(lost);
        for _ in 0..pages {
            let nulls = next()?;
            null_pages.push(nulls & 1 == 1);
            null_counts.push(i64::try_from(nulls >> 1)?);
            if has_nans {
                nan_counts.push(i64::try_from(next()?)?);
            }
            for _ in 0..definition_levels {
                definition.push(i64::try_from(next()?)?);
            }
            for _ in 0..repetition_levels {
                repetition.push(i64::try_from(next()?)?);
            }
        }
        let index = ColumnIndex {
            boundary_order: stored_order(self.options.order, &null_pages, &self.bounds),
            null_pages,
            null_counts: Some(null_counts),
            nan_counts: known(nan_counts),
            repetition_level_histograms: known(repetition),
            definition_level_histograms: known(definition),
        };
        ColumnIndexMetaData::try_new(physical_type, index, self.bounds.tight()).map(Some)
    }

    fn truncation(&self) -> Truncation {
        match self.options.later {
            Some(later) if self.bounds.len_bytes() >= later.from_bytes => later.truncation,
            _ => self.options.truncation,
        }
    }
}

impl Shape {
    fn of(facts: &DataPageFacts<'_>) -> Self {
        Self {
            pages: 0,
            has_nans: facts.nan_count.is_some(),
            definition_levels: facts.definition_histogram.len(),
            repetition_levels: facts.repetition_histogram.len(),
        }
    }
}

/// The order of the bounds as readers will find them.
fn stored_order(order: BoundsOrder, null_pages: &[bool], bounds: &PageBounds) -> BoundaryOrder {
    let pages = null_pages.iter().enumerate();
    let pages = pages.filter(|(_, is_null_page)| !**is_null_page);
    let stored = pages.filter_map(|(page, _)| bounds.min(page).zip(bounds.max(page)));
    boundary_order(order, stored)
}

fn known(counts: Vec<i64>) -> Option<Vec<i64>> {
    (!counts.is_empty()).then_some(counts)
}

fn lost() -> ParquetError {
    ParquetError::General("the counts of a page were lost".to_string())
}
