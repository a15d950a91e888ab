//! The memory policy: what a writer gives up, and in which order, when its budget is short.

use std::sync::Arc;

use arrow_array::RecordBatch;

use super::column::ArrowColumnWriter;
use super::pieces::{Pieces, tiny_page_rows};
use crate::arrow::leaves::BatchPlan;
use crate::budget::{AtWork, Member, MemoryBudget, Reservation};
use crate::column::writer::{PageCap, WorkbenchPool};
use crate::compression::CodecRoom;
use crate::errors::{ParquetError, Result};

/// What happens when nothing but ending the row group early can keep a memory limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnMemoryLimit {
    /// The row group ends early.
    #[default]
    FlushRowGroup,
    /// The write fails with [`ParquetError::MemoryLimitExceeded`], and the writer takes no more.
    Fail,
}

/// What happens when the page store has no room for a page: its disk quota is used up, the disk is full, or it cannot open
/// another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnSpillLimit {
    /// The write fails with what the store said, and the writer takes no more.
    #[default]
    Fail,
    /// The refused page, and those after it, stay on the heap until the batch has been encoded; then the row group
    /// ends early, which empties the store. On top of a memory limit that takes the encoded size of one batch.
    FlushRowGroup,
}

/// What a memory limit has cost a writer so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryPressure {
    /// Bytes of pages that were not in memory when their row group ended: moved out for want of memory, or put where
    /// they never took any. Counted row group by row group, as each ends; what is spilled of the open one shows in
    /// [`SpillMetrics`](crate::column::page_store::SpillMetrics) at once.
    pub spilled_bytes: u64,
    /// Pages cut before they were full.
    pub pages_cut_early: u64,
    /// Dictionaries given up before they were full.
    pub dictionaries_given_up: u64,
    /// Bloom filters left out because one alone would not have fitted into the limit.
    pub bloom_filters_given_up: u64,
    /// Counts of distinct values given up; the statistics of their chunks do without.
    pub distinct_counts_given_up: u64,
    /// Row groups ended before they were full, for want of memory or of room in the page store.
    pub row_groups_flushed_early: u64,
    /// Bytes of the largest data page, before compression.
    pub largest_page_bytes: u64,
    /// The most bytes by which the budget was past its limit when this writer took memory: more than a value of that
    /// size would explain if the limit is too small for the schema, or for the number of writers that share it.
    pub most_bytes_over_limit: u64,
}

/// Whether relief was enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relieved {
    Enough,
    OnlyTheRowGroupIsLeft,
    /// The page store has no room, so that no step but the end of the row group can help.
    StoreIsFull,
}

/// What a writer gives up for its limit, in this order, until enough is free. First what leaves the file as it is. Large
/// pages go before counts of distinct values, which take more than the dictionaries they are of, and dictionaries that do
/// not pay, these before small pages; a dictionary that pays goes last, since without it the file grows.
const STEPS: [Step; 9] = [
    Step::SpillPages,
    Step::SpillFilters,
    Step::FreeSpare,
    Step::CutPages {
        floor: LARGE_PAGE_BYTES,
    },
    Step::GiveUpDistinctCounts,
    Step::GiveUpDictionaries(Dictionaries::NotPaying),
    Step::CutPages {
        floor: PAGE_FLOOR_BYTES,
    },
    Step::FreeScratch,
    Step::GiveUpDictionaries(Dictionaries::Any),
];

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Pages on the heap, the column with most of them first.
    SpillPages,
    /// What Bloom filters hold, the largest first.
    SpillFilters,
    /// Room of open pages that is not in use, the largest first.
    FreeSpare,
    /// Open pages of at least `floor` bytes, the largest first.
    CutPages { floor: usize },
    /// Counts of distinct values that were asked for, the largest first. They have no other place to go.
    GiveUpDistinctCounts,
    /// Dictionaries, the largest first.
    GiveUpDictionaries(Dictionaries),
    /// Buffers between two uses.
    FreeScratch,
}

