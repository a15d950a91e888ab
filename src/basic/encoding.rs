//! How the values of a page are laid out, and which kind of page it is: [`Encoding`],
//! [`EncodingMask`] and [`PageType`].

use std::str::FromStr;

use super::named::{by_name_in_one_case, impl_named_enum};
use crate::errors::{ParquetError, Result};

/// An encoding of values or of levels.
///
/// SPEC: Encodings.md; parquet.thrift, `Encoding`. The number 1 is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(non_camel_case_types, reason = "the names of the format")]
pub enum Encoding {
    /// Values back to back; legal for every type. Encodings.md, "Plain".
    PLAIN = 0,
    /// Dictionary indices, and the name under which old writers marked dictionary pages. Deprecated
    /// in favour of [`Encoding::RLE_DICTIONARY`] for data and [`Encoding::PLAIN`] for the dictionary.
    PLAIN_DICTIONARY = 2,
    /// The hybrid of runs and bit-packed groups, for levels and booleans.
    RLE = 3,
    /// Bit-packed levels without runs. Deprecated; never written.
    BIT_PACKED = 4,
    /// Differences of `INT32` and `INT64` values, bit-packed in blocks.
    DELTA_BINARY_PACKED = 5,
    /// All lengths as differences, then all bytes, for `BYTE_ARRAY`.
    DELTA_LENGTH_BYTE_ARRAY = 6,
    /// Front coding: the length shared with the value before, then the rest.
    DELTA_BYTE_ARRAY = 7,
    /// Indices into the dictionary page of the column chunk, as [`Encoding::RLE`] data.
    RLE_DICTIONARY = 8,
    /// The k-th bytes of all values together, for values of a fixed width.
    BYTE_STREAM_SPLIT = 9,
    /// Floating-point values as scaled integers with exceptions.
    ALP = 10,
}

impl_named_enum!(
    Encoding,
    [
        PLAIN,
        PLAIN_DICTIONARY,
        RLE,
        BIT_PACKED,
        DELTA_BINARY_PACKED,
        DELTA_LENGTH_BYTE_ARRAY,
        DELTA_BYTE_ARRAY,
        RLE_DICTIONARY,
        BYTE_STREAM_SPLIT,
        ALP
    ]
);

impl FromStr for Encoding {
    type Err = ParquetError;

    /// Reads the name of an encoding, all upper or all lower case.
    fn from_str(text: &str) -> Result<Self> {
        by_name_in_one_case(Encoding::VARIANTS, text)
            .ok_or_else(|| ParquetError::General(format!("unknown encoding: {text}")))
    }
}

/// A set of [`Encoding`]s: bit `n` stands for the encoding with the number `n` in the format.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EncodingMask(i32);

impl EncodingMask {
    /// The set whose bits are `val`.
    ///
    /// # Errors
    /// If a bit is set that stands for no encoding.
    pub fn try_new(val: i32) -> Result<Self> {
        let every = EncodingMask::new_from_encodings(Encoding::VARIANTS.iter());
        if val & !every.0 == 0 {
            Ok(EncodingMask(val))
        } else {
            Err(ParquetError::General(format!(
                "Attempt to create invalid mask: 0x{val:x}"
            )))
        }
    }

    /// The bits of this set.
    pub fn as_i32(&self) -> i32 {
        self.0
    }

    /// The set of these encodings; repeats are harmless.
    pub fn new_from_encodings<'a>(encodings: impl Iterator<Item = &'a Encoding>) -> Self {
        let mut mask = EncodingMask::default();
        for encoding in encodings {
            mask.insert(*encoding);
        }
        mask
    }

    /// Adds an encoding.
    pub fn insert(&mut self, val: Encoding) {
        self.0 |= bit(val);
    }

    /// Whether the set holds `val`.
    pub fn is_set(&self, val: Encoding) -> bool {
        self.0 & bit(val) != 0
    }

    /// Whether the set holds `val` and nothing else.
    pub fn is_only(&self, val: Encoding) -> bool {
        self.0 == bit(val)
    }

    /// Whether the set holds all of `encodings`.
    pub fn all_set<'a>(&self, mut encodings: impl Iterator<Item = &'a Encoding>) -> bool {
        encodings.all(|encoding| self.is_set(*encoding))
    }

    /// The encodings of the set, in the order of their numbers.
    pub fn encodings(&self) -> impl Iterator<Item = Encoding> {
        let mask = *self;
        Encoding::VARIANTS
            .iter()
            .copied()
            .filter(move |encoding| mask.is_set(*encoding))
    }
}

fn bit(encoding: Encoding) -> i32 {
    1 << encoding.wire_id()
}

/// The kind of a page.
///
/// SPEC: parquet.thrift, `PageType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(non_camel_case_types, reason = "the names of the format")]
pub enum PageType {
    /// Levels and values, compressed together.
    DATA_PAGE = 0,
    /// Reserved by the format; never written.
    INDEX_PAGE = 1,
    /// The distinct values of a column chunk.
    DICTIONARY_PAGE = 2,
    /// Levels uncompressed, then values, compressed if that pays.
    DATA_PAGE_V2 = 3,
}

impl_named_enum!(
    PageType,
    [DATA_PAGE, INDEX_PAGE, DICTIONARY_PAGE, DATA_PAGE_V2]
);
