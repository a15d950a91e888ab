//! The crate's error type. A variant says whose fault a failure is: the caller's, the store's,
//! the sink's, or a limit's.

use std::cell;
use std::error::Error;
use std::io;
use std::num::TryFromIntError;
use std::ops::Range;
use std::str::Utf8Error;
use std::string::FromUtf8Error;
use std::sync::Arc;

use thiserror::Error as ThisError;

/// What went wrong while a file was being described or written.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum ParquetError {
    /// The caller's request or data breaks a rule of the format or of this crate.
    #[error("Parquet error: {0}")]
    General(String),
    /// The request is legal, and this version cannot do it yet.
    #[error("NYI: {0}")]
    NYI(String),
    /// A source ended before the bytes it promised.
    #[error("EOF: {0}")]
    EOF(String),
    /// Arrow data does not fit the schema, or an Arrow kernel failed.
    #[error("Arrow: {0}")]
    ArrowError(String),
    /// An index lies outside what it indexes: `(index, length)`.
    #[error("Index {0} out of bound: {1}")]
    IndexOutOfBound(usize, usize),
    /// The sink, a store or a codec failed; the cause is kept.
    #[error("External: {0}")]
    External(#[source] Box<dyn Error + Send + Sync>),
    /// More input is needed: this many bytes.
    #[error("NeedMoreData: {0}")]
    NeedMoreData(usize),
    /// More input is needed: this range of bytes.
    #[error("NeedMoreDataRange: {}..{}", .0.start, .0.end)]
    NeedMoreDataRange(Range<u64>),
    /// A page store failed; says the step, the column and the page.
    #[error("Page store: {step} failed for column {column}, page {page}: {source}")]
    PageStore {
        /// The step that failed: `create`, `put` or `take`.
        step: &'static str,
        /// Dotted path of the leaf column.
        column: String,
        /// Ordinal of the page in its column chunk, in the order of the puts.
        page: usize,
        /// What the store said.
        #[source]
        source: Box<ParquetError>,
    },
    /// A spilled blob came back shorter, longer or different.
    #[error("Corrupt spilled blob: {0}")]
    CorruptBlob(String),
    /// A page store may not use as much disk as a put would need.
    #[error(
        "Spill limit exceeded: {used} bytes in use and {requested} more requested, limit {limit}"
    )]
    SpillLimitExceeded {
        /// The limit, in bytes.
        limit: u64,
        /// Bytes in use before the put.
        used: u64,
        /// Bytes that the put asked for.
        requested: u64,
    },
    /// The memory limit cannot be kept without a step that the options forbid.
    #[error("Memory limit exceeded: {used} bytes in use, limit {limit}: {step}")]
    MemoryLimitExceeded {
        /// The limit, in bytes.
        limit: usize,
        /// Bytes in use.
        used: usize,
        /// The step that would have been needed.
        step: &'static str,
    },
    /// An earlier call failed, and the writer takes no more; the first cause is kept.
    #[error("The writer failed earlier and accepts no further call; first cause: {0}")]
    Latched(#[source] Arc<ParquetError>),
}

/// A result whose error is [`ParquetError`] unless said otherwise.
pub type Result<T, E = ParquetError> = std::result::Result<T, E>;

impl ParquetError {
    /// The first cause for [`ParquetError::Latched`], any other error itself: what to store when a
    /// failure is latched.
    pub(crate) fn into_shared(self) -> Arc<ParquetError> {
        match self {
            ParquetError::Latched(cause) => cause,
            other => Arc::new(other),
        }
    }
}

impl From<io::Error> for ParquetError {
    fn from(error: io::Error) -> Self {
        ParquetError::External(Box::new(error))
    }
}

impl From<Utf8Error> for ParquetError {
    fn from(error: Utf8Error) -> Self {
        ParquetError::External(Box::new(error))
    }
}

impl From<FromUtf8Error> for ParquetError {
    fn from(error: FromUtf8Error) -> Self {
        ParquetError::External(Box::new(error))
    }
}

impl From<TryFromIntError> for ParquetError {
    fn from(error: TryFromIntError) -> Self {
        ParquetError::General(format!("Integer overflow: {error}"))
    }
}

impl From<cell::BorrowMutError> for ParquetError {
    fn from(error: cell::BorrowMutError) -> Self {
        ParquetError::External(Box::new(error))
    }
}

#[cfg(feature = "snap")]
impl From<snap::Error> for ParquetError {
    fn from(error: snap::Error) -> Self {
        ParquetError::External(Box::new(error))
    }
}

#[cfg(feature = "arrow")]
impl From<arrow_schema::ArrowError> for ParquetError {
    fn from(error: arrow_schema::ArrowError) -> Self {
        match error {
            arrow_schema::ArrowError::ExternalError(cause) => ParquetError::External(cause),
            other => ParquetError::ArrowError(other.to_string()),
        }
    }
}

#[cfg(feature = "arrow")]
impl From<ParquetError> for arrow_schema::ArrowError {
    fn from(error: ParquetError) -> Self {
        arrow_schema::ArrowError::ParquetError(error.to_string())
    }
}

impl From<ParquetError> for io::Error {
    fn from(error: ParquetError) -> Self {
        io::Error::other(error)
    }
}
