//! The values of an Arrow array as they lie, and what has to be done to them to become physical values.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type,
};
use arrow_array::{Array, ArrowPrimitiveType, downcast_primitive_array};
use arrow_buffer::{ArrowNativeType, Buffer, IntervalDayTime, i256};
use arrow_schema::{DataType, IntervalUnit};

use super::WIDEST_NUMBER;
use super::target::Target;
use crate::data_type::bits::BitSlice;
use crate::data_type::values::{ByteSource, FixedValues};
use crate::errors::{ParquetError, Result};

/// All slots of one array without layers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    /// An array of nulls: whatever the target, no values.
    Nothing,
    Boolean(BitSlice<'a>),
    Int32(&'a [i32]),
    Int64(&'a [i64]),
    Float(&'a [f32]),
    Double(&'a [f64]),
    Bytes(ByteSource<'a>),
    Fixed(FixedValues<'a>),
    /// To INT32.
    Narrow(Narrow<'a>),
    /// Decimals, to any of the four physical types they can have.
    Decimal(Decimals<'a>),
    /// To FIXED_LEN_BYTE_ARRAY(12).
    Interval(Intervals<'a>),
}

/// Whole numbers that become INT32 one by one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Narrow<'a> {
    Int8(&'a [i8]),
    Int16(&'a [i16]),
    UInt8(&'a [u8]),
    UInt16(&'a [u16]),
    /// Milliseconds, to days.
    Date64(&'a [i64]),
}

/// Unscaled decimals.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decimals<'a> {
    Width4(&'a [i32]),
    Width8(&'a [i64]),
    Width16(&'a [i128]),
    Width32(&'a [i256]),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Intervals<'a> {
    Months(&'a [i32]),
    DayTime(&'a [IntervalDayTime]),
}

impl<'a> Source<'a> {
    /// The values of `array`, which has no layers, for a column of `target`; its type is [`supported`].
    pub(super) fn of(array: &'a dyn Array, target: Target) -> Result<Self> {
        let source = match array.data_type() {
            DataType::Null => Source::Nothing,
            DataType::Boolean => Source::Boolean(array.as_boolean().values().into()),
            DataType::Float32 => Source::Float(numbers::<Float32Type, _>(array)?),
            DataType::Float64 => Source::Double(numbers::<Float64Type, _>(array)?),
            // Two bytes, least significant first, as Arrow has them on the machines this crate runs on.
            DataType::Float16 => Source::Fixed(FixedValues::new(primitive_buffer(array)?, 2)),
            DataType::Int8 => Source::Narrow(Narrow::Int8(numbers::<Int8Type, _>(array)?)),
            DataType::Int16 => Source::Narrow(Narrow::Int16(numbers::<Int16Type, _>(array)?)),
            DataType::UInt8 => Source::Narrow(Narrow::UInt8(numbers::<UInt8Type, _>(array)?)),
            DataType::UInt16 => Source::Narrow(Narrow::UInt16(numbers::<UInt16Type, _>(array)?)),
            DataType::Date64 if target == Target::Int32 => {
                Source::Narrow(Narrow::Date64(natives(array)?))
            }
            DataType::Int32 => Source::Int32(numbers::<Int32Type, _>(array)?),
            DataType::Int64 => Source::Int64(numbers::<Int64Type, _>(array)?),
            DataType::Date32 => Source::Int32(numbers::<Date32Type, _>(array)?),
            DataType::UInt32 | DataType::Time32(_) => Source::Int32(natives(array)?),
            DataType::UInt64
            | DataType::Date64
            | DataType::Time64(_)
            | DataType::Timestamp(_, _)
            | DataType::Duration(_) => Source::Int64(natives(array)?),
            DataType::Decimal32(_, _) => {
                Source::decimals(Decimals::Width4(natives(array)?), target)
            }
            DataType::Decimal64(_, _) => {
                Source::decimals(Decimals::Width8(natives(array)?), target)
            }
            DataType::Decimal128(_, _) => Source::decimals(
                Decimals::Width16(numbers::<Decimal128Type, _>(array)?),
                target,
            ),
            DataType::Decimal256(_, _) => {
                Source::decimals(Decimals::Width32(natives(array)?), target)
            }
            DataType::Interval(IntervalUnit::YearMonth) => {
                Source::Interval(Intervals::Months(natives(array)?))
            }
            DataType::Interval(IntervalUnit::DayTime) => {
                Source::Interval(Intervals::DayTime(natives(array)?))
            }
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                Source::Bytes(ByteSource::Offsets32 {
                    offsets: array.value_offsets(),
                    data: array.value_data(),
                })
            }
            DataType::Binary => {
                let array = array.as_binary::<i32>();
                Source::Bytes(ByteSource::Offsets32 {
                    offsets: array.value_offsets(),
                    data: array.value_data(),
                })
            }
            DataType::LargeUtf8 => {
                let array = array.as_string::<i64>();
                Source::Bytes(ByteSource::Offsets64 {
                    offsets: array.value_offsets(),
                    data: array.value_data(),
                })
            }
            DataType::LargeBinary => {
                let array = array.as_binary::<i64>();
                Source::Bytes(ByteSource::Offsets64 {
                    offsets: array.value_offsets(),
                    data: array.value_data(),
                })
            }
            DataType::Utf8View => {
                let array = array.as_string_view();
                Source::Bytes(ByteSource::Views {
                    views: array.views(),
                    buffers: array.data_buffers(),
                })
            }
            DataType::BinaryView => {
                let array = array.as_binary_view();
                Source::Bytes(ByteSource::Views {
                    views: array.views(),
                    buffers: array.data_buffers(),
                })
            }
            DataType::FixedSizeBinary(_) => {
                let array = array.as_fixed_size_binary();
                let width = usize::try_from(array.value_length())?;
                let values = FixedValues::new(array.value_data(), width);
                match target {
                    Target::Bytes => Source::Bytes(ByteSource::Fixed(values)),
                    _ => Source::Fixed(values),
                }
            }
            other => return Err(unsupported(other, target)),
        };
        Ok(source)
    }

    /// Bytes of the longest value at most, without a look at each.
    pub(super) fn longest_bound(&self) -> usize {
        match self {
            Source::Nothing => 0,
            Source::Boolean(_) => 1,
            Source::Int32(_) | Source::Float(_) | Source::Narrow(_) => 4,
            Source::Int64(_) | Source::Double(_) => 8,
            Source::Interval(_) => 12,
            Source::Decimal(_) => WIDEST_NUMBER,
            Source::Fixed(values) => values.width(),
            Source::Bytes(source) => match source {
                ByteSource::Views { buffers, .. } => {
                    let buffers = buffers.iter().map(Buffer::len).max();
                    buffers.unwrap_or(0).max(INLINE_BYTES)
                }
                ByteSource::Fixed(values) => values.width(),
                source => source.span().unwrap_or(usize::MAX),
            },
        }
    }

    /// Bytes of all values together at most, each counted once.
    pub(super) fn span_bound(&self) -> Option<usize> {
        match self {
            Source::Bytes(source) => source.span(),
            _ => None,
        }
    }

    /// Decimals of the width that the column has need no conversion.
    fn decimals(decimals: Decimals<'a>, target: Target) -> Self {
        match (decimals, target) {
            (Decimals::Width4(values), Target::Int32) => Source::Int32(values),
            (Decimals::Width8(values), Target::Int64) => Source::Int64(values),
            (decimals, _) => Source::Decimal(decimals),
        }
    }
}

/// Bytes that fit into an Arrow view itself.
const INLINE_BYTES: usize = 12;

/// Whether values of `data_type`, which has no layers, can be written to a column of `target`.
///
/// # Errors
/// [`ParquetError::NYI`] for intervals of months, days and nanoseconds, [`ParquetError::ArrowError`] for any other
/// pair that has no conversion.
pub(super) fn supported(data_type: &DataType, target: Target) -> Result<()> {
    let fits = match data_type {
        DataType::Null => true,
        DataType::Boolean => target == Target::Boolean,
        DataType::Float32 => target == Target::Float,
        DataType::Float64 => target == Target::Double,
        DataType::Float16 => target == Target::Fixed(2),
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::Date32
        | DataType::Time32(_) => target == Target::Int32,
        DataType::Date64 => matches!(target, Target::Int32 | Target::Int64),
        DataType::Int64
        | DataType::UInt64
        | DataType::Time64(_)
        | DataType::Timestamp(_, _)
        | DataType::Duration(_) => target == Target::Int64,
        DataType::Decimal32(_, _)
        | DataType::Decimal64(_, _)
        | DataType::Decimal128(_, _)
        | DataType::Decimal256(_, _) => {
            matches!(
                target,
                Target::Int32 | Target::Int64 | Target::Bytes | Target::Fixed(_)
            )
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            return Err(ParquetError::NYI(
                "Attempting to write an Arrow interval type MonthDayNano to parquet that is not yet implemented".into(),
            ));
        }
        DataType::Interval(_) => target == Target::Fixed(12),
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => target == Target::Bytes,
        DataType::FixedSizeBinary(length) => match target {
            Target::Bytes => true,
            Target::Fixed(width) => usize::try_from(*length) == Ok(width),
            _ => false,
        },
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(unsupported(data_type, target))
    }
}

fn unsupported(data_type: &DataType, target: Target) -> ParquetError {
    ParquetError::ArrowError(format!(
        "values of type {data_type} cannot be written as {target}"
    ))
}

/// The buffer behind an array of numbers, from its first slot on.
pub(super) fn primitive_buffer(array: &dyn Array) -> Result<&Buffer> {
    downcast_primitive_array!(
        array => Ok(array.values().inner()),
        other => Err(ParquetError::ArrowError(format!("an array of {other} is not an array of numbers")))
    )
}

/// The slots of an array of numbers, seen as `N`, which has the width of the array's own type.
fn natives<N: ArrowNativeType>(array: &dyn Array) -> Result<&[N]> {
    Ok(primitive_buffer(array)?.typed_data())
}

/// As [`natives`], where the type is known: the most frequent types are not looked for among all that there are.
fn numbers<T: ArrowPrimitiveType, N: ArrowNativeType>(array: &dyn Array) -> Result<&[N]> {
    match array.as_primitive_opt::<T>() {
        Some(numbers) => Ok(numbers.values().inner().typed_data()),
        None => natives(array),
    }
}
