//! DELTA_BINARY_PACKED: differences of consecutive integers, less the block's least difference,
//! packed in miniblocks that each have their own width.
//!
//! SPEC: Encodings.md, "Delta Encoding".

use super::bit_pack::{PackWord, bit_width, pack_into, packed_bytes};
use super::buffer::{append, append_varint, append_zigzag, grow};
use super::{DeltaLayout, ValueEncoder, wrong_values};
use crate::basic::{Encoding, Type};
use crate::data_type::values::Values;
use crate::errors::Result;

/// An integer of the format. Differences wrap around within its own width, so that they never need
/// more bits than the type has.
pub(super) trait DeltaInt: Copy + Default + Ord + Send + Into<i64> + 'static {
    /// The unsigned type of the same width.
    type Word: PackWord + std::ops::BitOr<Output = Self::Word>;
    const PHYSICAL_TYPE: Type;
    /// The values, if they are of this type.
    fn of<'a>(values: &Values<'a>) -> Option<&'a [Self]>;
    /// `self` less `other`, wrapping around.
    fn minus(self, other: Self) -> Self;
    fn word(self) -> Self::Word;
}

/// The encoder, as a value encoder for INT32 and INT64, and inside others for lengths.
#[derive(Debug)]
pub(crate) struct DeltaBinaryPacked<T> {
    layout: DeltaLayout,
    count: u64,
    first: T,
    last: T,
    /// Differences of the open block.
    deltas: Vec<T>,
    /// Closed blocks.
    blocks: Vec<u8>,
}

impl<T: DeltaInt> DeltaBinaryPacked<T> {
    pub(super) fn new(layout: DeltaLayout) -> Self {
        let zero = T::default();
        Self {
            layout,
            count: 0,
            first: zero,
            last: zero,
            deltas: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Takes `values` into the open page.
    pub(super) fn put_slice(&mut self, mut values: &[T]) {
        if let (0, Some((first, rest))) = (self.count, values.split_first()) {
            (self.first, self.last, self.count) = (*first, *first, 1);
            values = rest;
        }
        self.count += values.len() as u64;
        while let Some(first) = values.first() {
            if self.deltas.capacity() == 0 {
                self.deltas.reserve_exact(self.layout.block_size);
            }
            let room = self.layout.block_size - self.deltas.len();
            let (now, later) = values.split_at(values.len().min(room));
            self.deltas.push(first.minus(self.last));
            self.deltas
                .extend(now.iter().zip(now.iter().skip(1)).map(|(a, b)| b.minus(*a)));
            self.last = now.last().copied().unwrap_or_default();
            if self.deltas.len() == self.layout.block_size {
                write_block(&self.deltas, self.layout, &mut self.blocks);
                self.deltas.clear();
            }
            values = later;
        }
    }

    /// Bytes of the closed blocks of the open page.
    pub(super) fn closed_bytes(&self) -> usize {
        self.blocks.len()
    }

    /// Appends header and blocks and starts the next page.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        append_varint(out, self.layout.block_size as u64);
        append_varint(out, self.layout.miniblocks as u64);
        append_varint(out, self.count);
        append_zigzag(out, self.first.into());
        append(out, &self.blocks);
        if !self.deltas.is_empty() {
            write_block(&self.deltas, self.layout, out);
        }
        self.deltas.clear();
        self.blocks.clear();
        (self.count, self.first, self.last) = (0, T::default(), T::default());
    }

    /// Bytes on the heap, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        self.blocks.capacity() + self.deltas.capacity() * size_of::<T>()
    }

    /// Gives back what the open page does not need.
    pub(super) fn release(&mut self) {
        self.blocks.shrink_to_fit();
        if self.deltas.is_empty() {
            self.deltas = Vec::new();
        }
    }
}

impl<T: DeltaInt> ValueEncoder for DeltaBinaryPacked<T> {
    fn encoding(&self) -> Encoding {
        Encoding::DELTA_BINARY_PACKED
    }

    fn put(&mut self, values: &Values<'_>) -> Result<()> {
        let Some(values) = T::of(values) else {
            return Err(wrong_values(
                Encoding::DELTA_BINARY_PACKED,
                T::PHYSICAL_TYPE,
            ));
        };
        self.put_slice(values);
        Ok(())
    }

    fn estimated_bytes(&self) -> usize {
        self.closed_bytes()
    }

    fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.finish(out);
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.memory_size()
    }

    fn shrink(&mut self) {
        self.release();
    }
}

/// Appends a block; the last of a page may hold fewer differences than the others.
fn write_block<T: DeltaInt>(deltas: &[T], layout: DeltaLayout, out: &mut Vec<u8>) {
    let least = deltas.iter().min().copied().unwrap_or_default();
    append_zigzag(out, least.into());
    let widths = out.len();
    // A block of differences that need all their bits is the largest.
    grow(out, layout.miniblocks + size_of_val(deltas));
    out.resize(widths + layout.miniblocks, 0);
    let mut words = [T::Word::default(); MINIBLOCK_STEP];
    let miniblocks = deltas.chunks(layout.miniblock_size());
    for (place, miniblock) in (widths..).zip(miniblocks) {
        let bits = miniblock.iter().fold(T::Word::default(), |bits, delta| {
            bits | delta.minus(least).word()
        });
        let width = bit_width(bits.wide());
        if let Some(place) = out.get_mut(place) {
            *place = width;
        }
        let end = out.len() + packed_bytes(layout.miniblock_size(), width);
        for step in miniblock.chunks(MINIBLOCK_STEP) {
            for (word, delta) in words.iter_mut().zip(step) {
                *word = delta.minus(least).word();
            }
            pack_into(words.get(..step.len()).unwrap_or_default(), width, out);
        }
        // The format wants the last miniblock whole.
        grow(out, end.saturating_sub(out.len()));
        out.resize(end, 0);
    }
}

/// Differences packed by one call.
const MINIBLOCK_STEP: usize = 64;

macro_rules! delta_ints {
    ($($int:ty as $word:ty: $physical:ident, $values:ident;)*) => {$(
        impl DeltaInt for $int {
            type Word = $word;
            const PHYSICAL_TYPE: Type = Type::$physical;
            fn of<'a>(values: &Values<'a>) -> Option<&'a [Self]> {
                match *values {
                    Values::$values(values) => Some(values),
                    _ => None,
                }
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline(always)]
            fn word(self) -> $word {
                self.cast_unsigned()
            }
        }
    )*};
}

delta_ints! {
    i32 as u32: INT32, Int32;
    i64 as u64: INT64, Int64;
}
