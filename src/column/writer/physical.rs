//! The column writers of the eight physical types, and `DataType`, by which a caller names one of these.

use std::marker::PhantomData;
use std::mem::size_of;

use super::chunk_writer::ChunkWriter;
use super::typed::{ColumnValueEncoder, GenericColumnWriter, LimitedWriter};
use crate::basic::Type;
use crate::budget::Reservation;
use crate::column::chunk::ColumnCloseResult;
use crate::column::page::PageWriter;
use crate::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type, Int96, Int96Type, ParquetValueType,
};
use crate::errors::Result;
use crate::meta::properties::WriterPropertiesPtr;
use crate::meta::statistics::ValueStatistics;
use crate::schema::types::ColumnDescPtr;

/// Statistics whose bounds are values of physical type `T`.
pub type TypedStatistics<T> = ValueStatistics<<T as DataType>::T>;

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

    /// The typed writer inside `column_writer`; `None` if it is of another physical type.
    fn get_column_writer(column_writer: ColumnWriter<'_>) -> Option<ColumnWriterImpl<'_, Self>>
    where
        Self: Sized;

    /// As [`DataType::get_column_writer`], by reference.
    fn get_column_writer_ref<'a, 'b>(
        column_writer: &'b ColumnWriter<'a>,
    ) -> Option<&'b ColumnWriterImpl<'a, Self>>
    where
        Self: Sized;

    /// As [`DataType::get_column_writer`], by mutable reference.
    fn get_column_writer_mut<'a, 'b>(
        column_writer: &'b mut ColumnWriter<'a>,
    ) -> Option<&'b mut ColumnWriterImpl<'a, Self>>
    where
        Self: Sized;
}

/// Slices of the values of physical type `T`.
#[derive(Debug)]
pub struct ColumnValueEncoderImpl<T: DataType> {
    physical: PhantomData<T>,
}

impl<T: DataType> ColumnValueEncoder for ColumnValueEncoderImpl<T> {
    type T = T::T;
    type Values = [T::T];
}

/// A column writer for values of physical type `T`.
pub type ColumnWriterImpl<'a, T> = GenericColumnWriter<'a, ColumnValueEncoderImpl<T>>;

/// Makes [`ColumnWriter`] and all that has a case for each physical type, from one list of them.
macro_rules! column_writers {
    ($($physical:ident: $variant:ident of $marker:ident, $value:ty;)*) => {
        /// A typed column writer of any of the eight physical types.
        #[derive(Debug)]
        pub enum ColumnWriter<'a> {
            $(
                #[doc = concat!("For physical type ", stringify!($physical), ".")]
                $variant(ColumnWriterImpl<'a, $marker>),
            )*
        }

        impl ColumnWriter<'_> {
            /// Writes what is left, and ends the chunk.
            ///
            /// # Errors
            /// As [`GenericColumnWriter::close`].
            pub fn close(self) -> Result<ColumnCloseResult> {
                match self {
                    $(Self::$variant(typed) => typed.close(),)*
                }
            }
        }

        impl<'a> ColumnWriter<'a> {
            /// As [`close`](Self::close), with what pays for the result.
            pub(crate) fn close_paid(self) -> Result<(ColumnCloseResult, Reservation)> {
                match self {
                    $(Self::$variant(typed) => typed.close_paid(),)*
                }
            }

            /// The writer for the physical type of the column of `chunk`, within the memory limit of its file.
            pub(crate) fn of_chunk(
                chunk: ChunkWriter<'a>,
                limit: Option<LimitedWriter<'a>>,
            ) -> Self {
                match chunk.descr().physical_type() {
                    $(Type::$physical => {
                        Self::$variant(GenericColumnWriter::of_chunk(chunk, limit))
                    })*
                }
            }
        }

        /// The writer for the physical type of column `descr`.
        ///
        /// # Panics
        /// As [`GenericColumnWriter::new`].
        pub fn get_column_writer<'a>(
            descr: ColumnDescPtr,
            props: WriterPropertiesPtr,
            page_writer: Box<dyn PageWriter + 'a>,
        ) -> ColumnWriter<'a> {
            match descr.physical_type() {
                $(Type::$physical => {
                    ColumnWriter::$variant(GenericColumnWriter::new(descr, props, page_writer))
                })*
            }
        }

        $(
            impl DataType for $marker {
                type T = $value;

                fn get_column_writer(
                    column_writer: ColumnWriter<'_>,
                ) -> Option<ColumnWriterImpl<'_, Self>> {
                    match column_writer {
                        ColumnWriter::$variant(typed) => Some(typed),
                        _ => None,
                    }
                }
                fn get_column_writer_ref<'a, 'b>(
                    column_writer: &'b ColumnWriter<'a>,
                ) -> Option<&'b ColumnWriterImpl<'a, Self>> {
                    match column_writer {
                        ColumnWriter::$variant(typed) => Some(typed),
                        _ => None,
                    }
                }
                fn get_column_writer_mut<'a, 'b>(
                    column_writer: &'b mut ColumnWriter<'a>,
                ) -> Option<&'b mut ColumnWriterImpl<'a, Self>> {
                    match column_writer {
                        ColumnWriter::$variant(typed) => Some(typed),
                        _ => None,
                    }
                }
            }
        )*
    };
}

column_writers! {
    BOOLEAN: BoolColumnWriter of BoolType, bool;
    INT32: Int32ColumnWriter of Int32Type, i32;
    INT64: Int64ColumnWriter of Int64Type, i64;
    INT96: Int96ColumnWriter of Int96Type, Int96;
    FLOAT: FloatColumnWriter of FloatType, f32;
    DOUBLE: DoubleColumnWriter of DoubleType, f64;
    BYTE_ARRAY: ByteArrayColumnWriter of ByteArrayType, ByteArray;
    FIXED_LEN_BYTE_ARRAY: FixedLenByteArrayColumnWriter of FixedLenByteArrayType, FixedLenByteArray;
}

/// The typed writer inside `writer`.
///
/// # Panics
/// If the physical type is not `T`.
pub fn get_typed_column_writer<T: DataType>(writer: ColumnWriter<'_>) -> ColumnWriterImpl<'_, T> {
    T::get_column_writer(writer).unwrap_or_else(|| mismatch::<T, _>())
}

/// The typed writer inside `writer`, by reference.
///
/// # Panics
/// If the physical type is not `T`.
pub fn get_typed_column_writer_ref<'a, 'b, T: DataType>(
    writer: &'b ColumnWriter<'a>,
) -> &'b ColumnWriterImpl<'a, T> {
    T::get_column_writer_ref(writer).unwrap_or_else(|| mismatch::<T, _>())
}

/// The typed writer inside `writer`, by mutable reference.
///
/// # Panics
/// If the physical type is not `T`.
pub fn get_typed_column_writer_mut<'a, 'b, T: DataType>(
    writer: &'b mut ColumnWriter<'a>,
) -> &'b mut ColumnWriterImpl<'a, T> {
    T::get_column_writer_mut(writer).unwrap_or_else(|| mismatch::<T, _>())
}

#[expect(
    clippy::panic,
    reason = "a wrong type is the caller's mistake, and the signature has no other way to say it"
)]
fn mismatch<T: DataType, R>() -> R {
    panic!(
        "the column writer is not for physical type {}",
        T::get_physical_type()
    )
}
