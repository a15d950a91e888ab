//! The crate's error type. A variant says whose fault a failure is: the caller's, the store's,
//! the sink's, a limit's, or the library's own.

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
    /// This version cannot do what was asked for: it has no code for it, or it has none for this type.
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
        /// The step that failed: `create`, `put`, `spill` or `take`.
        step: &'static str,
        /// Dotted path of the leaf column.
        column: String,
        /// Ordinal of the page in its column chunk: in the order of the puts, and for `take` in that of the file,
        /// where the dictionary comes first.
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
    /// A codec cannot work within the memory limit, not even at its weakest.
    #[error(
        "{codec} takes {needed} bytes at least to compress a page, the memory limit is {limit}"
    )]
    CodecExceedsLimit {
        /// The codec and its level.
        codec: String,
        /// Bytes that it takes with its smallest window.
        needed: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// An encoder was given a batch before the chunks of the row group that it had filled were taken. Nothing of the
    /// batch is written, and the encoder goes on.
    #[error("a row group is full and has not been drained: take chunks until there is none")]
    NotDrained,
    /// The future of an asynchronous call was dropped while a sink that cannot make up for that had the turn. How much
    /// of the file the sink has is unknown, so the file cannot be finished.
    #[error(
        "The future of `{call}` was dropped while the sink was {step}, with {taken} bytes of the file before that; \
         the file cannot be finished"
    )]
    Cancelled {
        /// The call whose future was dropped.
        call: &'static str,
        /// What the sink was doing: `taking bytes` or `completing`.
        step: &'static str,
        /// Bytes of the file that the sink had taken before.
        taken: u64,
    },
    /// The library broke one of its own rules: a fault of this crate, whatever the caller did. The file is not
    /// finished.
    #[error("internal error: {0}")]
    Internal(String),
    /// An earlier call failed, and the writer takes no more; the first cause is kept.
    #[error("The writer failed earlier and accepts no further call; first cause: {0}")]
    Latched(#[source] Arc<ParquetError>),
}

/// A result whose error is [`ParquetError`] unless said otherwise.
pub type Result<T, E = ParquetError> = std::result::Result<T, E>;

impl ParquetError {
    /// What failed first, without the layers that say where: the source of a
    /// [`ParquetError::PageStore`], the cause of a [`ParquetError::Latched`], and an error of this type that
    /// went through [`io::Error`] or through an Arrow error that keeps its cause. Any other error is its own root.
    ///
    /// ```
    /// use herringbone::errors::ParquetError;
    ///
    /// let error = ParquetError::PageStore {
    ///     step: "put",
    ///     column: "a".to_owned(),
    ///     page: 3,
    ///     source: Box::new(ParquetError::SpillLimitExceeded { limit: 10, used: 8, requested: 4 }),
    /// };
    /// assert!(matches!(error.root_cause(), ParquetError::SpillLimitExceeded { limit: 10, .. }));
    /// ```
    pub fn root_cause(&self) -> &ParquetError {
        match self {
            ParquetError::PageStore { source, .. } => source.root_cause(),
            ParquetError::Latched(cause) => cause.root_cause(),
            ParquetError::External(cause) => {
                inside(cause.as_ref()).map_or(self, ParquetError::root_cause)
            }
            _ => self,
        }
    }

    /// What later calls name when this error is latched: the first cause of [`ParquetError::Latched`], a copy
    /// of any other.
    pub(crate) fn to_shared(&self) -> Arc<ParquetError> {
        match self {
            ParquetError::Latched(cause) => Arc::clone(cause),
            other => Arc::new(other.retold()),
        }
    }

    /// This error again. Causes from outside the crate keep their text and, for I/O errors, their kind.
    fn retold(&self) -> ParquetError {
        match self {
            ParquetError::General(text) => ParquetError::General(text.clone()),
            ParquetError::NYI(text) => ParquetError::NYI(text.clone()),
            ParquetError::EOF(text) => ParquetError::EOF(text.clone()),
            ParquetError::ArrowError(text) => ParquetError::ArrowError(text.clone()),
            ParquetError::CorruptBlob(text) => ParquetError::CorruptBlob(text.clone()),
            ParquetError::Internal(text) => ParquetError::Internal(text.clone()),
            ParquetError::Latched(cause) => ParquetError::Latched(Arc::clone(cause)),
            ParquetError::NotDrained => ParquetError::NotDrained,
            ParquetError::NeedMoreData(bytes) => ParquetError::NeedMoreData(*bytes),
            ParquetError::NeedMoreDataRange(range) => {
                ParquetError::NeedMoreDataRange(range.clone())
            }
            ParquetError::IndexOutOfBound(index, len) => {
                ParquetError::IndexOutOfBound(*index, *len)
            }
            ParquetError::External(cause) => ParquetError::External(retold_cause(cause.as_ref())),
            &ParquetError::SpillLimitExceeded {
                limit,
                used,
                requested,
            } => ParquetError::SpillLimitExceeded {
                limit,
                used,
                requested,
            },
            &ParquetError::MemoryLimitExceeded { limit, used, step } => {
                ParquetError::MemoryLimitExceeded { limit, used, step }
            }
            &ParquetError::Cancelled { call, step, taken } => {
                ParquetError::Cancelled { call, step, taken }
            }
            ParquetError::CodecExceedsLimit {
                codec,
                needed,
                limit,
            } => ParquetError::CodecExceedsLimit {
                codec: codec.clone(),
                needed: *needed,
                limit: *limit,
            },
            ParquetError::PageStore {
                step,
                column,
                page,
                source,
            } => ParquetError::PageStore {
                step,
                column: column.clone(),
                page: *page,
                source: Box::new(source.retold()),
            },
        }
    }
}

