//! The facts of a chunk's pages, kept compactly while the chunk grows. Offsets are not facts:
//! [`layout`](super::layout) computes them when the chunk ends.

use super::facts::{DataPageFacts, DictionaryFacts};
use super::index_entries::{IndexEntries, IndexOptions};
use super::number_log::NumberLog;
use crate::basic::{Encoding, EncodingMask, PageType};
use crate::errors::{ParquetError, Result};
use crate::meta::metadata::PageEncodingStats;
use crate::meta::page_index::offset_index::PageLocation;

/// Which records a ledger keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LedgerOptions {
    /// Bounds, null counts and histograms of each page.
    pub(crate) column_index: Option<IndexOptions>,
    /// Sizes of each page. Row counts and encodings are always kept.
    pub(crate) offset_index: bool,
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
    /// Length and rows of each page, and the bytes of its values where they are counted.
    pages: NumberLog,
    pub(super) page_count: usize,
    pub(super) counts_unencoded: bool,
    pub(super) encodings: EncodingMask,
    pub(super) encoding_stats: Vec<PageEncodingStats>,
    pub(super) index: Option<IndexEntries>,
    pub(super) definition_histogram: Vec<i64>,
    pub(super) repetition_histogram: Vec<i64>,
    pub(super) keep_pages: bool,
    largest_page: usize,
    totals: ChunkTotals,
}

/// Size and rows of one data page.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageEntry {
    pub(super) len: u64,
    pub(super) rows: u64,
    pub(super) unencoded: Option<i64>,
}

impl ChunkLedger {
    pub(crate) fn new(options: LedgerOptions) -> Self {
        Self {
            dictionary: None,
            pages: NumberLog::default(),
            page_count: 0,
            counts_unencoded: false,
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
            if self.page_count == 0 {
                self.counts_unencoded = facts.unencoded_bytes.is_some();
            }
            self.page_count += 1;
            self.pages.push(len as u64);
            self.pages.push(facts.rows as u64);
            if self.counts_unencoded {
                let bytes = facts.unencoded_bytes.unwrap_or(0);
                self.pages.push(u64::try_from(bytes)?);
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

    /// Sizes and rows of the data pages.
    ///
    /// # Errors
    /// If one is missing.
    pub(super) fn pages(&self) -> impl Iterator<Item = Result<PageEntry>> {
        let mut numbers = self.pages.iter();
        let mut next = move || {
            let number = numbers.next();
            number.ok_or_else(|| ParquetError::General("the size of a page was lost".to_string()))
        };
        (0..self.page_count).map(move |_| {
            Ok(PageEntry {
                len: next()?,
                rows: next()?,
                unencoded: if self.counts_unencoded {
                    Some(i64::try_from(next()?)?)
                } else {
                    None
                },
            })
        })
    }

    /// Heap bytes, by capacity. O(1).
    pub(crate) fn memory_size(&self) -> usize {
        self.pages.memory_size()
            + self.encoding_stats.capacity() * size_of::<PageEncodingStats>()
            + (self.definition_histogram.capacity() + self.repetition_histogram.capacity())
                * size_of::<i64>()
            + self.index.as_ref().map_or(0, IndexEntries::memory_size)
    }

    /// Bytes that the chunk's indexes take while the chunk ends, beside the ledger. O(1).
    pub(crate) fn ending_bytes(&self) -> usize {
        let counts = usize::from(self.counts_unencoded) * size_of::<i64>();
        self.page_count * (size_of::<PageLocation>() + counts)
            + self.index.as_ref().map_or(0, IndexEntries::ending_bytes)
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

fn add(sum: &mut Vec<i64>, page: &[i64]) {
    if sum.len() < page.len() {
        sum.resize(page.len(), 0);
    }
    for (sum, count) in sum.iter_mut().zip(page) {
        *sum += count;
    }
}
