//! What a field means: [`LogicalType`], the older [`ConvertedType`], and the parameters of both.

use std::fmt;
use std::str::FromStr;

use super::named::{by_name, impl_named_enum};
use crate::errors::{ParquetError, Result};

/// The annotation of the format's first years, still written for old readers.
///
/// SPEC: LogicalTypes.md; parquet.thrift, `ConvertedType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(non_camel_case_types, reason = "the names of the format")]
pub enum ConvertedType {
    /// No annotation; such a field has none in the file either.
    NONE = -1,
    /// A string in UTF-8.
    UTF8 = 0,
    /// A map: a group around repeated key-value pairs.
    MAP = 1,
    /// The repeated pair inside a map, as old writers marked it.
    MAP_KEY_VALUE = 2,
    /// A list: a group around a repeated element.
    LIST = 3,
    /// The name of an enum's value.
    ENUM = 4,
    /// A decimal with the precision and scale of the schema element.
    DECIMAL = 5,
    /// Days since 1970-01-01.
    DATE = 6,
    /// Milliseconds since midnight.
    TIME_MILLIS = 7,
    /// Microseconds since midnight.
    TIME_MICROS = 8,
    /// Milliseconds since 1970-01-01 00:00.
    TIMESTAMP_MILLIS = 9,
    /// Microseconds since 1970-01-01 00:00.
    TIMESTAMP_MICROS = 10,
    /// An unsigned number of 8 bits.
    UINT_8 = 11,
    /// An unsigned number of 16 bits.
    UINT_16 = 12,
    /// An unsigned number of 32 bits.
    UINT_32 = 13,
    /// An unsigned number of 64 bits.
    UINT_64 = 14,
    /// A signed number of 8 bits.
    INT_8 = 15,
    /// A signed number of 16 bits.
    INT_16 = 16,
    /// A signed number of 32 bits.
    INT_32 = 17,
    /// A signed number of 64 bits.
    INT_64 = 18,
    /// A JSON document.
    JSON = 19,
    /// A BSON document.
    BSON = 20,
    /// Months, days and milliseconds in twelve bytes.
    INTERVAL = 21,
}

impl_named_enum!(
    ConvertedType,
    [
        NONE,
        UTF8,
        MAP,
        MAP_KEY_VALUE,
        LIST,
        ENUM,
        DECIMAL,
        DATE,
        TIME_MILLIS,
        TIME_MICROS,
        TIMESTAMP_MILLIS,
        TIMESTAMP_MICROS,
        UINT_8,
        UINT_16,
        UINT_32,
        UINT_64,
        INT_8,
        INT_16,
        INT_32,
        INT_64,
        JSON,
        BSON,
        INTERVAL
    ]
);

impl FromStr for ConvertedType {
    type Err = ParquetError;

    /// Reads the upper-case name of a converted type.
    fn from_str(text: &str) -> Result<Self> {
        by_name(ConvertedType::VARIANTS, text)
            .ok_or_else(|| ParquetError::General(format!("Invalid parquet converted type {text}")))
    }
}

/// What the values of a field, or a group of fields, mean.
///
/// SPEC: LogicalTypes.md; parquet.thrift, `LogicalType`. The number 9 is reserved for intervals.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogicalType {
    /// A string in UTF-8.
    String,
    /// A map: a group around repeated key-value pairs.
    Map,
    /// A list: a group around a repeated element.
    List,
    /// The name of an enum's value.
    Enum,
    /// A decimal.
    Decimal(DecimalType),
    /// Days since 1970-01-01.
    Date,
    /// A time of day.
    Time(TimeType),
    /// A point in time, or a local date and time.
    Timestamp(TimestampType),
    /// A whole number of a width.
    Integer(IntType),
    /// Only nulls.
    Unknown,
    /// A JSON document.
    Json,
    /// A BSON document.
    Bson,
    /// A UUID in sixteen bytes.
    Uuid,
    /// A half-precision number in two bytes.
    Float16,
    /// A value of any type, self-described.
    Variant(VariantType),
    /// A planar geometry in WKB.
    Geometry(GeometryType),
    /// A geometry on the globe in WKB.
    Geography(GeographyType),
    /// A reference to a range of bytes, inline or in some file.
    File,
    /// A logical type that this crate does not know.
    _Unknown {
        /// Its number in the format's union.
        field_id: i16,
    },
}

/// Parameters of [`LogicalType::Decimal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DecimalType {
    /// Digits after the point.
    pub scale: i32,
    /// Digits in all.
    pub precision: i32,
}

/// Parameters of [`LogicalType::Timestamp`] and [`LogicalType::Time`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimestampType {
    /// Whether values are points on the UTC time line; local otherwise.
    pub is_adjusted_to_u_t_c: bool,
    /// What one step counts.
    pub unit: TimeUnit,
}

/// Parameters of [`LogicalType::Time`].
pub type TimeType = TimestampType;

/// Parameters of [`LogicalType::Integer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IntType {
    /// 8, 16, 32 or 64.
    pub bit_width: i8,
    /// Whether values may be negative.
    pub is_signed: bool,
}

