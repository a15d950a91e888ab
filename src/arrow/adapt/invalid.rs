//! Values that are invalid in their column: numbers that are too large, views into no buffer, bytes that are no text.
//! Found before anything is encoded, for a conversion only keeps what fits.
//!
//! Whole slices are looked at first, without a branch a value; only where something may be wrong are the present values
//! looked at one by one, since anything may lie under a null.

use std::ops::RangeInclusive;

use arrow_buffer::{Buffer, i256};
use arrow_schema::DataType;

use super::cursor::{Cursor, Gather};
use super::gather::Each;
use super::layers::Layers;
use super::meaning::Meaning;
use super::reader::MILLIS_PER_DAY;
use super::source::{Decimals, Narrow, Source};
use super::target::Target;
use super::{DecimalPrecision, Selection};
use crate::data_type::ahead::fetch;
use crate::data_type::values::{ByteSource, ByteValues, ByteVisitor, Picks, view_fits};
use crate::errors::Result;

/// A present value that the column cannot hold, or that is broken itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidValue {
    /// Its place among the present values.
    pub(crate) nth: usize,
    /// What it is, and why the column cannot hold it.
    pub(crate) what: String,
}

/// What a column takes, for one array.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) target: Target,
    pub(super) column: Meaning,
    pub(super) precision: DecimalPrecision,
}

/// Numbers from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    low: i256,
    high: i256,
}

/// Present values that are looked at together.
const STEP: usize = 4096;

/// Bytes that a view has room for.
const INLINE_VIEW: u64 = 12;

/// Fewer buffers than this are compared with from a table.
const FEW_BUFFERS: usize = 16;

/// For fewer views than this no table is made.
const FEW_VIEWS: usize = 8;

/// Searches the present values of one array.
pub(super) struct Search<'a> {
    pub(super) source: Source<'a>,
    pub(super) layers: &'a Layers<'a>,
    pub(super) selection: &'a Selection,
    pub(super) slots: &'a mut Vec<u32>,
}

