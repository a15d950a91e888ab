//! Serialized column chunks that miss the places of what belongs to them, and what is known of these.

use super::Extent;
use crate::errors::{ParquetError, Result};
use crate::wire::chunk::{ByBelonging, Gaps};
use crate::wire::compact::input::Input;
use crate::wire::compact::{write_binary_len, write_i64};

/// Where something is that belongs to a chunk and waits: position in its log, and length.
pub(super) type InLogs = ByBelonging<Option<Extent>>;

/// Where in the file the first byte of each log went.
pub(super) type Bases = ByBelonging<i64>;

/// Part of a footer, as it was put: bytes, and the places that are missing in them. A part without gaps has three bytes
/// and its length in front, a column chunk with indexes about twenty.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    bytes: &'a [u8],
    missing: ByBelonging<Option<Missing>>,
}

/// A place that is missing.
#[derive(Clone, Copy, Debug)]
struct Missing {
    /// Where in the bytes it belongs.
    gap: usize,
    /// Where its object was put.
    at: Extent,
}

/// Stands for a gap that is not there.
const NO_GAP: i64 = -1;

/// Appends an entry to `out`: what `write` writes, with what it says is missing.
///
/// # Errors
/// If a gap lies where no number reaches.
pub(super) fn put_entry(
    out: &mut Vec<u8>,
    pending: &InLogs,
    write: impl FnOnce(&mut Vec<u8>) -> Gaps,
) -> Result<()> {
    let from = out.len();
    let gaps = write(out);
    let len = out.len() - from;
    let missing = [
        (gaps.filter, pending.filter),
        (gaps.offset_index, pending.offset_index),
        (gaps.column_index, pending.column_index),
    ];
    for (gap, pending) in missing {
        match gap.zip(pending) {
            Some((gap, at)) => {
                write_i64(out, i64::try_from(gap - from)?);
                write_i64(out, at.offset);
                write_i64(out, i64::from(at.len));
            }
            None => write_i64(out, NO_GAP),
        }
    }
    write_binary_len(out, len);
    // What was written last comes first.
    let Some(entry) = out.get_mut(from..) else {
        let text = "metadata that was to wait has gone";
        return Err(ParquetError::Internal(text.to_owned()));
    };
    entry.rotate_left(len);
    Ok(())
}

/// Takes the next entry off `input`; `None` at its end.
///
/// # Errors
/// If it is none that [`put_entry`] has made.
pub(super) fn take_entry<'a>(input: &mut Input<'a>) -> Result<Option<Entry<'a>>> {
    if input.is_at_end() {
        return Ok(None);
    }
    let mut missing = || -> Result<Option<Missing>> {
        let gap = input.i64_item()?;
        if gap == NO_GAP {
            return Ok(None);
        }
        Ok(Some(Missing {
            gap: usize::try_from(gap)?,
            at: Extent {
                offset: input.i64_item()?,
                len: i32::try_from(input.i64_item()?)?,
            },
        }))
    };
    let missing = ByBelonging {
        filter: missing()?,
        offset_index: missing()?,
        column_index: missing()?,
    };
    let bytes = input.binary_item()?;
    Ok(Some(Entry { bytes, missing }))
}

impl Entry<'_> {
    /// Appends the bytes to `out`, with every place where it is once the logs begin at `bases`; returns these places.
    ///
    /// # Errors
    /// If the entry is damaged, or a place does not fit the format.
    pub(super) fn place(&self, bases: &Bases, out: &mut Vec<u8>) -> Result<InLogs> {
        let mut from = 0;
        let mut place = |missing: Option<Missing>, base: i64| -> Result<Option<Extent>> {
            let Some(Missing { gap, at }) = missing else {
                return Ok(None);
            };
            out.extend_from_slice(self.bytes.get(from..gap).ok_or_else(damaged)?);
            from = gap;
            let offset = base.checked_add(at.offset).ok_or_else(damaged)?;
            write_i64(out, offset);
            let len = at.len;
            Ok(Some(Extent { offset, len }))
        };
        let placed = ByBelonging {
            filter: place(self.missing.filter, bases.filter)?,
            offset_index: place(self.missing.offset_index, bases.offset_index)?,
            column_index: place(self.missing.column_index, bases.column_index)?,
        };
        out.extend_from_slice(self.bytes.get(from..).ok_or_else(damaged)?);
        Ok(placed)
    }
}

fn damaged() -> ParquetError {
    ParquetError::CorruptBlob("the metadata that waited in a store came back damaged".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(offset: i64) -> Option<Extent> {
        Some(Extent { offset, len: 7 })
    }

    /// Three entries: without gaps, with all of them, and with one in front of everything.
    fn entries() -> Vec<u8> {
        let all = InLogs {
            filter: extent(1),
            offset_index: extent(100_000),
            column_index: extent(0),
        };
        let mut out = Vec::new();
        put_entry(&mut out, &all, |out| {
            out.extend(b"whole");
            Gaps::default()
        })
        .unwrap();
        put_entry(&mut out, &all, |out| {
            let from = out.len();
            out.extend(b"abcd");
            Gaps {
                filter: Some(from + 1),
                offset_index: Some(from + 3),
                column_index: Some(from + 4),
            }
        })
        .unwrap();
        put_entry(&mut out, &all, |out| {
            let from = out.len();
            out.extend(b"z");
            Gaps {
                column_index: Some(from),
                ..Gaps::default()
            }
        })
        .unwrap();
        out
    }

    fn placed(bytes: &[u8]) -> Result<Vec<(Vec<u8>, InLogs)>> {
        let bases = Bases {
            filter: 1,
            offset_index: 10,
            column_index: 3,
        };
        let mut input = Input::new(bytes);
        let mut entries = Vec::new();
        while let Some(entry) = take_entry(&mut input)? {
            let mut out = Vec::new();
            let places = entry.place(&bases, &mut out)?;
            entries.push((out, places));
        }
        Ok(entries)
    }

    #[test]
    fn places_come_where_they_are_missing() {
        let entries = placed(&entries()).unwrap();
        let mut offset = Vec::new();
        write_i64(&mut offset, 100_010);
        assert_eq!(entries[0], (b"whole".to_vec(), InLogs::default()));
        let (bytes, places) = &entries[1];
        assert_eq!(*bytes, [b"a\x04bc", &offset[..], b"d\x06"].concat());
        assert_eq!(places.filter, extent(2));
        assert_eq!(places.offset_index, extent(100_010));
        assert_eq!(places.column_index, extent(3));
        assert_eq!(entries[2].0, b"\x06z");
        assert_eq!(entries.len(), 3);
    }

    #[test]
    fn damaged_entries_are_errors_and_never_panics() {
        let whole = entries();
        let expected = placed(&whole).unwrap();
        for len in 1..whole.len() {
            let read = placed(&whole[..len]);
            assert!(read.is_err() || expected.starts_with(&read.unwrap()));
        }
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                let _ = placed(&flipped);
            }
        }
    }
}
