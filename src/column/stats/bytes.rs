//! Smallest and largest byte string of a slice: eight bytes decide as a number, the rest only on ties.

use std::cmp::Ordering;

use super::bounds::{Extremes, Seen};
use super::order::{BoundsOrder, compare_signed};
use super::truncate::Kept;
use crate::data_type::values::{ByteVisitor, FixedValues};

/// Adds the bounds of the values to a page's.
pub(super) struct BytesExtremes<'p> {
    pub(super) order: BoundsOrder,
    pub(super) page: &'p mut Extremes,
    /// How much of a bound is kept; all if nothing is said.
    pub(super) kept: Option<Kept>,
}

impl ByteVisitor for BytesExtremes<'_> {
    type Out = ();

    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        let found = match self.order {
            BoundsOrder::SignedBytes => signed(values),
            _ => unsigned(values),
        };
        if let Some((min, max)) = found {
            let kept = |bound| self.kept.map_or(bound, |kept| kept.of(bound));
            self.page
                .add(self.order, Seen::Numbers, kept(min), kept(max));
        }
    }
}

/// Smallest and largest of big-endian two's complement numbers of one width up to 16 bytes.
pub(super) fn signed_fixed<'v>(values: &FixedValues<'v>) -> Option<(&'v [u8], &'v [u8])> {
    let width = values.width();
    let mut rows = values.data().chunks_exact(width.max(1));
    let first = rows.next()?;
    let key = widened(first);
    let (mut min, mut max) = ((key, first), (key, first));
    for row in rows {
        let key = widened(row);
        if key < min.0 {
            min = (key, row);
        }
        if key > max.0 {
            max = (key, row);
        }
    }
    Some((min.1, max.1))
}

fn unsigned<'v>(mut values: impl Iterator<Item = &'v [u8]>) -> Option<(&'v [u8], &'v [u8])> {
    let first = values.next()?;
    let (mut min, mut max) = (first, first);
    let (mut min_prefix, mut max_prefix) = (prefix(first), prefix(first));
    for value in values {
        let key = prefix(value);
        if key < min_prefix || (key == min_prefix && value < min) {
            (min, min_prefix) = (value, key);
        } else if key > max_prefix || (key == max_prefix && value > max) {
            (max, max_prefix) = (value, key);
        }
    }
    Some((min, max))
}

fn signed<'v>(mut values: impl Iterator<Item = &'v [u8]>) -> Option<(&'v [u8], &'v [u8])> {
    let first = values.next()?;
    let (mut min, mut max) = (first, first);
    for value in values {
        if compare_signed(value, min) == Ordering::Less {
            min = value;
        } else if compare_signed(value, max) == Ordering::Greater {
            max = value;
        }
    }
    Some((min, max))
}

/// The first eight bytes as a number that orders as they do; missing ones are zero.
#[inline]
pub(super) fn prefix(value: &[u8]) -> u64 {
    if let Some(first) = value.first_chunk::<8>() {
        return u64::from_be_bytes(*first);
    }
    match (value.first_chunk::<4>(), value.last_chunk::<4>()) {
        // Two overlapping halves: where they overlap they agree.
        (Some(first), Some(last)) => {
            u64::from(u32::from_be_bytes(*first)) << 32
                | u64::from(u32::from_be_bytes(*last)) << (8 * (8 - value.len()))
        }
        _ => value
            .iter()
            .zip((0..8).rev())
            .fold(0, |key, (byte, place)| {
                key | u64::from(*byte) << (8 * place)
            }),
    }
}

/// A big-endian two's complement number of up to 16 bytes.
#[inline]
fn widened(bytes: &[u8]) -> i128 {
    if let Ok(all) = bytes.try_into() {
        return i128::from_be_bytes(all);
    }
    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            i128::from(i64::from_be_bytes(*first)) << (8 * (bytes.len() - 8))
                | i128::from(u64::from_be_bytes(*last))
        }
        _ => {
            let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
                -1
            } else {
                0
            };
            bytes
                .iter()
                .fold(sign, |number, byte| number << 8 | i128::from(*byte))
        }
    }
}
