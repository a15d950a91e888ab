//! The facts of a chunk's pages, kept compactly while the chunk grows. Offsets are not facts:
//! [`layout`](super::layout) computes them when the chunk ends.

use super::close::index_writing_bytes;
use super::facts::{DataPageFacts, DictionaryFacts};
use crate::basic::{BoundaryOrder, Encoding, EncodingMask, PageType};
use crate::column::stats::{BoundsOrder, Truncation, boundary_order};
use crate::errors::Result;
use crate::file::metadata::PageEncodingStats;
use crate::file::page_index::column_index::PageBounds;

/// Which records a ledger keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LedgerOptions {
    /// Bounds, null counts and histograms of each page.
    pub(crate) column_index: Option<IndexOptions>,
    /// Sizes of each page. Row counts and encodings are always kept.
    pub(crate) offset_index: bool,
}

/// How the bounds of a page enter the column index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexOptions {
    /// How bounds compare; decides the boundary order.
    pub(crate) order: BoundsOrder,
    /// How long bounds are cut.
    pub(crate) truncation: Truncation,
}

/// Sums over a chunk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChunkTotals {
    /// Rows.
    pub(crate) rows: u64,
    /// Slots, nulls included.
    pub(crate) slots: u64,
    /// Slots without a value.
    pub(crate) nulls: u64,
    /// Bytes of pages, headers included, as stored.
    pub(crate) compressed: u64,
    /// Bytes of pages, headers included, bodies before compression.
    pub(crate) uncompressed: u64,
    /// Bytes of byte-array values before encoding, if counted.
    pub(crate) unencoded: Option<i64>,
}

/// All that is remembered of a chunk's pages.
#[derive(Debug)]
pub(crate) struct ChunkLedger {
    pub(super) dictionary: Option<DictionaryFacts>,
    pub(super) pages: Vec<PageEntry>,
    pub(super) unencoded: Option<Vec<i64>>,
    pub(super) encodings: EncodingMask,
    pub(super) encoding_stats: Vec<PageEncodingStats>,
    pub(super) index: Option<IndexEntries>,
    pub(super) definition_histogram: Vec<i64>,
    pub(super) repetition_histogram: Vec<i64>,
    pub(super) keep_pages: bool,
    largest_page: usize,
    totals: ChunkTotals,
}

/// Size and first row of one data page.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageEntry {
    pub(super) len: u32,
    pub(super) first_row: i64,
}

/// What the column index says of each page, flat.
#[derive(Debug)]
pub(super) struct IndexEntries {
    options: IndexOptions,
    pub(super) valid: bool,
    pub(super) null_pages: Vec<bool>,
    pub(super) null_counts: Vec<i64>,
    pub(super) nan_counts: Vec<i64>,
    pub(super) bounds: PageBounds,
    pub(super) definition_histograms: Vec<i64>,
    pub(super) repetition_histograms: Vec<i64>,
}

impl ChunkLedger {
    pub(crate) fn new(options: LedgerOptions) -> Self {
        Self {
            dictionary: None,
            pages: Vec::new(),
            unencoded: None,
            encodings: EncodingMask::new_from_encodings([Encoding::RLE].iter()),
            encoding_stats: Vec::new(),
            index: options.column_index.map(IndexEntries::new),
            definition_histogram: Vec::new(),
            repetition_histogram: Vec::new(),
            keep_pages: options.offset_index,
            largest_page: 0,
            totals: ChunkTotals::default(),
        }
    }

    /// Records the next data page.
    ///
    /// # Errors
    /// If a number does not fit the format.
    pub(crate) fn record_data(&mut self, facts: &DataPageFacts<'_>) -> Result<()> {
        let len = facts.header_len + facts.body_len;
        if self.keep_pages {
            let first_row = i64::try_from(self.totals.rows)?;
            self.pages.push(PageEntry {
                len: u32::try_from(len)?,
                first_row,
            });
            if let Some(bytes) = facts.unencoded_bytes {
                self.unencoded.get_or_insert_default().push(bytes);
            }
        }
        if let Some(index) = &mut self.index {
            index.record(facts)?;
        }
        add(&mut self.definition_histogram, facts.definition_histogram);
        add(&mut self.repetition_histogram, facts.repetition_histogram);
        self.record_encoding(facts.page_type, facts.encoding);
        self.totals.rows += facts.rows as u64;
        self.totals.slots += facts.slots as u64;
        self.totals.nulls += (facts.slots - facts.present) as u64;
        self.totals.compressed += len as u64;
        self.totals.uncompressed += (facts.header_len + facts.uncompressed_len) as u64;
        if let Some(bytes) = facts.unencoded_bytes {
            *self.totals.unencoded.get_or_insert(0) += bytes;
        }
        self.largest_page = self.largest_page.max(facts.uncompressed_len);
        Ok(())
    }

