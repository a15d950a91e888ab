//! The memory of a first failure. Whoever holds a [`Latch`] refuses every call after one that failed or
//! panicked, and names what happened first.

use std::any::Any;
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::errors::{ParquetError, Result};

/// Open until a call fails.
#[derive(Debug, Default)]
pub(crate) enum Latch {
    /// No call has failed.
    #[default]
    Open,
    /// A call is at work, or it panicked and never came back.
    Busy,
    /// A call failed, for this cause.
    Shut(Arc<ParquetError>),
}

impl Latch {
    /// An error if a call failed before.
    ///
    /// # Errors
    /// [`ParquetError::Latched`] with the first cause.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Latch::Open => Ok(()),
            Latch::Busy => Err(ParquetError::Latched(Arc::new(panicked()))),
            Latch::Shut(cause) => Err(ParquetError::Latched(cause.clone())),
        }
    }

    /// Marks the start of a call, which [`Latch::end`] must follow.
    ///
    /// # Errors
    /// As [`Latch::check`].
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.check()?;
        *self = Latch::Busy;
        Ok(())
    }

    /// Marks the end of a call; shuts if it failed. Hands the result through.
    ///
    /// # Errors
    /// That of `result`.
    pub(crate) fn end<T>(&mut self, result: Result<T>) -> Result<T> {
        *self = match &result {
            Ok(_) => Latch::Open,
            Err(error) => Latch::Shut(error.to_shared()),
        };
        result
    }

    /// Shuts because of `error`, unless it is shut already.
    pub(crate) fn shut(&mut self, error: &ParquetError) {
        if !matches!(self, Latch::Shut(_)) {
            *self = Latch::Shut(error.to_shared());
        }
    }
}

/// Runs `call` on `owner`, and `on_panic` if it does not return: a store or a sink of the caller's may panic,
/// and the caller may catch that and go on.
pub(crate) fn watched<O, T>(
    owner: &mut O,
    on_panic: fn(&mut O),
    call: impl FnOnce(&mut O) -> T,
) -> T {
    let mut watch = Watch {
        owner,
        on_panic,
        has_returned: false,
    };
    let result = call(watch.owner);
    watch.has_returned = true;
    result
}

struct Watch<'a, O> {
    owner: &'a mut O,
    on_panic: fn(&mut O),
    has_returned: bool,
}

impl<O> Drop for Watch<'_, O> {
    fn drop(&mut self) {
        if !self.has_returned {
            (self.on_panic)(self.owner);
        }
    }
}

/// Runs `call` where a panic of a caller's own part must not come through: in a drop, which may be part of an
/// unwinding. `None` if it panicked.
pub(crate) fn hushed<T>(call: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => Some(value),
        Err(payload) => {
            bury(payload);
            None
        }
    }
}

/// Forgets what a panic carried: it is the caller's own, and may panic again when it is dropped.
pub(crate) fn bury(payload: Box<dyn Any + Send>) {
    forget(payload);
}

/// The cause when a call ended by a panic.
pub(crate) fn panicked() -> ParquetError {
    ParquetError::General("an earlier call panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_call_shuts_and_the_first_cause_stays() {
        let mut latch = Latch::default();
        latch.begin().unwrap();
        latch.end(Ok(())).unwrap();
        latch.begin().unwrap();
        let failed: Result<()> = latch.end(Err(ParquetError::EOF("gone".to_owned())));
        assert!(matches!(failed, Err(ParquetError::EOF(_))));
        latch.shut(&ParquetError::General("later".to_owned()));
        let error = latch.begin().unwrap_err();
        assert!(matches!(error.root_cause(), ParquetError::EOF(text) if text == "gone"));
    }

    #[test]
    fn a_call_that_never_ended_is_a_failure() {
        let mut latch = Latch::default();
        latch.begin().unwrap();
        let error = latch.check().unwrap_err().to_string();
        assert!(error.contains("an earlier call panicked"), "{error}");
    }
}
