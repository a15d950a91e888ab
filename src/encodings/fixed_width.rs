//! Values of a fixed width as little-endian bytes, end to end: PLAIN for all such types, and the
//! form in which BYTE_STREAM_SPLIT waits for its page to end.
//!
//! SPEC: Encodings.md, "Plain".

use super::buffer::{append, grow};
use super::byte_copy::append_all;
use super::byte_values::{LengthRule, as_byte_values};
use crate::basic::Type;
use crate::data_type::values::Values;
use crate::data_type::{Int96, SliceAsBytes};
use crate::errors::Result;
use crate::schema::types::ColumnPath;

/// A physical type of a fixed width, and the column for errors.
#[derive(Debug)]
pub(super) struct FixedWidth {
    physical_type: Type,
    width: usize,
    rule: LengthRule,
}

impl FixedWidth {
    pub(super) fn new(physical_type: Type, width: usize, column: &ColumnPath) -> Self {
        Self {
            physical_type,
            width,
            rule: LengthRule::exactly(width, column),
        }
    }

    /// Bytes of each value.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// The physical type.
    pub(super) fn physical_type(&self) -> Type {
        self.physical_type
    }

    /// Bytes on the heap.
    pub(super) fn memory_size(&self) -> usize {
        self.rule.memory_size()
    }

    /// Appends the bytes of `values`; none, and `Ok(false)`, if they are of another type.
    ///
    /// # Errors
    /// If a FIXED_LEN_BYTE_ARRAY value has another length than the type says.
    pub(super) fn append(&self, values: &Values<'_>, out: &mut Vec<u8>) -> Result<bool> {
        match (self.physical_type, values) {
            (Type::INT32, Values::Int32(values)) => append_numbers(values, out),
            (Type::INT64, Values::Int64(values)) => append_numbers(values, out),
            (Type::FLOAT, Values::Float(values)) => append_numbers(values, out),
            (Type::DOUBLE, Values::Double(values)) => append_numbers(values, out),
            (Type::INT96, Values::Int96(values)) => append_int96(values, out),
            (Type::FIXED_LEN_BYTE_ARRAY, values) => match as_byte_values(values) {
                Some(values) => append_all(&values, self.rule.check(&values)?, out),
                None => return Ok(false),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// A number of the format.
trait Number: SliceAsBytes + Copy {
    type Bytes: AsRef<[u8]>;
    fn le_bytes(self) -> Self::Bytes;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Number for $number {
            type Bytes = [u8; size_of::<$number>()];
            fn le_bytes(self) -> Self::Bytes {
                self.to_le_bytes()
            }
        }
    )*};
}

numbers!(i32, i64, f32, f64);

fn append_numbers<T: Number>(values: &[T], out: &mut Vec<u8>) {
    if cfg!(target_endian = "little") {
        append(out, T::slice_as_bytes(values));
    } else {
        grow(out, size_of_val(values));
        values
            .iter()
            .for_each(|value| out.extend_from_slice(value.le_bytes().as_ref()));
    }
}

fn append_int96(values: &[Int96], out: &mut Vec<u8>) {
    grow(out, values.len().saturating_mul(12));
    for word in values.iter().flat_map(Int96::data) {
        out.extend_from_slice(&word.to_le_bytes());
    }
}
