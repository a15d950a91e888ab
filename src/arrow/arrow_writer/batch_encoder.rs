//! Record batches in, the bytes of a file out, a step at a time: what `ArrowWriter` and `ArrowEncoder` have in common.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::column::ArrowColumnWriter;
use super::factory::ArrowRowGroupWriterFactory;
use super::options::ArrowWriterOptions;
use super::row_group::OpenRowGroup;
use super::row_group_end::RowGroupEnd;
use super::row_slices::{RowSlices, tiny_page_rows};
use super::small_batches::Joining;
use crate::arrow::leaves::{BatchPlan, CheckedBatch, CheckedLeaf, ColumnNames};
use crate::arrow::schema::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata, renamed};
use crate::budget::Reservation;
use crate::column::writer::{OnMemoryLimit, Reclaimed};
use crate::errors::{ParquetError, Result};
use crate::file::writer::{FileCore, FileOutput};
use crate::latch::{Latch, panicked, watched};
use crate::meta::metadata::{KeyValue, ParquetMetaData};

/// Decimals of smaller batches are converted when they are encoded: arrays of their own would cost more.
const FEWEST_NARROWED: usize = 1024;

/// Converted decimals of more bytes than this would have left the processor's caches before they are encoded.
const NARROWED_BYTES: usize = 1 << 20;

/// A writer without a sink. Batches are encoded into page stores; [`step`](Self::step) then writes what is due, a
/// bounded part at a time. At most one row group is written out while the next one is encoded.
#[derive(Debug)]
pub(super) struct BatchEncoder {
    core: FileCore,
    open: Option<OpenRowGroup>,
    /// The row group before the open one, while it is written out.
    ending: Option<RowGroupEnd>,
    /// Whether the open row group has to end before it takes more, for which `ending` has to be through.
    is_due: bool,
    /// Rows that wait for the end of a row group.
    rest: Option<RestOfBatch>,
    goal: Goal,
    /// There once the footer is written, until it is taken.
    metadata: Option<ParquetMetaData>,
    /// The schema of the batch that was checked last; at first the writer's own.
    checked_schema: SchemaRef,
    plan: Arc<BatchPlan>,
    /// Room for the leaves of a batch, kept from one to the next where there is no memory limit.
    leaves: Vec<CheckedLeaf>,
    factory: ArrowRowGroupWriterFactory,
    limits: RowGroupLimits,
    column_names: ColumnNames,
    /// Bytes from which on a row group may end early: the sink would hold fewer in memory as well.
    least_early_bytes: usize,
    /// Slots of the smallest page that the properties may ask for.
    least_slots: usize,
    joining: Joining,
    latch: Latch,
    /// Pays for what stays the same as long as the writer lives.
    _fixed: Reservation,
}

/// Rows of a checked batch that are not encoded yet.
#[derive(Debug)]
struct RestOfBatch {
    batch: CheckedBatch,
    from: usize,
}

/// What the caller has asked for beside the batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Batches,
    Flush,
    Finish,
}

/// When a row group is full.
#[derive(Debug, Clone, Copy)]
struct RowGroupLimits {
    rows: Option<usize>,
    bytes: Option<usize>,
}

