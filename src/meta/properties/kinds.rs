//! Options that are a choice between a few names.

use std::str::FromStr;

/// The version of the format that a file is written in.
///
/// SPEC: parquet.thrift, `FileMetaData.version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(non_camel_case_types)]
pub enum WriterVersion {
    /// Data pages of version 1, and `PLAIN` where a dictionary is given up: for every reader.
    PARQUET_1_0,
    /// Data pages of version 2, and delta encodings where a dictionary is given up.
    PARQUET_2_0,
}

impl WriterVersion {
    /// The number in the footer: 1 or 2.
    pub fn as_num(&self) -> i32 {
        match self {
            WriterVersion::PARQUET_1_0 => 1,
            WriterVersion::PARQUET_2_0 => 2,
        }
    }
}

impl FromStr for WriterVersion {
    type Err = String;

    /// Reads `PARQUET_1_0` or `PARQUET_2_0`, all upper or all lower case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "PARQUET_1_0" | "parquet_1_0" => Ok(WriterVersion::PARQUET_1_0),
            "PARQUET_2_0" | "parquet_2_0" => Ok(WriterVersion::PARQUET_2_0),
            _ => Err(format!("Invalid writer version: {text}")),
        }
    }
}

/// Where Bloom filters stand in the file. SPEC: BloomFilter.md, "File Format", allows both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BloomFilterPosition {
    /// Behind the row group that they belong to; none of them waits for the end of the file.
    AfterRowGroup,
    /// All together behind the last row group, in front of the page indexes.
    End,
}

/// What statistics are kept, and with them which parts of the page index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EnabledStatistics {
    /// None: neither column chunks nor pages can be pruned.
    None,
    /// Of each column chunk.
    Chunk,
    /// Of each column chunk, and of each page in the column index.
    #[default]
    Page,
}

impl FromStr for EnabledStatistics {
    type Err = String;

    /// Reads `NONE`, `CHUNK` or `PAGE`, all upper or all lower case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "NONE" | "none" => Ok(EnabledStatistics::None),
            "CHUNK" | "chunk" => Ok(EnabledStatistics::Chunk),
            "PAGE" | "page" => Ok(EnabledStatistics::Page),
            _ => Err(format!("Invalid statistics arg: {text}")),
        }
    }
}
