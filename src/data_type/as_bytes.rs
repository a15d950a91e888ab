//! `AsBytes` and `SliceAsBytes`: values seen as the bytes they occupy.

use arrow_buffer::ToByteSlice;

use super::{ByteArray, FixedLenByteArray, Int96};

/// A value seen as bytes: numbers as they lie in memory (little-endian on the platforms that
/// Arrow data is exchanged on), byte arrays and text as they are.
pub trait AsBytes {
    /// The bytes of the value.
    fn as_bytes(&self) -> &[u8];
}

/// A slice of fixed-width values seen as bytes, without a copy.
pub trait SliceAsBytes: Sized {
    /// The bytes of the values, one after another.
    fn slice_as_bytes(values: &[Self]) -> &[u8];
}

macro_rules! numbers_as_bytes {
    ($($number:ty),*) => {$(
        impl AsBytes for $number {
            #[inline]
            fn as_bytes(&self) -> &[u8] {
                self.to_byte_slice()
            }
        }

        impl SliceAsBytes for $number {
            #[inline]
            fn slice_as_bytes(values: &[Self]) -> &[u8] {
                values.to_byte_slice()
            }
        }
    )*};
}

numbers_as_bytes!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl AsBytes for bool {
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        if *self { &[1] } else { &[0] }
    }
}

impl AsBytes for Int96 {
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        self.data().to_byte_slice()
    }
}

impl AsBytes for ByteArray {
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        self.data()
    }
}

impl AsBytes for FixedLenByteArray {
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        self.data()
    }
}

impl AsBytes for [u8] {
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        self
    }
}

impl AsBytes for Vec<u8> {
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        self
    }
}

impl AsBytes for str {
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        str::as_bytes(self)
    }
}

impl AsBytes for &str {
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        str::as_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_little_endian() {
        assert_eq!(AsBytes::as_bytes(&0x0102_0304_i32), [4, 3, 2, 1]);
        assert_eq!(AsBytes::as_bytes(&-1_i64), [0xff; 8]);
        assert_eq!(AsBytes::as_bytes(&1.0_f32), [0, 0, 0x80, 0x3f]);
        assert_eq!(i16::slice_as_bytes(&[1, 2]), [1, 0, 2, 0]);
    }

    #[test]
    fn an_int96_is_its_three_words() {
        let value = Int96::from([1, 2, 3]);
        assert_eq!(value.as_bytes(), [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);
    }

    #[test]
    fn text_and_booleans_are_plain_bytes() {
        assert_eq!(AsBytes::as_bytes("ab"), b"ab");
        assert_eq!(AsBytes::as_bytes(&true), [1]);
        assert_eq!(AsBytes::as_bytes(&false), [0]);
    }
}