impl Search<'_> {
    /// The first present value that `rules` rule out, or that lies outside of `bounds`, which are those of
    /// `data_type`: the type of the values without layers.
    ///
    /// # Errors
    /// If a dictionary key or a run lies outside of what the array holds.
    pub(super) fn first_invalid(
        mut self,
        data_type: &DataType,
        rules: Rules,
        bounds: Option<Bounds>,
    ) -> Result<Option<InvalidValue>> {
        let numbers = bounds.map(|bounds| (bounds, data_type, rules.target));
        match self.source {
            Source::Int32(values) => self.numbers(values, numbers),
            Source::Int64(values) => self.numbers(values, numbers),
            Source::Decimal(Decimals::Width4(values)) => self.numbers(values, numbers),
            Source::Decimal(Decimals::Width8(values)) => self.numbers(values, numbers),
            Source::Decimal(Decimals::Width16(values)) => self.numbers(values, numbers),
            Source::Decimal(Decimals::Width32(values)) => self.numbers(values, numbers),
            Source::Narrow(Narrow::Int8(values)) => self.numbers(values, numbers),
            Source::Narrow(Narrow::Int16(values)) => self.numbers(values, numbers),
            Source::Narrow(Narrow::UInt8(values)) => self.numbers(values, numbers),
            Source::Narrow(Narrow::UInt16(values)) => self.numbers(values, numbers),
            Source::Narrow(Narrow::Date64(values)) => self.numbers(values, numbers),
            Source::Bytes(ByteSource::Views { views, buffers }) => {
                if let Some(invalid) = self.views(views, buffers)? {
                    return Ok(Some(invalid));
                }
                self.text(data_type, rules)
            }
            Source::Bytes(_) => self.text(data_type, rules),
            _ => Ok(None),
        }
    }

    fn numbers<N: Number>(
        &mut self,
        values: &[N],
        numbers: Option<(Bounds, &DataType, Target)>,
    ) -> Result<Option<InvalidValue>> {
        let Some((bounds, data_type, target)) = numbers else {
            return Ok(None);
        };
        let all = Bounds::of_type::<N>(data_type);
        let kept = bounds.within(all);
        if kept == all {
            return Ok(None);
        }
        let (low, high) = (N::of(kept.low), N::of(kept.high));
        let found = self.find(
            values,
            |values| N::all_between(values, low, high),
            |value| low <= value && value <= high,
        )?;
        Ok(found.map(|(nth, value)| InvalidValue {
            nth,
            what: match data_type {
                DataType::Date64 if target == Target::Int32 => {
                    format!(
                        "{} ms since 1970, and the column holds days of 32 bits",
                        value.widened()
                    )
                }
                _ => format!(
                    "the {data_type} {}, and the column holds {} to {}",
                    all.read(value.widened()),
                    bounds.low,
                    bounds.high
                ),
            },
        }))
    }

    fn views(&mut self, views: &[u128], buffers: &[Buffer]) -> Result<Option<InvalidValue>> {
        let fits = |view: u128| view_fits(view, buffers);
        let all_fit = |views: &[u128]| longest_of_fitting(views, buffers).is_some();
        let found = self.find(views, all_fit, fits)?;
        Ok(found.map(|(nth, _)| InvalidValue {
            nth,
            what: format!(
                "a view of bytes that are in none of the array's {} buffers",
                buffers.len()
            ),
        }))
    }

    /// Bytes that become text are looked at; what Arrow calls text is text.
    fn text(&mut self, data_type: &DataType, rules: Rules) -> Result<Option<InvalidValue>> {
        let Source::Bytes(source) = self.source else {
            return Ok(None);
        };
        if !rules.must_become_text(data_type) {
            return Ok(None);
        }
        let mut cursor = Cursor::new(self.selection);
        let mut passed = 0;
        while cursor.remaining() > 0 {
            let count = cursor.remaining().min(STEP);
            self.layers.resolve(&mut cursor, count, self.slots)?;
            let values = ByteValues::new(source, Picks::Indices(self.slots));
            if let Some(at) = values.visit(FirstNoText) {
                return Ok(Some(InvalidValue {
                    nth: passed + at,
                    what: "bytes that are no UTF-8, and the column holds text".to_owned(),
                }));
            }
            passed += count;
        }
        Ok(None)
    }

    /// The first present value that does not fit, with its place. `all_fit` may look at values that are not present.
    fn find<S: Copy>(
        &mut self,
        values: &[S],
        all_fit: impl Fn(&[S]) -> bool,
        fits: impl Fn(S) -> bool,
    ) -> Result<Option<(usize, S)>> {
        let present = self.selection.len();
        let hull = match (self.selection, self.layers.is_empty()) {
            (Selection::Range { from, len }, true) => values.get(*from..*from + *len),
            (Selection::Bits { bits, from, .. }, true) => values.get(*from..*from + bits.len()),
            // A slice of a large dictionary has few of its values.
            (_, false) if values.len() <= present => Some(values),
            _ => None,
        };
        if present == 0 || hull.is_some_and(all_fit) {
            return Ok(None);
        }
        let mut cursor = Cursor::new(self.selection);
        let (mut passed, mut found) = (0, None);
        while found.is_none() && cursor.remaining() > 0 {
            let count = cursor.remaining().min(STEP);
            let each = |value| {
                if found.is_none() && !fits(value) {
                    found = Some((passed, value));
                }
                passed += 1;
            };
            let mut each = Each { values, each };
            if self.layers.is_empty() {
                cursor.take(count, &mut each);
            } else {
                self.layers.resolve(&mut cursor, count, self.slots)?;
                each.slots(self.slots);
            }
        }
        Ok(found)
    }
}

impl Rules {
    /// Whether bytes of `data_type` have to be looked at for what is no text.
    pub(super) fn must_become_text(&self, data_type: &DataType) -> bool {
        self.column == Meaning::Text && Meaning::of_array(data_type) != Meaning::Text
    }

