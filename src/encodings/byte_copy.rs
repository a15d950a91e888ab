//! Kernels that append byte values: copies that do not call out for the short strings that most
//! columns hold.

use std::ops::Range;

use arrow_buffer::Buffer;

use super::buffer::{append, grow};
use super::byte_values::contiguous;
use crate::data_type::values::{ByteSource, ByteValues, ByteVisitor, Picks};

/// Appends each value behind its length in four bytes, little-endian. Lengths have been checked, and
/// `total_bytes` is their sum.
pub(super) fn append_with_lengths(values: &ByteValues<'_>, total_bytes: usize, out: &mut Vec<u8>) {
    let average = total_bytes / values.len().max(1);
    // A branch on each length costs more than to copy too much.
    match average {
        0..=24 => append_wide::<32>(values, total_bytes, out),
        25..=48 => append_wide::<64>(values, total_bytes, out),
        _ => append_wide::<128>(values, total_bytes, out),
    }
}

/// As [`append_with_lengths`], `WIDE` bytes of each value at once where there is room to read and write beyond its
/// end: cheaper than to find out how many are needed.
fn append_wide<const WIDE: usize>(values: &ByteValues<'_>, total_bytes: usize, out: &mut Vec<u8>) {
    let lengths_bytes = values.len().saturating_mul(LENGTH_BYTES);
    grow(
        out,
        total_bytes
            .saturating_add(lengths_bytes)
            .saturating_add(SLACK_BYTES),
    );
    match (values.source(), values.picks()) {
        (ByteSource::Offsets32 { offsets, data }, Picks::Range { from, len }) => {
            let ends = offsets.get(from..=from + len).unwrap_or_default();
            let spans = ends.windows(2).map(|pair| span_at(pair, 0, narrow));
            append_spans::<WIDE>(data, spans, out);
        }
        (ByteSource::Offsets64 { offsets, data }, Picks::Range { from, len }) => {
            let ends = offsets.get(from..=from + len).unwrap_or_default();
            let spans = ends.windows(2).map(|pair| span_at(pair, 0, wide));
            append_spans::<WIDE>(data, spans, out);
        }
        (
            ByteSource::Offsets32 { offsets, data },
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
        ) => {
            let spans = picks
                .iter()
                .map(|pick| span_at(offsets, *pick as usize, narrow));
            append_spans::<WIDE>(data, spans, out);
        }
        (
            ByteSource::Offsets64 { offsets, data },
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
        ) => {
            let spans = picks
                .iter()
                .map(|pick| span_at(offsets, *pick as usize, wide));
            append_spans::<WIDE>(data, spans, out);
        }
        (ByteSource::Views { views, buffers }, Picks::Range { from, len }) => {
            append_views::<WIDE>(
                views.get(from..from + len).unwrap_or_default().iter(),
                buffers,
                out,
            );
        }
        (
            ByteSource::Views { views, buffers },
            Picks::Indices(picks) | Picks::Keys { keys: picks, .. },
        ) => {
            append_views::<WIDE>(
                picks
                    .iter()
                    .map(|pick| views.get(*pick as usize).unwrap_or(&0)),
                buffers,
                out,
            );
        }
        _ => values.visit(WithLengths::<'_, WIDE>(out)),
    }
}

/// Appends `bytes`, at best without a call.
#[inline(always)]
pub(crate) fn append_short(bytes: &[u8], out: &mut Vec<u8>) {
    grow(out, bytes.len());
    let len = out.len();
    // SAFETY: there is room for `bytes.len()` bytes behind `len`, and `copy` initialises all of them.
    unsafe {
        copy(bytes, out.as_mut_ptr().add(len));
        out.set_len(len + bytes.len());
    }
}

/// Appends all values end to end; `total_bytes` is the sum of their lengths.
pub(super) fn append_all(values: &ByteValues<'_>, total_bytes: usize, out: &mut Vec<u8>) {
    grow(out, total_bytes);
    match contiguous(values) {
        Some(bytes) => append(out, bytes),
        None => values.visit(WithoutLengths(out)),
    }
}

const LENGTH_BYTES: usize = 4;

/// Room behind the last value: most values are copied with some bytes of what is behind them.
const SLACK_BYTES: usize = 32;

struct WithoutLengths<'o>(&'o mut Vec<u8>);

impl ByteVisitor for WithoutLengths<'_> {
    type Out = ();
    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        values.for_each(|value| append_short(value, self.0));
    }
}

