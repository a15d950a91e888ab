//! Unscaled decimals to whole numbers and to big-endian two's complement.
//!
//! SPEC: LogicalTypes.md, "DECIMAL".

#![expect(
    clippy::indexing_slicing,
    reason = "kernel: scratch is sized for the values before the loop"
)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "numbers that the column cannot hold are refused before"
)]

use arrow_buffer::i256;

/// A decimal without its scale.
pub(super) trait Unscaled: Copy {
    /// The lowest 64 bits.
    fn low(self) -> i64;
    /// Writes the lowest `width` bytes, big-endian, sign extended, to the start of `out`, which has [`SLACK`]
    /// bytes more than that; those may be overwritten.
    fn write_fixed(self, width: usize, out: &mut [u8]);
    /// Appends as few bytes, big-endian, as keep the value and its sign.
    fn write_short(self, out: &mut Vec<u8>);
}

/// What [`Unscaled::write_fixed`] may write past the value.
const SLACK: usize = 16;

/// Bytes of scratch that `count` values of `width` bytes need.
pub(super) fn scratch_len(count: usize, width: usize) -> usize {
    count * width + SLACK
}

impl Unscaled for i128 {
    fn low(self) -> i64 {
        self as i64
    }

    #[inline]
    fn write_fixed(self, width: usize, out: &mut [u8]) {
        match 16usize.checked_sub(width) {
            // One store of known size; the bytes after the value are the next value's, or slack.
            Some(spare @ 0..16) => out[..16].copy_from_slice(&(self << (8 * spare)).to_be_bytes()),
            Some(_) => {}
            None => {
                let (sign, value) = out[..width].split_at_mut(width - 16);
                sign.fill(if self < 0 { 0xff } else { 0 });
                value.copy_from_slice(&self.to_be_bytes());
            }
        }
    }

    #[inline]
    fn write_short(self, out: &mut Vec<u8>) {
        let magnitude_bits = 128 - (self ^ (self >> 127)).leading_zeros() as usize;
        let len = magnitude_bits / 8 + 1;
        out.extend_from_slice(&self.to_be_bytes()[16 - len..]);
    }
}

/// Numbers that are written as the 128-bit numbers they are.
macro_rules! narrow {
    ($($number:ty),*) => {$(
        impl Unscaled for $number {
            fn low(self) -> i64 {
                self.into()
            }

            #[inline]
            fn write_fixed(self, width: usize, out: &mut [u8]) {
                i128::from(self).write_fixed(width, out);
            }

            #[inline]
            fn write_short(self, out: &mut Vec<u8>) {
                i128::from(self).write_short(out);
            }
        }
    )*};
}

narrow!(i32, i64);

impl Unscaled for i256 {
    fn low(self) -> i64 {
        self.to_parts().0 as i64
    }

    #[inline]
    fn write_fixed(self, width: usize, out: &mut [u8]) {
        let bytes = self.to_be_bytes();
        let sign_len = width.saturating_sub(32);
        let (sign, value) = out[..width].split_at_mut(sign_len);
        sign.fill(if self.is_negative() { 0xff } else { 0 });
        value.copy_from_slice(&bytes[32 - value.len()..]);
    }

    #[inline]
    fn write_short(self, out: &mut Vec<u8>) {
        let bytes = self.to_be_bytes();
        let sign = if self.is_negative() { 0xff } else { 0 };
        // A leading byte can go if it only repeats the sign that the next byte has, too.
        let spare = bytes
            .windows(2)
            .take_while(|pair| pair[0] == sign && (pair[1] ^ sign) < 0x80)
            .count();
        out.extend_from_slice(&bytes[spare..]);
    }
}
