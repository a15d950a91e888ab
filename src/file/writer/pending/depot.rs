//! Where the stores of logs come from, how large their blobs are, and the buffer that blobs come back in.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::budget::{Member, MemoryBudget, Reservation};
use crate::column::chunk::{OverflowStore, WhenFull, store_error};
use crate::column::page_store::{InMemoryPageStoreFactory, PageStoreArgs, PageStoreFactory};
use crate::errors::{ParquetError, Result};
use crate::schema::types::{ColumnDescPtr, SchemaDescPtr};

/// What all logs of a file share.
pub(super) struct Depot {
    origin: Origin,
    scratch: Scratch,
    /// What may be held in memory follows its limit, and the number of writers that share it.
    budget: MemoryBudget,
    blob_bytes: usize,
    is_limited: bool,
}

/// Where stores come from.
pub(super) struct Origin {
    factory: Arc<dyn PageStoreFactory>,
    schema: SchemaDescPtr,
    when_full: WhenFull,
}

/// The buffer for one blob at a time, on its way to the file, and what pays for it.
pub(super) struct Scratch {
    buffer: Vec<u8>,
    /// Bytes of another buffer that is filled from this one.
    beside: usize,
    held: Reservation,
}

/// The part of a limit that is gathered before it goes to a store.
const BLOB_PART: usize = 128;

/// The same, of a fair share.
const BLOB_PART_OF_SHARE: usize = 32;

/// Blobs are not planned smaller than this, nor larger than that.
const BLOB_BYTES: RangeInclusive<usize> = 2 << 10..=64 << 10;

/// The part of a limit that stores may hold on the heap: what is left is for pages.
const RESIDENT_PART: usize = 8;

/// The same, of a fair share.
const RESIDENT_PART_OF_SHARE: usize = 16;

impl Depot {
    /// Everything stays on the heap, unpaid for.
    pub(super) fn on_heap(schema: SchemaDescPtr) -> Self {
        let budget = MemoryBudget::unlimited();
        Self {
            origin: Origin {
                factory: Arc::new(InMemoryPageStoreFactory),
                schema,
                when_full: WhenFull::Fail,
            },
            scratch: Scratch::new(budget.reserve()),
            blob_bytes: blob_bytes(&budget),
            budget,
            is_limited: false,
        }
    }

    /// Lets `member` pay for buffers. Where that has a limit, blobs go to stores of `factory`, or stay on the heap
    /// where `when_full` says so.
    pub(super) fn park_in(
        &mut self,
        factory: Arc<dyn PageStoreFactory>,
        member: &Member,
        when_full: WhenFull,
    ) {
        self.budget = member.budget().clone();
        self.scratch = Scratch::new(member.reserve());
        self.blob_bytes = blob_bytes(&self.budget);
        self.is_limited = !member.shared().is_unlimited();
        if self.is_limited {
            self.origin.factory = factory;
            self.origin.when_full = when_full;
        }
    }

    /// Whether memory is short, or may become it.
    pub(super) fn is_limited(&self) -> bool {
        self.is_limited
    }

    /// Lets blobs be smaller where more writers share the limit than before.
    pub(super) fn follow(&mut self) {
        self.blob_bytes = self.blob_bytes.min(blob_bytes(&self.budget));
    }

    /// What gathers before it goes to a store.
    pub(super) fn blob_bytes(&self) -> usize {
        self.blob_bytes
    }

    /// The most that stores should hold on the heap; `None` where no limit is known.
    pub(super) fn most_resident_bytes(&self) -> Option<usize> {
        self.budget.part(RESIDENT_PART, RESIDENT_PART_OF_SHARE)
    }

    /// Leaf columns of the schema.
    pub(super) fn num_columns(&self) -> usize {
        self.origin.schema.num_columns()
    }

    /// Gives the buffer back.
    pub(super) fn clear(&mut self) {
        self.scratch.clear();
    }

    /// What makes a blob, and what takes it.
    pub(super) fn split(&mut self) -> (&Origin, &mut Scratch) {
        (&self.origin, &mut self.scratch)
    }
}

impl Origin {
    /// A new store, under the schema's first leaf column.
    pub(super) fn open(&self) -> Result<OverflowStore> {
        let first = self.column(0)?;
        let store = self.factory.create(&PageStoreArgs::new(0, &first));
        let store = store.map_err(|source| self.error("create", 0, 0, source))?;
        Ok(OverflowStore::new(store, self.when_full))
    }

    /// An error of a store, with the step, the column and the blob that it belongs to.
    pub(super) fn error(
        &self,
        step: &'static str,
        column: u32,
        ordinal: usize,
        source: ParquetError,
    ) -> ParquetError {
        match self.column(column as usize) {
            Ok(column) => store_error(step, &column, ordinal, source),
            Err(_) => source,
        }
    }

    fn column(&self, column: usize) -> Result<ColumnDescPtr> {
        let columns = self.schema.columns();
        let found = columns.get(column).cloned();
        found.ok_or(ParquetError::IndexOutOfBound(column, columns.len()))
    }
}

impl Scratch {
    /// No buffer yet; `held` is empty and pays for it.
    fn new(held: Reservation) -> Self {
        Self {
            buffer: Vec::new(),
            beside: 0,
            held,
        }
    }

    /// What `take` puts into the buffer.
    pub(super) fn fill(&mut self, take: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<&[u8]> {
        take(&mut self.buffer)?;
        self.pay();
        Ok(&self.buffer)
    }

    /// Pays for another buffer of `bytes` as well, until [`clear`](Self::clear).
    pub(super) fn pay_beside(&mut self, bytes: usize) {
        self.beside = bytes;
        self.pay();
    }

    /// Gives the buffer back.
    pub(super) fn clear(&mut self) {
        self.buffer = Vec::new();
        self.pay_beside(0);
    }

    fn pay(&mut self) {
        self.held.resize(self.buffer.capacity() + self.beside);
    }
}

/// How large a blob is at first.
fn blob_bytes(budget: &MemoryBudget) -> usize {
    let part = budget.part(BLOB_PART, BLOB_PART_OF_SHARE);
    part.map_or(*BLOB_BYTES.end(), |bytes| {
        let bytes = bytes.clamp(*BLOB_BYTES.start(), *BLOB_BYTES.end());
        bytes.next_power_of_two()
    })
}
