//! The part that is being filled.

use std::mem;

use bytes::Bytes;

use super::payment::Purse;
use crate::budget::Reservation;

/// Chunks below this many bytes are copied together: every piece of a payload costs something.
const SMALL: usize = 8 << 10;

/// Bytes that are copied together at most.
const BLOCK: usize = 64 << 10;

/// The bytes of a part.
#[derive(Debug, Default)]
pub(super) struct Payload {
    /// Slices of the chunks that came, and small chunks copied together.
    pub(super) pieces: Vec<Bytes>,
    /// What pays for the copies, until the request has ended: a store in memory keeps pieces for ever.
    pub(super) paid: Vec<Reservation>,
}

/// A part until it is full.
#[derive(Debug, Default)]
pub(super) struct Filling {
    payload: Payload,
    /// Bytes in `payload` and in `block`.
    bytes: usize,
    block: Vec<u8>,
    block_paid: Option<Reservation>,
}

impl Filling {
    /// Bytes of the part so far.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// The chunk as it is to be held. A small one is paid for when it is copied.
    pub(super) fn admit(chunk: Bytes, purse: &mut Purse) -> Bytes {
        if chunk.len() < SMALL {
            chunk
        } else {
            purse.pay_for(chunk)
        }
    }

    /// Takes of `chunk` what a part of `size` bytes still has room for.
    pub(super) fn take(&mut self, chunk: &mut Bytes, size: usize, purse: &mut Purse) {
        let piece = chunk.split_to(chunk.len().min(size.saturating_sub(self.bytes)));
        if piece.is_empty() {
            return;
        }
        self.bytes += piece.len();
        if piece.len() < SMALL {
            self.copy(&piece, purse);
        } else {
            self.end_block();
            self.payload.pieces.push(piece);
        }
    }

    /// All that was taken, in order. What follows is another part.
    pub(super) fn cut(&mut self) -> Payload {
        self.end_block();
        self.bytes = 0;
        mem::take(&mut self.payload)
    }

    fn copy(&mut self, piece: &[u8], purse: &mut Purse) {
        if self.block.len() + piece.len() > BLOCK {
            self.end_block();
        }
        self.block.extend_from_slice(piece);
        let paid = self.block_paid.get_or_insert_with(|| purse.pay(0));
        purse.follow(paid, self.block.capacity());
    }

    fn end_block(&mut self) {
        let mut block = mem::take(&mut self.block);
        let Some(mut paid) = self.block_paid.take() else {
            return;
        };
        block.shrink_to_fit();
        paid.resize(block.capacity());
        self.payload.pieces.push(block.into());
        self.payload.paid.push(paid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::MemoryBudget;

    fn fill(chunks: &[Bytes], size: usize, purse: &mut Purse) -> Vec<Payload> {
        let (mut filling, mut parts) = (Filling::default(), Vec::new());
        for chunk in chunks {
            let mut chunk = Filling::admit(chunk.clone(), purse);
            while !chunk.is_empty() {
                filling.take(&mut chunk, size, purse);
                if filling.len() == size {
                    parts.push(filling.cut());
                }
            }
        }
        parts.push(filling.cut());
        parts
    }

    fn pieces(parts: &[Payload]) -> impl Iterator<Item = &Bytes> {
        parts.iter().flat_map(|part| &part.pieces)
    }

    #[test]
    fn parts_are_slices_of_the_chunks() {
        let mut purse = Purse::of_paid_chunks(&MemoryBudget::unlimited());
        let chunk = Bytes::from((0..60_000).map(|n| n as u8).collect::<Vec<_>>());
        let parts = fill(&[chunk.clone(), chunk.clone()], 40_000, &mut purse);
        let lengths: Vec<usize> = pieces(&parts).map(Bytes::len).collect();
        assert_eq!(lengths, [40_000, 20_000, 20_000, 40_000]);
        let whole = chunk.as_ptr_range();
        for piece in pieces(&parts) {
            assert!(whole.contains(&piece.as_ptr()), "a copy");
        }
    }

    #[test]
    fn small_chunks_are_copied_together_and_paid_for_once() {
        let budget = MemoryBudget::new(1 << 20);
        for mut purse in [Purse::paying(&budget), Purse::of_paid_chunks(&budget)] {
            let chunks: Vec<Bytes> = (0..10_000).map(|n| vec![n as u8; 20].into()).collect();
            let parts = fill(&chunks, 150_000, &mut purse);
            let bytes: Vec<u8> = pieces(&parts).flatten().copied().collect();
            assert_eq!(bytes, chunks.concat());
            let pieces = pieces(&parts).count();
            assert!(pieces <= 5, "{pieces}");
            assert_eq!(budget.used(), bytes.len());
            drop(parts);
            assert_eq!(budget.used(), 0);
        }
    }
}
