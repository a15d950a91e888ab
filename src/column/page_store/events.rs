//! What stores say through `tracing`, and silence without that feature.

use std::path::Path;

/// A store moved its first blob out of memory.
pub(super) fn first_spill(bytes: usize) {
    #[cfg(feature = "tracing")]
    tracing::debug!(bytes, "first page spilled");
    #[cfg(not(feature = "tracing"))]
    let _ = bytes;
}

/// A spill file was opened.
pub(super) fn segment_opened(directory: &Path, open_files: usize) {
    #[cfg(feature = "tracing")]
    tracing::debug!(directory = %directory.display(), open_files, "spill file opened");
    #[cfg(not(feature = "tracing"))]
    let _ = (directory, open_files);
}

/// A directory failed, and the next one is tried.
pub(super) fn directory_failed(directory: &Path, error: &std::io::Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(directory = %directory.display(), %error, "spill directory failed");
    #[cfg(not(feature = "tracing"))]
    let _ = (directory, error);
}

/// A put was refused for the disk quota.
pub(super) fn quota_reached(limit: u64, used: u64, requested: u64) {
    #[cfg(feature = "tracing")]
    tracing::warn!(limit, used, requested, "spill limit reached");
    #[cfg(not(feature = "tracing"))]
    let _ = (limit, used, requested);
}
