//! The owner's side of one store.

use std::sync::Arc;
use std::thread;

use bytes::Bytes;

use super::super::slots::Slots;
use super::super::{PageKey, PageStore, is_out_of_space};
use super::buffers::{Buffers, MOST_SLACK};
use super::column::Column;
use super::desk::{Desk, Left};
use super::queue::SeatNumber;
use crate::errors::Result;
use crate::latch::hushed;

/// A store whose puts return before they are done, and whose takes have often been done before.
pub(super) struct BackgroundPageStore {
    desk: Arc<Desk>,
    buffers: Arc<Buffers>,
    seat: SeatNumber,
    column: Arc<Column>,
    phase: Phase,
    /// Whether the last put was refused for want of space.
    is_full: bool,
    /// The lengths of the blobs.
    blobs: Slots<usize>,
    /// No blob before this one is left.
    first_left: PageKey,
    /// The thread has been asked for what is left before this one.
    next_ahead: PageKey,
}

/// The puts come first, then the takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing is left to do for the column.
    Settled,
    /// Puts may be queued.
    Putting,
    Taking,
}

/// Blobs that the thread is asked for at once.
const MOST_BLOBS: usize = 16;

impl BackgroundPageStore {
    pub(super) fn new(inner: Box<dyn PageStore>, desk: Arc<Desk>, buffers: Arc<Buffers>) -> Self {
        // The inner store is asked for its size, and may panic.
        let column = Arc::new(Column::new(inner));
        buffers.join();
        Self {
            seat: desk.join(Arc::clone(&column)),
            desk,
            buffers,
            column,
            phase: Phase::Settled,
            is_full: false,
            blobs: Slots::default(),
            first_left: PageKey::new(0),
            next_ahead: PageKey::new(0),
        }
    }

    /// Waits until every put is done.
    fn settle(&mut self) {
        if self.phase == Phase::Putting {
            self.desk.settle(self.seat, &self.column);
            self.phase = Phase::Settled;
        }
    }

    /// Fails if something failed that nobody waited for.
    fn report(&mut self) -> Result<()> {
        self.column
            .report()
            .inspect_err(|error| self.is_full |= is_out_of_space(error))
    }

    /// A small blob is not worth waking the thread for if it is asleep, and an answer is waited for from a store that
    /// has been full.
    fn leaves_to_thread(&self, blob: &[u8]) -> bool {
        let is_large = blob.len() >= self.buffers.small_bytes();
        !self.is_full && (is_large || self.desk.is_up())
    }

    fn start_taking(&mut self) -> Result<()> {
        if self.phase != Phase::Taking {
            self.settle();
            self.buffers.trim();
            self.phase = Phase::Taking;
        }
        // A blob that found no room in the inner store can be taken like the others.
        self.column
            .report()
            .or_else(|error| match is_out_of_space(&error) {
                true => Ok(()),
                false => Err(error),
            })
    }

    /// Lets the thread read on while the owner is busy with the blob it has. The buffers are found
    /// here, so that the thread need not allocate.
    fn read_ahead(&mut self) {
        // Half of all buffers, so that other columns can put meanwhile, and in two parts, so that one is
        // read while the other is used.
        let buffers = &self.buffers;
        let most_bytes = buffers.most_bytes() / 4;
        let next = self.blobs.iter_from(self.next_ahead).take(MOST_BLOBS);
        if next.clone().next().is_none() {
            buffers.trim();
        }
        let is_little =
            next.clone().map(|(_, length)| length).sum::<usize>() < buffers.small_bytes();
        if is_little
            || most_bytes == 0
            || self.column.bytes_ahead() > most_bytes
            || !self.desk.can_work_for(self.seat)
        {
            return;
        }
        let mut wanted = Vec::new();
        let mut bytes = 0;
        for (key, length) in next {
            if bytes > 0 && bytes + length > most_bytes {
                break;
            }
            let Some(buffer) = buffers.lend(*length) else {
                break;
            };
            bytes += length;
            wanted.push((key, buffer));
        }
        if let Some((last, _)) = wanted.last() {
            self.next_ahead = PageKey::new(last.get() + 1);
            self.desk.read_ahead(self.seat, wanted);
        }
    }
}

impl PageStore for BackgroundPageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.put_slice(&value)
    }

    fn put_slice(&mut self, value: &[u8]) -> Result<PageKey> {
        self.report()?;
        let left = match self.leaves_to_thread(value) {
            true => self
                .desk
                .put(self.seat, &self.buffers, value.len(), |lent| {
                    lent.copy(value);
                }),
            false => Left::Undone,
        };
        match left {
            Left::Queued => self.phase = Phase::Putting,
            Left::Undone => {
                self.settle();
                self.report()?;
                let outcome = self.column.put(value);
                self.is_full = outcome.as_ref().is_err_and(is_out_of_space);
                outcome?;
            }
        }
        Ok(self.blobs.push(value.len()))
    }

    /// Exchanges the buffer for one as large, so that the writer need not grow it for its next page.
    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        self.report()?;
        let blob = buffer.get(from..).unwrap_or_default();
        let (length, capacity) = (blob.len(), buffer.capacity());
        let exchanged = match self.leaves_to_thread(blob) && length >= capacity / MOST_SLACK {
            true => self.desk.put(self.seat, &self.buffers, capacity, |lent| {
                lent.exchange(buffer, from);
            }),
            false => Left::Undone,
        };
        match exchanged {
            Left::Queued => {
                self.phase = Phase::Putting;
                Ok(self.blobs.push(length))
            }
            Left::Undone => self.put_slice(buffer.get(from..).unwrap_or_default()),
        }
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let mut buffer = Vec::new();
        self.take_into(key, &mut buffer)?;
        Ok(buffer.into())
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        self.start_taking()?;
        self.blobs.take(key)?;
        if let Some((left, _)) = self.blobs.iter_from(self.first_left).next() {
            self.first_left = left;
        }
        let lent = match self.desk.take_ahead(self.seat, &self.column, key) {
            Some(blob) => Some(blob?),
            None => {
                // What was asked for and not read has been forgotten.
                self.next_ahead = self.first_left;
                self.column.take(key, buffer)?
            }
        };
        if let Some(mut lent) = lent {
            std::mem::swap(lent.blob_at_front(), buffer);
        }
        self.read_ahead();
        Ok(())
    }

    fn memory_size(&self) -> usize {
        let own = size_of::<Column>()
            + self.blobs.memory_size()
            + self.buffers.memory_share()
            + self.desk.memory_share();
        self.column.memory_size().saturating_add(own)
    }

    fn reserved_size(&self) -> usize {
        let share = match self.buffers.are_reserved() {
            true => self.buffers.memory_share(),
            false => 0,
        };
        self.column.reserved_size().saturating_add(share)
    }

    /// Puts that are done leave their buffers behind, which go as well: otherwise a store that keeps blobs on the
    /// heap would hold more than before.
    fn spill(&mut self) -> Result<usize> {
        let before = self.memory_size();
        self.settle();
        self.report()?;
        self.column.spill()?;
        self.buffers.free_spare();
        Ok(before.saturating_sub(self.memory_size()))
    }
}

impl Drop for BackgroundPageStore {
    fn drop(&mut self) {
        self.desk.leave(self.seat);
        let store = self.column.dismantle();
        self.buffers.leave();
        // Comes after all that must not be left out, because the inner store may panic.
        match thread::panicking() {
            true => drop(hushed(|| drop(store))),
            false => drop(store),
        }
    }
}
