//! The column encoder: levels and present values in, sealed pages out. Not generic: one dispatch
//! a batch of about a thousand values finds the loop for the type.

mod limited;
mod overflow;

use super::body::Body;
use super::filter::FilterBuilder;
use super::open_page::OpenPage;
use super::page_cap::{PageCap, Progress};
use super::paging::{Batch, Keys, Portion, PortionRules, Spread, batch_slots, size_bound};
use super::room::MOST_SLOTS;
use super::seal::{Checksum, EncodedPage, HEADER_ROOM, SealOptions, bound_bytes, seal};
use super::value_state::{Start, ValueState};
use super::workbench::{Workbench, WorkbenchPool};
use crate::basic::{Encoding, Type};
use crate::column::chunk::{
    ChunkDescription, ChunkLedger, ColumnCloseResult, DataPageFacts, DictionaryFacts, IndexOptions,
    LedgerOptions, PageSink, Placement,
};
use crate::column::stats::{
    Counts, DistinctCounter, StatsCollector, Truncation, chunk_statistics, page_statistics,
};
use crate::compression::{Strength, check_available};
use crate::data_type::levels::Levels;
use crate::data_type::values::Values;
use crate::encodings::DeltaLayout;
use crate::errors::{ParquetError, Result};
use crate::file::properties::{ColumnOptions, EnabledStatistics, WriterProperties, WriterVersion};
use crate::file::statistics::Statistics;
use crate::schema::types::ColumnDescPtr;
use overflow::direct_encoding;
pub(crate) use overflow::row_room;

/// Gives the present values of a batch in order.
pub(crate) trait ValueFeed {
    /// The next `count` values.
    ///
    /// # Errors
    /// If there are fewer, or a conversion fails.
    fn next(&mut self, count: usize) -> Result<Values<'_>>;
}

/// One batch of one column.
pub(crate) struct LeafInput<'a> {
    /// Slots, nulls included.
    pub(crate) slots: usize,
    /// Definition levels; needed if the column has more than one.
    pub(crate) definition: Option<Levels<'a>>,
    /// Repetition levels; needed if the column has more than one.
    pub(crate) repetition: Option<Levels<'a>>,
    /// The present values.
    pub(crate) values: &'a mut dyn ValueFeed,
    /// Bounds that the caller knows, so that none are computed.
    pub(crate) given: Option<GivenBounds<'a>>,
}

/// Smallest and largest value of a batch as PLAIN bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GivenBounds<'a> {
    pub(crate) min: &'a [u8],
    pub(crate) max: &'a [u8],
}

/// Encodes one column chunk. Holds one open page, the dictionary and the ledger; finished pages
/// leave at once through the sink that each call is lent.
pub(crate) struct ColumnEncoder {
    descr: ColumnDescPtr,
    options: ColumnOptions,
    sealing: SealOptions,
    /// How bounds are cut for statistics.
    statistics_cut: Truncation,
    values: ValueState,
    page: OpenPage,
    stats: Option<StatsCollector>,
    distinct: Option<DistinctCounter>,
    distinct_given: Option<u64>,
    /// In a box of its own: most columns have none.
    filter: Option<Box<FilterBuilder>>,
    ledger: ChunkLedger,
    early_cuts: usize,
    early_dictionaries: usize,
    cap: Option<PageCap>,
}

