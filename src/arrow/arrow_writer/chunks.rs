//! The bytes of a file in chunks, for whoever has the sink.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::budget::{MemoryBudget, Reservation};
use crate::errors::Result;
use crate::file::writer::FileOutput;

/// Bytes of a chunk, and what they are under a memory limit: a part of it, or of the writer's share.
const CHUNK_BYTES: usize = 256 << 10;
const LEAST_CHUNK_BYTES: usize = 1 << 10;
const CHUNK_PART: usize = 64;
const CHUNK_PART_OF_SHARE: usize = 16;

/// Cuts the bytes that are put into chunks of one size.
#[derive(Debug)]
pub(super) struct Chunks {
    chunk_bytes: usize,
    /// Pays for the chunks, each of which takes its part along.
    budget: MemoryBudget,
    filling: Vec<u8>,
    paid: Reservation,
    full: VecDeque<Bytes>,
    position: usize,
}

/// The buffer of a chunk, paid for until its last user drops it.
struct PaidBuffer {
    bytes: Vec<u8>,
    _paid: Reservation,
}

impl AsRef<[u8]> for PaidBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Chunks {
    /// None yet; `budget` will pay for them.
    pub(super) fn new(budget: &MemoryBudget) -> Self {
        let part = budget.part(CHUNK_PART, CHUNK_PART_OF_SHARE);
        Self {
            chunk_bytes: part.map_or(CHUNK_BYTES, |part| {
                part.clamp(LEAST_CHUNK_BYTES, CHUNK_BYTES)
            }),
            budget: budget.clone(),
            filling: Vec::new(),
            paid: budget.reserve(),
            full: VecDeque::new(),
            position: 0,
        }
    }

    /// The next chunk that is full.
    pub(super) fn take_full(&mut self) -> Option<Bytes> {
        self.full.pop_front()
    }

    /// What is left behind the last full chunk, if it is anything.
    pub(super) fn take_rest(&mut self) -> Option<Bytes> {
        self.seal();
        self.take_full()
    }

    /// Heap bytes of the chunks that have not been taken.
    pub(super) fn memory_size(&self) -> usize {
        self.filling.capacity() + self.full.len() * self.chunk_bytes
    }

    /// Makes room for the next `bytes`, as far as they belong to this chunk. A buffer grows once at most: a few
    /// bytes, such as those that a file begins with, are no reason to hold a whole chunk.
    fn make_room(&mut self, bytes: usize) {
        let (len, capacity) = (self.filling.len(), self.filling.capacity());
        if capacity - len >= bytes.min(self.chunk_bytes - len) {
            return;
        }
        let wanted = match capacity {
            0 if bytes <= LEAST_CHUNK_BYTES => LEAST_CHUNK_BYTES,
            _ => self.chunk_bytes,
        };
        self.paid.resize(wanted);
        self.filling.reserve_exact(wanted - len);
    }

    fn seal(&mut self) {
        if self.filling.is_empty() {
            return;
        }
        // Whoever gathers chunks would hold the whole buffer of each for a few bytes.
        if self.filling.len() < self.chunk_bytes / 2 {
            self.filling.shrink_to_fit();
            self.paid.resize(self.filling.capacity());
        }
        self.full.push_back(Bytes::from_owner(PaidBuffer {
            bytes: std::mem::take(&mut self.filling),
            _paid: std::mem::replace(&mut self.paid, self.budget.reserve()),
        }));
    }
}

impl FileOutput for Chunks {
    fn put(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.position += bytes.len();
        while !bytes.is_empty() {
            self.make_room(bytes.len());
            let room = self.chunk_bytes.saturating_sub(self.filling.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.filling.extend_from_slice(now);
            if self.filling.len() >= self.chunk_bytes {
                self.seal();
            }
            bytes = later;
        }
        Ok(())
    }

    fn position(&self) -> usize {
        self.position
    }

    /// Ends the chunk: the last bytes of the file come in one of their own.
    fn settle(&mut self) -> Result<()> {
        self.seal();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_hold_all_bytes_in_order_and_are_paid_for_until_dropped() {
        let budget = MemoryBudget::new(1 << 20);
        let mut chunks = Chunks::new(&budget);
        let bytes: Vec<u8> = (0..100_000_u32).map(|byte| (byte % 251) as u8).collect();
        for piece in bytes.chunks(777) {
            chunks.put(piece).unwrap();
        }
        assert_eq!(chunks.position(), bytes.len());
        let mut taken = Vec::new();
        while let Some(chunk) = chunks.take_full() {
            assert_eq!(chunk.len(), (1 << 20) / CHUNK_PART);
            taken.push(chunk);
        }
        taken.extend(chunks.take_rest());
        assert_eq!(taken.concat(), bytes);
        assert!(chunks.take_rest().is_none());
        assert!(budget.used() >= bytes.len(), "{}", budget.used());
        drop(taken);
        assert_eq!(budget.used(), 0);
    }
}
