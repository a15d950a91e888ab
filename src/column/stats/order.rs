//! How the bounds of one column compare, as PLAIN bytes without a length.

use std::cmp::Ordering;

use crate::basic::{ColumnOrder, LogicalType, SortOrder, Type};
use crate::data_type::Int96;
use crate::schema::types::ColumnDescriptor;

/// Physical layout and order in one: what picks the loop.
///
/// SPEC: parquet.thrift, `ColumnOrder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BoundsOrder {
    /// No order is defined, and no bounds are kept.
    Undefined,
    /// False before true.
    Boolean,
    /// Signed 32 bits.
    Int32,
    /// Unsigned 32 bits.
    UInt32,
    /// Signed 64 bits.
    Int64,
    /// Unsigned 64 bits.
    UInt64,
    /// Julian day, then nanoseconds.
    Int96,
    /// Total order of binary32.
    Float,
    /// Total order of binary64.
    Double,
    /// Total order of binary16, two bytes little-endian.
    Float16,
    /// Bytes as unsigned numbers, a prefix before what it begins.
    Bytes,
    /// Big-endian two's complement of any length.
    SignedBytes,
}

impl BoundsOrder {
    /// The order that the footer states for this column.
    pub(crate) fn of(descr: &ColumnDescriptor) -> Self {
        let logical = descr.logical_type_ref();
        let order = ColumnOrder::column_order_for_type(
            logical,
            descr.converted_type(),
            descr.physical_type(),
        );
        match (descr.physical_type(), order.sort_order()) {
            (_, SortOrder::UNDEFINED) => BoundsOrder::Undefined,
            (Type::BOOLEAN, _) => BoundsOrder::Boolean,
            (Type::INT32, SortOrder::UNSIGNED) => BoundsOrder::UInt32,
            (Type::INT32, _) => BoundsOrder::Int32,
            (Type::INT64, SortOrder::UNSIGNED) => BoundsOrder::UInt64,
            (Type::INT64, _) => BoundsOrder::Int64,
            (Type::INT96, _) => BoundsOrder::Int96,
            (Type::FLOAT, _) => BoundsOrder::Float,
            (Type::DOUBLE, _) => BoundsOrder::Double,
            (Type::FIXED_LEN_BYTE_ARRAY, _) if logical == Some(&LogicalType::Float16) => {
                BoundsOrder::Float16
            }
            (Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY, SortOrder::SIGNED) => {
                BoundsOrder::SignedBytes
            }
            (Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY, _) => BoundsOrder::Bytes,
        }
    }

    /// Whether the type has not-a-numbers, which are counted.
    pub(crate) fn has_nans(self) -> bool {
        matches!(
            self,
            BoundsOrder::Float | BoundsOrder::Double | BoundsOrder::Float16
        )
    }

    /// Compares two bounds. Bytes of another length than the type's compare as equal.
    pub(crate) fn compare(self, a: &[u8], b: &[u8]) -> Ordering {
        match self {
            BoundsOrder::Undefined => Ordering::Equal,
            BoundsOrder::Boolean | BoundsOrder::Bytes => a.cmp(b),
            BoundsOrder::Int32 => by_key(a, b, i32::from_le_bytes),
            BoundsOrder::UInt32 => by_key(a, b, u32::from_le_bytes),
            BoundsOrder::Int64 => by_key(a, b, i64::from_le_bytes),
            BoundsOrder::UInt64 => by_key(a, b, u64::from_le_bytes),
            BoundsOrder::Int96 => int96(a).cmp(&int96(b)),
            BoundsOrder::Float => match (a.try_into(), b.try_into()) {
                (Ok(a), Ok(b)) => f32::from_le_bytes(a).total_cmp(&f32::from_le_bytes(b)),
                _ => Ordering::Equal,
            },
            BoundsOrder::Double => match (a.try_into(), b.try_into()) {
                (Ok(a), Ok(b)) => f64::from_le_bytes(a).total_cmp(&f64::from_le_bytes(b)),
                _ => Ordering::Equal,
            },
            BoundsOrder::Float16 => {
                by_key(a, b, |bytes| total_order_key16(u16::from_le_bytes(bytes)))
            }
            BoundsOrder::SignedBytes => compare_signed(a, b),
        }
    }
}

/// Compares big-endian two's complement numbers of any lengths; no bytes are zero.
///
/// SPEC: LogicalTypes.md, "DECIMAL".
pub(super) fn compare_signed(a: &[u8], b: &[u8]) -> Ordering {
    let negative = |bytes: &[u8]| bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    match (negative(a), negative(b)) {
        (false, true) => return Ordering::Greater,
        (true, false) => return Ordering::Less,
        _ => {}
    }
    // Bytes in front that only repeat the sign do not count: the shorter is widened by them.
    let fill = if negative(a) { 0xFF } else { 0 };
    let width = a.len().max(b.len());
    let widened = |bytes: &[u8]| std::iter::repeat_n(fill, width - bytes.len());
    widened(a)
        .chain(a.iter().copied())
        .cmp(widened(b).chain(b.iter().copied()))
}

fn by_key<const N: usize, K: Ord>(a: &[u8], b: &[u8], key: impl Fn([u8; N]) -> K) -> Ordering {
    match (a.try_into(), b.try_into()) {
        (Ok(a), Ok(b)) => key(a).cmp(&key(b)),
        _ => Ordering::Equal,
    }
}

fn int96(bytes: &[u8]) -> Int96 {
    let mut words = bytes
        .chunks_exact(4)
        .map(|word| word.try_into().map_or(0, u32::from_le_bytes));
    let mut next = || words.next().unwrap_or(0);
    Int96::from([next(), next(), next()])
}

/// A number that orders as the binary16 with these bits does in the total order.
pub(super) fn total_order_key16(bits: u16) -> i16 {
    let bits = bits.cast_signed();
    bits ^ (bits >> 15 & i16::MAX)
}
