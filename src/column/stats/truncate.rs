//! Bounds cut to a length: the minimum to a prefix, the maximum to a prefix that is made larger.
//!
//! SPEC: parquet.thrift, `Statistics.is_max_value_exact`; PageIndex.md: bounds need not be values of
//! the page, so long as they bound it.

use std::borrow::Cow;

use crate::basic::{ConvertedType, LogicalType, Type};
use crate::schema::types::ColumnDescriptor;

/// How a column's bounds are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Truncation {
    kind: Kind,
    len: usize,
    /// The most bytes of a maximum that has to be kept whole.
    whole: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Not at all: numbers, or no limit.
    Never,
    /// Between characters, if the bound is text.
    Text,
    /// Anywhere.
    Binary,
}

impl Truncation {
    /// Cuts the bounds of column `descr` to `len` bytes at most, if its type allows that.
    pub(crate) fn new(descr: &ColumnDescriptor, len: Option<usize>) -> Self {
        let is_bytes = matches!(
            descr.physical_type(),
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY
        );
        let is_number = matches!(
            descr.logical_type_ref(),
            Some(LogicalType::Decimal(_) | LogicalType::Float16)
        ) || descr.converted_type() == ConvertedType::DECIMAL;
        let is_text = matches!(descr.logical_type_ref(), Some(LogicalType::String))
            || descr.converted_type() == ConvertedType::UTF8;
        let kind = match len {
            Some(_) if is_bytes && !is_number && is_text => Kind::Text,
            Some(_) if is_bytes && !is_number => Kind::Binary,
            _ => Kind::Never,
        };
        Self {
            kind,
            len: len.unwrap_or(usize::MAX),
            whole: usize::MAX,
        }
    }

    /// Leaves out a maximum that has no larger prefix and more than `bytes` bytes.
    pub(crate) fn whole_up_to(self, bytes: usize) -> Self {
        Self {
            whole: bytes,
            ..self
        }
    }

    /// A lower bound, and whether it is the minimum itself.
    pub(crate) fn min<'v>(&self, value: &'v [u8]) -> (Cow<'v, [u8]>, Exactness) {
        if self.keeps(value) {
            return (Cow::Borrowed(value), Exactness::Exact);
        }
        let cut = match (self.kind, std::str::from_utf8(value)) {
            (Kind::Text, Ok(text)) => boundary_before(text, self.len),
            _ => self.len,
        };
        match value.get(..cut) {
            Some(prefix) if cut > 0 => (Cow::Borrowed(prefix), Exactness::Bound),
            _ => (Cow::Borrowed(value), Exactness::Exact),
        }
    }

    /// An upper bound, and whether it is the maximum itself. A maximum that has no larger prefix is
    /// kept whole.
    pub(crate) fn max<'v>(&self, value: &'v [u8]) -> (Cow<'v, [u8]>, Exactness) {
        if self.keeps(value) {
            return (Cow::Borrowed(value), Exactness::Exact);
        }
        let larger = match (self.kind, std::str::from_utf8(value)) {
            (Kind::Text, Ok(text)) => text
                .get(..boundary_before(text, self.len))
                .and_then(next_text),
            _ => value.get(..self.len).and_then(next_bytes),
        };
        match larger {
            Some(larger) => (Cow::Owned(larger), Exactness::Bound),
            None => (Cow::Borrowed(value), Exactness::Exact),
        }
    }

    /// As [`max`](Self::max), unless that is longer than what may be kept whole.
    pub(crate) fn max_within<'v>(&self, value: &'v [u8]) -> Option<(Cow<'v, [u8]>, Exactness)> {
        Some(self.max(value)).filter(|(max, _)| self.kind == Kind::Never || max.len() <= self.whole)
    }

    /// How much of a bound has to be kept for the same cut; `None` if all of it.
    pub(crate) fn kept(&self) -> Option<Kept> {
        // Where a character may be longer than the cut, bounds are kept whole.
        (self.kind != Kind::Never && self.len >= CHARACTER_BYTES).then_some(Kept {
            least: self.len,
            most: self.len,
            whole: self.whole,
        })
    }

    fn keeps(&self, value: &[u8]) -> bool {
        self.kind == Kind::Never || value.len() <= self.len
    }
}

/// The bytes of a bound that decide what it is cut to: a few more than the cut, so that it shows that there were more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The shortest and the longest cut.
    least: usize,
    most: usize,
    /// The most bytes of a maximum that has to be kept whole.
    whole: usize,
}

/// Bytes of the longest character.
const CHARACTER_BYTES: usize = 4;

impl Kept {
    /// What is needed for either.
    pub(super) fn and(self, other: Kept) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
            whole: self.whole.max(other.whole),
        }
    }

    /// What decides about `value`: the cut of its minimum or maximum, and, but for values that are cut to the same
    /// bound, how it compares.
    pub(super) fn of<'v>(&self, value: &'v [u8]) -> &'v [u8] {
        let Some(head) = value.get(..self.least) else {
            return value;
        };
        let is_inside = |at: &usize| value.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
        // Such a byte ends a character, as text, and is not the last of its kind: there is a larger prefix.
        let has_successor = |(at, byte): (usize, &u8)| match byte {
            0..=0x7E => true,
            0x80..=0xBE => !is_inside(&(at + 1)),
            _ => false,
        };
        let most = if head.iter().enumerate().any(has_successor) {
            self.most
        } else {
            self.most.max(self.whole)
        };
        let Some(shown) = value.get(..most.saturating_add(CHARACTER_BYTES)) else {
            return value;
        };
        let inside = (most + 2..=shown.len()).rev().take_while(is_inside);
        value.get(..shown.len() - inside.count()).unwrap_or(value)
    }
}

/// Whether a bound is a value of the page or chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exactness {
    Exact,
    Bound,
}

/// The last boundary between characters at or before `len`.
fn boundary_before(text: &str, len: usize) -> usize {
    (0..=len.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// The shortest text that is larger than everything that begins with `prefix`: its last character that
/// has a successor of the same length in bytes is replaced by that, the rest dropped.
fn next_text(prefix: &str) -> Option<Vec<u8>> {
    for (at, character) in prefix.char_indices().rev() {
        let next = (u32::from(character) + 1..)
            .take(0x801)
            .find_map(char::from_u32);
        if let Some(next) = next.filter(|next| next.len_utf8() == character.len_utf8()) {
            let mut larger = prefix.get(..at)?.as_bytes().to_vec();
            larger.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(larger);
        }
    }
    None
}

/// The shortest bytes that are larger than everything that begins with `prefix`.
fn next_bytes(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xFF)?;
    let mut larger = prefix.get(..=last)?.to_vec();
    if let Some(byte) = larger.last_mut() {
        *byte += 1;
    }
    Some(larger)
}
