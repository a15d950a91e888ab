//! From a ledger to the chunk's metadata and indexes: the one place where offsets are computed.

use super::close::ColumnCloseResult;
use super::ledger::{ChunkLedger, ChunkTotals};
use crate::basic::Compression;
use crate::errors::{ParquetError, Result};
use crate::meta::metadata::{ColumnChunkMetaData, LevelHistogram};
use crate::meta::page_index::offset_index::{OffsetIndexMetaData, PageLocation};
use crate::meta::statistics::Statistics;
use crate::schema::types::ColumnDescPtr;

/// Where a chunk's pages lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placement {
    /// The dictionary page at offset 0, the data pages right behind it and one another.
    DictionaryFirst,
    /// Where a page writer put them, and what it made of their sizes.
    Given(GivenPlacement),
}

/// What a page writer said of a chunk's pages. It is believed: it may write headers of its own, or more than a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GivenPlacement {
    /// Offset of the dictionary page.
    pub(crate) dictionary: Option<u64>,
    /// Offset and size of each data page.
    pub(crate) data: Vec<(u64, usize)>,
    /// Bytes of all pages, headers included, as stored.
    pub(crate) compressed: u64,
    /// Bytes of all pages, headers included, bodies before compression.
    pub(crate) uncompressed: u64,
    /// Values of the data pages, nulls included.
    pub(crate) values: u64,
    /// Bytes written.
    pub(crate) written: u64,
}

/// What the chunk's metadata says beyond its pages.
#[derive(Debug, Clone)]
pub(crate) struct ChunkDescription {
    /// The column.
    pub(crate) descr: ColumnDescPtr,
    /// The column's codec.
    pub(crate) compression: Compression,
    /// Statistics over the chunk, if any are kept.
    pub(crate) statistics: Option<Statistics>,
}

impl ChunkLedger {
    /// Computes the chunk's metadata, offset index and column index.
    ///
    /// # Errors
    /// If an offset or a size does not fit the format.
    pub(crate) fn layout(
        mut self,
        description: ChunkDescription,
        placement: &Placement,
    ) -> Result<ColumnCloseResult> {
        let index = self.index.take();
        let totals = self.totals();
        let sizes = Sizes::of(totals, placement);
        let ChunkDescription {
            descr,
            compression,
            statistics,
        } = description;
        let physical_type = descr.physical_type();
        let with_statistics = statistics.is_some();
        let offsets = Offsets::compute(&self, placement)?;
        let mut metadata = ColumnChunkMetaData::builder(descr)
            .set_encodings_mask(self.encodings)
            .set_compression(compression)
            .set_num_values(i64::try_from(sizes.values)?)
            .set_total_compressed_size(i64::try_from(sizes.compressed)?)
            .set_total_uncompressed_size(i64::try_from(sizes.uncompressed)?)
            .set_data_page_offset(offsets.data)
            .set_dictionary_page_offset(offsets.dictionary)
            .set_page_encoding_stats(self.encoding_stats.clone());
        if let Some(statistics) = statistics {
            metadata = metadata
                .set_statistics(statistics)
                .set_unencoded_byte_array_data_bytes(totals.unencoded)
                .set_repetition_level_histogram(histogram(&self.repetition_histogram))
                .set_definition_level_histogram(histogram(&self.definition_histogram));
        }
        let column_index = index
            .filter(|_| with_statistics)
            .map(|index| index.build(physical_type))
            .transpose()?
            .flatten();
        Ok(ColumnCloseResult {
            bytes_written: sizes.written,
            rows_written: totals.rows,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index,
            offset_index: self.offset_index(&offsets)?,
        })
    }

    fn offset_index(&self, offsets: &Offsets<'_>) -> Result<Option<OffsetIndexMetaData>> {
        if !self.keep_pages {
            return Ok(None);
        }
        let mut page_locations = Vec::with_capacity(self.page_count);
        let counted = usize::from(self.counts_unencoded) * self.page_count;
        let mut unencoded = Vec::with_capacity(counted);
        let (mut next, mut first_row) = (offsets.data, 0);
        for (ordinal, page) in self.pages().enumerate() {
            let page = page?;
            let (offset, len) = match offsets.given.get(ordinal) {
                Some((offset, len)) => (i64::try_from(*offset)?, i32::try_from(*len)?),
                None => (next, i32::try_from(page.len)?),
            };
            next = offset.checked_add(i64::from(len)).ok_or_else(|| {
                ParquetError::General(format!("Page offset overflow after {offset}"))
            })?;
            page_locations.push(PageLocation {
                offset,
                compressed_page_size: len,
                first_row_index: first_row,
            });
            first_row += i64::try_from(page.rows)?;
            unencoded.extend(page.unencoded);
        }
        Ok(Some(OffsetIndexMetaData {
            page_locations,
            unencoded_byte_array_data_bytes: (!unencoded.is_empty()).then_some(unencoded),
        }))
    }
}

/// The numbers of a chunk that depend on who wrote its pages.
struct Sizes {
    values: u64,
    compressed: u64,
    uncompressed: u64,
    written: u64,
}

impl Sizes {
    fn of(totals: &ChunkTotals, placement: &Placement) -> Self {
        match placement {
            Placement::DictionaryFirst => Self {
                values: totals.slots,
                compressed: totals.compressed,
                uncompressed: totals.uncompressed,
                written: totals.compressed,
            },
            Placement::Given(given) => Self {
                values: given.values,
                compressed: given.compressed,
                uncompressed: given.uncompressed,
                written: given.written,
            },
        }
    }
}

struct Offsets<'a> {
    dictionary: Option<i64>,
    data: i64,
    given: &'a [(u64, usize)],
}

impl<'a> Offsets<'a> {
    fn compute(ledger: &ChunkLedger, placement: &'a Placement) -> Result<Self> {
        match placement {
            Placement::DictionaryFirst => Ok(Self {
                dictionary: ledger.dictionary.map(|_| 0),
                data: match ledger.dictionary {
                    Some(facts) => i64::try_from(facts.header_len + facts.body_len)?,
                    None => 0,
                },
                given: &[],
            }),
            Placement::Given(given) => Ok(Self {
                dictionary: given.dictionary.map(i64::try_from).transpose()?,
                data: given
                    .data
                    .first()
                    .map_or(Ok(0), |(offset, _)| i64::try_from(*offset))?,
                given: &given.data,
            }),
        }
    }
}

fn histogram(levels: &[i64]) -> Option<LevelHistogram> {
    (!levels.is_empty()).then(|| LevelHistogram::from(levels.to_vec()))
}
