//! A borrowed run of bits, least significant bit first: Arrow's layout for booleans and validity,
//! and the format's for PLAIN booleans.
//!
//! SPEC: Encodings.md, "Plain": BOOLEAN is bit packed, LSB first.

use arrow_buffer::BooleanBuffer;
use arrow_buffer::bit_chunk_iterator::UnalignedBitChunk;
use arrow_buffer::bit_iterator::BitSliceIterator;

/// Bits `offset .. offset + len` of `bytes`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BitSlice<'a> {
    bytes: &'a [u8],
    offset: usize,
    len: usize,
}

impl<'a> BitSlice<'a> {
    /// Views `len` bits from bit `offset` on; a view past the end of `bytes` is cut there.
    pub(crate) fn new(bytes: &'a [u8], offset: usize, len: usize) -> Self {
        let bits = bytes.len().saturating_mul(8);
        let offset = offset.min(bits);
        Self {
            bytes,
            offset,
            len: len.min(bits - offset),
        }
    }

    /// The first `len` bits at most, taken off the front.
    pub(crate) fn take_front(&mut self, len: usize) -> Self {
        let len = len.min(self.len);
        let front = Self { len, ..*self };
        self.offset += len;
        self.len -= len;
        front
    }

    /// Bits `from .. from + len`, cut at the end.
    pub(crate) fn slice(&self, from: usize, len: usize) -> Self {
        let from = from.min(self.len);
        Self {
            bytes: self.bytes,
            offset: self.offset + from,
            len: len.min(self.len - from),
        }
    }

    /// Number of bits.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes behind the view; the first bit is bit [`BitSlice::offset`] of them.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Position of the first bit in [`BitSlice::bytes`].
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// The bit at `index`; false past the end.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> bool {
        let bit = self.offset + index;
        index < self.len
            && self
                .bytes
                .get(bit / 8)
                .is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }

    /// Number of set bits.
    pub(crate) fn count_ones(&self) -> usize {
        if self.len == 0 {
            return 0;
        }
        UnalignedBitChunk::new(self.bytes, self.offset, self.len).count_ones()
    }

    /// Up to 64 bits from `index` on, the first in the lowest place; places past the end are zero.
    #[inline]
    pub(crate) fn word(&self, index: usize) -> u64 {
        if index >= self.len {
            return 0;
        }
        let bit = self.offset + index;
        let (byte, shift) = (bit / 8, bit % 8);
        let tail = self.bytes.get(byte..).unwrap_or_default();
        let low = match tail.first_chunk::<8>() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => {
                let mut chunk = [0u8; 8];
                for (to, from) in chunk.iter_mut().zip(tail) {
                    *to = *from;
                }
                u64::from_le_bytes(chunk)
            }
        };
        let high = match (shift, tail.get(8)) {
            (0, _) | (_, None) => 0,
            (_, Some(&next)) => u64::from(next) << (64 - shift),
        };
        let word = low >> shift | high;
        match self.len - index {
            left if left < 64 => word & ((1u64 << left) - 1),
            _ => word,
        }
    }

    /// Runs `(from, to)` of set bits, ascending.
    pub(crate) fn set_runs(&self) -> BitSliceIterator<'a> {
        BitSliceIterator::new(self.bytes, self.offset, self.len)
    }
}

impl<'a> From<&'a BooleanBuffer> for BitSlice<'a> {
    fn from(bits: &'a BooleanBuffer) -> Self {
        Self::new(bits.values(), bits.offset(), bits.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_view_agrees_with_its_bits(
            bytes in prop::collection::vec(any::<u8>(), 0..40),
            offset in 0usize..70,
            len in 0usize..300,
            cut in 0usize..200,
        ) {
            let mut view = BitSlice::new(&bytes, offset, len);
            let bits: Vec<bool> = (0..view.len())
                .map(|i| bytes[(offset + i) / 8] >> ((offset + i) % 8) & 1 == 1)
                .collect();
            prop_assert_eq!(view.count_ones(), bits.iter().filter(|b| **b).count());
            for (i, bit) in bits.iter().enumerate() {
                prop_assert_eq!(view.get(i), *bit);
                let word = bits[i..].iter().take(64).enumerate().fold(0u64, |w, (n, b)| w | u64::from(*b) << n);
                prop_assert_eq!(view.word(i), word);
            }
            let tail = view.slice(cut, usize::MAX);
            let front = view.take_front(cut);
            prop_assert_eq!(front.len() + view.len(), bits.len());
            prop_assert_eq!(tail.count_ones(), view.count_ones());
        }
    }
}
