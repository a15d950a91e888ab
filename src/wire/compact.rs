//! The thrift compact protocol, writing: fields, lists and integers, appended to a buffer. Knows no
//! Parquet record. [`input`] reads.
//!
//! SPEC: thrift-compact-protocol.md of Apache Thrift.

pub(crate) mod input;

/// The type of a list's elements.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Element {
    /// Truth values, one byte each.
    Bool,
    /// Integers of 32 bits, enums among them.
    I32,
    /// Integers of 64 bits.
    I64,
    /// Byte strings and text.
    Binary,
    /// Structs and unions.
    Struct,
}

/// Appends one struct to `out`: `fields` writes its fields, in ascending order of their numbers.
#[inline]
pub(crate) fn write_struct(out: &mut Vec<u8>, fields: impl FnOnce(&mut Fields<'_>)) {
    let mut writer = Fields::begin(out);
    fields(&mut writer);
    writer.end();
}

/// Writes the fields of one struct.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    out: &'a mut Vec<u8>,
    last_id: i16,
}

impl<'a> Fields<'a> {
    /// Begins a struct that is written in parts; [`Fields::end`] ends it.
    #[inline]
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        Self::resume(out, 0)
    }

    /// Goes on with a struct whose field `last_id` was the last one written.
    #[inline]
    pub(crate) fn resume(out: &'a mut Vec<u8>, last_id: i16) -> Self {
        Self { out, last_id }
    }

    /// Ends a struct that is written in parts.
    #[inline]
    pub(crate) fn end(self) {
        self.out.push(STOP);
    }

    /// Writes a truth value.
    #[inline]
    pub(crate) fn bool(&mut self, id: i16, value: bool) {
        self.header(id, bool_code(value));
    }

    /// Writes an integer of 8 bits.
    #[inline]
    pub(crate) fn i8(&mut self, id: i16, value: i8) {
        self.header(id, I8);
        self.out.push(value.cast_unsigned());
    }

    /// Writes an integer of 16 bits.
    #[inline]
    pub(crate) fn i16(&mut self, id: i16, value: i16) {
        self.header(id, I16);
        write_zigzag(self.out, i64::from(value));
    }

    /// Writes an integer of 32 bits, or an enum's number.
    #[inline]
    pub(crate) fn i32(&mut self, id: i16, value: i32) {
        self.header(id, I32);
        write_zigzag(self.out, i64::from(value));
    }

    /// Writes an integer of 64 bits.
    #[inline]
    pub(crate) fn i64(&mut self, id: i16, value: i64) {
        self.header(id, I64);
        write_zigzag(self.out, value);
    }

    /// Writes a byte string.
    #[inline]
    pub(crate) fn binary(&mut self, id: i16, value: &[u8]) {
        self.header(id, BINARY);
        write_binary(self.out, value);
    }

    /// Writes text.
    #[inline]
    pub(crate) fn string(&mut self, id: i16, value: &str) {
        self.binary(id, value.as_bytes());
    }

    /// Writes a struct, or a union as a struct of one field.
    #[inline]
    pub(crate) fn structure(&mut self, id: i16, fields: impl FnOnce(&mut Fields<'_>)) {
        self.header(id, STRUCT);
        write_struct(self.out, fields);
    }

    /// Writes a struct without fields: a member of a union that says all by being there.
    #[inline]
    pub(crate) fn empty_structure(&mut self, id: i16) {
        self.structure(id, |_| {});
    }

    /// Writes a list; `write` writes one item as one element of type `element`.
    #[inline]
    pub(crate) fn list<I>(
        &mut self,
        id: i16,
        element: Element,
        items: I,
        mut write: impl FnMut(&mut Item<'_>, I::Item),
    ) where
        I: IntoIterator,
        I::IntoIter: ExactSizeIterator,
    {
        let items = items.into_iter();
        self.list_header(id, element, items.len());
        for item in items {
            write(&mut Item { out: self.out }, item);
        }
    }

    /// Announces a list of `len` elements that the caller appends.
    #[inline]
    pub(crate) fn list_header(&mut self, id: i16, element: Element, len: usize) {
        self.header(id, LIST);
        write_list_header(self.out, element, len);
    }

    /// Announces a 64-bit integer that follows later.
    #[inline]
    pub(crate) fn i64_header(&mut self, id: i16) {
        self.header(id, I64);
    }

    /// Announces a byte string or text of `len` bytes that the caller appends.
    #[inline]
    pub(crate) fn binary_header(&mut self, id: i16, len: usize) {
        self.header(id, BINARY);
        write_varint(self.out, len as u64);
    }

    /// Bytes of the buffer so far.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.out.len()
    }

    /// Writes a list of 64-bit integers.
    #[inline]
    pub(crate) fn i64_list(&mut self, id: i16, values: &[i64]) {
        self.list(id, Element::I64, values, |item, value| item.i64(*value));
    }

    #[inline]
    fn header(&mut self, id: i16, code: u8) {
        match u8::try_from(i32::from(id) - i32::from(self.last_id)) {
            Ok(delta @ 1..=15) => self.out.push(delta << 4 | code),
            _ => {
                self.out.push(code);
                write_zigzag(self.out, i64::from(id));
            }
        }
        self.last_id = id;
    }
}

/// Appends one 64-bit integer that was announced before.
#[inline]
pub(crate) fn write_i64(out: &mut Vec<u8>, value: i64) {
    write_zigzag(out, value);
}

/// Appends the length of a byte string of `len` bytes, which the caller appends.
#[inline]
pub(crate) fn write_binary_len(out: &mut Vec<u8>, len: usize) {
    write_varint(out, len as u64);
}

