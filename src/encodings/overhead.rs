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

/// The overhead of `encoding` for values of type `physical`, in blocks of `delta` where numbers or lengths are delta encoded.
///
/// SPEC: Encodings.md, one section an encoding.
pub(crate) fn overhead(encoding: Encoding, physical: Type, delta: Option<DeltaLayout>) -> Overhead {
    let value_bytes = match (encoding, physical) {
        // The lengths of a prefix and of a suffix, each five bytes if no two are alike.
        (Encoding::DELTA_BYTE_ARRAY, _) => 10,
        (Encoding::DELTA_LENGTH_BYTE_ARRAY, _) => 5,
        (Encoding::DELTA_BINARY_PACKED, _) => 1,
        (_, Type::BYTE_ARRAY) => 4,
        _ => 0,
    };
    let page_bytes = match encoding {
        Encoding::DELTA_BYTE_ARRAY
        | Encoding::DELTA_LENGTH_BYTE_ARRAY
        | Encoding::DELTA_BINARY_PACKED => {
            // Two sequences of numbers, whose last blocks may be all padding.
            let block = delta.unwrap_or(DeltaLayout::INT32).block_size;
            2 * (64 + 9 * block)
        }
        _ => 0,
    };
    Overhead {
        value_bytes,
        page_bytes,
    }
}
