//! Small batches: their rows are copied together, column by column, and encoded when there are enough of them. To look
//! at a column costs as much for one row as for hundreds, most of it to fetch what was put away meanwhile.

use std::sync::Arc;

use super::parallel::Team;
use super::small_column::SmallColumn;
use super::together::{self, Column};
use crate::arrow::adapt::Scratch;
use crate::arrow::leaves::{BatchPlan, CheckedLeaf};
use crate::budget::Reservation;
use crate::column::writer::MOST_JOINED_SLOTS;
use crate::errors::Result;

/// Rows of an open row group that are not encoded yet.
#[derive(Debug)]
pub(super) struct SmallBatches {
    columns: Vec<SmallColumn>,
    rows: usize,
    /// Bytes of their values.
    bytes: usize,
    /// Bytes that the columns hold on the heap.
    heap_bytes: usize,
    scratch: Scratch,
    reservation: Reservation,
}

/// Whether small batches of a writer are copied together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joining {
    /// They are, where memory has no limit.
    Allowed,
    /// Never: a size has to be known after each batch, or so few rows are given to a column at a time that pages would
    /// end elsewhere.
    Refused,
}

/// Rows after which small batches are encoded.
const MOST_ROWS: usize = 2048;

/// Bytes after which they are, for each column.
const MOST_COLUMN_BYTES: usize = 16 << 10;

impl Joining {
    /// For a writer whose properties ask for pages and batches of so many slots at least, and limit the bytes of row
    /// groups or do not.
    pub(super) fn new(least_slots: usize, row_group_bytes: Option<usize>) -> Self {
        if row_group_bytes.is_none() && least_slots >= MOST_JOINED_SLOTS {
            Self::Allowed
        } else {
            Self::Refused
        }
    }
}

impl SmallBatches {
    /// None, for the columns of `plan`; `reservation` pays for what they will take.
    pub(super) fn new(plan: &BatchPlan, reservation: Reservation) -> Self {
        let columns = plan.columns().iter();
        Self {
            columns: columns.map(|column| SmallColumn::new(column)).collect(),
            rows: 0,
            bytes: 0,
            heap_bytes: 0,
            scratch: Scratch::default(),
            reservation,
        }
    }

    /// Whether a batch of so many rows is small.
    pub(super) fn takes(rows: usize) -> bool {
        rows <= MOST_JOINED_SLOTS
    }

    /// Takes the leaves of a small batch. Those that are not copied are encoded, after what waits of their columns.
    ///
    /// # Errors
    /// If a store fails: the columns may then have different numbers of rows.
    pub(super) fn push(
        &mut self,
        leaves: &mut Vec<CheckedLeaf>,
        rows: usize,
        columns: &mut [Column],
    ) -> Result<()> {
        self.rows += rows;
        let small = self.columns.iter_mut().zip(leaves.iter());
        for ((small, leaf), column) in small.zip(columns) {
            let held_bytes = small.memory_size();
            match small.push(leaf, &mut self.scratch)? {
                Some(bytes) => self.bytes += bytes,
                None => {
                    small.encode(column)?;
                    column.write_leaf(leaf)?;
                }
            }
            self.heap_bytes += small.memory_size() - held_bytes;
        }
        leaves.clear();
        self.reservation.resize(self.memory_size());
        Ok(())
    }

    /// Whether what waits should be encoded.
    pub(super) fn are_enough(&self) -> bool {
        self.rows >= MOST_ROWS || self.bytes >= MOST_COLUMN_BYTES * self.columns.len()
    }

    /// Encodes what waits, by several threads if there is a team.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(super) fn encode(
        &mut self,
        columns: &mut Vec<Column>,
        team: Option<&Arc<Team>>,
    ) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows == 0 {
            return Ok(());
        }
        self.bytes = 0;
        match team {
            Some(team) => together::write_joined(team, columns, &mut self.columns, rows),
            None => {
                let mut pairs = columns.iter_mut().zip(&mut self.columns);
                pairs.try_for_each(|(column, small)| small.encode(column))
            }
        }
    }

    /// Bytes of the values that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes held in memory.
    pub(super) fn memory_size(&self) -> usize {
        self.columns.capacity() * size_of::<SmallColumn>()
            + self.heap_bytes
            + self.scratch.memory_size()
    }
}
