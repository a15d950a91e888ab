//! Byte values of either physical type, their lengths checked before anything is written.

use crate::data_type::values::{ByteSource, ByteValues, ByteVisitor, Picks, Values};
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnPath;

/// The longest value: lengths are read as signed 32-bit integers.
const LONGEST_BYTES: usize = 0x7fff_ffff;

/// Which lengths a column's values may have, and the column for errors.
#[derive(Debug)]
pub(super) struct LengthRule {
    exact: Option<usize>,
    column: Box<str>,
}

impl LengthRule {
    /// BYTE_ARRAY: any length that the format can express.
    pub(super) fn any(column: &ColumnPath) -> Self {
        Self {
            exact: None,
            column: column.string().into_boxed_str(),
        }
    }

    /// FIXED_LEN_BYTE_ARRAY: this length.
    pub(super) fn exactly(width: usize, column: &ColumnPath) -> Self {
        Self {
            exact: Some(width),
            column: column.string().into_boxed_str(),
        }
    }

    /// Sees to it that every value may be written, and returns the sum of their lengths.
    pub(super) fn check(&self, values: &ByteValues<'_>) -> Result<usize> {
        let total = values.total_bytes();
        let wrong = match (self.exact, values.source()) {
            (Some(width), ByteSource::Fixed(fixed)) => {
                Some(fixed.width()).filter(|given| *given != width)
            }
            (Some(width), _) => values.visit(FirstLength(|len| len != width)),
            (None, _) if total <= LONGEST_BYTES => None,
            (None, _) => values.visit(FirstLength(|len| len > LONGEST_BYTES)),
        };
        match wrong {
            None => Ok(total),
            Some(len) => Err(self.error(len)),
        }
    }

    /// Bytes on the heap.
    pub(super) fn memory_size(&self) -> usize {
        self.column.len()
    }

    fn error(&self, len: usize) -> ParquetError {
        let column = &self.column;
        ParquetError::General(match self.exact {
            Some(width) => format!(
                "A value of {len} bytes does not fit column {column}, whose values have {width} bytes"
            ),
            None => format!(
                "A value of {len} bytes in column {column} is longer than the format allows, {LONGEST_BYTES} bytes"
            ),
        })
    }
}

/// The values, if they are byte values.
pub(super) fn as_byte_values<'a>(values: &Values<'a>) -> Option<ByteValues<'a>> {
    match *values {
        Values::Bytes(values) => Some(values),
        Values::Fixed(values) => {
            let picks = Picks::Range {
                from: 0,
                len: values.len(),
            };
            Some(ByteValues::new(ByteSource::Fixed(values), picks))
        }
        _ => None,
    }
}

/// The bytes of all values, if they lie end to end.
pub(super) fn contiguous<'a>(values: &ByteValues<'a>) -> Option<&'a [u8]> {
    let Picks::Range { from, len } = values.picks() else {
        return None;
    };
    let place = |offset: i64| usize::try_from(offset).ok();
    match values.source() {
        ByteSource::Offsets32 { offsets, data } => {
            let (first, last) = (*offsets.get(from)?, *offsets.get(from + len)?);
            data.get(place(first.into())?..place(last.into())?)
        }
        ByteSource::Offsets64 { offsets, data } => {
            data.get(place(*offsets.get(from)?)?..place(*offsets.get(from + len)?)?)
        }
        ByteSource::Fixed(fixed) => fixed
            .data()
            .get(from * fixed.width()..(from + len) * fixed.width()),
        ByteSource::Views { .. } | ByteSource::Arrays(_) | ByteSource::Packed(_) => None,
    }
}

/// The first length of which the condition is true.
struct FirstLength<F>(F);

impl<F: Fn(usize) -> bool> ByteVisitor for FirstLength<F> {
    type Out = Option<usize>;
    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> Option<usize> {
        values.map(<[u8]>::len).find(|len| self.0(*len))
    }
}
