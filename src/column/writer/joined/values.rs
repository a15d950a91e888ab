//! Present values of leaves that are joined.

use std::ops::Range;

use arrow_buffer::BooleanBufferBuilder;

use crate::data_type::bits::BitSlice;
use crate::data_type::values::{ByteSource, ByteValues, ByteVisitor, FixedValues, Picks, Values};
use crate::encodings::append_short;
use crate::errors::{ParquetError, Result};

/// Values of one physical type, one after the other.
#[derive(Debug, Default)]
pub(super) enum JoinedValues {
    /// None has come yet, so that the type is not known.
    #[default]
    Nothing,
    Boolean(BooleanBufferBuilder),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes {
        /// One more than there are values, the first of them 0.
        offsets: Vec<i32>,
        data: Vec<u8>,
    },
    Fixed {
        data: Vec<u8>,
        width: usize,
    },
}

impl JoinedValues {
    /// Appends `values`.
    ///
    /// # Errors
    /// [`ParquetError::Internal`] if they are of another type than those before.
    pub(super) fn extend(&mut self, values: &Values<'_>) -> Result<()> {
        if let Self::Nothing = self {
            *self = Self::like(values);
        }
        match (self, values) {
            (Self::Boolean(joined), Values::Boolean(bits)) => {
                let from = bits.offset();
                joined.append_packed_range(from..from + bits.len(), bits.bytes());
            }
            (Self::Int32(joined), Values::Int32(values)) => append(joined, values),
            (Self::Int64(joined), Values::Int64(values)) => append(joined, values),
            (Self::Float(joined), Values::Float(values)) => append(joined, values),
            (Self::Double(joined), Values::Double(values)) => append(joined, values),
            (Self::Bytes { offsets, data }, Values::Bytes(values)) => {
                append_bytes(offsets, data, values)?;
            }
            (Self::Fixed { data, width }, Values::Fixed(values)) if *width == values.width() => {
                append(data, values.data());
            }
            _ => {
                return Err(ParquetError::Internal(
                    "leaves of one column have values of two types".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// The values, borrowed.
    pub(super) fn as_values(&self) -> Values<'_> {
        match self {
            Self::Nothing => Values::Int32(&[]),
            Self::Boolean(bits) => Values::Boolean(BitSlice::new(bits.as_slice(), 0, bits.len())),
            Self::Int32(values) => Values::Int32(values),
            Self::Int64(values) => Values::Int64(values),
            Self::Float(values) => Values::Float(values),
            Self::Double(values) => Values::Double(values),
            Self::Bytes { offsets, data } => {
                let all = Picks::Range {
                    from: 0,
                    len: offsets.len().saturating_sub(1),
                };
                Values::Bytes(ByteValues::new(
                    ByteSource::Offsets32 { offsets, data },
                    all,
                ))
            }
            Self::Fixed { data, width } => Values::Fixed(FixedValues::new(data, *width)),
        }
    }

    /// Forgets all values.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Nothing => {}
            Self::Boolean(bits) => bits.truncate(0),
            Self::Int32(values) => values.clear(),
            Self::Int64(values) => values.clear(),
            Self::Float(values) => values.clear(),
            Self::Double(values) => values.clear(),
            Self::Bytes { offsets, data } => {
                offsets.truncate(1);
                data.clear();
            }
            Self::Fixed { data, .. } => data.clear(),
        }
    }

    /// Bytes held on the heap, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Boolean(bits) => bits.capacity() / 8,
            Self::Int32(values) => size_of::<i32>() * values.capacity(),
            Self::Int64(values) => size_of::<i64>() * values.capacity(),
            Self::Float(values) => size_of::<f32>() * values.capacity(),
            Self::Double(values) => size_of::<f64>() * values.capacity(),
            Self::Bytes { offsets, data } => {
                size_of::<i32>() * offsets.capacity() + data.capacity()
            }
            Self::Fixed { data, .. } => data.capacity(),
        }
    }

    /// An empty list for values like these. Of INT96 there is none: no Arrow type is written to it.
    fn like(values: &Values<'_>) -> Self {
        match values {
            Values::Boolean(_) => Self::Boolean(BooleanBufferBuilder::new(0)),
            Values::Int32(_) => Self::Int32(Vec::new()),
            Values::Int64(_) => Self::Int64(Vec::new()),
            Values::Float(_) => Self::Float(Vec::new()),
            Values::Double(_) => Self::Double(Vec::new()),
            Values::Bytes(_) => Self::Bytes {
                offsets: vec![0],
                data: Vec::new(),
            },
            Values::Fixed(values) => Self::Fixed {
                data: Vec::new(),
                width: values.width(),
            },
            Values::Int96(_) => Self::Nothing,
        }
    }
}

/// Leaves that are expected when the first one comes: a list that begins with room for one would double often.
const FIRST_LEAVES: usize = 8;

fn append<T: Copy>(joined: &mut Vec<T>, values: &[T]) {
    if joined.capacity() == 0 {
        joined.reserve(FIRST_LEAVES * values.len());
    }
    joined.extend_from_slice(values);
}

fn append_bytes(offsets: &mut Vec<i32>, data: &mut Vec<u8>, values: &ByteValues<'_>) -> Result<()> {
    if data.capacity() == 0 {
        offsets.reserve(FIRST_LEAVES * values.len());
        data.reserve(FIRST_LEAVES * values.total_bytes());
    }
    if let (
        ByteSource::Offsets32 {
            offsets: from,
            data: bytes,
        },
        Picks::Range { from: at, len },
    ) = (values.source(), values.picks())
        && let Some([first, ends @ ..]) = from.get(at..=at + len)
        && let Some(bytes) =
            range_of(*first, ends.last().unwrap_or(first)).and_then(|range| bytes.get(range))
    {
        // Values that lie side by side stay so: each offset moves by the same.
        let moved = i32::try_from(data.len())? - first;
        i32::try_from(data.len() + bytes.len())?;
        data.extend_from_slice(bytes);
        offsets.extend(ends.iter().map(|end| end + moved));
        return Ok(());
    }
    i32::try_from(data.len() + values.total_bytes())?;
    values.visit(Append { offsets, data });
    Ok(())
}

fn range_of(first: i32, last: &i32) -> Option<Range<usize>> {
    Some(usize::try_from(first).ok()?..usize::try_from(*last).ok()?)
}

/// Copies byte values behind those that are there, as far as offsets can tell their ends.
struct Append<'j> {
    offsets: &'j mut Vec<i32>,
    data: &'j mut Vec<u8>,
}

impl ByteVisitor for Append<'_> {
    type Out = ();

    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        let Self { offsets, data } = self;
        offsets.extend(values.map(|value| {
            append_short(value, data);
            i32::try_from(data.len()).unwrap_or(i32::MAX)
        }));
    }
}
