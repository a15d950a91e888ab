//! What a caller may say of a memory limit, and what it has cost.

/// What happens when nothing but ending the row group early can keep a memory limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnMemoryLimit {
    /// The row group ends early. Where the caller begins and ends row groups, writing goes on instead, and
    /// [`MemoryPressure::most_bytes_over_limit`] says by how much the limit was passed.
    #[default]
    FlushRowGroup,
    /// The write fails with
    /// [`MemoryLimitExceeded`](crate::errors::ParquetError::MemoryLimitExceeded), and the writer takes no more.
    Fail,
}

/// What happens when the page store has no room for a page: its disk quota is used up, the disk is full, or it cannot
/// open another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnSpillLimit {
    /// The write fails with what the store said, and the writer takes no more.
    #[default]
    Fail,
    /// The refused page, and those after it, stay on the heap until the batch has been encoded; then the row group
    /// ends early, which empties the store. On top of a memory limit that takes the encoded size of one batch.
    ///
    /// Where the caller begins and ends row groups, the column's dictionary ends instead: its pages then go into the
    /// file.
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
