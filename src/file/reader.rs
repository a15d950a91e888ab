//! What a writer reads from: sources of whole column chunks.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use bytes::{Buf, Bytes};

use crate::errors::{ParquetError, Result};

/// A length in bytes.
pub trait Length {
    /// Number of bytes.
    fn len(&self) -> u64;

    /// True if there is no byte.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A source that can be read from any position.
pub trait ChunkReader: Length + Send + Sync {
    /// What reads on from a position.
    type T: Read;

    /// A reader from byte `start` on.
    ///
    /// # Errors
    /// If the source cannot be read there.
    fn get_read(&self, start: u64) -> Result<Self::T>;

    /// Bytes `start .. start + length`.
    ///
    /// # Errors
    /// [`ParquetError::EOF`] if the source ends before, or the source's own failure.
    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes>;
}

impl Length for File {
    fn len(&self) -> u64 {
        self.metadata().map_or(0, |metadata| metadata.len())
    }
}

impl ChunkReader for File {
    type T = BufReader<File>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut file = self.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        Ok(BufReader::new(file))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut bytes = Vec::with_capacity(length);
        let read = self
            .get_read(start)?
            .take(length as u64)
            .read_to_end(&mut bytes)?;
        if read < length {
            return Err(ParquetError::EOF(format!(
                "expected {length} bytes from {start}, read {read}"
            )));
        }
        Ok(bytes.into())
    }
}

impl Length for Bytes {
    fn len(&self) -> u64 {
        Bytes::len(self) as u64
    }
}

impl ChunkReader for Bytes {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let start = usize::try_from(start)?;
        if start > Bytes::len(self) {
            return Err(ParquetError::EOF(format!(
                "{start} lies behind the end at {}",
                Bytes::len(self)
            )));
        }
        Ok(self.slice(start..).reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let start = usize::try_from(start)?;
        match start.checked_add(length) {
            Some(end) if end <= Bytes::len(self) => Ok(self.slice(start..end)),
            _ => Err(ParquetError::EOF(format!(
                "expected {length} bytes from {start}, there are {}",
                Bytes::len(self)
            ))),
        }
    }
}
