//! Definition or repetition levels of one open page, encoded as they come and never materialised.
//!
//! SPEC: Encodings.md, "Run Length Encoding / Bit-Packing Hybrid"; Data Pages in README.md.

use super::bit_pack::bit_width;
use super::rle::Hybrid;
use crate::data_type::levels::{LevelRun, Levels};

/// Encoder of one kind of level. Levels must lie between 0 and the column's greatest. A page of one
/// level throughout holds no memory, and any page the same bytes however it was cut into calls.
#[derive(Debug)]
pub(crate) struct LevelEncoder {
    max_level: i16,
    hybrid: Hybrid,
    bytes: Vec<u8>,
    slots: usize,
}

impl LevelEncoder {
    /// An encoder for levels up to `max_level`; with 0 it never writes a byte.
    pub(crate) fn new(max_level: i16) -> Self {
        let max_level = max_level.max(0);
        let width = bit_width(u64::from(max_level.cast_unsigned()));
        Self {
            max_level,
            hybrid: Hybrid::new(width),
            bytes: Vec::new(),
            slots: 0,
        }
    }

    /// Takes the levels of the next slots.
    pub(crate) fn put(&mut self, levels: &Levels<'_>) {
        self.slots += levels.len();
        if self.max_level == 0 {
            return;
        }
        let (hybrid, bytes) = (&mut self.hybrid, &mut self.bytes);
        match *levels {
            Levels::Uniform(LevelRun { level, len }) => hybrid.put_run(wide(level), len, bytes),
            Levels::Bits { bits, set, clear } => {
                hybrid.put_bits(bits, wide(set), wide(clear), bytes)
            }
            Levels::Runs { runs, skip, len } => Levels::for_each_run(runs, skip, len, |run| {
                hybrid.put_run(wide(run.level), run.len, bytes);
            }),
            Levels::Slice(levels) => hybrid.put_slice(levels, bytes),
        }
    }

    /// Appends the page's levels, without a length, and starts the next page.
    pub(crate) fn flush_into(&mut self, out: &mut Vec<u8>) {
        self.slots = 0;
        if self.max_level == 0 {
            return;
        }
        if self.bytes.is_empty() {
            // Nothing but one run, or too few slots to have been written: no need to go through memory.
            self.hybrid.finish(out);
        } else {
            self.hybrid.finish(&mut self.bytes);
            super::buffer::append(out, &self.bytes);
            self.bytes.clear();
        }
    }

    /// Bytes that [`LevelEncoder::flush_into`] would append, or a few more.
    pub(crate) fn len_estimate(&self) -> usize {
        if self.max_level == 0 {
            0
        } else {
            self.bytes.len() + self.hybrid.pending_bytes()
        }
    }

    /// Bytes held on the heap, by capacity.
    pub(crate) fn memory_size(&self) -> usize {
        self.bytes.capacity()
    }

    /// Gives back what the open page does not need.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }
}

fn wide(level: i16) -> u32 {
    u32::from(level.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::super::rle::tests::decode;
    use super::*;
    use crate::data_type::bits::BitSlice;
    use proptest::prelude::*;

    fn encode(max_level: i16, puts: &[Levels<'_>]) -> Vec<u8> {
        let mut encoder = LevelEncoder::new(max_level);
        for levels in puts {
            encoder.put(levels);
        }
        assert_eq!(encoder.slots, puts.iter().map(Levels::len).sum::<usize>());
        let mut out = Vec::new();
        let estimate = encoder.len_estimate();
        encoder.flush_into(&mut out);
        assert!(out.len() <= estimate);
        assert_eq!(encoder.slots, 0);
        out
    }

    #[test]
    fn a_column_without_levels_writes_nothing() {
        let none = encode(0, &[Levels::uniform(0, 5000), Levels::Slice(&[0; 77])]);
        assert!(none.is_empty());
    }

    #[test]
    fn a_page_of_one_level_is_one_run_and_holds_no_memory() {
        let mut encoder = LevelEncoder::new(3);
        for _ in 0..20 {
            encoder.put(&Levels::uniform(3, 1024));
        }
        assert_eq!(encoder.memory_size(), 0);
        let mut out = Vec::new();
        encoder.flush_into(&mut out);
        assert_eq!(out, [0x80, 0xc0, 0x02, 3]);
    }

    #[test]
    fn a_page_begins_anew_after_a_flush() {
        let mut encoder = LevelEncoder::new(1);
        let page = [0x0f, 0x35, 0xff, 0x12];
        let mut pages = Vec::new();
        for _ in 0..2 {
            let mut out = Vec::new();
            encoder.put(&Levels::Bits {
                bits: BitSlice::new(&page, 0, 27),
                set: 1,
                clear: 0,
            });
            encoder.flush_into(&mut out);
            pages.push(out);
        }
        assert_eq!(pages[0], pages[1]);
        let expected: Vec<u32> = (0..27)
            .map(|bit| u32::from(page[bit / 8] >> (bit % 8) & 1))
            .collect();
        assert_eq!(decode(&pages[0], 1, 27), expected);
    }

    proptest! {
        #[test]
        fn every_form_and_cut_gives_the_same_bytes(
            runs in prop::collection::vec((0i16..5, 0usize..70), 0..50),
            parts in prop::collection::vec(1usize..300, 0..30),
            max_level in prop_oneof![Just(4i16), Just(40), Just(1000)],
        ) {
            let runs: Vec<_> = runs.into_iter().map(|(level, len)| LevelRun { level, len }).collect();
            let plain: Vec<i16> = runs.iter().flat_map(|run| std::iter::repeat_n(run.level, run.len)).collect();
            let whole = encode(max_level, &[Levels::Slice(&plain)]);
            let width = bit_width(max_level as u64);
            let expected: Vec<u32> = plain.iter().map(|level| *level as u32).collect();
            prop_assert_eq!(decode(&whole, width, plain.len()), expected);
            for levels in [Levels::Slice(&plain), Levels::runs(&runs)] {
                let mut rest = levels;
                let mut puts: Vec<_> = parts.iter().map(|part| rest.take_front(*part)).collect();
                puts.push(rest);
                prop_assert_eq!(&encode(max_level, &puts), &whole);
            }
        }
    }
}
