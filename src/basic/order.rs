//! How values compare: the sort order of a type, the order a column's statistics follow, and the
//! order of pages in a column chunk.

use super::logical::{ConvertedType, LogicalType};
use super::named::impl_named_enum;
use super::physical::Type;

/// How the minima and maxima of a chunk's pages run.
///
/// SPEC: PageIndex.md; parquet.thrift, `BoundaryOrder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BoundaryOrder {
    /// Neither of the others holds, or nobody looked.
    UNORDERED = 0,
    /// Both minima and maxima never fall from page to page.
    ASCENDING = 1,
    /// Both minima and maxima never rise from page to page.
    DESCENDING = 2,
}

impl_named_enum!(BoundaryOrder, [UNORDERED, ASCENDING, DESCENDING]);

/// How two values of a column are compared for statistics.
///
/// SPEC: parquet.thrift, `ColumnOrder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(non_camel_case_types, reason = "the names of the format")]
pub enum SortOrder {
    /// As signed numbers, or as the signed value they represent.
    SIGNED,
    /// As unsigned numbers, or byte by byte.
    UNSIGNED,
    /// Not at all: no statistics.
    UNDEFINED,
    /// As IEEE 754 totalOrder has it: -NaN, numbers with -0 before +0, +NaN.
    TOTAL_ORDER,
    /// `INT96` timestamps by day, then by nanoseconds of the day.
    INT96_TIMESTAMP,
}

impl SortOrder {
    /// Whether values compare as signed numbers.
    pub fn is_signed(&self) -> bool {
        matches!(self, SortOrder::SIGNED)
    }
}

impl std::fmt::Display for SortOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

/// The order that the statistics of a column follow, as the footer states it.
///
/// SPEC: parquet.thrift, `ColumnOrder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(non_camel_case_types, reason = "the names of the format")]
pub enum ColumnOrder {
    /// The order that the logical or else the physical type defines.
    TYPE_DEFINED_ORDER(SortOrder),
    /// The total order of floating-point numbers.
    IEEE_754_TOTAL_ORDER,
    /// The chronological order of `INT96` timestamps.
    INT96_TIMESTAMP_ORDER,
    /// The file states no order.
    UNDEFINED,
    /// The file states an order that this crate does not know.
    UNKNOWN,
}

impl std::fmt::Display for ColumnOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

impl ColumnOrder {
    /// The order that a writer states for a leaf of this type: totalOrder for floating-point
    /// columns, chronological for `INT96`, and what the type defines for all others.
    ///
    /// Among those others a logical type decides alone if there is one, then a converted type
    /// other than [`ConvertedType::NONE`], then the physical type.
    pub fn column_order_for_type(
        logical_type: Option<&LogicalType>,
        converted_type: ConvertedType,
        physical_type: Type,
    ) -> Self {
        match (logical_type, physical_type) {
            (Some(LogicalType::Float16), _) | (_, Type::FLOAT | Type::DOUBLE) => {
                ColumnOrder::IEEE_754_TOTAL_ORDER
            }
            (_, Type::INT96) => ColumnOrder::INT96_TIMESTAMP_ORDER,
            (Some(logical_type), _) => ColumnOrder::TYPE_DEFINED_ORDER(logical_order(logical_type)),
            (None, _) if converted_type != ConvertedType::NONE => {
                ColumnOrder::TYPE_DEFINED_ORDER(converted_order(converted_type))
            }
            (None, Type::INT32 | Type::INT64) => ColumnOrder::TYPE_DEFINED_ORDER(SortOrder::SIGNED),
            (None, Type::BOOLEAN | Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY) => {
                ColumnOrder::TYPE_DEFINED_ORDER(SortOrder::UNSIGNED)
            }
        }
    }

    /// How values compare under this order.
    pub fn sort_order(&self) -> SortOrder {
        match self {
            ColumnOrder::TYPE_DEFINED_ORDER(order) => *order,
            ColumnOrder::IEEE_754_TOTAL_ORDER => SortOrder::TOTAL_ORDER,
            ColumnOrder::INT96_TIMESTAMP_ORDER => SortOrder::INT96_TIMESTAMP,
            ColumnOrder::UNDEFINED => SortOrder::SIGNED,
            ColumnOrder::UNKNOWN => SortOrder::UNDEFINED,
        }
    }

    /// The number of the union's member; `None` for orders that a footer cannot state.
    pub(crate) const fn wire_field_id(self) -> Option<i16> {
        match self {
            ColumnOrder::TYPE_DEFINED_ORDER(_) => Some(1),
            ColumnOrder::IEEE_754_TOTAL_ORDER => Some(2),
            ColumnOrder::INT96_TIMESTAMP_ORDER => Some(3),
            ColumnOrder::UNDEFINED | ColumnOrder::UNKNOWN => None,
        }
    }
}

fn logical_order(logical_type: &LogicalType) -> SortOrder {
    match logical_type {
        LogicalType::String | LogicalType::Enum | LogicalType::Json | LogicalType::Bson => {
            SortOrder::UNSIGNED
        }
        LogicalType::Uuid => SortOrder::UNSIGNED,
        LogicalType::Integer(int) if int.is_signed => SortOrder::SIGNED,
        LogicalType::Integer(_) => SortOrder::UNSIGNED,
        LogicalType::Decimal(_)
        | LogicalType::Date
        | LogicalType::Time(_)
        | LogicalType::Timestamp(_) => SortOrder::SIGNED,
        LogicalType::Float16 => SortOrder::TOTAL_ORDER,
        LogicalType::Map
        | LogicalType::List
        | LogicalType::Unknown
        | LogicalType::Variant(_)
        | LogicalType::Geometry(_)
        | LogicalType::Geography(_)
        | LogicalType::File
        | LogicalType::_Unknown { .. } => SortOrder::UNDEFINED,
    }
}

fn converted_order(converted_type: ConvertedType) -> SortOrder {
    match converted_type {
        ConvertedType::UTF8
        | ConvertedType::ENUM
        | ConvertedType::JSON
        | ConvertedType::BSON
        | ConvertedType::UINT_8
        | ConvertedType::UINT_16
        | ConvertedType::UINT_32
        | ConvertedType::UINT_64 => SortOrder::UNSIGNED,
        ConvertedType::INT_8
        | ConvertedType::INT_16
        | ConvertedType::INT_32
        | ConvertedType::INT_64
        | ConvertedType::DECIMAL
        | ConvertedType::DATE
        | ConvertedType::TIME_MILLIS
        | ConvertedType::TIME_MICROS
        | ConvertedType::TIMESTAMP_MILLIS
        | ConvertedType::TIMESTAMP_MICROS => SortOrder::SIGNED,
        ConvertedType::NONE
        | ConvertedType::MAP
        | ConvertedType::MAP_KEY_VALUE
        | ConvertedType::LIST
        | ConvertedType::INTERVAL => SortOrder::UNDEFINED,
    }
}
