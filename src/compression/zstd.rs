//! ZSTD: one frame a page, its content size recorded, no checksum.
//!
//! SPEC: Compression.md, ZSTD; RFC 8878.

use std::io::{self, Cursor};

use zstd::zstd_safe::{CCtx, CParameter, compress_bound, get_error_name};

use super::Codec;
use super::room::append_within;
use crate::basic::ZstdLevel;
use crate::errors::{ParquetError, Result};

pub(super) struct Zstd {
    level: i32,
    /// Where it is not the level's own.
    window_bits: Option<u32>,
    context: Option<CCtx<'static>>,
}

impl Zstd {
    pub(super) fn new(level: ZstdLevel, window_bits: Option<u32>) -> Self {
        Self {
            level: level.compression_level(),
            window_bits,
            context: None,
        }
    }

    fn context(&mut self) -> Result<&mut CCtx<'static>> {
        match &mut self.context {
            Some(context) => Ok(context),
            empty => {
                let mut context = CCtx::try_create().ok_or_else(|| {
                    ParquetError::from(io::Error::from(io::ErrorKind::OutOfMemory))
                })?;
                context
                    .set_parameter(CParameter::CompressionLevel(self.level))
                    .map_err(zstd_error)?;
                if let Some(bits) = self.window_bits {
                    context
                        .set_parameter(CParameter::WindowLog(bits))
                        .map_err(zstd_error)?;
                }
                Ok(empty.insert(context))
            }
        }
    }
}

impl Codec for Zstd {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let context = self.context()?;
        append_within(output, compress_bound(input.len()), |output| {
            let start = output.len() as u64;
            let mut place = Cursor::new(output);
            place.set_position(start);
            context.compress2(&mut place, input).map_err(zstd_error)?;
            Ok(())
        })
    }

    fn memory_size(&self) -> usize {
        size_of::<Self>() + self.context.as_ref().map_or(0, CCtx::sizeof)
    }
}

fn zstd_error(code: usize) -> ParquetError {
    ParquetError::External(Box::new(io::Error::other(format!(
        "zstd: {}",
        get_error_name(code)
    ))))
}