impl Step {
    /// Whether all that may become of the file is that pages are smaller.
    fn keeps_the_encoding(&self) -> bool {
        !matches!(
            self,
            Step::GiveUpDistinctCounts | Step::GiveUpDictionaries(_)
        )
    }
}

#[derive(Debug, Clone, Copy)]
enum Dictionaries {
    /// Those that do not make the column smaller.
    NotPaying,
    Any,
}

/// The part of a limit at which open pages are cut whatever else there is. To assemble a page takes the open page, its
/// body, and the blob with room for what does not compress, a little more than three pages; all that fits between the
/// high-water mark and the limit, so that a page may be cut whenever there is no pressure yet.
const PAGE_PART: usize = 32;

/// The part of a limit at which dictionaries are full. To write one out takes its page's body beside the entries, and
/// then the blob in place of the entries: no more than lies between the high-water mark and the limit.
const DICTIONARY_PART: usize = 10;

/// The same for one of many writers: what is there at most of a page, and of a dictionary, is this part of a fair share.
const PAGE_PART_OF_SHARE: usize = 4;
const DICTIONARY_PART_OF_SHARE: usize = 2;

/// The part of a limit at which bounds are cut where the options would keep them whole: there are two of each page and
/// of each chunk, in several places at a time.
const BOUND_PART: usize = 512;

/// Bounds of so many bytes are never cut for the limit.
const LEAST_BOUND_BYTES: usize = 64;

/// Eighths of a limit, or of a fair share, that codecs may work in together. They hold that from page to page, so that no page has to wait
/// for it.
const CODEC_EIGHTHS: usize = 3;

/// A row group is not ended early if that frees less than this part of a fair share.
const ENDING_PART: usize = 8;

/// The same, of what waits for the footer.
const PENDING_PART: usize = 4;

/// Where relief has nothing left to free, the writer must grow by this part of the limit, or of its fair share, before it
/// is worth another walk.
const STEP_PART: usize = 128;
const STEP_PART_OF_SHARE: usize = 8;

/// The same, for each column that is walked over: so the walks cost no more than encoding did.
const STEP_BYTES_A_COLUMN: usize = 64;

/// Whoever works gives way when the budget is past its high-water mark by this part of the limit, not only those that have
/// more than their share: these may be idle. What is left then is what assembling a page takes.
const CRITICAL_PART: usize = 32;

/// One of several writers leaves no more scratch behind than this part of its share.
const SCRATCH_PART_OF_SHARE: usize = 16;

/// Open pages that are cut first: large enough to cost nothing in headers and index entries.
const LARGE_PAGE_BYTES: usize = 64 * 1024;

/// Open pages are never cut below this many bytes: smaller pages cost more in headers and index entries
/// than they free.
const PAGE_FLOOR_BYTES: usize = 2 * 1024;

/// Bloom filters that hold or need less than this are left alone: they are not what memory is short of.
const FILTER_FLOOR_BYTES: usize = 4 * 1024;

/// Dictionaries smaller than this are kept: giving them up frees next to nothing.
const DICTIONARY_FLOOR_BYTES: usize = 4 * 1024;

/// What of a writer's columns and properties decides how much memory it must have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Leaf columns.
    pub(super) columns: usize,
    /// Slots of the smallest page that the properties may ask for.
    pub(super) least_slots: usize,
    /// Kinds of codecs, as far as they are kept.
    pub(super) codecs: usize,
    /// What they work in together.
    pub(super) codec_bytes: usize,
}

/// The steps of relief for one writer.
#[derive(Debug)]
pub(super) struct Relief {
    member: Arc<Member>,
    benches: WorkbenchPool,
    shape: Shape,
    pressure: MemoryPressure,
    /// What the writer held when relief had nothing left to free, or the least it held since.
    spent_at: Option<usize>,
}

impl Relief {
    pub(super) fn new(member: Arc<Member>, benches: WorkbenchPool, shape: Shape) -> Self {
        Self {
            member,
            benches,
            shape,
            pressure: MemoryPressure::default(),
            spent_at: None,
        }
    }

    /// Counts the writer as one at work.
    pub(super) fn at_work(&self) -> AtWork {
        self.member.budget().at_work()
    }

