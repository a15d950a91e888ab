//! The memory policy: what a writer gives up, and in which order, when its budget is short.

mod open_column;
#[cfg(feature = "arrow")]
mod row_groups;
mod steps;
#[cfg(feature = "arrow")]
pub(super) mod threads;

use std::sync::Arc;

use super::chunk_writer::{ChunkWriter, Grant};
use super::cut::PageMemoryCap;
use super::pressure::MemoryPressure;
use super::scratch::ScratchPool;
use crate::budget::{AtWork, Member, MemoryBudget};
use crate::compression::CodecMemory;
use crate::errors::{ParquetError, Result};
pub(crate) use open_column::OpenColumn;
use steps::{FILTER_FLOOR_BYTES, LEAST_PAGE_BYTES, STEPS, Step, descending};

/// Whether enough memory could be freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reclaimed {
    Enough,
    OnlyTheRowGroupIsLeft,
    /// The page store has no room, so that no step but the end of the row group can help.
    StoreIsFull,
}

/// The part of a limit at which open pages are cut whatever else there is. To assemble a page takes the open page, its
/// body, and the blob with room for what does not compress, a little more than three pages; all that fits between the
/// high-water mark and the limit, so that a page may be cut whenever there is no pressure yet.
const PAGE_PART: usize = 32;

/// The part of a limit at which dictionaries are full. To write one out takes its page's body beside the entries, and
/// then the blob in place of the entries: no more than lies between the high-water mark and the limit.
const DICTIONARY_PART: usize = 10;

/// The same for one of many writers: what is there at most of a page, and of a dictionary, is this part of a fair
/// share.
const PAGE_PART_OF_SHARE: usize = 4;
const DICTIONARY_PART_OF_SHARE: usize = 2;

/// Dictionaries are not capped below this.
const LEAST_DICTIONARY_BYTES: usize = 4 * 1024;

/// The part of a limit at which bounds are cut where the options would keep them whole: there are two of each page and
/// of each chunk, in several places at a time.
const BOUND_PART: usize = 512;

/// Bounds of so many bytes are never cut for the limit.
const LEAST_BOUND_BYTES: usize = 64;

/// Eighths of a limit, or of a fair share, that codecs may work in together. They hold that from page to page, so
/// that no page has to wait for it.
const CODEC_EIGHTHS: usize = 3;

/// Where nothing is left to free, the writer must grow by this part of the limit, or of its fair share, before it
/// is worth another walk.
const STEP_PART: usize = 128;
const STEP_PART_OF_SHARE: usize = 8;

/// The same, for each column that is walked over: so the walks cost no more than encoding did.
const STEP_BYTES_A_COLUMN: usize = 64;

/// Whoever works gives way when the budget is past its high-water mark by this part of the limit, not only those that
/// have more than their share: these may be idle. What is left then is what assembling a page takes.
const CRITICAL_PART: usize = 32;

/// One of several writers leaves no more scratch behind than this part of its share.
const SCRATCH_PART_OF_SHARE: usize = 16;

/// What of a writer's columns and properties decides how much memory it must have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriterShape {
    /// Kinds of codecs, as far as they are kept.
    pub(crate) codecs: usize,
    /// What they work in together.
    pub(crate) codec_bytes: usize,
}

/// Frees the memory of one writer.
#[derive(Debug)]
pub(crate) struct MemoryReclaimer {
    member: Arc<Member>,
    scratch: ScratchPool,
    shape: WriterShape,
    pressure: MemoryPressure,
    /// What the writer held when nothing was left to free, or the least it held since.
    spent_at: Option<usize>,
}

impl MemoryReclaimer {
    pub(crate) fn new(member: Arc<Member>, scratch: ScratchPool, shape: WriterShape) -> Self {
        Self {
            member,
            scratch,
            shape,
            pressure: MemoryPressure::default(),
            spent_at: None,
        }
    }

    /// Counts the writer as one at work.
    pub(crate) fn at_work(&self) -> AtWork {
        self.member.budget().at_work()
    }

    /// What pages may hold under the limit as it is shared now.
    pub(crate) fn page_cap(&self) -> Option<PageMemoryCap> {
        page_cap(self.member.budget(), self.shape.codecs)
    }

    /// Whether there is no budget that could become short.
    pub(crate) fn is_never_short(&self) -> bool {
        self.member.shared().is_unlimited()
    }

    /// Lets a column go on until all columns should be asked to make room.
    pub(crate) fn grant(&self) -> Grant {
        grant_of(self.member.budget())
    }

    /// As [`grant`](Self::grant), for a column that was left for want of memory, after which room was made as far as
    /// there is any.
    pub(crate) fn grant_again(&self) -> Grant {
        Grant {
            may_pass: true,
            ..self.grant()
        }
    }

