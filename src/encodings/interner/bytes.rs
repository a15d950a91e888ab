//! Interning of byte strings.
//!
//! A short string is its own key in the table. A long one is keyed by length and 56 bits of hash,
//! and compared in full with the string that the table finds; strings that share a key, if there
//! ever are two, are told apart by hashing the hash on.

#![expect(
    clippy::indexing_slicing,
    reason = "kernel: places are below BLOCK, entries come out of the table"
)]

use super::BLOCK;
use super::block::{ByteBlock, head_of};
use super::fixed::FixedInterner;
use super::hash::{ENDS, ends, hash_all, hash_ends, random_seed};
use crate::data_type::packed::{PackedBytes, PackedKey, SHORT};
use crate::encodings::buffer;
use crate::encodings::byte_copy::append_short;
use crate::errors::{ParquetError, Result};

/// Places of long strings are 32 bits wide, and the last one means none.
const MOST_BYTES: usize = u32::MAX as usize - 1;
/// Bytes of a length in PLAIN.
const LEN_BYTES: usize = 4;

/// Numbers distinct byte strings in the order they are first seen.
#[derive(Debug)]
pub(crate) struct BytesInterner {
    table: FixedInterner<PackedKey>,
    /// Distinct long strings, end to end.
    data: Vec<u8>,
    /// Sum of the lengths of all distinct strings.
    total_bytes: usize,
    seed: u64,
}

impl BytesInterner {
    /// An empty table, which holds nothing on the heap.
    pub(crate) fn new() -> Self {
        Self::with_seed(random_seed())
    }

    /// An empty table whose hashes can be foretold.
    pub(super) fn with_seed(seed: u64) -> Self {
        Self {
            table: FixedInterner::new(),
            data: Vec::new(),
            total_bytes: 0,
            seed,
        }
    }

    /// Gives each string of the block its entry number, adding strings not seen before.
    ///
    /// # Errors
    /// If a string, or all long ones together, do not fit 4 GiB.
    pub(crate) fn intern(
        &mut self,
        block: &mut ByteBlock<'_>,
        entries: &mut [u32; BLOCK],
    ) -> Result<()> {
        let known = self.table.keys().len();
        if block.long == 0 {
            self.table.intern(&block.keys, block.len, entries);
        } else {
            self.intern_long(block, entries)?;
        }
        // What is new is at the end, so only blocks with news are looked through.
        for key in &self.table.keys()[known..] {
            self.total_bytes += key.len();
        }
        Ok(())
    }

    /// The entry of one string, added if it is new.
    ///
    /// # Errors
    /// As [`intern`](Self::intern).
    pub(crate) fn intern_one(&mut self, value: &[u8]) -> Result<u32> {
        let known = self.len();
        let entry = if value.len() <= SHORT {
            self.table
                .intern_one(PackedKey::short(head_of(value), value.len()))
        } else {
            self.intern_one_long(value)?
        };
        if self.len() > known {
            self.total_bytes += value.len();
        }
        Ok(entry)
    }