    /// What pages may hold under the limit as it is shared now.
    pub(super) fn page_cap(&self) -> Option<PageCap> {
        page_cap(self.member.budget(), self.shape.codecs)
    }

    /// Whether memory may grow without end.
    pub(super) fn has_no_limit(&self) -> bool {
        self.member.budget().limit().is_none()
    }

    /// Nothing yet, of the writer's budget.
    pub(super) fn reserve(&self) -> Reservation {
        self.member.reserve()
    }

    /// The pieces of `batch` that may be taken apart at once.
    pub(super) fn pieces<'a>(&self, plan: &'a BatchPlan, batch: &'a RecordBatch) -> Pieces<'a> {
        let limit = self.member.budget().part(1, 0);
        let most_rows = limit.map_or(usize::MAX, |limit| {
            tiny_page_rows(self.shape.least_slots, self.shape.columns, limit)
        });
        Pieces::new(plan, batch, limit).with_most_rows(most_rows)
    }

    /// What the limit has cost so far.
    pub(super) fn pressure(&self) -> MemoryPressure {
        MemoryPressure {
            most_bytes_over_limit: self.member.budget().most_bytes_over_limit() as u64,
            ..self.pressure
        }
    }

    /// Counts the pages of a column whose last page has ended.
    pub(super) fn note_pages(&mut self, column: &ArrowColumnWriter) {
        let (early, largest) = column.encoder().paging();
        let spilled = &mut self.pressure.spilled_bytes;
        *spilled = spilled.saturating_add(column.moved_page_bytes());
        self.pressure.pages_cut_early += early as u64;
        self.pressure.dictionaries_given_up += column.encoder().early_dictionaries() as u64;
        self.pressure.largest_page_bytes = self.pressure.largest_page_bytes.max(largest as u64);
    }

