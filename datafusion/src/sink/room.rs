//! What the memory has room for: open files, and rows on their way to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::physical_plan::spill::get_record_batch_memory_size;
use herringbone::budget::{MemoryBudget, Reservation};
use tokio::sync::Notify;

/// What an open file takes for each leaf column, and besides.
const BYTES_OF_COLUMN: usize = 9 << 10;
const BYTES_OF_FILE: usize = 16 << 10;

/// How many files with columns of `fields` may be open at once: at least one, and no more than three quarters of `limit`
/// have room for.
pub(super) fn open_files(limit: usize, fields: &Fields) -> usize {
    let of_file = leaves(fields) * BYTES_OF_COLUMN + BYTES_OF_FILE;
    (limit / 4 * 3 / of_file).max(1)
}

/// A batch of more than such a part of the memory is not paid for, so that encoders keep theirs.
const BATCHES_IN_MEMORY: usize = 32;

/// Leaf columns of `fields`.
fn leaves(fields: &Fields) -> usize {
    fields.iter().map(|field| leaves_of(field)).sum()
}

fn leaves_of(field: &Field) -> usize {
    match field.data_type() {
        DataType::Struct(fields) => leaves(fields),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => leaves_of(item),
        _ => 1,
    }
}

/// Pays for batches from when they are sent to a file until they are encoded.
#[derive(Debug)]
pub(super) struct InFlight {
    budget: MemoryBudget,
    on_their_way: Arc<OnTheirWay>,
    /// Batches that go on whatever the memory has room for, so that no encoder is idle.
    unpaid: usize,
}

#[derive(Debug, Default)]
struct OnTheirWay {
    batches: AtomicUsize,
    arrived: Notify,
}

/// A batch on its way.
#[derive(Debug)]
pub(super) struct InFlightBatch {
    pub(super) batch: RecordBatch,
    _paid: Option<Reservation>,
    _counted: Counted,
}

#[derive(Debug)]
struct Counted(Arc<OnTheirWay>);

impl InFlight {
    pub(super) fn new(budget: &MemoryBudget, threads: usize) -> Self {
        Self {
            budget: budget.clone(),
            on_their_way: Arc::default(),
            unpaid: threads,
        }
    }

    /// Lets `batch` go when there is memory for it, or nothing to wait for.
    pub(super) async fn enter(&self, batch: RecordBatch) -> InFlightBatch {
        let bytes = get_record_batch_memory_size(&batch);
        let limit = self.budget.limit().unwrap_or(usize::MAX);
        let is_small = bytes <= limit / BATCHES_IN_MEMORY;
        let mut paid = self.budget.reserve();
        loop {
            let arrived = self.on_their_way.arrived.notified();
            if is_small && paid.try_resize(bytes).is_ok() {
                return self.in_flight(batch, Some(paid));
            }
            if self.on_their_way.batches.load(Ordering::Acquire) < self.unpaid {
                return self.in_flight(batch, None);
            }
            arrived.await;
        }
    }

    /// Lets `batch`, which was paid for elsewhere, go at once.
    pub(super) fn pass(&self, batch: RecordBatch) -> InFlightBatch {
        self.in_flight(batch, None)
    }

    fn in_flight(&self, batch: RecordBatch, paid: Option<Reservation>) -> InFlightBatch {
        self.on_their_way.batches.fetch_add(1, Ordering::AcqRel);
        InFlightBatch {
            batch,
            _paid: paid,
            _counted: Counted(Arc::clone(&self.on_their_way)),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.batches.fetch_sub(1, Ordering::AcqRel);
        self.0.arrived.notify_one();
    }
}