    /// The numbers of `data_type` that the column holds; `None` if it holds all that have its width.
    pub(super) fn bounds(&self, data_type: &DataType) -> Option<Bounds> {
        let bits = match self.target {
            Target::Int32 => 32,
            Target::Int64 => 64,
            Target::Fixed(width) => u32::try_from(width).unwrap_or(32).saturating_mul(8),
            _ => 256,
        };
        let physical = Bounds::signed(bits.min(256));
        let array = Meaning::of_array(data_type);
        if let (DataType::Date64, Target::Int32) = (data_type, self.target) {
            let day = i256::from_i128(i128::from(MILLIS_PER_DAY));
            let high = physical.high.checked_add(i256::ONE)?.checked_mul(day)?;
            return Some(Bounds {
                low: physical.low.checked_mul(day)?,
                high: high.checked_sub(i256::ONE)?,
            });
        }
        match (array, self.column) {
            (Meaning::Decimal { .. }, Meaning::Decimal { precision, .. })
            | (Meaning::Decimal { precision, .. }, _)
                if self.precision == DecimalPrecision::Checked =>
            {
                Some(physical.within(Bounds::digits(precision)))
            }
            (
                _,
                Meaning::Integer {
                    bits,
                    signed: false,
                },
            ) => Some(Bounds::unsigned(bits)),
            (_, Meaning::Integer { bits, signed: true }) => {
                Some(physical.within(Bounds::signed(bits)))
            }
            (Meaning::Integer { .. } | Meaning::Decimal { .. }, _) => Some(physical),
            _ => None,
        }
    }
}

impl Bounds {
    /// All numbers of a type; unsigned ones of 32 and 64 bits lie in `N` by their bits.
    fn of_type<N: Number>(data_type: &DataType) -> Self {
        match data_type {
            DataType::UInt32 => Self::unsigned(32),
            DataType::UInt64 => Self::unsigned(64),
            _ => Self {
                low: N::least(),
                high: N::most(),
            },
        }
    }

    /// Those of them that a decimal of 16 bytes can be.
    pub(super) fn as_decimals(self) -> RangeInclusive<i128> {
        i128::of(self.low)..=i128::of(self.high)
    }

    /// The number that was seen as `seen`, which may be negative for want of a bit.
    fn read(&self, seen: i256) -> i256 {
        if seen < self.low {
            seen.wrapping_add(self.high).wrapping_add(i256::ONE)
        } else {
            seen
        }
    }

    /// Numbers of so many bits in two's complement.
    fn signed(bits: u32) -> Self {
        let high = i256::MAX >> u8::try_from(256 - bits.clamp(1, 256)).unwrap_or(0);
        Self {
            low: high.wrapping_neg().wrapping_sub(i256::ONE),
            high,
        }
    }

    fn unsigned(bits: u32) -> Self {
        let high = Self::signed(bits.saturating_add(1)).high;
        Self {
            low: i256::ZERO,
            high,
        }
    }

    /// Numbers of so many decimal digits.
    fn digits(count: i32) -> Self {
        let power = u32::try_from(count).ok();
        let power = power.and_then(|count| i256::from_i128(10).checked_pow(count));
        match power.and_then(|power| power.checked_sub(i256::ONE)) {
            Some(high) => Self {
                low: high.wrapping_neg(),
                high,
            },
            None => Self::signed(256),
        }
    }

    fn within(self, other: Self) -> Self {
        Self {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
        }
    }
}

/// Numbers as arrays hold them.
trait Number: Copy + Ord {
    fn least() -> i256;
    fn most() -> i256;
    fn widened(self) -> i256;
    /// `number`, or what of this type is next to it.
    fn of(number: i256) -> Self;

    /// Whether all of `values` are from `low` to `high`. No branch a value, so that the loop is vectorised.
    fn all_between(values: &[Self], low: Self, high: Self) -> bool {
        let outside = |found, value: &Self| found | (*value < low) | (high < *value);
        !values.iter().fold(false, outside)
    }
}