impl ColumnEncoder {
    /// An encoder for one chunk of column `descr`.
    ///
    /// # Errors
    /// If the codec is not compiled in, or the encoding does not suit the column's type.
    pub(crate) fn try_new(descr: ColumnDescPtr, properties: &WriterProperties) -> Result<Self> {
        let options = properties.column(descr.path());
        check_available(options.compression)?;
        let direct_encoding = direct_encoding(&descr, &options);
        let start = match options.dictionary_enabled && descr.physical_type() != Type::BOOLEAN {
            true => Start::Dictionary,
            false => Start::Direct,
        };
        let delta = options.delta.map(|delta| DeltaLayout {
            block_size: delta.block_size(),
            miniblocks: delta.mini_blocks_per_block(),
        });
        let stats =
            (options.statistics != EnabledStatistics::None).then(|| StatsCollector::new(&descr));
        let index = match (&stats, options.statistics) {
            // Without an order there is an index as long as all pages are null pages.
            (Some(stats), EnabledStatistics::Page) => Some(IndexOptions {
                order: stats.order(),
                truncation: Truncation::new(&descr, options.column_index_truncate_length),
                later: None,
            }),
            _ => None,
        };
        Ok(Self {
            sealing: SealOptions {
                strength: Strength::full(options.compression),
                checksum: if options.page_checksum {
                    Checksum::Crc32
                } else {
                    Checksum::None
                },
                v2_ratio_threshold: options.v2_compression_ratio_threshold,
            },
            statistics_cut: Truncation::new(&descr, options.statistics_truncate_length),
            values: ValueState::try_new(start, direct_encoding, descr.clone(), delta)?,
            page: OpenPage::new(&descr),
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
            early_cuts: 0,
            early_dictionaries: 0,
            cap: None,
            descr,
            options,
        })
    }

    /// Encodes a batch; pages that fill up go to `sink`. Says how far it came: to the end, unless there is a page cap
    /// and `sink` is short of memory.
    ///
    /// # Errors
    /// If a value does not fit the format, or `sink` fails. The chunk is then of no further use.
    pub(crate) fn write(
        &mut self,
        input: LeafInput<'_>,
        benches: &WorkbenchPool,
        sink: &mut dyn PageSink,
    ) -> Result<Progress> {
        let LeafInput {
            slots,
            mut definition,
            mut repetition,
            values,
            given,
        } = input;
        let base = self.batch_base(definition.as_ref(), repetition.as_ref());
        let mut done = Progress::default();
        while done.slots < slots {
            let most = self.most_slots(base);
            let count = batch_slots(repetition.as_ref(), most, slots - done.slots);
            let mut batch = Batch {
                slots: count,
                definition: definition.as_mut().map(|levels| levels.take_front(count)),
                repetition: repetition.as_mut().map(|levels| levels.take_front(count)),
            };
            let present = batch.present(self.descr.max_def_level());
            let mut present_values = values.next(present)?;
            if present_values.len() != present {
                return Err(ParquetError::General(format!(
                    "Expected to write {present} values, but have only {}",
                    present_values.len()
                )));
            }
            let bytes = size_bound(&present_values);
            let mut rules = self.portion_rules(base);
            let mut common = Portion::new(count, &present_values, bytes, &rules);
            let max_definition = self.descr.max_def_level();
            while batch.slots > 0 {
                if self.is_short(&present_values, benches, sink)? {
                    return Ok(done);
                }
                if self.tight_cap().is_some() {
                    let bytes = size_bound(&present_values);
                    rules = self.portion_rules(base);
                    common = Portion::new(batch.slots, &present_values, bytes, &rules);
                }
                let may_overflow = self.may_overflow(batch.slots, bytes);
                let portion = match (may_overflow, &batch.repetition) {
                    (false, _) => common,
                    (true, None) => Portion::measured(&present_values, rules.budget),
                    // What begins in a row takes the rest of it along, however large.
                    (true, Some(_)) => Portion::Slots(1),
                };
                let piece = batch.take_portion(portion, max_definition);
                let piece_values = present_values.take_front(piece.present(max_definition));
                if may_overflow {
                    self.make_room(piece.slots, &piece_values, benches, sink)?;
                }
                let piece_slots = piece.slots;
                let taken = self.put_in_parts(piece, piece_values, given, benches, sink)?;
                done.pass(taken.slots, taken.values);
                if taken.slots < piece_slots {
                    return Ok(done);
                }
                self.after_put(benches, sink)?;
            }
        }
        Ok(done)
    }

