//! The column encoder: levels and present values in, sealed pages out. Not generic: one dispatch a mini batch finds the
//! loop for the type. It says how much goes in next and when a page is full; whoever drives it cuts the page, pays, and
//! lends the sink. It knows nothing of memory limits but the sizes they leave for pages.

mod late;
mod size;

use std::sync::Arc;

use super::body::{Body, Lending};
use super::cut::{Cut, CutLimits, OpenSizes, Pace, PageMemoryCap};
use super::filter::FilterBuilder;
use super::late_pages::{LatePages, Laying};
use super::page_levels::PageLevels;
use super::page_values::PageValues;
use super::plan::ColumnPlan;
use super::scratch::PageScratch;
use super::seal::{Checksum, HEADER_CAPACITY, SealOptions, bound_bytes, seal};
use super::slots::{GivenBounds, Slots};
use super::unsealed::with_statistics;
use crate::basic::{Encoding, Type};
use crate::column::chunk::{
    ChunkDescription, ChunkLedger, ColumnCloseResult, DataPageFacts, DictionaryFacts, IndexOptions,
    LaterCut, LedgerOptions, PageSink, Placement,
};
use crate::column::stats::{
    Counts, DistinctCounter, StatsCollector, Truncation, chunk_statistics, page_statistics,
};
use crate::data_type::values::Values;
use crate::errors::{ParquetError, Result};
use crate::meta::properties::{EnabledStatistics, WriterVersion};
use crate::meta::statistics::Statistics;
use crate::schema::types::ColumnDescPtr;
use crate::wire::page::{DataPageHeader, DataPageHeaderV2, DictionaryPageHeader, PageHeaderKind};

/// What bounds are cut to when there are many bytes of them.
const USUAL_BOUND_BYTES: usize = 64;

/// Encodes one column chunk. Holds one open page, the dictionary and the ledger; finished pages
/// leave at once through the sink that each call is lent.
pub(crate) struct ColumnEncoder {
    plan: Arc<ColumnPlan>,
    limits: CutLimits,
    sealing: SealOptions,
    /// How bounds are cut for statistics.
    statistics_cut: Truncation,
    values: PageValues,
    page: PageLevels,
    stats: Option<StatsCollector>,
    distinct: Option<DistinctCounter>,
    distinct_given: Option<u64>,
    /// In a box of its own: most columns have none.
    filter: Option<Box<FilterBuilder>>,
    ledger: ChunkLedger,
    /// Pages that others may seal, if there are others.
    late: Option<Box<LatePages>>,
    early_cuts: usize,
}

/// What goes into the encoder before its page is looked at again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Next {
    pub(super) slots: usize,
    /// Whether what is left of the batch could be too much for what is open, so that
    /// [`dictionary_ends_before`](ColumnEncoder::dictionary_ends_before) and
    /// [`page_ends_before`](ColumnEncoder::page_ends_before) must be asked.
    pub(super) may_overflow: bool,
}

/// What has to end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Full {
    /// Why the page is to be cut.
    pub(super) page: Option<Cut>,
    pub(super) dictionary: bool,
}

