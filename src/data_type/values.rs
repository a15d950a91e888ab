//! Borrowed slices of present physical values: what adapters hand to the column encoder. Nulls are
//! squeezed out before; nothing here owns memory.

use arrow_buffer::Buffer;

use super::bits::BitSlice;
use super::packed::PackedBytes;
use super::{ByteArray, Int96};

/// Present values of one column, in order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values<'a> {
    /// BOOLEAN, one bit each.
    Boolean(BitSlice<'a>),
    /// INT32.
    Int32(&'a [i32]),
    /// INT64.
    Int64(&'a [i64]),
    /// INT96.
    Int96(&'a [Int96]),
    /// FLOAT.
    Float(&'a [f32]),
    /// DOUBLE.
    Double(&'a [f64]),
    /// BYTE_ARRAY.
    Bytes(ByteValues<'a>),
    /// FIXED_LEN_BYTE_ARRAY.
    Fixed(FixedValues<'a>),
}

/// Values of one width, end to end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FixedValues<'a> {
    data: &'a [u8],
    width: usize,
}

/// Values of any length: picks from a source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteValues<'a> {
    source: ByteSource<'a>,
    picks: Picks<'a>,
    /// The sum of the lengths, if it was asked for.
    total_bytes: Option<usize>,
}

/// Where byte values lie.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ByteSource<'a> {
    /// Value `i` is `data[offsets[i] .. offsets[i + 1]]`.
    Offsets32 {
        /// Ascending, one more than there are values.
        offsets: &'a [i32],
        /// The bytes.
        data: &'a [u8],
    },
    /// As [`ByteSource::Offsets32`] with wide offsets.
    Offsets64 {
        /// Ascending, one more than there are values.
        offsets: &'a [i64],
        /// The bytes.
        data: &'a [u8],
    },
    /// Arrow views: 12 bytes inline, or a prefix and a place in a buffer.
    Views {
        /// One view a value.
        views: &'a [u128],
        /// What the views point into.
        buffers: &'a [Buffer],
    },
    /// Values end to end, each of `width` bytes.
    Fixed(FixedValues<'a>),
    /// Owned values.
    Arrays(&'a [ByteArray]),
    /// Entries of a dictionary.
    Packed(PackedBytes<'a>),
}

/// Which values of a source, in which order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Picks<'a> {
    /// `len` values from `from` on.
    Range {
        /// First value.
        from: usize,
        /// How many.
        len: usize,
    },
    /// These values.
    Indices(&'a [u32]),
    /// These values of a dictionary: few sources, picked often. A dictionary encoder may look each
    /// source value up once and map the keys. All slices of one array carry the same `token`.
    Keys {
        /// The keys.
        keys: &'a [u32],
        /// Tells one dictionary's contents from another's within one column writer.
        token: u64,
        /// What the keys were before.
        of: Keyed,
    },
}

/// Where [`Picks::Keys`] come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyed {
    /// An Arrow dictionary.
    Dictionary,
    /// Runs, perhaps with a dictionary above or below them.
    Runs,
}

/// A loop over byte values that is compiled once for each way they can lie.
pub(crate) trait ByteVisitor {
    /// What the loop returns.
    type Out;
    /// Runs over all values in order.
    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> Self::Out;
}

impl<'a> Values<'a> {
    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        match self {
            Values::Boolean(bits) => bits.len(),
            Values::Int32(values) => values.len(),
            Values::Int64(values) => values.len(),
            Values::Int96(values) => values.len(),
            Values::Float(values) => values.len(),
            Values::Double(values) => values.len(),
            Values::Bytes(values) => values.len(),
            Values::Fixed(values) => values.len(),
        }
    }

    /// The same; of strings the sum of their lengths is known, which is asked for several times.
    pub(crate) fn measured(self) -> Self {
        match self {
            Values::Bytes(values) => Values::Bytes(values.measured()),
            others => others,
        }
    }

    /// Takes the first `count` values off the front, or all if there are fewer.
    pub(crate) fn take_front(&mut self, count: usize) -> Values<'a> {
        match self {
            Values::Boolean(bits) => Values::Boolean(bits.take_front(count)),
            Values::Int32(values) => Values::Int32(split_front(values, count)),
            Values::Int64(values) => Values::Int64(split_front(values, count)),
            Values::Int96(values) => Values::Int96(split_front(values, count)),
            Values::Float(values) => Values::Float(split_front(values, count)),
            Values::Double(values) => Values::Double(split_front(values, count)),
            Values::Bytes(values) => Values::Bytes(values.take_front(count)),
            Values::Fixed(values) => Values::Fixed(values.take_front(count)),
        }
    }
}

impl<'a> FixedValues<'a> {
    /// Views `data` as values of `width` bytes; a width of zero has no values.
    pub(crate) fn new(data: &'a [u8], width: usize) -> Self {
        Self { data, width }
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.data.len().checked_div(self.width).unwrap_or(0)
    }

    /// Bytes of each value.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// All values, end to end.
    pub(crate) fn data(&self) -> &'a [u8] {
        self.data
    }

    fn take_front(&mut self, count: usize) -> Self {
        let bytes = count.saturating_mul(self.width).min(self.data.len());
        let (front, back) = self.data.split_at(bytes);
        self.data = back;
        Self {
            data: front,
            width: self.width,
        }
    }

    fn get(&self, index: usize) -> &'a [u8] {
        let from = index * self.width;
        self.data.get(from..from + self.width).unwrap_or_default()
    }
}

impl ByteSource<'_> {
    /// How many values there are to pick from.
    pub(crate) fn len(&self) -> usize {
        match self {
            ByteSource::Offsets32 { offsets, .. } => offsets.len().saturating_sub(1),
            ByteSource::Offsets64 { offsets, .. } => offsets.len().saturating_sub(1),
            ByteSource::Views { views, .. } => views.len(),
            ByteSource::Fixed(fixed) => fixed.len(),
            ByteSource::Arrays(arrays) => arrays.len(),
            ByteSource::Packed(packed) => packed.len(),
        }
    }

    /// Bytes of all values together, each counted once; `None` if that takes a look at each.
    pub(crate) fn span(&self) -> Option<usize> {
        match self {
            ByteSource::Offsets32 { offsets, .. } => match (offsets.first(), offsets.last()) {
                (Some(first), Some(last)) => usize::try_from(*last - *first).ok(),
                _ => Some(0),
            },
            ByteSource::Offsets64 { offsets, .. } => match (offsets.first(), offsets.last()) {
                (Some(first), Some(last)) => usize::try_from(*last - *first).ok(),
                _ => Some(0),
            },
            ByteSource::Fixed(fixed) => Some(fixed.data().len()),
            ByteSource::Views { .. } | ByteSource::Arrays(_) | ByteSource::Packed(_) => None,
        }
    }
}

impl<'a> ByteValues<'a> {
    /// Picks values from a source.
    pub(crate) fn new(source: ByteSource<'a>, picks: Picks<'a>) -> Self {
        Self {
            source,
            picks,
            total_bytes: None,
        }
    }

    /// The same, knowing the sum of the lengths where to find it takes a look at each.
    pub(crate) fn measured(self) -> Self {
        let total_bytes = match (self.source, self.picks) {
            // Dictionaries are measured by what there is to pick from.
            (_, Picks::Keys { .. }) => None,
            _ => Some(self.total_bytes()),
        };
        Self {
            total_bytes,
            ..self
        }
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        match self.picks {
            Picks::Range { len, .. } => len,
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. } => picks.len(),
        }
    }

    /// Where the values lie.
    pub(crate) fn source(&self) -> ByteSource<'a> {
        self.source
    }

    /// Which values, in which order.
    pub(crate) fn picks(&self) -> Picks<'a> {
        self.picks
    }

    /// Takes the first `count` values off the front, or all if there are fewer.
    pub(crate) fn take_front(&mut self, count: usize) -> Self {
        let total_bytes = self.total_bytes.take();
        let total_bytes = total_bytes.filter(|_| count >= self.len());
        let front = match &mut self.picks {
            Picks::Range { from, len } => {
                let count = count.min(*len);
                let front = Picks::Range {
                    from: *from,
                    len: count,
                };
                *from += count;
                *len -= count;
                front
            }
            Picks::Indices(picks) => Picks::Indices(split_front(picks, count)),
            Picks::Keys { keys, token, of } => Picks::Keys {
                keys: split_front(keys, count),
                token: *token,
                of: *of,
            },
        };
        Self {
            source: self.source,
            picks: front,
            total_bytes,
        }
    }

    /// Runs `visitor` over the values. One dispatch for all of them.
    pub(crate) fn visit<V: ByteVisitor>(&self, visitor: V) -> V::Out {
        let picks = match self.picks {
            Picks::Range { from, len } => return self.visit_range(from, len, visitor),
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. } => picks,
        };
        let indices = picks.iter().map(|pick| *pick as usize);
        match self.source {
            ByteSource::Offsets32 { offsets, data } => {
                visitor.visit(indices.map(move |i| by_offset32(offsets, data, i)))
            }
            ByteSource::Offsets64 { offsets, data } => {
                visitor.visit(indices.map(move |i| by_offset64(offsets, data, i)))
            }
            ByteSource::Views { views, buffers } => visitor.visit(indices.map(move |i| {
                views
                    .get(i)
                    .map_or(&[][..], |view| view_bytes(view, buffers))
            })),
            ByteSource::Fixed(fixed) => visitor.visit(indices.map(move |i| fixed.get(i))),
            ByteSource::Arrays(arrays) => {
                visitor.visit(indices.map(move |i| arrays.get(i).map_or(&[][..], ByteArray::data)))
            }
            ByteSource::Packed(packed) => visitor.visit(indices.map(move |i| packed.get(i))),
        }
    }

    fn visit_range<V: ByteVisitor>(&self, from: usize, len: usize, visitor: V) -> V::Out {
        let end = from + len;
        match self.source {
            ByteSource::Offsets32 { offsets, data } => {
                let offsets = offsets.get(from..=end).unwrap_or_default();
                visitor.visit(
                    offsets
                        .windows(2)
                        .map(move |pair| by_offset32(pair, data, 0)),
                )
            }
            ByteSource::Offsets64 { offsets, data } => {
                let offsets = offsets.get(from..=end).unwrap_or_default();
                visitor.visit(
                    offsets
                        .windows(2)
                        .map(move |pair| by_offset64(pair, data, 0)),
                )
            }
            ByteSource::Views { views, buffers } => {
                let views = views.get(from..end).unwrap_or_default();
                visitor.visit(views.iter().map(move |view| view_bytes(view, buffers)))
            }
            ByteSource::Fixed(fixed) => {
                let width = fixed.width.max(1);
                let data = fixed
                    .data
                    .get(from * width..end * width)
                    .unwrap_or_default();
                visitor.visit(data.chunks_exact(width))
            }
            ByteSource::Arrays(arrays) => {
                let arrays = arrays.get(from..end).unwrap_or_default();
                visitor.visit(arrays.iter().map(ByteArray::data))
            }
            ByteSource::Packed(packed) => visitor.visit(packed.range(from, len)),
        }
    }

    /// Sum of the lengths of all values, without the bytes being touched.
    pub(crate) fn total_bytes(&self) -> usize {
        if let Some(total_bytes) = self.total_bytes {
            return total_bytes;
        }
        match (self.source, self.picks) {
            (ByteSource::Offsets32 { offsets, .. }, Picks::Range { from, len }) => {
                match (offsets.get(from), offsets.get(from + len)) {
                    (Some(first), Some(last)) => (*last - *first) as usize,
                    _ => 0,
                }
            }
            (ByteSource::Offsets64 { offsets, .. }, Picks::Range { from, len }) => {
                match (offsets.get(from), offsets.get(from + len)) {
                    (Some(first), Some(last)) => usize::try_from(*last - *first).unwrap_or(0),
                    _ => 0,
                }
            }
            (
                ByteSource::Offsets32 { offsets, .. },
                Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
            ) => {
                let len = |pick: &u32| match (
                    offsets.get(*pick as usize),
                    offsets.get(*pick as usize + 1),
                ) {
                    (Some(from), Some(to)) => (*to - *from) as usize,
                    _ => 0,
                };
                picks.iter().map(len).sum()
            }
            (ByteSource::Views { views, .. }, Picks::Range { from, len }) => {
                let views = views.get(from..from + len).unwrap_or_default();
                views.iter().map(view_len).sum()
            }
            (
                ByteSource::Views { views, .. },
                Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
            ) => picks
                .iter()
                .map(|pick| views.get(*pick as usize).map_or(0, view_len))
                .sum(),
            (ByteSource::Fixed(fixed), _) => fixed.width * self.len(),
            _ => self.visit(TotalBytes),
        }
    }
}

