//! `ParquetValueType`: the Rust types of the values of the eight physical types, and the markers of these types.

use std::fmt::{Debug, Display};

use super::{AsBytes, ByteArray, FixedLenByteArray, Int96};
use crate::basic::Type;

/// The Rust type of the values of one physical type. Sealed: the eight physical types are all
/// there are.
pub trait ParquetValueType:
    AsBytes
    + Clone
    + Debug
    + Default
    + Display
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + sealed::Sealed
    + 'static
{
    /// The physical type of these values.
    const PHYSICAL_TYPE: Type;
}

pub(crate) mod sealed {
    /// What every physical value can do for the crate alone.
    pub trait Sealed: Sized + crate::data_type::borrow::BorrowValues {
        /// Bytes on the heap that the value holds on to.
        fn memory_size(&self) -> usize {
            0
        }

        /// The value whose bytes are `bytes`; `None` if that is not their number.
        fn from_bytes(bytes: &[u8]) -> Option<Self>;
    }
}

macro_rules! physical_type {
    ($marker:ident, $value:ty, $physical:ident) => {
        #[doc = concat!("Physical type ", stringify!($physical), ", values of type `", stringify!($value), "`.")]
        #[derive(Clone, Copy, Debug)]
        pub struct $marker;

        impl ParquetValueType for $value {
            const PHYSICAL_TYPE: Type = Type::$physical;
        }
    };
}

physical_type!(BoolType, bool, BOOLEAN);
physical_type!(Int32Type, i32, INT32);
physical_type!(Int64Type, i64, INT64);
physical_type!(Int96Type, Int96, INT96);
physical_type!(FloatType, f32, FLOAT);
physical_type!(DoubleType, f64, DOUBLE);
physical_type!(ByteArrayType, ByteArray, BYTE_ARRAY);
physical_type!(
    FixedLenByteArrayType,
    FixedLenByteArray,
    FIXED_LEN_BYTE_ARRAY
);

macro_rules! sealed_number {
    ($($number:ty),*) => {$(
        impl sealed::Sealed for $number {
            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_le_bytes)
            }
        }
    )*};
}

sealed_number!(i32, i64, f32, f64);

impl sealed::Sealed for bool {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [byte] => Some(*byte != 0),
            _ => None,
        }
    }
}

impl sealed::Sealed for Int96 {
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<4>();
        let words: [[u8; 4]; 3] = words.try_into().ok()?;
        rest.is_empty()
            .then(|| words.map(u32::from_le_bytes).into())
    }
}

impl sealed::Sealed for ByteArray {
    fn memory_size(&self) -> usize {
        self.len()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(bytes.into())
    }
}

impl sealed::Sealed for FixedLenByteArray {
    fn memory_size(&self) -> usize {
        self.len()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(ByteArray::from(bytes).into())
    }
}

#[cfg(test)]
mod tests {
    use super::sealed::Sealed;
    use super::*;

    fn survives<T: ParquetValueType>(value: T) {
        assert_eq!(T::from_bytes(value.as_bytes()).as_ref(), Some(&value));
    }

    #[test]
    fn values_come_back_from_their_bytes() {
        survives(true);
        survives(false);
        survives(i32::MIN);
        survives(i64::MAX);
        survives(-0.0_f32);
        survives(1e300_f64);
        survives(Int96::from([1, 2, 3]));
        survives(ByteArray::from("x"));
        survives(FixedLenByteArray::from(vec![1, 2]));
    }

    #[test]
    fn a_wrong_number_of_bytes_makes_no_value() {
        assert_eq!(bool::from_bytes(&[]), None);
        assert_eq!(i32::from_bytes(&[0; 5]), None);
        assert_eq!(Int96::from_bytes(&[0; 13]), None);
        assert_eq!(Int96::from_bytes(&[0; 8]), None);
    }
}