    /// Ends the open page now, if it has a slot.
    pub(crate) fn cut_page(
        &mut self,
        benches: &WorkbenchPool,
        sink: &mut dyn PageSink,
    ) -> Result<()> {
        if self.page.slots == 0 {
            return Ok(());
        }
        benches.with(|bench| self.seal_page(bench, sink))?;
        if self
            .cap
            .is_some_and(|cap| self.values.direct_memory() > cap.most_kept_bytes())
        {
            self.shrink_page();
        }
        Ok(())
    }

    /// Ends the open page and the dictionary, which goes to `sink`; later values are encoded
    /// directly. Nothing happens where no dictionary is at work.
    pub(crate) fn give_up_dictionary(
        &mut self,
        benches: &WorkbenchPool,
        sink: &mut dyn PageSink,
    ) -> Result<()> {
        if self.values.dictionary_bytes().is_none() {
            return Ok(());
        }
        self.cut_page(benches, sink)?;
        self.seal_dictionary(benches, sink)
    }

    /// Ends the last page and the dictionary. Only [`ColumnEncoder::into_close_result`] may follow.
    pub(crate) fn finish(
        &mut self,
        benches: &WorkbenchPool,
        sink: &mut dyn PageSink,
    ) -> Result<()> {
        self.cut_page(benches, sink)?;
        self.seal_dictionary(benches, sink)?;
        if self.ledger.is_dictionary_encoded()
            && !self.options.bloom_filter_for_dictionary_encoded_chunks
        {
            self.filter = None;
        }
        Ok(())
    }

    /// The chunk's metadata, its pages lying where `placement` says.
    ///
    /// # Errors
    /// If an offset or a size does not fit the format.
    pub(crate) fn into_close_result(self, placement: &Placement) -> Result<ColumnCloseResult> {
        let statistics = self.chunk_statistics();
        let description = ChunkDescription {
            descr: self.descr,
            compression: self.options.compression,
            statistics,
        };
        let mut close = self.ledger.layout(description, placement)?;
        close.bloom_filter = self.filter.map(|filter| filter.finish());
        Ok(close)
    }

    /// Records the number of distinct values that the caller knows: it holds for the chunk only if
    /// nothing else is written.
    pub(crate) fn give_distinct_count(&mut self, count: Option<u64>) {
        let is_first = self.ledger.totals().slots == 0 && self.page.slots == 0;
        self.distinct_given = count.filter(|_| is_first);
    }

    /// The column.
    pub(crate) fn descr(&self) -> &ColumnDescPtr {
        &self.descr
    }

    /// Bytes of finished pages, as stored.
    pub(crate) fn bytes_written(&self) -> u64 {
        self.ledger.totals().compressed
    }

    /// Rows so far, those of the open page included.
    pub(crate) fn rows_written(&self) -> u64 {
        self.ledger.totals().rows + self.page.rows as u64
    }

    /// Estimated bytes of the chunk if it ended now. The open page's levels are left out, so that row groups of
    /// so many bytes end where they do with other writers.
    pub(crate) fn estimated_total_bytes(&self) -> usize {
        let written = usize::try_from(self.bytes_written()).unwrap_or(usize::MAX);
        written
            .saturating_add(self.values.estimated_bytes())
            .saturating_add(self.values.dictionary_bytes().unwrap_or(0))
    }

    /// Estimated bytes of the open page.
    pub(crate) fn open_page_bytes(&self) -> usize {
        self.values.estimated_bytes() + self.page.level_bytes()
    }

    /// Pages cut before they were full, and bytes of the largest page before compression.
    pub(crate) fn paging(&self) -> (usize, usize) {
        (self.early_cuts, self.ledger.largest_page())
    }

    /// Heap bytes, by capacity. O(1).
    pub(crate) fn memory_size(&self) -> usize {
        self.values.memory_size()
            + self.page.memory_size()
            + self.stats.as_ref().map_or(0, StatsCollector::memory_size)
            + self.distinct_memory()
            + self.filter.as_ref().map_or(0, |filter| {
                size_of::<FilterBuilder>() + filter.memory_size()
            })
            + self.ledger.memory_size()
    }

