//! DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes. DELTA_BYTE_ARRAY: what a value shares with
//! the one before is left out.
//!
//! SPEC: Encodings.md, "Delta-length byte array" and "Delta Strings".
#![expect(
    clippy::indexing_slicing,
    reason = "kernel: slices are cut at lengths taken from them"
)]

use super::buffer::append;
use super::byte_copy::{append_all, append_short};
use super::byte_values::{LengthRule, as_byte_values};
use super::delta_int::DeltaBinaryPacked;
use super::{DeltaLayout, ValueEncoder, wrong_values};
use crate::basic::{Encoding, Type};
use crate::data_type::values::{ByteVisitor, Values};
use crate::errors::Result;

/// Lengths that are gathered before the length encoder is called.
const STEP: usize = 64;

/// DELTA_LENGTH_BYTE_ARRAY.
#[derive(Debug)]
pub(crate) struct DeltaLengthByteArray {
    rule: LengthRule,
    lengths: DeltaBinaryPacked<i32>,
    data: Vec<u8>,
}

impl DeltaLengthByteArray {
    pub(super) fn new(layout: DeltaLayout, rule: LengthRule) -> Self {
        Self {
            rule,
            lengths: DeltaBinaryPacked::new(layout),
            data: Vec::new(),
        }
    }
}

impl ValueEncoder for DeltaLengthByteArray {
    fn encoding(&self) -> Encoding {
        Encoding::DELTA_LENGTH_BYTE_ARRAY
    }

    fn put(&mut self, values: &Values<'_>) -> Result<()> {
        let Some(values) = as_byte_values(values) else {
            return Err(wrong_values(
                Encoding::DELTA_LENGTH_BYTE_ARRAY,
                Type::BYTE_ARRAY,
            ));
        };
        let total_bytes = self.rule.check(&values)?;
        values.visit(Lengths(&mut self.lengths));
        append_all(&values, total_bytes, &mut self.data);
        Ok(())
    }

    fn estimated_bytes(&self) -> usize {
        self.lengths.closed_bytes() + self.data.len()
    }

    fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.lengths.finish(out);
        append(out, &self.data);
        self.data.clear();
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.rule.memory_size() + self.lengths.memory_size() + self.data.capacity()
    }

    fn shrink(&mut self) {
        self.lengths.release();
        self.data.shrink_to_fit();
    }
}

/// DELTA_BYTE_ARRAY.
#[derive(Debug)]
pub(crate) struct DeltaByteArray {
    physical_type: Type,
    rule: LengthRule,
    prefixes: DeltaBinaryPacked<i32>,
    suffixes: DeltaBinaryPacked<i32>,
    data: Vec<u8>,
    /// The last value, for the next call.
    previous: Vec<u8>,
    /// Bytes of the page's first value.
    first_bytes: Option<usize>,
}

impl DeltaByteArray {
    pub(super) fn new(physical_type: Type, layout: DeltaLayout, rule: LengthRule) -> Self {
        Self {
            physical_type,
            rule,
            prefixes: DeltaBinaryPacked::new(layout),
            suffixes: DeltaBinaryPacked::new(layout),
            data: Vec::new(),
            previous: Vec::new(),
            first_bytes: None,
        }
    }
}

impl ValueEncoder for DeltaByteArray {
    fn encoding(&self) -> Encoding {
        Encoding::DELTA_BYTE_ARRAY
    }

    fn put(&mut self, values: &Values<'_>) -> Result<()> {
        let Some(values) = as_byte_values(values) else {
            return Err(wrong_values(Encoding::DELTA_BYTE_ARRAY, self.physical_type));
        };
        self.rule.check(&values)?;
        values.visit(FrontCode(self));
        Ok(())
    }

    fn estimated_bytes(&self) -> usize {
        self.prefixes.closed_bytes() + self.suffixes.closed_bytes() + self.data.len()
    }

    fn first_value_bytes(&self) -> usize {
        self.first_bytes.unwrap_or(0)
    }

    fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.prefixes.finish(out);
        self.suffixes.finish(out);
        append(out, &self.data);
        self.data.clear();
        self.previous.clear();
        self.first_bytes = None;
        Ok(())
    }

    fn memory_size(&self) -> usize {
        self.rule.memory_size()
            + self.prefixes.memory_size()
            + self.suffixes.memory_size()
            + self.data.capacity()
            + self.previous.capacity()
    }

    fn shrink(&mut self) {
        self.prefixes.release();
        self.suffixes.release();
        self.data.shrink_to_fit();
        self.previous.shrink_to_fit();
    }
}

/// Hands lengths to their encoder.
struct Lengths<'e>(&'e mut DeltaBinaryPacked<i32>);

impl ByteVisitor for Lengths<'_> {
    type Out = ();
    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        let mut lengths = Gathered::new(self.0);
        values.for_each(|value| lengths.push(value.len()));
        lengths.finish();
    }
}

struct FrontCode<'e>(&'e mut DeltaByteArray);

impl ByteVisitor for FrontCode<'_> {
    type Out = ();
    fn visit<'v>(self, mut values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) {
        let encoder = self.0;
        let Some(first) = values.next() else {
            return;
        };
        encoder.first_bytes.get_or_insert(first.len());
        let mut prefixes = Gathered::new(&mut encoder.prefixes);
        let mut suffixes = Gathered::new(&mut encoder.suffixes);
        let mut put = |previous: &[u8], value: &[u8]| {
            let shared = common_prefix(previous, value);
            prefixes.push(shared);
            suffixes.push(value.len() - shared);
            append_short(&value[shared..], &mut encoder.data);
        };
        put(&encoder.previous, first);
        let mut last = first;
        for value in values {
            put(last, value);
            last = value;
        }
        prefixes.finish();
        suffixes.finish();
        encoder.previous.clear();
        append(&mut encoder.previous, last);
    }
}

/// A few lengths on their way to their encoder.
struct Gathered<'e> {
    encoder: &'e mut DeltaBinaryPacked<i32>,
    lengths: [i32; STEP],
    len: usize,
}

impl<'e> Gathered<'e> {
    fn new(encoder: &'e mut DeltaBinaryPacked<i32>) -> Self {
        Self {
            encoder,
            lengths: [0; STEP],
            len: 0,
        }
    }

    #[inline(always)]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "lengths have been checked"
    )]
    fn push(&mut self, length: usize) {
        self.lengths[self.len] = length as i32;
        self.len += 1;
        if self.len == STEP {
            self.encoder.put_slice(&self.lengths);
            self.len = 0;
        }
    }

    fn finish(self) {
        self.encoder.put_slice(&self.lengths[..self.len]);
    }
}

/// How many bytes at the front are the same in both.
#[inline]
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let (a, b) = (&a[..len], &b[..len]);
    let ((a_words, a_rest), (b_words, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (at, (x, y)) in a_words.iter().zip(b_words).enumerate() {
        let differing = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differing != 0 {
            return at * 8 + (differing.trailing_zeros() / 8) as usize;
        }
    }
    a_words.len() * 8
        + a_rest
            .iter()
            .zip(b_rest)
            .take_while(|(x, y)| x == y)
            .count()
}

#[cfg(test)]
mod tests {
    use super::common_prefix;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn prefixes_are_counted_by_words_as_by_bytes(
            shared in prop::collection::vec(any::<u8>(), 0..40),
            a in prop::collection::vec(0u8..3, 0..20),
            b in prop::collection::vec(0u8..3, 0..20),
        ) {
            let (a, b) = ([&shared[..], &a].concat(), [&shared[..], &b].concat());
            let slow = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
            prop_assert_eq!(common_prefix(&a, &b), slow);
        }
    }
}
