//! From a ledger to the chunk's metadata and indexes: the one place where offsets are computed.

use super::close::ColumnCloseResult;
use super::ledger::{ChunkLedger, IndexEntries};
use crate::basic::Compression;
use crate::errors::{ParquetError, Result};
use crate::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, LevelHistogram, OffsetIndexBuilder,
};
use crate::file::page_index::column_index::ColumnIndexMetaData;
use crate::file::page_index::offset_index::OffsetIndexMetaData;
use crate::file::statistics::Statistics;
use crate::schema::types::ColumnDescPtr;

/// Where a chunk's pages lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Placement {
    /// The dictionary page at offset 0, the data pages right behind it and one another.
    DictionaryFirst,
    /// Where a page writer put them.
    Given {
        /// Offset of the dictionary page.
        dictionary: Option<u64>,
        /// Offset and length of each data page.
        data: Vec<(u64, u64)>,
    },
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
        &self,
        description: ChunkDescription,
        placement: &Placement,
    ) -> Result<ColumnCloseResult> {
        let totals = self.totals();
        let ChunkDescription {
            descr,
            compression,
            statistics,
        } = description;
        let physical_type = descr.physical_type();
        let with_statistics = statistics.is_some();
        let offsets = Offsets::compute(self, placement)?;
        let mut metadata = ColumnChunkMetaData::builder(descr)
            .set_encodings_mask(self.encodings)
            .set_compression(compression)
            .set_num_values(i64::try_from(totals.slots)?)
            .set_total_compressed_size(i64::try_from(totals.compressed)?)
            .set_total_uncompressed_size(i64::try_from(totals.uncompressed)?)
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
        let column_index = match &self.index {
            Some(index) if index.valid && with_statistics => Some(index.build(physical_type)?),
            _ => None,
        };
        Ok(ColumnCloseResult {
            bytes_written: totals.compressed,
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
        let mut builder = OffsetIndexBuilder::new();
        let mut next = offsets.data;
        for (ordinal, page) in self.pages.iter().enumerate() {
            let (offset, len) = match offsets.given.get(ordinal) {
                Some((offset, len)) => (i64::try_from(*offset)?, i32::try_from(*len)?),
                None => (next, i32::try_from(page.len)?),
            };
            next = offset.checked_add(i64::from(len)).ok_or_else(|| {
                ParquetError::General(format!("Page offset overflow after {offset}"))
            })?;
            let end_row = match self.pages.get(ordinal + 1) {
                Some(following) => following.first_row,
                None => i64::try_from(self.totals().rows)?,
            };
            builder.append_row_count(end_row - page.first_row);
            builder.append_offset_and_size(offset, len);
            builder.append_unencoded_byte_array_data_bytes(
                self.unencoded
                    .as_ref()
                    .and_then(|bytes| bytes.get(ordinal).copied()),
            );
        }
        Ok(Some(builder.build()))
    }
}

struct Offsets<'a> {
    dictionary: Option<i64>,
    data: i64,
    given: &'a [(u64, u64)],
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
            Placement::Given { dictionary, data } => Ok(Self {
                dictionary: dictionary.map(i64::try_from).transpose()?,
                data: data
                    .first()
                    .map_or(Ok(0), |(offset, _)| i64::try_from(*offset))?,
                given: data,
            }),
        }
    }
}

impl IndexEntries {
    fn build(&self, physical_type: crate::basic::Type) -> Result<ColumnIndexMetaData> {
        let mut builder = ColumnIndexBuilder::new(physical_type);
        let pages = self.null_pages.len();
        let part = |histograms: &[i64], page: usize| {
            let levels = histograms.len().checked_div(pages).unwrap_or(0);
            histogram(
                histograms
                    .get(page * levels..(page + 1) * levels)
                    .unwrap_or_default(),
            )
        };
        for (page, (is_null, nulls)) in self.null_pages.iter().zip(&self.null_counts).enumerate() {
            let (min, max) = self.page_bounds(page);
            let nans = self.nan_counts.get(page).copied();
            builder.append(*is_null, min.to_vec(), max.to_vec(), *nulls, nans);
            builder.append_histograms(
                &part(&self.repetition_histograms, page),
                &part(&self.definition_histograms, page),
            );
        }
        builder.set_boundary_order(self.boundary.order());
        builder.build()
    }
}

fn histogram(levels: &[i64]) -> Option<LevelHistogram> {
    (!levels.is_empty()).then(|| LevelHistogram::from(levels.to_vec()))
}
