//! The thrift compact protocol, reading: fields, lists and integers from bytes that may be cut off or wrong.
//! Knows no Parquet record.
//!
//! SPEC: thrift-compact-protocol.md of Apache Thrift.

use super::{BINARY, Element, FALSE, I8, I16, I32, I64, LIST, STOP, STRUCT, TRUE};
use crate::errors::{ParquetError, Result};

/// What is left to be read. Allocates nothing that the bytes at hand could not fill.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

/// The head of a field of a struct; its value comes next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// The field's number.
    pub(crate) id: i16,
    code: u8,
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether all has been read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field of a struct; `None` at the struct's end. `last_id` is the number of the field before, 0 in front
    /// of the first.
    ///
    /// # Errors
    /// If the bytes end, or what follows is no field.
    pub(crate) fn field(&mut self, last_id: &mut i16) -> Result<Option<Field>> {
        let byte = self.byte()?;
        if byte == STOP {
            return Ok(None);
        }
        let (delta, code) = (byte >> 4, byte & 0x0F);
        let id = match delta {
            0 => narrow(self.zigzag()?)?,
            _ => last_id
                .checked_add(i16::from(delta))
                .ok_or_else(|| wrong("a field's number is too large"))?,
        };
        *last_id = id;
        Ok(Some(Field { id, code }))
    }

    /// The value of `field`, a 32-bit integer or an enum's number.
    ///
    /// # Errors
    /// If the field is of another type, or the bytes end.
    pub(crate) fn i32(&mut self, field: Field) -> Result<i32> {
        field.must_be(I32)?;
        narrow(self.zigzag()?)
    }

    /// The value of `field`, a 64-bit integer.
    ///
    /// # Errors
    /// If the field is of another type, or the bytes end.
    pub(crate) fn i64(&mut self, field: Field) -> Result<i64> {
        field.must_be(I64)?;
        self.zigzag()
    }

    /// The value of `field`, a list of elements of type `element`; `read` reads one of them.
    ///
    /// # Errors
    /// If the field is something else, the bytes end, or `read` fails.
    pub(crate) fn list<T>(
        &mut self,
        field: Field,
        element: Element,
        mut read: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        field.must_be(LIST)?;
        let (code, len) = self.list_header()?;
        // SPEC: lists of booleans carry 2, or 1 in old writers.
        if code != element.code() && !(code == TRUE && element.code() == FALSE) {
            return Err(wrong("a list has elements of another type"));
        }
        let mut items = Vec::with_capacity(len);
        for _ in 0..len {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// A truth value as an element of a list.
    ///
    /// # Errors
    /// If it is none, or the bytes end.
    pub(crate) fn bool_item(&mut self) -> Result<bool> {
        match self.byte()? {
            TRUE => Ok(true),
            // Some writers have 0 here.
            FALSE | 0 => Ok(false),
            _ => Err(wrong("a truth value is neither true nor false")),
        }
    }

    /// A 64-bit integer as an element of a list.
    ///
    /// # Errors
    /// If the bytes end, or more than 64 bits follow.
    pub(crate) fn i64_item(&mut self) -> Result<i64> {
        self.zigzag()
    }

    /// A byte string as an element of a list.
    ///
    /// # Errors
    /// If the bytes end.
    pub(crate) fn binary_item(&mut self) -> Result<&'a [u8]> {
        let len = self.len()?;
        self.bytes(len)
    }

    /// Passes the value of a field that the reader does not know.
    ///
    /// # Errors
    /// If the bytes end, or the field has no type of the protocol.
    pub(crate) fn skip(&mut self, field: Field) -> Result<()> {
        match field.code {
            // The value is the type.
            TRUE | FALSE => Ok(()),
            code => self.skip_value(code, MOST_LEVELS),
        }
    }

    /// # Errors
    /// If bytes are left.
    pub(crate) fn must_end(&self) -> Result<()> {
        match self.rest.len() {
            0 => Ok(()),
            _ => Err(wrong("bytes follow the record")),
        }
    }

    fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self.rest.split_first().ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(*first)
    }

    fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(wrong("a number has more than 64 bits"))
    }

    fn zigzag(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A length of which each unit takes at least one byte of what follows.
    fn len(&mut self) -> Result<usize> {
        let len = self.varint()?;
        match usize::try_from(len) {
            Ok(len) if len <= self.rest.len() => Ok(len),
            _ => Err(ends_early()),
        }
    }

    /// The type and the number of a list's elements.
    fn list_header(&mut self) -> Result<(u8, usize)> {
        let byte = self.byte()?;
        let (code, short) = (byte & 0x0F, usize::from(byte >> 4));
        let len = match short {
            0x0F => self.len()?,
            _ if short <= self.rest.len() => short,
            _ => return Err(ends_early()),
        };
        Ok((code, len))
    }

    /// `levels` is how many more levels of nesting are let pass.
    fn skip_value(&mut self, code: u8, levels: usize) -> Result<()> {
        let deeper = || {
            let deeper = levels.checked_sub(1);
            deeper.ok_or_else(|| wrong("an unknown field is nested too deep"))
        };
        match code {
            TRUE | FALSE | I8 => drop(self.byte()?),
            I16 | I32 | I64 => drop(self.varint()?),
            DOUBLE => drop(self.bytes(8)?),
            UUID => drop(self.bytes(16)?),
            BINARY => drop(self.binary_item()?),
            LIST | SET => {
                let levels = deeper()?;
                let (code, len) = self.list_header()?;
                for _ in 0..len {
                    self.skip_value(code, levels)?;
                }
            }
            MAP => {
                let levels = deeper()?;
                let len = self.len()?;
                let codes = if len > 0 { self.byte()? } else { 0 };
                for _ in 0..len {
                    self.skip_value(codes >> 4, levels)?;
                    self.skip_value(codes & 0x0F, levels)?;
                }
            }
            STRUCT => {
                let levels = deeper()?;
                let mut last_id = 0;
                while let Some(field) = self.field(&mut last_id)? {
                    if !matches!(field.code, TRUE | FALSE) {
                        self.skip_value(field.code, levels)?;
                    }
                }
            }
            _ => return Err(wrong("a field has an unknown type")),
        }
        Ok(())
    }
}