/// Parameters of [`LogicalType::Variant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariantType {
    /// The version of the variant specification the values follow.
    pub specification_version: Option<i8>,
}

/// Parameters of [`LogicalType::Geometry`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GeometryType {
    /// The coordinate reference system; `OGC:CRS84` if absent.
    pub crs: Option<String>,
}

/// Parameters of [`LogicalType::Geography`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GeographyType {
    /// The coordinate reference system; `OGC:CRS84` if absent.
    pub crs: Option<String>,
    /// How edges run between points; spherical if absent.
    pub algorithm: Option<EdgeInterpolationAlgorithm>,
}

impl GeographyType {
    /// How edges run between points, the default filled in; never `None`.
    pub fn algorithm(&self) -> Option<EdgeInterpolationAlgorithm> {
        Some(self.algorithm.unwrap_or_default())
    }
}

/// The unit of times and timestamps.
///
/// SPEC: parquet.thrift, `TimeUnit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimeUnit {
    /// Thousandths of a second.
    MILLIS,
    /// Millionths of a second.
    MICROS,
    /// Billionths of a second.
    NANOS,
}

impl TimeUnit {
    /// The number of the union's member.
    pub(crate) const fn wire_field_id(self) -> i16 {
        match self {
            TimeUnit::MILLIS => 1,
            TimeUnit::MICROS => 2,
            TimeUnit::NANOS => 3,
        }
    }
}

/// How the edges of a geography run between its points.
///
/// SPEC: Geospatial.md; parquet.thrift, `EdgeInterpolationAlgorithm`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EdgeInterpolationAlgorithm {
    /// Great circles on a sphere.
    #[default]
    SPHERICAL,
    /// Vincenty's formulae on an ellipsoid.
    VINCENTY,
    /// Thomas's formulae on an ellipsoid.
    THOMAS,
    /// Andoyer's and Lambert's formulae on an ellipsoid.
    ANDOYER,
    /// Karney's geodesics on an ellipsoid.
    KARNEY,
    /// An algorithm that this crate does not know, by its number in the format.
    _Unknown(i32),
}

impl EdgeInterpolationAlgorithm {
    /// The number that stands for this algorithm in a file.
    pub(crate) const fn wire_id(self) -> i32 {
        match self {
            EdgeInterpolationAlgorithm::SPHERICAL => 0,
            EdgeInterpolationAlgorithm::VINCENTY => 1,
            EdgeInterpolationAlgorithm::THOMAS => 2,
            EdgeInterpolationAlgorithm::ANDOYER => 3,
            EdgeInterpolationAlgorithm::KARNEY => 4,
            EdgeInterpolationAlgorithm::_Unknown(id) => id,
        }
    }
}

impl FromStr for EdgeInterpolationAlgorithm {
    type Err = ParquetError;

    /// Reads the name of a known algorithm, in letters of any case.
    fn from_str(text: &str) -> Result<Self> {
        use EdgeInterpolationAlgorithm::{ANDOYER, KARNEY, SPHERICAL, THOMAS, VINCENTY};
        by_name(
            &[SPHERICAL, VINCENTY, THOMAS, ANDOYER, KARNEY],
            &text.to_ascii_uppercase(),
        )
        .ok_or_else(|| {
            let text = text.to_ascii_uppercase();
            ParquetError::General(format!("Unknown edge interpolation algorithm: {text}"))
        })
    }
}

impl fmt::Display for EdgeInterpolationAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl LogicalType {
    /// A whole number of `bit_width` bits (8, 16, 32 or 64).
    pub fn integer(bit_width: i8, is_signed: bool) -> Self {
        LogicalType::Integer(IntType {
            bit_width,
            is_signed,
        })
    }

    /// A decimal of `precision` digits, `scale` of them after the point.
    pub fn decimal(scale: i32, precision: i32) -> Self {
        LogicalType::Decimal(DecimalType { scale, precision })
    }

    /// A time of day, in UTC or local.
    pub fn time(is_adjusted_to_u_t_c: bool, unit: TimeUnit) -> Self {
        LogicalType::Time(TimeType {
            is_adjusted_to_u_t_c,
            unit,
        })
    }

    /// A point in time, or a local date and time.
    pub fn timestamp(is_adjusted_to_u_t_c: bool, unit: TimeUnit) -> Self {
        LogicalType::Timestamp(TimestampType {
            is_adjusted_to_u_t_c,
            unit,
        })
    }

    /// A variant that follows this version of its specification.
    pub fn variant(specification_version: Option<i8>) -> Self {
        LogicalType::Variant(VariantType {
            specification_version,
        })
    }

    /// A planar geometry in this coordinate reference system.
    pub fn geometry(crs: Option<String>) -> Self {
        LogicalType::Geometry(GeometryType { crs })
    }

    /// A geometry on the globe in this coordinate reference system.
    pub fn geography(crs: Option<String>, algorithm: Option<EdgeInterpolationAlgorithm>) -> Self {
        LogicalType::Geography(GeographyType { crs, algorithm })
    }