macro_rules! numbers {
    ($($number:ident),*) => {$(
        impl Number for $number {
            fn least() -> i256 {
                $number::MIN.widened()
            }

            fn most() -> i256 {
                $number::MAX.widened()
            }

            fn widened(self) -> i256 {
                i256::from_i128(self.into())
            }

            fn of(number: i256) -> Self {
                let clamped = number.max(Self::least()).min(Self::most());
                let exact = clamped.to_i128().and_then(|number| number.try_into().ok());
                exact.unwrap_or($number::MAX)
            }
        }
    )*};
}

numbers!(i8, i16, i32, i64, u8, u16);

impl Number for i128 {
    fn least() -> i256 {
        i256::from_i128(i128::MIN)
    }

    fn most() -> i256 {
        i256::from_i128(i128::MAX)
    }

    fn widened(self) -> i256 {
        i256::from_i128(self)
    }

    fn of(number: i256) -> Self {
        let clamped = number.max(Self::least()).min(Self::most());
        clamped.to_i128().unwrap_or(i128::MAX)
    }

    fn all_between(values: &[Self], low: Self, high: Self) -> bool {
        if (low, high) == LONGS {
            return gathered(values, beyond_long) == 0;
        }
        let outside = |found, value: &Self| found | (*value < low) | (high < *value);
        !values.iter().fold(false, outside)
    }
}

impl Number for i256 {
    fn least() -> i256 {
        i256::MIN
    }

    fn most() -> i256 {
        i256::MAX
    }

    fn widened(self) -> i256 {
        self
    }

    fn of(number: i256) -> Self {
        number
    }
}

/// Decimals of 64 bits: by far the most frequent bounds.
pub(super) const LONGS: (i128, i128) = (i64::MIN as i128, i64::MAX as i128);

/// Zero if 64 bits hold `value`: its upper half has to be minus the uppermost bit of the lower one.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "both halves are looked at")]
pub(super) fn beyond_long(value: i128) -> u64 {
    ((value >> 64) as u64).wrapping_add(value as u64 >> 63)
}

/// Whether all of `decimals` are in `kept`.
pub(super) fn are_within(decimals: &[i128], kept: &RangeInclusive<i128>) -> bool {
    let (low, high) = (*kept.start(), *kept.end());
    (low, high) == (i128::MIN, i128::MAX) || i128::all_between(decimals, low, high)
}

/// The length of the longest of `views`, or less than twice as much, if all of them lie in `buffers`.
#[expect(clippy::cast_possible_truncation, reason = "the parts of a view")]
pub(super) fn longest_of_fitting(views: &[u128], buffers: &[Buffer]) -> Option<usize> {
    let bits = match (views.len(), buffers.len()) {
        (FEW_VIEWS.., ..FEW_BUFFERS) => look_in_few(views, buffers),
        _ => views.iter().fold(0, |bits, view| {
            let is_outside = u64::from(!view_fits(*view, buffers));
            bits | u64::from(*view as u32) | is_outside << 63
        }),
    };
    usize::try_from(bits).ok().filter(|_| bits >> 63 == 0)
}

/// The bits of the lengths of `views`, and the uppermost bit if one lies outside of `buffers`, of which there are less
/// than [`FEW_BUFFERS`]. Views that hold their bytes themselves come at random among the others: no branch depends on
/// them.
#[expect(clippy::cast_possible_truncation, reason = "the parts of a view")]
fn look_in_few(views: &[u128], buffers: &[Buffer]) -> u64 {
    let mut ends = [0; FEW_BUFFERS];
    for (end, buffer) in ends.iter_mut().zip(buffers) {
        *end = buffer.len() as u64;
    }
    gathered(views, |view: u128| {
        let (len, offset) = (u64::from(view as u32), (view >> 96) as u64);
        let long_bits = u64::from(len > INLINE_VIEW).wrapping_neg();
        let buffer = u64::from((view >> 64) as u32) & long_bits;
        // The last place of the table is that of no buffer.
        let buffer = (buffer as usize).min(FEW_BUFFERS - 1);
        let end = ends.get(buffer).copied().unwrap_or(0);
        len | u64::from((offset + len) & long_bits > end) << 63
    })
}

