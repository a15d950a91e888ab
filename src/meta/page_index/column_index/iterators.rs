//! `ColumnIndexIterators`: the bounds of a column index as values of a type chosen at compile time.

use super::ColumnIndexMetaData;
use crate::data_type::{ByteArray, FixedLenByteArray, Int96, ParquetValueType};

/// Iterates over the bounds of pages as values of one type.
pub trait ColumnIndexIterators {
    /// The type of a bound.
    type Item;

    /// Minima of all pages, `None` for null pages; empty if the index is of another type.
    fn min_values_iter(
        column_index: &ColumnIndexMetaData,
    ) -> impl Iterator<Item = Option<Self::Item>> + '_;

    /// Maxima of all pages, `None` for null pages; empty if the index is of another type.
    fn max_values_iter(
        column_index: &ColumnIndexMetaData,
    ) -> impl Iterator<Item = Option<Self::Item>> + '_;
}

macro_rules! column_index_iterators {
    ($($variant:ident, $value:ty, $owned:expr;)*) => {$(
        impl ColumnIndexIterators for $value {
            type Item = $value;

            fn min_values_iter(
                column_index: &ColumnIndexMetaData,
            ) -> impl Iterator<Item = Option<$value>> + '_ {
                let typed = match column_index {
                    ColumnIndexMetaData::$variant(typed) => Some(typed),
                    _ => None,
                };
                typed.into_iter().flat_map(|typed| typed.min_values_iter().map($owned))
            }

            fn max_values_iter(
                column_index: &ColumnIndexMetaData,
            ) -> impl Iterator<Item = Option<$value>> + '_ {
                let typed = match column_index {
                    ColumnIndexMetaData::$variant(typed) => Some(typed),
                    _ => None,
                };
                typed.into_iter().flat_map(|typed| typed.max_values_iter().map($owned))
            }
        }
    )*};
}

column_index_iterators! {
    BOOLEAN, bool, Option::<&bool>::copied;
    INT32, i32, Option::<&i32>::copied;
    INT64, i64, Option::<&i64>::copied;
    INT96, Int96, Option::<&Int96>::copied;
    FLOAT, f32, Option::<&f32>::copied;
    DOUBLE, f64, Option::<&f64>::copied;
    BYTE_ARRAY, ByteArray, owned::<ByteArray>;
    FIXED_LEN_BYTE_ARRAY, FixedLenByteArray, owned::<FixedLenByteArray>;
}

fn owned<T: ParquetValueType>(bytes: Option<&[u8]>) -> Option<T> {
    bytes.and_then(T::from_bytes)
}
