//! BROTLI with the window of 4 MiB that Parquet writers use.
//!
//! The encoder cannot be wound back, so each page gets a new one; between pages nothing is held.
//! While a page is compressed the encoder takes 2 MiB at level 0, some 13 MiB at level 5 and
//! nearly 50 MiB from level 9 on.
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
use crate::basic::BrotliLevel;
use crate::errors::{ParquetError, Result};

/// Base-two logarithm of the window, in bytes.
const WINDOW_BITS: u32 = 22;

pub(super) struct Brotli {
    level: u32,
}

impl Brotli {
    pub(super) fn new(level: BrotliLevel) -> Self {
        Self {
            level: level.compression_level(),
        }
    }
}

impl Codec for Brotli {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        // The encoder keeps its own output until it is taken, so no room is needed beforehand.
        append_within(output, 0, |output| {
            let mut encoder = BrotliEncoderStateStruct::new(StandardAlloc::default());
            encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, self.level);
            encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, WINDOW_BITS);
            let appended = append_stream(&mut encoder, input, output);
            BrotliEncoderDestroyInstance(&mut encoder);
            appended
        })
    }

    fn memory_size(&self) -> usize {
        size_of::<Self>()
    }
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
