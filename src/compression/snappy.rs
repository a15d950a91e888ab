//! SNAPPY: the raw block format, without the framing of `.sz` files.
//!
//! A Snappy block is its uncompressed length and then elements; encoders start afresh every 64 KiB
//! and refer to nothing older. So the page goes through the encoder in pieces of that size, each
//! right behind the last one. The encoder wants initialised room for its worst case, and zeroing
//! that room 64 KiB at a time happens in the processor's cache instead of over the whole page.

#![expect(
    clippy::indexing_slicing,
    reason = "kernel: every position follows from lengths taken in the same function"
)]

use super::Codec;
use super::room::{append_within, len_u32};
use crate::errors::Result;

/// The span within which a Snappy encoder looks for matches.
const PIECE_BYTES: usize = 1 << 16;

/// Inputs up to this length do with the hash table inside the encoder.
const INLINE_TABLE_MAX_INPUT: usize = 1 << 10;

/// The table the encoder allocates for longer inputs: 2^14 entries of two bytes.
const LARGE_TABLE_BYTES: usize = (1 << 14) * size_of::<u16>();

pub(super) struct Snappy {
    encoder: snap::raw::Encoder,
    large_table_bytes: usize,
}

impl Snappy {
    pub(super) fn new() -> Self {
        Self {
            encoder: snap::raw::Encoder::new(),
            large_table_bytes: 0,
        }
    }

    /// Appends the elements of one piece. The encoder puts the piece's own length in front of
    /// them, which only a whole block has: it goes over the last bytes of `output`, and those are
    /// put back. There are always enough of them, because the length of the whole block stands
    /// there in the same form and no piece is longer than the whole.
    fn append_piece(&mut self, piece: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let (length, length_bytes) = varint(len_u32(piece)?);
        let start = output.len() - length_bytes;
        let mut covered = length;
        covered[..length_bytes].copy_from_slice(&output[start..]);

        output.resize(start + snap::raw::max_compress_len(piece.len()), 0);
        let written = self.encoder.compress(piece, &mut output[start..])?;
        output.truncate(start + written);
        output[start..start + length_bytes].copy_from_slice(&covered[..length_bytes]);

        if piece.len() > INLINE_TABLE_MAX_INPUT {
            self.large_table_bytes = LARGE_TABLE_BYTES;
        }
        Ok(())
    }
}

impl Codec for Snappy {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let (length, length_bytes) = varint(len_u32(input)?);
        // Incompressible pieces grow by a few bytes each; only the piece in work needs the room
        // that the encoder asks for.
        let piece_in_work = input.len().min(PIECE_BYTES);
        let worst_case = input.len() - piece_in_work
            + input.len() / 1024
            + snap::raw::max_compress_len(piece_in_work);
        append_within(output, worst_case, |output| {
            output.extend_from_slice(&length[..length_bytes]);
            for piece in input.chunks(PIECE_BYTES) {
                self.append_piece(piece, output)?;
            }
            Ok(())
        })
    }

    fn memory_size(&self) -> usize {
        size_of::<Self>() + self.large_table_bytes
    }
}

/// `value` in groups of seven bits, lowest first, and how many bytes that takes.
fn varint(value: u32) -> ([u8; 5], usize) {
    let mut bytes = [0; 5];
    let mut rest = value;
    let mut len = 0;
    while rest >= 0x80 {
        bytes[len] = rest.to_le_bytes()[0] | 0x80;
        rest >>= 7;
        len += 1;
    }
    bytes[len] = rest.to_le_bytes()[0];
    (bytes, len + 1)
}
