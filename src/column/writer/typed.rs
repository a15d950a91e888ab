//! Writers for callers that bring physical values and levels: thin typed shells over the column
//! encoder.

use std::marker::PhantomData;
use std::slice;
use std::sync::Arc;

use super::chunk_writer::{ChunkParts, ChunkWriter, Grant, Written};
use super::cut::surely_fits;
use super::feed::TypedFeed;
use super::given_levels::GivenLevels;
use super::plan::ColumnPlan;
use super::pressure::OnMemoryLimit;
use super::reclaim::{MemoryReclaimer, Reclaimed};
use super::scratch::ScratchPool;
use super::slots::{GivenBounds, Slots, ValueFeed};
use crate::budget::{MemoryBudget, Reservation};
use crate::column::chunk::{ChunkPages, ColumnCloseResult, HandedPages};
use crate::column::page::PageWriter;
use crate::data_type::levels::Levels;
use crate::data_type::{AsBytes, ParquetValueType};
use crate::errors::{ParquetError, Result};
use crate::latch::{panicked, watched};
use crate::meta::properties::WriterPropertiesPtr;
use crate::schema::types::ColumnDescPtr;

/// What a typed column writer is given: the type of one value and of a batch of them.
pub trait ColumnValueEncoder {
    /// One value.
    type T: ParquetValueType;
    /// A batch of values.
    type Values: ?Sized + AsRef<[Self::T]>;
}

/// Writes one column chunk from physical values and levels.
///
/// Values are the present ones only; a slot whose definition level is below the maximum has none.
/// Nothing is complete until [`GenericColumnWriter::close`].
pub struct GenericColumnWriter<'a, E: ColumnValueEncoder> {
    chunk: ChunkWriter<'a>,
    limit: Option<LimitedWriter<'a>>,
    scratch: Vec<u8>,
    input: PhantomData<fn(E)>,
}

/// The memory limit of the file that a column belongs to.
#[derive(Debug)]
pub(crate) struct LimitedWriter<'a> {
    pub(crate) reclaimer: &'a mut MemoryReclaimer,
    pub(crate) on_memory_limit: OnMemoryLimit,
}

impl<'a, E: ColumnValueEncoder> GenericColumnWriter<'a, E> {
    /// A writer for column `descr` whose pages go to `page_writer`.
    ///
    /// # Panics
    /// If the properties ask for an encoding that the column's type does not allow, or for a codec
    /// that is not compiled in. [`SerializedFileWriter`](crate::file::writer::SerializedFileWriter) checks that before.
    pub fn new(
        descr: ColumnDescPtr,
        props: WriterPropertiesPtr,
        page_writer: Box<dyn PageWriter + 'a>,
    ) -> Self {
        match Self::try_new(descr, &props, page_writer) {
            Ok(writer) => writer,
            #[expect(
                clippy::panic,
                reason = "the signature has no other way to refuse, and peers panic here too"
            )]
            Err(error) => panic!("{error}"),
        }
    }

    /// Writes a batch. `def_levels` and `rep_levels` are needed where the column has more than one
    /// level, and give the number of slots; without them each value is a slot. Returns the number of
    /// values taken.
    ///
    /// # Errors
    /// If levels are missing, of different lengths or out of the column's range, the batch does not begin at a row's
    /// start, a list goes on that the definition levels call empty or null, there are fewer values than the levels
    /// call for, or a row is too large for a page: nothing is then written, and the writer goes on. If the page
    /// writer fails: the writer then takes no more.
    pub fn write_batch(
        &mut self,
        values: &E::Values,
        def_levels: Option<&[i16]>,
        rep_levels: Option<&[i16]>,
    ) -> Result<usize> {
        self.write_batch_with_statistics(values, def_levels, rep_levels, None, None, None)
    }

    /// As [`GenericColumnWriter::write_batch`], with bounds that the caller knows (used in place of computed ones if
    /// both are there) and the number of distinct values, which is kept if this is the chunk's only batch.
    ///
    /// # Errors
    /// As [`GenericColumnWriter::write_batch`].
    pub fn write_batch_with_statistics(
        &mut self,
        values: &E::Values,
        def_levels: Option<&[i16]>,
        rep_levels: Option<&[i16]>,
        min: Option<&E::T>,
        max: Option<&E::T>,
        distinct_count: Option<u64>,
    ) -> Result<usize> {
        self.chunk.check()?;
        let descr = self.chunk.descr().clone();
        let values: &[E::T] = values.as_ref();
        let given = GivenLevels {
            definition: def_levels,
            repetition: rep_levels,
        };
        let slots = given.check(&descr, values.len())?;
        let needed = match def_levels.filter(|_| descr.max_def_level() > 0) {
            Some(levels) => Levels::Slice(levels).count(descr.max_def_level()),
            None => slots,
        };
        let Some(present) = values.get(..needed) else {
            return Err(ParquetError::General(format!(
                "Expected to write {needed} values, but have only {}",
                values.len()
            )));
        };
        let leaf = Slots {
            count: slots,
            definition: def_levels
                .filter(|_| descr.max_def_level() > 0)
                .map(Levels::Slice),
            repetition: rep_levels
                .filter(|_| descr.max_rep_level() > 0)
                .map(Levels::Slice),
        };
        let mut feed = TypedFeed::try_new(present, &descr, &mut self.scratch)?;
        if !surely_fits(feed.total_bytes(), slots) {
            let row_limit = self.chunk.plan().row_limit();
            row_limit.check(&descr, 0, leaf, &mut feed)?;
            feed.rewind();
        }
        self.chunk.give_distinct_count(distinct_count);
        let given = min.zip(max).map(|(min, max)| GivenBounds {
            min: min.as_bytes(),
            max: max.as_bytes(),
        });
        let latch = |chunk: &mut ChunkWriter<'a>| drop(chunk.latch(panicked()));
        watched(&mut self.chunk, latch, |chunk| {
            write_leaf(chunk, &mut self.limit, leaf, (&mut feed, given))
        })?;
        Ok(needed)
    }

    /// Bytes that have been written so far: those that the page writer says, or those that went into the file.
    pub fn get_total_bytes_written(&self) -> u64 {
        self.chunk.pages().bytes_written()
    }

    /// Rows so far.
    pub fn get_total_rows_written(&self) -> u64 {
        self.chunk.encoder().rows_written()
    }

    /// Bytes that this writer keeps in memory: open page, dictionary, ledger, scratch buffers, and finished pages that
    /// have to wait for the dictionary page or wait in the page writer.
    pub fn memory_size(&self) -> usize {
        self.chunk.memory_size() + self.chunk.scratch_size() + self.scratch.capacity()
    }

    /// The column.
    pub fn get_descriptor(&self) -> &ColumnDescPtr {
        self.chunk.descr()
    }

    /// Writes what is left, and ends the chunk.
    ///
    /// # Errors
    /// If the page writer fails, a size does not fit the format, or an earlier call failed.
    pub fn close(self) -> Result<ColumnCloseResult> {
        Ok(self.close_paid()?.0)
    }

    /// As [`close`](Self::close), with what pays for the result.
    pub(super) fn close_paid(mut self) -> Result<(ColumnCloseResult, Reservation)> {
        self.chunk.check()?;
        if let Some(limit) = &mut self.limit {
            let none: &mut [ChunkWriter<'_>] = &mut [];
            limit
                .reclaimer
                .make_room_for_filter(&mut self.chunk, none)?;
            self.chunk.end_pages()?;
            limit.reclaimer.note_pages(&self.chunk);
            limit.reclaimer.note_end();
        }
        self.chunk.close()
    }

    /// A writer of `chunk`, within the memory limit of its file.
    pub(crate) fn of_chunk(chunk: ChunkWriter<'a>, limit: Option<LimitedWriter<'a>>) -> Self {
        Self {
            chunk,
            limit,
            scratch: Vec::new(),
            input: PhantomData,
        }
    }

    fn try_new(
        descr: ColumnDescPtr,
        props: &WriterPropertiesPtr,
        page_writer: Box<dyn PageWriter + 'a>,
    ) -> Result<Self> {
        let budget = MemoryBudget::unlimited();
        let chunk = ChunkWriter::try_new(ChunkParts {
            plan: Arc::new(ColumnPlan::try_new(descr, props)?),
            cap: None,
            pages: ChunkPages::Handed(HandedPages::new(page_writer)),
            filter_parts: None,
            scratch: ScratchPool::new(budget.clone()),
            reservation: budget.reserve(),
        })?;
        Ok(Self::of_chunk(chunk, None))
    }
}