impl ColumnEncoder {
    /// An encoder for one chunk of the column of `plan`, whose pages, bounds and codec keep within `cap`.
    ///
    /// # Errors
    /// If the codec takes more than the limit that the cap is a part of.
    pub(crate) fn try_new(plan: Arc<ColumnPlan>, cap: Option<PageMemoryCap>) -> Result<Self> {
        let (descr, options) = (plan.descr(), plan.options());
        let mut stats = match options.statistics {
            EnabledStatistics::None => None,
            EnabledStatistics::Chunk | EnabledStatistics::Page => Some(StatsCollector::new(descr)),
        };
        let statistics_cut = plan.truncation(options.statistics_truncate_length, cap);
        let index_len = options.column_index_truncate_length;
        let index_cut = plan.truncation(index_len, cap);
        let later = cap.map(|cap| LaterCut {
            from_bytes: cap.page_bytes,
            truncation: plan
                .truncation(
                    Some(index_len.map_or(USUAL_BOUND_BYTES, |len| len.min(USUAL_BOUND_BYTES))),
                    Some(cap),
                )
                .whole_up_to(USUAL_BOUND_BYTES),
        });
        if let (Some(stats), Some(later)) = (&mut stats, later) {
            stats.keep_for(&[statistics_cut, index_cut, later.truncation]);
        }
        // Without an order there is an index as long as all pages are null pages.
        let index = stats
            .as_ref()
            .filter(|_| plan.keeps_page_bounds())
            .map(|stats| IndexOptions {
                order: stats.order(),
                truncation: index_cut,
                later,
            });
        Ok(Self {
            limits: plan.cut_limits(cap),
            sealing: SealOptions {
                strength: plan.strength(cap)?,
                checksum: Checksum::of(options),
                v2_ratio_threshold: options.v2_compression_ratio_threshold,
            },
            statistics_cut,
            values: PageValues::new(plan.clone()),
            page: PageLevels::new(descr),
            stats,
            distinct: options.count_distinct.then(DistinctCounter::default),
            distinct_given: None,
            filter: options
                .bloom_filter
                .map(|properties| Box::new(FilterBuilder::new(properties))),
            ledger: ChunkLedger::new(LedgerOptions {
                column_index: index,
                offset_index: options.offset_index,
            }),
            late: None,
            early_cuts: 0,
            plan,
        })
    }

    /// Slots of a full batch of `leaf`, which lies behind the open page.
    pub(super) fn base(&self, leaf: &Slots<'_>) -> usize {
        self.limits.base(leaf)
    }

    /// Slots of the next batch of `leaf`: values of so many are asked for at a time.
    pub(super) fn batch(&self, base: usize, leaf: &Slots<'_>) -> usize {
        self.limits.batch(base, leaf, self.page.rows)
    }

    /// The mini batch at the front of `batch`, after which the page may be full. `pace` is measured for the first one
    /// of a batch.
    pub(super) fn next(
        &self,
        pace: &mut Option<Pace>,
        base: usize,
        batch: &Slots<'_>,
        values: &Values<'_>,
    ) -> Next {
        let open = self.open_sizes();
        let pace = pace.get_or_insert_with(|| self.limits.pace(base, batch, values, &open));
        let max_definition = self.max_definition();
        Next {
            slots: self
                .limits
                .mini_batch(pace, batch, values, (&open, max_definition)),
            may_overflow: self.limits.may_overflow(pace, batch.count, &open),
        }
    }

    /// Whether `leaf` is one batch, and no memory limit has to be asked.
    #[cfg(feature = "arrow")]
    pub(super) fn is_one_batch(&self, leaf: &Slots<'_>) -> bool {
        self.limits.is_one_batch(leaf)
    }

    /// Whether `leaf`, which is one batch, is one mini batch too.
    #[cfg(feature = "arrow")]
    pub(super) fn takes_at_once(&self, leaf: &Slots<'_>, values: &Values<'_>) -> bool {
        self.limits.takes_at_once(leaf, values, &self.open_sizes())
    }

    /// Whether leaves, each of which is one batch, may go in together: it comes to the same.
    #[cfg(feature = "arrow")]
    pub(super) fn takes_together(&self, slots: &Slots<'_>, values: &Values<'_>) -> bool {
        let overhead = self.plan.row_limit().overhead();
        let open = (&self.open_sizes(), overhead);
        self.limits.takes_together(slots, values, open)
    }

    /// Slots of `mini_batch` to [put](Self::put) next.
    pub(super) fn step(&self, mini_batch: &Slots<'_>, values: &Values<'_>) -> usize {
        if self.limits.cap().is_none() {
            return mini_batch.count;
        }
        let (open, max_definition) = (self.open_sizes(), self.max_definition());
        self.limits.step(mini_batch, values, &open, max_definition)
    }

