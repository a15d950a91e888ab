//! Sizes of values, told from their lengths alone: none of these touches the bytes of a value.

use crate::basic::Type;
use crate::data_type::values::{ByteValues, ByteVisitor, Keyed, Picks, Values};

/// Bytes of a length in PLAIN.
const LENGTH_BYTES: usize = 4;

/// Bytes of values, and of the longest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) sum: usize,
    pub(crate) longest: usize,
}

/// A value that is too long.
pub(super) struct TooLong {
    /// Its number among the values.
    pub(super) nth: usize,
    pub(super) bytes: usize,
}

/// The lengths of `values`, without what encodings add. Of bits, eight make a byte.
pub(crate) fn lengths_of(values: &Values<'_>) -> Lengths {
    match values {
        Values::Boolean(bits) => Lengths {
            sum: bits.len().div_ceil(8),
            longest: 1,
        },
        Values::Bytes(bytes) => bytes.visit(SumAndLongest),
        fixed => Lengths {
            sum: fixed.len().saturating_mul(width_of(fixed)),
            longest: width_of(fixed),
        },
    }
}

/// Bytes of each value; 1 for those that are shorter or of different lengths.
pub(super) fn width_of(values: &Values<'_>) -> usize {
    let width = match values {
        Values::Boolean(_) => Type::BOOLEAN.value_bytes(0),
        Values::Bytes(_) => Type::BYTE_ARRAY.value_bytes(0),
        Values::Int32(_) => Type::INT32.value_bytes(0),
        Values::Float(_) => Type::FLOAT.value_bytes(0),
        Values::Int64(_) => Type::INT64.value_bytes(0),
        Values::Double(_) => Type::DOUBLE.value_bytes(0),
        Values::Int96(_) => Type::INT96.value_bytes(0),
        Values::Fixed(fixed) => Some(fixed.width()),
    };
    width.unwrap_or(1).max(1)
}

/// The first value of more than `most` bytes.
pub(super) fn first_longer(values: &Values<'_>, most: usize) -> Option<TooLong> {
    match values {
        Values::Bytes(bytes) => bytes.visit(FirstLonger { most }),
        fixed => (fixed.len() > 0 && width_of(fixed) > most).then(|| TooLong {
            nth: 0,
            bytes: width_of(fixed),
        }),
    }
}

/// The bytes of `values` in PLAIN or more; exact where the sum of the lengths is cheap, or where the bound is `large`
/// or more.
pub(super) fn size_bound(values: &Values<'_>, large: usize) -> usize {
    match values {
        Values::Bytes(bytes) => {
            let lengths = LENGTH_BYTES * bytes.len();
            match bytes.picks() {
                Picks::Keys { .. } => match picked_bound(bytes) {
                    bound if bound <= large => bound + lengths,
                    _ => bytes.total_bytes() + lengths,
                },
                Picks::Range { .. } | Picks::Indices(_) => bytes.total_bytes() + lengths,
            }
        }
        fixed => fixed.len().saturating_mul(width_of(fixed)),
    }
}

/// As [`size_bound`] of the values that a dictionary would keep: those picked more than once count once.
pub(super) fn distinct_bound(values: &Values<'_>, large: usize) -> usize {
    match values {
        Values::Bytes(bytes) if matches!(bytes.picks(), Picks::Keys { .. }) => {
            let source = bytes.source();
            let span = source.span().unwrap_or(usize::MAX);
            let all = span.saturating_add(LENGTH_BYTES * source.len());
            size_bound(values, large).min(all)
        }
        values => size_bound(values, large),
    }
}

/// How many of the leading values stay within `budget` bytes, the one that passes it included, and without one that
/// would make more than `most` bytes together with those before it. One value at least.
pub(super) fn count_within(values: &ByteValues<'_>, budget: usize, most: usize) -> usize {
    values.visit(CountWithin { budget, most })
}

/// Whether values are picked from an Arrow dictionary. Runs are written out by `parquet` before it looks at sizes,
/// dictionaries are not.
pub(super) fn is_dictionary(values: &ByteValues<'_>) -> bool {
    matches!(
        values.picks(),
        Picks::Keys {
            of: Keyed::Dictionary,
            ..
        }
    )
}

/// If every value were as long as all that there are to pick from.
fn picked_bound(bytes: &ByteValues<'_>) -> usize {
    let span = bytes.source().span().unwrap_or(usize::MAX);
    span.saturating_mul(bytes.len())
}

struct SumAndLongest;

impl ByteVisitor for SumAndLongest {
    type Out = Lengths;

    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> Lengths {
        values.fold(Lengths::default(), |lengths, value| Lengths {
            sum: lengths.sum.saturating_add(value.len()),
            longest: lengths.longest.max(value.len()),
        })
    }
}

struct FirstLonger {
    most: usize,
}

impl ByteVisitor for FirstLonger {
    type Out = Option<TooLong>;

    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> Option<TooLong> {
        let mut lengths = values.map(<[u8]>::len).enumerate();
        let longer = lengths.find(|(_, bytes)| *bytes > self.most);
        longer.map(|(nth, bytes)| TooLong { nth, bytes })
    }
}

struct CountWithin {
    budget: usize,
    most: usize,
}

impl ByteVisitor for CountWithin {
    type Out = usize;

    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> usize {
        let (mut used, mut count) = (0_usize, 0);
        for value in values {
            let bytes = value.len() + LENGTH_BYTES;
            // A value that makes too much for a page waits for the next mini batch.
            if count > 0 && used + bytes > self.most {
                break;
            }
            used += bytes;
            count += 1;
            if used > self.budget {
                break;
            }
        }
        count
    }
}
