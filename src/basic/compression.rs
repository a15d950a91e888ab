//! Codecs and their levels: [`Compression`] as a caller chooses it, [`CompressionCodec`] as a file
//! names it. The codecs themselves are elsewhere.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::named::{by_name_in_one_case, impl_named_enum};
use crate::errors::{ParquetError, Result};

/// The codec of a column chunk, without a level: what the file records.
///
/// SPEC: Compression.md; parquet.thrift, `CompressionCodec`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(non_camel_case_types, reason = "the names of the format")]
pub enum CompressionCodec {
    /// Pages are stored as they are.
    UNCOMPRESSED = 0,
    /// Snappy, raw format.
    SNAPPY = 1,
    /// Gzip with its header and trailer.
    GZIP = 2,
    /// LZO. The format does not describe it well enough to be written.
    LZO = 3,
    /// Brotli.
    BROTLI = 4,
    /// LZ4 blocks in the framing of Hadoop. Deprecated in favour of `LZ4_RAW`.
    LZ4 = 5,
    /// Zstandard.
    ZSTD = 6,
    /// LZ4 blocks without framing.
    LZ4_RAW = 7,
}

impl_named_enum!(
    CompressionCodec,
    [UNCOMPRESSED, SNAPPY, GZIP, LZO, BROTLI, LZ4, ZSTD, LZ4_RAW]
);

/// The codec that pages are compressed with, and how hard it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(non_camel_case_types, reason = "the names of the format")]
pub enum Compression {
    /// Pages are stored as they are.
    UNCOMPRESSED,
    /// Snappy: fast, moderate ratio.
    SNAPPY,
    /// Gzip at a level.
    GZIP(GzipLevel),
    /// LZO; choosing it is an error when a writer is built.
    LZO,
    /// Brotli at a level.
    BROTLI(BrotliLevel),
    /// LZ4 in the framing of Hadoop, for old readers.
    LZ4,
    /// Zstandard at a level.
    ZSTD(ZstdLevel),
    /// LZ4 blocks without framing: very fast, moderate ratio.
    LZ4_RAW,
}

impl fmt::Display for Compression {
    /// The name of the codec, and its level where it has one: `SNAPPY`, `ZSTD(ZstdLevel(3))`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl From<Compression> for CompressionCodec {
    fn from(compression: Compression) -> Self {
        use Compression as Chosen;
        match compression {
            Chosen::BROTLI(_) => Self::BROTLI,
            Chosen::GZIP(_) => Self::GZIP,
            Chosen::ZSTD(_) => Self::ZSTD,
            Chosen::LZ4 => Self::LZ4,
            Chosen::LZ4_RAW => Self::LZ4_RAW,
            Chosen::LZO => Self::LZO,
            Chosen::SNAPPY => Self::SNAPPY,
            Chosen::UNCOMPRESSED => Self::UNCOMPRESSED,
        }
    }
}

impl From<CompressionCodec> for Compression {
    /// The codec at its default level: files do not record levels.
    fn from(codec: CompressionCodec) -> Self {
        match codec {
            CompressionCodec::UNCOMPRESSED => Compression::UNCOMPRESSED,
            CompressionCodec::SNAPPY => Compression::SNAPPY,
            CompressionCodec::GZIP => Compression::GZIP(GzipLevel::default()),
            CompressionCodec::LZO => Compression::LZO,
            CompressionCodec::BROTLI => Compression::BROTLI(BrotliLevel::default()),
            CompressionCodec::LZ4 => Compression::LZ4,
            CompressionCodec::ZSTD => Compression::ZSTD(ZstdLevel::default()),
            CompressionCodec::LZ4_RAW => Compression::LZ4_RAW,
        }
    }
}

impl FromStr for Compression {
    type Err = ParquetError;

    /// Reads `snappy`, `LZ4_RAW`, `zstd(3)` and the like: a name, all upper or all lower case, and
    /// for gzip, brotli and zstd a level in parentheses, which may not be left out.
    fn from_str(text: &str) -> Result<Self> {
        let (name, level) = split_level(text);
        let unsupported = || ParquetError::General(format!("unsupported compression {name}"));
        let codec =
            by_name_in_one_case(CompressionCodec::VARIANTS, name).ok_or_else(unsupported)?;
        match codec {
            CompressionCodec::GZIP => {
                GzipLevel::try_new(read_level(name, level)?).map(Compression::GZIP)
            }
            CompressionCodec::BROTLI => {
                BrotliLevel::try_new(read_level(name, level)?).map(Compression::BROTLI)
            }
            CompressionCodec::ZSTD => {
                ZstdLevel::try_new(read_level(name, level)?).map(Compression::ZSTD)
            }
            _ if level.is_some() => Err(ParquetError::General(
                "compression level is not supported".to_string(),
            )),
            plain => Ok(plain.into()),
        }
    }
}

/// `zstd(3)` is `("zstd", Some("3)"))`; the closing parenthesis is for [`read_level`] to judge.
fn split_level(text: &str) -> (&str, Option<&str>) {
    match text.split_once('(') {
        Some((name, level)) => (name, Some(level)),
        None => (text, None),
    }
}

fn read_level<T: FromStr>(name: &str, level: Option<&str>) -> Result<T> {
    let level = level
        .ok_or_else(|| ParquetError::General(format!("{name} requires a compression level")))?;
    level
        .strip_suffix(')')
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| ParquetError::General(format!("invalid compression level: {level}")))
}

/// Refuses a level outside of what the codec knows.
fn checked<T: PartialOrd + fmt::Debug>(level: T, valid: RangeInclusive<T>) -> Result<T> {
    if valid.contains(&level) {
        Ok(level)
    } else {
        Err(ParquetError::General(format!(
            "valid compression range {valid:?} exceeded."
        )))
    }
}

/// A gzip level: 0 (stored) to 9 (smallest); 6 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GzipLevel(u32);

impl GzipLevel {
    /// The level `level`.
    ///
    /// # Errors
    /// If it does not lie in 0..=9.
    pub fn try_new(level: u32) -> Result<Self> {
        checked(level, 0..=9).map(GzipLevel)
    }

    /// The level as a number.
    pub fn compression_level(&self) -> u32 {
        self.0
    }
}

impl Default for GzipLevel {
    fn default() -> Self {
        GzipLevel(6)
    }
}

/// A brotli level: 0 (fastest) to 11 (smallest); 1 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BrotliLevel(u32);

impl BrotliLevel {
    /// The level `level`.
    ///
    /// # Errors
    /// If it does not lie in 0..=11.
    pub fn try_new(level: u32) -> Result<Self> {
        checked(level, 0..=11).map(BrotliLevel)
    }

    /// The level as a number.
    pub fn compression_level(&self) -> u32 {
        self.0
    }
}

impl Default for BrotliLevel {
    fn default() -> Self {
        BrotliLevel(1)
    }
}

/// A Zstandard level: 1 to 22, faster ones below zero down to -131072; 1 unless said otherwise.
///
/// Zero is the library's word for its own default, 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ZstdLevel(i32);

impl ZstdLevel {
    /// The level `level`.
    ///
    /// # Errors
    /// If it does not lie in -131072..=22.
    pub fn try_new(level: i32) -> Result<Self> {
        checked(level, -131_072..=22).map(ZstdLevel)
    }

    /// The level as a number.
    pub fn compression_level(&self) -> i32 {
        self.0
    }
}

impl Default for ZstdLevel {
    fn default() -> Self {
        ZstdLevel(1)
    }
}
