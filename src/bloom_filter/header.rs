//! What stands in front of a filter's bits.
//!
//! SPEC: BloomFilter.md, "File Format"; parquet.thrift, `BloomFilterHeader`.

use super::block::BLOCK_BYTES;
use crate::basic::{BloomFilterAlgorithm, BloomFilterCompression, BloomFilterHash};
use crate::errors::{ParquetError, Result};
use crate::wire::compact::write_struct;

/// The size of a filter and how it was made; of the latter there is one way so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BloomFilterHeader {
    /// Bytes of the bits that follow.
    pub num_bytes: i32,
    /// How values set bits.
    pub algorithm: BloomFilterAlgorithm,
    /// The hash of the values.
    pub hash: BloomFilterHash,
    /// How the bits are compressed.
    pub compression: BloomFilterCompression,
}

impl BloomFilterHeader {
    /// The header of a filter of `num_bytes` bytes.
    pub(super) fn new(num_bytes: i32) -> Self {
        Self {
            num_bytes,
            algorithm: BloomFilterAlgorithm::BLOCK,
            hash: BloomFilterHash::XXHASH,
            compression: BloomFilterCompression::UNCOMPRESSED,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(24);
        write_struct(&mut bytes, |header| {
            header.i32(1, self.num_bytes);
            header.structure(2, |union| {
                union.empty_structure(self.algorithm.wire_field_id());
            });
            header.structure(3, |union| union.empty_structure(self.hash.wire_field_id()));
            header.structure(4, |union| {
                union.empty_structure(self.compression.wire_field_id());
            });
        });
        bytes
    }

    /// Reads a header at the beginning of `bytes`; returns it and the bytes behind it.
    ///
    /// # Errors
    /// If there is no whole header, or it is one of a filter of a kind that is not known here.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, &[u8])> {
        let mut input = Input { rest: bytes };
        let mut num_bytes = None;
        let mut kinds = [false; 3];
        let mut last_id = 0;
        while let Some((id, kind)) = input.field(&mut last_id)? {
            match (id, kind) {
                (1, INTEGER) => num_bytes = Some(input.i32()?),
                (2..=4, STRUCT) => {
                    input.only_union_member()?;
                    if let Some(seen) = kinds.get_mut(usize::from(id - 2)) {
                        *seen = true;
                    }
                }
                _ => return Err(unreadable("a field is not of this format")),
            }
        }
        match num_bytes {
            Some(num_bytes) if kinds == [true; 3] => Ok((Self::new(num_bytes), input.rest)),
            _ => Err(unreadable("a field is missing")),
        }
    }

    /// How many blocks the header announces.
    ///
    /// # Errors
    /// If that is not a whole number above 0.
    pub(crate) fn num_blocks(&self) -> Result<usize> {
        match usize::try_from(self.num_bytes) {
            Ok(len) if len > 0 && len.is_multiple_of(BLOCK_BYTES) => Ok(len / BLOCK_BYTES),
            _ => Err(unreadable("its size is not that of whole blocks")),
        }
    }
}

/// Type codes of the compact protocol.
const STOP: u8 = 0;
const INTEGER: u8 = 5;
const STRUCT: u8 = 12;

/// Just enough of the thrift compact protocol to read one header.
struct Input<'a> {
    rest: &'a [u8],
}

impl Input<'_> {
    fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self
            .rest
            .split_first()
            .ok_or_else(|| unreadable("it ends early"))?;
        self.rest = rest;
        Ok(*first)
    }

    /// The number and the type of the next field; `None` at the end of the struct. Headers number
    /// their fields in ascending order from 1, so the long form of a number never occurs.
    fn field(&mut self, last_id: &mut u8) -> Result<Option<(u8, u8)>> {
        let byte = self.byte()?;
        if byte == STOP {
            return Ok(None);
        }
        *last_id = last_id.saturating_add(byte >> 4);
        Ok(Some((*last_id, byte & 0x0f)))
    }

    fn i32(&mut self) -> Result<i32> {
        let mut zigzag = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            zigzag |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let zigzag = u32::try_from(zigzag).map_err(|_| unreadable("its size is no i32"))?;
                let magnitude = (zigzag >> 1).cast_signed();
                return Ok(magnitude ^ -(zigzag & 1).cast_signed());
            }
        }
        Err(unreadable("its size is no i32"))
    }

    /// A union whose one member is an empty struct with the number 1.
    fn only_union_member(&mut self) -> Result<()> {
        let mut last_id = 0;
        let member = self.field(&mut last_id)?;
        let ends = [self.byte()?, self.byte()?];
        if member == Some((1, STRUCT)) && ends == [STOP, STOP] {
            Ok(())
        } else {
            Err(unreadable("the filter is of an unknown kind"))
        }
    }
}

fn unreadable(why: &str) -> ParquetError {
    ParquetError::General(format!("Could not read Bloom filter header: {why}"))
}
