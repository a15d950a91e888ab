//! Split-block Bloom filters: which values a column chunk certainly does not hold.
//!
//! SPEC: BloomFilter.md.

mod block;
mod header;
mod sbbf;

pub(crate) use block::BLOCK_BYTES;
pub use header::BloomFilterHeader;
pub(crate) use sbbf::hash;
pub use sbbf::{BITSET_MAX_LENGTH, BITSET_MIN_LENGTH, Sbbf};

#[cfg(test)]
mod tests;
