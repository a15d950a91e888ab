//! Dictionary encoding: distinct values once, in first-seen order, and an index for each value.
//!
//! The encoder outlives pages: the open page is its indices, the dictionary grows until the chunk
//! ends or the column writer gives it up. Only values that are put are in the dictionary, also
//! where they come from an Arrow dictionary that has more.
//!
//! SPEC: Encodings.md, "Dictionary Encoding".

mod indices;
mod remap;
#[cfg(test)]
mod tests;

use self::indices::Indices;
use self::remap::{Remap, UNKNOWN};
use super::interner::{BLOCK, BytesInterner, FixedInterner, Key, PlainKey, for_each_block};
use super::{buffer, rle};
use crate::basic::Type;
use crate::data_type::Int96;
use crate::data_type::values::{ByteSource, ByteValues, ByteVisitor, FixedValues, Picks, Values};
use crate::errors::{ParquetError, Result};

/// Entries that a dictionary may have; a reader's indices are signed 32-bit numbers.
const MOST_ENTRIES: usize = i32::MAX as usize;
/// Bytes of an INT96.
const INT96_BYTES: usize = 12;

/// So many values are looked for one by one: to make a block of them would cost more.
const FEW: usize = 8;

/// Bytes of entries that are copied to be shown: what a processor's cache holds.
const LENT_BYTES: usize = 16 * 1024;

/// Encoder of dictionary pages and of the data pages that refer to them.
#[derive(Debug)]
pub(crate) struct DictionaryEncoder {
    physical: Type,
    /// Bytes of a value; 0 where values differ in length.
    width: usize,
    table: Table,
    /// The open page.
    indices: Indices,
    remap: Remap,
    /// What the last values brought into the dictionary.
    news: News,
    /// What `visit_page_entries` lends.
    lent: Lent,
}

/// A table for each size of raw bits. `Bytes` takes fixed-width values of more than 16 bytes too.
#[derive(Debug)]
enum Table {
    Bits32(FixedInterner<u32>),
    Bits64(FixedInterner<u64>),
    Bits128(FixedInterner<u128>),
    Bytes(BytesInterner),
}

#[derive(Debug, Default)]
struct News {
    entries: usize,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Lent {
    /// A bit for each entry.
    marks: Vec<u64>,
    picks: Vec<u32>,
    plain: Vec<u8>,
}

impl DictionaryEncoder {
    /// An empty dictionary for a column that is not BOOLEAN; `type_length` is the length of a
    /// FIXED_LEN_BYTE_ARRAY. Nothing is allocated before the first value.
    pub(crate) fn new(physical: Type, type_length: i32) -> Self {
        let width = match physical {
            Type::INT32 | Type::FLOAT => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => INT96_BYTES,
            Type::FIXED_LEN_BYTE_ARRAY => usize::try_from(type_length).unwrap_or(0),
            Type::BOOLEAN | Type::BYTE_ARRAY => 0,
        };
        let table = match width {
            1..=4 => Table::Bits32(FixedInterner::new()),
            5..=8 => Table::Bits64(FixedInterner::new()),
            9..=16 => Table::Bits128(FixedInterner::new()),
            _ => Table::Bytes(BytesInterner::new()),
        };
        Self {
            physical,
            width,
            table,
            indices: Indices::new(),
            remap: Remap::default(),
            news: News::default(),
            lent: Lent::default(),
        }
    }

    /// Takes `values` into the open page, and those not seen before into the dictionary.
    ///
    /// # Errors
    /// If the values are not of the column's physical type and length, or the dictionary would
    /// grow beyond what 32-bit numbers address.
    pub(crate) fn put(&mut self, values: &Values<'_>) -> Result<()> {
        if values.len() > MOST_ENTRIES - self.num_entries() {
            return Err(ParquetError::General(format!(
                "Dictionary exceeds {MOST_ENTRIES} entries"
            )));
        }
        let known = (self.num_entries(), self.dictionary_bytes());
        let indices = &mut self.indices;
        match (self.physical, values, &mut self.table) {
            (Type::INT32, Values::Int32(values), Table::Bits32(table)) => {
                put_slice(table, indices, values, |value| value.cast_unsigned());
            }
            (Type::FLOAT, Values::Float(values), Table::Bits32(table)) => {
                put_slice(table, indices, values, |value| value.to_bits());
            }
            (Type::INT64, Values::Int64(values), Table::Bits64(table)) => {
                put_slice(table, indices, values, |value| value.cast_unsigned());
            }
            (Type::DOUBLE, Values::Double(values), Table::Bits64(table)) => {
                put_slice(table, indices, values, |value| value.to_bits());
            }
            (Type::INT96, Values::Int96(values), Table::Bits128(table)) => {
                put_slice(table, indices, values, int96_key);
            }
            (Type::FIXED_LEN_BYTE_ARRAY, Values::Fixed(values), _)
                if values.width() == self.width =>
            {
                self.put_fixed(values)?;
            }
            (Type::BYTE_ARRAY, Values::Bytes(values), _) => self.put_bytes(values)?,
            (physical, _, _) => {
                return Err(ParquetError::General(format!(
                    "Values are not of the column's type {physical}"
                )));
            }
        }
        self.news = News {
            entries: self.num_entries() - known.0,
            bytes: self.dictionary_bytes() - known.1,
        };
        Ok(())
    }

