//! Smallest and largest floating-point number of a slice, in the total order, and the count of
//! not-a-numbers.
//!
//! SPEC: parquet.thrift, `ColumnOrder`, IEEE_754_TOTAL_ORDER.

use super::bounds::Seen;
use super::numbers;
use super::order::{BoundsOrder, total_order_key16};
use crate::data_type::values::Values;

/// What a slice holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct FloatExtremes<const N: usize> {
    pub(super) kind: Seen,
    pub(super) nans: u64,
    pub(super) min: [u8; N],
    pub(super) max: [u8; N],
}

macro_rules! extremes {
    ($name:ident, $float:ty, $key:ident, $unkey:ident, $width:literal) => {
        /// Bounds of `values`; none of no values.
        pub(super) fn $name(values: &[$float]) -> Option<FloatExtremes<$width>> {
            let found = |kind, nans, low: $float, high: $float| {
                Some(FloatExtremes {
                    kind,
                    nans,
                    min: low.to_le_bytes(),
                    max: high.to_le_bytes(),
                })
            };
            let (low, high) = numbers::extremes(values, $key)?;
            let (low, high) = ($unkey(low), $unkey(high));
            // Not-a-numbers lie beyond both infinities.
            if !low.is_nan() && !high.is_nan() {
                return found(Seen::Numbers, 0, low, high);
            }
            let numbers = values.iter().filter(|value| !value.is_nan());
            let nans = (values.len() - numbers.clone().count()) as u64;
            let bounds = (
                numbers.clone().copied().min_by(<$float>::total_cmp),
                numbers.copied().max_by(<$float>::total_cmp),
            );
            match bounds {
                (Some(low), Some(high)) => found(Seen::Numbers, nans, low, high),
                _ => found(Seen::NansOnly, nans, low, high),
            }
        }
    };
}

extremes!(extremes32, f32, key32, unkey32, 4);
extremes!(extremes64, f64, key64, unkey64, 8);

/// Bounds of two-byte little-endian numbers, end to end.
pub(super) fn extremes16(data: &[u8]) -> Option<FloatExtremes<2>> {
    let (mut numbers, mut nans) = (None, None);
    let mut count = 0;
    for bytes in data.chunks_exact(2) {
        let bits = bytes.try_into().map_or(0, u16::from_le_bytes);
        let key = total_order_key16(bits);
        let is_nan = bits & 0x7FFF > 0x7C00;
        count += u64::from(is_nan);
        let range = if is_nan { &mut nans } else { &mut numbers };
        *range = match *range {
            None => Some((key, key)),
            Some((low, high)) => Some((key.min(low), key.max(high))),
        };
    }
    let found = |kind, (low, high): (i16, i16)| {
        let bytes = |key: i16| (key ^ (key >> 15 & i16::MAX)).to_le_bytes();
        FloatExtremes {
            kind,
            nans: count,
            min: bytes(low),
            max: bytes(high),
        }
    };
    numbers
        .map(|range| found(Seen::Numbers, range))
        .or_else(|| nans.map(|range| found(Seen::NansOnly, range)))
}

/// How many of the values are not-a-numbers; none of a type without them.
pub(super) fn count_nans(order: BoundsOrder, values: &Values<'_>) -> u64 {
    match (order, values) {
        (BoundsOrder::Float, Values::Float(values)) => {
            values.iter().map(|value| u64::from(value.is_nan())).sum()
        }
        (BoundsOrder::Double, Values::Double(values)) => {
            values.iter().map(|value| u64::from(value.is_nan())).sum()
        }
        (BoundsOrder::Float16, Values::Fixed(values)) => {
            let values = values.data().chunks_exact(2);
            values.map(|value| u64::from(is_nan(order, value))).sum()
        }
        _ => 0,
    }
}

/// Whether a bound is a not-a-number.
pub(super) fn is_nan(order: BoundsOrder, bound: &[u8]) -> bool {
    match order {
        BoundsOrder::Float => bound
            .try_into()
            .is_ok_and(|bytes| f32::from_le_bytes(bytes).is_nan()),
        BoundsOrder::Double => bound
            .try_into()
            .is_ok_and(|bytes| f64::from_le_bytes(bytes).is_nan()),
        BoundsOrder::Float16 => bound
            .try_into()
            .is_ok_and(|bytes| u16::from_le_bytes(bytes) & 0x7FFF > 0x7C00),
        _ => false,
    }
}

// Flipping all but the sign of negative numbers makes their bits order as integers; doing it twice is
// the way back.
fn key32(value: f32) -> i32 {
    let bits = value.to_bits().cast_signed();
    bits ^ (bits >> 31 & i32::MAX)
}

fn unkey32(key: i32) -> f32 {
    f32::from_bits((key ^ (key >> 31 & i32::MAX)).cast_unsigned())
}

fn key64(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ (bits >> 63 & i64::MAX)
}

fn unkey64(key: i64) -> f64 {
    f64::from_bits((key ^ (key >> 63 & i64::MAX)).cast_unsigned())
}
