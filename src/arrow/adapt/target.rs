//! What a column stores: its physical type, with the width where it has one.

use std::fmt;

use crate::basic::Type;
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescriptor;

/// The physical type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Boolean,
    Int32,
    Int64,
    Float,
    Double,
    Bytes,
    /// Bytes of each value.
    Fixed(usize),
}

impl Target {
    /// Bytes of a value of `bytes`, which may be less than all values of the column have.
    pub(super) fn widened(self, bytes: usize) -> usize {
        match self {
            Target::Fixed(width) => bytes.max(width),
            _ => bytes,
        }
    }

    /// # Errors
    /// [`ParquetError::NYI`] for INT96, which no Arrow type is written to.
    pub(super) fn of(descr: &ColumnDescriptor) -> Result<Self> {
        Ok(match descr.physical_type() {
            Type::BOOLEAN => Target::Boolean,
            Type::INT32 => Target::Int32,
            Type::INT64 => Target::Int64,
            Type::FLOAT => Target::Float,
            Type::DOUBLE => Target::Double,
            Type::BYTE_ARRAY => Target::Bytes,
            Type::FIXED_LEN_BYTE_ARRAY => Target::Fixed(usize::try_from(descr.type_length())?),
            Type::INT96 => {
                let text = "is INT96, to which Arrow values cannot be written yet";
                return Err(ParquetError::NYI(descr.message(text)));
            }
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Boolean => Type::BOOLEAN.fmt(f),
            Target::Int32 => Type::INT32.fmt(f),
            Target::Int64 => Type::INT64.fmt(f),
            Target::Float => Type::FLOAT.fmt(f),
            Target::Double => Type::DOUBLE.fmt(f),
            Target::Bytes => Type::BYTE_ARRAY.fmt(f),
            Target::Fixed(width) => write!(f, "{}({width})", Type::FIXED_LEN_BYTE_ARRAY),
        }
    }
}