    /// Appends the open page's value section, the index width and the indices, to `out`, and starts
    /// the next page. The dictionary stays.
    pub(crate) fn flush_page_into(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let width = self.bit_width();
        buffer::append(out, &[width]);
        self.indices.encode(width, out);
        self.indices.clear();
        Ok(())
    }

    /// Shows `visit` the distinct values of the open page, each once, some at a time; none of numbers, which cost less
    /// to look at as they come. Enough for bounds, not for anything that counts values.
    pub(crate) fn visit_page_entries(&mut self, mut visit: impl FnMut(&Values<'_>)) {
        let entries = self.num_entries();
        match self.physical {
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => self.lent.find(&self.indices, entries),
            _ => return,
        }
        let Lent { picks, plain, .. } = &mut self.lent;
        if let (Table::Bytes(table), 0) = (&self.table, self.width) {
            let picks = match picks.len() {
                len if len == entries => Picks::Range { from: 0, len },
                _ => Picks::Indices(picks),
            };
            let source = ByteSource::Packed(table.entries());
            return visit(&Values::Bytes(ByteValues::new(source, picks)));
        }
        for picks in picks.chunks((LENT_BYTES / self.width.max(1)).max(1)) {
            plain.clear();
            for pick in picks.iter().map(|pick| *pick as usize) {
                match &self.table {
                    Table::Bits32(table) => append_key(table, pick, self.width, plain),
                    Table::Bits64(table) => append_key(table, pick, self.width, plain),
                    Table::Bits128(table) => append_key(table, pick, self.width, plain),
                    Table::Bytes(table) => plain.extend_from_slice(table.entries().get(pick)),
                }
            }
            visit(&Values::Fixed(FixedValues::new(plain, self.width)));
        }
    }

    /// Gives back what an empty open page does not need. The dictionary stays.
    pub(crate) fn shrink(&mut self) {
        self.indices.shrink();
        self.remap.clear();
        self.lent = Lent::default();
    }

    /// The size that pages are cut by: an upper bound of the open page's value section, in bytes,
    /// with the byte that names the width for byte strings only.
    pub(crate) fn estimated_page_bytes(&self) -> usize {
        let width_byte = usize::from(self.physical == Type::BYTE_ARRAY);
        rle::max_encoded_len(self.indices.len(), self.bit_width()) + width_byte
    }

    /// Bytes of the open page's indices as they are held.
    pub(crate) fn open_page_bytes(&self) -> usize {
        self.indices.held_bytes()
    }

    /// Room of the open page's indices.
    pub(crate) fn open_page_room(&self) -> usize {
        self.indices.memory_size()
    }

    /// Bytes that may be taken at once, while what they replace is still there, if the next values bring twice as
    /// much into the dictionary as the last ones did.
    pub(crate) fn growth_bytes(&self) -> usize {
        let count = (2 * self.news.entries).max(BLOCK);
        let bytes = 2 * self.news.bytes;
        match &self.table {
            Table::Bits32(table) => table.growth_bytes(count),
            Table::Bits64(table) => table.growth_bytes(count),
            Table::Bits128(table) => table.growth_bytes(count),
            Table::Bytes(table) => table.growth_bytes(count, bytes),
        }
    }

    /// Number of entries of the dictionary.
    pub(crate) fn num_entries(&self) -> usize {
        match &self.table {
            Table::Bits32(table) => table.keys().len(),
            Table::Bits64(table) => table.keys().len(),
            Table::Bits128(table) => table.keys().len(),
            Table::Bytes(table) => table.len(),
        }
    }

    /// Size of the dictionary page's body, in bytes.
    pub(crate) fn dictionary_bytes(&self) -> usize {
        match &self.table {
            Table::Bytes(table) if self.width == 0 => table.plain_bytes(),
            _ => self.num_entries() * self.width,
        }
    }

    /// Appends the dictionary page's body, the entries in PLAIN, to `out`.
    pub(crate) fn write_dictionary_into(&self, out: &mut Vec<u8>) {
        buffer::grow(out, self.dictionary_bytes());
        match &self.table {
            Table::Bits32(table) => append_keys(table.keys(), self.width, out),
            Table::Bits64(table) => append_keys(table.keys(), self.width, out),
            Table::Bits128(table) => append_keys(table.keys(), self.width, out),
            Table::Bytes(table) => {
                let entries = table.entries();
                for entry in entries.range(0, entries.len()) {
                    if self.width == 0 {
                        #[expect(
                            clippy::cast_possible_truncation,
                            reason = "the interner takes no longer strings"
                        )]
                        let len = entry.len() as u32;
                        out.extend_from_slice(&len.to_le_bytes());
                    }
                    out.extend_from_slice(entry);
                }
            }
        }
    }