    /// Distinct strings in first-seen order.
    pub(crate) fn entries(&self) -> PackedBytes<'_> {
        PackedBytes::new(self.table.keys(), &self.data)
    }

    /// Number of distinct strings.
    pub(crate) fn len(&self) -> usize {
        self.table.keys().len()
    }

    /// Bytes that all distinct strings take in PLAIN, each behind its length.
    pub(crate) fn plain_bytes(&self) -> usize {
        self.total_bytes + LEN_BYTES * self.len()
    }

    /// Gives back what only finding strings takes. None may be interned after that.
    pub(crate) fn end(&mut self) {
        self.table.end();
    }

    /// Bytes held on the heap, by capacity.
    pub(crate) fn memory_size(&self) -> usize {
        self.table.memory_size() + self.data.capacity()
    }

    /// Bytes that may be taken at once for `count` more strings of `bytes` in all, while what they replace is still
    /// there.
    pub(crate) fn growth_bytes(&self, count: usize, bytes: usize) -> usize {
        let held = self.data.capacity();
        let data = if held > 0 && held - self.data.len() < bytes {
            buffer::next_capacity(held)
        } else {
            0
        };
        data + self.table.growth_bytes(count)
    }

    fn intern_long(&mut self, block: &mut ByteBlock<'_>, entries: &mut [u32; BLOCK]) -> Result<()> {
        // Strings that differ in what is to be done with them are done with in loops of their own:
        // a branch on the length, mispredicted, costs more than the work.
        let (long, very_long) = (block.long & !block.very_long, block.very_long);
        for at in bits(long) {
            let value = block.values[at];
            block.keys[at] = long_key(hash_ends(value, self.seed), value.len());
        }
        for at in bits(very_long) {
            let value = block.values[at];
            check_len(value)?;
            block.keys[at] = long_key(hash_all(value, self.seed), value.len());
        }
        self.table.intern(&block.keys, block.len, entries);

        let mut different = 0;
        for at in bits(long) {
            let value = block.values[at];
            match self.place(entries[at]) {
                Some(place) => {
                    let (first, last) = ends(value);
                    let (known_first, known_last) = ends(&self.data[place..place + value.len()]);
                    let is_different = (first ^ known_first) | (last ^ known_last) != 0;
                    different |= u64::from(is_different) << at;
                }
                None => self.keep(entries[at], block.keys[at], value)?,
            }
        }
        for at in bits(very_long) {
            let value = block.values[at];
            match self.place(entries[at]) {
                Some(place) => {
                    let is_different = self.data[place..place + value.len()] != *value;
                    different |= u64::from(is_different) << at;
                }
                None => self.keep(entries[at], block.keys[at], value)?,
            }
        }
        for at in bits(different) {
            entries[at] = self.rehash(block.values[at], block.keys[at].hash())?;
        }
        Ok(())
    }

    fn intern_one_long(&mut self, value: &[u8]) -> Result<u32> {
        check_len(value)?;
        let hash = if value.len() <= ENDS {
            hash_ends(value, self.seed)
        } else {
            hash_all(value, self.seed)
        };
        let key = long_key(hash, value.len());
        let entry = self.table.intern_one(key);
        match self.place(entry) {
            None => self.keep(entry, key, value)?,
            Some(place) if self.data[place..place + value.len()] != *value => {
                return self.rehash(value, key.hash());
            }
            Some(_) => {}
        }
        Ok(entry)
    }

    /// Where a long string lies; `None` if it is new.
    #[inline(always)]
    fn place(&self, entry: u32) -> Option<usize> {
        self.table.keys()[entry as usize].place()
    }

    /// The entry of a string whose key another string had first.
    #[cold]
    fn rehash(&mut self, value: &[u8], mut hash: u64) -> Result<u32> {
        loop {
            hash = hash.wrapping_add(1);
            let key = long_key(hash, value.len());
            let entry = self.table.intern_one(key);
            if self.place(entry).is_none() {
                self.keep(entry, key, value)?;
            }
            if self.entries().get(entry as usize) == value {
                return Ok(entry);
            }
        }
    }

    /// Stores a long string that is new.
    fn keep(&mut self, entry: u32, key: PackedKey, value: &[u8]) -> Result<()> {
        let place = self.data.len();
        if value.len() > MOST_BYTES - place {
            return Err(ParquetError::General("Dictionary exceeds 4 GiB".into()));
        }
        #[expect(clippy::cast_possible_truncation, reason = "below MOST_BYTES")]
        self.table.refine(entry, key.placed(place as u32));
        append_short(value, &mut self.data);
        Ok(())
    }
}

#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "lengths are checked before"
)]
fn long_key(hash: u64, len: usize) -> PackedKey {
    PackedKey::long(hash, len as u32)
}

fn check_len(value: &[u8]) -> Result<()> {
    if value.len() > MOST_BYTES {
        return Err(ParquetError::General(format!(
            "Value of {} bytes is too long for a dictionary",
            value.len()
        )));
    }
    Ok(())
}

/// Places of the set bits, ascending.
#[inline(always)]
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (at < BLOCK).then_some(at)
    })
}
