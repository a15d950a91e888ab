//! What is known about the values of a page or a column chunk without reading them: bounds and counts.
//!
//! SPEC: parquet.thrift, `Statistics` and `ColumnOrder`.

mod value;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::basic::Type;
use crate::data_type::{ByteArray, FixedLenByteArray, Int96, ParquetValueType};

pub use crate::column::writer::TypedStatistics;
pub use value::ValueStatistics;

/// Statistics of a page or a column chunk, of any physical type.
#[derive(Clone, Debug, PartialEq)]
pub enum Statistics {
    /// Of physical type BOOLEAN.
    Boolean(ValueStatistics<bool>),
    /// Of physical type INT32.
    Int32(ValueStatistics<i32>),
    /// Of physical type INT64.
    Int64(ValueStatistics<i64>),
    /// Of physical type INT96.
    Int96(ValueStatistics<Int96>),
    /// Of physical type FLOAT.
    Float(ValueStatistics<f32>),
    /// Of physical type DOUBLE.
    Double(ValueStatistics<f64>),
    /// Of physical type BYTE_ARRAY.
    ByteArray(ValueStatistics<ByteArray>),
    /// Of physical type FIXED_LEN_BYTE_ARRAY.
    FixedLenByteArray(ValueStatistics<FixedLenByteArray>),
}

/// Runs an expression on the typed statistics within.
macro_rules! each_type {
    ($statistics:expr, $typed:ident => $body:expr) => {
        match $statistics {
            Statistics::Boolean($typed) => $body,
            Statistics::Int32($typed) => $body,
            Statistics::Int64($typed) => $body,
            Statistics::Int96($typed) => $body,
            Statistics::Float($typed) => $body,
            Statistics::Double($typed) => $body,
            Statistics::ByteArray($typed) => $body,
            Statistics::FixedLenByteArray($typed) => $body,
        }
    };
}

/// The constructor and the conversion of one physical type.
macro_rules! typed_statistics {
    ($($variant:ident, $value:ty, $constructor:ident;)*) => {
        impl Statistics {
            $(
                #[doc = concat!("Statistics of `", stringify!($value), "` bounds; see [`Statistics::new`].")]
                pub fn $constructor(
                    min: Option<$value>,
                    max: Option<$value>,
                    distinct_count: Option<u64>,
                    null_count: Option<u64>,
                    is_deprecated: bool,
                ) -> Self {
                    Self::new(min, max, distinct_count, null_count, is_deprecated)
                }
            )*
        }

        $(
            impl From<ValueStatistics<$value>> for Statistics {
                fn from(typed: ValueStatistics<$value>) -> Self {
                    Self::$variant(typed)
                }
            }
        )*
    };
}

typed_statistics! {
    Boolean, bool, boolean;
    Int32, i32, int32;
    Int64, i64, int64;
    Int96, Int96, int96;
    Float, f32, float;
    Double, f64, double;
    ByteArray, ByteArray, byte_array;
    FixedLenByteArray, FixedLenByteArray, fixed_len_byte_array;
}

impl Statistics {
    /// Statistics of these bounds and counts; bounds that are given are taken to be exact. See
    /// [`ValueStatistics::new`] for `is_deprecated`.
    pub fn new<T: ParquetValueType>(
        min: Option<T>,
        max: Option<T>,
        distinct_count: Option<u64>,
        null_count: Option<u64>,
        is_deprecated: bool,
    ) -> Self
    where
        Self: From<ValueStatistics<T>>,
    {
        ValueStatistics::new(min, max, distinct_count, null_count, is_deprecated).into()
    }

    /// Whether the bounds are written to the deprecated fields of the format alone.
    pub fn is_min_max_deprecated(&self) -> bool {
        each_type!(self, typed => typed.is_min_max_deprecated())
    }

    /// Whether the bounds are written to the deprecated fields too, for old readers.
    pub fn is_min_max_backwards_compatible(&self) -> bool {
        each_type!(self, typed => typed.is_min_max_backwards_compatible())
    }

    /// Number of distinct values, if known.
    pub fn distinct_count_opt(&self) -> Option<u64> {
        each_type!(self, typed => typed.distinct_count())
    }

    /// Number of nulls, if known.
    pub fn null_count_opt(&self) -> Option<u64> {
        each_type!(self, typed => typed.null_count_opt())
    }

    /// Number of NaNs, if known.
    pub fn nan_count_opt(&self) -> Option<u64> {
        each_type!(self, typed => typed.nan_count_opt())
    }

    /// Whether the minimum occurs among the values.
    pub fn min_is_exact(&self) -> bool {
        each_type!(self, typed => typed.min_is_exact())
    }

    /// Whether the maximum occurs among the values.
    pub fn max_is_exact(&self) -> bool {
        each_type!(self, typed => typed.max_is_exact())
    }

    /// The minimum, or a lower bound of it, in PLAIN encoding without a length.
    pub fn min_bytes_opt(&self) -> Option<&[u8]> {
        each_type!(self, typed => typed.min_bytes_opt())
    }

    /// The maximum, or an upper bound of it, in PLAIN encoding without a length.
    pub fn max_bytes_opt(&self) -> Option<&[u8]> {
        each_type!(self, typed => typed.max_bytes_opt())
    }

    /// The physical type of the values.
    pub fn physical_type(&self) -> Type {
        match self {
            Self::Boolean(_) => Type::BOOLEAN,
            Self::Int32(_) => Type::INT32,
            Self::Int64(_) => Type::INT64,
            Self::Int96(_) => Type::INT96,
            Self::Float(_) => Type::FLOAT,
            Self::Double(_) => Type::DOUBLE,
            Self::ByteArray(_) => Type::BYTE_ARRAY,
            Self::FixedLenByteArray(_) => Type::FIXED_LEN_BYTE_ARRAY,
        }
    }

    /// Bytes on the heap that the bounds hold on to.
    pub(crate) fn memory_size(&self) -> usize {
        each_type!(self, typed => typed.memory_size())
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        each_type!(self, typed => typed.fmt(f))
    }
}