/// Stretches that are read side by side.
const STRETCHES: usize = 8;

/// Values that memory hands over together, if they have 16 bytes.
const LINE: usize = 4;

/// Lines that are asked for before they are read.
const LINES_AHEAD: usize = 16;

/// The bits that `look` has of any value.
fn gathered<T: Copy>(values: &[T], look: impl Fn(T) -> u64) -> u64 {
    let mut bits = 0;
    in_lines(values, |_, line| {
        bits |= line.iter().fold(0, |bits, value| bits | look(*value));
    });
    bits
}

/// Hands all values to `look`, in lines, with the place of the first of each. Nearly all of the time is spent waiting
/// for values that no cache holds yet, and stretches that are read side by side, and asked for ahead, come in about
/// half of the time of one.
#[inline(always)]
pub(super) fn in_lines<T>(values: &[T], mut look: impl FnMut(usize, &[T])) {
    let (lines, rest) = values.as_chunks::<LINE>();
    let stretch = lines.len() / STRETCHES;
    for at in 0..stretch {
        for nth in 0..STRETCHES {
            let at = nth * stretch + at;
            fetch(lines, at + LINES_AHEAD);
            if let Some(line) = lines.get(at) {
                look(at * LINE, line);
            }
        }
    }
    for (at, line) in (0..).zip(lines).skip(stretch * STRETCHES) {
        look(at * LINE, line);
    }
    look(lines.len() * LINE, rest);
}

/// The place of the first value that is no UTF-8.
struct FirstNoText;

impl ByteVisitor for FirstNoText {
    type Out = Option<usize>;

    fn visit<'v>(
        self,
        mut values: impl ExactSizeIterator<Item = &'v [u8]> + Clone,
    ) -> Option<usize> {
        values.position(|value| std::str::from_utf8(value).is_err())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data_type::values::view_len;

    proptest! {
        #[test]
        fn the_table_agrees_with_a_look_at_each_view(
            lens in prop::collection::vec(20usize..40, 1..FEW_BUFFERS),
            views in prop::collection::vec((0u32..14, 0u32..1, 0u32..4), 0..150),
            wrong in prop::option::of((0u32..40, 0u32..18, 0u32..40, any::<prop::sample::Index>())),
        ) {
            let buffers: Vec<_> = lens.iter().map(|len| Buffer::from(vec![0u8; *len])).collect();
            let mut views: Vec<u128> = views
                .into_iter()
                .map(|(len, at, from)| {
                    u128::from(len) | u128::from(at) << 64 | u128::from(from) << 96
                })
                .collect();
            // One among many, wherever it is, or many among few.
            if let Some((len, at, from, place)) = wrong {
                let view = u128::from(len) | u128::from(at) << 64 | u128::from(from) << 96;
                views.insert(place.index(views.len() + 1), view);
            }
            let each = views.iter().all(|view| view_fits(*view, &buffers));
            let longest = views.iter().map(view_len).max().unwrap_or(0);
            let found = look_in_few(&views, &buffers);
            prop_assert_eq!(found >> 63 == 0, each);
            let found = longest_of_fitting(&views, &buffers);
            prop_assert_eq!(found.is_some(), each);
            if let Some(found) = found {
                prop_assert!(longest <= found && found <= 2 * longest, "{found} for {longest}");
            }
        }

        #[test]
        fn halves_tell_what_sixty_four_bits_hold(
            longs in prop::collection::vec(any::<i64>(), 0..100),
            values in prop::collection::vec(
                prop_oneof![
                    any::<i64>().prop_map(i128::from),
                    any::<i128>(),
                    Just(i128::from(i64::MAX) + 1),
                    Just(i128::from(i64::MIN) - 1),
                ],
                0..4,
            ),
        ) {
            let mut values = values;
            values.splice(1.min(values.len())..1.min(values.len()), longs.into_iter().map(i128::from));
            let found = i128::all_between(&values, i64::MIN.into(), i64::MAX.into());
            prop_assert_eq!(found, values.iter().all(|value| i64::try_from(*value).is_ok()));
        }
    }
}
