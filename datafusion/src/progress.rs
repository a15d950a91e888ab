//! How far a write has come, for callers who ask while it runs.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a write has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct WriteProgress {
    /// Rows that encoders have taken.
    pub rows: u64,
    /// Bytes of files that were handed to the object store.
    pub bytes: u64,
    /// Files that are there under their names.
    pub files: u64,
    /// Files that are being written.
    pub open_files: u64,
}

/// The counters behind it.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    rows: AtomicU64,
    bytes: AtomicU64,
    files: AtomicU64,
    opened: AtomicU64,
    closed: AtomicU64,
}

impl Counters {
    pub(crate) fn add_rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn opened_file(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes note that an open file is none any more.
    pub(crate) fn closed_file(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes note that an open file is there under its name.
    pub(crate) fn finished_file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> WriteProgress {
        let closed = self.closed.load(Ordering::Relaxed);
        WriteProgress {
            rows: self.rows.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            files: self.files.load(Ordering::Relaxed),
            open_files: self.opened.load(Ordering::Relaxed).saturating_sub(closed),
        }
    }
}
