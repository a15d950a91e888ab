//! Arrow types without children to Parquet leaves.
//!
//! SPEC: LogicalTypes.md.

use arrow_schema::{DataType, Field, TimeUnit as ArrowUnit};

use super::field_message;
use crate::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use crate::errors::{ParquetError, Result};
use crate::schema::types::Type;

/// A field with this key in its metadata holds times of day in UTC.
const ADJUSTED_TO_UTC: &str = "adjusted_to_utc";

/// Where the names inside lists and maps come from, and whether values are made to fit the types
/// that other systems know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// As the Arrow fields have them; every value keeps its bits.
    Arrow,
    /// As the format prescribes them; `Date64` becomes DATE.
    Format,
}

/// What a leaf says beside its name, repetition and id.
#[derive(Debug)]
pub(super) struct Leaf {
    physical: PhysicalType,
    /// Bytes of a FIXED_LEN_BYTE_ARRAY.
    length: Option<i32>,
    meaning: Meaning,
}

#[derive(Debug)]
enum Meaning {
    None,
    Logical(LogicalType),
    Decimal {
        precision: i32,
        scale: i32,
    },
    /// Intervals have a converted type only.
    Interval,
}

impl Leaf {
    /// The leaf for `data_type`, the type of the values of `field`.
    pub(super) fn of(data_type: &DataType, field: &Field, names: Names) -> Result<Self> {
        let leaf = match data_type {
            DataType::Null => Self::logical(PhysicalType::INT32, LogicalType::Unknown),
            DataType::Boolean => Self::plain(PhysicalType::BOOLEAN),
            DataType::Int8 => Self::integer(8, true),
            DataType::Int16 => Self::integer(16, true),
            DataType::Int32 => Self::plain(PhysicalType::INT32),
            DataType::Int64 => Self::plain(PhysicalType::INT64),
            DataType::UInt8 => Self::integer(8, false),
            DataType::UInt16 => Self::integer(16, false),
            DataType::UInt32 => Self::integer(32, false),
            DataType::UInt64 => Self::integer(64, false),
            DataType::Float16 => Self::fixed(2, Meaning::Logical(LogicalType::Float16)),
            DataType::Float32 => Self::plain(PhysicalType::FLOAT),
            DataType::Float64 => Self::plain(PhysicalType::DOUBLE),
            DataType::Date32 => Self::logical(PhysicalType::INT32, LogicalType::Date),
            DataType::Date64 => match names {
                Names::Arrow => Self::plain(PhysicalType::INT64),
                Names::Format => Self::logical(PhysicalType::INT32, LogicalType::Date),
            },
            DataType::Time32(unit) => Self::time(PhysicalType::INT32, *unit, field),
            DataType::Time64(unit) => Self::time(PhysicalType::INT64, *unit, field),
            DataType::Timestamp(unit, zone) => Self::timestamp(*unit, zone.as_deref()),
            DataType::Duration(_) => Self::plain(PhysicalType::INT64),
            DataType::Interval(_) => Self::fixed(12, Meaning::Interval),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
                Self::plain(PhysicalType::BYTE_ARRAY)
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Self::logical(PhysicalType::BYTE_ARRAY, LogicalType::String)
            }
            DataType::FixedSizeBinary(length) => Self::fixed_binary(*length, field)?,
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale) => Self::decimal(*precision, *scale),
            other => {
                let text = format_args!("has type {other}, which cannot be written to Parquet yet");
                return Err(ParquetError::NYI(field_message(field, text)));
            }
        };
        Ok(leaf)
    }

    /// The leaf as a node of the schema.
    pub(super) fn build(self, name: &str, repetition: Repetition, id: Option<i32>) -> Result<Type> {
        let builder = Type::primitive_type_builder(name, self.physical)
            .with_repetition(repetition)
            .with_id(id);
        let builder = match self.length {
            Some(length) => builder.with_length(length),
            None => builder,
        };
        let builder = match self.meaning {
            Meaning::None => builder,
            Meaning::Logical(logical) => builder.with_logical_type(Some(logical)),
            Meaning::Decimal { precision, scale } => builder
                .with_logical_type(Some(LogicalType::decimal(scale, precision)))
                .with_precision(precision)
                .with_scale(scale),
            Meaning::Interval => builder.with_converted_type(ConvertedType::INTERVAL),
        };
        builder.build()
    }

    fn plain(physical: PhysicalType) -> Self {
        Self {
            physical,
            length: None,
            meaning: Meaning::None,
        }
    }

    fn logical(physical: PhysicalType, logical: LogicalType) -> Self {
        Self {
            physical,
            length: None,
            meaning: Meaning::Logical(logical),
        }
    }

    fn fixed(length: i32, meaning: Meaning) -> Self {
        Self {
            physical: PhysicalType::FIXED_LEN_BYTE_ARRAY,
            length: Some(length),
            meaning,
        }
    }

    fn integer(bit_width: i8, is_signed: bool) -> Self {
        let physical = if bit_width == 64 {
            PhysicalType::INT64
        } else {
            PhysicalType::INT32
        };
        Self::logical(physical, LogicalType::integer(bit_width, is_signed))
    }

    fn time(physical: PhysicalType, unit: ArrowUnit, field: &Field) -> Self {
        let in_utc = field.metadata().contains_key(ADJUSTED_TO_UTC);
        match format_unit(unit) {
            Some(unit) => Self::logical(physical, LogicalType::time(in_utc, unit)),
            None => Self::plain(physical),
        }
    }

    fn timestamp(unit: ArrowUnit, zone: Option<&str>) -> Self {
        let in_utc = zone.is_some_and(|zone| !zone.is_empty());
        match format_unit(unit) {
            Some(unit) => Self::logical(PhysicalType::INT64, LogicalType::timestamp(in_utc, unit)),
            None => Self::plain(PhysicalType::INT64),
        }
    }

    fn fixed_binary(length: i32, field: &Field) -> Result<Self> {
        if length <= 0 {
            let text = format_args!(
                "has type FixedSizeBinary({length}), but a FIXED_LEN_BYTE_ARRAY needs at least one byte"
            );
            return Err(ParquetError::General(field_message(field, text)));
        }
        Ok(Self::fixed(length, Meaning::None))
    }

    fn decimal(precision: u8, scale: i8) -> Self {
        let meaning = Meaning::Decimal {
            precision: i32::from(precision),
            scale: i32::from(scale),
        };
        match precision {
            0..=9 => Self {
                physical: PhysicalType::INT32,
                length: None,
                meaning,
            },
            10..=18 => Self {
                physical: PhysicalType::INT64,
                length: None,
                meaning,
            },
            _ => Self::fixed(decimal_bytes(precision), meaning),
        }
    }
}

/// The format has no seconds.
fn format_unit(unit: ArrowUnit) -> Option<TimeUnit> {
    match unit {
        ArrowUnit::Second => None,
        ArrowUnit::Millisecond => Some(TimeUnit::MILLIS),
        ArrowUnit::Microsecond => Some(TimeUnit::MICROS),
        ArrowUnit::Nanosecond => Some(TimeUnit::NANOS),
    }
}

/// The fewest bytes whose two's complement holds every number of `precision` digits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 107 for a precision of 255"
)]
pub(super) fn decimal_bytes(precision: u8) -> i32 {
    let bits = f64::from(precision) * std::f64::consts::LOG2_10 + 1.0;
    (bits / 8.0).ceil() as i32
}
