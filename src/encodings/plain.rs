//! PLAIN: values back to back. Booleans have a file of their own.
//!
//! SPEC: Encodings.md, "Plain".

use super::byte_copy::append_with_lengths;
use super::byte_values::{LengthRule, as_byte_values};
use super::fixed_width::FixedWidth;
use super::lent::LentBuffer;
use super::{ValueEncoder, wrong_values};
use crate::basic::{Encoding, Type};
use crate::data_type::values::Values;
use crate::errors::Result;

/// PLAIN for numbers and FIXED_LEN_BYTE_ARRAY: one copy of each slice.
#[derive(Debug)]
pub(crate) struct PlainFixedWidth {
    values: FixedWidth,
    buffer: LentBuffer,
}

impl PlainFixedWidth {
    pub(super) fn new(values: FixedWidth) -> Self {
        Self {
            values,
            buffer: LentBuffer::new(),
        }
    }
}

impl ValueEncoder for PlainFixedWidth {
    fn encoding(&self) -> Encoding {
        Encoding::PLAIN
    }

    fn put(&mut self, values: &Values<'_>) -> Result<()> {
        if self.values.append(values, self.buffer.open())? {
            Ok(())
        } else {
            Err(wrong_values(Encoding::PLAIN, self.values.physical_type()))
        }
    }

    fn estimated_bytes(&self) -> usize {
        self.buffer.len()
    }

    fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.buffer.flush_into(out);
        Ok(())
    }

    fn lend(&mut self, page: &mut Vec<u8>, front: usize) -> Option<usize> {
        Some(self.buffer.lend(page, front))
    }

    fn take_back(&mut self, page: &mut Vec<u8>) {
        self.buffer.take_back(page);
    }

    fn memory_size(&self) -> usize {
        self.buffer.memory_size() + self.values.memory_size()
    }

    fn shrink(&mut self) {
        self.buffer.shrink();
    }
}

/// PLAIN for BYTE_ARRAY: the length in four bytes, then the bytes.
#[derive(Debug)]
pub(crate) struct PlainByteArray {
    rule: LengthRule,
    buffer: LentBuffer,
}

impl PlainByteArray {
    pub(super) fn new(rule: LengthRule) -> Self {
        Self {
            rule,
            buffer: LentBuffer::new(),
        }
    }
}

impl ValueEncoder for PlainByteArray {
    fn encoding(&self) -> Encoding {
        Encoding::PLAIN
    }

    fn put(&mut self, values: &Values<'_>) -> Result<()> {
        let Some(values) = as_byte_values(values) else {
            return Err(wrong_values(Encoding::PLAIN, Type::BYTE_ARRAY));
        };
        let total_bytes = self.rule.check(&values)?;
        append_with_lengths(&values, total_bytes, self.buffer.open());
        Ok(())
    }

    fn estimated_bytes(&self) -> usize {
        self.buffer.len()
    }

    fn flush_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.buffer.flush_into(out);
        Ok(())
    }

    fn lend(&mut self, page: &mut Vec<u8>, front: usize) -> Option<usize> {
        Some(self.buffer.lend(page, front))
    }

    fn take_back(&mut self, page: &mut Vec<u8>) {
        self.buffer.take_back(page);
    }

    fn memory_size(&self) -> usize {
        self.buffer.memory_size() + self.rule.memory_size()
    }

    fn shrink(&mut self) {
        self.buffer.shrink();
    }
}