    /// What the limit has cost so far.
    pub(crate) fn pressure(&self) -> MemoryPressure {
        MemoryPressure {
            most_bytes_over_limit: self.member.budget().most_bytes_over_limit() as u64,
            ..self.pressure
        }
    }

    /// Counts the pages of a column whose last page has ended.
    pub(crate) fn note_pages(&mut self, chunk: &ChunkWriter<'_>) {
        let (early, largest) = chunk.encoder().paging();
        let spilled = &mut self.pressure.spilled_bytes;
        *spilled = spilled.saturating_add(chunk.pages().moved_bytes());
        self.pressure.pages_cut_early += early as u64;
        self.pressure.dictionaries_given_up += chunk.early_dictionaries() as u64;
        self.pressure.largest_page_bytes = self.pressure.largest_page_bytes.max(largest as u64);
    }

    /// Makes room for the Bloom filter of a column that is about to be closed before the columns in `rest`, and gives
    /// it up if there is none: it can be had only whole.
    ///
    /// # Errors
    /// If a store fails.
    pub(crate) fn make_room_for_filter<'a, C: OpenColumn<'a>>(
        &mut self,
        chunk: &mut ChunkWriter<'a>,
        rest: &mut [C],
    ) -> Result<()> {
        let bytes = chunk.encoder().filter_ending_bytes();
        if bytes < FILTER_FLOOR_BYTES || self.member.budget().can_hold(bytes) {
            return Ok(());
        }
        for step in STEPS.iter().filter(|step| step.only_moves()) {
            self.take_step(step, rest, 0)?;
        }
        self.scratch.free_buffers();
        if !self.member.budget().can_hold(bytes) {
            chunk.give_up_filter();
            self.note_filter_given_up();
        }
        Ok(())
    }

    /// Notes that a row group has ended: what comes next may be freed again.
    pub(crate) fn note_end(&mut self) {
        self.spent_at = None;
    }

    /// Counts a dictionary that ended because its store was full.
    pub(crate) fn note_early_dictionary(&mut self) {
        self.pressure.dictionaries_given_up += 1;
    }

    /// Counts a Bloom filter that was given up.
    pub(crate) fn note_filter_given_up(&mut self) {
        self.pressure.bloom_filters_given_up += 1;
    }

    /// The error for a limit that only an early end of the row group could keep.
    pub(crate) fn exceeded(&self) -> ParquetError {
        ParquetError::MemoryLimitExceeded {
            limit: self.member.shared().limit().unwrap_or(usize::MAX),
            used: self.member.shared().used(),
            step: "the row group would have to end early",
        }
    }

    /// Frees memory if the budget is short and this writer is the one to give way.
    ///
    /// # Errors
    /// If a store fails.
    pub(crate) fn run<'a, C: OpenColumn<'a>>(&mut self, columns: &mut [C]) -> Result<Reclaimed> {
        self.make_room(columns, 0)
    }

    /// As [`run`](Self::run), and frees as much as is missing if `next_bytes` are to be taken at once.
    ///
    /// Costs a walk over all columns, but only if there may be something to free: after a walk that could not free what
    /// it should, the next one waits until the writer has grown.
    ///
    /// # Errors
    /// If a store fails.
    pub(crate) fn make_room<'a, C: OpenColumn<'a>>(
        &mut self,
        columns: &mut [C],
        next_bytes: usize,
    ) -> Result<Reclaimed> {
        let missing = next_bytes.saturating_sub(self.member.shared().remaining());
        if missing == 0 && !self.gives_way() {
            return Ok(Reclaimed::Enough);
        }
        if self.is_spent(columns.len()) {
            return Ok(self.outcome());
        }
        if is_store_full(columns) {
            return Ok(Reclaimed::StoreIsFull);
        }
        // The steps walk over all columns, so they free more than is needed now: the next walk is then far off.
        let used = self.member.used();
        let target = (used - used / 4).min(used.saturating_sub(missing));
        for step in &STEPS {
            if self.member.used() <= target {
                return Ok(self.outcome());
            }
            // What makes the file larger waits until there is no other way.
            if step.is_last_resort()
                && !self.gives_way()
                && next_bytes <= self.member.shared().remaining()
            {
                break;
            }
            self.take_step(step, columns, target)?;
            if is_store_full(columns) {
                return Ok(Reclaimed::StoreIsFull);
            }
        }
        self.spent_at = Some(self.member.used());
        Ok(self.outcome())
    }

    /// Makes room for the codecs of so many threads, if they are not there yet or had to go.
    ///
    /// # Errors
    /// If a store fails.
    pub(crate) fn make_room_for_codecs<'a, C: OpenColumn<'a>>(
        &mut self,
        columns: &mut [C],
        threads: usize,
    ) -> Result<Reclaimed> {
        if self.shape.codec_bytes == 0 || self.is_never_short() {
            return Ok(Reclaimed::Enough);
        }
        match self
            .scratch
            .missing_codec_bytes(self.shape.codec_bytes, threads)
        {
            0 => Ok(Reclaimed::Enough),
            missing => self.make_room(columns, missing),
        }
    }