impl BatchEncoder {
    /// An encoder for batches of `arrow_schema`.
    ///
    /// # Errors
    /// If the schema has a type or a shape that Parquet cannot hold, or the properties do not suit it.
    pub(super) fn try_new(arrow_schema: SchemaRef, options: ArrowWriterOptions) -> Result<Self> {
        let ArrowWriterOptions {
            mut properties,
            skip_arrow_metadata,
            schema_root,
            parquet_schema,
            file: file_options,
            decimal_precision,
            column_names,
            parallelism,
        } = options;
        let mut kept_schema = Cow::Borrowed(arrow_schema.as_ref());
        let descr = match parquet_schema {
            Some(descr) => {
                kept_schema = Cow::Owned(renamed(&arrow_schema, descr.root_schema()));
                descr
            }
            None => {
                let mut converter =
                    ArrowSchemaConverter::new().with_coerce_types(properties.coerce_types());
                if let Some(root) = &schema_root {
                    converter = converter.schema_root(root);
                }
                converter.convert(&arrow_schema)?
            }
        };
        if !skip_arrow_metadata {
            add_encoded_arrow_schema_to_metadata(&kept_schema, &mut properties);
        }
        let limits = RowGroupLimits {
            rows: properties.max_row_group_row_count(),
            bytes: properties.max_row_group_bytes(),
        };
        let core = FileCore::try_new(descr.root_schema_ptr(), Arc::new(properties), file_options)?;
        let factory = ArrowRowGroupWriterFactory::of_core(&core, arrow_schema.clone())
            .with_decimal_precision_check(decimal_precision)
            .with_parallelism(&parallelism);
        let plan = factory.plan()?.clone();
        let options = core.resources().plans().iter().map(|plan| plan.options());
        let least_slots = options
            .map(|options| {
                options
                    .data_page_row_count_limit
                    .min(options.write_batch_size)
            })
            .min()
            .unwrap_or(usize::MAX);
        let mut fixed = core.resources().member().reserve();
        fixed.resize(plan.memory_size());
        Ok(Self {
            core,
            open: None,
            ending: None,
            is_due: false,
            rest: None,
            goal: Goal::Batches,
            metadata: None,
            checked_schema: arrow_schema,
            plan,
            leaves: Vec::new(),
            factory,
            limits,
            column_names,
            least_early_bytes: 0,
            least_slots,
            joining: Joining::new(least_slots, limits.bytes),
            latch: Latch::default(),
            _fixed: fixed,
        })
    }

    /// A row group with fewer bytes does not end early for want of memory.
    pub(super) fn set_least_early_bytes(&mut self, bytes: usize) {
        self.least_early_bytes = bytes;
    }

    /// The file without its sink.
    pub(super) fn core(&self) -> &FileCore {
        &self.core
    }

    /// As [`core`](Self::core), to be changed.
    pub(super) fn core_mut(&mut self) -> &mut FileCore {
        &mut self.core
    }

    /// The file, and what makes columns for it.
    pub(super) fn into_parts(self) -> (FileCore, ArrowRowGroupWriterFactory) {
        (self.core, self.factory)
    }

    /// Bytes that the open row group and the one before it keep in memory, with the scratch buffers and what waits for
    /// the footer; 0 without a row group.
    pub(super) fn memory_size(&self) -> usize {
        let open = self.open.as_ref().map(OpenRowGroup::memory_size);
        let ending = self.ending.as_ref().map(RowGroupEnd::memory_size);
        if open.is_none() && ending.is_none() {
            return 0;
        }
        open.unwrap_or(0)
            + ending.unwrap_or(0)
            + self.core.resources().scratch().memory_size()
            + self.core.pending_memory_size()
            + self.leaves.capacity() * size_of::<CheckedLeaf>()
    }

    /// Estimated encoded bytes of the open row group.
    pub(super) fn in_progress_size(&self) -> usize {
        self.open.as_ref().map_or(0, OpenRowGroup::estimated_bytes)
    }

    /// As [`in_progress_size`](Self::in_progress_size), waiting for no thread: a few more.
    pub(super) fn most_in_progress_size(&self) -> usize {
        let open = self.open.as_ref();
        open.map_or(0, OpenRowGroup::most_estimated_bytes)
    }

    /// Rows of the open row group.
    pub(super) fn in_progress_rows(&self) -> usize {
        self.open.as_ref().map_or(0, OpenRowGroup::rows)
    }

    /// An error if no batch is taken any more.
    pub(super) fn check_open(&self) -> Result<()> {
        self.latch.check()?;
        match self.goal {
            Goal::Batches | Goal::Flush => Ok(()),
            Goal::Finish => Err(ParquetError::General(
                "SerializedFileWriter already finished".to_owned(),
            )),
        }
    }

