//! What the numbers of a column count. A column says so by its annotation, or by the Arrow field that is kept for it;
//! an array by its type. Where the two contradict one another, the same number would be another value.

use std::fmt;

use arrow_schema::{DataType, TimeUnit as ArrowUnit};

use crate::basic::{ConvertedType, LogicalType, TimeUnit};
use crate::schema::types::ColumnDescriptor;

/// What values mean, as far as it can be contradicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing, or nothing that is told apart here.
    Plain,
    Integer {
        bits: u32,
        signed: bool,
    },
    Decimal {
        precision: i32,
        scale: i32,
    },
    /// Days, or milliseconds where the column has 64 bits.
    Date,
    Time(ArrowUnit),
    Timestamp(ArrowUnit),
    Duration(ArrowUnit),
    Interval,
    Text,
}

impl Meaning {
    /// What the annotation of `descr` says.
    pub(super) fn of_column(descr: &ColumnDescriptor) -> Self {
        match descr.logical_type_ref() {
            Some(LogicalType::Integer(integer)) => Self::Integer {
                bits: u32::try_from(integer.bit_width).unwrap_or(64),
                signed: integer.is_signed,
            },
            Some(LogicalType::Decimal(decimal)) => Self::Decimal {
                precision: decimal.precision,
                scale: decimal.scale,
            },
            Some(LogicalType::Date) => Self::Date,
            Some(LogicalType::Time(time)) => Self::Time(arrow_unit(time.unit)),
            Some(LogicalType::Timestamp(time)) => Self::Timestamp(arrow_unit(time.unit)),
            Some(LogicalType::String) => Self::Text,
            Some(_) => Self::Plain,
            None => Self::of_converted(descr),
        }
    }

    fn of_converted(descr: &ColumnDescriptor) -> Self {
        let integer = |bits, signed| Self::Integer { bits, signed };
        match descr.converted_type() {
            ConvertedType::DECIMAL => Self::Decimal {
                precision: descr.type_precision(),
                scale: descr.type_scale().max(0),
            },
            ConvertedType::DATE => Self::Date,
            ConvertedType::TIME_MILLIS => Self::Time(ArrowUnit::Millisecond),
            ConvertedType::TIME_MICROS => Self::Time(ArrowUnit::Microsecond),
            ConvertedType::TIMESTAMP_MILLIS => Self::Timestamp(ArrowUnit::Millisecond),
            ConvertedType::TIMESTAMP_MICROS => Self::Timestamp(ArrowUnit::Microsecond),
            ConvertedType::UINT_8 => integer(8, false),
            ConvertedType::UINT_16 => integer(16, false),
            ConvertedType::UINT_32 => integer(32, false),
            ConvertedType::UINT_64 => integer(64, false),
            ConvertedType::INT_8 => integer(8, true),
            ConvertedType::INT_16 => integer(16, true),
            ConvertedType::INT_32 => integer(32, true),
            ConvertedType::INT_64 => integer(64, true),
            ConvertedType::INTERVAL => Self::Interval,
            ConvertedType::UTF8 => Self::Text,
            _ => Self::Plain,
        }
    }

    /// What arrays of `data_type`, which has no layers, hold.
    pub(super) fn of_array(data_type: &DataType) -> Self {
        let integer = |bits, signed| Self::Integer { bits, signed };
        match data_type {
            DataType::Int8 => integer(8, true),
            DataType::Int16 => integer(16, true),
            DataType::Int32 => integer(32, true),
            DataType::Int64 => integer(64, true),
            DataType::UInt8 => integer(8, false),
            DataType::UInt16 => integer(16, false),
            DataType::UInt32 => integer(32, false),
            DataType::UInt64 => integer(64, false),
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale) => Self::Decimal {
                precision: i32::from(*precision),
                scale: i32::from(*scale),
            },
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(unit) | DataType::Time64(unit) => Self::Time(*unit),
            DataType::Timestamp(unit, _) => Self::Timestamp(*unit),
            DataType::Duration(unit) => Self::Duration(*unit),
            DataType::Interval(_) => Self::Interval,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            _ => Self::Plain,
        }
    }

    /// Whether values of this meaning can stand in a column of meaning `column` as the numbers they are.
    pub(super) fn agrees_with(self, column: Self) -> bool {
        match (self, column) {
            (Self::Plain, _) | (_, Self::Plain) => true,
            // Whole numbers are what the column says they are, but for the digits after a point.
            (Self::Integer { .. }, Self::Decimal { scale, .. })
            | (Self::Decimal { scale, .. }, Self::Integer { .. }) => scale == 0,
            (Self::Integer { .. }, _) | (_, Self::Integer { .. }) => true,
            (Self::Decimal { scale, .. }, Self::Decimal { scale: other, .. }) => scale == other,
            // Both count milliseconds.
            (Self::Date, Self::Timestamp(unit)) | (Self::Timestamp(unit), Self::Date) => {
                unit == ArrowUnit::Millisecond
            }
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("values"),
            Self::Integer { bits, signed: true } => write!(f, "whole numbers of {bits} bits"),
            Self::Integer {
                bits,
                signed: false,
            } => write!(f, "unsigned numbers of {bits} bits"),
            Self::Decimal { precision, scale } => write!(f, "DECIMAL({precision}, {scale})"),
            Self::Date => f.write_str("dates"),
            Self::Time(unit) => write!(f, "times of day in {}", words(*unit)),
            Self::Timestamp(unit) => write!(f, "timestamps in {}", words(*unit)),
            Self::Duration(unit) => write!(f, "durations in {}", words(*unit)),
            Self::Interval => f.write_str("intervals"),
            Self::Text => f.write_str("text"),
        }
    }
}

fn words(unit: ArrowUnit) -> &'static str {
    match unit {
        ArrowUnit::Second => "seconds",
        ArrowUnit::Millisecond => "milliseconds",
        ArrowUnit::Microsecond => "microseconds",
        ArrowUnit::Nanosecond => "nanoseconds",
    }
}

fn arrow_unit(unit: TimeUnit) -> ArrowUnit {
    match unit {
        TimeUnit::MILLIS => ArrowUnit::Millisecond,
        TimeUnit::MICROS => ArrowUnit::Microsecond,
        TimeUnit::NANOS => ArrowUnit::Nanosecond,
    }
}
