//! BROTLI with the window of 4 MiB that Parquet writers use.
//!
//! The encoder cannot be wound back, so each page gets a new one; between pages nothing is held. What it takes while
//! a page is compressed, [`Strength`](super::Strength) knows: nearly 50 MiB from level 9 on.
//!
//! SPEC: Compression.md, BROTLI; RFC 7932.

use std::io;

use brotli::enc::StandardAlloc;
use brotli::enc::encode::{
    BrotliEncoderDestroyInstance, BrotliEncoderOperation, BrotliEncoderParameter,
    BrotliEncoderStateStruct,
};

use super::Codec;
use super::room::append_within;
use super::strength::{BROTLI_LONG_BYTES, BROTLI_SMALL_BLOCK_BITS, BROTLI_WINDOW_BITS};
use crate::basic::BrotliLevel;
use crate::errors::{ParquetError, Result};

pub(super) struct Brotli {
    level: u32,
    /// Where it is not the usual one.
    window_bits: Option<u32>,
}

impl Brotli {
    pub(super) fn new(level: BrotliLevel, window_bits: Option<u32>) -> Self {
        Self {
            level: level.compression_level(),
            window_bits,
        }
    }

    fn encoder(&self, len: usize) -> BrotliEncoderStateStruct<StandardAlloc> {
        use BrotliEncoderParameter::{
            BROTLI_PARAM_LGBLOCK, BROTLI_PARAM_LGWIN, BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT,
        };
        let mut encoder = BrotliEncoderStateStruct::new(StandardAlloc::default());
        encoder.set_parameter(BROTLI_PARAM_QUALITY, self.level);
        let bits = self.window_bits.unwrap_or(BROTLI_WINDOW_BITS);
        encoder.set_parameter(BROTLI_PARAM_LGWIN, bits);
        if self.window_bits.is_some() {
            // With a hint of more there are larger tables than the window is worth.
            let hint = len.min(BROTLI_LONG_BYTES - 1);
            encoder.set_parameter(BROTLI_PARAM_SIZE_HINT, u32::try_from(hint).unwrap_or(0));
            if self.level >= 10 {
                encoder.set_parameter(BROTLI_PARAM_LGBLOCK, BROTLI_SMALL_BLOCK_BITS);
            }
        }
        encoder
    }
}

impl Codec for Brotli {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        append_within(output, worst_case(input.len()), |output| {
            let mut encoder = self.encoder(input.len());
            let appended = append_stream(&mut encoder, input, output);
            BrotliEncoderDestroyInstance(&mut encoder);
            appended
        })
    }

    fn memory_size(&self) -> usize {
        size_of::<Self>()
    }
}

/// What does not compress is stored, with a few bytes for each block of 16 KiB or more.
fn worst_case(input_len: usize) -> usize {
    input_len + input_len / 1024 + 64
}

/// Feeds all of `input` as the whole stream. The encoder is lent no room of its own choosing, so
/// it keeps what it makes and hands it over in place, one meta-block at a time.
fn append_stream(
    encoder: &mut BrotliEncoderStateStruct<StandardAlloc>,
    input: &[u8],
    output: &mut Vec<u8>,
) -> Result<()> {
    let mut remaining = input.len();
    let mut position = 0;
    while !encoder.is_finished() {
        let advanced = encoder.compress_stream(
            BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
            &mut remaining,
            input,
            &mut position,
            &mut 0,
            &mut [],
            &mut 0,
            &mut None,
            &mut |_, _, _, _| (),
        );
        if !advanced {
            return Err(ParquetError::from(io::Error::other(
                "brotli: the encoder failed",
            )));
        }
        while encoder.has_more_output() {
            let mut len = 0;
            let made = encoder.take_output(&mut len);
            output.extend(made.get(..len).ok_or_else(|| {
                ParquetError::from(io::Error::other("brotli: the encoder lost output"))
            })?);
        }
    }
    Ok(())
}