    /// The number of the union's member.
    pub(crate) const fn wire_field_id(&self) -> i16 {
        match self {
            LogicalType::String => 1,
            LogicalType::Map => 2,
            LogicalType::List => 3,
            LogicalType::Enum => 4,
            LogicalType::Decimal(_) => 5,
            LogicalType::Date => 6,
            LogicalType::Time(_) => 7,
            LogicalType::Timestamp(_) => 8,
            LogicalType::Integer(_) => 10,
            LogicalType::Unknown => 11,
            LogicalType::Json => 12,
            LogicalType::Bson => 13,
            LogicalType::Uuid => 14,
            LogicalType::Float16 => 15,
            LogicalType::Variant(_) => 16,
            LogicalType::Geometry(_) => 17,
            LogicalType::Geography(_) => 18,
            LogicalType::File => 19,
            LogicalType::_Unknown { field_id } => *field_id,
        }
    }

    /// The converted type that says the same to old readers, if there is one.
    ///
    /// # Panics
    /// If an integer's width is none of 8, 16, 32 and 64.
    pub(crate) fn converted_type(&self) -> ConvertedType {
        match self {
            LogicalType::String => ConvertedType::UTF8,
            LogicalType::Map => ConvertedType::MAP,
            LogicalType::List => ConvertedType::LIST,
            LogicalType::Enum => ConvertedType::ENUM,
            LogicalType::Decimal(_) => ConvertedType::DECIMAL,
            LogicalType::Date => ConvertedType::DATE,
            LogicalType::Time(time) => match time.unit {
                TimeUnit::MILLIS => ConvertedType::TIME_MILLIS,
                TimeUnit::MICROS => ConvertedType::TIME_MICROS,
                TimeUnit::NANOS => ConvertedType::NONE,
            },
            LogicalType::Timestamp(timestamp) => match timestamp.unit {
                TimeUnit::MILLIS => ConvertedType::TIMESTAMP_MILLIS,
                TimeUnit::MICROS => ConvertedType::TIMESTAMP_MICROS,
                TimeUnit::NANOS => ConvertedType::NONE,
            },
            LogicalType::Integer(int) => int.converted_type(),
            LogicalType::Json => ConvertedType::JSON,
            LogicalType::Bson => ConvertedType::BSON,
            LogicalType::Unknown
            | LogicalType::Uuid
            | LogicalType::Float16
            | LogicalType::Variant(_)
            | LogicalType::Geometry(_)
            | LogicalType::Geography(_)
            | LogicalType::File
            | LogicalType::_Unknown { .. } => ConvertedType::NONE,
        }
    }
}

impl IntType {
    fn converted_type(&self) -> ConvertedType {
        assert!(
            matches!(self.bit_width, 8 | 16 | 32 | 64),
            "Integer type bit_width={}, signed={} is not supported",
            self.bit_width,
            self.is_signed
        );
        match (self.bit_width, self.is_signed) {
            (8, true) => ConvertedType::INT_8,
            (16, true) => ConvertedType::INT_16,
            (32, true) => ConvertedType::INT_32,
            (_, true) => ConvertedType::INT_64,
            (8, false) => ConvertedType::UINT_8,
            (16, false) => ConvertedType::UINT_16,
            (32, false) => ConvertedType::UINT_32,
            (_, false) => ConvertedType::UINT_64,
        }
    }
}

impl From<Option<LogicalType>> for ConvertedType {
    /// The converted type that says the same to old readers; [`ConvertedType::NONE`] if none does.
    ///
    /// # Panics
    /// If an integer's width is none of 8, 16, 32 and 64.
    fn from(logical_type: Option<LogicalType>) -> Self {
        logical_type.map_or(ConvertedType::NONE, |logical_type| {
            logical_type.converted_type()
        })
    }
}

impl FromStr for LogicalType {
    type Err = ParquetError;

    /// Reads the upper-case name of a logical type. Names do not carry parameters: types that have
    /// some come back with placeholders, which the reader of the text fills in.
    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "STRING" => LogicalType::String,
            "MAP" => LogicalType::Map,
            "LIST" => LogicalType::List,
            "ENUM" => LogicalType::Enum,
            "DECIMAL" => LogicalType::decimal(-1, -1),
            "DATE" => LogicalType::Date,
            "TIME" => LogicalType::time(false, TimeUnit::MILLIS),
            "TIMESTAMP" => LogicalType::timestamp(false, TimeUnit::MILLIS),
            "INTEGER" => LogicalType::integer(8, false),
            "UNKNOWN" => LogicalType::Unknown,
            "JSON" => LogicalType::Json,
            "BSON" => LogicalType::Bson,
            "UUID" => LogicalType::Uuid,
            "FLOAT16" => LogicalType::Float16,
            "VARIANT" => LogicalType::variant(None),
            "GEOMETRY" => LogicalType::geometry(None),
            "GEOGRAPHY" => {
                LogicalType::geography(None, Some(EdgeInterpolationAlgorithm::SPHERICAL))
            }
            "FILE" => LogicalType::File,
            "INTERVAL" => {
                return Err(ParquetError::General(
                    "Interval parquet logical type not yet supported".to_string(),
                ));
            }
            other => {
                return Err(ParquetError::General(format!(
                    "Invalid parquet logical type {other}"
                )));
            }
        })
    }
}
