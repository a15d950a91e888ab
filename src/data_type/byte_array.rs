//! `ByteArray`: an owned value of physical type BYTE_ARRAY.

use std::fmt;
use std::str;

use bytes::Bytes;
use half::f16;

use crate::errors::Result;

/// A value of physical type BYTE_ARRAY: bytes of any length, shared when cloned or sliced.
///
/// Values order byte by byte, unsigned; a prefix is less than what it begins.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteArray {
    data: Bytes,
}

impl ByteArray {
    /// An empty value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Length in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether the length is zero.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The bytes.
    #[inline]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Replaces the bytes.
    #[inline]
    pub fn set_data(&mut self, data: Bytes) {
        self.data = data;
    }

    /// The `len` bytes from `start`, sharing the memory of this value.
    ///
    /// # Panics
    /// If the range does not lie within the value.
    pub fn slice(&self, start: usize, len: usize) -> Self {
        Self::from(self.data.slice(start..start + len))
    }

    /// The bytes as text.
    ///
    /// # Errors
    /// [`ParquetError::External`](crate::errors::ParquetError::External) when they are not UTF-8.
    pub fn as_utf8(&self) -> Result<&str> {
        Ok(str::from_utf8(self.data())?)
    }
}

impl AsRef<[u8]> for ByteArray {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.data()
    }
}

impl From<Bytes> for ByteArray {
    fn from(data: Bytes) -> Self {
        Self { data }
    }
}

impl From<Vec<u8>> for ByteArray {
    fn from(data: Vec<u8>) -> Self {
        Self::from(Bytes::from(data))
    }
}

impl From<&[u8]> for ByteArray {
    fn from(data: &[u8]) -> Self {
        Self::from(Bytes::copy_from_slice(data))
    }
}

impl From<&str> for ByteArray {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

/// The two little-endian bytes of the number.
impl From<f16> for ByteArray {
    fn from(value: f16) -> Self {
        Self::from(value.to_le_bytes().as_slice())
    }
}

impl PartialEq<[u8]> for ByteArray {
    fn eq(&self, other: &[u8]) -> bool {
        self.data() == other
    }
}

/// As text if it is text.
impl fmt::Debug for ByteArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = f.debug_struct("ByteArray");
        match std::str::from_utf8(self.data()) {
            Ok(text) => value.field("data", &text),
            Err(_) => value.field("data", &Some(&self.data)),
        };
        value.finish()
    }
}

/// The list of byte values.
impl fmt::Display for ByteArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.data(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_share_the_memory_of_their_source() {
        let whole = ByteArray::from("herringbone");
        let part = whole.slice(7, 4);
        assert_eq!(part.as_utf8().unwrap(), "bone");
        assert_eq!(part.data().as_ptr(), whole.data()[7..].as_ptr());
    }

    #[test]
    fn order_is_unsigned_and_prefixes_come_first() {
        let less = |a: &[u8], b: &[u8]| {
            let (a, b) = (ByteArray::from(a), ByteArray::from(b));
            a < b
        };
        assert!(less(b"", b"\0"));
        assert!(less(b"ab", b"abc"));
        assert!(less(b"\x7f", b"\x80"));
    }

    #[test]
    fn bytes_that_are_not_text_are_an_error() {
        assert!(ByteArray::from(vec![0xff]).as_utf8().is_err());
    }

    #[test]
    fn a_half_float_is_little_endian() {
        assert_eq!(ByteArray::from(f16::ONE).data(), [0x00, 0x3c]);
    }
}
