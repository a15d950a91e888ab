//! The steps of the memory policy, as a table: what each of them frees, of which columns, and what that costs the file.

use super::open_column::OpenColumn;
use crate::column::writer::pressure::MemoryPressure;
use crate::errors::Result;

/// Open pages that are cut first: large enough to cost nothing in headers and index entries.
const LARGE_PAGE_BYTES: usize = 64 * 1024;

/// Open pages are never cut below this: smaller ones cost more in headers and index entries than they free.
pub(super) const LEAST_PAGE_BYTES: usize = 2 * 1024;

/// Bloom filters that hold or need less than this are not what memory is short of.
pub(super) const FILTER_FLOOR_BYTES: usize = 4 * 1024;

/// Dictionaries smaller than this are kept: giving them up frees next to nothing.
const DICTIONARY_FLOOR_BYTES: usize = 4 * 1024;

/// What a writer gives up for its limit, in this order, until enough is free. First what leaves the file as it is.
/// Large pages go before counts of distinct values, which take more than the dictionaries they are of, and
/// dictionaries that do not pay, these before small pages; a dictionary that pays goes last, since without it the
/// file grows.
pub(super) const STEPS: [Step; 10] = [
    Step::all(Part::LatePages),
    Step::all(Part::Pages),
    Step::of(Part::Filter, FILTER_FLOOR_BYTES),
    Step::of(Part::Spare, LEAST_PAGE_BYTES),
    Step::of(Part::OpenPage, LARGE_PAGE_BYTES),
    Step::of(Part::DistinctCount, 1),
    Step::of(Part::DictionaryNotPaying, DICTIONARY_FLOOR_BYTES),
    Step::of(Part::OpenPage, LEAST_PAGE_BYTES),
    Step::SCRATCH,
    Step::of(Part::Dictionary, DICTIONARY_FLOOR_BYTES),
];

/// One step: the scratch memory between two pages, or a part of the columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step(Option<OfColumns>);

/// What a step frees of columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfColumns {
    part: Part,
    /// Bytes from which on it is worth freeing.
    pub(super) floor: usize,
    /// Whether all columns are freed of it, enough or not: once pages have to leave, those that stay only take room
    /// from open pages.
    pub(super) frees_all: bool,
}

/// A part of what a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Pages that other threads were to seal: what they were before and what they become is there at once.
    LatePages,
    /// Finished pages on the heap.
    Pages,
    /// What its Bloom filter holds.
    Filter,
    /// What buffers have and do not use.
    Spare,
    OpenPage,
    /// A count of distinct values that was asked for. It has no other place to go.
    DistinctCount,
    /// A dictionary that does not make the column smaller.
    DictionaryNotPaying,
    Dictionary,
}

impl Step {
    const SCRATCH: Self = Step(None);

    const fn all(part: Part) -> Self {
        Step(Some(OfColumns {
            part,
            floor: 1,
            frees_all: true,
        }))
    }

    const fn of(part: Part, floor: usize) -> Self {
        Step(Some(OfColumns {
            part,
            floor,
            frees_all: false,
        }))
    }

    /// What is freed of columns; `None` if scratch memory is.
    pub(super) fn of_columns(&self) -> Option<OfColumns> {
        self.0
    }

    /// Whether all that may become of the file is that pages are smaller.
    pub(super) fn keeps_the_encoding(&self) -> bool {
        !matches!(
            self.part(),
            Some(Part::DistinctCount | Part::DictionaryNotPaying | Part::Dictionary)
        )
    }

    /// Whether nothing but its place changes of what is freed.
    pub(super) fn only_moves(&self) -> bool {
        matches!(
            self.part(),
            Some(Part::LatePages | Part::Pages | Part::Filter)
        )
    }

    /// Whether the file becomes larger.
    pub(super) fn is_last_resort(&self) -> bool {
        self.part() == Some(Part::Dictionary)
    }

    fn part(&self) -> Option<Part> {
        self.0.map(|columns| columns.part)
    }
}

impl OfColumns {
    /// Bytes that `column` holds of it.
    pub(super) fn size<'a>(&self, column: &impl OpenColumn<'a>) -> usize {
        let chunk = column.chunk();
        let encoder = chunk.encoder();
        match self.part {
            Part::LatePages => encoder.late_page_bytes(),
            Part::Pages => chunk.pages().resident_bytes(),
            Part::Filter => encoder.filter_memory(),
            Part::Spare => encoder.spare_bytes() + column.spare_bytes(),
            Part::OpenPage => encoder.open_page_bytes(),
            Part::DistinctCount => encoder.distinct_memory(),
            Part::DictionaryNotPaying if encoder.dictionary_pays() => 0,
            Part::DictionaryNotPaying | Part::Dictionary => encoder.dictionary_memory(),
        }
    }

    /// Frees it; what then is a finished page leaves memory at once.
    pub(super) fn free<'a>(&self, column: &mut impl OpenColumn<'a>) -> Result<()> {
        match self.part {
            Part::LatePages => column.chunk_mut().end_late_pages(),
            Part::Pages => column.chunk_mut().spill(),
            Part::Filter => column.chunk_mut().spill_filter(),
            Part::Spare => {
                column.free_spare();
                column.chunk_mut().free_spare();
                Ok(())
            }
            Part::OpenPage => {
                column.chunk_mut().cut_page_early()?;
                column.free_spare();
                column.chunk_mut().spill()
            }
            Part::DistinctCount => {
                column.chunk_mut().give_up_distinct_count();
                Ok(())
            }
            Part::DictionaryNotPaying | Part::Dictionary => {
                column.chunk_mut().give_up_dictionary()?;
                column.chunk_mut().spill()
            }
        }
    }

    /// Notes what it has cost.
    pub(super) fn count(&self, pressure: &mut MemoryPressure) {
        match self.part {
            Part::DistinctCount => pressure.distinct_counts_given_up += 1,
            Part::DictionaryNotPaying | Part::Dictionary => pressure.dictionaries_given_up += 1,
            Part::LatePages | Part::Pages | Part::Filter | Part::Spare | Part::OpenPage => {}
        }
    }
}

/// The numbers of the columns whose `size` is at least `floor`, the largest first.
pub(super) fn descending<C>(columns: &[C], size: impl Fn(&C) -> usize, floor: usize) -> Vec<usize> {
    let sizes = columns.iter().map(size).enumerate();
    let mut order: Vec<(usize, usize)> = sizes
        .filter(|(_, size)| *size >= floor)
        .map(|(index, size)| (size, index))
        .collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    order.into_iter().map(|(_, index)| index).collect()
}