struct WithLengths<'o, const WIDE: usize>(&'o mut Vec<u8>);

impl<const WIDE: usize> ByteVisitor for WithLengths<'_, WIDE> {
    type Out = ();
    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        let mut tail = Tail::of(self.0);
        for value in values {
            tail.append_span::<WIDE>(value, 0..value.len());
        }
        tail.close();
    }
}

/// Where value `index` begins and ends.
#[inline(always)]
fn span_at<O: Copy>(offsets: &[O], index: usize, place: impl Fn(O) -> usize) -> Range<usize> {
    match (offsets.get(index), offsets.get(index + 1)) {
        (Some(from), Some(to)) => place(*from)..place(*to),
        _ => 0..0,
    }
}

#[inline(always)]
fn narrow(offset: i32) -> usize {
    offset.cast_unsigned() as usize
}

/// A place that a machine's words cannot hold is beyond all data.
#[inline(always)]
fn wide(offset: i64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn append_spans<const WIDE: usize>(
    data: &[u8],
    spans: impl Iterator<Item = Range<usize>>,
    out: &mut Vec<u8>,
) {
    let mut tail = Tail::of(out);
    for span in spans {
        tail.append_span::<WIDE>(data, span);
    }
    tail.close();
}

fn append_views<'v, const WIDE: usize>(
    views: impl Iterator<Item = &'v u128>,
    buffers: &[Buffer],
    out: &mut Vec<u8>,
) {
    let mut tail = Tail::of(out);
    for view in views {
        tail.append_view::<WIDE>(view, buffers);
    }
    tail.close();
}

/// A vector that is being appended to, its length apart: a length in the vector would go through
/// memory with each value.
struct Tail<'o> {
    out: &'o mut Vec<u8>,
    /// Bytes up to here are initialised.
    end: usize,
}

impl<'o> Tail<'o> {
    fn of(out: &'o mut Vec<u8>) -> Self {
        let end = out.len();
        Self { out, end }
    }

    /// Gives the vector its length.
    fn close(self) {
        // SAFETY: `end` lies within the capacity, and all bytes below it are initialised.
        unsafe { self.out.set_len(self.end) }
    }

    /// Where at least `bytes` more bytes can be written. Nothing needs to grow here if the sum of the
    /// lengths was right; soundness does not lean on that.
    #[inline(always)]
    fn place(&mut self, bytes: usize) -> *mut u8 {
        if self.out.capacity() - self.end < bytes {
            // By value, so that `end` can stay in a register.
            grow_behind(self.out, self.end, bytes);
        }
        // SAFETY: `end` lies within the capacity.
        unsafe { self.out.as_mut_ptr().add(self.end) }
    }

    /// Appends the bytes `span` of `data`, none if they lie outside, behind their length.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "lengths have been checked")]
    fn append_span<const WIDE: usize>(&mut self, data: &[u8], span: Range<usize>) {
        let from = span.start;
        let value = data.get(span).unwrap_or_default();
        // Room for what is copied too much is taken where there is some, and not made.
        let has_room = self.out.capacity() - self.end >= LENGTH_BYTES + WIDE;
        let wide = if value.len() <= WIDE && has_room {
            data.get(from..).and_then(<[u8]>::first_chunk::<WIDE>)
        } else {
            None
        };
        let place = self.place(LENGTH_BYTES + value.len());
        // SAFETY: there is room for the length and the value, and for `WIDE` bytes where those are written. The length
        // and the value, or the wide bytes that begin with it, initialise everything up to the new end.
        unsafe {
            place
                .cast::<[u8; LENGTH_BYTES]>()
                .write((value.len() as u32).to_le_bytes());
            let place = place.add(LENGTH_BYTES);
            match wide {
                Some(bytes) => place.cast::<[u8; WIDE]>().write(*bytes),
                None => copy(value, place),
            }
        }
        self.end += LENGTH_BYTES + value.len();
    }

    /// Appends what a view shows. A short view is its own PLAIN form: a length in four bytes, then
    /// the bytes, in one word.
    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the fields of a view are 32 bits wide"
    )]
    fn append_view<const WIDE: usize>(&mut self, view: &u128, buffers: &[Buffer]) {
        let len = *view as u32 as usize;
        if len > 12 {
            let (buffer, from) = ((*view >> 64) as u32 as usize, (*view >> 96) as u32 as usize);
            let data = buffers.get(buffer).map_or(&[][..], Buffer::as_slice);
            return self.append_span::<WIDE>(data, from..from + len);
        }
        let place = self.place(size_of::<u128>());
        // SAFETY: there is room for the 16 bytes, which are written whole; no more than those count.
        unsafe { place.cast::<[u8; 16]>().write(view.to_le_bytes()) }
        self.end += LENGTH_BYTES + len;
    }
}