/// An error of this crate that another error wraps, through any number of I/O and Arrow errors.
fn inside<'a>(cause: &'a (dyn Error + Send + Sync + 'static)) -> Option<&'a ParquetError> {
    if let Some(own) = cause.downcast_ref::<ParquetError>() {
        return Some(own);
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return inside(error.get_ref()?);
    }
    inside_arrow(cause)
}

#[cfg(feature = "arrow")]
fn inside_arrow<'a>(cause: &'a (dyn Error + Send + Sync + 'static)) -> Option<&'a ParquetError> {
    match cause.downcast_ref::<arrow_schema::ArrowError>()? {
        arrow_schema::ArrowError::ExternalError(cause) => inside(cause.as_ref()),
        arrow_schema::ArrowError::IoError(_, error) => inside(error.get_ref()?),
        _ => None,
    }
}

#[cfg(not(feature = "arrow"))]
fn inside_arrow<'a>(_: &'a (dyn Error + Send + Sync + 'static)) -> Option<&'a ParquetError> {
    None
}

fn retold_cause(cause: &(dyn Error + Send + Sync + 'static)) -> Box<dyn Error + Send + Sync> {
    if let Some(own) = cause.downcast_ref::<ParquetError>() {
        return Box::new(own.retold());
    }
    match cause.downcast_ref::<io::Error>() {
        Some(error) => Box::new(io::Error::new(error.kind(), error.to_string())),
        None => cause.to_string().into(),
    }
}

impl From<io::Error> for ParquetError {
    /// An error of this type that went through [`io::Error`] comes out as it went in.
    fn from(error: io::Error) -> Self {
        match error.downcast::<ParquetError>() {
            Ok(own) => own,
            Err(error) => ParquetError::External(Box::new(error)),
        }
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
    /// The error is kept as the cause, and can be had back with a downcast.
    fn from(error: arrow_schema::ArrowError) -> Self {
        ParquetError::External(Box::new(error))
    }
}

#[cfg(feature = "arrow")]
impl From<ParquetError> for arrow_schema::ArrowError {
    fn from(error: ParquetError) -> Self {
        arrow_schema::ArrowError::ParquetError(error.to_string())
    }
}

impl From<ParquetError> for io::Error {
    /// An I/O error that went through this type comes out as it went in.
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(cause) => match cause.downcast::<io::Error>() {
                Ok(own) => *own,
                Err(cause) => io::Error::other(ParquetError::External(cause)),
            },
            other => io::Error::other(other),
        }
    }
}

#[cfg(all(test, feature = "arrow"))]
mod tests {
    use arrow_schema::ArrowError;

    use super::*;

    #[test]
    fn an_arrow_error_is_had_back_with_a_downcast() {
        let error = ParquetError::from(ArrowError::CastError("x".into()));
        let theirs = parquet::errors::ParquetError::from(ArrowError::CastError("x".into()));
        assert_eq!(error.to_string(), theirs.to_string());
        let cause = error.source().unwrap();
        let ParquetError::External(kept) = &error else {
            panic!("{error:?}");
        };
        assert!(matches!(
            kept.downcast_ref::<ArrowError>(),
            Some(ArrowError::CastError(text)) if text == "x"
        ));
        assert!(cause.downcast_ref::<ArrowError>().is_some());
    }

    #[test]
    fn the_root_is_found_through_errors_of_others() {
        let root = || ParquetError::SpillLimitExceeded {
            limit: 10,
            used: 8,
            requested: 4,
        };
        for error in [
            ParquetError::from(ArrowError::ExternalError(Box::new(root()))),
            ParquetError::from(ArrowError::from(io::Error::other(root()))),
            ParquetError::External(Box::new(io::Error::other(ArrowError::ExternalError(
                Box::new(root()),
            )))),
            ParquetError::from(ArrowError::ExternalError(Box::new(
                ArrowError::ExternalError(Box::new(ParquetError::Latched(Arc::new(root())))),
            ))),
        ] {
            let found = error.root_cause();
            assert!(
                matches!(found, ParquetError::SpillLimitExceeded { limit: 10, .. }),
                "{error:?}: {found:?}"
            );
        }
        let other = ParquetError::from(ArrowError::ExternalError("x".into()));
        assert!(matches!(other.root_cause(), ParquetError::External(_)));
    }
}
