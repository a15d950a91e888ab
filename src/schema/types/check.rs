//! Which annotations fit which types, and what a builder says when one does not.
//!
//! SPEC: LogicalTypes.md, one section a type; the comments of parquet.thrift.

use super::node::{Type, TypePtr};
use crate::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use crate::errors::{ParquetError, Result};

/// A leaf with its annotations.
#[derive(Debug, Clone)]
pub(super) struct Annotated<'a> {
    pub(super) name: &'a str,
    pub(super) physical_type: PhysicalType,
    pub(super) converted_type: ConvertedType,
    pub(super) logical_type: Option<LogicalType>,
    pub(super) length: i32,
    pub(super) precision: i32,
    pub(super) scale: i32,
}

/// Checks a leaf, and returns the converted type it gets.
pub(super) fn primitive(leaf: &Annotated<'_>) -> Result<ConvertedType> {
    if leaf.physical_type == PhysicalType::FIXED_LEN_BYTE_ARRAY && leaf.length < 0 {
        return refuse(format!(
            "Invalid FIXED_LEN_BYTE_ARRAY length: {} for field '{}'",
            leaf.length, leaf.name
        ));
    }
    let converted_type = match &leaf.logical_type {
        Some(logical_type) => logical(leaf, logical_type)?,
        None => leaf.converted_type,
    };
    converted(leaf, converted_type)?;
    Ok(converted_type)
}

/// Checks a group, and returns the converted type it gets.
pub(super) fn group(
    name: &str,
    logical_type: Option<&LogicalType>,
    converted_type: ConvertedType,
    fields: &[TypePtr],
) -> Result<ConvertedType> {
    match logical_type {
        Some(LogicalType::File) => {
            for field in fields {
                file_field(name, field)?;
            }
            Ok(ConvertedType::NONE)
        }
        // An odd width has no converted type; on a group the annotation is meaningless anyway.
        Some(LogicalType::Integer(_)) | None => Ok(converted_type),
        Some(logical_type) => Ok(logical_type.converted_type()),
    }
}

fn refuse<T>(message: String) -> Result<T> {
    Err(ParquetError::General(message))
}

/// Checks a logical type against the physical type and the converted type that came with it.
fn logical(leaf: &Annotated<'_>, logical_type: &LogicalType) -> Result<ConvertedType> {
    let name = leaf.name;
    let implied = match logical_type {
        LogicalType::Integer(int) if !matches!(int.bit_width, 8 | 16 | 32 | 64) => {
            return refuse(format!(
                "Cannot annotate {logical_type:?} from {} for field '{name}'",
                leaf.physical_type
            ));
        }
        logical_type => logical_type.converted_type(),
    };
    if leaf.converted_type != ConvertedType::NONE && leaf.converted_type != implied {
        return refuse(format!(
            "Logical type {logical_type:?} is incompatible with converted type {} for field '{name}'",
            leaf.converted_type
        ));
    }
    if let LogicalType::Map | LogicalType::List | LogicalType::File = logical_type {
        return refuse(format!(
            "{logical_type:?} cannot be applied to a primitive type for field '{name}'"
        ));
    }
    if let LogicalType::Decimal(decimal) = logical_type {
        for (what, said, own) in [
            ("scale", decimal.scale, leaf.scale),
            ("precision", decimal.precision, leaf.precision),
        ] {
            if said != own {
                return refuse(format!(
                    "DECIMAL logical type {what} {said} must match self.{what} {own} for field '{name}'"
                ));
            }
        }
        decimal_digits(leaf)?;
        return Ok(implied);
    }
    match fit(logical_type, leaf.physical_type) {
        Fit::Any => Ok(implied),
        Fit::Bytes(length) if leaf.length != length => refuse(format!(
            "{} cannot annotate field '{name}' because it is not a FIXED_LEN_BYTE_ARRAY({length}) field",
            format!("{logical_type:?}").to_uppercase()
        )),
        Fit::Bytes(_) => Ok(implied),
        Fit::MillisOnInt64 => refuse(format!(
            "Cannot use millisecond unit on INT64 type for field '{name}'"
        )),
        Fit::No => refuse(format!(
            "Cannot annotate {logical_type:?} from {} for field '{name}'",
            leaf.physical_type
        )),
    }
}

