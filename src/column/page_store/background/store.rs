//! The owner's side of one store.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;

use super::super::{PageKey, PageStore, is_out_of_space};
use super::buffers::{Buffers, Lent, MOST_SLACK};
use super::column::{Column, Task};
use super::worker::Outbox;
use crate::budget::push_tight;
use crate::errors::Result;
use crate::latch::hushed;

/// A store whose puts return before they are done, and whose takes have often been done before.
pub(super) struct BackgroundPageStore {
    outbox: Arc<Outbox>,
    buffers: Arc<Buffers>,
    column: Arc<Column>,
    phase: Phase,
    /// Whether the last put was refused for want of space.
    is_full: bool,
    /// The lengths of the blobs, or the most that is noted of one.
    lengths: Vec<u32>,
    takes: Takes,
    /// The thread has been asked for what is left before this one.
    next_ahead: u64,
}

/// The blobs that have been taken: all before `next`, and few others if takes come in the order of the puts.
#[derive(Debug, Default)]
struct Takes {
    next: u64,
    early: BTreeSet<u64>,
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
    pub(super) fn new(
        inner: Box<dyn PageStore>,
        outbox: Arc<Outbox>,
        buffers: Arc<Buffers>,
    ) -> Self {
        // The inner store is asked for its size, and may panic.
        let column = Arc::new(Column::new(inner));
        buffers.join();
        outbox.join();
        Self {
            outbox,
            buffers,
            column,
            phase: Phase::Settled,
            is_full: false,
            lengths: Vec::new(),
            takes: Takes::default(),
            next_ahead: 0,
        }
    }

    /// Sees to it that every put is done.
    fn settle(&mut self) {
        if self.phase == Phase::Putting {
            // The last round waits for what the thread has begun.
            while self.column.do_next() {}
            self.phase = Phase::Settled;
        }
    }

    /// Fails if something failed that nobody waited for.
    fn report(&mut self) -> Result<()> {
        self.column
            .report()
            .inspect_err(|error| self.is_full |= is_out_of_space(error))
    }

    /// A buffer of `capacity` for a blob that is left to the thread. None for a small blob, unless others are left,
    /// since that is soon written; and an answer is waited for from a store that has been full.
    fn buffer_for(&self, length: usize, capacity: usize) -> Option<Lent> {
        let is_large = length >= self.buffers.small_bytes();
        let is_waiting = || self.phase == Phase::Putting && !self.column.is_idle();
        if self.is_full || !(is_large || is_waiting()) {
            return None;
        }
        let lent = self.buffers.lend(capacity);
        if lent.is_none() {
            // Too much is waiting.
            self.outbox.send();
        }
        lent
    }

    fn leave_to_thread(&mut self, blob: Lent) {
        self.column.push(Task::Put(blob));
        self.phase = Phase::Putting;
        self.outbox.add(&self.column);
        if self.buffers.is_half_lent() {
            self.outbox.send();
        }
    }

    fn push(&mut self, length: usize) -> PageKey {
        let ordinal = PageKey::new(self.lengths.len() as u64);
        push_tight(&mut self.lengths, u32::try_from(length).unwrap_or(u32::MAX));
        ordinal
    }

    /// The blobs that are left from an ordinal on, with their lengths.
    fn left_from(&self, ordinal: u64) -> impl Iterator<Item = (u64, usize)> + Clone {
        let start = usize::try_from(ordinal).unwrap_or(usize::MAX);
        let lengths = self.lengths.get(start..).unwrap_or_default();
        let blobs = (ordinal..).zip(lengths.iter().map(|length| *length as usize));
        blobs.filter(|(ordinal, _)| !self.takes.has(*ordinal))
    }

    /// Lets `put` put a blob after all that were left to the thread.
    fn put_and_wait(
        &mut self,
        put: impl FnOnce(&mut dyn PageStore) -> Result<PageKey>,
    ) -> Result<()> {
        self.settle();
        self.report()?;
        let outcome = self.column.put(put);
        self.is_full = outcome.as_ref().is_err_and(is_out_of_space);
        outcome
    }

    fn start_taking(&mut self) -> Result<()> {
        if self.phase != Phase::Taking {
            // The thread can do other columns' work while this one is streamed out.
            self.outbox.send();
            self.settle();
            self.buffers.trim();
            self.phase = Phase::Taking;
        }
        // A blob that found no room in the inner store can be taken like the others.
        self.column.report().or_else(|error| {
            if is_out_of_space(&error) {
                Ok(())
            } else {
                Err(error)
            }
        })
    }

