//! A failure that is told to more than one: all stores with blobs in a segment share its fate.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use super::super::request::RequestError;
use crate::column::page_store::is_out_of_space;
use crate::errors::ParquetError;

/// Why the object of a segment could not be made.
#[derive(Debug, Clone)]
pub(super) struct Failure(Arc<ParquetError>);

impl Failure {
    pub(super) fn new(error: ParquetError) -> Self {
        Self(Arc::new(error))
    }

    /// Whether that was only for want of space.
    pub(super) fn is_for_space(&self) -> bool {
        is_out_of_space(&self.0)
    }

    /// The error for one of those that it is told to. An I/O error keeps its kind.
    pub(super) fn error(&self) -> ParquetError {
        let told = io::Error::new(kind_of(&self.0), self.clone());
        ParquetError::External(Box::new(told))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_ref() {
            ParquetError::External(cause) => cause.fmt(f),
            other => other.fmt(f),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.0.as_ref() {
            ParquetError::External(cause) => Some(cause.as_ref()),
            other => Some(other),
        }
    }
}

/// Whether the object is not there.
pub(super) fn is_not_found(error: &ParquetError) -> bool {
    kind_of(error) == ErrorKind::NotFound
}

/// The store has not answered for this long.
pub(super) fn timed_out(request: &'static str, path: &str, after: Duration) -> ParquetError {
    let text = format!("no answer for {after:?}");
    failed(request, path, ErrorKind::TimedOut, &text)
}

/// The request ended without an answer.
pub(super) fn unanswered(request: &'static str, path: &str, has_panicked: bool) -> ParquetError {
    let text = if has_panicked {
        "the object store panicked"
    } else {
        "it ended without an answer: the object store panicked, or the runtime ended"
    };
    failed(request, path, ErrorKind::Other, text)
}

/// The store has answered with something else than it was asked for.
pub(super) fn not_as_asked(request: &'static str, path: &str, text: &str) -> ParquetError {
    failed(request, path, ErrorKind::InvalidData, text)
}

fn failed(request: &'static str, path: &str, kind: ErrorKind, text: &str) -> ParquetError {
    RequestError::reported(request, path, kind, text.into())
}

fn kind_of(error: &ParquetError) -> ErrorKind {
    match error {
        ParquetError::External(cause) => cause
            .downcast_ref::<io::Error>()
            .map_or(ErrorKind::Other, io::Error::kind),
        _ => ErrorKind::Other,
    }
}