/// Length of the bytes of an Arrow view.
///
/// SPEC (Arrow columnar format, "Variable-size Binary View Layout"): four bytes of length, then
/// either up to 12 bytes of data or a prefix, a buffer number and an offset, four bytes each.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the lowest 32 bits are the length"
)]
pub(crate) fn view_len(view: &u128) -> usize {
    *view as u32 as usize
}

/// The bytes of an Arrow view.
#[inline]
pub(crate) fn view_bytes<'v>(view: &'v u128, buffers: &'v [Buffer]) -> &'v [u8] {
    let len = view_len(view);
    if len <= 12 {
        // A view's bytes stand in memory in the order of a little-endian number.
        return as_bytes(view).get(4..4 + len).unwrap_or_default();
    }
    buffer_bytes(view, buffers)
}

/// The bytes of an Arrow view of more than 12.
#[inline]
pub(crate) fn buffer_bytes<'v>(view: &u128, buffers: &'v [Buffer]) -> &'v [u8] {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the fields of a view are 32 bits wide"
    )]
    let (buffer, offset) = ((*view >> 64) as u32 as usize, (*view >> 96) as u32 as usize);
    buffers
        .get(buffer)
        .and_then(|buffer| buffer.as_slice().get(offset..offset + view_len(view)))
        .unwrap_or_default()
}