    /// Whether the dictionary ends before a mini batch of such values.
    pub(super) fn dictionary_ends_before(&self, values: &Values<'_>) -> bool {
        self.limits
            .dictionary_ends_before(values, &self.open_sizes())
    }

    /// Whether the open page ends before a mini batch of so many slots with these values.
    pub(super) fn page_ends_before(&self, slots: usize, values: &Values<'_>) -> bool {
        self.limits
            .page_ends_before(slots, values, &self.open_sizes())
    }

    /// Takes slots and their values into the open page.
    ///
    /// # Errors
    /// If a value does not fit the format. The chunk is then of no further use.
    pub(super) fn put(
        &mut self,
        slots: Slots<'_>,
        values: &Values<'_>,
        given: Option<GivenBounds<'_>>,
    ) -> Result<()> {
        if let (Some(filter), None) = (&mut self.filter, self.values.dictionary_bytes()) {
            filter.insert(values);
        }
        self.values.put(values)?;
        match (&mut self.stats, given) {
            (Some(stats), Some(given)) => stats.update_given(given.min, given.max, values),
            (Some(stats), None) if !self.values.defers_statistics() || !stats.takes_distinct() => {
                stats.update(values);
            }
            _ => {}
        }
        if let Some(distinct) = &mut self.distinct {
            distinct.update(values);
        }
        if let Values::Bytes(bytes) = values {
            self.page.unencoded_bytes += i64::try_from(bytes.total_bytes())?;
        }
        self.page.put_levels(slots, values.len())
    }

    /// What of the open page and the dictionary is full.
    pub(super) fn full(&self) -> Full {
        let open = self.open_sizes();
        Full {
            page: self.limits.full_page(&open),
            dictionary: self.limits.is_dictionary_full(&open),
        }
    }

    /// Whether there is an open page.
    pub(super) fn has_page(&self) -> bool {
        self.page.slots > 0
    }

    /// Whether a dictionary is at work.
    pub(super) fn has_dictionary(&self) -> bool {
        self.values.dictionary_bytes().is_some()
    }