/// Appends one element of a list that was announced before.
#[inline]
pub(crate) fn write_item(out: &mut Vec<u8>, write: impl FnOnce(&mut Item<'_>)) {
    write(&mut Item { out });
}

/// Writes one element of a list.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    out: &'a mut Vec<u8>,
}

impl Item<'_> {
    /// Writes a truth value.
    #[inline]
    pub(crate) fn bool(&mut self, value: bool) {
        self.out.push(bool_code(value));
    }

    /// Writes an integer of 32 bits, or an enum's number.
    #[inline]
    pub(crate) fn i32(&mut self, value: i32) {
        write_zigzag(self.out, i64::from(value));
    }

    /// Writes an integer of 64 bits.
    #[inline]
    pub(crate) fn i64(&mut self, value: i64) {
        write_zigzag(self.out, value);
    }

    /// Writes a byte string or text.
    #[inline]
    pub(crate) fn binary(&mut self, value: &[u8]) {
        write_binary(self.out, value);
    }

    /// Writes a struct, or a union as a struct of one field.
    #[inline]
    pub(crate) fn structure(&mut self, fields: impl FnOnce(&mut Fields<'_>)) {
        write_struct(self.out, fields);
    }
}

const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I8: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// Lengths from this one on do not fit the short form of a list header.
const LONG_LIST: usize = 15;

fn bool_code(value: bool) -> u8 {
    if value { TRUE } else { FALSE }
}

impl Element {
    fn code(self) -> u8 {
        match self {
            // SPEC: lists of booleans carry 2, or 1 in old writers; elements are 1 and 2.
            Self::Bool => FALSE,
            Self::I32 => I32,
            Self::I64 => I64,
            Self::Binary => BINARY,
            Self::Struct => STRUCT,
        }
    }
}

#[inline]
fn write_list_header(out: &mut Vec<u8>, element: Element, len: usize) {
    match u8::try_from(len) {
        Ok(short) if len < LONG_LIST => out.push(short << 4 | element.code()),
        _ => {
            out.push(0xF0 | element.code());
            write_varint(out, len as u64);
        }
    }
}

#[inline]
fn write_binary(out: &mut Vec<u8>, value: &[u8]) {
    write_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Small magnitudes of either sign become small numbers: 0, -1, 1, -2 become 0, 1, 2, 3.
#[inline]
fn write_zigzag(out: &mut Vec<u8>, value: i64) {
    write_varint(out, (value << 1 ^ value >> 63).cast_unsigned());
}

/// Seven bits a byte, the lowest first; the high bit says that more follow.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the seven lowest bits are what a byte of a varint takes"
)]
fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fields: impl FnOnce(&mut Fields<'_>)) -> Vec<u8> {
        let mut out = Vec::new();
        write_struct(&mut out, fields);
        out
    }

    #[test]
    fn an_empty_struct_is_one_stop_byte() {
        assert_eq!(written(|_| {}), [0]);
    }

    #[test]
    fn near_field_numbers_share_a_byte_with_the_type() {
        let bytes = written(|s| {
            s.i32(1, 1);
            s.i64(3, -1);
            s.i32(18, 0);
        });
        assert_eq!(bytes, [0x15, 2, 0x26, 1, 0xF5, 0, 0]);
    }

    #[test]
    fn far_and_descending_field_numbers_are_written_out() {
        let bytes = written(|s| {
            s.i16(16, 300);
            s.i8(2, -3);
        });
        assert_eq!(bytes, [0x04, 32, 0xD8, 0x04, 0x03, 4, 0xFD, 0]);
    }

    #[test]
    fn booleans_live_in_the_field_header() {
        let bytes = written(|s| {
            s.bool(1, true);
            s.bool(2, false);
        });
        assert_eq!(bytes, [0x11, 0x12, 0]);
    }

    #[test]
    fn integers_of_all_magnitudes_are_zigzag_varints() {
        let zigzag = |value: i64| {
            let mut out = Vec::new();
            write_zigzag(&mut out, value);
            out
        };
        assert_eq!(zigzag(0), [0]);
        assert_eq!(zigzag(-64), [0x7F]);
        assert_eq!(zigzag(64), [0x80, 0x01]);
        assert_eq!(
            zigzag(i64::MAX),
            [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        );
        assert_eq!(
            zigzag(i64::MIN),
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        );
    }

    #[test]
    fn lists_of_fifteen_need_a_length_of_their_own() {
        let list = |len: i32| written(|s| s.list(1, Element::I32, 0..len, |item, v| item.i32(v)));
        assert_eq!(list(0)[..2], [0x19, 0x05]);
        assert_eq!(list(14)[..2], [0x19, 0xE5]);
        assert_eq!(list(15)[..3], [0x19, 0xF5, 15]);
    }

    #[test]
    fn nested_structs_count_their_fields_from_zero_again() {
        let bytes = written(|s| {
            s.structure(5, |s| s.binary(1, b"ab"));
            s.list(6, Element::Struct, [true, false], |item, flag| {
                item.structure(|s| s.bool(2, flag));
            });
            s.list(7, Element::Bool, [true, false], |item, flag| {
                item.bool(flag)
            });
            s.empty_structure(8);
        });
        let expected = [
            0x5C, 0x18, 2, b'a', b'b', 0, 0x19, 0x2C, 0x21, 0, 0x22, 0, 0x19, 0x22, 1, 2, 0x1C, 0,
            0,
        ];
        assert_eq!(bytes, expected);
    }
}
