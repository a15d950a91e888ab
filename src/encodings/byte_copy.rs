//! Kernels that append byte values: copies that do not call out for the short strings that most
//! columns hold.

use super::buffer::{append, grow};
use super::byte_values::contiguous;
use crate::data_type::values::{ByteValues, ByteVisitor};

/// Appends each value behind its length in four bytes, little-endian. Lengths have been checked, and
/// `total_bytes` is their sum.
pub(super) fn append_with_lengths(values: &ByteValues<'_>, total_bytes: usize, out: &mut Vec<u8>) {
    grow(
        out,
        total_bytes.saturating_add(values.len().saturating_mul(LENGTH_BYTES)),
    );
    values.visit(WithLengths(out));
}

/// Appends `bytes`, at best without a call.
#[inline(always)]
pub(super) fn append_short(bytes: &[u8], out: &mut Vec<u8>) {
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

struct WithoutLengths<'o>(&'o mut Vec<u8>);

impl ByteVisitor for WithoutLengths<'_> {
    type Out = ();
    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        values.for_each(|value| append_short(value, self.0));
    }
}

struct WithLengths<'o>(&'o mut Vec<u8>);

impl ByteVisitor for WithLengths<'_> {
    type Out = ();

    #[expect(clippy::cast_possible_truncation, reason = "lengths have been checked")]
    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        let out = self.0;
        for value in values {
            let bytes = LENGTH_BYTES + value.len();
            // Never true if the sum was right; kept so that soundness does not lean on it.
            grow(out, bytes);
            let len = out.len();
            // SAFETY: there is room for `bytes` bytes behind `len`: four of the length, and then those
            // of the value. Both writes together initialise all of them.
            unsafe {
                let place = out.as_mut_ptr().add(len);
                place
                    .cast::<[u8; LENGTH_BYTES]>()
                    .write((value.len() as u32).to_le_bytes());
                copy(value, place.add(LENGTH_BYTES));
                out.set_len(len + bytes);
            }
        }
    }
}

/// Copies `bytes` to `to`. Up to 32 bytes as two words that may overlap, which is cheaper than a call.
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
            16..=32 => ends::<16>(from, to, len),
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
}
