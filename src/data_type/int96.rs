//! `Int96`: the twelve bytes that some systems still use for a timestamp.

use std::cmp::Ordering;
use std::fmt;

/// The Julian day of 1970-01-01.
const JULIAN_DAY_OF_EPOCH: i64 = 2_440_588;
const SECONDS_PER_DAY: i64 = 86_400;

/// A value of physical type INT96: three 32-bit words, the lowest first.
///
/// As a timestamp the first two words hold the nanoseconds within the day and the third the
/// Julian day. Values order by time: by day, then by nanoseconds, both signed.
///
/// SPEC: parquet.thrift, `ColumnOrder`, note (+).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Int96 {
    words: [u32; 3],
}

impl Int96 {
    /// Three zero words.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the three words, the lowest first.
    pub fn set_data(&mut self, elem0: u32, elem1: u32, elem2: u32) {
        self.words = [elem0, elem1, elem2];
    }

    /// The three words, the lowest first.
    #[inline]
    pub fn data(&self) -> &[u32] {
        &self.words
    }

    /// Whole seconds since 1970-01-01, the fraction dropped towards the start of the day.
    pub fn to_seconds(&self) -> i64 {
        self.scaled(SECONDS_PER_DAY, 1_000_000_000)
    }

    /// Milliseconds since 1970-01-01, the fraction dropped towards the start of the day.
    pub fn to_millis(&self) -> i64 {
        self.scaled(SECONDS_PER_DAY * 1_000, 1_000_000)
    }

    /// Microseconds since 1970-01-01, the fraction dropped towards the start of the day.
    pub fn to_micros(&self) -> i64 {
        self.scaled(SECONDS_PER_DAY * 1_000_000, 1_000)
    }

    /// Nanoseconds since 1970-01-01. Wraps around outside the years 1677 to 2262, which an `i64`
    /// cannot hold.
    pub fn to_nanos(&self) -> i64 {
        self.scaled(SECONDS_PER_DAY * 1_000_000_000, 1)
    }

    fn scaled(&self, units_per_day: i64, nanos_per_unit: i64) -> i64 {
        let days = i64::from(self.day()) - JULIAN_DAY_OF_EPOCH;
        days.wrapping_mul(units_per_day)
            .wrapping_add(self.nanos() / nanos_per_unit)
    }

    #[inline]
    fn day(&self) -> i32 {
        let [_, _, day] = self.words;
        day.cast_signed()
    }

    #[inline]
    fn nanos(&self) -> i64 {
        let [low, high, _] = self.words;
        (u64::from(high) << 32 | u64::from(low)).cast_signed()
    }
}

impl Ord for Int96 {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        (self.day(), self.nanos()).cmp(&(other.day(), other.nanos()))
    }
}

impl PartialOrd for Int96 {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<[u32; 3]> for Int96 {
    fn from(words: [u32; 3]) -> Self {
        Self { words }
    }
}

/// # Panics
/// If the vector does not hold exactly three words.
impl From<Vec<u32>> for Int96 {
    fn from(words: Vec<u32>) -> Self {
        assert_eq!(words.len(), 3, "an Int96 is made of three 32-bit words");
        let mut value = Self::new();
        value.words.copy_from_slice(&words);
        value
    }
}

impl fmt::Display for Int96 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.words, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i32, nanos: i64) -> Int96 {
        let nanos = nanos.cast_unsigned();
        let low = u32::try_from(nanos & u64::from(u32::MAX)).unwrap();
        let high = u32::try_from(nanos >> 32).unwrap();
        Int96::from([low, high, day.cast_unsigned()])
    }

    #[test]
    fn noon_after_the_epoch_converts_to_every_unit() {
        let noon = at(2_440_589, 43_200 * 1_000_000_000 + 1_999_999);
        assert_eq!(noon.to_seconds(), 129_600);
        assert_eq!(noon.to_millis(), 129_600_001);
        assert_eq!(noon.to_micros(), 129_600_001_999);
        assert_eq!(noon.to_nanos(), 129_600_001_999_999);
    }

    #[test]
    fn days_before_the_epoch_are_negative() {
        assert_eq!(at(2_440_587, 0).to_seconds(), -86_400);
    }

    #[test]
    fn a_far_day_wraps_instead_of_panicking() {
        assert_eq!(
            at(i32::MAX, 0).to_nanos(),
            (i64::from(i32::MAX) - JULIAN_DAY_OF_EPOCH).wrapping_mul(86_400_000_000_000)
        );
    }

    #[test]
    fn order_is_by_day_then_by_nanoseconds() {
        let mut values = [at(2, 0), at(-1, 9), at(1, 5), at(1, -5)];
        values.sort();
        assert_eq!(values, [at(-1, 9), at(1, -5), at(1, 5), at(2, 0)]);
    }

    #[test]
    fn words_come_back_in_the_order_they_were_set() {
        let mut value = Int96::new();
        value.set_data(1, 2, 3);
        assert_eq!(value.data(), [1, 2, 3]);
        assert_eq!(value, Int96::from(vec![1, 2, 3]));
    }
}
