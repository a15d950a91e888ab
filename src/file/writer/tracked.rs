//! The sink, counted, buffered and latched.

use std::io::{self, BufWriter, Write};
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::errors::{ParquetError, Result};
use crate::latch::{Latch, panicked, watched};

/// Bytes gathered before the sink is called; larger writes go straight through.
const BUFFER_BYTES: usize = 8 * 1024;

/// The part of a fair share of memory that the buffer may take, and what it is worth having at least.
const BUFFER_PART: usize = 64;
const LEAST_BUFFER_BYTES: usize = 512;

/// A sink that counts what is written to it and that, once it has failed, refuses all later writes
/// with the first cause. What was gathered and not handed over by then never reaches the sink, also not
/// when this object is dropped.
pub struct TrackedWrite<W: Write> {
    inner: BufWriter<Gate<W>>,
    bytes_written: usize,
}

/// Lets calls through to the sink until one fails. Stands behind the buffer, which would otherwise hand
/// its bytes to a failed sink on drop.
struct Gate<W> {
    sink: W,
    latch: Latch,
}

impl<W: Write> TrackedWrite<W> {
    /// Wraps a sink; 8 KiB of small writes are gathered.
    pub fn new(inner: W) -> Self {
        Self::within(inner, usize::MAX)
    }

    /// Wraps a sink for a writer whose share of the memory is `share_bytes`: a small part of that is gathered at most.
    pub(crate) fn within(inner: W, share_bytes: usize) -> Self {
        let buffer_bytes = (share_bytes / BUFFER_PART).clamp(LEAST_BUFFER_BYTES, BUFFER_BYTES);
        let gate = Gate {
            sink: inner,
            latch: Latch::default(),
        };
        Self {
            inner: BufWriter::with_capacity(buffer_bytes, gate),
            bytes_written: 0,
        }
    }

    /// Bytes written so far, those still gathered included.
    pub fn bytes_written(&self) -> usize {
        self.bytes_written
    }

    /// The sink. Up to 8 KiB may not have reached it yet.
    pub fn inner(&self) -> &W {
        &self.inner.get_ref().sink
    }

    /// The sink, to be used with care: bytes written past this object are not counted, and offsets in
    /// the file will be wrong.
    pub fn inner_mut(&mut self) -> &mut W {
        &mut self.inner.get_mut().sink
    }

    /// Hands over what is gathered, and returns the sink.
    ///
    /// # Errors
    /// If the sink fails, or failed before.
    pub fn into_inner(self) -> Result<W> {
        self.check()?;
        let gate = self.inner.into_inner();
        Ok(gate.map_err(io::IntoInnerError::into_error)?.sink)
    }

    /// Heap bytes of the buffer.
    pub(crate) fn memory_size(&self) -> usize {
        self.inner.capacity()
    }

    /// An error with the first cause, if the sink or the writer above it has failed.
    pub(crate) fn check(&self) -> Result<()> {
        self.inner.get_ref().latch.check()
    }

    /// Refuses all later writes because of `error`, unless an earlier cause stands; hands it back.
    pub(crate) fn latch(&mut self, error: ParquetError) -> ParquetError {
        self.inner.get_mut().latch.shut(&error);
        error
    }

    /// Runs `call`, and refuses all later writes if it fails or panics.
    pub(crate) fn latching<T>(&mut self, call: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let latch = |sink: &mut Self| drop(sink.latch(panicked()));
        watched(self, latch, call).map_err(|error| self.latch(error))
    }
}

// Whoever catches a panic of the sink finds the latch shut, not a half-written state.
impl<W: Write + UnwindSafe> UnwindSafe for TrackedWrite<W> {}
impl<W: Write + RefUnwindSafe> RefUnwindSafe for TrackedWrite<W> {}

impl<W: Write> Write for TrackedWrite<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.check()?;
        let written = self.inner.write(buf)?;
        self.bytes_written += written;
        Ok(written)
    }

    fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
        self.check()?;
        self.inner.write_all(buf)?;
        self.bytes_written += buf.len();
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.check()?;
        self.inner.flush()
    }
}

impl<W: Write> Write for Gate<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.pass(|sink| match sink.write(buf)? {
            0 if !buf.is_empty() => Err(io::Error::new(
                io::ErrorKind::WriteZero,
                "the sink takes no more bytes",
            )),
            written if written > buf.len() => Err(io::Error::other(format!(
                "the sink took {written} bytes of {}",
                buf.len()
            ))),
            written => Ok(written),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass(Write::flush)
    }
}

impl<W: Write> Gate<W> {
    /// An interrupted call has moved nothing and is made again.
    fn pass<T>(&mut self, mut call: impl FnMut(&mut W) -> io::Result<T>) -> io::Result<T> {
        self.latch.begin()?;
        let result = loop {
            match call(&mut self.sink) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        Ok(self.latch.end(result.map_err(ParquetError::from))?)
    }
}

impl<W: Write> std::fmt::Debug for TrackedWrite<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrackedWrite")
            .field("bytes_written", &self.bytes_written)
            .field("latch", &self.inner.get_ref().latch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails the calls whose ordinals are listed, and keeps what the others bring.
    #[derive(Debug, Default)]
    struct Flaky<'a> {
        failing: &'a [usize],
        calls: usize,
        taken: Vec<u8>,
    }

    impl Write for &mut Flaky<'_> {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            if self.failing.contains(&(self.calls - 1)) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.taken.extend_from_slice(buf);
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn gathered_bytes_are_handed_over_on_drop() {
        let mut sink = Flaky::default();
        TrackedWrite::new(&mut sink).write_all(b"tail").unwrap();
        assert_eq!(sink.taken, b"tail");
    }

    #[test]
    fn gathered_bytes_never_reach_a_sink_that_failed() {
        let mut sink = Flaky {
            failing: &[0],
            ..Flaky::default()
        };
        let mut tracked = TrackedWrite::new(&mut sink);
        tracked.write_all(b"tail").unwrap();
        let error = tracked.flush().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        drop(tracked);
        assert_eq!((sink.calls, sink.taken.len()), (1, 0));
    }

    #[test]
    fn later_calls_name_the_first_cause() {
        let mut sink = Flaky {
            failing: &[0],
            ..Flaky::default()
        };
        let mut tracked = TrackedWrite::new(&mut sink);
        let first = tracked.write_all(&[0; 10_000]).unwrap_err().to_string();
        for later in [
            tracked.write_all(b"x").unwrap_err().to_string(),
            tracked.flush().unwrap_err().to_string(),
            tracked.into_inner().unwrap_err().to_string(),
        ] {
            assert!(later.contains(&first), "{later}");
        }
    }
}
