//! `FixedLenByteArray`: an owned value of physical type FIXED_LEN_BYTE_ARRAY.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Deref, DerefMut};

use half::f16;

use super::ByteArray;

/// A value of physical type FIXED_LEN_BYTE_ARRAY. The schema holds the length, and a writer
/// refuses values of another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FixedLenByteArray(ByteArray);

impl Deref for FixedLenByteArray {
    type Target = ByteArray;

    #[inline]
    fn deref(&self) -> &ByteArray {
        &self.0
    }
}

impl DerefMut for FixedLenByteArray {
    #[inline]
    fn deref_mut(&mut self) -> &mut ByteArray {
        &mut self.0
    }
}

impl AsRef<[u8]> for FixedLenByteArray {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.0.data()
    }
}

impl From<ByteArray> for FixedLenByteArray {
    fn from(value: ByteArray) -> Self {
        Self(value)
    }
}

impl From<Vec<u8>> for FixedLenByteArray {
    fn from(data: Vec<u8>) -> Self {
        Self(ByteArray::from(data))
    }
}

/// The two little-endian bytes of the number, as logical type FLOAT16 stores them.
impl From<f16> for FixedLenByteArray {
    fn from(value: f16) -> Self {
        Self(ByteArray::from(value))
    }
}

impl From<FixedLenByteArray> for ByteArray {
    fn from(value: FixedLenByteArray) -> Self {
        value.0
    }
}

impl PartialEq<ByteArray> for FixedLenByteArray {
    fn eq(&self, other: &ByteArray) -> bool {
        self.0 == *other
    }
}

impl PartialEq<FixedLenByteArray> for ByteArray {
    fn eq(&self, other: &FixedLenByteArray) -> bool {
        *self == other.0
    }
}

impl PartialOrd<ByteArray> for FixedLenByteArray {
    fn partial_cmp(&self, other: &ByteArray) -> Option<Ordering> {
        self.0.partial_cmp(other)
    }
}

impl PartialOrd<FixedLenByteArray> for ByteArray {
    fn partial_cmp(&self, other: &FixedLenByteArray) -> Option<Ordering> {
        self.partial_cmp(&other.0)
    }
}

impl PartialEq<[u8]> for FixedLenByteArray {
    fn eq(&self, other: &[u8]) -> bool {
        self.0.data() == other
    }
}

impl fmt::Display for FixedLenByteArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
