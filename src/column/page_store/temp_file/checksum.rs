//! How a blob is compared with what was written.

use twox_hash::XxHash3_64;

/// How a store knows that a blob came back as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BlobChecksum {
    /// The 64-bit XXH3 hash of each blob, kept in memory and compared when the blob is taken.
    #[default]
    Xxh3,
    /// No check. For storage that checks for itself.
    None,
}

impl BlobChecksum {
    /// What is kept of a blob to compare it with.
    pub(super) fn of(self, bytes: &[u8]) -> u64 {
        match self {
            Self::Xxh3 => XxHash3_64::oneshot(bytes),
            Self::None => 0,
        }
    }
}
