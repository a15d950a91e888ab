//! Encoding a batch with the help of other threads.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::time::Instant;

use super::column::{ArrowColumnWriter, LeafPlace};
use super::parallel::{Payload, Team};
use super::small_column::SmallColumn;
use crate::arrow::leaves::CheckedLeaf;
use crate::column::writer::{BudgetAsks, OpenColumn, Written};
use crate::errors::Result;

/// A column of an open row group. It moves from thread to thread.
pub(super) type Column = Box<ArrowColumnWriter>;

/// A leaf that is not encoded, or not to its end, and where it was left.
pub(super) struct LeftLeaf(pub(super) Option<(CheckedLeaf, LeafPlace)>);

impl LeftLeaf {
    /// Nothing of `leaf` is encoded.
    pub(super) fn whole(leaf: CheckedLeaf) -> Self {
        Self(Some((leaf, LeafPlace::default())))
    }
}

/// A column, and what one thread at a time does for it.
struct Task<L> {
    column: Column,
    /// What is to be encoded.
    left: L,
    outcome: Result<()>,
}

/// Encodes a leaf for each of `columns`, dropping it when it is done.
///
/// # Errors
/// If a store fails: the columns may then have different numbers of rows. Of several failures it is the first column's.
///
/// # Panics
/// If a store panics, wherever that was.
pub(super) fn write_all(
    team: &Team,
    columns: &mut Vec<Column>,
    leaves: &mut Vec<CheckedLeaf>,
    rows: usize,
) -> Result<()> {
    let threads = team.threads_for(columns.len(), rows, team.threads());
    if threads == 1 {
        let start = Instant::now();
        write_in_turn(columns, leaves)?;
        leaves.clear();
        team.measured_alone(start.elapsed(), rows);
        return Ok(());
    }
    let tasks = columns.drain(..).zip(leaves.drain(..));
    let tasks = tasks.map(|(column, leaf)| Task::new(column, LeftLeaf::whole(leaf)));
    let done = team.each(tasks, (rows, threads), |task| {
        task.run(|column, left| match left.0.take() {
            Some((leaf, _)) => column.write_leaf(&leaf),
            None => Ok(()),
        })
    });
    take_back(done, columns).map(drop)
}

/// Encodes a leaf for each of `columns`, the last one first: what was checked last is still in the processor's caches.
///
/// # Errors
/// If a store fails: the columns may then have different numbers of rows.
pub(super) fn write_in_turn(columns: &mut [Column], leaves: &[CheckedLeaf]) -> Result<()> {
    let mut pairs = columns.iter_mut().zip(leaves).rev();
    pairs.try_for_each(|(column, leaf)| column.write_leaf(leaf))
}

/// Encodes what waits in `small` for each of `columns`.
///
/// # Errors
/// As [`write_all`].
///
/// # Panics
/// As [`write_all`].
pub(super) fn write_joined(
    team: &Team,
    columns: &mut Vec<Column>,
    small: &mut Vec<SmallColumn>,
    rows: usize,
) -> Result<()> {
    let threads = team.threads_for(columns.len(), rows, team.threads());
    if threads == 1 {
        let start = Instant::now();
        let mut pairs = columns.iter_mut().zip(small);
        pairs.try_for_each(|(column, small)| small.encode(column))?;
        team.measured_alone(start.elapsed(), rows);
        return Ok(());
    }
    let tasks = columns.drain(..).zip(small.drain(..));
    let tasks = tasks.map(|(column, small)| Task::new(column, small));
    let done = team.each(tasks, (rows, threads), |task| {
        task.run(|column, small| small.encode(column))
    });
    *small = take_back(done, columns)?;
    Ok(())
}

/// As [`write_all`] by so many threads, up to where memory is short: says of each leaf what is left of it. Nobody waits
/// for memory; a column that needs some is left where it stands.
pub(super) fn write_until_short(
    team: &Team,
    columns: &mut Vec<Column>,
    leaves: &mut Vec<CheckedLeaf>,
    (rows, threads): (usize, usize),
    asks: BudgetAsks,
) -> Result<Vec<LeftLeaf>> {
    let tasks = columns.drain(..).zip(leaves.drain(..));
    let tasks = tasks.map(|(column, leaf)| Task::new(column, LeftLeaf::whole(leaf)));
    let done = team.each(tasks, (rows, threads), move |task| {
        let ended = task.run(|column, left| write_one_until_short(column, left, &asks));
        if ended.is_break() || task.left.0.is_some() || asks.is_short() {
            return ControlFlow::Break(());
        }
        ended
    });
    take_back(done, columns)
}

/// Bytes of lists that a round of so many columns takes.
pub(super) fn list_bytes(columns: usize) -> usize {
    // They are there as they were given, in units, and as they come back.
    3 * columns * size_of::<Option<Task<LeftLeaf>>>()
}

fn write_one_until_short(
    column: &mut ArrowColumnWriter,
    left: &mut LeftLeaf,
    asks: &BudgetAsks,
) -> Result<()> {
    let Some((leaf, place)) = left.0.take() else {
        return Ok(());
    };
    if place == LeafPlace::default() && column.write_at_once(&leaf)? {
        return Ok(());
    }
    let mut position = column.start_at(&leaf, place)?;
    if let Written::Short { .. } = column.write_from(&mut position, asks.grant())? {
        let place = position.place();
        left.0 = Some((leaf, place));
    }
    Ok(())
}

/// Ends the pages of the columns by so many threads, up to where memory is short: those of other columns stay open.
///
/// # Errors
/// As [`write_all`].
///
/// # Panics
/// As [`write_all`].
pub(super) fn end_pages(
    team: &Team,
    columns: &mut Vec<Column>,
    threads: usize,
    asks: BudgetAsks,
) -> Result<()> {
    let tasks = columns.drain(..);
    let tasks = tasks.map(|column| Task::new(column, ()));
    let done = team.each(tasks, (0, threads), move |task| {
        if asks.is_short() {
            return ControlFlow::Break(());
        }
        task.run(|column, ()| {
            column.chunk_mut().end_pages()?;
            // What the open pages had in reserve is needed no more.
            column.free_spare();
            column.chunk_mut().free_spare();
            Ok(())
        })
    });
    take_back(done, columns).map(drop)
}

/// Puts the columns back in their places. Of several failures the first column's counts; a panic goes on here.
fn take_back<L>(
    (tasks, panic): (Vec<Task<L>>, Option<Payload>),
    columns: &mut Vec<Column>,
) -> Result<Vec<L>> {
    let (mut left, mut ended) = (Vec::with_capacity(tasks.len()), Ok(()));
    for task in tasks {
        columns.push(task.column);
        left.push(task.left);
        ended = ended.and(task.outcome);
    }
    if let Some(payload) = panic {
        resume_unwind(payload);
    }
    ended.map(|()| left)
}

impl<L> Task<L> {
    fn new(column: Column, left: L) -> Self {
        Self {
            column,
            left,
            outcome: Ok(()),
        }
    }

    /// Does `work`; nothing more is begun by anyone if that fails.
    fn run(&mut self, work: impl FnOnce(&mut Column, &mut L) -> Result<()>) -> ControlFlow<()> {
        self.outcome = work(&mut self.column, &mut self.left);
        match self.outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}
