//! Errors of the writer, as those of the engine.

use std::error::Error;
use std::io;

use datafusion::error::DataFusionError;
use herringbone::errors::ParquetError;

/// An error of the writer, as the engine's. What may pass when it is tried again is an I/O error, which is what a
/// scheduler of tasks goes by.
pub(crate) fn engine_error(error: ParquetError) -> DataFusionError {
    match transient(&error) {
        Some(kind) => DataFusionError::IoError(io::Error::new(kind, error)),
        None => DataFusionError::External(Box::new(error)),
    }
}

/// The kind of the I/O error that caused `error`, if there is one.
fn transient(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}
