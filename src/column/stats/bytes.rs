//! Smallest and largest byte string of a slice: eight bytes decide as a number, the rest only on ties.

use std::cmp::Ordering;

use arrow_buffer::{Buffer, ToByteSlice};

use super::bounds::{Extremes, Seen};
use super::numbers;
use super::order::{BoundsOrder, compare_signed};
use super::truncate::Kept;
use crate::data_type::values::{ByteVisitor, FixedValues, view_bytes, view_len};

/// Bytes that an Arrow view has room for.
const INLINE_VIEW: usize = 12;

/// Bytes of a string that is one word together with its length.
const MOST_IN_WORD: u32 = 7;

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
        self.add(found);
    }
}

impl BytesExtremes<'_> {
    /// Adds bounds that were found.
    pub(super) fn add(self, found: Option<(&[u8], &[u8])>) {
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
    let mut range = Range::new(first, first);
    for value in values {
        range.take(value);
    }
    Some((range.min, range.max))
}

/// Smallest and largest of the strings that Arrow views show, if none has more than seven bytes: with its length such a
/// string is one word.
pub(super) struct WordExtremes {
    min: [u8; 8],
    max: [u8; 8],
}

impl WordExtremes {
    pub(super) fn of(views: &[u128]) -> Option<Self> {
        let (views, _) = views.to_byte_slice().as_chunks::<16>();
        let lengths = views
            .iter()
            .map(|[a, b, c, d, ..]| u32::from_le_bytes([*a, *b, *c, *d]));
        // Lengths up to seven have no bits but the lowest three.
        if lengths.fold(0, |bits, length| bits | length) > MOST_IN_WORD {
            return None;
        }
        let (min, max) = numbers::extremes(views, |view| {
            let [length, _, _, _, a, b, c, d, e, f, g, h, ..] = view;
            let (word, length) = (
                u64::from_be_bytes([a, b, c, d, e, f, g, h]),
                u64::from(length) & 7,
            );
            // What stands behind the string does not count.
            word & !(u64::MAX >> (8 * length)) | length
        })?;
        Some(Self {
            min: min.to_be_bytes(),
            max: max.to_be_bytes(),
        })
    }

    pub(super) fn bounds(&self) -> (&[u8], &[u8]) {
        (string_of(&self.min), string_of(&self.max))
    }
}

/// The string whose length stands in the last byte.
fn string_of(word @ [.., length]: &[u8; 8]) -> &[u8] {
    word.get(..usize::from(*length)).unwrap_or_default()
}

/// Smallest and largest of the strings that Arrow views show. The views alone settle nearly all of them.
pub(super) fn viewed<'v>(
    views: impl Iterator<Item = &'v u128> + Clone,
    buffers: &'v [Buffer],
) -> Option<(&'v [u8], &'v [u8])> {
    let is_inline = |all, view: &u128| all & (view_len(view) <= INLINE_VIEW);
    if views.clone().fold(true, is_inline) {
        return inline(views);
    }
    let mut views = views;
    let first = views.next()?;
    let mut range = Range::new(view_bytes(first, buffers), view_bytes(first, buffers));
    let (mut low, mut high) = range.heads();
    let (mut min, mut max) = (first, first);
    for view in views {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the second four bytes of a view"
        )]
        let head = ((*view >> 32) as u32).swap_bytes();
        // One branch for all: which of few strings comes next cannot be foretold. What stands behind a short string
        // does not count.
        let is_between = (low < head) & (head < high) & (view_len(view) >= size_of::<u32>());
        if is_between | (view == min) | (view == max) {
            continue;
        }
        match range.take(view_bytes(view, buffers)) {
            Taken::Between => continue,
            Taken::AsMin => min = view,
            Taken::AsMax => max = view,
        }
        (low, high) = range.heads();
    }
    Some((range.min, range.max))
}

