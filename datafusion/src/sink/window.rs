//! Rows that wait until there are enough of them for each partition.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::interleave_record_batch;
use datafusion::error::Result;
use datafusion::physical_plan::spill::get_record_batch_memory_size;
use herringbone::budget::{MemoryBudget, Reservation};

use super::keys::narrow;

/// A batch has a few rows of each of many partitions, and an encoder wants many of one: so some batches are gathered, and
/// their rows sorted by partition.
pub(super) struct Window {
    batches: Vec<RecordBatch>,
    /// The partition, the batch and the row in it, for each row.
    rows: Vec<(u32, u32, u32)>,
    bytes: usize,
    held: Reservation,
}

/// The rows of one partition in a window.
pub(super) struct Group<'a> {
    pub(super) partition: usize,
    rows: &'a [(u32, u32, u32)],
}

impl Window {
    pub(super) fn new(budget: &MemoryBudget) -> Self {
        Self {
            batches: Vec::new(),
            rows: Vec::new(),
            bytes: 0,
            held: budget.reserve(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Bytes of the batches in it.
    pub(super) fn size(&self) -> usize {
        self.bytes
    }

    /// Whether the memory has room for `batch` as well.
    pub(super) fn has_room_for(&mut self, batch: &RecordBatch) -> bool {
        let bytes = self.bytes + get_record_batch_memory_size(batch);
        self.held
            .try_resize(cost(bytes, self.rows.len() + batch.num_rows()))
            .is_ok()
    }

    /// Adds `batch`, whose rows belong to `partitions`.
    pub(super) fn add(&mut self, batch: RecordBatch, partitions: &[u32]) -> Result<()> {
        let number = narrow(self.batches.len())?;
        self.rows.extend(
            partitions
                .iter()
                .zip(0..)
                .map(|(partition, row)| (*partition, number, row)),
        );
        self.bytes += get_record_batch_memory_size(&batch);
        self.batches.push(batch);
        self.held.resize(cost(self.bytes, self.rows.len()));
        Ok(())
    }

    /// Brings the rows of each partition together, in the order in which they came.
    pub(super) fn sort(&mut self) {
        // The batches' numbers and rows go up, so that this order is stable.
        self.rows.sort_unstable();
    }

    /// The partitions in it, once it is sorted.
    pub(super) fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        self.rows
            .chunk_by(|(left, ..), (right, ..)| left == right)
            .filter_map(|rows| {
                let (partition, ..) = rows.first()?;
                Some(Group {
                    partition: *partition as usize,
                    rows,
                })
            })
    }

    /// The batches, each with the columns `columns` alone.
    pub(super) fn projected(&self, columns: &[usize]) -> Result<Vec<RecordBatch>> {
        let project = |batch: &RecordBatch| Ok(batch.project(columns)?);
        self.batches.iter().map(project).collect()
    }

    /// The batches as they came.
    pub(super) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// Empties it. What was taken of it may still be on its way, and stays paid for until the next batch comes.
    pub(super) fn clear(&mut self) {
        self.batches.clear();
        self.rows.clear();
        self.bytes = 0;
    }
}

impl Group<'_> {
    /// The rows of `batches`, those of the window, that belong to the group.
    pub(super) fn of(&self, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
        take(batches, self.rows)
    }

    /// The rows of several groups.
    pub(super) fn of_several(
        groups: &[Group<'_>],
        batches: &[RecordBatch],
    ) -> Result<Vec<RecordBatch>> {
        let rows: Vec<_> = groups
            .iter()
            .flat_map(|group| group.rows)
            .copied()
            .collect();
        take(batches, &rows)
    }
}

/// The rows of `batches`, in one batch if that can hold them: dictionaries together may have more values than their keys
/// can count. Rows that follow each other in one batch are not copied.
fn take(batches: &[RecordBatch], rows: &[(u32, u32, u32)]) -> Result<Vec<RecordBatch>> {
    let together = take_together(batches, rows);
    if together.is_ok() {
        return Ok(vec![together?]);
    }
    rows.chunk_by(|(_, left, _), (_, right, _)| left == right)
        .map(|rows| take_together(batches, rows))
        .collect()
}

fn take_together(batches: &[RecordBatch], rows: &[(u32, u32, u32)]) -> Result<RecordBatch> {
    if let (Some((_, batch, from)), Some((_, last, to))) = (rows.first(), rows.last()) {
        let follow = batch == last && (to - from) as usize + 1 == rows.len();
        if let (true, Some(batch)) = (follow, batches.get(*batch as usize)) {
            return Ok(batch.slice(*from as usize, rows.len()));
        }
    }
    // Of dictionaries that have no row here nothing is taken.
    let first = rows.iter().map(|(_, batch, _)| *batch).min().unwrap_or(0) as usize;
    let last = rows.iter().map(|(_, batch, _)| *batch).max().unwrap_or(0) as usize;
    let indices: Vec<(usize, usize)> = rows
        .iter()
        .map(|(_, batch, row)| (*batch as usize - first, *row as usize))
        .collect();
    let batches: Vec<&RecordBatch> = batches.iter().take(last + 1).skip(first).collect();
    Ok(interleave_record_batch(&batches, &indices)?)
}

/// What a window takes: the batches, as much again for the rows that are taken of them, and the places of the rows.
fn cost(bytes: usize, rows: usize) -> usize {
    2 * bytes + rows * 2 * size_of::<(u32, u32, u32)>()
}
