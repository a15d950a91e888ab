//! How much memory a codec works in, and how strong it may be where memory is limited.

use std::ops::RangeInclusive;

use crate::basic::{BrotliLevel, Compression, ZstdLevel};
use crate::errors::{ParquetError, Result};

/// A codec as pages are compressed with it: at its level, in the window that the level brings along or in a smaller
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strength {
    compression: Compression,
    /// Base-two logarithm of the window in bytes, where it is not the level's own.
    window_bits: Option<u32>,
}

/// Memory that a codec may work in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodecMemory {
    /// What it should stay within, if it can.
    pub(crate) wanted_bytes: usize,
    /// What it must not take more than.
    pub(crate) limit_bytes: usize,
}

const KIB: usize = 1 << 10;

/// The window of BROTLI where nothing is said, the one that Parquet writers use.
pub(super) const BROTLI_WINDOW_BITS: u32 = 22;

/// Pages from this length on are long ones for BROTLI.
pub(super) const BROTLI_LONG_BYTES: usize = 1 << 20;

/// The block of BROTLI in a smaller window, at the levels where it decides how much is taken.
pub(super) const BROTLI_SMALL_BLOCK_BITS: u32 = 16;

/// With a smaller window ZSTD finds next to nothing.
const LEAST_ZSTD_BITS: u32 = 14;

/// Below this level ZSTD does not take less.
const LEAST_ZSTD_LEVEL: i32 = 1;

/// What ZSTD takes level 0 for.
const ZSTD_LEVEL_OF_ZERO: i32 = 3;

/// Both tables of LZ4, or the one of SNAPPY, and what stands around them.
const SMALL_TABLES_BYTES: usize = 40 * KIB;

/// Window, hash chains and pending output of deflate, whatever the level.
const DEFLATE_BYTES: usize = 380 * KIB;

impl Strength {
    /// The codec at its level, in the window of its level.
    pub(crate) fn full(compression: Compression) -> Self {
        Self {
            compression,
            window_bits: None,
        }
    }

    /// The strongest form of the codec that works in the room that is wanted: with a smaller window first, then at a
    /// lower level. Where none does, the weakest.
    ///
    /// # Errors
    /// [`ParquetError::CodecExceedsLimit`] if that takes more than the limit.
    pub(crate) fn within(compression: Compression, room: CodecMemory) -> Result<Self> {
        let fits = |strength: &Self| strength.most_bytes() <= room.wanted_bytes;
        let full = Self::full(compression);
        if fits(&full) {
            return Ok(full);
        }
        let weakest = match full.weaker().find(fits) {
            Some(fitting) => return Ok(fitting),
            None => full.weaker().last().unwrap_or(full),
        };
        let needed = weakest.most_bytes();
        if needed <= room.limit_bytes {
            Ok(weakest)
        } else {
            Err(ParquetError::CodecExceedsLimit {
                codec: compression.to_string(),
                needed,
                limit: room.limit_bytes,
            })
        }
    }

    /// The codec, and the level it works at.
    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }

    /// The window, if it is not the level's own.
    #[cfg(any(test, feature = "brotli", feature = "zstd"))]
    pub(super) fn window_bits(&self) -> Option<u32> {
        self.window_bits
    }

    /// The most that the codec holds while it compresses, whatever the page.
    pub(crate) fn most_bytes(&self) -> usize {
        self.working_bytes(usize::MAX)
    }

    /// The most that the codec holds while it compresses a page of `len` bytes, without input and output.
    pub(crate) fn working_bytes(&self, len: usize) -> usize {
        match self.compression {
            Compression::UNCOMPRESSED | Compression::LZO => 0,
            Compression::SNAPPY | Compression::LZ4 | Compression::LZ4_RAW => SMALL_TABLES_BYTES,
            Compression::GZIP(_) => DEFLATE_BYTES,
            Compression::BROTLI(level) => {
                brotli_bytes(level.compression_level(), self.window_bits, len)
            }
            Compression::ZSTD(level) => {
                zstd_bytes(level.compression_level(), self.window_bits, len)
            }
        }
    }

    /// Forms of the codec that take less, the strongest first.
    fn weaker(self) -> Box<dyn Iterator<Item = Self>> {
        match self.compression {
            Compression::BROTLI(level) => {
                let levels = (0..=level.compression_level()).rev();
                let levels = levels.filter_map(|level| BrotliLevel::try_new(level).ok());
                Box::new(levels.flat_map(|level| {
                    let least = least_brotli_bits(level.compression_level());
                    with_windows(Compression::BROTLI(level), least..=BROTLI_WINDOW_BITS)
                }))
            }
            Compression::ZSTD(level) => {
                let level = match level.compression_level() {
                    0 => ZSTD_LEVEL_OF_ZERO,
                    level => level,
                };
                let levels = (LEAST_ZSTD_LEVEL.min(level)..=level).rev();
                let levels = levels.filter_map(|level| ZstdLevel::try_new(level).ok());
                Box::new(levels.flat_map(|level| {
                    with_windows(
                        Compression::ZSTD(level),
                        LEAST_ZSTD_BITS..=LARGEST_ZSTD_BITS,
                    )
                }))
            }
            _ => Box::new(std::iter::empty()),
        }
    }
}