    /// All entries; `page` is the body of the dictionary page.
    pub(crate) fn entries<'a>(&'a self, page: &'a [u8]) -> Values<'a> {
        match &self.table {
            Table::Bytes(table) if self.width == 0 => Values::Bytes(ByteValues::new(
                ByteSource::Packed(table.entries()),
                Picks::Range {
                    from: 0,
                    len: table.len(),
                },
            )),
            _ => Values::Fixed(FixedValues::new(page, self.width)),
        }
    }

    /// Gives back all but the entries. No value may be put after that.
    pub(crate) fn end(&mut self) {
        self.indices = Indices::new();
        self.remap.clear();
        self.lent = Lent::default();
        match &mut self.table {
            Table::Bits32(table) => table.end(),
            Table::Bits64(table) => table.end(),
            Table::Bits128(table) => table.end(),
            Table::Bytes(table) => table.end(),
        }
    }

    /// Bytes held on the heap, by capacity.
    pub(crate) fn memory_size(&self) -> usize {
        let table = match &self.table {
            Table::Bits32(table) => table.memory_size(),
            Table::Bits64(table) => table.memory_size(),
            Table::Bits128(table) => table.memory_size(),
            Table::Bytes(table) => table.memory_size(),
        };
        table + self.indices.memory_size() + self.remap.memory_size() + self.lent.memory_size()
    }

    /// Bits of an index; none are needed to tell one entry from itself.
    fn bit_width(&self) -> u8 {
        let last = self.num_entries().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "at most the bits of a usize"
        )]
        let width = (usize::BITS - last.leading_zeros()) as u8;
        width
    }

    fn put_fixed(&mut self, values: &FixedValues<'_>) -> Result<()> {
        let (indices, data, width) = (&mut self.indices, values.data(), self.width);
        match &mut self.table {
            Table::Bits32(table) => put_chunks(table, indices, data, width),
            Table::Bits64(table) => put_chunks(table, indices, data, width),
            Table::Bits128(table) => put_chunks(table, indices, data, width),
            Table::Bytes(table) => {
                let picks = Picks::Range {
                    from: 0,
                    len: values.len(),
                };
                put_blocks(
                    table,
                    indices,
                    &ByteValues::new(ByteSource::Fixed(*values), picks),
                )?;
            }
        }
        Ok(())
    }

    fn put_bytes(&mut self, values: &ByteValues<'_>) -> Result<()> {
        let Table::Bytes(table) = &mut self.table else {
            return Ok(());
        };
        if let Picks::Keys { keys, token, .. } = values.picks()
            && let Some(remap) = self.remap.table(token, values.source().len(), keys.len())
        {
            return put_keys(table, &mut self.indices, values.source(), keys, remap);
        }
        put_blocks(table, &mut self.indices, values)
    }
}

impl Lent {
    /// Finds the entries that the open page uses.
    fn find(&mut self, indices: &Indices, entries: usize) {
        self.marks.clear();
        self.marks.resize(entries.div_ceil(64), 0);
        indices.mark(&mut self.marks);
        self.picks.clear();
        for (first, mut word) in (0u32..).step_by(64).zip(self.marks.iter().copied()) {
            while word != 0 {
                self.picks.push(first + word.trailing_zeros());
                word &= word - 1;
            }
        }
    }

    fn memory_size(&self) -> usize {
        self.marks.capacity() * size_of::<u64>()
            + self.picks.capacity() * size_of::<u32>()
            + self.plain.capacity()
    }
}

fn put_slice<T: Copy, K: Key>(
    table: &mut FixedInterner<K>,
    indices: &mut Indices,
    values: &[T],
    to_key: impl Fn(T) -> K,
) {
    if values.len() <= FEW {
        for value in values {
            let entry = table.intern_one(to_key(*value));
            indices.push(&[entry], table.keys().len());
        }
        return;
    }
    let mut keys = [K::default(); BLOCK];
    let mut entries = [0; BLOCK];
    for block in values.chunks(BLOCK) {
        for (key, value) in keys.iter_mut().zip(block) {
            *key = to_key(*value);
        }
        table.intern(&keys, block.len(), &mut entries);
        push(indices, &entries, block.len(), table.keys().len());
    }
}