    /// Makes room for the Bloom filter of a column that is about to be closed before the columns in `rest`, and gives it
    /// up if there is none: it can be had only whole.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn make_room_for_filter(
        &mut self,
        column: &mut ArrowColumnWriter,
        rest: &mut [ArrowColumnWriter],
    ) -> Result<()> {
        let bytes = column.encoder().filter_ending_bytes();
        if bytes < FILTER_FLOOR_BYTES || self.member.budget().has_room_for(bytes) {
            return Ok(());
        }
        self.spill_pages(rest)?;
        self.spill_filters(rest, 0)?;
        self.benches.free_buffers();
        if !self.member.budget().has_room_for(bytes) {
            column.give_up_filter();
            self.pressure.bloom_filters_given_up += 1;
        }
        Ok(())
    }

    /// Notes that a row group has ended: what comes next may be freed again.
    pub(super) fn note_end(&mut self) {
        self.spent_at = None;
    }

    /// Counts a row group that ended early.
    pub(super) fn note_early_flush(&mut self) {
        self.pressure.row_groups_flushed_early += 1;
    }

    /// Whether it pays to end a row group that holds `open_bytes`, of which the next one takes `again_bytes` at once, if
    /// `pending_bytes` wait for the footer already. Each one leaves some more there: where nothing else is left to free,
    /// row groups of a batch each would fill the limit with what they leave.
    pub(super) fn pays_to_end(
        &self,
        open_bytes: usize,
        again_bytes: usize,
        pending_bytes: usize,
    ) -> bool {
        // One writer of several may be idle after that; one alone begins the next row group at once.
        let freed_bytes = match self.member.shared().members() {
            0 | 1 => open_bytes.saturating_sub(again_bytes),
            _ => open_bytes,
        };
        let share = self.member.fair_share().unwrap_or(0);
        freed_bytes >= (pending_bytes / PENDING_PART).max(share / ENDING_PART)
    }

    /// The error for a limit that only an early end of the row group could keep.
    pub(super) fn exceeded(&self) -> ParquetError {
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
    pub(super) fn run(&mut self, columns: &mut [ArrowColumnWriter]) -> Result<Relieved> {
        self.make_room(columns, 0)
    }

    /// As [`run`](Self::run), and frees as much as is missing if `next_bytes` are to be taken at once.
    ///
    /// Costs a walk over all columns, but only if there may be something to free: after a walk that could not free what
    /// it should, the next one waits until the writer has grown.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn make_room(
        &mut self,
        columns: &mut [ArrowColumnWriter],
        next_bytes: usize,
    ) -> Result<Relieved> {
        let missing = next_bytes.saturating_sub(self.member.shared().room());
        if missing == 0 && !self.gives_way() {
            return Ok(Relieved::Enough);
        }
        if self.is_spent(columns.len()) {
            return Ok(self.outcome());
        }
        if is_store_full(columns) {
            return Ok(Relieved::StoreIsFull);
        }
        // Relief walks over all columns, so it frees more than is needed now: the next one is then far off.
        let used = self.member.used();
        let target = (used - used / 4).min(used.saturating_sub(missing));
        for step in STEPS {
            if self.member.used() <= target {
                return Ok(self.outcome());
            }
            if matches!(step, Step::GiveUpDictionaries(Dictionaries::Any))
                && !self.gives_way()
                && next_bytes <= self.member.shared().room()
            {
                break;
            }
            self.take_step(step, columns, target)?;
            if is_store_full(columns) {
                return Ok(Relieved::StoreIsFull);
            }
        }
        self.spent_at = Some(self.member.used());
        Ok(self.outcome())
    }

    /// Makes room for the codecs, if they are not there yet or had to go.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn make_room_for_codecs(
        &mut self,
        columns: &mut [ArrowColumnWriter],
    ) -> Result<Relieved> {
        let missing = self.benches.missing_codec_bytes(self.shape.codec_bytes);
        match missing {
            0 => Ok(Relieved::Enough),
            _ => self.make_room(columns, missing),
        }
    }

    /// Frees, at the end of a batch, what others could use before this writer does. One that has more than its share
    /// does not wait for others to be short: it may be idle by then. Only the pages of the file may come out smaller.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn rest(&mut self, columns: &mut [ArrowColumnWriter]) -> Result<()> {
        let shared = self.member.shared();
        let Some(share) = shared.fair_share().filter(|_| shared.members() > 1) else {
            return Ok(());
        };
        if shared.is_under_pressure()
            || self.benches.reserved_size() > share / SCRATCH_PART_OF_SHARE
        {
            self.benches.clear();
        }
        let used = self.member.used();
        let is_half_full = shared
            .limit()
            .is_some_and(|limit| shared.room() < limit / 2);
        if !is_half_full || used <= share || self.is_spent(columns.len()) || is_store_full(columns)
        {
            return Ok(());
        }
        let target = share + (used - share) / 2;
        for step in STEPS.into_iter().filter(Step::keeps_the_encoding) {
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

    /// Whether relief had nothing left to free, and the writer has not grown since by enough to be walked over again.
    fn is_spent(&mut self, columns: usize) -> bool {
        let used = self.member.used();
        let Some(spent_at) = self.spent_at.map(|bytes| bytes.min(used)) else {
            return false;
        };
        self.spent_at = Some(spent_at);
        let step = self.member.budget().part(STEP_PART, STEP_PART_OF_SHARE);
        used - spent_at < step.unwrap_or(0).max(columns * STEP_BYTES_A_COLUMN)
    }

    fn outcome(&self) -> Relieved {
        match self.gives_way() {
            true => Relieved::OnlyTheRowGroupIsLeft,
            false => Relieved::Enough,
        }
    }

    fn take_step(
        &mut self,
        step: Step,
        columns: &mut [ArrowColumnWriter],
        target: usize,
    ) -> Result<()> {
        match step {
            Step::SpillPages => self.spill_pages(columns),
            Step::SpillFilters => self.spill_filters(columns, target),
            Step::FreeSpare => {
                self.free_spare(columns, target);
                Ok(())
            }
            Step::CutPages { floor } => self.cut_pages(columns, target, floor),
            Step::GiveUpDistinctCounts => {
                self.give_up_distinct_counts(columns, target);
                Ok(())
            }
            Step::FreeScratch => {
                self.benches.free_buffers();
                Ok(())
            }
            Step::GiveUpDictionaries(which) => self.give_up_dictionaries(columns, target, which),
        }
    }

    /// All of them: once pages have to leave, those that stay only take room from open pages.
    fn spill_pages(&self, columns: &mut [ArrowColumnWriter]) -> Result<()> {
        for index in descending(columns, ArrowColumnWriter::resident_page_bytes, 1) {
            if let Some(column) = columns.get_mut(index) {
                column.spill()?;
            }
        }
        Ok(())
    }

    fn spill_filters(&mut self, columns: &mut [ArrowColumnWriter], target: usize) -> Result<()> {
        let size = |column: &ArrowColumnWriter| column.encoder().filter_memory();
        for index in descending(columns, size, FILTER_FLOOR_BYTES) {
            if self.member.used() <= target {
                break;
            }
            if let Some(column) = columns.get_mut(index) {
                column.spill_filter()?;
            }
        }
        Ok(())
    }

    fn free_spare(&mut self, columns: &mut [ArrowColumnWriter], target: usize) {
        for index in descending(columns, ArrowColumnWriter::spare_bytes, PAGE_FLOOR_BYTES) {
            if self.member.used() <= target {
                break;
            }
            if let Some(column) = columns.get_mut(index) {
                column.free_spare();
            }
        }
    }

    fn cut_pages(
        &mut self,
        columns: &mut [ArrowColumnWriter],
        target: usize,
        floor: usize,
    ) -> Result<()> {
        for index in descending(columns, |column| column.encoder().open_page_bytes(), floor) {
            if self.member.used() <= target {
                break;
            }
            if let Some(column) = columns.get_mut(index) {
                column.cut_page_early()?;
                column.spill()?;
            }
        }
        Ok(())
    }

    fn give_up_distinct_counts(&mut self, columns: &mut [ArrowColumnWriter], target: usize) {
        for index in descending(columns, |column| column.encoder().distinct_memory(), 1) {
            if self.member.used() <= target {
                break;
            }
            if let Some(column) = columns.get_mut(index) {
                column.give_up_distinct_count();
                self.pressure.distinct_counts_given_up += 1;
            }
        }
    }

    fn give_up_dictionaries(
        &mut self,
        columns: &mut [ArrowColumnWriter],
        target: usize,
        which: Dictionaries,
    ) -> Result<()> {
        let size = |column: &ArrowColumnWriter| match which {
            Dictionaries::NotPaying if column.encoder().dictionary_pays() => 0,
            Dictionaries::NotPaying | Dictionaries::Any => column.encoder().dictionary_memory(),
        };
        for index in descending(columns, size, DICTIONARY_FLOOR_BYTES) {
            if self.member.used() <= target {
                break;
            }
            if let Some(column) = columns.get_mut(index) {
                column.give_up_dictionary()?;
                column.spill()?;
                self.pressure.dictionaries_given_up += 1;
            }
        }
        Ok(())
    }
}