    /// An error if an earlier call has failed, so that none succeeds.
    pub(super) fn check_failed(&self) -> Result<()> {
        self.latch.check()
    }

    /// Whether a batch is refused before [`step`](Self::step) has returned false.
    pub(super) fn is_drain_due(&self) -> bool {
        self.rest.is_some() || self.is_due
    }

    /// Whether [`step`](Self::step) has something to do.
    pub(super) fn has_work(&self) -> bool {
        self.ending.is_some()
            || self.is_due
            || self.rest.is_some()
            || match self.goal {
                Goal::Batches => false,
                Goal::Flush => true,
                Goal::Finish => !self.core.is_finished(),
            }
    }

    /// Encodes a batch. Where it fills a row group the rest of it waits until that is written out.
    ///
    /// # Errors
    /// As [`ArrowWriter::write`](super::ArrowWriter::write); [`ParquetError::NotDrained`] if the batch before waits, or
    /// a row group that is full.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.check_open()?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if self.is_drain_due() {
            return Err(ParquetError::NotDrained);
        }
        self.check_schema(batch)?;
        self.watched(|encoder| encoder.write_checked(batch))
    }

    /// Asks for the end of the open row group.
    ///
    /// # Errors
    /// If the encoder has finished or failed before.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.check_open()?;
        // Rows that wait belong to the row groups before the end that is asked for.
        if self.rest.is_some() {
            self.goal = Goal::Flush;
        } else {
            self.end_open();
        }
        Ok(())
    }

    /// Asks for the end of the file.
    ///
    /// # Errors
    /// If the encoder has finished or failed before.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.check_open()?;
        self.goal = Goal::Finish;
        Ok(())
    }

    /// The file's metadata, once after the footer is written.
    pub(super) fn take_metadata(&mut self) -> Option<ParquetMetaData> {
        self.metadata.take()
    }

    /// Adds a pair to the footer's key-value metadata. A failure of its store is latched.
    pub(super) fn add_pair(&mut self, pair: KeyValue) {
        if self.latch.check().is_ok() {
            let added = self.watched(|encoder| encoder.core.add_pair(pair));
            added.unwrap_or_else(|error| drop(self.latch(error)));
        }
    }

    /// Does the next part of what is due: writes a page or a part of the footer, or encodes rows that waited. False if
    /// there is nothing to do.
    ///
    /// # Errors
    /// If a store or the sink fails, or the encoder failed before.
    pub(super) fn step(&mut self, out: &mut dyn FileOutput) -> Result<bool> {
        self.latch.check()?;
        self.watched(|encoder| {
            let stepped = encoder.next_step(out);
            stepped.map_err(|error| encoder.latch(error))
        })
    }

    /// Refuses all later calls because of `error`, and hands it back.
    pub(super) fn latch(&mut self, error: ParquetError) -> ParquetError {
        self.latch.shut(&error);
        error
    }

    /// Checks types and names of a batch's columns; batches that share a schema are checked once.
    fn check_schema(&mut self, batch: &RecordBatch) -> Result<()> {
        let found = batch.schema_ref();
        if Arc::ptr_eq(&self.checked_schema, found) {
            return Ok(());
        }
        self.plan.check_types(batch)?;
        if self.column_names == ColumnNames::Checked {
            self.plan.check_names(found.fields())?;
        }
        self.checked_schema = found.clone();
        Ok(())
    }

    /// Rows of `left` that the open row group still takes; 0 if it has to end first.
    fn fitting_rows(&self, left: usize) -> usize {
        let rows = self.in_progress_rows();
        let mut fitting = match self.limits.rows {
            Some(limit) => left.min(limit.saturating_sub(rows)),
            None => left,
        };
        if let Some(limit) = self.limits.bytes.filter(|_| rows > 0) {
            let bytes = self.in_progress_size();
            if bytes >= limit {
                return 0;
            }
            if let Some(by_size) = (limit - bytes).checked_div(bytes / rows) {
                fitting = fitting.min(by_size);
            }
        }
        fitting
    }

    /// Encodes a batch that fits the schema.
    fn write_checked(&mut self, batch: &RecordBatch) -> Result<()> {
        if let Some(ending) = &mut self.ending
            && !self.core.reclaimer().is_never_short()
        {
            let parked = ending.park(&mut self.core);
            parked.map_err(|error| self.latch(error))?;
        }
        let plan = self.plan.clone();
        let (slices, all) = (self.slices(&plan, batch), batch.num_rows());
        if self.fitting_rows(all).min(slices.next(0..all)) == all {
            let mut leaves = std::mem::take(&mut self.leaves);
            let room = self.narrowing_room(all);
            let walked = plan.walk_into(batch, (0, room), &mut leaves);
            let written = walked.and_then(|()| self.write_leaves(&mut leaves, all));
            leaves.clear();
            if self.core.reclaimer().has_no_limit() {
                self.leaves = leaves;
            }
            written?;
        } else {
            // A batch that goes in by several parts is checked as a whole before its first part is encoded.
            let checked = plan.check(batch, |rows| slices.next(rows))?;
            let rest = RestOfBatch {
                batch: checked,
                from: 0,
            };
            self.write_rest(&plan, rest, &slices)?;
        }
        self.settle()
    }

    /// What the decimals of a batch of so many rows may take that are converted while they are checked.
    fn narrowing_room(&mut self, rows: usize) -> usize {
        if rows >= FEWEST_NARROWED && self.core.reclaimer().has_no_limit() {
            NARROWED_BYTES
        } else {
            0
        }
    }

    /// The slices of `batch` that may be taken apart at once.
    fn slices<'b>(&mut self, plan: &'b BatchPlan, batch: &'b RecordBatch) -> RowSlices<'b> {
        let limit = self.core.reclaimer().limit_at_work();
        let most_rows = limit.map_or(usize::MAX, |limit| {
            tiny_page_rows(self.least_slots, plan.columns().len(), limit)
        });
        RowSlices::new(plan, batch, limit).with_most_rows(most_rows)
    }

    /// Encodes the rows of `rest` up to the end of the row group; what is left waits until that is written out.
    fn write_rest(
        &mut self,
        plan: &BatchPlan,
        mut rest: RestOfBatch,
        slices: &RowSlices<'_>,
    ) -> Result<()> {
        let (mut leaves, all) = (Vec::new(), rest.batch.batch().num_rows());
        let was_ending = self.ending.is_some();
        while rest.from < all {
            let fitting = self.fitting_rows(all - rest.from);
            if fitting == 0 {
                self.end_open();
            }
            if self.is_due || (self.ending.is_some() && !was_ending) {
                self.rest = Some(rest);
                return Ok(());
            }
            let rows = rest.from..rest.from + slices.next(rest.from..rest.from + fitting);
            rest.batch.walk_into(plan, rows.clone(), &mut leaves)?;
            self.write_leaves(&mut leaves, rows.len())?;
            rest.from = rows.end;
        }
        Ok(())
    }

    fn write_leaves(&mut self, leaves: &mut Vec<CheckedLeaf>, rows: usize) -> Result<()> {
        let open = match &mut self.open {
            Some(open) => open,
            None => match OpenRowGroup::try_new(&self.factory, self.joining) {
                Ok(open) => self.open.insert(open),
                Err(error) => return Err(self.latch(error)),
            },
        };
        match open.write(leaves, rows, self.core.reclaimer()) {
            Ok(Reclaimed::StoreIsFull) => {
                self.core.reclaimer().note_early_flush();
                self.end_open();
                Ok(())
            }
            Ok(Reclaimed::OnlyTheRowGroupIsLeft) => self.end_early(),
            Ok(Reclaimed::Enough) => {
                if self.is_full() {
                    self.end_open();
                }
                Ok(())
            }
            Err(error) => {
                // The columns no longer have the same rows: what was encoded of this row group is lost.
                self.open = None;
                Err(self.latch(error))
            }
        }
    }

    /// Lets the open row group be written out, as soon as the one before it is.
    fn end_open(&mut self) {
        self.is_due = self.ending.is_some() && self.open.is_some();
        if !self.is_due
            && let Some(open) = self.open.take()
        {
            self.ending = Some(RowGroupEnd::new(open, &mut self.core));
        }
    }

    fn end_early(&mut self) -> Result<()> {
        match self.core.on_memory_limit() {
            OnMemoryLimit::FlushRowGroup if !self.pays_to_end() => Ok(()),
            OnMemoryLimit::FlushRowGroup => {
                self.core.reclaimer().note_early_flush();
                self.end_open();
                Ok(())
            }
            OnMemoryLimit::Fail => {
                let error = self.core.reclaimer().exceeded();
                self.open = None;
                Err(self.latch(error))
            }
        }
    }

    fn pays_to_end(&mut self) -> bool {
        let pending_bytes = self.core.pending_memory_size();
        let is_worth = |open: &&OpenRowGroup| open.estimated_bytes() >= self.least_early_bytes;
        let Some(open) = self.open.as_ref().filter(is_worth) else {
            return false;
        };
        let (open_bytes, again_bytes) = (open.memory_size(), open.places_size());
        let reclaimer = self.core.reclaimer();
        reclaimer.pays_to_end(open_bytes, again_bytes, pending_bytes)
    }

    fn next_step(&mut self, out: &mut dyn FileOutput) -> Result<bool> {
        if let Some(ending) = &mut self.ending {
            if !ending.step(&mut self.core, out)? {
                self.ending = None;
                self.core.reclaimer().note_end();
                if self.is_due {
                    self.end_open();
                }
                self.settle()?;
            }
            return Ok(true);
        }
        if let Some(rest) = self.rest.take() {
            let (plan, batch) = (self.plan.clone(), rest.batch.batch().clone());
            let slices = self.slices(&plan, &batch);
            self.write_rest(&plan, rest, &slices)?;
            self.settle()?;
            return Ok(true);
        }
        match self.goal {
            Goal::Batches => Ok(false),
            Goal::Flush => {
                self.goal = Goal::Batches;
                self.end_open();
                Ok(self.has_work())
            }
            Goal::Finish if self.open.is_some() => {
                self.end_open();
                Ok(true)
            }
            Goal::Finish if self.core.is_finished() => Ok(false),
            Goal::Finish => {
                // No page follows, and the footer needs room too.
                self.core.resources().scratch().clear();
                self.metadata = self.core.write_footer(out)?;
                Ok(true)
            }
        }
    }

    /// Frees what other writers could use before the next batch comes, unless more is due.
    fn settle(&mut self) -> Result<()> {
        if self.ending.is_some() || self.rest.is_some() {
            return Ok(());
        }
        let reclaimer = self.core.reclaimer();
        let rested = match &mut self.open {
            Some(open) => open.rest(reclaimer),
            None => reclaimer.rest::<ArrowColumnWriter>(&mut []),
        };
        rested.map_err(|error| {
            self.open = None;
            self.latch(error)
        })
    }

    /// Runs `call`, and takes no more calls if it panics.
    fn watched<T>(&mut self, call: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let _work = self.core.reclaimer().at_work();
        let latch = |encoder: &mut Self| drop(encoder.latch(panicked()));
        watched(self, latch, call)
    }

    fn is_full(&self) -> bool {
        self.limits
            .rows
            .is_some_and(|limit| self.in_progress_rows() >= limit)
            || self
                .limits
                .bytes
                .is_some_and(|limit| self.in_progress_size() >= limit)
    }
}