/// Whether a logical type can annotate a physical type.
enum Fit {
    /// It can.
    Any,
    /// If values have this many bytes.
    Bytes(i32),
    /// It cannot, for a reason that deserves its own words.
    MillisOnInt64,
    /// It cannot.
    No,
}

fn fit(logical_type: &LogicalType, physical_type: PhysicalType) -> Fit {
    use PhysicalType::{BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY, INT32, INT64};
    let fits = match (logical_type, physical_type) {
        (LogicalType::Unknown | LogicalType::_Unknown { .. }, _) => true,
        (LogicalType::Uuid, FIXED_LEN_BYTE_ARRAY) => return Fit::Bytes(16),
        (LogicalType::Float16, FIXED_LEN_BYTE_ARRAY) => return Fit::Bytes(2),
        (LogicalType::Time(time), INT64) if time.unit == TimeUnit::MILLIS => {
            return Fit::MillisOnInt64;
        }
        (LogicalType::Time(_), INT64) | (LogicalType::Timestamp(_), INT64) => true,
        (LogicalType::Time(time), INT32) => time.unit == TimeUnit::MILLIS,
        (LogicalType::Date, INT32) => true,
        (LogicalType::Integer(int), INT32) => int.bit_width <= 32,
        (LogicalType::Integer(int), INT64) => int.bit_width == 64,
        (
            LogicalType::String
            | LogicalType::Enum
            | LogicalType::Json
            | LogicalType::Bson
            | LogicalType::Geometry(_)
            | LogicalType::Geography(_),
            BYTE_ARRAY,
        ) => true,
        _ => false,
    };
    if fits { Fit::Any } else { Fit::No }
}

/// Checks a converted type, given or implied, against the physical type.
fn converted(leaf: &Annotated<'_>, converted_type: ConvertedType) -> Result<()> {
    match carrier(converted_type) {
        Carrier::Any => Ok(()),
        Carrier::Decimal => decimal_digits(leaf),
        Carrier::Interval => interval(leaf),
        Carrier::Group => refuse(format!(
            "{converted_type} cannot be applied to primitive field '{}'",
            leaf.name
        )),
        Carrier::Type(wanted) if leaf.physical_type == wanted => Ok(()),
        Carrier::Type(wanted) => refuse(format!(
            "{converted_type} cannot annotate field '{}' because it is not a {wanted} field",
            leaf.name
        )),
    }
}

/// What a converted type may annotate.
enum Carrier {
    Any,
    Type(PhysicalType),
    Decimal,
    Interval,
    Group,
}

fn carrier(converted_type: ConvertedType) -> Carrier {
    use ConvertedType as C;
    match converted_type {
        C::NONE => Carrier::Any,
        C::LIST | C::MAP | C::MAP_KEY_VALUE => Carrier::Group,
        C::DECIMAL => Carrier::Decimal,
        C::INTERVAL => Carrier::Interval,
        C::BSON | C::ENUM | C::JSON | C::UTF8 => Carrier::Type(PhysicalType::BYTE_ARRAY),
        C::INT_8 | C::INT_16 | C::INT_32 | C::UINT_8 | C::UINT_16 | C::UINT_32 => {
            Carrier::Type(PhysicalType::INT32)
        }
        C::INT_64 | C::UINT_64 => Carrier::Type(PhysicalType::INT64),
        C::DATE | C::TIME_MILLIS => Carrier::Type(PhysicalType::INT32),
        C::TIME_MICROS | C::TIMESTAMP_MICROS | C::TIMESTAMP_MILLIS => {
            Carrier::Type(PhysicalType::INT64)
        }
    }
}