    /// Ends the open page, which goes to `sink`.
    ///
    /// # Errors
    /// If the page does not fit the format, or `sink` fails. The chunk is then of no further use.
    pub(super) fn cut(
        &mut self,
        cut: Cut,
        scratch: &mut PageScratch,
        sink: &mut dyn PageSink,
    ) -> Result<()> {
        if cut == Cut::Early {
            self.early_cuts += 1;
        }
        // Of a page in the dictionary the distinct entries have the bounds of its values, and are fewer.
        if self.values.defers_statistics()
            && let (Some(stats), Some(dictionary)) = (&mut self.stats, self.values.dictionary())
            && stats.takes_distinct()
        {
            dictionary.visit_page_entries(|entries| stats.update(entries));
        }
        let bounds = self.stats.as_mut().map(StatsCollector::finish_page);
        let nulls = self.page.slots - self.page.present;
        let header_statistics = match &bounds {
            Some(bounds) if self.plan.options().writes_header_statistics() => {
                let (bounds, cut) = (bounds.as_bounds(), &self.statistics_cut);
                Some(page_statistics(
                    self.plan.descr(),
                    &bounds,
                    cut,
                    nulls as u64,
                ))
            }
            _ => None,
        };
        let header_bytes = HEADER_CAPACITY + header_statistics.as_ref().map_or(0, bound_bytes);
        let version = self.plan.options().writer_version;
        let body = Body::lay_out(
            scratch,
            &mut self.page,
            &mut self.values,
            version,
            header_bytes,
            match self.limits.cap() {
                None => Lending::Allowed,
                Some(_) => Lending::Refused,
            },
        )?;
        let (levels, encoding) = (body.levels, body.encoding);
        let slots = i32::try_from(self.page.slots)?;
        let kind = match version {
            WriterVersion::PARQUET_1_0 => PageHeaderKind::Data(DataPageHeader {
                num_values: slots,
                encoding,
                definition_level_encoding: Encoding::RLE,
                repetition_level_encoding: Encoding::RLE,
                statistics: None,
            }),
            WriterVersion::PARQUET_2_0 => PageHeaderKind::DataV2(DataPageHeaderV2 {
                num_values: slots,
                num_nulls: i32::try_from(nulls)?,
                num_rows: i32::try_from(self.page.rows)?,
                encoding,
                definition_levels_byte_length: i32::try_from(levels.definition_len)?,
                repetition_levels_byte_length: i32::try_from(levels.repetition_len)?,
                is_compressed: false,
                statistics: None,
            }),
        };
        if self.seals_late(scratch.body.len() - body.from, scratch, sink)? {
            let laying = Laying {
                kind,
                statistics: header_statistics,
                bounds,
                encoding,
            };
            self.cut_late(body, laying, scratch)?;
            self.end_page();
            return self.put_late(scratch, sink);
        }
        let kind = with_statistics(kind, header_statistics.as_ref());
        let sealed =
            seal(scratch, body.from, kind, &self.sealing).map_err(|error| self.named(error))?;
        let page_type = sealed.kind.page_type();
        let (header_len, body_len) = (sealed.header_len, sealed.body_len());
        let uncompressed_len = sealed.uncompressed_len;
        sink.put(sealed)?;
        body.end(scratch, &mut self.values);
        let page_bounds = bounds.as_ref().map(|bounds| bounds.as_bounds());
        self.ledger.record_data(&DataPageFacts {
            page_type,
            encoding,
            slots: self.page.slots,
            present: self.page.present,
            rows: self.page.rows,
            header_len,
            body_len,
            uncompressed_len,
            bounds: page_bounds.and_then(|bounds| bounds.min_max),
            nan_count: page_bounds.and_then(|bounds| bounds.nan_count),
            unencoded_bytes: (self.plan.descr().physical_type() == Type::BYTE_ARRAY)
                .then_some(self.page.unencoded_bytes),
            definition_histogram: &self.page.definition_histogram,
            repetition_histogram: &self.page.repetition_histogram,
        })?;
        if let (Some(stats), Some(bounds)) = (&mut self.stats, bounds) {
            stats.recycle(bounds);
        }
        self.end_page();
        Ok(())
    }

    /// Begins the next page.
    fn end_page(&mut self) {
        self.page.reset();
        if self.limits.keeps_too_much(self.values.direct_memory()) {
            self.shrink_page();
        }
    }

    /// Writes the dictionary's page into `scratch` and frees its entries; later values are encoded directly. There
    /// must be no open page. [`seal_dictionary`](Self::seal_dictionary) must follow.
    pub(super) fn lay_out_dictionary(&mut self, scratch: &mut PageScratch) -> Option<usize> {
        let mut dictionary = self.values.take_dictionary()?;
        dictionary.end();
        scratch.start_body(HEADER_CAPACITY + dictionary.dictionary_bytes());
        scratch.body.resize(HEADER_CAPACITY, 0);
        dictionary.write_dictionary_into(&mut scratch.body);
        if let Some(filter) = &mut self.filter {
            let page = scratch.body.get(HEADER_CAPACITY..).unwrap_or_default();
            filter.insert(&dictionary.entries(page));
        }
        Some(dictionary.num_entries())
    }

    /// Seals the dictionary page of `entries` entries that lies in `scratch`; it goes to `sink`.
    ///
    /// # Errors
    /// As [`ColumnEncoder::cut`].
    pub(super) fn seal_dictionary(
        &mut self,
        entries: usize,
        scratch: &mut PageScratch,
        sink: &mut dyn PageSink,
    ) -> Result<()> {
        let kind = PageHeaderKind::Dictionary(DictionaryPageHeader {
            num_values: i32::try_from(entries)?,
            encoding: Encoding::PLAIN,
            is_sorted: Some(false),
        });
        if self.seals_late(scratch.body.len() - HEADER_CAPACITY, scratch, sink)? {
            self.lay_late(kind, scratch);
            return self.put_late(scratch, sink);
        }
        let sealed = seal(scratch, HEADER_CAPACITY, kind, &self.sealing)
            .map_err(|error| self.named(error))?;
        let facts = DictionaryFacts {
            header_len: sealed.header_len,
            body_len: sealed.body_len(),
            uncompressed_len: sealed.uncompressed_len,
        };
        sink.put(sealed)?;
        self.ledger.record_dictionary(facts);
        Ok(())
    }

