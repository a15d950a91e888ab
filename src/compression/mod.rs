//! Page bodies made smaller: one file a codec, all behind [`Codec`].
//!
//! A codec appends to the caller's buffer, behind whatever stands there already, so that a page is
//! compressed straight into the blob that its header will begin. What a codec needs between pages
//! (hash tables, windows) is made at the first page and kept for the next ones; a codec that has
//! compressed nothing holds next to nothing.
//!
//! SPEC: Compression.md.

#[cfg(feature = "brotli")]
mod brotli;
#[cfg(any(feature = "flate2-zlib-rs", feature = "flate2-rust_backend"))]
mod gzip;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(any(
    feature = "brotli",
    feature = "flate2-rust_backend",
    feature = "flate2-zlib-rs",
    feature = "lz4",
    feature = "snap",
    feature = "zstd"
))]
mod room;
#[cfg(feature = "snap")]
mod snappy;
mod strength;
#[cfg(feature = "zstd")]
mod zstd;

use crate::basic::{Compression, CompressionCodec};
use crate::errors::{ParquetError, Result};
pub(crate) use strength::{CodecMemory, Strength};

/// One codec at one level, with the context it reuses from page to page.
///
/// The compressed form depends on the input and the level alone, never on what went through the
/// context before, so a codec may serve the pages of many columns in any order.
pub(crate) trait Codec: Send {
    /// Appends the compressed form of `input` to `output`; what stands in `output` stays as it is.
    ///
    /// Capacity grows to what the worst case of this very input needs, at most, and is kept: callers
    /// recycle one buffer from page to page. After an error `output` holds what it held before.
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()>;

    /// Bytes the codec keeps on the heap between two calls, itself included.
    fn memory_size(&self) -> usize;
}

/// Makes the codec of `strength`; `None` for [`Compression::UNCOMPRESSED`].
///
/// # Errors
/// As [`check_available`].
pub(crate) fn create_codec(strength: Strength) -> Result<Option<Box<dyn Codec>>> {
    match strength.compression() {
        Compression::UNCOMPRESSED => Ok(None),
        #[cfg(feature = "snap")]
        Compression::SNAPPY => Ok(Some(Box::new(snappy::Snappy::new()))),
        #[cfg(any(feature = "flate2-zlib-rs", feature = "flate2-rust_backend"))]
        Compression::GZIP(level) => Ok(Some(Box::new(gzip::Gzip::new(level)))),
        #[cfg(feature = "brotli")]
        Compression::BROTLI(level) => {
            let window = strength.window_bits();
            Ok(Some(Box::new(brotli::Brotli::new(level, window))))
        }
        #[cfg(feature = "lz4")]
        Compression::LZ4 => Ok(Some(Box::new(lz4::Lz4Hadoop::new()))),
        #[cfg(feature = "lz4")]
        Compression::LZ4_RAW => Ok(Some(Box::new(lz4::Lz4Raw::new()))),
        #[cfg(feature = "zstd")]
        Compression::ZSTD(level) => {
            let window = strength.window_bits();
            Ok(Some(Box::new(zstd::Zstd::new(level, window))))
        }
        missing => Err(unavailable(missing)),
    }
}

/// Says whether [`create_codec`] would succeed, without making anything.
///
/// # Errors
/// [`ParquetError::NYI`] for LZO, which has no codec here, and [`ParquetError::General`] for a codec
/// that this build leaves out, naming the cargo feature that brings it in.
pub(crate) fn check_available(compression: Compression) -> Result<()> {
    let built = match compression {
        Compression::UNCOMPRESSED => true,
        Compression::SNAPPY => cfg!(feature = "snap"),
        Compression::GZIP(_) => {
            cfg!(any(
                feature = "flate2-zlib-rs",
                feature = "flate2-rust_backend"
            ))
        }
        Compression::LZO => false,
        Compression::BROTLI(_) => cfg!(feature = "brotli"),
        Compression::LZ4 | Compression::LZ4_RAW => cfg!(feature = "lz4"),
        Compression::ZSTD(_) => cfg!(feature = "zstd"),
    };
    if built {
        Ok(())
    } else {
        Err(unavailable(compression))
    }
}

fn unavailable(compression: Compression) -> ParquetError {
    let feature = match compression {
        Compression::UNCOMPRESSED | Compression::LZO => {
            return ParquetError::NYI(format!("{compression} pages have no codec"));
        }
        Compression::SNAPPY => "`snap`",
        Compression::GZIP(_) => "`flate2-zlib-rs` (or `flate2-rust_backend`)",
        Compression::BROTLI(_) => "`brotli`",
        Compression::LZ4 | Compression::LZ4_RAW => "`lz4`",
        Compression::ZSTD(_) => "`zstd`",
    };
    ParquetError::General(format!(
        "this build of herringbone has no {} codec: enable the cargo feature {feature}",
        CompressionCodec::from(compression)
    ))
}

#[cfg(test)]
mod tests;
