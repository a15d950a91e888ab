//! The values that settings have as text, or as numbers of which not every one will do.

use std::fmt::{self, Display};

use datafusion::error::{DataFusionError, Result};
use herringbone::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use herringbone::file::properties::EnabledStatistics;

/// The name of a setting, which its errors begin with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    name: &'a str,
    /// The column as the caller named it, unless the setting is one of all columns.
    column: Option<&'a str>,
}

impl<'a> Setting<'a> {
    /// A setting of the file, or of all of its columns.
    pub(super) fn of_all(name: &'a str) -> Self {
        Self { name, column: None }
    }

    /// A setting of one column.
    pub(super) fn of_column(name: &'a str, column: &'a str) -> Self {
        Self {
            name,
            column: Some(column),
        }
    }

    /// The number, if it is above zero.
    pub(super) fn positive(self, number: usize) -> Result<usize> {
        if number == 0 {
            return Err(self.refuse(number, "it must be above 0"));
        }
        Ok(number)
    }

    /// The number, if there is none or it is above zero.
    pub(super) fn positive_if_any(self, number: Option<usize>) -> Result<Option<usize>> {
        number.map(|number| self.positive(number)).transpose()
    }

    /// The number, if a Bloom filter can be made for it.
    pub(super) fn probability(self, number: f64) -> Result<f64> {
        if number > 0.0 && number < 1.0 {
            return Ok(number);
        }
        Err(self.refuse(number, "it must lie between 0 and 1, both excluded"))
    }

    /// The kind of statistics that `text` names.
    pub(super) fn statistics(self, text: &str) -> Result<EnabledStatistics> {
        match text.to_lowercase().as_str() {
            "none" => Ok(EnabledStatistics::None),
            "chunk" => Ok(EnabledStatistics::Chunk),
            "page" => Ok(EnabledStatistics::Page),
            _ => Err(self.refuse(text, "it can be none, chunk or page")),
        }
    }

    /// The encoding that `text` names.
    pub(super) fn encoding(self, text: &str) -> Result<Encoding> {
        match text.to_lowercase().as_str() {
            "plain" => Ok(Encoding::PLAIN),
            "rle" => Ok(Encoding::RLE),
            "delta_binary_packed" => Ok(Encoding::DELTA_BINARY_PACKED),
            "delta_length_byte_array" => Ok(Encoding::DELTA_LENGTH_BYTE_ARRAY),
            "delta_byte_array" => Ok(Encoding::DELTA_BYTE_ARRAY),
            "byte_stream_split" => Ok(Encoding::BYTE_STREAM_SPLIT),
            "plain_dictionary" | "rle_dictionary" => Err(self.refuse(
                text,
                "this is for values that no dictionary has; dictionaries are a matter of dictionary_enabled",
            )),
            "bit_packed" => Err(self.refuse(text, "values cannot be encoded so, only levels could")),
            _ => Err(self.refuse(
                text,
                "it can be plain, rle, delta_binary_packed, delta_length_byte_array, delta_byte_array or \
                 byte_stream_split",
            )),
        }
    }

    /// The codec that `text` names, with its level in parentheses if it has levels.
    pub(super) fn codec(self, text: &str) -> Result<Compression> {
        // Some statements pass the quotes on.
        let bare = text.replace('\'', "").to_lowercase();
        let (codec, level) = match bare.split_once('(') {
            Some((codec, rest)) => (codec, Some(self.level(text, rest)?)),
            None => (bare.as_str(), None),
        };
        let of_its_own = match codec {
            "uncompressed" => Some(Compression::UNCOMPRESSED),
            "snappy" => Some(Compression::SNAPPY),
            "lz4" => Some(Compression::LZ4),
            "lz4_raw" => Some(Compression::LZ4_RAW),
            "gzip" | "brotli" | "zstd" => None,
            _ => {
                return Err(self.refuse(
                    text,
                    "it can be uncompressed, snappy, gzip(level), brotli(level), lz4, zstd(level) or lz4_raw",
                ));
            }
        };
        match (of_its_own, level) {
            (Some(codec), None) => Ok(codec),
            (Some(_), Some(_)) => Err(self.refuse(text, "this codec has no levels")),
            (None, Some(level)) => self.codec_at(text, codec, level),
            (None, None) => {
                Err(self.refuse(text, format_args!("a level is missing, as in {codec}(3)")))
            }
        }
    }

    /// The level that `rest`, what follows the opening parenthesis, begins with.
    fn level(self, text: &str, rest: &str) -> Result<u32> {
        rest.strip_suffix(')')
            .and_then(|level| level.parse().ok())
            .ok_or_else(|| self.refuse(text, "a level is a number, as in zstd(3)"))
    }

    /// One of the codecs that have levels.
    fn codec_at(self, text: &str, codec: &str, level: u32) -> Result<Compression> {
        let (compression, levels) = match codec {
            "gzip" => (GzipLevel::try_new(level).map(Compression::GZIP), "0 to 9"),
            "brotli" => (
                BrotliLevel::try_new(level).map(Compression::BROTLI),
                "0 to 11",
            ),
            // Levels too large for the type are too large for the codec.
            _ => (
                ZstdLevel::try_new(i32::try_from(level).unwrap_or(i32::MAX)).map(Compression::ZSTD),
                "0 to 22",
            ),
        };
        compression.map_err(|_| self.refuse(text, format_args!("the levels are {levels}")))
    }

    /// The error for `value`.
    fn refuse(self, value: impl Display, reason: impl Display) -> DataFusionError {
        DataFusionError::Configuration(format!("The Parquet setting {self} is '{value}': {reason}"))
    }
}

impl Display for Setting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "{}::{column}", self.name),
            None => f.write_str(self.name),
        }
    }
}
