//! `DataType` and `ParquetValueType`: the eight physical types, and the Rust type of each one's
//! values.

use std::fmt::{Debug, Display};
use std::mem::size_of;

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

/// A physical type, named by one of the eight marker types of this module.
pub trait DataType: Send + 'static {
    /// The Rust type of one value.
    type T: ParquetValueType;

    /// The physical type.
    fn get_physical_type() -> Type {
        Self::T::PHYSICAL_TYPE
    }

    /// Bytes that one `T` occupies in memory, without what it points to.
    fn get_type_size() -> usize {
        size_of::<Self::T>()
    }
}

pub(crate) mod sealed {
    /// What every physical value can do for the crate alone.
    pub trait Sealed {
        /// Bytes on the heap that the value holds on to.
        fn heap_size(&self) -> usize {
            0
        }
    }
}

macro_rules! physical_type {
    ($marker:ident, $value:ty, $physical:ident) => {
        #[doc = concat!("Physical type ", stringify!($physical), ", values of type `", stringify!($value), "`.")]
        #[derive(Clone, Copy, Debug)]
        pub struct $marker;

        impl DataType for $marker {
            type T = $value;
        }

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

impl sealed::Sealed for bool {}
impl sealed::Sealed for i32 {}
impl sealed::Sealed for i64 {}
impl sealed::Sealed for Int96 {}
impl sealed::Sealed for f32 {}
impl sealed::Sealed for f64 {}

impl sealed::Sealed for ByteArray {
    fn heap_size(&self) -> usize {
        self.len()
    }
}

impl sealed::Sealed for FixedLenByteArray {
    fn heap_size(&self) -> usize {
        self.len()
    }
}
