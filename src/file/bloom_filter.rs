//! The Bloom filter of a column chunk that stands in a file.

use crate::bloom_filter::{BLOCK_BYTES, BloomFilterHeader, Sbbf};
use crate::errors::{ParquetError, Result};
use crate::file::reader::ChunkReader;
use crate::meta::metadata::ColumnChunkMetaData;

/// More bytes than a header has.
const HEADER_CAPACITY: u64 = 64;

impl Sbbf {
    /// Reads the filter of a chunk from the file that `reader` reads; `None` if the chunk has none.
    ///
    /// # Errors
    /// If the file cannot be read or ends before the filter does, the metadata do not say where it can be, or there is
    /// no filter of a kind that is known here.
    pub fn read_from_column_chunk<R: ChunkReader>(
        column_metadata: &ColumnChunkMetaData,
        reader: &R,
    ) -> Result<Option<Self>> {
        let Some(offset) = column_metadata.bloom_filter_offset() else {
            return Ok(None);
        };
        let location = FilterLocation::new(column_metadata, offset, reader.len())?;
        let begin = reader.get_bytes(location.offset, location.header_bytes()?)?;
        let (header, rest) = BloomFilterHeader::read(&begin)?;
        let header_bytes = (begin.len() - rest.len()) as u64;
        let bits = header.num_blocks()? * BLOCK_BYTES;
        location.check(header_bytes + bits as u64)?;
        let bits = reader.get_bytes(location.offset + header_bytes, bits)?;
        Ok(Some(Self::new(&bits)))
    }
}

/// Where the metadata say that the filter is.
struct FilterLocation {
    column: String,
    offset: u64,
    /// Bytes of header and bits, if the metadata say so: older files do not.
    length: Option<u64>,
    /// Bytes from the offset to the end of the file.
    behind: u64,
}

impl FilterLocation {
    fn new(chunk: &ColumnChunkMetaData, offset: i64, file_bytes: u64) -> Result<Self> {
        let column = chunk.column_path().string();
        let length = chunk.bloom_filter_length().map(u64::try_from).transpose();
        let (Ok(offset), Ok(length)) = (u64::try_from(offset), length) else {
            return Err(ParquetError::General(format!(
                "The Bloom filter of column {column} has a negative offset or length"
            )));
        };
        let Some(behind) = file_bytes.checked_sub(offset) else {
            return Err(ParquetError::EOF(format!(
                "The Bloom filter of column {column} is said to begin at byte {offset} of {file_bytes}"
            )));
        };
        Ok(Self {
            column,
            offset,
            length,
            behind,
        })
    }

    fn header_bytes(&self) -> Result<usize> {
        let within = self.length.unwrap_or(u64::MAX).min(self.behind);
        Ok(usize::try_from(within.min(HEADER_CAPACITY))?)
    }

    /// Whether a filter of `bytes`, header included, can be here. Asked before as much memory is taken.
    fn check(&self, bytes: u64) -> Result<()> {
        let Self { column, behind, .. } = self;
        match self.length {
            _ if bytes > *behind => Err(ParquetError::EOF(format!(
                "The Bloom filter of column {column} has {bytes} bytes, and the file ends after {behind}"
            ))),
            Some(length) if length != bytes => Err(ParquetError::General(format!(
                "The Bloom filter of column {column} has {bytes} bytes, its chunk's metadata say {length}"
            ))),
            _ => Ok(()),
        }
    }
}