/// Writes one batch. Where memory runs short in the middle, the column makes room before it goes on; there is no
/// other one that could.
fn write_leaf<'a>(
    chunk: &mut ChunkWriter<'a>,
    limit: &mut Option<LimitedWriter<'a>>,
    mut leaf: Slots<'_>,
    (feed, given): (&mut dyn ValueFeed, Option<GivenBounds<'_>>),
) -> Result<()> {
    let Some(LimitedWriter {
        reclaimer,
        on_memory_limit,
    }) = limit
    else {
        chunk.write(&mut leaf, feed, given, Grant::ENDLESS)?;
        return Ok(());
    };
    let _work = reclaimer.at_work();
    chunk.set_page_cap(reclaimer.page_cap());
    reclaimer.make_room_for_codecs(slice::from_mut(chunk), 1)?;
    let mut grant = reclaimer.grant();
    while let Written::Short { next_bytes } = chunk.write(&mut leaf, feed, given, grant)? {
        reclaimer.make_room(slice::from_mut(chunk), next_bytes)?;
        grant = reclaimer.grant_again();
        leave_full_stores(chunk, reclaimer)?;
    }
    let reclaimed = reclaimer.run(slice::from_mut(chunk))?;
    leave_full_stores(chunk, reclaimer)?;
    match reclaimed {
        Reclaimed::StoreIsFull => Ok(()),
        Reclaimed::OnlyTheRowGroupIsLeft if *on_memory_limit == OnMemoryLimit::Fail => {
            Err(chunk.latch(reclaimer.exceeded()))
        }
        Reclaimed::OnlyTheRowGroupIsLeft | Reclaimed::Enough => {
            reclaimer.rest(slice::from_mut(chunk))
        }
    }
}

/// Goes on without stores that have no room. Pages wait for the dictionary alone: once it has ended all of them go
/// into the file. Without a store a Bloom filter would take memory that nothing frees.
fn leave_full_stores(chunk: &mut ChunkWriter<'_>, reclaimer: &mut MemoryReclaimer) -> Result<()> {
    if chunk.pages().is_full() {
        chunk.give_up_dictionary()?;
        reclaimer.note_early_dictionary();
    }
    if chunk.is_store_full() {
        chunk.give_up_filter();
        reclaimer.note_filter_given_up();
    }
    Ok(())
}

impl<E: ColumnValueEncoder> std::fmt::Debug for GenericColumnWriter<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GenericColumnWriter")
            .field("chunk", &self.chunk)
            .finish_non_exhaustive()
    }
}
