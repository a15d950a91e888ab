//! The error of a failed transfer: which step, how many bytes, in which directory.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::errors::ParquetError;

/// An I/O error that names the directory. Its kind is that of the cause, so that a full disk is told
/// from a broken one.
pub(super) fn spill_failure(
    step: &'static str,
    length_bytes: u64,
    directory: &Path,
    cause: io::Error,
) -> ParquetError {
    let kind = cause.kind();
    let failure = SpillFailure {
        step,
        length_bytes,
        directory: directory.to_owned(),
        cause,
    };
    ParquetError::External(Box::new(io::Error::new(kind, failure)))
}

#[derive(Debug)]
struct SpillFailure {
    step: &'static str,
    length_bytes: u64,
    directory: PathBuf,
    cause: io::Error,
}

impl fmt::Display for SpillFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            step,
            length_bytes,
            directory,
            cause,
        } = self;
        let directory = directory.display();
        write!(
            f,
            "cannot {step} a spill file in {directory} for {length_bytes} bytes: {cause}"
        )
    }
}

impl Error for SpillFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}
