//! `Decimal`: an unscaled integer with its precision and scale.

use super::{AsBytes, ByteArray};

/// A decimal number: an unscaled integer in one of the physical forms that Parquet allows.
///
/// The bytes are two's complement, big-endian. SPEC: LogicalTypes.md, DECIMAL.
#[derive(Clone, Debug)]
pub enum Decimal {
    /// Stored as INT32; precision up to 9.
    Int32 {
        /// The unscaled integer, big-endian.
        value: [u8; 4],
        /// Number of decimal digits.
        precision: i32,
        /// Number of digits after the decimal point.
        scale: i32,
    },
    /// Stored as INT64; precision up to 18.
    Int64 {
        /// The unscaled integer, big-endian.
        value: [u8; 8],
        /// Number of decimal digits.
        precision: i32,
        /// Number of digits after the decimal point.
        scale: i32,
    },
    /// Stored as BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY.
    Bytes {
        /// The unscaled integer, big-endian.
        value: ByteArray,
        /// Number of decimal digits.
        precision: i32,
        /// Number of digits after the decimal point.
        scale: i32,
    },
}

impl Decimal {
    /// A decimal from a 32-bit unscaled integer.
    pub fn from_i32(value: i32, precision: i32, scale: i32) -> Self {
        Self::Int32 {
            value: value.to_be_bytes(),
            precision,
            scale,
        }
    }

    /// A decimal from a 64-bit unscaled integer.
    pub fn from_i64(value: i64, precision: i32, scale: i32) -> Self {
        Self::Int64 {
            value: value.to_be_bytes(),
            precision,
            scale,
        }
    }

    /// A decimal from the bytes of an unscaled integer, two's complement and big-endian.
    pub fn from_bytes(value: ByteArray, precision: i32, scale: i32) -> Self {
        Self::Bytes {
            value,
            precision,
            scale,
        }
    }

    /// The unscaled integer, two's complement and big-endian.
    pub fn data(&self) -> &[u8] {
        match self {
            Self::Int32 { value, .. } => value,
            Self::Int64 { value, .. } => value,
            Self::Bytes { value, .. } => value.data(),
        }
    }

    /// Number of decimal digits.
    pub fn precision(&self) -> i32 {
        match self {
            Self::Int32 { precision, .. }
            | Self::Int64 { precision, .. }
            | Self::Bytes { precision, .. } => *precision,
        }
    }

    /// Number of digits after the decimal point.
    pub fn scale(&self) -> i32 {
        match self {
            Self::Int32 { scale, .. } | Self::Int64 { scale, .. } | Self::Bytes { scale, .. } => {
                *scale
            }
        }
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self::from_i32(0, 0, 0)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.precision() == other.precision()
            && self.scale() == other.scale()
            && self.data() == other.data()
    }
}

impl AsBytes for Decimal {
    fn as_bytes(&self) -> &[u8] {
        self.data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_stores_its_integer_big_endian() {
        assert_eq!(Decimal::from_i32(-2, 4, 1).data(), [0xff, 0xff, 0xff, 0xfe]);
        assert_eq!(
            Decimal::from_i64(258, 12, 2).data(),
            [0, 0, 0, 0, 0, 0, 1, 2]
        );
        let wide = Decimal::from_bytes(ByteArray::from(vec![1, 2, 3]), 7, 3);
        assert_eq!(wide.as_bytes(), [1, 2, 3]);
        assert_eq!((wide.precision(), wide.scale()), (7, 3));
    }

    #[test]
    fn precision_and_scale_take_part_in_equality() {
        assert_eq!(Decimal::from_i32(5, 4, 1), Decimal::from_i32(5, 4, 1));
        assert_ne!(Decimal::from_i32(5, 4, 1), Decimal::from_i32(5, 4, 2));
    }
}