#[cold]
fn grow_behind(out: &mut Vec<u8>, end: usize, bytes: usize) {
    // SAFETY: only called by `Tail::place`: `end` lies within the capacity, and all bytes below it are
    // initialised.
    unsafe { out.set_len(end) }
    grow(out, bytes);
}

/// Copies `bytes` to `to`. Up to 64 bytes as two words that may overlap, which is cheaper than a call.
///
/// # Safety
/// `to` is valid for writes of `bytes.len()` bytes, which lie outside `bytes`.
#[inline(always)]
unsafe fn copy(bytes: &[u8], to: *mut u8) {
    let (from, len) = (bytes.as_ptr(), bytes.len());
    // SAFETY: `ends` reads and writes the first and the last bytes of a word's size, and `len` is no
    // less than that size; the byte-wise arm touches places below `len`; and the last arm copies
    // `len` bytes. Both sides are valid for `len` bytes and do not overlap.
    unsafe {
        match len {
            0 => {}
            1..=3 => {
                to.write(from.read());
                to.add(len / 2).write(from.add(len / 2).read());
                to.add(len - 1).write(from.add(len - 1).read());
            }
            4..=7 => ends::<4>(from, to, len),
            8..=15 => ends::<8>(from, to, len),
            16..=31 => ends::<16>(from, to, len),
            32..=64 => ends::<32>(from, to, len),
            _ => std::ptr::copy_nonoverlapping(from, to, len),
        }
    }
}

/// Copies the first `N` and the last `N` bytes of `len`.
///
/// # Safety
/// `len` is at least `N`, and both pointers are valid for `len` bytes that do not overlap.
#[inline(always)]
unsafe fn ends<const N: usize>(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: `len - N` is not negative, so all four places lie within `len` bytes; byte arrays need no
    // alignment.
    unsafe {
        let last = from.add(len - N).cast::<[u8; N]>().read();
        to.cast::<[u8; N]>().write(from.cast::<[u8; N]>().read());
        to.add(len - N).cast::<[u8; N]>().write(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_length_is_copied_whole_and_nothing_beyond() {
        let bytes: Vec<u8> = (0..=255).collect();
        for len in 0..=255 {
            for from in [0, 1, 7] {
                let value = &bytes[from..bytes.len().min(from + len)];
                let mut out = vec![9; 3];
                append_short(value, &mut out);
                assert_eq!(out[..3], [9; 3]);
                assert_eq!(&out[3..], value);
            }
        }
    }

    /// Values of these lengths, one after another, in each form they can have.
    fn check(lens: &[usize]) {
        let data: Vec<u8> = (0..lens.iter().sum()).map(|at: usize| at as u8).collect();
        let mut offsets = vec![0usize];
        for len in lens {
            offsets.push(offsets.last().unwrap() + len);
        }
        let mut expected = vec![9; 3];
        for span in offsets.windows(2) {
            let value = &data[span[0]..span[1]];
            expected.extend_from_slice(&(value.len() as u32).to_le_bytes());
            expected.extend_from_slice(value);
        }
        let offsets32: Vec<i32> = offsets.iter().map(|at| *at as i32).collect();
        let offsets64: Vec<i64> = offsets.iter().map(|at| *at as i64).collect();
        let picks: Vec<u32> = (0..lens.len() as u32).collect();
        let range = Picks::Range {
            from: 0,
            len: lens.len(),
        };
        for picks in [range, Picks::Indices(&picks)] {
            for source in [
                ByteSource::Offsets32 {
                    offsets: &offsets32,
                    data: &data,
                },
                ByteSource::Offsets64 {
                    offsets: &offsets64,
                    data: &data,
                },
            ] {
                let mut out = vec![9; 3];
                append_with_lengths(&ByteValues::new(source, picks), data.len(), &mut out);
                assert_eq!(out, expected, "{lens:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn values_stand_behind_their_lengths(
            lens in prop_oneof![
                prop::collection::vec(0usize..12, 0..40),
                prop::collection::vec(0usize..70, 0..40),
                prop::collection::vec(0usize..300, 0..40),
            ],
        ) {
            check(&lens);
        }
    }
}