impl Field {
    fn must_be(self, code: u8) -> Result<()> {
        if self.code == code {
            Ok(())
        } else {
            Err(wrong("a field has another type"))
        }
    }
}

/// Types that this crate never writes.
const DOUBLE: u8 = 7;
const SET: u8 = 10;
const MAP: u8 = 11;
const UUID: u8 = 13;

/// Deeper nesting in an unknown field is taken for damage: it would cost stack.
const MOST_LEVELS: usize = 32;

fn narrow<T: TryFrom<i64>>(value: i64) -> Result<T> {
    T::try_from(value).map_err(|_| wrong("a number is too large for its field"))
}

fn ends_early() -> ParquetError {
    ParquetError::EOF("Could not read thrift record: it ends early".to_owned())
}

fn wrong(why: &str) -> ParquetError {
    ParquetError::General(format!("Could not read thrift record: {why}"))
}

#[cfg(test)]
mod tests {
    use super::super::write_struct;
    use super::*;

    /// Every number, of every magnitude: what a writer may write.
    #[test]
    fn integers_of_all_magnitudes_come_back() {
        let magnitudes = (0..63).flat_map(|shift| [1_i64 << shift, -(1_i64 << shift)]);
        let numbers: Vec<i64> = magnitudes.chain([0, i64::MIN, i64::MAX]).collect();
        let mut bytes = Vec::new();
        write_struct(&mut bytes, |record| {
            record.i64_list(1, &numbers);
            record.i32(2, i32::MIN);
            record.i64(300, i64::MIN);
        });
        let mut input = Input::new(&bytes);
        let mut last_id = 0;
        let field = input.field(&mut last_id).unwrap().unwrap();
        let read = input.list(field, Element::I64, Input::i64_item).unwrap();
        assert_eq!(read, numbers);
        let field = input.field(&mut last_id).unwrap().unwrap();
        assert_eq!((field.id, input.i32(field).unwrap()), (2, i32::MIN));
        let field = input.field(&mut last_id).unwrap().unwrap();
        assert_eq!((field.id, input.i64(field).unwrap()), (300, i64::MIN));
        assert!(input.field(&mut last_id).unwrap().is_none());
        input.must_end().unwrap();
    }

