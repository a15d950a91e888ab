//! What the table compares: a value's raw bits, so that every NaN and both zeros are themselves.

use crate::data_type::packed::PackedKey;

/// A key of the table.
pub(crate) trait Key: Copy + Default {
    /// A word whose high bits depend on all bits that tell keys apart.
    fn spread(self, multiplier: u64) -> u64;

    /// Whether `known`, a key of the table, is this one.
    fn same(self, known: Self) -> bool;
}

/// A key that holds the PLAIN bytes of a fixed-width value.
pub(crate) trait PlainKey: Key {
    /// The key of a value of between half as many and as many bytes as a key has. Where the value
    /// is shorter than the key, the bytes in its middle are in the key twice.
    fn from_value(value: &[u8]) -> Self;

    /// Appends the bytes of a value of `width` bytes.
    fn append_to(self, width: usize, out: &mut Vec<u8>);

    /// Writes values that are as wide as their keys to `out`, end to end.
    fn write_all(keys: &[Self], out: &mut [u8]);
}

macro_rules! impl_plain_key {
    ($key:ty, $half:ty, $spread:expr) => {
        impl Key for $key {
            #[inline(always)]
            fn spread(self, multiplier: u64) -> u64 {
                let spread: fn($key, u64) -> u64 = $spread;
                spread(self, multiplier)
            }

            #[inline(always)]
            fn same(self, known: Self) -> bool {
                self == known
            }
        }

        impl PlainKey for $key {
            #[inline(always)]
            fn from_value(value: &[u8]) -> Self {
                match (value.first_chunk(), value.last_chunk()) {
                    (Some(head), Some(tail)) => {
                        let (head, tail) =
                            (<$half>::from_le_bytes(*head), <$half>::from_le_bytes(*tail));
                        Self::from(tail) << <$half>::BITS | Self::from(head)
                    }
                    _ => value.first().map_or(0, |byte| Self::from(*byte)),
                }
            }

            #[inline]
            fn append_to(self, width: usize, out: &mut Vec<u8>) {
                let bytes = self.to_le_bytes();
                let (head, tail) = bytes.split_at(size_of::<$half>().min(width));
                out.extend_from_slice(head);
                let twice = bytes.len().saturating_sub(width).min(tail.len());
                out.extend_from_slice(tail.get(twice..).unwrap_or_default());
            }

            fn write_all(keys: &[Self], out: &mut [u8]) {
                for (key, place) in keys.iter().zip(out.as_chunks_mut().0) {
                    *place = key.to_le_bytes();
                }
            }
        }
    };
}

impl_plain_key!(u32, u16, |key, multiplier| u64::from(key)
    .wrapping_mul(multiplier));
impl_plain_key!(u64, u32, |key, multiplier| key.wrapping_mul(multiplier));
impl_plain_key!(u128, u64, |key, multiplier| spread_halves(
    halves(key),
    multiplier
));

impl Key for PackedKey {
    #[inline(always)]
    fn spread(self, multiplier: u64) -> u64 {
        spread_halves(self.identity(), multiplier)
    }

    #[inline(always)]
    fn same(self, known: Self) -> bool {
        PackedKey::same(self, known)
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the key is taken in halves"
)]
fn halves(key: u128) -> (u64, u64) {
    (key as u64, (key >> 64) as u64)
}

/// The two products must not be of one factor, or equal halves would cancel out.
#[inline(always)]
fn spread_halves((low, high): (u64, u64), multiplier: u64) -> u64 {
    low.wrapping_mul(multiplier) ^ high.wrapping_mul(multiplier.rotate_left(32) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<K: PlainKey>(width: usize) {
        let value: Vec<u8> = (1..=width as u8).collect();
        let mut out = Vec::new();
        K::from_value(&value).append_to(width, &mut out);
        assert_eq!(out, value, "width {width}");
    }

    #[test]
    fn values_come_back_out_of_their_keys() {
        (1..=4).for_each(round_trip::<u32>);
        (4..=8).for_each(round_trip::<u64>);
        (8..=16).for_each(round_trip::<u128>);
    }

    #[test]
    fn a_key_as_wide_as_its_value_is_the_little_endian_number() {
        assert_eq!(u32::from_value(&7u32.to_le_bytes()), 7);
        assert_eq!(u64::from_value(&(7u64 << 40).to_le_bytes()), 7 << 40);
    }
}