    /// Frees, at the end of a batch, what others could use before this writer does. One that has more than its share
    /// does not wait for others to be short: it may be idle by then. Only the pages of the file may come out smaller.
    ///
    /// # Errors
    /// If a store fails.
    pub(crate) fn rest<'a, C: OpenColumn<'a>>(&mut self, columns: &mut [C]) -> Result<()> {
        let shared = self.member.shared();
        let Some(share) = shared.fair_share().filter(|_| shared.members() > 1) else {
            return Ok(());
        };
        if shared.is_under_pressure()
            || self.scratch.reserved_size() > share / SCRATCH_PART_OF_SHARE
        {
            self.scratch.clear();
        }
        let used = self.member.used();
        let is_half_full = shared
            .limit()
            .is_some_and(|limit| shared.remaining() < limit / 2);
        if !is_half_full || used <= share || self.is_spent(columns.len()) || is_store_full(columns)
        {
            return Ok(());
        }
        let target = share + (used - share) / 2;
        for step in STEPS.iter().filter(|step| step.keeps_the_encoding()) {
            if self.member.used() <= target {
                return Ok(());
            }
            self.take_step(step, columns, target)?;
        }
        Ok(())
    }

    /// Whether this writer is the one to free memory.
    fn gives_way(&self) -> bool {
        self.member.should_give_way() || self.is_critical()
    }

    /// Whether the limit is so near that whoever runs gives way: those above their share may be idle.
    fn is_critical(&self) -> bool {
        let shared = self.member.shared();
        shared
            .limit()
            .is_some_and(|limit| shared.excess() > limit / CRITICAL_PART)
    }

    /// Whether nothing was left to free, and the writer has not grown since by enough to be walked over again.
    fn is_spent(&mut self, columns: usize) -> bool {
        let used = self.member.used();
        let Some(spent_at) = self.spent_at.map(|bytes| bytes.min(used)) else {
            return false;
        };
        self.spent_at = Some(spent_at);
        let step = self.member.budget().part(STEP_PART, STEP_PART_OF_SHARE);
        used - spent_at < step.unwrap_or(0).max(columns * STEP_BYTES_A_COLUMN)
    }

    fn outcome(&self) -> Reclaimed {
        if self.gives_way() {
            Reclaimed::OnlyTheRowGroupIsLeft
        } else {
            Reclaimed::Enough
        }
    }

    /// Takes one step of the policy, column by column, the largest first, until no more than `target` bytes are held.
    fn take_step<'a, C: OpenColumn<'a>>(
        &mut self,
        step: &Step,
        columns: &mut [C],
        target: usize,
    ) -> Result<()> {
        let Some(frees) = step.of_columns() else {
            self.scratch.free_buffers();
            return Ok(());
        };
        for index in descending(columns, |column| frees.size(column), frees.floor) {
            if self.member.used() <= target && !frees.frees_all {
                break;
            }
            if let Some(column) = columns.get_mut(index) {
                frees.free(column)?;
                frees.count(&mut self.pressure);
            }
        }
        Ok(())
    }
}

/// What lets a column go on until the writer has grown by a step.
fn grant_of(budget: &MemoryBudget) -> Grant {
    let most_bytes = match budget.part(STEP_PART, 0) {
        Some(step) => budget.used().saturating_add(step.max(1)),
        None => usize::MAX,
    };
    Grant {
        most_bytes,
        may_pass: false,
    }
}

/// What pages may hold under the limit of `budget`, in a writer of so many codecs; nothing is asked of them where there
/// is none.
pub(crate) fn page_cap(budget: &MemoryBudget, codecs: usize) -> Option<PageMemoryCap> {
    Some(PageMemoryCap {
        page_bytes: budget
            .part(PAGE_PART, PAGE_PART_OF_SHARE)?
            .max(LEAST_PAGE_BYTES),
        dictionary_bytes: budget
            .part(DICTIONARY_PART, DICTIONARY_PART_OF_SHARE)?
            .max(LEAST_DICTIONARY_BYTES),
        bound_bytes: budget.part(BOUND_PART, 0)?.max(LEAST_BOUND_BYTES),
        codec: CodecMemory {
            wanted_bytes: budget.part(8, 8)? * CODEC_EIGHTHS / codecs.max(1),
            limit_bytes: budget.limit()?,
        },
    })
}

/// Whether a store has had no room, in a writer for which that is no error.
pub(crate) fn is_store_full<'a, C: OpenColumn<'a>>(columns: &[C]) -> bool {
    columns.iter().any(|column| column.chunk().is_store_full())
}

#[cfg(test)]
mod tests;
