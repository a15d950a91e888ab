//! Numbers one after another, small ones in few bytes: what is remembered of each page of a chunk.

use crate::budget::extend_tight;

/// Numbers that are read back in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct NumberLog {
    bytes: Vec<u8>,
}

/// Bytes of the largest number.
const MOST_BYTES: usize = 10;

impl NumberLog {
    /// Adds a number: seven bits a byte, the lowest first; the high bit says that more follow.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the seven lowest bits are what a byte takes"
    )]
    pub(super) fn push(&mut self, number: u64) {
        let (mut digits, mut len, mut rest) = ([0; MOST_BYTES], 0, number);
        for digit in &mut digits {
            len += 1;
            *digit = rest as u8 & 0x7F;
            rest >>= 7;
            if rest == 0 {
                break;
            }
            *digit |= 0x80;
        }
        extend_tight(&mut self.bytes, digits.get(..len).unwrap_or_default());
    }

    /// The numbers from the first on.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        let mut bytes = self.bytes.iter();
        std::iter::from_fn(move || {
            let (mut number, mut shift) = (0, 0);
            loop {
                let byte = *bytes.next()?;
                number |= u64::from(byte & 0x7F) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    return Some(number);
                }
            }
        })
    }

    /// Heap bytes, by capacity.
    pub(super) fn memory_size(&self) -> usize {
        self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back_as_they_came(numbers in prop::collection::vec(
            prop_oneof![0_u64..300, any::<u64>(), Just(u64::MAX)], 0..40,
        )) {
            let mut log = NumberLog::default();
            numbers.iter().for_each(|number| log.push(*number));
            prop_assert!(log.iter().eq(numbers));
        }
    }

    #[test]
    fn small_numbers_take_a_byte() {
        let mut log = NumberLog::default();
        (0..1_000).for_each(|number| log.push(number % 128));
        assert!(log.memory_size() <= 1_125);
    }
}
