//! Byte strings in blocks, each as a key of one size, however they lie in their source.

use arrow_buffer::Buffer;

use super::BLOCK;
use super::hash::ENDS;
use crate::data_type::packed::{PackedKey, SHORT};
use crate::data_type::values::{ByteSource, ByteValues, ByteVisitor, Picks, view_bytes};

/// Bytes that an Arrow view has room for.
const INLINE_VIEW: usize = 12;

/// Up to [`BLOCK`] strings and their keys.
pub(crate) struct ByteBlock<'v> {
    /// Keys of the short strings; those of long ones are yet to be made.
    pub(super) keys: [PackedKey; BLOCK],
    /// The strings.
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
            let starts = ends.iter();
            let pairs = starts.zip(ends.get(1..).unwrap_or_default());
            fill(
                pairs.map(|(from, to)| by_offsets(data, *from as usize, *to as usize)),
                sink,
            );
        }
        (ByteSource::Offsets64 { offsets, data }, Picks::Range { from, len }) => {
            let ends = offsets.get(from..=from + len).unwrap_or_default();
            let starts = ends.iter();
            let pairs = starts.zip(ends.get(1..).unwrap_or_default());
            fill(
                pairs.map(|(from, to)| by_offsets(data, wide(*from), wide(*to))),
                sink,
            );
        }
        (
            ByteSource::Offsets32 { offsets, data },
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
        ) => {
            let offset = |at: usize| offsets.get(at).map_or(0, |offset| *offset as usize);
            let picks = picks.iter().map(|pick| *pick as usize);
            fill(
                picks.map(|pick| by_offsets(data, offset(pick), offset(pick + 1))),
                sink,
            );
        }
        (
            ByteSource::Offsets64 { offsets, data },
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
        ) => {
            let offset = |at: usize| offsets.get(at).map_or(0, |offset| wide(*offset));
            let picks = picks.iter().map(|pick| *pick as usize);
            fill(
                picks.map(|pick| by_offsets(data, offset(pick), offset(pick + 1))),
                sink,
            );
        }
        (ByteSource::Views { views, buffers }, Picks::Range { from, len }) => {
            let views = views.get(from..from + len).unwrap_or_default();
            fill(views.iter().map(|view| by_view(view, buffers)), sink);
        }
        (
            ByteSource::Views { views, buffers },
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
        ) => {
            let picks = picks
                .iter()
                .map(|pick| views.get(*pick as usize).unwrap_or(&0));
            fill(picks.map(|view| by_view(view, buffers)), sink);
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
    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        fill(
            values.map(|value| (PackedKey::short(head_of(value), value.len()), value)),
            self.sink,
        );
    }
}

fn fill<'v>(mut items: impl Iterator<Item = (PackedKey, &'v [u8])>, sink: Sink<'_>) {
    let mut block = ByteBlock {
        keys: [PackedKey::default(); BLOCK],
        values: [&[]; BLOCK],
        long: 0,
        very_long: 0,
        len: 0,
    };
    loop {
        let (mut len, mut long, mut very_long) = (0, 0, 0);
        let places = block.keys.iter_mut().zip(block.values.iter_mut());
        for ((key, value), item) in places.zip(&mut items) {
            (*key, *value) = item;
            long |= u64::from(value.len() > SHORT) << len;
            very_long |= u64::from(value.len() > ENDS) << len;
            len += 1;
        }
        (block.len, block.long, block.very_long) = (len, long, very_long);
        if len > 0 {
            sink(&mut block);
        }
        if len < BLOCK {
            return;
        }
    }
}

/// A string between two offsets and its key. Where the buffer goes on long enough, the key is made
/// of 16 bytes from the string's start whatever the length: no branch that depends on it.
#[inline(always)]
fn by_offsets(data: &[u8], from: usize, to: usize) -> (PackedKey, &[u8]) {
    let value = data.get(from..to).unwrap_or_default();
    let head = match data
        .get(from..from.wrapping_add(16))
        .and_then(<[u8]>::first_chunk)
    {
        Some(head) => u128::from_le_bytes(*head),
        None => head_of(value),
    };
    (PackedKey::short(head, value.len()), value)
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "an offset into a buffer in memory fits"
)]
fn wide(offset: i64) -> usize {
    offset as usize
}

/// The string of an Arrow view and its key; the view of a short string has all that the key needs.
#[inline(always)]
fn by_view<'v>(view: &'v u128, buffers: &'v [Buffer]) -> (PackedKey, &'v [u8]) {
    let value = view_bytes(view, buffers);
    let head = if value.len() <= INLINE_VIEW {
        *view >> 32
    } else {
        head_of(value)
    };
    (PackedKey::short(head, value.len()), value)
}

/// The first bytes of a string behind which nothing may be read.
#[inline]
fn head_of(value: &[u8]) -> u128 {
    let len = value.len();
    if let Some(head) = value.first_chunk::<16>() {
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
