//! What a user sees of the temp-file store: the factory and its builder.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::{PageStore, PageStoreArgs, PageStoreFactory, SpillMetrics};
use super::checksum::BlobChecksum;
#[cfg(test)]
use super::segments::SegmentFile;
use super::spool::{Spool, SpoolLimits};
use super::store::TempFilePageStore;
use crate::errors::Result;

/// Bytes of a segment file unless the builder says otherwise.
const DEFAULT_SEGMENT_BYTES: u64 = 256 << 20;

/// Makes stores that keep pages in temporary files.
///
/// All stores of a factory share a few segment files, whatever the number of columns. A segment is
/// opened at the first put that needs it, has no name and is readable by its owner alone, so nothing is
/// left of it when the process ends in whatever way, and two processes in one directory never
/// meet.
///
/// A store writes its blobs one after the other into space of its own, in blocks of 4 KiB. On Linux, where the file
/// system allows it, the more it has put the more it reserves for its next blobs, up to 1 MiB, which takes no disk
/// before it is written. So its blobs lie together although many columns spill in turn, and are read back in large
/// pieces.
///
/// The space of taken blobs is used again. Where space can be reserved, its disk is given
/// back as soon as all blobs in such a piece have been taken, so that spilled
/// pages leave the disk as fast as the file grows, and pages that were not written out yet never are.
/// Elsewhere disk is given back when a segment holds no blob any more and is closed, at the latest when
/// its row group has been written.
///
/// A directory that fails or is full is passed over for the next one in the list. Errors name the
/// directory and the number of bytes, and keep the kind of the cause; past
/// [`with_max_disk_bytes`](TempFilePageStoreBuilder::with_max_disk_bytes) the error is
/// [`SpillLimitExceeded`](crate::errors::ParquetError::SpillLimitExceeded).
///
/// In memory a blob costs 24 bytes.
///
/// ```
/// use std::sync::Arc;
/// use herringbone::column::page_store::{PageStoreFactory, TempFilePageStoreFactory};
///
/// let factory = TempFilePageStoreFactory::builder()
///     .with_directory(std::env::temp_dir())
///     .with_max_disk_bytes(10 << 30)
///     .build();
/// let metrics = factory.metrics();
/// let factory: Arc<dyn PageStoreFactory> = Arc::new(factory);
/// # let _ = (metrics, factory);
/// ```
pub struct TempFilePageStoreFactory {
    spool: Arc<Spool>,
    checksum: BlobChecksum,
}

/// Describes a [`TempFilePageStoreFactory`].
#[derive(Debug, Clone, Default)]
pub struct TempFilePageStoreBuilder {
    directories: Vec<PathBuf>,
    segment_bytes: Option<u64>,
    max_disk_bytes: Option<u64>,
    checksum: BlobChecksum,
    metrics: SpillMetrics,
}

impl TempFilePageStoreFactory {
    /// Segments in the directory of the system for temporary files, see [`std::env::temp_dir`].
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Segments in `directory`, which must exist when the first page is spilled.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self::builder().with_directory(directory).build()
    }

    /// Starts a description with all defaults.
    pub fn builder() -> TempFilePageStoreBuilder {
        TempFilePageStoreBuilder::default()
    }

    /// Opens and closes a file in every directory, so that a mistake shows before the first page
    /// does.
    ///
    /// # Errors
    /// If a directory fails; names the first that does.
    pub fn probe(&self) -> Result<()> {
        self.spool.probe()
    }

    /// What has been spilled by the stores of this factory.
    pub fn metrics(&self) -> SpillMetrics {
        self.spool.metrics().clone()
    }
}

impl Default for TempFilePageStoreFactory {
    fn default() -> Self {
        Self::new()
    }
}

impl PageStoreFactory for TempFilePageStoreFactory {
    fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        let spool = Arc::clone(&self.spool);
        Ok(Box::new(TempFilePageStore::new(spool, self.checksum)))
    }

    fn metrics(&self) -> Option<SpillMetrics> {
        Some(self.spool.metrics().clone())
    }
}

impl fmt::Debug for TempFilePageStoreFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = self.spool.limits();
        f.debug_struct("TempFilePageStoreFactory")
            .field("directories", &limits.directories)
            .field("segment_bytes", &limits.segment_bytes)
            .field("max_disk_bytes", &limits.max_disk_bytes)
            .field("checksum", &self.checksum)
            .finish_non_exhaustive()
    }
}

impl TempFilePageStoreBuilder {
    /// Adds a directory. New segments go into the directories in turn. Without any, the directory of
    /// the system for temporary files is used.
    pub fn with_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directories.push(directory.into());
        self
    }

    /// The size of a segment file, in bytes; 256 MiB by default. A larger blob gets a segment of its
    /// own size, and new segments become larger when more than eight are in use, so that the
    /// number of open files stays small.
    pub fn with_segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = Some(bytes);
        self
    }

    /// The most bytes that all segments together may take on disk; no limit by default.
    pub fn with_max_disk_bytes(mut self, bytes: u64) -> Self {
        self.max_disk_bytes = Some(bytes);
        self
    }

    /// How blobs are checked when they are taken; [`BlobChecksum::Xxh3`] by default.
    pub fn with_checksum(mut self, checksum: BlobChecksum) -> Self {
        self.checksum = checksum;
        self
    }

    /// Counts into `metrics`, which may be shared with other factories.
    pub fn with_metrics(mut self, metrics: SpillMetrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// The factory. Nothing is opened yet.
    pub fn build(self) -> TempFilePageStoreFactory {
        let mut directories = self.directories;
        if directories.is_empty() {
            directories.push(env::temp_dir());
        }
        let limits = SpoolLimits {
            directories,
            segment_bytes: self.segment_bytes.unwrap_or(DEFAULT_SEGMENT_BYTES),
            max_disk_bytes: self.max_disk_bytes,
        };
        TempFilePageStoreFactory {
            spool: Arc::new(Spool::new(limits, self.metrics)),
            checksum: self.checksum,
        }
    }
}

#[cfg(test)]
impl TempFilePageStoreFactory {
    /// The file of a segment, for damage.
    pub(super) fn file_of_segment(&self, number: usize) -> Arc<SegmentFile> {
        self.spool.file_of_segment(number).unwrap()
    }

    /// The directory in which the newest segment lies.
    pub(super) fn directory_of_last_segment(&self) -> usize {
        self.spool.directory_of_last_segment().unwrap()
    }

    /// From now on writes to these directories, and no others, fail for want of space.
    pub(super) fn fill_directories(&self, directories: &[usize]) {
        *self.spool.full_directories.lock().unwrap() = directories.to_vec();
    }
}
