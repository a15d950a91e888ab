//! What the bytes of a file go into: a sink, or chunks for whoever has one.

use std::io::Write;

use super::tracked::TrackedWrite;
use crate::errors::Result;

/// Takes the bytes of a file from first to last.
pub(crate) trait FileOutput {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// If the sink fails.
    fn put(&mut self, bytes: &[u8]) -> Result<()>;

    /// Bytes of the file so far.
    fn position(&self) -> usize;

    /// Called between the last bytes of the file, without which no reader takes it for one, and all others: if one of
    /// these is lost, the last must not follow.
    ///
    /// # Errors
    /// If the sink fails.
    fn settle(&mut self) -> Result<()>;
}

impl<W: Write> FileOutput for TrackedWrite<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.write_all(bytes)?)
    }

    fn position(&self) -> usize {
        self.bytes_written()
    }

    fn settle(&mut self) -> Result<()> {
        Ok(self.flush()?)
    }
}