fn interval(leaf: &Annotated<'_>) -> Result<()> {
    if leaf.physical_type == PhysicalType::FIXED_LEN_BYTE_ARRAY && leaf.length == 12 {
        return Ok(());
    }
    refuse(format!(
        "INTERVAL cannot annotate field '{}' because it is not a FIXED_LEN_BYTE_ARRAY(12) field",
        leaf.name
    ))
}

/// SPEC: LogicalTypes.md, "DECIMAL": precision is at least 1, and the unscaled value must fit.
fn decimal_digits(leaf: &Annotated<'_>) -> Result<()> {
    let (precision, scale) = (leaf.precision, leaf.scale);
    let most_digits = match leaf.physical_type {
        PhysicalType::INT32 => 9,
        PhysicalType::INT64 => 18,
        PhysicalType::BYTE_ARRAY => i32::MAX,
        PhysicalType::FIXED_LEN_BYTE_ARRAY => digits_in(leaf.length),
        _ => {
            return refuse(
                "DECIMAL can only annotate INT32, INT64, BYTE_ARRAY and FIXED_LEN_BYTE_ARRAY"
                    .to_string(),
            );
        }
    };
    if precision < 1 {
        return refuse(format!("Invalid DECIMAL precision: {precision}"));
    }
    if scale < 0 {
        return refuse(format!("Invalid DECIMAL scale: {scale}"));
    }
    if scale > precision {
        return refuse(format!(
            "Invalid DECIMAL: scale ({scale}) cannot be greater than precision ({precision})"
        ));
    }
    if precision <= most_digits {
        return Ok(());
    }
    if leaf.physical_type == PhysicalType::FIXED_LEN_BYTE_ARRAY {
        return refuse(format!(
            "Cannot represent FIXED_LEN_BYTE_ARRAY as DECIMAL with length {} and precision {precision}. \
             The max precision can only be {most_digits}",
            leaf.length
        ));
    }
    refuse(format!(
        "Cannot represent {} as DECIMAL with precision {precision}",
        leaf.physical_type
    ))
}

/// How many decimal digits every two's complement number of `length` bytes has room for:
/// floor(log10(2^(8 * length - 1) - 1)).
fn digits_in(length: i32) -> i32 {
    /// log10(2), in units of 1e-18, rounded down.
    const LOG10_OF_2: i128 = 301_029_995_663_981_195;
    let value_bits = (8 * i128::from(length) - 1).max(0);
    // No power of two is a power of ten, so subtracting one does not change the number of digits.
    let digits = value_bits * LOG10_OF_2 / 1_000_000_000_000_000_000;
    i32::try_from(digits).unwrap_or(i32::MAX)
}

/// The fields that a `FILE` group may have; all are optional.
///
/// SPEC: LogicalTypes.md, "FILE".
const FILE_FIELDS: [&str; 6] = [
    "uri",
    "offset",
    "size",
    "content_type",
    "checksum",
    "inline",
];

fn file_field(group: &str, field: &Type) -> Result<()> {
    let name = field.name();
    if !FILE_FIELDS.contains(&name) {
        return refuse(format!(
            "FILE type group '{group}' contains unrecognized field '{name}'. Valid fields are: {}",
            FILE_FIELDS.join(", ")
        ));
    }
    let (type_wanted, meaning_wanted) = match name {
        "offset" | "size" => (PhysicalType::INT64, None),
        "inline" => (PhysicalType::BYTE_ARRAY, None),
        _ => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let info = field.get_basic_info();
    let complaint = match field {
        Type::GroupType { .. } => format!("in group '{group}' must be a primitive type"),
        _ if info.repetition != Some(Repetition::OPTIONAL) => {
            format!("must be OPTIONAL in group '{group}'")
        }
        _ if field.get_physical_type() != type_wanted => {
            format!("in group '{group}' must have physical type {type_wanted}")
        }
        _ if info.logical_type != meaning_wanted => {
            format!("in group '{group}' must have logical type {meaning_wanted:?}")
        }
        _ => return Ok(()),
    };
    refuse(format!("FILE type field '{name}' {complaint}"))
}
