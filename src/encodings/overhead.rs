//! What an encoding puts into a page beside the bytes of the values: the one table of it.

use super::DeltaLayout;
use crate::basic::{Encoding, Type};

/// The most bytes that an encoding adds to those of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overhead {
    /// For each value.
    pub(crate) value_bytes: usize,
    /// For each page.
    pub(crate) page_bytes: usize,
}

/// More than any encoding adds for each value.
pub(crate) const MOST_VALUE_OVERHEAD: usize = 16;

/// The overhead of `encoding` for values of type `physical`, in blocks of `delta` where numbers or lengths are delta
/// encoded.
///
/// SPEC: Encodings.md, one section an encoding.
pub(crate) fn overhead(encoding: Encoding, physical: Type, delta: Option<DeltaLayout>) -> Overhead {
    // Two sequences of numbers, whose last blocks may be all padding.
    let blocks = || 2 * (64 + 9 * delta.unwrap_or(DeltaLayout::INT32).block_size);
    let length_bytes = match physical {
        Type::BYTE_ARRAY => 4,
        _ => 0,
    };
    // No wildcard: a new encoding has to say what it adds.
    let (value_bytes, page_bytes) = match encoding {
        // The lengths of a prefix and of a suffix, each five bytes if no two are alike.
        Encoding::DELTA_BYTE_ARRAY => (10, blocks()),
        Encoding::DELTA_LENGTH_BYTE_ARRAY => (5, blocks()),
        Encoding::DELTA_BINARY_PACKED => (1, blocks()),
        Encoding::PLAIN
        | Encoding::BYTE_STREAM_SPLIT
        | Encoding::RLE
        | Encoding::PLAIN_DICTIONARY
        | Encoding::RLE_DICTIONARY
        | Encoding::BIT_PACKED
        | Encoding::ALP => (length_bytes, 0),
    };
    Overhead {
        value_bytes,
        page_bytes,
    }
}
