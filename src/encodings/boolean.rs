//! Booleans: PLAIN as packed bits, RLE as hybrid runs of one bit.
//!
//! SPEC: Encodings.md, "Plain" and "Run Length Encoding / Bit-Packing Hybrid".

use super::buffer::{append, grow};
use super::levels::LevelEncoder;
use super::{ValueEncoder, wrong_values};
use crate::basic::{Encoding, Type};
use crate::data_type::bits::BitSlice;
use crate::data_type::levels::Levels;
use crate::data_type::values::Values;
use crate::errors::Result;

/// PLAIN: one bit a value, the first in the lowest place.
#[derive(Debug, Default)]
pub(crate) struct PlainBooleans {
    buffer: Vec<u8>,
    /// The bits behind the last whole byte, the first in the lowest place, zeros above.
    open: u8,
    open_bits: usize,
}

impl PlainBooleans {
    fn append(&mut self, mut bits: BitSlice<'_>) {
        grow(&mut self.buffer, bits.len() / 8 + 1);
        if self.open_bits == 0 && bits.offset().is_multiple_of(8) {
            let whole = bits.take_front(bits.len() / 8 * 8);
            let from = whole.offset() / 8;
            let bytes = whole.bytes().get(from..from + whole.len() / 8);
            append(&mut self.buffer, bytes.unwrap_or_default());
        }
        while bits.len() > 0 {
            let next = bits.take_front(56);
            self.append_word(next.word(0), next.len());
        }
    }

    /// Appends the lowest `len` bits, at most 56, of a word that has no others.
    fn append_word(&mut self, word: u64, len: usize) {
        let joined = (u64::from(self.open) | word << self.open_bits).to_le_bytes();
        let bits = self.open_bits + len;
        append(&mut self.buffer, joined.get(..bits / 8).unwrap_or_default());
        self.open = joined.get(bits / 8).copied().unwrap_or(0);
        self.open_bits = bits % 8;
    }
}

impl ValueEncoder for PlainBooleans {
    fn encoding(&self) -> Encoding {
        Encoding::PLAIN
    }

    fn put(&mut self, values: &Values<'_>) -> Result<()> {
        let Values::Boolean(bits) = *values else {
            return Err(wrong_values(Encoding::PLAIN, Type::BOOLEAN));
        };
        self.append(bits);
        Ok(())
    }

    fn estimated_bytes(&self) -> usize {
        self.buffer.len() + usize::from(self.open_bits > 0)
    }

    fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        append(out, &self.buffer);
        if self.open_bits > 0 {
            append(out, &[self.open]);
        }
        self.buffer.clear();
        (self.open, self.open_bits) = (0, 0);
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.buffer.capacity()
    }

    fn shrink(&mut self) {
        self.buffer.shrink_to_fit();
    }
}

/// Bytes of the length in front of the runs.
const LENGTH_BYTES: usize = 4;

/// RLE: the hybrid runs that levels are made of, behind their length in four bytes.
#[derive(Debug)]
pub(crate) struct RleBooleans {
    runs: LevelEncoder,
}

impl RleBooleans {
    pub(super) fn new() -> Self {
        Self {
            runs: LevelEncoder::new(1),
        }
    }
}

impl ValueEncoder for RleBooleans {
    fn encoding(&self) -> Encoding {
        Encoding::RLE
    }

    fn put(&mut self, values: &Values<'_>) -> Result<()> {
        let Values::Boolean(bits) = *values else {
            return Err(wrong_values(Encoding::RLE, Type::BOOLEAN));
        };
        let (set, clear) = (1, 0);
        self.runs.put(&Levels::Bits { bits, set, clear });
        Ok(())
    }

    fn estimated_bytes(&self) -> usize {
        match self.runs.len_estimate() {
            0 => 0,
            runs => LENGTH_BYTES + runs,
        }
    }

    fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        append(out, &[0; LENGTH_BYTES]);
        self.runs.flush_into(out);
        let len = u32::try_from(out.len() - start - LENGTH_BYTES)?;
        if let Some(length) = out.get_mut(start..start + LENGTH_BYTES) {
            length.copy_from_slice(&len.to_le_bytes());
        }
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.runs.memory_size()
    }

    fn shrink(&mut self) {
        self.runs.shrink();
    }
}