/// What pages may hold under the limit of `budget`, in a writer of so many codecs; nothing is asked of them where there
/// is none.
pub(super) fn page_cap(budget: &MemoryBudget, codecs: usize) -> Option<PageCap> {
    Some(PageCap {
        page_bytes: budget
            .part(PAGE_PART, PAGE_PART_OF_SHARE)?
            .max(PAGE_FLOOR_BYTES),
        dictionary_bytes: budget
            .part(DICTIONARY_PART, DICTIONARY_PART_OF_SHARE)?
            .max(DICTIONARY_FLOOR_BYTES),
        bound_bytes: budget.part(BOUND_PART, 0)?.max(LEAST_BOUND_BYTES),
        codec: CodecRoom {
            wanted_bytes: budget.part(8, 8)? * CODEC_EIGHTHS / codecs.max(1),
            limit_bytes: budget.limit()?,
        },
    })
}

/// Whether a store has had no room, in a writer for which that is no error.
pub(super) fn is_store_full(columns: &[ArrowColumnWriter]) -> bool {
    columns.iter().any(ArrowColumnWriter::is_store_full)
}

/// Columns whose `size` is at least `floor`, the largest first.
fn descending(
    columns: &[ArrowColumnWriter],
    size: impl Fn(&ArrowColumnWriter) -> usize,
    floor: usize,
) -> Vec<usize> {
    let mut order: Vec<(usize, usize)> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| (size(column), index))
        .filter(|(size, _)| *size >= floor)
        .collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    order.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A writer without columns, on a budget of 128,000 bytes.
    fn relief(budget: &MemoryBudget) -> Relief {
        let member = Arc::new(budget.register());
        let benches = WorkbenchPool::new(member.budget().clone());
        let shape = Shape {
            columns: 1,
            least_slots: 1024,
            codecs: 1,
            codec_bytes: 0,
        };
        Relief::new(member, benches, shape)
    }

    #[test]
    fn relief_that_freed_nothing_waits_until_the_writer_has_grown() {
        let budget = MemoryBudget::new(128_000);
        let mut relief = relief(&budget);
        let mut held = relief.reserve();
        held.resize(120_000);
        assert!(!relief.is_spent(0), "nothing was tried yet");
        let outcome = relief.run(&mut []).unwrap();
        assert_eq!(outcome, Relieved::OnlyTheRowGroupIsLeft);
        held.resize(120_999);
        assert!(relief.is_spent(0));
        held.resize(121_000);
        assert!(!relief.is_spent(0));
        assert!(relief.is_spent(16), "the more columns, the more it takes");
        // What was freed since may be taken and freed again.
        held.resize(100_000);
        assert!(relief.is_spent(0));
        held.resize(101_000);
        assert!(!relief.is_spent(0));
        relief.run(&mut []).unwrap();
        relief.note_end();
        assert!(!relief.is_spent(0));
    }

    #[test]
    fn relief_that_freed_enough_may_be_asked_again() {
        let budget = MemoryBudget::new(128_000);
        let mut relief = relief(&budget);
        let scratch = |bytes: usize| {
            let benches = &relief.benches;
            benches.with_buffer(|buffer| {
                buffer.reserve_exact(bytes);
                Ok(())
            })
        };
        scratch(120_000).unwrap();
        assert_eq!(relief.run(&mut []).unwrap(), Relieved::Enough);
        assert!(!relief.is_spent(0));
    }

    #[test]
    fn whoever_works_gives_way_when_those_above_their_share_are_idle() {
        let budget = MemoryBudget::new(128_000);
        let (mut small, large) = (relief(&budget), relief(&budget));
        let (mut little, mut much) = (small.reserve(), large.reserve());
        much.resize(100_000);
        little.resize(15_000);
        assert_eq!(small.run(&mut []).unwrap(), Relieved::Enough);
        much.resize(102_000);
        let outcome = small.run(&mut []).unwrap();
        assert_eq!(outcome, Relieved::OnlyTheRowGroupIsLeft);
    }

    #[test]
    fn ending_a_row_group_pays_by_the_share_of_a_writer() {
        let budget = MemoryBudget::new(128_000);
        let relief = relief(&budget);
        assert!(relief.pays_to_end(26_000, 10_000, 0));
        assert!(!relief.pays_to_end(25_999, 10_000, 0));
        let _others: Vec<_> = (0..15).map(|_| budget.register()).collect();
        assert!(relief.pays_to_end(1_000, 900, 0));
        assert!(!relief.pays_to_end(999, 0, 0));
    }

    #[test]
    fn caps_follow_the_number_of_writers() {
        let budget = MemoryBudget::new(32 << 20);
        let one = page_cap(&budget, 1).unwrap();
        assert_eq!((one.page_bytes, one.dictionary_bytes), (1 << 20, 3_355_443));
        let _members: Vec<_> = (0..64).map(|_| budget.register()).collect();
        let many = page_cap(&budget, 1).unwrap();
        assert_eq!(
            (many.page_bytes, many.dictionary_bytes),
            (128 << 10, 256 << 10)
        );
    }
}