    /// Heap bytes, and those that ending the chunk takes beside them.
    pub(crate) fn reserved_size(&self) -> usize {
        let ending = self.ledger.ending_bytes();
        self.memory_size()
            + ending.saturating_sub(self.free_ending_bytes())
            + self.dictionary_writing_bytes()
    }

    fn batch_base(
        &self,
        definition: Option<&Levels<'_>>,
        repetition: Option<&Levels<'_>>,
    ) -> usize {
        let compact = |levels: Option<&Levels<'_>>| levels.is_none_or(Levels::is_uniform);
        let any = definition.is_some() || repetition.is_some();
        let base = match any && compact(definition) && compact(repetition) {
            true => self.options.data_page_row_count_limit,
            false => self.options.write_batch_size,
        };
        base.min(MOST_SLOTS)
    }

    fn portion_rules(&self, base: usize) -> PortionRules {
        let page_limit = self.options.data_page_size_limit;
        let dictionary_limit = self.options.dictionary_page_size_limit;
        if let Some(cap) = self.tight_cap() {
            return match self.values.dictionary_bytes() {
                Some(used) => cap.dictionary_rules(used, dictionary_limit),
                None => cap.page_rules(self.values.capped_bytes(), page_limit),
            };
        }
        let (limit, budget) = match self.values.dictionary_bytes() {
            Some(used) => (dictionary_limit, dictionary_limit.saturating_sub(used)),
            None => (page_limit, page_limit),
        };
        // Where values lean on one another the page's size follows from which they are.
        let spread = match self.values.encoding() {
            Encoding::DELTA_BYTE_ARRAY => Spread::Exact,
            _ => Spread::Even,
        };
        PortionRules {
            base,
            limit,
            budget,
            spread,
            keys: Keys::Free,
        }
    }

    fn put(
        &mut self,
        batch: Batch<'_>,
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
        self.page.put_levels(
            batch.slots,
            values.len(),
            batch.definition,
            batch.repetition,
        )
    }

    fn after_put(&mut self, benches: &WorkbenchPool, sink: &mut dyn PageSink) -> Result<()> {
        let limit = self.options.data_page_size_limit;
        let counted = self
            .values
            .estimated_bytes()
            .saturating_sub(self.values.exempt_bytes(limit));
        if self.page.rows >= self.options.data_page_row_count_limit || counted >= limit {
            self.cut_page(benches, sink)?;
        } else if let Some(cap) = self.tight_cap()
            && cap.is_full(self.values.capped_bytes() + self.page.level_bytes())
        {
            self.early_cuts += 1;
            self.cut_page(benches, sink)?;
        }
        match self.values.dictionary_bytes() {
            Some(bytes) if bytes >= self.options.dictionary_page_size_limit => {
                self.give_up_dictionary(benches, sink)
            }
            _ => Ok(()),
        }
    }

