//! Byte strings in blocks, each as a key of one size, however they lie in their source.

#![expect(
    clippy::indexing_slicing,
    reason = "kernel: places are below BLOCK, and ranges of values were cut to their source"
)]

use arrow_buffer::Buffer;

use super::BLOCK;
use super::hash::ENDS;
use crate::data_type::packed::{PackedKey, SHORT};
use crate::data_type::values::{
    ByteSource, ByteValues, ByteVisitor, Picks, buffer_bytes, view_len,
};

/// Bytes that an Arrow view has room for.
const INLINE_VIEW: usize = 12;
/// Bytes that are read of every string, its own or those behind it.
const HEAD: usize = 16;

/// Up to [`BLOCK`] strings and their keys.
pub(crate) struct ByteBlock<'v> {
    /// Keys of the short strings; those of long ones are yet to be made.
    pub(super) keys: [PackedKey; BLOCK],
    /// The long strings, at least; other places do not count.
    pub(super) values: [&'v [u8]; BLOCK],
    /// A bit for each string that is long.
    pub(super) long: u64,
    /// A bit for each string that is more than its two ends.
    pub(super) very_long: u64,
    /// How many strings there are; places behind do not count.
    pub(super) len: usize,
}

/// Takes blocks in order.
type Sink<'s> = &'s mut dyn FnMut(&mut ByteBlock<'_>);

impl ByteBlock<'_> {
    /// Number of strings.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

/// Hands all values to `sink`, in order, in blocks.
pub(crate) fn for_each_block(values: &ByteValues<'_>, sink: Sink<'_>) {
    match (values.source(), values.picks()) {
        (ByteSource::Offsets32 { offsets, data }, Picks::Range { from, len }) => {
            let ends = offsets.get(from..=from + len).unwrap_or_default();
            fill_spans(
                data,
                ends.len().saturating_sub(1),
                sink,
                |spans, at, len| {
                    spans.set(&ends[at..=at + len], |offset| offset as usize);
                },
            );
        }
        (ByteSource::Offsets64 { offsets, data }, Picks::Range { from, len }) => {
            let ends = offsets.get(from..=from + len).unwrap_or_default();
            fill_spans(
                data,
                ends.len().saturating_sub(1),
                sink,
                |spans, at, len| {
                    spans.set(&ends[at..=at + len], wide);
                },
            );
        }
        (
            ByteSource::Offsets32 { offsets, data },
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
        ) => fill_spans(data, picks.len(), sink, |spans, at, len| {
            spans.pick(offsets, &picks[at..at + len], |offset| offset as usize);
        }),
        (
            ByteSource::Offsets64 { offsets, data },
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
        ) => fill_spans(data, picks.len(), sink, |spans, at, len| {
            spans.pick(offsets, &picks[at..at + len], wide);
        }),
        (ByteSource::Views { views, buffers }, Picks::Range { from, len }) => {
            let views = views.get(from..from + len).unwrap_or_default();
            fill_views(views.chunks(BLOCK), buffers, sink);
        }
        (
            ByteSource::Views { views, buffers },
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
        ) => {
            let view = |pick: &u32| views.get(*pick as usize).copied().unwrap_or(0);
            let mut picked = [0; BLOCK];
            let mut block = ByteBlock::new();
            for picks in picks.chunks(BLOCK) {
                for (place, pick) in picked.iter_mut().zip(picks) {
                    *place = view(pick);
                }
                block.set_views(&picked[..picks.len()], buffers);
                sink(&mut block);
            }
        }
        (ByteSource::Fixed(_) | ByteSource::Arrays(_) | ByteSource::Packed(_), _) => {
            values.visit(Filler { sink });
        }
    }
}

/// Fills blocks from strings behind which nothing may be read.
struct Filler<'s> {
    sink: Sink<'s>,
}

impl ByteVisitor for Filler<'_> {
    type Out = ();
    fn visit<'v>(self, mut values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        let mut block = ByteBlock::new();
        while values.len() > 0 {
            block.len = values.len().min(BLOCK);
            for (key, (place, value)) in block
                .keys
                .iter_mut()
                .zip(block.values.iter_mut().zip(&mut values))
            {
                *key = PackedKey::short(head_of(value), value.len());
                *place = value;
            }
            block.mark_long();
            (self.sink)(&mut block);
        }
    }
}

fn fill_views<'v>(blocks: impl Iterator<Item = &'v [u128]>, buffers: &'v [Buffer], sink: Sink<'_>) {
    let mut block = ByteBlock::new();
    for views in blocks {
        block.set_views(views, buffers);
        sink(&mut block);
    }
}

/// Fills blocks from `count` strings in `data`, which `find` says the places of, at most [`BLOCK`] from
/// a given one on.
fn fill_spans(data: &[u8], count: usize, sink: Sink<'_>, find: impl Fn(&mut Spans, usize, usize)) {
    let (mut block, mut spans) = (ByteBlock::new(), Spans::new());
    for at in (0..count).step_by(BLOCK) {
        let len = BLOCK.min(count - at);
        find(&mut spans, at, len);
        block.set_spans(data, &spans, len);
        sink(&mut block);
    }
}

/// Where strings begin and end.
struct Spans {
    from: [usize; BLOCK],
    to: [usize; BLOCK],
}

impl Spans {
    fn new() -> Self {
        Self {
            from: [0; BLOCK],
            to: [0; BLOCK],
        }
    }

