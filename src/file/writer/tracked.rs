//! The sink, counted, buffered and latched.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use crate::errors::{ParquetError, Result};

/// Bytes gathered before the sink is called; larger writes go straight through.
const BUFFER_BYTES: usize = 8 * 1024;

/// A sink that counts what is written to it and that, once it has failed, refuses all later writes
/// with the first cause.
pub struct TrackedWrite<W: Write> {
    inner: BufWriter<W>,
    bytes_written: usize,
    failure: Option<Arc<ParquetError>>,
}

impl<W: Write> TrackedWrite<W> {
    /// Wraps a sink; 8 KiB of small writes are gathered.
    pub fn new(inner: W) -> Self {
        Self {
            inner: BufWriter::with_capacity(BUFFER_BYTES, inner),
            bytes_written: 0,
            failure: None,
        }
    }

    /// Bytes written so far, those still gathered included.
    pub fn bytes_written(&self) -> usize {
        self.bytes_written
    }

    /// The sink. Up to 8 KiB may not have reached it yet.
    pub fn inner(&self) -> &W {
        self.inner.get_ref()
    }

    /// The sink, to be used with care: bytes written past this object are not counted, and offsets in
    /// the file will be wrong.
    pub fn inner_mut(&mut self) -> &mut W {
        self.inner.get_mut()
    }

    /// Hands over what is gathered, and returns the sink.
    ///
    /// # Errors
    /// If the sink fails, or failed before.
    pub fn into_inner(mut self) -> Result<W> {
        self.check()?;
        self.inner.flush()?;
        let (sink, _) = self.inner.into_parts();
        Ok(sink)
    }

    /// The first cause, if the sink or the writer above it has failed.
    pub(crate) fn failure(&self) -> Option<&Arc<ParquetError>> {
        self.failure.as_ref()
    }

    /// Refuses all later writes because of `error`, unless an earlier cause stands; returns what to report.
    pub(crate) fn latch(&mut self, error: ParquetError) -> ParquetError {
        if self.failure.is_some() {
            return error;
        }
        let cause = error.into_shared();
        self.failure = Some(cause.clone());
        ParquetError::Latched(cause)
    }

    fn check(&self) -> io::Result<()> {
        match &self.failure {
            None => Ok(()),
            Some(cause) => Err(io::Error::other(ParquetError::Latched(cause.clone()))),
        }
    }

    fn watch<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        // An interrupted call has moved nothing and is tried again by whoever made it.
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::Interrupted
        {
            let copy = io::Error::new(error.kind(), error.to_string());
            self.failure.get_or_insert_with(|| Arc::new(copy.into()));
        }
        result
    }
}

impl<W: Write> Write for TrackedWrite<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.check()?;
        let result = self.inner.write(buf);
        let written = self.watch(result)?;
        self.bytes_written += written;
        Ok(written)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.check()?;
        let result = self.inner.write_all(buf);
        self.watch(result)?;
        self.bytes_written += buf.len();
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.check()?;
        let result = self.inner.flush();
        self.watch(result)
    }
}

impl<W: Write> std::fmt::Debug for TrackedWrite<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrackedWrite")
            .field("bytes_written", &self.bytes_written)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}