/// Whether an Arrow view points into one of `buffers`, or needs none.
#[inline]
pub(crate) fn view_fits(view: u128, buffers: &[Buffer]) -> bool {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the fields of a view are 32 bits wide"
    )]
    let (buffer, offset) = ((view >> 64) as u32 as usize, (view >> 96) as u32 as usize);
    let len = view_len(&view);
    len <= 12
        || buffers
            .get(buffer)
            .is_some_and(|buffer| offset + len <= buffer.len())
}

fn as_bytes(view: &u128) -> &[u8; 16] {
    // SAFETY: a u128 is 16 initialised bytes, and a byte array needs no alignment.
    unsafe { &*std::ptr::from_ref(view).cast::<[u8; 16]>() }
}

struct TotalBytes;

impl ByteVisitor for TotalBytes {
    type Out = usize;
    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> usize {
        values.map(<[u8]>::len).sum()
    }
}

#[inline]
fn by_offset32<'a>(offsets: &[i32], data: &'a [u8], index: usize) -> &'a [u8] {
    match (offsets.get(index), offsets.get(index + 1)) {
        (Some(from), Some(to)) => data.get(*from as usize..*to as usize).unwrap_or_default(),
        _ => &[],
    }
}

#[inline]
fn by_offset64<'a>(offsets: &[i64], data: &'a [u8], index: usize) -> &'a [u8] {
    match (offsets.get(index), offsets.get(index + 1)) {
        (Some(from), Some(to)) => {
            let (from, to) = (
                usize::try_from(*from).unwrap_or(0),
                usize::try_from(*to).unwrap_or(0),
            );
            data.get(from..to).unwrap_or_default()
        }
        _ => &[],
    }
}

fn split_front<'a, T>(values: &mut &'a [T], count: usize) -> &'a [T] {
    let (front, back) = values.split_at(count.min(values.len()));
    *values = back;
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_is_known_is_that_of_the_values_however_they_are_taken_apart() {
        let views: Vec<u128> = (0..12).collect();
        let buffers = [];
        let source = ByteSource::Views {
            views: &views,
            buffers: &buffers,
        };
        let all = ByteValues::new(source, Picks::Range { from: 2, len: 9 });
        for count in 0..12 {
            let (mut known, mut unknown) = (all.measured(), all);
            let fronts = [known.take_front(count), unknown.take_front(count)];
            assert_eq!(fronts[0].total_bytes(), fronts[1].total_bytes());
            assert_eq!(known.total_bytes(), unknown.total_bytes());
            let sum = fronts[0].total_bytes() + known.total_bytes();
            assert_eq!((sum, all.measured().total_bytes()), (54, 54), "{count}");
        }
    }
}