    fn seal_page(&mut self, bench: &mut Workbench, sink: &mut dyn PageSink) -> Result<()> {
        if self.values.defers_statistics()
            && let (Some(stats), Some(dictionary)) = (&mut self.stats, self.values.dictionary())
            && stats.takes_distinct()
        {
            dictionary.visit_page_entries(|entries| stats.update(entries));
        }
        let bounds = self.stats.as_mut().map(StatsCollector::finish_page);
        let header_statistics = match &bounds {
            Some(bounds) if self.options.writes_header_statistics() => {
                let nulls = (self.page.slots - self.page.present) as u64;
                let (bounds, cut) = (bounds.as_bounds(), &self.statistics_cut);
                Some(page_statistics(&self.descr, &bounds, cut, nulls))
            }
            _ => None,
        };
        sink.encoder_holds(self.reserved_size());
        let header_bytes = HEADER_ROOM + header_statistics.as_ref().map_or(0, bound_bytes);
        let body = Body::lay_out(
            bench,
            &mut self.page,
            &mut self.values,
            self.options.writer_version,
            header_bytes,
        )?;
        let (levels, encoding) = (body.levels, body.encoding);
        let page = match self.options.writer_version {
            WriterVersion::PARQUET_1_0 => EncodedPage::DataV1 {
                slots: self.page.slots,
                encoding,
                statistics: header_statistics.as_ref(),
            },
            WriterVersion::PARQUET_2_0 => EncodedPage::DataV2 {
                slots: self.page.slots,
                nulls: self.page.slots - self.page.present,
                rows: self.page.rows,
                encoding,
                definition_len: levels.definition_len,
                repetition_len: levels.repetition_len,
                statistics: header_statistics.as_ref(),
            },
        };
        let sealed =
            seal(bench, body.from, page, &self.sealing).map_err(|error| self.named(error))?;
        let page_type = sealed.page_type();
        let (header_len, body_len) = (sealed.header_len, sealed.body_len());
        let uncompressed_len = sealed.uncompressed_len;
        sink.put(sealed)?;
        body.end(bench, &mut self.values);
        self.ledger.record_data(&DataPageFacts {
            page_type,
            encoding,
            slots: self.page.slots,
            present: self.page.present,
            rows: self.page.rows,
            header_len,
            body_len,
            uncompressed_len,
            bounds: bounds
                .as_ref()
                .and_then(|bounds| bounds.as_bounds().min_max),
            nan_count: bounds
                .as_ref()
                .and_then(|bounds| bounds.as_bounds().nan_count),
            unencoded_bytes: (self.descr.physical_type() == Type::BYTE_ARRAY)
                .then_some(self.page.unencoded_bytes),
            definition_histogram: &self.page.definition_histogram,
            repetition_histogram: &self.page.repetition_histogram,
        })?;
        if let (Some(stats), Some(bounds)) = (&mut self.stats, bounds) {
            stats.recycle(bounds);
        }
        self.page.reset();
        Ok(())
    }

    fn seal_dictionary(&mut self, benches: &WorkbenchPool, sink: &mut dyn PageSink) -> Result<()> {
        let Some(mut dictionary) = self.values.take_dictionary() else {
            return Ok(());
        };
        dictionary.end();
        sink.encoder_holds(self.reserved_size() + dictionary.memory_size());
        benches.with(|bench| {
            bench.start_body(HEADER_ROOM + dictionary.dictionary_bytes());
            bench.body.resize(HEADER_ROOM, 0);
            dictionary.write_dictionary_into(&mut bench.body);
            let entries = dictionary.num_entries();
            if let Some(filter) = &mut self.filter {
                let page = bench.body.get(HEADER_ROOM..).unwrap_or_default();
                filter.insert(&dictionary.entries(page));
            }
            // The page's body is a copy: the entries go before it is compressed.
            drop(dictionary);
            sink.encoder_holds(self.reserved_size());
            let page = EncodedPage::Dictionary { entries };
            let sealed =
                seal(bench, HEADER_ROOM, page, &self.sealing).map_err(|error| self.named(error))?;
            let facts = DictionaryFacts {
                header_len: sealed.header_len,
                body_len: sealed.body_len(),
                uncompressed_len: sealed.uncompressed_len,
            };
            sink.put(sealed)?;
            self.ledger.record_dictionary(facts);
            Ok(())
        })
    }

    fn chunk_statistics(&self) -> Option<Statistics> {
        let bounds = self.stats.as_ref()?.chunk();
        let distinct = self
            .distinct
            .as_ref()
            .and_then(DistinctCounter::count)
            .or(self.distinct_given);
        let counts = Counts {
            nulls: self.ledger.totals().nulls,
            distinct,
        };
        let cut = &self.statistics_cut;
        Some(chunk_statistics(&self.descr, &bounds, cut, counts))
    }

    fn named(&self, error: ParquetError) -> ParquetError {
        match error {
            ParquetError::General(text) => {
                ParquetError::General(format!("{text} (column {})", self.descr.path().string()))
            }
            other => other,
        }
    }
}
