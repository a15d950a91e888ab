//! What can go wrong, said in one line.

use std::fmt::Display;
use std::path::Path;

/// A step and why it failed.
#[derive(Debug)]
pub(crate) struct Failure {
    step: String,
    cause: String,
}

impl Failure {
    /// `step` on `path` failed with `cause`.
    pub(crate) fn at(step: &str, path: &Path, cause: impl Display) -> Self {
        Self {
            step: format!("{step} {}", path.display()),
            cause: cause.to_string(),
        }
    }

    /// `step` failed with `cause`.
    pub(crate) fn of(step: &str, cause: impl Display) -> Self {
        Self {
            step: step.to_owned(),
            cause: cause.to_string(),
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Causes may span lines (a parser's context, say); a failure is one.
        let cause: Vec<&str> = self.cause.split_whitespace().collect();
        write!(f, "{} failed: {}", self.step, cause.join(" "))
    }
}
