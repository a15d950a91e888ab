//! How encoders' byte buffers grow. A doubled megabyte is a megabyte wasted in every column, so
//! only small buffers double.

/// From this capacity on a buffer grows by a quarter at most.
const LARGE_BYTES: usize = 256 * 1024;
/// The first allocation.
const SMALLEST_BYTES: usize = 64;

/// Makes room for `additional` more bytes, and for more to come: twice the capacity while that is
/// small, a quarter more of it once it is large, exactly what is needed if that is more.
#[inline]
pub(crate) fn grow(buffer: &mut Vec<u8>, additional: usize) {
    if buffer.capacity() - buffer.len() < additional {
        grow_amortised(buffer, additional);
    }
}

/// Appends `bytes`, growing as [`grow`] does.
#[inline]
pub(crate) fn append(buffer: &mut Vec<u8>, bytes: &[u8]) {
    grow(buffer, bytes.len());
    buffer.extend_from_slice(bytes);
}

/// Appends `value` as ULEB-128.
///
/// SPEC: Encodings.md, "Run Length Encoding / Bit-Packing Hybrid", note 2.
#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
pub(crate) fn append_varint(buffer: &mut Vec<u8>, mut value: u64) {
    let mut bytes = [0u8; 10];
    let mut len = 0;
    for byte in &mut bytes {
        len += 1;
        *byte = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 {
            break;
        }
        *byte |= 0x80;
    }
    append(buffer, bytes.get(..len).unwrap_or_default());
}

/// Appends `value` as zigzag ULEB-128: small magnitudes of either sign are short.
///
/// SPEC: Encodings.md, "Delta Encoding".
pub(crate) fn append_zigzag(buffer: &mut Vec<u8>, value: i64) {
    append_varint(buffer, (value << 1 ^ value >> 63).cast_unsigned());
}

/// The capacity that a buffer of `capacity` grows to, if it is not asked for more.
pub(crate) fn next_capacity(capacity: usize) -> usize {
    let step = if capacity < LARGE_BYTES {
        capacity.min(LARGE_BYTES - capacity).max(SMALLEST_BYTES)
    } else {
        capacity / 4
    };
    capacity.saturating_add(step)
}

#[cold]
fn grow_amortised(buffer: &mut Vec<u8>, additional: usize) {
    // Relative to the length, as `reserve_exact` counts.
    let amortised = next_capacity(buffer.capacity()) - buffer.len();
    buffer.reserve_exact(amortised.max(additional));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_large_buffer_grows_by_a_quarter_at_most() {
        let mut buffer = Vec::new();
        let mut last = 0;
        for _ in 0..3_000_000 {
            append(&mut buffer, &[7]);
            if buffer.capacity() != last {
                let small = last < LARGE_BYTES && buffer.capacity() <= LARGE_BYTES;
                assert!(
                    small || buffer.capacity() <= last + last / 4,
                    "{last} {}",
                    buffer.capacity()
                );
                last = buffer.capacity();
            }
        }
    }

    #[test]
    fn a_long_append_into_an_empty_buffer_takes_no_more_than_it_needs() {
        let mut buffer = Vec::new();
        append(&mut buffer, &[1; 777_777]);
        assert_eq!(buffer.capacity(), 777_777);
    }

    proptest! {
        #[test]
        fn varints_read_back(value in any::<u64>(), shift in 0u32..64) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            append_varint(&mut bytes, value);
            let read = bytes.iter().rev().fold(0u64, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
            prop_assert_eq!(read, value);
            let ends: Vec<bool> = bytes.iter().map(|byte| byte & 0x80 == 0).collect();
            prop_assert_eq!(ends.iter().position(|end| *end), Some(bytes.len() - 1));
        }

        #[test]
        fn zigzag_reads_back(value in any::<i64>()) {
            let (mut bytes, mut plain) = (Vec::new(), Vec::new());
            append_zigzag(&mut bytes, value);
            let magnitude = if value < 0 { -2 * i128::from(value) - 1 } else { 2 * i128::from(value) };
            append_varint(&mut plain, u64::try_from(magnitude).unwrap());
            prop_assert_eq!(bytes, plain);
        }
    }
}