    /// One field of each type of the protocol, those included that this crate does not write.
    #[test]
    fn fields_of_every_type_are_passed() {
        let values: [(u8, &[u8]); 14] = [
            (TRUE, &[]),
            (FALSE, &[]),
            (I8, &[7]),
            (I16, &[0x80, 1]),
            (I32, &[0x80, 1]),
            (I64, &[0x80, 1]),
            (DOUBLE, &[9; 8]),
            (BINARY, &[2, 9, 9]),
            (LIST, &[0x32, 1, 2, 1]),
            (SET, &[0xF5, 2, 0x80, 1, 3]),
            (MAP, &[0]),
            (MAP, &[2, 0x85, 1, b'a', 3, 0, 5]),
            (STRUCT, &[0x11, 0x12, 0x15, 4, 0x1C, 0, 0]),
            (UUID, &[9; 16]),
        ];
        for (code, value) in values {
            let mut bytes = vec![0x10 | code];
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(&[0x15, 8, STOP]);
            let mut input = Input::new(&bytes);
            let mut last_id = 0;
            let unknown = input.field(&mut last_id).unwrap().unwrap();
            input.skip(unknown).unwrap();
            let known = input.field(&mut last_id).unwrap().unwrap();
            assert_eq!((known.id, input.i32(known).unwrap()), (2, 4), "type {code}");
            assert!(input.field(&mut last_id).unwrap().is_none());
        }
    }

    #[test]
    fn lengths_past_the_end_allocate_nothing() {
        // A list of 2^60 elements, and one of 14, each with one byte left.
        for bytes in [
            &[
                0x19, 0xF6, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0,
            ][..],
            &[0x19, 0xE6, 0],
        ] {
            let mut input = Input::new(bytes);
            let field = input.field(&mut 0).unwrap().unwrap();
            let error = input.list(field, Element::I64, Input::i64_item);
            assert!(matches!(error, Err(ParquetError::EOF(_))), "{error:?}");
        }
    }

    #[test]
    fn numbers_past_their_width_are_refused() {
        let eleven_bytes = [
            0x16, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x80, 1,
        ];
        let bit_65 = [
            0x16, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2,
        ];
        for bytes in [&eleven_bytes[..], &bit_65] {
            let mut input = Input::new(bytes);
            let field = input.field(&mut 0).unwrap().unwrap();
            let error = input.i64(field).unwrap_err().to_string();
            assert!(error.contains("more than 64 bits"), "{error}");
        }
        // 2^32, zigzag.
        let mut input = Input::new(&[0x15, 0x80, 0x80, 0x80, 0x80, 0x20]);
        let field = input.field(&mut 0).unwrap().unwrap();
        let error = input.i32(field).unwrap_err().to_string();
        assert!(error.contains("too large for its field"), "{error}");
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let bytes = vec![0x1C; 1 << 20];
        let mut input = Input::new(&bytes);
        let field = input.field(&mut 0).unwrap().unwrap();
        let error = input.skip(field).unwrap_err().to_string();
        assert!(error.contains("nested too deep"), "{error}");
    }

    #[test]
    fn another_type_is_refused() {
        let mut input = Input::new(&[0x16, 2]);
        let field = input.field(&mut 0).unwrap().unwrap();
        assert!(input.i32(field).is_err());
        assert!(input.list(field, Element::I64, Input::i64_item).is_err());
        let mut input = Input::new(&[0x19, 0x15, 2]);
        let field = input.field(&mut 0).unwrap().unwrap();
        assert!(input.list(field, Element::I64, Input::i64_item).is_err());
    }
}
