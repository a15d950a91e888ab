//! How a value is stored and how often a field occurs: [`Type`] and [`Repetition`].

use std::str::FromStr;

use super::named::{by_name, impl_named_enum};
use crate::errors::{ParquetError, Result};

/// The physical type of a leaf column: the form its values take in a page.
///
/// SPEC: README.md, "Types"; parquet.thrift, `Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(non_camel_case_types, reason = "the names of the format")]
pub enum Type {
    /// One bit.
    BOOLEAN = 0,
    /// Four bytes, little-endian two's complement.
    INT32 = 1,
    /// Eight bytes, little-endian two's complement.
    INT64 = 2,
    /// Twelve bytes: nanoseconds of the day and a Julian day. Deprecated by the format.
    INT96 = 3,
    /// IEEE 754 single precision, little-endian.
    FLOAT = 4,
    /// IEEE 754 double precision, little-endian.
    DOUBLE = 5,
    /// Any number of bytes, the length stored with each value. Also called `BINARY` in text.
    BYTE_ARRAY = 6,
    /// The number of bytes that the column's type length gives, the same for all values.
    FIXED_LEN_BYTE_ARRAY = 7,
}

impl_named_enum!(
    Type,
    [
        BOOLEAN,
        INT32,
        INT64,
        INT96,
        FLOAT,
        DOUBLE,
        BYTE_ARRAY,
        FIXED_LEN_BYTE_ARRAY
    ]
);

impl Type {
    /// Bytes of a value in PLAIN, for columns whose type length is `type_length`: the one table of widths. `None` for
    /// values of different lengths, and for BOOLEAN, of which eight take a byte.
    pub(crate) fn value_bytes(self, type_length: i32) -> Option<usize> {
        match self {
            Type::BOOLEAN | Type::BYTE_ARRAY => None,
            Type::INT32 | Type::FLOAT => Some(4),
            Type::INT64 | Type::DOUBLE => Some(8),
            Type::INT96 => Some(12),
            Type::FIXED_LEN_BYTE_ARRAY => usize::try_from(type_length).ok(),
        }
    }
}

impl FromStr for Type {
    type Err = ParquetError;

    /// Reads the upper-case name of a type. `BINARY`, the word of the message-type text form, means
    /// [`Type::BYTE_ARRAY`].
    fn from_str(text: &str) -> Result<Self> {
        if text == "BINARY" {
            return Ok(Type::BYTE_ARRAY);
        }
        by_name(Type::VARIANTS, text)
            .ok_or_else(|| ParquetError::General(format!("Invalid parquet type {text}")))
    }
}

/// How often a field occurs in its parent.
///
/// SPEC: README.md, "Nested Encoding"; parquet.thrift, `FieldRepetitionType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Repetition {
    /// Exactly once; never null.
    REQUIRED = 0,
    /// At most once; absent means null.
    OPTIONAL = 1,
    /// Any number of times, none included.
    REPEATED = 2,
}

impl_named_enum!(Repetition, [REQUIRED, OPTIONAL, REPEATED]);

impl FromStr for Repetition {
    type Err = ParquetError;

    /// Reads the upper-case name of a repetition.
    fn from_str(text: &str) -> Result<Self> {
        by_name(Repetition::VARIANTS, text)
            .ok_or_else(|| ParquetError::General(format!("Invalid parquet repetition {text}")))
    }
}
