//! What a failed request to an object store looks like to the caller.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use crate::errors::ParquetError;

/// A request to an object store that failed: which one, for which object, and why.
///
/// It stands inside of an [`io::Error`], whose kind says what may help, and that inside of
/// [`ParquetError::External`]. The error of the crate `object_store` is its [source](Error::source).
#[derive(Debug)]
pub struct RequestError {
    request: &'static str,
    path: String,
    source: Box<dyn Error + Send + Sync>,
}

impl RequestError {
    /// What the store was asked for, such as `put` or `put part`.
    pub fn request(&self) -> &str {
        self.request
    }

    /// The object's path in the store.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The error that callers see.
    pub(super) fn reported(
        request: &'static str,
        path: &str,
        kind: ErrorKind,
        source: Box<dyn Error + Send + Sync>,
    ) -> ParquetError {
        let path = path.to_owned();
        let error = Self {
            request,
            path,
            source,
        };
        ParquetError::External(Box::new(io::Error::new(kind, error)))
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            request,
            path,
            source,
        } = self;
        write!(f, "{request} of {path} failed: {source}")
    }
}

impl Error for RequestError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}

/// What kind of failure `error` is, where its own type does not say: that of the I/O error that it goes back to, or
/// else what its text tells.
pub(super) fn kind_behind(error: &(dyn Error + 'static)) -> ErrorKind {
    let mut cause = Some(error);
    while let Some(this) = cause {
        match this.downcast_ref::<io::Error>().map(io::Error::kind) {
            None | Some(ErrorKind::Other) => cause = next_cause(this),
            Some(kind) => return kind,
        }
    }
    kind_in_text(&error.to_string())
}

/// The next error behind `error`. An I/O error passes over the error that it holds when it is asked for its source.
fn next_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let held = error.downcast_ref::<io::Error>().and_then(|e| e.get_ref());
    held.map_or_else(|| error.source(), |held| Some(held))
}

/// The types that tell an answer of the server from a timeout are there only with features of `object_store` that this
/// crate leaves to its users, so that the text has to do.
fn kind_in_text(text: &str) -> ErrorKind {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&[
        "timed out",
        "timeout",
        "status code: 408",
        "status code: 504",
    ]) {
        ErrorKind::TimedOut
    } else if says(&["status code: 429", "status code: 5", "SlowDown"]) {
        ErrorKind::ResourceBusy
    } else {
        ErrorKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(error: impl Into<Box<dyn Error + Send + Sync>>) -> ErrorKind {
        kind_behind(error.into().as_ref())
    }

    #[test]
    fn the_kind_is_that_of_the_io_error_behind() {
        let reset = || io::Error::from(ErrorKind::ConnectionReset);
        assert_eq!(kind_of(reset()), ErrorKind::ConnectionReset);
        assert_eq!(
            kind_of(io::Error::other(reset())),
            ErrorKind::ConnectionReset
        );
        let deep = RequestError {
            request: "put",
            path: "a".into(),
            source: Box::new(io::Error::other(io::Error::other(reset()))),
        };
        assert_eq!(kind_of(deep), ErrorKind::ConnectionReset);
    }

    #[test]
    fn without_an_io_error_the_text_tells() {
        for (text, kind) in [
            ("operation timed out", ErrorKind::TimedOut),
            (
                "Server returned non-2xx status code: 503 Service Unavailable: ",
                ErrorKind::ResourceBusy,
            ),
            (
                "Server returned non-2xx status code: 400 Bad Request: ",
                ErrorKind::Other,
            ),
            ("no such bucket", ErrorKind::Other),
        ] {
            assert_eq!(kind_of(text), kind, "{text}");
        }
    }

    #[test]
    fn the_error_of_the_store_is_in_the_chain() {
        let source = io::Error::other("the store's own");
        let error = RequestError::reported("put", "a/b", ErrorKind::TimedOut, Box::new(source));
        let ParquetError::External(outer) = &error else {
            panic!("{error:?}");
        };
        let io = outer.downcast_ref::<io::Error>().unwrap();
        assert_eq!(io.kind(), ErrorKind::TimedOut);
        assert_eq!(io.source().unwrap().to_string(), "the store's own");
        let request = io.get_ref().unwrap().downcast_ref::<RequestError>();
        assert_eq!(request.unwrap().path(), "a/b");
        assert!(error.to_string().contains("put of a/b failed"), "{error}");
    }
}
