//! Bit packing: values of 0 to 64 bits end to end, the first in the lowest place. Kernels take 64
//! values at a time and are compiled once for each width.
//!
//! SPEC: Encodings.md, "Run Length Encoding / Bit-Packing Hybrid", note 1.
#![expect(clippy::indexing_slicing, reason = "kernel: block sizes are constants")]

use super::buffer::grow;

/// Values of one kernel call.
const BLOCK: usize = 64;

/// An unsigned value, or a level, as wide as memory holds it. Must fit the width it is packed at.
pub(crate) trait PackWord: Copy + Eq + Default {
    /// The low 8 bits.
    fn low8(self) -> u8;
    /// The low 16 bits.
    fn low16(self) -> u16;
    /// The low 32 bits.
    fn low32(self) -> u32;
    /// All bits.
    fn wide(self) -> u64;
}

/// Appends `values` to `out`, each in `width` bits. Bits of a last group of fewer than eight values
/// are filled up with zeros, so that [`packed_bytes`] are written.
pub(crate) fn pack_into<T: PackWord>(values: &[T], width: u8, out: &mut Vec<u8>) {
    debug_assert!(width <= 64);
    debug_assert!(
        values
            .iter()
            .all(|value| width == 64 || value.wide() >> width == 0)
    );
    let bytes = packed_bytes(values.len(), width);
    grow(out, bytes);
    let start = out.len();
    out.resize(start + bytes, 0);
    let room = &mut out[start..];
    let at = usize::from(width);
    match width {
        0 => {}
        1..=8 => pack_blocks(values, at, T::low8, KERNELS_8[at - 1], room),
        9..=16 => pack_blocks(values, at, T::low16, KERNELS_16[at - 9], room),
        17..=32 => pack_blocks(values, at, T::low32, KERNELS_32[at - 17], room),
        _ => pack_blocks(values, at, T::wide, KERNELS_64[at - 33], room),
    }
}

/// Bytes of `count` values of `width` bits, whole groups of eight.
pub(crate) fn packed_bytes(count: usize, width: u8) -> usize {
    count.div_ceil(8) * usize::from(width)
}

/// Bits that hold every value up to and including `max`.
pub(crate) fn bit_width(max: u64) -> u8 {
    // At most 64.
    (u64::BITS - max.leading_zeros()).to_le_bytes()[0]
}

/// Packs one block of lanes into eight bytes for each bit of width.
type Kernel<L> = fn(&[L; BLOCK], &mut [u8]);

/// A loop written out: the compiler's own unrolling gives up long before 64 steps.
macro_rules! for_each_place {
    ($place:ident in [$($at:literal)*] $body:block) => {$({
        let $place: usize = $at;
        $body
    })*};
}

#[inline]
fn pack_blocks<T: PackWord, L: Copy + Default>(
    values: &[T],
    width: usize,
    narrow: impl Fn(T) -> L + Copy,
    kernel: Kernel<L>,
    room: &mut [u8],
) {
    let mut lanes = [L::default(); BLOCK];
    let (blocks, rest) = values.as_chunks::<BLOCK>();
    let (packed, last) = room.split_at_mut(blocks.len() * BLOCK / 8 * width);
    for (block, packed) in blocks
        .iter()
        .zip(packed.chunks_exact_mut(BLOCK / 8 * width))
    {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane = narrow(*value);
        }
        kernel(&lanes, packed);
    }
    if !rest.is_empty() {
        lanes = [L::default(); BLOCK];
        for (lane, value) in lanes.iter_mut().zip(rest) {
            *lane = narrow(*value);
        }
        let mut packed = [0u8; BLOCK * 8];
        kernel(&lanes, &mut packed[..BLOCK / 8 * width]);
        last.copy_from_slice(&packed[..last.len()]);
    }
}

fn kernel_8<const WIDTH: usize>(lanes: &[u8; BLOCK], out: &mut [u8]) {
    let mut words = [0u64; BLOCK / 8];
    for (word, eight) in words.iter_mut().zip(lanes.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*eight);
    }
    for word in &mut words {
        *word = close_gap::<8>(*word, 8 - WIDTH);
        *word = close_gap::<16>(*word, 16 - 2 * WIDTH);
        *word = close_gap::<32>(*word, 32 - 4 * WIDTH);
    }
    join(&words, 8 * WIDTH, out);
}

fn kernel_16<const WIDTH: usize>(lanes: &[u16; BLOCK], out: &mut [u8]) {
    let mut words = [0u64; BLOCK / 4];
    for (word, four) in words.iter_mut().zip(lanes.as_chunks::<4>().0) {
        let [a, b, c, d] = four.map(u64::from);
        *word = a | b << 16 | c << 32 | d << 48;
    }
    for word in &mut words {
        *word = close_gap::<16>(*word, 16 - WIDTH);
        *word = close_gap::<32>(*word, 32 - 2 * WIDTH);
    }
    join(&words, 4 * WIDTH, out);
}

fn kernel_32<const WIDTH: usize>(lanes: &[u32; BLOCK], out: &mut [u8]) {
    let mut words = [0u64; BLOCK / 2];
    for (word, two) in words.iter_mut().zip(lanes.as_chunks::<2>().0) {
        let [a, b] = two.map(u64::from);
        *word = a | b << WIDTH;
    }
    join(&words, 2 * WIDTH, out);
}

fn kernel_64<const WIDTH: usize>(lanes: &[u64; BLOCK], out: &mut [u8]) {
    join(lanes, WIDTH, out);
}

