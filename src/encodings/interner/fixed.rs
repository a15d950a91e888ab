//! The table: one open-addressing hash table over raw bits.
//!
//! Slots hold entry numbers; the keys stand beside them in first-seen order, which is also the
//! order of the dictionary page. Nothing is allocated before the first value, and a table grows
//! from a handful of slots by doubling.

#![expect(
    clippy::indexing_slicing,
    reason = "kernel: slots are masked to the table, entries come out of it"
)]

use super::hash::random_seed;
use super::{BLOCK, Key};

const FIRST_SLOTS_LOG2: u32 = 4;
/// A table is at most this full, in eighths.
const MOST_EIGHTHS: usize = 5;
/// Where keys are often found away from their home slot, tables of up to 64 KiB grow until there
/// are this many slots an entry ...
const BUSY_SLOTS_PER_ENTRY: usize = 8;
const SMALL_SLOTS: usize = 1 << 14;
/// ... and tables of up to 1 MiB until there are this many.
const BUSY_SLOTS_PER_ENTRY_LARGE: usize = 2;
const LARGE_SLOTS: usize = 1 << 18;
/// A new key that ends this far from its home, in a table that is not full, means that the keys
/// defeat the multiplier. Each other multiplier is given twice as much.
const LONG_WALK: usize = 256;
/// 2^64 over the golden ratio, odd: consecutive keys land far apart and never on one another.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
/// From this size on, keys grow by a quarter instead of doubling.
const LARGE_BYTES: usize = 256 * 1024;

/// Numbers distinct keys in the order they are first seen.
#[derive(Debug)]
pub(crate) struct FixedInterner<K> {
    /// Distinct keys, by entry number.
    keys: Vec<K>,
    /// Entry numbers. A slot that holds 0 is either free or entry 0's: both mean that the search
    /// ends here, and the comparison with key 0 tells which it was.
    slots: Vec<u32>,
    /// `64 - log2(slots)`.
    shift: u32,
    multiplier: u64,
    /// How far from its home a key may end before another multiplier is tried.
    longest_walk: usize,
    /// How often a known key was found away from its home since the table was last rebuilt.
    detours: usize,
}

impl<K: Key> FixedInterner<K> {
    /// An empty table, which holds nothing on the heap.
    pub(crate) fn new() -> Self {
        Self {
            keys: Vec::new(),
            slots: Vec::new(),
            shift: 64,
            multiplier: GOLDEN,
            longest_walk: LONG_WALK,
            detours: 0,
        }
    }

    /// Gives each of the first `len` keys its entry number, adding keys not seen before. The other
    /// keys and numbers do not count.
    pub(crate) fn intern(&mut self, keys: &[K; BLOCK], len: usize, entries: &mut [u32; BLOCK]) {
        let len = len.min(BLOCK);
        if len == 0 {
            return;
        }
        if self.keys.is_empty() {
            self.start(keys[0]);
        }
        if keys[len - 1].same(keys[0]) && keys[..len].iter().all(|key| key.same(keys[0])) {
            entries[..len].fill(self.search(keys[0]));
            return;
        }
        let mut missed = self.look_home(keys, entries) & (u64::MAX >> (BLOCK - len));
        while missed != 0 {
            let at = missed.trailing_zeros() as usize;
            missed &= missed - 1;
            entries[at] = self.search(keys[at]);
        }
    }

    /// The entry of one key, added if it is new.
    #[inline]
    pub(crate) fn intern_one(&mut self, key: K) -> u32 {
        if self.keys.is_empty() {
            self.start(key);
        }
        self.search(key)
    }

    /// Replaces the key of `entry` by one that is the same but for what does not tell keys apart.
    pub(crate) fn refine(&mut self, entry: u32, key: K) {
        self.keys[entry as usize] = key;
    }

    /// Distinct keys in first-seen order.
    #[inline]
    pub(crate) fn keys(&self) -> &[K] {
        &self.keys
    }

    /// Gives back what only finding keys takes. No key may be interned after that.
    pub(crate) fn end(&mut self) {
        self.slots = Vec::new();
    }

