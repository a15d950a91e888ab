//! Rows into files by the values of their partition columns.

use std::collections::BTreeSet;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use herringbone::budget::Reservation;

use super::files::{Files, OpenFile};
use super::keys::Keys;
use super::overflow::Overflow;
use super::window::{Group, Window};

/// The most bytes of rows that are gathered before they are sorted by partition.
const LARGEST_WINDOW: usize = 32 << 20;

/// The part of the memory that a window takes at most.
const WINDOWS_IN_MEMORY: usize = 16;

/// A file that no row came for in so many windows is idle.
const WINDOWS_UNTIL_IDLE: u64 = 8;

/// Writes `rows`, those of each partition to files of its own.
///
/// As many files are open as the memory has room for. For one more, a file that is idle is finished. If none is, the rows
/// wait in the spill directory until the other files are finished, so that there is one file for each partition also
/// where rows come in no order.
pub(super) async fn write_by_partition(
    files: &mut Files,
    rows: SendableRecordBatchStream,
) -> Result<()> {
    let mut partitions = Partitions::new(files, rows.schema().as_ref());
    let metrics = files.job().spill_metrics();
    let runtime = &files.job().runtime;
    let mut overflow = Overflow::new(runtime, metrics, rows.schema());
    let mut left = Some(rows);
    while let Some(rows) = left.take() {
        partitions.write(files, rows, overflow.as_mut()).await?;
        partitions.finish(files).await?;
        if let Some(overflow) = &mut overflow {
            left = overflow.take().await?;
        }
    }
    Ok(())
}

struct Partitions {
    keys: Keys,
    /// Pays for the keys and what is known of each partition.
    held: Reservation,
    known: Vec<Partition>,
    /// The open ones, by the window that they were last written in.
    open: BTreeSet<(u64, usize)>,
    most_open: usize,
    window: Window,
    windows: u64,
    window_bytes: usize,
    /// The columns that go into files.
    columns: Vec<usize>,
}

/// What is known of a partition.
struct Partition {
    folders: Vec<String>,
    /// Files that were begun.
    files: usize,
    open: Option<OpenFile>,
    last_window: u64,
}

impl Partitions {
    fn new(files: &Files, input: &Schema) -> Self {
        let job = files.job();
        let budget = &job.resources.budget;
        let limit = job.resources.share();
        let names: Vec<String> = job
            .config
            .table_partition_cols
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let columns = input.fields().iter().enumerate();
        let columns = columns
            .filter(|(_, field)| {
                job.config.keep_partition_by_columns || !names.contains(field.name())
            })
            .map(|(index, _)| index)
            .collect();
        Self {
            keys: Keys::new(names),
            held: budget.reserve(),
            known: Vec::new(),
            open: BTreeSet::new(),
            most_open: match job.limits.open_files {
                Some(files) => files.get(),
                None => job.limits.files_in_memory,
            },
            window: Window::new(budget),
            windows: 0,
            window_bytes: LARGEST_WINDOW.min(limit / WINDOWS_IN_MEMORY),
            columns,
        }
    }

    async fn write(
        &mut self,
        files: &mut Files,
        mut rows: SendableRecordBatchStream,
        mut overflow: Option<&mut Overflow>,
    ) -> Result<()> {
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            if batch.num_rows() == 0 {
                continue;
            }
            if !self.window.is_empty() && !self.window.has_room_for(&batch) {
                self.empty(files, overflow.as_deref_mut()).await?;
            }
            self.gather(batch)?;
            if self.window.size() >= self.window_bytes {
                self.empty(files, overflow.as_deref_mut()).await?;
            }
        }
        self.empty(files, overflow).await
    }

    /// Adds `batch` to the window.
    fn gather(&mut self, batch: RecordBatch) -> Result<()> {
        let known = &mut self.known;
        let numbers = self.keys.number(&batch, |folders| {
            known.push(Partition {
                folders,
                files: 0,
                open: None,
                last_window: 0,
            });
        })?;
        let of_partition = size_of::<Partition>();
        self.held
            .resize(self.keys.size() + self.known.len() * of_partition);
        self.window.add(batch, &numbers)
    }

    /// Writes what is in the window.
    async fn empty(&mut self, files: &mut Files, overflow: Option<&mut Overflow>) -> Result<()> {
        self.windows += 1;
        let mut window =
            std::mem::replace(&mut self.window, Window::new(&files.job().resources.budget));
        window.sort();
        let projected = window.projected(&self.columns)?;
        let mut without_room = Vec::new();
        for group in window.groups() {
            if self.has_open(group.partition) || self.make_room(files, overflow.is_some()).await? {
                self.send(files, &group, &projected).await?;
            } else {
                without_room.push(group);
            }
        }
        if let (Some(overflow), false) = (overflow, without_room.is_empty()) {
            for rows in Group::of_several(&without_room, window.batches())? {
                overflow.put(rows).await?;
            }
        }
        drop(without_room);
        window.clear();
        self.window = window;
        Ok(())
    }

    fn has_open(&self, partition: usize) -> bool {
        self.known
            .get(partition)
            .is_some_and(|known| known.open.is_some())
    }

    /// Whether one more file may be opened, having finished one that is idle if need be. Where rows cannot wait, the one
    /// that has been idle longest is finished in any case.
    async fn make_room(&mut self, files: &mut Files, can_wait: bool) -> Result<bool> {
        if self.open.len() < self.most_open {
            return Ok(true);
        }
        let Some((last_window, partition)) = self.open.first().copied() else {
            return Ok(true);
        };
        if can_wait && last_window + WINDOWS_UNTIL_IDLE > self.windows {
            return Ok(false);
        }
        self.close(files, partition).await?;
        // Its memory is there when it has ended, and not before.
        files.wait_for_one().await?;
        Ok(true)
    }

    async fn send(
        &mut self,
        files: &mut Files,
        group: &Group<'_>,
        batches: &[RecordBatch],
    ) -> Result<()> {
        let Some(known) = self.known.get_mut(group.partition) else {
            return Ok(());
        };
        self.open.remove(&(known.last_window, group.partition));
        known.last_window = self.windows;
        self.open.insert((known.last_window, group.partition));
        let open = match &mut known.open {
            Some(open) => open,
            none => {
                let path = files.job().path_of_partition(&known.folders, known.files)?;
                known.files += 1;
                none.insert(files.open(path, 1)?)
            }
        };
        // Windows pay for their rows.
        for batch in group.of(batches)? {
            let batch = files.job().in_flight.pass(batch);
            files.write(open, batch).await?;
        }
        Ok(())
    }

    async fn close(&mut self, files: &mut Files, partition: usize) -> Result<()> {
        let Some(known) = self.known.get_mut(partition) else {
            return Ok(());
        };
        self.open.remove(&(known.last_window, partition));
        match known.open.take() {
            Some(open) => files.finish(open).await,
            None => Ok(()),
        }
    }

    /// Finishes all files, and waits until they are there.
    async fn finish(&mut self, files: &mut Files) -> Result<()> {
        let open: Vec<usize> = self.open.iter().map(|(_, partition)| *partition).collect();
        for partition in open {
            self.close(files, partition).await?;
        }
        files.wait_for_all().await
    }
}
