//! BYTE_STREAM_SPLIT: the first bytes of all values, then all second bytes, and so on.
//!
//! SPEC: Encodings.md, "Byte Stream Split".
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: streams are cut to one length before the loop"
)]

use super::buffer::grow;
use super::fixed_width::FixedWidth;
use super::{ValueEncoder, wrong_values};
use crate::basic::Encoding;
use crate::data_type::values::Values;
use crate::errors::Result;

/// Values transposed at a time: those of 16 bytes fit the nearest cache along with their streams.
const BLOCK: usize = 1024;

/// The encoder. Values wait as PLAIN and are transposed when the page ends, because only then is it
/// known where a stream begins.
#[derive(Debug)]
pub(crate) struct ByteStreamSplit {
    values: FixedWidth,
    buffer: Vec<u8>,
}

impl ByteStreamSplit {
    pub(super) fn new(values: FixedWidth) -> Self {
        Self {
            values,
            buffer: Vec::new(),
        }
    }
}

impl ValueEncoder for ByteStreamSplit {
    fn encoding(&self) -> Encoding {
        Encoding::BYTE_STREAM_SPLIT
    }

    fn put(&mut self, values: &Values<'_>) -> Result<()> {
        if self.values.append(values, &mut self.buffer)? {
            Ok(())
        } else {
            Err(wrong_values(
                Encoding::BYTE_STREAM_SPLIT,
                self.values.physical_type(),
            ))
        }
    }

    fn estimated_bytes(&self) -> usize {
        self.buffer.len()
    }

    fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        grow(out, self.buffer.len());
        out.resize(start + self.buffer.len(), 0);
        transpose(&self.buffer, self.values.width(), &mut out[start..]);
        self.buffer.clear();
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.buffer.capacity() + self.values.memory_size()
    }

    fn shrink(&mut self) {
        self.buffer.shrink_to_fit();
    }
}

/// Byte `k` of value `i` goes to place `i` of stream `k`.
fn transpose(values: &[u8], width: usize, out: &mut [u8]) {
    if values.is_empty() {
        return;
    }
    match width {
        0 | 1 => out.copy_from_slice(values),
        2 => blocks(out, values.as_chunks::<2>().0, |value, byte| value[byte]),
        4 => blocks(out, values.as_chunks::<4>().0, |value, byte| {
            (u32::from_le_bytes(*value) >> (8 * byte)).to_le_bytes()[0]
        }),
        8 => blocks(out, values.as_chunks::<8>().0, |value, byte| {
            (u64::from_le_bytes(*value) >> (8 * byte)).to_le_bytes()[0]
        }),
        12 => blocks(out, values.as_chunks::<12>().0, |value, byte| value[byte]),
        16 => blocks(out, values.as_chunks::<16>().0, |value, byte| value[byte]),
        _ => {
            let count = values.len() / width;
            for (block, from) in values.chunks(BLOCK * width).zip((0..).step_by(BLOCK)) {
                for (byte, stream) in out.chunks_exact_mut(count).enumerate() {
                    let bytes = block[byte..].iter().step_by(width);
                    for (place, value) in stream[from..].iter_mut().zip(bytes) {
                        *place = *value;
                    }
                }
            }
        }
    }
}

/// The same for a width that is known when the loop is compiled.
#[inline(always)]
fn blocks<const WIDTH: usize>(
    out: &mut [u8],
    values: &[[u8; WIDTH]],
    byte_of: impl Fn(&[u8; WIDTH], usize) -> u8 + Copy,
) {
    for (block, from) in values.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
        for (byte, stream) in out.chunks_exact_mut(values.len()).enumerate() {
            for (place, value) in stream[from..].iter_mut().zip(block) {
                *place = byte_of(value, byte);
            }
        }
    }
}