    /// Drops what the ended chunk does not keep: all pages, and the dictionary's, have been cut.
    pub(super) fn end(&mut self) {
        let options = self.plan.options();
        if self.ledger.is_dictionary_encoded()
            && !options.bloom_filter_for_dictionary_encoded_chunks
        {
            self.filter = None;
        }
    }

    /// The chunk's metadata, its pages lying where `placement` says.
    ///
    /// # Errors
    /// If an offset or a size does not fit the format.
    pub(crate) fn into_close_result(self, placement: &Placement) -> Result<ColumnCloseResult> {
        let description = ChunkDescription {
            descr: self.plan.descr().clone(),
            compression: self.plan.options().compression,
            statistics: self.chunk_statistics(),
        };
        let mut close = self.ledger.layout(description, placement)?;
        close.bloom_filter = self.filter.map(|filter| filter.finish());
        Ok(close)
    }

    /// Records the number of distinct values that the caller knows: it holds for the chunk only if
    /// nothing else is written.
    pub(super) fn give_distinct_count(&mut self, count: Option<u64>) {
        let is_first = self.ledger.totals().slots == 0 && self.page.slots == 0;
        self.distinct_given = count.filter(|_| is_first);
    }

    /// Sets what pages may hold from now on. The bounds and the codec stay as they are.
    pub(crate) fn set_page_cap(&mut self, cap: Option<PageMemoryCap>) {
        self.limits = self.limits.with_cap(cap);
    }

    /// Stops counting distinct values; the chunk will not have their number.
    pub(super) fn give_up_distinct_count(&mut self) {
        self.distinct = None;
    }

    /// Goes on without a Bloom filter.
    pub(super) fn give_up_filter(&mut self) {
        self.filter = None;
    }

    /// The Bloom filter at work.
    pub(super) fn filter_mut(&mut self) -> Option<&mut FilterBuilder> {
        self.filter.as_deref_mut()
    }

    /// Gives back what the open page does not need.
    pub(super) fn shrink_page(&mut self) {
        self.values.shrink();
        self.page.shrink();
        if let Some(stats) = &mut self.stats {
            stats.shrink();
        }
    }

    /// The column.
    pub(crate) fn descr(&self) -> &ColumnDescPtr {
        self.plan.descr()
    }

    pub(super) fn plan(&self) -> &ColumnPlan {
        &self.plan
    }

    pub(super) fn max_definition(&self) -> i16 {
        self.plan.descr().max_def_level()
    }

    fn chunk_statistics(&self) -> Option<Statistics> {
        let bounds = self.stats.as_ref()?.chunk();
        let counted = self.distinct.as_ref().and_then(DistinctCounter::count);
        let counts = Counts {
            nulls: self.ledger.totals().nulls,
            distinct: counted.or(self.distinct_given),
        };
        let (descr, cut) = (self.plan.descr(), &self.statistics_cut);
        Some(chunk_statistics(descr, &bounds, cut, counts))
    }

    fn named(&self, error: ParquetError) -> ParquetError {
        self.plan.descr().name_in(error)
    }

    fn open_sizes(&self) -> OpenSizes {
        OpenSizes {
            slots: self.page.slots,
            rows: self.page.rows,
            level_bytes: self.page.level_bytes(),
            value_bytes: self.values.estimated_bytes(),
            first_value_bytes: self.values.first_value_bytes(),
            heap_bytes: self.values.open_bytes(),
            dictionary_bytes: self.values.dictionary_bytes(),
            values_lean: self.values.encoding() == Encoding::DELTA_BYTE_ARRAY,
        }
    }
}