    /// Strings that follow one another, each from one offset to the next.
    #[inline(always)]
    fn set<O: Copy>(&mut self, offsets: &[O], place: impl Fn(O) -> usize) {
        for (from, offset) in self.from.iter_mut().zip(offsets) {
            *from = place(*offset);
        }
        for (to, offset) in self.to.iter_mut().zip(&offsets[1..]) {
            *to = place(*offset);
        }
    }

    /// The strings of these numbers; empty where there are fewer.
    #[inline(always)]
    fn pick<O: Copy>(&mut self, offsets: &[O], picks: &[u32], place: impl Fn(O) -> usize) {
        for (span, pick) in self.from.iter_mut().zip(&mut self.to).zip(picks) {
            let pick = *pick as usize;
            let ends = (offsets.get(pick), offsets.get(pick + 1));
            (*span.0, *span.1) = match ends {
                (Some(from), Some(to)) => (place(*from), place(*to)),
                _ => (0, 0),
            };
        }
    }

    /// Whether each of the first `len` strings lies in `data` and has [`HEAD`] bytes to be read there.
    #[inline(always)]
    fn have_heads(&self, data: &[u8], len: usize) -> bool {
        let Some(last) = data.len().checked_sub(HEAD) else {
            return false;
        };
        let spans = self.from[..len].iter().zip(&self.to[..len]);
        spans.fold(true, |all, (from, to)| all & (from <= to) & (*to <= last))
    }
}

impl<'v> ByteBlock<'v> {
    fn new() -> Self {
        Self {
            keys: [PackedKey::default(); BLOCK],
            values: [&[]; BLOCK],
            long: 0,
            very_long: 0,
            len: 0,
        }
    }

    /// Takes the first `len` strings of `spans`.
    #[inline]
    fn set_spans(&mut self, data: &'v [u8], spans: &Spans, len: usize) {
        self.len = len;
        let places = self.keys.iter_mut().zip(self.values.iter_mut());
        let spans_of = spans.from[..len].iter().zip(&spans.to[..len]);
        if !spans.have_heads(data, len) {
            for ((key, value), (from, to)) in places.zip(spans_of) {
                *value = data.get(*from..*to).unwrap_or_default();
                *key = PackedKey::short(head_of(value), value.len());
            }
            return self.mark_long();
        }
        // A key is made of the bytes from the string's start on whatever the length: no branch depends on it.
        for ((key, value), (from, to)) in places.zip(spans_of) {
            // SAFETY: `have_heads` has found that no string ends before it begins, that all end within
            // `data`, and that as many bytes as a head has follow.
            let head = unsafe {
                *value = data.get_unchecked(*from..*to);
                data.as_ptr().add(*from).cast::<[u8; HEAD]>().read()
            };
            *key = PackedKey::short(u128::from_le_bytes(head), to - from);
        }
        self.mark_long();
    }

    /// Takes the strings of up to [`BLOCK`] views. The view of a short string has all that the key needs.
    #[inline]
    fn set_views(&mut self, views: &[u128], buffers: &'v [Buffer]) {
        self.len = views.len();
        let is_inline = |all, view| all & (view_len(view) <= INLINE_VIEW);
        if views.iter().fold(true, is_inline) {
            for (key, view) in self.keys.iter_mut().zip(views) {
                *key = PackedKey::short(*view >> 32, view_len(view));
            }
            (self.long, self.very_long) = (0, 0);
            return;
        }
        let places = self.keys.iter_mut().zip(self.values.iter_mut());
        for ((key, value), view) in places.zip(views) {
            let len = view_len(view);
            if len <= INLINE_VIEW {
                *value = &[];
                *key = PackedKey::short(*view >> 32, len);
            } else {
                *value = buffer_bytes(view, buffers);
                *key = PackedKey::short(head_of(value), value.len());
            }
        }
        self.mark_long();
    }

    /// Finds the long ones among the values.
    #[inline(always)]
    fn mark_long(&mut self) {
        let values = &self.values[..self.len];
        (self.long, self.very_long) = (0, 0);
        // More than SHORT has a bit above those of SHORT.
        if values.iter().fold(0, |bits, value| bits | value.len()) <= SHORT {
            return;
        }
        for (at, value) in values.iter().enumerate() {
            self.long |= u64::from(value.len() > SHORT) << at;
            self.very_long |= u64::from(value.len() > ENDS) << at;
        }
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "an offset into a buffer in memory fits"
)]
fn wide(offset: i64) -> usize {
    offset as usize
}

/// The first bytes of a string behind which nothing may be read.
#[inline]
pub(super) fn head_of(value: &[u8]) -> u128 {
    let len = value.len();
    if let Some(head) = value.first_chunk::<HEAD>() {
        return u128::from_le_bytes(*head);
    }
    // Two reads that overlap cover what lies between one and two times their size.
    if let (Some(head), Some(tail)) = (value.first_chunk::<8>(), value.last_chunk::<8>()) {
        let (head, tail) = (u64::from_le_bytes(*head), u64::from_le_bytes(*tail));
        return u128::from(head) | u128::from(tail) << (8 * (len - 8));
    }
    if let (Some(head), Some(tail)) = (value.first_chunk::<4>(), value.last_chunk::<4>()) {
        let (head, tail) = (u32::from_le_bytes(*head), u32::from_le_bytes(*tail));
        return u128::from(head) | u128::from(tail) << (8 * (len - 4));
    }
    value
        .iter()
        .rev()
        .fold(0, |head, byte| head << 8 | u128::from(*byte))
}