/// The codec with each of these windows, the largest first.
fn with_windows(
    compression: Compression,
    bits: RangeInclusive<u32>,
) -> impl Iterator<Item = Strength> {
    bits.rev().map(move |bits| Strength {
        compression,
        window_bits: Some(bits),
    })
}

/// The largest window of any level of ZSTD.
const LARGEST_ZSTD_BITS: u32 = 27;

/// Base-two logarithm of the smallest window that holds `len` bytes.
fn bits_of(len: usize) -> u32 {
    usize::BITS - len.saturating_sub(1).leading_zeros()
}

/// What the context of ZSTD takes. The crate does not tell it beforehand; these are the sizes that contexts of each
/// level had after pages of every size, rounded up to the next KiB.
fn zstd_bytes(level: i32, window_bits: Option<u32>, len: usize) -> usize {
    /// For windows of 14 bits, and on by one.
    const STRONG: [usize; 9] = [566, 961, 1_750, 3_329, 5_377, 9_473, 17_665, 34_049, 66_817];
    const UPPER: [usize; 9] = [502, 658, 1_290, 2_554, 4_602, 5_626, 10_746, 20_986, 41_466];
    const MIDDLE: [usize; 8] = [278, 530, 1_034, 2_042, 3_066, 5_626, 10_746, 20_986];
    const THIRD: [usize; 4] = [278, 530, 1_034, 1_274];
    const SECOND: [usize; 4] = [214, 402, 522, 762];
    const FIRST: [usize; 4] = [214, 214, 330, 570];
    // The window of the level, as far as it decides how large the tables are.
    let (table, own_bits): (&[usize], u32) = match level {
        0 | 3 => (&THIRD, 17),
        ..2 => (&FIRST, 17),
        2 => (&SECOND, 17),
        4..=6 => (&MIDDLE, 18),
        7 | 8 => (&MIDDLE, 19),
        9 => (&MIDDLE, 20),
        10 => (&MIDDLE, 21),
        11 => (&UPPER, 21),
        12 => (&UPPER, 22),
        13 => (&STRONG, 22),
        14..=19 => (&STRONG, 23),
        20 => (&STRONG, 25),
        21 => (&STRONG, 26),
        _ => (&STRONG, 27),
    };
    let bits = own_bits
        .min(window_bits.unwrap_or(own_bits))
        .min(bits_of(len))
        .max(LEAST_ZSTD_BITS);
    let place = (bits - LEAST_ZSTD_BITS) as usize;
    match (table.get(place), table.last()) {
        (Some(kib), _) => kib * KIB,
        (None, Some(last)) => (last * KIB) << (place + 1 - table.len()),
        (None, None) => 0,
    }
}

/// What the encoder of BROTLI takes. It has no word of it; these are bounds of what an allocator counted at each
/// level, in windows and for pages of many sizes.
fn brotli_bytes(level: u32, window_bits: Option<u32>, len: usize) -> usize {
    let window = 1 << window_bits.unwrap_or(BROTLI_WINDOW_BITS);
    // What tables of matches and commands go by.
    let within = len.min(window);
    let block = brotli_block(level, window_bits);
    // A page that fits into the first block is not copied into a ring of the full size.
    let ring = if len <= block {
        len
    } else {
        2 * window + block
    };
    // Larger tables for long pages come with a window that is large enough for them.
    let is_long = window_bits.is_none() && len >= BROTLI_LONG_BYTES;
    let (hashes, rest) = match level {
        0 => return 160 * KIB + 2 * within,
        1 => return 1_160 * KIB + 2 * within,
        2 | 3 => (264 * KIB, 160 * KIB + 5 * within),
        4 if is_long => (4_100 * KIB, 1_840 * KIB + 5 * within),
        4 => (516 * KIB, 1_840 * KIB + 5 * within),
        5 if is_long => (2_112 * KIB, 1_640 * KIB + 14 * within),
        5 => (1_056 * KIB, 1_640 * KIB + 14 * within),
        6 if is_long => (4_160 * KIB, 1_640 * KIB + 14 * within),
        6 => (2_112 * KIB, 1_640 * KIB + 14 * within),
        7 => (8_256 * KIB, 1_640 * KIB + 14 * within),
        8 => (16_448 * KIB, 1_640 * KIB + 14 * within),
        9 => (32_832 * KIB, 3_072 * KIB + 14 * within),
        10 => (
            512 * KIB + 8 * window,
            308 * KIB + 48 * len.min(block) + 10 * within,
        ),
        _ => (
            512 * KIB + 8 * window,
            308 * KIB + 82 * len.min(block) + 10 * within,
        ),
    };
    hashes + ring + rest
}