fn put_chunks<K: PlainKey>(
    table: &mut FixedInterner<K>,
    indices: &mut Indices,
    data: &[u8],
    width: usize,
) {
    let mut keys = [K::default(); BLOCK];
    let mut entries = [0; BLOCK];
    for block in data.chunks(BLOCK * width) {
        let values = block.chunks_exact(width);
        let len = values.len();
        for (key, value) in keys.iter_mut().zip(values) {
            *key = K::from_value(value);
        }
        table.intern(&keys, len, &mut entries);
        push(indices, &entries, len, table.keys().len());
    }
}

fn put_blocks(
    table: &mut BytesInterner,
    indices: &mut Indices,
    values: &ByteValues<'_>,
) -> Result<()> {
    if values.len() <= FEW {
        return values.visit(OneByOne { table, indices });
    }
    let mut entries = [0; BLOCK];
    let mut outcome = Ok(());
    for_each_block(values, &mut |block| {
        if outcome.is_ok() {
            outcome = table.intern(block, &mut entries);
            push(indices, &entries, block.len(), table.len());
        }
    });
    outcome
}

/// Interns strings without a block.
struct OneByOne<'t> {
    table: &'t mut BytesInterner,
    indices: &'t mut Indices,
}

impl ByteVisitor for OneByOne<'_> {
    type Out = Result<()>;

    fn visit<'v>(self, values: impl ExactSizeIterator<Item = &'v [u8]> + Clone) -> Result<()> {
        for value in values {
            let entry = self.table.intern_one(value)?;
            self.indices.push(&[entry], self.table.len());
        }
        Ok(())
    }
}

fn put_keys(
    table: &mut BytesInterner,
    indices: &mut Indices,
    source: ByteSource<'_>,
    keys: &[u32],
    remap: &mut [u32],
) -> Result<()> {
    let mut entries = [0; BLOCK];
    let mut unknown = [0; BLOCK];
    for keys in keys.chunks(BLOCK) {
        let mut unknown_len = 0;
        for (entry, key) in entries.iter_mut().zip(keys) {
            *entry = remap.get(*key as usize).copied().unwrap_or(UNKNOWN);
            if let (UNKNOWN, Some(place)) = (*entry, unknown.get_mut(unknown_len)) {
                *place = *key;
                unknown_len += 1;
            }
        }
        if let Some(unknown @ [_, ..]) = unknown.get(..unknown_len) {
            let mut found = [0; BLOCK];
            let mut outcome = Ok(());
            for_each_block(
                &ByteValues::new(source, Picks::Indices(unknown)),
                &mut |block| {
                    outcome = table.intern(block, &mut found);
                },
            );
            outcome?;
            for (key, entry) in unknown.iter().zip(found) {
                let place = remap.get_mut(*key as usize);
                *place.ok_or(ParquetError::IndexOutOfBound(*key as usize, source.len()))? = entry;
            }
            for (entry, key) in entries.iter_mut().zip(keys) {
                *entry = remap.get(*key as usize).copied().unwrap_or(UNKNOWN);
            }
        }
        push(indices, &entries, keys.len(), table.len());
    }
    Ok(())
}

#[inline]
fn push(indices: &mut Indices, entries: &[u32; BLOCK], len: usize, dictionary_len: usize) {
    indices.push(entries.get(..len).unwrap_or_default(), dictionary_len);
}

fn append_key<K: PlainKey>(table: &FixedInterner<K>, pick: usize, width: usize, out: &mut Vec<u8>) {
    if let Some(key) = table.keys().get(pick) {
        key.append_to(width, out);
    }
}

fn append_keys<K: PlainKey>(keys: &[K], width: usize, out: &mut Vec<u8>) {
    if width == size_of::<K>() {
        let from = out.len();
        out.resize(from + width * keys.len(), 0);
        return K::write_all(keys, out.get_mut(from..).unwrap_or_default());
    }
    for key in keys {
        key.append_to(width, out);
    }
}

/// As [`PlainKey::from_value`] makes it: the words 0 and 1, then 1 and 2.
fn int96_key(value: Int96) -> u128 {
    match value.data() {
        [low, middle, high] => {
            let [low, middle, high] = [*low, *middle, *high].map(u128::from);
            low | middle << 32 | middle << 64 | high << 96
        }
        _ => 0,
    }
}
