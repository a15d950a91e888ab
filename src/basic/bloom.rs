//! The choices that a Bloom filter header records. Each is a union with one member today.

/// How the filter sets and tests bits.
///
/// SPEC: BloomFilter.md; parquet.thrift, `BloomFilterAlgorithm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BloomFilterAlgorithm {
    /// Split blocks of 256 bits.
    BLOCK,
}

/// The hash of the values.
///
/// SPEC: BloomFilter.md; parquet.thrift, `BloomFilterHash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BloomFilterHash {
    /// xxHash, 64 bits, seed 0.
    XXHASH,
}

/// The compression of the bit set.
///
/// SPEC: parquet.thrift, `BloomFilterCompression`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BloomFilterCompression {
    /// Stored as it is.
    UNCOMPRESSED,
}

impl BloomFilterAlgorithm {
    /// The number of the union's member.
    pub(crate) const fn wire_field_id(self) -> i16 {
        match self {
            BloomFilterAlgorithm::BLOCK => 1,
        }
    }
}

impl BloomFilterHash {
    /// The number of the union's member.
    pub(crate) const fn wire_field_id(self) -> i16 {
        match self {
            BloomFilterHash::XXHASH => 1,
        }
    }
}

impl BloomFilterCompression {
    /// The number of the union's member.
    pub(crate) const fn wire_field_id(self) -> i16 {
        match self {
            BloomFilterCompression::UNCOMPRESSED => 1,
        }
    }
}
