//! Physical values: owned ones for the public interface, borrowed slices for the encoders.

pub(crate) mod ahead;
mod as_bytes;
#[cfg_attr(
    not(feature = "arrow"),
    expect(dead_code, reason = "validity bits of Arrow arrays")
)]
pub(crate) mod bits;
mod borrow;
mod byte_array;
mod decimal;
mod fixed;
mod int96;
#[cfg_attr(
    not(feature = "arrow"),
    expect(dead_code, reason = "levels of Arrow arrays are runs")
)]
pub(crate) mod levels;
pub(crate) mod packed;
mod physical;
#[cfg_attr(
    not(feature = "arrow"),
    expect(dead_code, reason = "layouts of Arrow arrays")
)]
pub(crate) mod values;

pub use crate::column::writer::DataType;
pub use as_bytes::{AsBytes, SliceAsBytes};
pub(crate) use borrow::Borrowed;
pub use byte_array::ByteArray;
pub use decimal::Decimal;
pub use fixed::FixedLenByteArray;
pub use int96::Int96;
pub use physical::{
    BoolType, ByteArrayType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type, Int64Type,
    Int96Type, ParquetValueType,
};