    /// Records the dictionary page.
    pub(crate) fn record_dictionary(&mut self, facts: DictionaryFacts) {
        self.encodings.insert(Encoding::PLAIN);
        // SPEC: parquet.thrift, `ColumnMetaData.encoding_stats`. Readers written in C++ look for the
        // dictionary's entry first.
        let entry = PageEncodingStats {
            page_type: PageType::DICTIONARY_PAGE,
            encoding: Encoding::PLAIN,
            count: 1,
        };
        self.encoding_stats.insert(0, entry);
        self.totals.compressed += (facts.header_len + facts.body_len) as u64;
        self.totals.uncompressed += (facts.header_len + facts.uncompressed_len) as u64;
        self.dictionary = Some(facts);
    }

    /// Whether there is a dictionary page, and no data page without it.
    pub(crate) fn is_dictionary_encoded(&self) -> bool {
        let is_in_dictionary = |entry: &PageEncodingStats| {
            entry.page_type == PageType::DICTIONARY_PAGE
                || entry.encoding == Encoding::RLE_DICTIONARY
        };
        self.dictionary.is_some() && self.encoding_stats.iter().all(is_in_dictionary)
    }

    /// Sums so far.
    pub(crate) fn totals(&self) -> &ChunkTotals {
        &self.totals
    }

    /// Bytes of the largest data page's body so far, before compression.
    pub(crate) fn largest_page(&self) -> usize {
        self.largest_page
    }

    /// Heap bytes, by capacity. O(1).
    pub(crate) fn memory_size(&self) -> usize {
        self.pages.capacity() * size_of::<PageEntry>()
            + self
                .unencoded
                .as_ref()
                .map_or(0, |bytes| bytes.capacity() * size_of::<i64>())
            + self.encoding_stats.capacity() * size_of::<PageEncodingStats>()
            + (self.definition_histogram.capacity() + self.repetition_histogram.capacity())
                * size_of::<i64>()
            + self.index.as_ref().map_or(0, IndexEntries::memory_size)
    }

    /// Bytes that the chunk's column index will take in addition while it is written. O(1).
    pub(crate) fn index_writing_bytes(&self) -> usize {
        let index = self.index.as_ref();
        index_writing_bytes(index.map_or(0, |index| index.bounds.len_bytes()))
    }

    fn record_encoding(&mut self, page_type: PageType, encoding: Encoding) {
        self.encodings.insert(encoding);
        match self.encoding_stats.last_mut() {
            Some(last) if last.page_type == page_type && last.encoding == encoding => {
                last.count += 1
            }
            _ => self.encoding_stats.push(PageEncodingStats {
                page_type,
                encoding,
                count: 1,
            }),
        }
    }
}

impl IndexEntries {
    fn new(options: IndexOptions) -> Self {
        Self {
            options,
            valid: true,
            null_pages: Vec::new(),
            null_counts: Vec::new(),
            nan_counts: Vec::new(),
            bounds: PageBounds::default(),
            definition_histograms: Vec::new(),
            repetition_histograms: Vec::new(),
        }
    }

    fn record(&mut self, facts: &DataPageFacts<'_>) -> Result<()> {
        // SPEC: parquet.thrift, `ColumnIndex.null_pages`: a page is null when it holds no value; a row
        // may hold several, so rows and nulls cannot tell.
        let is_null_page = facts.present == 0;
        match facts.bounds {
            _ if !self.valid => {}
            Some((min, max)) if !is_null_page => {
                let (min, _) = self.options.truncation.min(min);
                let (max, _) = self.options.truncation.max(max);
                self.bounds.push(&min, &max)?;
            }
            _ if is_null_page => self.bounds.push(&[], &[])?,
            // A page with values and without bounds: no reader could use the index.
            _ => {
                self.valid = false;
                self.bounds = PageBounds::default();
            }
        }
        self.null_pages.push(is_null_page);
        self.null_counts
            .push(i64::try_from(facts.slots - facts.present)?);
        if let Some(nans) = facts.nan_count {
            self.nan_counts.push(i64::try_from(nans)?);
        }
        self.definition_histograms
            .extend_from_slice(facts.definition_histogram);
        self.repetition_histograms
            .extend_from_slice(facts.repetition_histogram);
        Ok(())
    }

    /// The order of the bounds as they stand here.
    pub(super) fn boundary_order(&self) -> BoundaryOrder {
        let pages = self.null_pages.iter().enumerate();
        let pages = pages.filter(|(_, is_null_page)| !**is_null_page);
        let bounds = pages.filter_map(|(page, _)| self.bounds.min(page).zip(self.bounds.max(page)));
        boundary_order(self.options.order, bounds)
    }

    fn memory_size(&self) -> usize {
        self.null_pages.capacity()
            + (self.null_counts.capacity()
                + self.nan_counts.capacity()
                + self.definition_histograms.capacity()
                + self.repetition_histograms.capacity())
                * size_of::<i64>()
            + self.bounds.memory_size()
    }
}

fn add(sum: &mut Vec<i64>, page: &[i64]) {
    if sum.len() < page.len() {
        sum.resize(page.len(), 0);
    }
    for (sum, count) in sum.iter_mut().zip(page) {
        *sum += count;
    }
}
