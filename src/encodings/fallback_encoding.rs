//! The encoding of a column that names none: of all its pages if it has no dictionary, else of those
//! after the dictionary was given up.

use crate::basic::{Encoding, Type};

/// In files of version 1: PLAIN, which every reader knows.
pub(crate) fn v1(_physical_type: Type) -> Encoding {
    Encoding::PLAIN
}

/// In files of version 2: the encoding that is smallest for most data of the type.
pub(crate) fn v2(physical_type: Type) -> Encoding {
    match physical_type {
        Type::BOOLEAN => Encoding::RLE,
        Type::INT32 | Type::INT64 => Encoding::DELTA_BINARY_PACKED,
        Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => Encoding::DELTA_BYTE_ARRAY,
        Type::INT96 | Type::FLOAT | Type::DOUBLE => Encoding::PLAIN,
    }
}