/// Bytes of input that the encoder of BROTLI takes in at a time.
fn brotli_block(level: u32, window_bits: Option<u32>) -> usize {
    match (level, window_bits) {
        (..4, _) => 1 << 14,
        (10.., Some(_)) => 1 << BROTLI_SMALL_BLOCK_BITS,
        (9.., _) => 1 << 18,
        _ => 1 << 16,
    }
}

/// Below these BROTLI takes other tables, which are larger.
fn least_brotli_bits(level: u32) -> u32 {
    match level {
        10.. => 16,
        _ => 17,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basic::GzipLevel;

    fn room(bytes: usize) -> CodecMemory {
        CodecMemory {
            wanted_bytes: bytes,
            limit_bytes: 2 * bytes,
        }
    }

    fn brotli(level: u32) -> Compression {
        Compression::BROTLI(BrotliLevel::try_new(level).unwrap())
    }

    fn zstd(level: i32) -> Compression {
        Compression::ZSTD(ZstdLevel::try_new(level).unwrap())
    }

    #[test]
    fn a_codec_that_fits_is_left_as_it_is() {
        for compression in [brotli(3), zstd(3), Compression::SNAPPY] {
            let strength = Strength::within(compression, room(64 << 20)).unwrap();
            assert_eq!(strength, Strength::full(compression));
        }
    }

    #[test]
    fn a_large_window_is_given_up_before_the_level() {
        let strength = Strength::within(zstd(22), room(8 << 20)).unwrap();
        assert_eq!(strength.compression(), zstd(22));
        assert_eq!(strength.window_bits(), Some(18));
        let strength = Strength::within(brotli(5), room(8 << 20)).unwrap();
        assert_eq!(strength.compression(), brotli(5));
        assert_eq!(strength.window_bits(), Some(18));
    }

    #[test]
    fn a_level_whose_tables_have_no_room_gives_way_to_a_lower_one() {
        let strength = Strength::within(brotli(9), room(6 << 20)).unwrap();
        assert_eq!(strength.compression(), brotli(6));
        assert!(strength.most_bytes() <= 6 << 20);
    }

    #[test]
    fn a_codec_that_takes_more_than_the_limit_at_its_weakest_is_refused() {
        for compression in [
            Compression::GZIP(GzipLevel::default()),
            brotli(9),
            zstd(19),
            Compression::LZ4_RAW,
        ] {
            let error = Strength::within(compression, room(10 << 10)).unwrap_err();
            let ParquetError::CodecExceedsLimit {
                codec,
                needed,
                limit,
            } = &error
            else {
                panic!("{error}");
            };
            assert_eq!((codec, *limit), (&compression.to_string(), 20 << 10));
            assert!(needed > limit, "{error}");
        }
        let refused = Strength::within(Compression::UNCOMPRESSED, room(0));
        assert_eq!(refused.unwrap().most_bytes(), 0);
    }

    #[test]
    fn less_room_never_makes_a_codec_take_more() {
        for compression in (0..=11).map(brotli).chain((1..=22).map(zstd)) {
            let mut most = usize::MAX;
            for bits in (19..28).rev() {
                let Ok(strength) = Strength::within(compression, room(1 << bits)) else {
                    continue;
                };
                assert!(strength.most_bytes() <= most, "{strength:?}");
                most = strength.most_bytes();
            }
        }
    }

    /// ZSTD has an allocator of its own, and says what its contexts hold.
    #[cfg(feature = "zstd")]
    #[test]
    fn zstd_holds_no_more_than_is_said() {
        use crate::compression::create_codec;

        let page = vec![0; 300_000];
        for level in [-100, -1, 0].into_iter().chain(1..=22) {
            let windows = [None, Some(14), Some(15), Some(17), Some(18), Some(19)];
            for window_bits in windows {
                let strength = Strength {
                    compression: zstd(level),
                    window_bits,
                };
                for len in [1, 16_384, 16_385, 131_072, 131_073, 262_144, 300_000] {
                    let mut codec = create_codec(strength).unwrap().unwrap();
                    codec.compress(&page[..len], &mut Vec::new()).unwrap();
                    let (held, said) = (codec.memory_size(), strength.working_bytes(len));
                    assert!(held <= said + 64, "{strength:?}, {len}: {held} of {said}");
                    assert!(
                        said <= 4 * held + 200 * KIB,
                        "{strength:?}, {len}: {held} of {said}"
                    );
                }
            }
        }
    }
}
