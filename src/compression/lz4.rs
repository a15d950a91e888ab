//! LZ4_RAW, the bare LZ4 block, and LZ4, the same block in the frame of Hadoop's codec.
//!
//! SPEC: Compression.md, LZ4 and LZ4_RAW.

use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};

use super::Codec;
use super::room::{append_within, len_u32};
use crate::errors::{ParquetError, Result};

/// Inputs shorter than this use the table with 16-bit entries.
const SMALL_TABLE_MAX_INPUT: usize = u16::MAX as usize;

/// 4,096 entries of two bytes.
const SMALL_TABLE_BYTES: usize = 4096 * size_of::<u16>();

/// 4,096 entries of four bytes.
const LARGE_TABLE_BYTES: usize = 4096 * size_of::<u32>();

/// Bytes in front of a block in Hadoop's frame: two lengths.
const HADOOP_HEADER_BYTES: usize = 8;

/// Both tables, each made when an input first needs it. The input's length alone chooses: the two
/// find different matches, and a page's bytes must not depend on the pages before it.
#[derive(Default)]
struct Tables {
    small: Option<CompressTable>,
    large: Option<CompressTable>,
}

impl Tables {
    /// Appends the LZ4 block of `input` to `output`.
    fn append_block(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let table = if input.len() < SMALL_TABLE_MAX_INPUT {
            self.small.get_or_insert_with(CompressTable::small)
        } else {
            self.large.get_or_insert_with(CompressTable::large)
        };
        let start = output.len();
        output.resize(start + get_maximum_output_size(input.len()), 0);
        let room = output.get_mut(start..).unwrap_or_default();
        let written = compress_into_with_table(input, room, table)
            .map_err(|error| ParquetError::External(Box::new(error)))?;
        output.truncate(start + written);
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.small.as_ref().map_or(0, |_| SMALL_TABLE_BYTES)
            + self.large.as_ref().map_or(0, |_| LARGE_TABLE_BYTES)
    }
}

/// The bare block.
pub(super) struct Lz4Raw {
    tables: Tables,
}

impl Lz4Raw {
    pub(super) fn new() -> Self {
        Self {
            tables: Tables::default(),
        }
    }
}

impl Codec for Lz4Raw {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        len_u32(input)?;
        append_within(output, get_maximum_output_size(input.len()), |output| {
            self.tables.append_block(input, output)
        })
    }

    fn memory_size(&self) -> usize {
        size_of::<Self>() + self.tables.memory_size()
    }
}

/// The block behind its uncompressed and its compressed length, both 32 bits, big-endian.
pub(super) struct Lz4Hadoop {
    tables: Tables,
}

impl Lz4Hadoop {
    pub(super) fn new() -> Self {
        Self {
            tables: Tables::default(),
        }
    }

    fn append_frame(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let uncompressed = len_u32(input)?;
        let start = output.len();
        let body = start + HADOOP_HEADER_BYTES;
        output.resize(body, 0);
        self.tables.append_block(input, output)?;
        let compressed = len_u32(output.get(body..).unwrap_or_default())?;

        let lengths = uncompressed
            .to_be_bytes()
            .into_iter()
            .chain(compressed.to_be_bytes());
        for (place, byte) in output.iter_mut().skip(start).zip(lengths) {
            *place = byte;
        }
        Ok(())
    }
}

impl Codec for Lz4Hadoop {
    fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<()> {
        let worst_case = HADOOP_HEADER_BYTES + get_maximum_output_size(input.len());
        append_within(output, worst_case, |output| {
            self.append_frame(input, output)
        })
    }

    fn memory_size(&self) -> usize {
        size_of::<Self>() + self.tables.memory_size()
    }
}