    /// Bytes held on the heap, by capacity.
    pub(crate) fn memory_size(&self) -> usize {
        self.keys.capacity() * size_of::<K>() + self.slots.capacity() * size_of::<u32>()
    }

    /// Looks for each key in its home slot; a set bit marks a key that is not there.
    #[inline]
    fn look_home(&self, keys: &[K; BLOCK], entries: &mut [u32; BLOCK]) -> u64 {
        let (slots, known, shift, multiplier) =
            (&self.slots[..], &self.keys[..], self.shift, self.multiplier);
        let mut missed = 0;
        for (at, (key, entry)) in keys.iter().zip(entries.iter_mut()).enumerate() {
            let home = home_of(*key, multiplier, shift);
            // SAFETY: the table has `2^(64 - shift)` slots, and `start` has run.
            let found = unsafe { *slots.get_unchecked(home) };
            // SAFETY: slots hold 0 or what `add` numbered, and keys are never removed.
            let known = unsafe { *known.get_unchecked(found as usize) };
            missed |= u64::from(!key.same(known)) << at;
            *entry = found;
        }
        missed
    }

    #[inline]
    fn search(&mut self, key: K) -> u32 {
        let mask = self.slots.len() - 1;
        let home = home_of(key, self.multiplier, self.shift);
        let mut at = home;
        loop {
            let entry = self.slots[at];
            if key.same(self.keys[entry as usize]) {
                if at != home {
                    self.count_detour();
                }
                return entry;
            }
            if entry == 0 {
                return self.add(key, at, at.wrapping_sub(home) & mask);
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn add(&mut self, key: K, slot: usize, walked: usize) -> u32 {
        if self.keys.len() == self.keys.capacity() {
            self.make_room();
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a dictionary has less than 2^31 entries"
        )]
        let entry = self.keys.len() as u32;
        self.keys.push(key);
        self.slots[slot] = entry;
        if self.keys.len() * 8 > self.slots.len() * MOST_EIGHTHS {
            self.rebuild(self.slots.len() * 2);
        } else if walked > self.longest_walk {
            self.longest_walk *= 2;
            self.multiplier = self.multiplier.wrapping_mul(random_seed()) | 1;
            self.rebuild(self.slots.len());
        }
        entry
    }

    /// Widens a busy table once its detours have cost about what widening does.
    fn count_detour(&mut self) {
        self.detours += 1;
        let slots = self.slots.len();
        if self.detours > slots {
            let slots_per_entry = match slots {
                ..SMALL_SLOTS => BUSY_SLOTS_PER_ENTRY,
                SMALL_SLOTS..LARGE_SLOTS => BUSY_SLOTS_PER_ENTRY_LARGE,
                _ => 0,
            };
            if slots < self.keys.len() * slots_per_entry {
                self.rebuild(slots * 2);
            }
        }
    }

    #[cold]
    fn start(&mut self, key: K) {
        self.keys.push(key);
        self.slots = vec![0; 1 << FIRST_SLOTS_LOG2];
        self.shift = 64 - FIRST_SLOTS_LOG2;
    }

    #[cold]
    fn make_room(&mut self) {
        let held = self.keys.capacity();
        self.keys
            .reserve_exact(if held * size_of::<K>() < LARGE_BYTES {
                held
            } else {
                held / 4
            });
    }

    #[cold]
    #[inline(never)]
    fn rebuild(&mut self, slots: usize) {
        // A new vector instead of a resized one: the old slots need not be copied.
        self.slots = Vec::new();
        self.slots = vec![0; slots];
        self.shift = 64 - slots.trailing_zeros();
        self.detours = 0;
        // Entry 0 is found through any free slot.
        for (entry, key) in (0u32..).zip(&self.keys).skip(1) {
            let mut at = home_of(*key, self.multiplier, self.shift);
            while self.slots[at] != 0 {
                at = (at + 1) & (slots - 1);
            }
            self.slots[at] = entry;
        }
    }
}

/// The slot where a search for `key` begins.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a slot number has as many bits as the table's size"
)]
fn home_of<K: Key>(key: K, multiplier: u64, shift: u32) -> usize {
    (key.spread(multiplier) >> shift) as usize
}