/// In every pair of lanes of `LANE` bits, moves the upper down by `gap` bits, to where the lower ends.
#[inline(always)]
const fn close_gap<const LANE: u32>(word: u64, gap: usize) -> u64 {
    let lower = match LANE {
        8 => 0x00ff_00ff_00ff_00ff,
        16 => 0x0000_ffff_0000_ffff,
        _ => 0x0000_0000_ffff_ffff,
    };
    word & lower | (word & !lower) >> gap
}

/// Writes the low `bits` of each word end to end. `bits` is a constant of the caller: inlined there,
/// every shift and every place to write to is one as well.
#[inline(always)]
fn join<const N: usize>(words: &[u64; N], bits: usize, out: &mut [u8]) {
    let (out, _) = out[..N * bits / 8].as_chunks_mut::<8>();
    let mut word = 0u64;
    for_each_place!(place in [
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
    ] {
        if place < N {
            let filled = place * bits % 64;
            word |= words[place] << filled;
            if filled + bits >= 64 {
                out[place * bits / 64] = word.to_le_bytes();
                word = if filled + bits == 64 { 0 } else { words[place] >> (64 - filled) };
            }
        }
    });
    debug_assert_eq!(word, 0, "64 values of any width end on a word");
}

macro_rules! kernels {
    ($name:ident: $lane:ty = $kernel:ident::<$($width:literal)*>) => {
        const $name: &[Kernel<$lane>] = &[$($kernel::<$width>),*];
    };
}

kernels!(KERNELS_8: u8 = kernel_8::<1 2 3 4 5 6 7 8>);
kernels!(KERNELS_16: u16 = kernel_16::<9 10 11 12 13 14 15 16>);
kernels!(KERNELS_32: u32 = kernel_32::<17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32>);
kernels!(KERNELS_64: u64 = kernel_64::<33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48
    49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64>);

macro_rules! pack_word {
    ($($word:ty as $unsigned:ty),*) => {$(
        #[allow(clippy::cast_possible_truncation, reason = "values fit the width they are packed at")]
        impl PackWord for $word {
            #[inline(always)]
            fn low8(self) -> u8 {
                self as u8
            }
            #[inline(always)]
            fn low16(self) -> u16 {
                self as u16
            }
            #[inline(always)]
            fn low32(self) -> u32 {
                self as $unsigned as u32
            }
            #[inline(always)]
            fn wide(self) -> u64 {
                u64::from(self as $unsigned)
            }
        }
    )*};
}

pack_word!(u8 as u8, u16 as u16, u32 as u32, u64 as u64, i16 as u16);

#[cfg(test)]
mod tests {
    #![expect(
        clippy::cast_possible_truncation,
        reason = "test values are made to fit"
    )]

    use super::*;
    use proptest::prelude::*;

    /// One bit at a time, from the format's words.
    fn pack_slowly(values: &[u64], width: u8) -> Vec<u8> {
        let mut bytes = vec![0u8; values.len().div_ceil(8) * usize::from(width)];
        for (at, value) in values.iter().enumerate() {
            for bit in 0..usize::from(width) {
                let place = at * usize::from(width) + bit;
                bytes[place / 8] |= ((value >> bit & 1) as u8) << (place % 8);
            }
        }
        bytes
    }

    fn agrees<T: PackWord>(values: &[u64], width: u8, narrow: impl Fn(u64) -> T) {
        let words: Vec<T> = values.iter().map(|value| narrow(*value)).collect();
        let mut out = vec![0xa5; 3];
        pack_into(&words, width, &mut out);
        assert_eq!(out[..3], [0xa5; 3]);
        assert_eq!(
            out[3..],
            pack_slowly(values, width),
            "width {width}, {} values",
            values.len()
        );
    }

    #[test]
    fn the_example_of_the_specification_packs_to_its_bytes() {
        let mut out = Vec::new();
        pack_into(&[0u8, 1, 2, 3, 4, 5, 6, 7], 3, &mut out);
        assert_eq!(out, [0b1000_1000, 0b1100_0110, 0b1111_1010]);
    }

    #[test]
    fn width_zero_writes_nothing() {
        let mut out = Vec::new();
        pack_into(&[0u32; 1000], 0, &mut out);
        assert_eq!(out.capacity(), 0);
    }

    #[test]
    fn bit_widths_hold_their_greatest_value() {
        for (max, width) in [
            (0, 0),
            (1, 1),
            (2, 2),
            (3, 2),
            (4, 3),
            (255, 8),
            (256, 9),
            (u64::MAX, 64),
        ] {
            assert_eq!(bit_width(max), width);
        }
    }

    #[test]
    fn every_width_packs_every_length_around_the_block_boundaries() {
        let mut state = 1u64;
        for width in 0..=64u8 {
            for len in [0, 1, 7, 8, 9, 31, 32, 63, 64, 65, 127, 128, 129, 504, 1000] {
                let values: Vec<u64> = (0..len)
                    .map(|_| {
                        state = state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1);
                        let value = state ^ state >> 29;
                        if width == 0 { 0 } else { value >> (64 - width) }
                    })
                    .collect();
                agrees(&values, width, |value| value);
                if width <= 32 {
                    agrees(&values, width, |value| value as u32);
                }
                if width <= 16 {
                    agrees(&values, width, |value| value as u16);
                }
                if width <= 15 {
                    agrees(&values, width, |value| value as i16);
                }
                if width <= 8 {
                    agrees(&values, width, |value| value as u8);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_values_pack_as_the_format_says(
            values in prop::collection::vec(any::<u64>(), 0..300),
            width in 1u8..=64,
        ) {
            let values: Vec<u64> = values.into_iter().map(|value| value >> (64 - width)).collect();
            agrees(&values, width, |value| value);
        }
    }
}