/// Smallest and largest of strings that stand in their views, without a branch.
fn inline<'v>(mut views: impl Iterator<Item = &'v u128>) -> Option<(&'v [u8], &'v [u8])> {
    let first = views.next()?;
    // Bytes from the first one on, zeros, and the length: as the strings, so these numbers compare.
    let key = |view: &u128| {
        let len = view_len(view);
        (*view >> 32).swap_bytes() & !(u128::MAX >> (8 * len)) | len as u128
    };
    let (mut min, mut max) = ((key(first), first), (key(first), first));
    for view in views {
        let key = key(view);
        min = if key < min.0 { (key, view) } else { min };
        max = if key > max.0 { (key, view) } else { max };
    }
    Some((view_bytes(min.1, &[]), view_bytes(max.1, &[])))
}

/// What has become of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    AsMin,
    AsMax,
    Between,
}

/// Bounds, and what is compared in place of them.
struct Range<'v> {
    min: &'v [u8],
    max: &'v [u8],
    /// Both bounds begin with these words. Texts that are sorted by what comes late in them, as addresses are, begin
    /// alike.
    shared: [u64; MOST_SHARED],
    shared_words: usize,
    /// Of the words behind the shared ones.
    min_key: u64,
    max_key: u64,
}

const MOST_SHARED: usize = 4;

impl<'v> Range<'v> {
    fn new(min: &'v [u8], max: &'v [u8]) -> Self {
        let (mut shared, mut shared_words) = ([0; MOST_SHARED], 0);
        let words = min.as_chunks::<8>().0.iter().zip(max.as_chunks::<8>().0);
        for (place, (word, other)) in shared.iter_mut().zip(words) {
            if word != other {
                break;
            }
            *place = u64::from_ne_bytes(*word);
            shared_words += 1;
        }
        let behind = |bound: &[u8]| prefix(bound.get(8 * shared_words..).unwrap_or_default());
        Self {
            min_key: behind(min),
            max_key: behind(max),
            min,
            max,
            shared,
            shared_words,
        }
    }

    /// Takes a value in. One word says of most where they lie.
    #[inline(always)]
    fn take(&mut self, value: &'v [u8]) -> Taken {
        let rest = match self.shared_words {
            0 => value,
            words => match value.split_at_checked(8 * words) {
                Some((front, rest)) if self.shares(front) => rest,
                // What begins otherwise than both bounds do lies outside of them.
                _ => return self.widen(value),
            },
        };
        let key = prefix(rest);
        if self.min_key < key && key < self.max_key {
            return Taken::Between;
        }
        if key < self.min_key {
            (self.min, self.min_key) = (value, key);
            return Taken::AsMin;
        }
        if key > self.max_key {
            (self.max, self.max_key) = (value, key);
            return Taken::AsMax;
        }
        if key == self.min_key && is_same(value, self.min)
            || key == self.max_key && is_same(value, self.max)
        {
            return Taken::Between;
        }
        self.widen(value)
    }

    #[inline(always)]
    fn shares(&self, front: &[u8]) -> bool {
        let words = front.as_chunks::<8>().0.iter().zip(self.shared);
        let differs =
            |bits, (word, shared): (&[u8; 8], u64)| bits | (u64::from_ne_bytes(*word) ^ shared);
        words.fold(0, differs) == 0
    }

    /// Compares the whole value.
    #[cold]
    fn widen(&mut self, value: &'v [u8]) -> Taken {
        if value < self.min {
            *self = Range::new(value, self.max);
            return Taken::AsMin;
        }
        if value > self.max {
            *self = Range::new(self.min, value);
            return Taken::AsMax;
        }
        Taken::Between
    }

    /// The first four bytes of the bounds.
    fn heads(&self) -> (u32, u32) {
        let head = |bound: &[u8]| (prefix(bound) >> 32) as u32;
        (head(self.min), head(self.max))
    }
}

/// Whether two strings are equal, at best without a call.
#[inline(always)]
fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Two reads that overlap cover what lies between one and two times their size.
    match a.len() {
        0..8 => prefix(a) == prefix(b),
        8..=16 => a.first_chunk::<8>() == b.first_chunk() && a.last_chunk::<8>() == b.last_chunk(),
        17..=32 => {
            a.first_chunk::<16>() == b.first_chunk() && a.last_chunk::<16>() == b.last_chunk()
        }
        _ => a == b,
    }
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