    /// Lets the thread read on while the owner is busy with the blob it has. The buffers are found
    /// here, so that the thread need not allocate.
    fn read_ahead(&mut self) {
        // Half of all buffers, so that other columns can put meanwhile, and in two parts, so that one is
        // read while the other is used.
        let buffers = &self.buffers;
        let most_bytes = buffers.most_bytes() / 4;
        let next = self.left_from(self.next_ahead).take(MOST_BLOBS);
        if next.clone().next().is_none() {
            buffers.trim();
        }
        let is_little =
            next.clone().map(|(_, length)| length).sum::<usize>() < buffers.small_bytes();
        if is_little
            || most_bytes == 0
            || self.column.bytes_ahead() > most_bytes
            || !self.column.is_idle()
        {
            return;
        }
        let mut bytes = 0;
        let mut next_ahead = self.next_ahead;
        for (ordinal, length) in next {
            if bytes > 0 && bytes + length > most_bytes {
                break;
            }
            let Some(buffer) = buffers.lend(length) else {
                break;
            };
            bytes += length;
            next_ahead = ordinal + 1;
            self.column.push(Task::Read(PageKey::new(ordinal), buffer));
            self.outbox.add(&self.column);
        }
        self.next_ahead = next_ahead;
        self.outbox.send();
    }
}

impl PageStore for BackgroundPageStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.report()?;
        let length = value.len();
        match self.buffer_for(length, length) {
            Some(mut lent) => {
                lent.copy(&value);
                self.leave_to_thread(lent);
            }
            None => self.put_and_wait(|store| store.put(value))?,
        }
        Ok(self.push(length))
    }

    /// Exchanges the buffer for one as large, so that the writer need not grow it for its next page.
    fn put_from(&mut self, buffer: &mut Vec<u8>, from: usize) -> Result<PageKey> {
        self.report()?;
        let blob = buffer.get(from..).unwrap_or_default();
        let (length, capacity) = (blob.len(), buffer.capacity());
        let is_exchanged = length >= capacity / MOST_SLACK;
        let lent_bytes = if is_exchanged { capacity } else { length };
        match self.buffer_for(length, lent_bytes) {
            Some(mut lent) => {
                if is_exchanged {
                    lent.exchange(buffer, from)
                } else {
                    lent.copy(blob)
                }
                self.leave_to_thread(lent);
            }
            None => self.put_and_wait(|store| store.put_from(buffer, from))?,
        }
        Ok(self.push(length))
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let mut buffer = Vec::new();
        self.take_into(key, &mut buffer)?;
        Ok(buffer.into())
    }

    fn take_into(&mut self, key: PageKey, buffer: &mut Vec<u8>) -> Result<()> {
        self.start_taking()?;
        if let Some(mut lent) = self.column.take(key, buffer)? {
            std::mem::swap(lent.blob_at_front(), buffer);
        }
        self.takes.add(key.get());
        self.next_ahead = self.next_ahead.max(self.takes.next);
        self.read_ahead();
        Ok(())
    }

    fn memory_size(&self) -> usize {
        let own = size_of::<Column>()
            + self.lengths.capacity() * size_of::<u32>()
            + self.takes.memory_size()
            + self.buffers.memory_share();
        self.column.memory_size().saturating_add(own)
    }

    fn reserved_size(&self) -> usize {
        let share = if self.buffers.are_reserved() {
            self.buffers.memory_share()
        } else {
            0
        };
        self.column.reserved_size().saturating_add(share)
    }

    /// Puts that are done leave their buffers behind, which go as well: otherwise a store that keeps blobs on the
    /// heap would hold more than before.
    fn spill(&mut self) -> Result<usize> {
        let before = self.memory_size();
        self.outbox.send();
        self.settle();
        self.report()?;
        self.column.spill()?;
        self.buffers.free_spare();
        Ok(before.saturating_sub(self.memory_size()))
    }
}

impl Takes {
    fn has(&self, ordinal: u64) -> bool {
        ordinal < self.next || self.early.contains(&ordinal)
    }

    fn add(&mut self, ordinal: u64) {
        self.early.insert(ordinal);
        while self.early.first() == Some(&self.next) {
            self.early.pop_first();
            self.next += 1;
        }
    }

    fn memory_size(&self) -> usize {
        // Half of a tree's places may be empty.
        2 * self.early.len() * size_of::<u64>()
    }
}

impl Drop for BackgroundPageStore {
    fn drop(&mut self) {
        let store = self.column.dismantle();
        self.outbox.leave();
        self.buffers.leave();
        // Comes after all that must not be left out, because the inner store may panic.
        if thread::panicking() {
            hushed(|| drop(store));
        } else {
            drop(store);
        }
    }
}
