//! GZIP: one member a page, its header and trailer written here around a raw deflate stream, so
//! that the deflate state survives from page to page on either backend.
//!
//! SPEC: Compression.md, GZIP; RFC 1952.

use flate2::{Compress, FlushCompress, Status};

use super::Codec;
use super::room::append_within;
use crate::basic::GzipLevel;
use crate::errors::{ParquetError, Result};

/// Heap bytes of the deflate state: window, hash chains and pending output. No backend reports
/// them and no level changes them, so they stand here as counted by an allocator.
const STATE_BYTES: usize = if cfg!(feature = "flate2-zlib-rs") {
    380_032
} else {
    319_326
};

/// Magic, method deflate, no flags, no modification time.
const HEADER_START: [u8; 8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0];

/// The operating system is not recorded.
const OS_UNKNOWN: u8 = 255;

/// Header and trailer of a member.
const FRAME_BYTES: usize = 18;

pub(super) struct Gzip {
    level: u32,
    state: Option<Compress>,
}

impl Gzip {
    pub(super) fn new(level: GzipLevel) -> Self {
        Self {
            level: level.compression_level(),
            state: None,
        }
    }

    fn append_member(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        output.extend_from_slice(&HEADER_START);
        output.extend_from_slice(&[effort_flag(self.level), OS_UNKNOWN]);
        self.append_deflated(input, output)?;
        output.extend_from_slice(&crc32fast::hash(input).to_le_bytes());
        output.extend_from_slice(&length_modulo_u32(input).to_le_bytes());
        Ok(())
    }

    fn append_deflated(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let level = flate2::Compression::new(self.level);
        let state = self
            .state
            .get_or_insert_with(|| Compress::new(level, false));
        state.reset();
        let mut rest = input;
        loop {
            let consumed_before = state.total_in();
            let status = state
                .compress_vec(rest, output, FlushCompress::Finish)
                .map_err(|error| ParquetError::External(Box::new(error)))?;
            if status == Status::StreamEnd {
                return Ok(());
            }
            let consumed = usize::try_from(state.total_in() - consumed_before)?;
            rest = rest.get(consumed..).unwrap_or_default();
            // The bound below should never be short; if it is, the stream goes on in more room.
            output.reserve(worst_case(rest.len()));
        }
    }
}

impl Codec for Gzip {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        append_within(output, FRAME_BYTES + worst_case(input.len()), |output| {
            self.append_member(input, output)
        })
    }

    fn memory_size(&self) -> usize {
        size_of::<Self>() + self.state.as_ref().map_or(0, |_| STATE_BYTES)
    }
}

/// A bound on deflate's output: stored blocks cost five bytes each and hold at least 4 KiB, except
/// the last one; fixed codes, which the fastest level may use throughout, cost nine bits a byte.
fn worst_case(input_len: usize) -> usize {
    input_len + input_len / 8 + 64
}

/// RFC 1952 section 2.3.1, XFL: 2 for the most thorough level, 4 for the fastest.
fn effort_flag(level: u32) -> u8 {
    match level {
        0 | 1 => 4,
        9.. => 2,
        _ => 0,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "RFC 1952 section 2.3.1, ISIZE: the length modulo 2^32"
)]
fn length_modulo_u32(input: &[u8]) -> u32 {
    input.len() as u32
}
