//! The table: one open-addressing hash table over raw bits.
//!
//! Slots hold entry numbers; the keys stand beside them in first-seen order, which is also the
//! order of the dictionary page. The bits of a slot that no entry number can need hold more of the
//! hash, so that a few slots side by side are searched at once and a key is hardly ever looked at
//! but to confirm that it is the one. Nothing is allocated before the first value, and a table
//! grows from a handful of slots by doubling, a large one fourfold while most keys are new.

#![expect(
    clippy::indexing_slicing,
    reason = "kernel: slots are masked to the table, entries come out of it"
)]

use std::hint::black_box;

use super::hash::random_seed;
use super::probe::{GROUP, first_of};
use super::{BLOCK, Key};
use crate::data_type::ahead::fetch;

const FIRST_SLOTS_LOG2: u32 = 4;
/// A table is at most this full, in sixteenths: few searches go beyond the group where they begin, and a
/// dictionary of 2^n entries and some more has room in 2^(n + 1) slots.
const MOST_SIXTEENTHS: usize = 9;
/// Where keys are often found away from their home slot, tables of up to 64 KiB grow until there
/// are this many slots an entry ...
const BUSY_SLOTS_PER_ENTRY: usize = 8;
const SMALL_SLOTS: usize = 1 << 14;
/// ... and tables of up to 1 MiB until there are this many.
const BUSY_SLOTS_PER_ENTRY_LARGE: usize = 3;
const LARGE_SLOTS: usize = 1 << 18;
/// The part of a block's keys that may be known where most are new.
const MOST_KNOWN_PART: usize = 4;
/// Tables of as many slots lie in caches that are far away.
const FAR_SLOTS_LOG2: u32 = 14;
/// Those of them with fewer slots than this become four times as large where most keys are new: a dictionary of nothing
/// but new keys is filled in fewer rebuilds, with more free slots meanwhile. Small tables only double: a writer may
/// have thousands.
const MOST_QUADRUPLED_LOG2: u32 = 17;
/// A tag that no slot has: it has a bit where those of slots have none.
const NO_TAG: u32 = 1;
/// A new key that ends this far from its home, in a table that is not full, means that the keys
/// defeat the multiplier. Each other multiplier is given twice as much.
const LONG_WALK: usize = 256;
/// 2^64 over the golden ratio, odd: consecutive keys land far apart and never on one another.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
/// From this size on, keys grow by a quarter instead of doubling. A dictionary page of numbers that is as
/// large as pages are by default needs no more.
const LARGE_BYTES: usize = 1024 * 1024;

/// Numbers distinct keys in the order they are first seen.
#[derive(Debug)]
pub(crate) struct FixedInterner<K> {
    /// Distinct keys, by entry number.
    keys: Vec<K>,
    /// As many slots as `2^log2`, and then the first ones of them again, so that a group can begin at
    /// each. A slot holds an entry's number in its low `log2` bits and bits of the hash above. Entry 0
    /// has no slot: a search that ends at a free one, which holds 0, compares with key 0.
    slots: Vec<u32>,
    log2: u32,
    multiplier: u64,
    /// How far from its home a key may end before another multiplier is tried.
    longest_walk: usize,
    /// Whether most keys of the last block were new: the next one's are then not looked for among the known ones.
    has_news: bool,
    /// How often a known key was found away from its home since the table was last rebuilt.
    detours: usize,
}

/// Where a search begins, and what it looks for.
#[derive(Debug, Clone, Copy)]
struct HashSlot {
    home: usize,
    tag: u32,
}

impl<K: Key> FixedInterner<K> {
    /// An empty table, which holds nothing on the heap.
    pub(crate) fn new() -> Self {
        Self {
            keys: Vec::new(),
            slots: Vec::new(),
            log2: FIRST_SLOTS_LOG2,
            multiplier: GOLDEN,
            longest_walk: LONG_WALK,
            has_news: false,
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
        if self.slots.is_empty() {
            self.start(keys[0]);
        }
        if keys[len - 1].same(keys[0]) && keys[..len].iter().all(|key| key.same(keys[0])) {
            entries[..len].fill(self.intern_one(keys[0]));
            return;
        }
        let all = u64::MAX >> (BLOCK - len);
        let missed = if self.has_news {
            all
        } else {
            self.look_home(keys, entries) & all
        };
        let known = self.keys.len();
        if missed != 0 {
            self.settle(keys, missed, entries);
        }
        self.has_news = self.keys.len() - known > len - len / MOST_KNOWN_PART;
    }

    /// The entry of one key, added if it is new.
    #[inline]
    pub(crate) fn intern_one(&mut self, key: K) -> u32 {
        if self.slots.is_empty() {
            self.start(key);
        }
        self.make_room(1);
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

    /// Gives back what only finding keys takes. It is made again for the next key.
    pub(crate) fn end(&mut self) {
        self.slots = Vec::new();
    }

    /// Bytes held on the heap, by capacity.
    pub(crate) fn memory_size(&self) -> usize {
        self.keys.capacity() * size_of::<K>() + self.slots.capacity() * size_of::<u32>()
    }

    /// Bytes that may be taken at once for `count` more keys, while what they replace is still there: one step of
    /// growth at most, as fewer than there are already are added at a time where it matters.
    pub(crate) fn growth_bytes(&self, count: usize) -> usize {
        let needed = self.keys.len() + count;
        let (slots, log2) = if needed > most_keys(self.log2) {
            let (held, log2) = (self.slots.capacity(), self.next_log2());
            let more = (1usize << log2).saturating_sub(1 << self.log2);
            (held.max(more) * size_of::<u32>(), log2)
        } else {
            (0, self.log2)
        };
        let keys = if needed > self.keys.capacity() {
            self.next_capacity(log2) * size_of::<K>()
        } else {
            0
        };
        slots + keys
    }

    /// Looks for each key in its home slot; a set bit marks a key that is not there. One slot is
    /// nearly always enough for keys that are known, and costs less than a group.
    #[inline]
    fn look_home(&self, keys: &[K; BLOCK], entries: &mut [u32; BLOCK]) -> u64 {
        let (slots, known) = (&self.slots[..], &self.keys[..]);
        let (multiplier, log2) = (self.multiplier, self.log2);
        let mut missed = 0;
        if log2 < FAR_SLOTS_LOG2 {
            for (at, (key, entry)) in keys.iter().zip(entries.iter_mut()).enumerate() {
                let home = slot_of(*key, multiplier, log2).home;
                // SAFETY: a home is below `2^log2`, and there are more slots than that.
                let slot = unsafe { *slots.get_unchecked(home) };
                let number = slot & number_bits(log2);
                // SAFETY: the low bits of a slot are 0 or what `add` numbered, and keys are never removed.
                let known = unsafe { *known.get_unchecked(number as usize) };
                missed |= u64::from(!key.same(known)) << at;
                *entry = number;
            }
            return missed;
        }
        // Nothing here waits for what is asked of memory but the next loop, so that more is on its way at a time.
        for key in keys {
            fetch(slots, slot_of(*key, multiplier, log2).home);
        }
        for (key, entry) in keys.iter().zip(entries.iter_mut()) {
            let home = slot_of(*key, multiplier, log2).home;
            // SAFETY: as above.
            let slot = unsafe { *slots.get_unchecked(home) };
            *entry = slot & number_bits(log2);
            fetch(known, *entry as usize);
        }
        for (at, (key, number)) in keys.iter().zip(entries.iter()).enumerate() {
            // SAFETY: as above.
            let known = unsafe { *known.get_unchecked(*number as usize) };
            missed |= u64::from(!key.same(known)) << at;
        }
        missed
    }

    /// Finds or adds the keys that have their bit in `missed`.
    fn settle(&mut self, keys: &[K; BLOCK], mut missed: u64, entries: &mut [u32; BLOCK]) {
        self.make_room(missed.count_ones() as usize);
        let zeroth = self.keys[0];
        if self.has_news && self.log2 >= FAR_SLOTS_LOG2 {
            for key in keys {
                fetch(&self.slots, slot_of(*key, self.multiplier, self.log2).home);
            }
        }
        while missed != 0 {
            let at = missed.trailing_zeros() as usize;
            missed &= missed - 1;
            let key = keys[at];
            // New keys often come a few times in a row.
            if at > 0 && key.same(keys[at - 1]) {
                entries[at] = entries[at - 1];
                continue;
            }
            let place = slot_of(key, self.multiplier, self.log2);
            // SAFETY: a home is below `2^log2`, and there are a group's slots more than that.
            let group = unsafe { &*self.slots.as_ptr().add(place.home).cast::<[u32; GROUP]>() };
            let first = first_of(group, place.tag, number_bits(self.log2));
            let is_new = first < GROUP && group[first] == 0 && !key.same(zeroth);
            entries[at] = if is_new {
                self.push(key, (place.home + first) & self.mask(), place.tag)
            } else {
                self.search(key)
            };
        }
    }

    /// The entry of `key`; there is room for one more.
    fn search(&mut self, key: K) -> u32 {
        let mask = self.mask();
        let place = slot_of(key, self.multiplier, self.log2);
        let mut at = place.home;
        loop {
            let first = self.first_from(at, place.tag);
            at = (at + first) & mask;
            if first == GROUP {
                continue;
            }
            let slot = self.slots[at];
            let number = slot & number_bits(self.log2);
            if key.same(self.keys[number as usize]) {
                if at != place.home {
                    self.count_detour();
                }
                return number;
            }
            if slot == 0 {
                return self.add(key, at, place);
            }
            at = (at + 1) & mask;
        }
    }

    fn add(&mut self, key: K, at: usize, place: HashSlot) -> u32 {
        let number = self.push(key, at, place.tag);
        if at.wrapping_sub(place.home) & self.mask() > self.longest_walk {
            self.longest_walk *= 2;
            self.multiplier = self.multiplier.wrapping_mul(random_seed()) | 1;
            self.rebuild(self.log2);
        }
        number
    }

    #[inline(always)]
    fn push(&mut self, key: K, at: usize, tag: u32) -> u32 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a dictionary has less than 2^31 entries"
        )]
        let number = self.keys.len() as u32;
        self.keys.push(key);
        set_slot(&mut self.slots, at, tag | number);
        number
    }

    /// Widens a busy table once its detours have cost about what widening does.
    fn count_detour(&mut self) {
        self.detours += 1;
        let slots = self.mask() + 1;
        if self.detours > slots {
            let slots_per_entry = match slots {
                ..SMALL_SLOTS => BUSY_SLOTS_PER_ENTRY,
                SMALL_SLOTS..LARGE_SLOTS => BUSY_SLOTS_PER_ENTRY_LARGE,
                _ => 0,
            };
            if slots < self.keys.len() * slots_per_entry {
                self.rebuild(self.log2 + 1);
            }
        }
    }

    #[cold]
    fn start(&mut self, key: K) {
        if self.keys.is_empty() {
            self.keys.push(key);
        }
        self.rebuild(self.log2);
    }

    /// Sees to it that `more` keys can be added.
    #[inline]
    fn make_room(&mut self, more: usize) {
        let needed = self.keys.len() + more;
        if needed > most_keys(self.log2) {
            let mut log2 = self.next_log2();
            while needed > most_keys(log2) {
                log2 += 1;
            }
            self.rebuild(log2);
        }
        if needed > self.keys.capacity() {
            self.grow_keys(needed);
        }
    }

    /// How large a table that is full becomes.
    fn next_log2(&self) -> u32 {
        if self.has_news && (FAR_SLOTS_LOG2..MOST_QUADRUPLED_LOG2).contains(&self.log2) {
            self.log2 + 2
        } else {
            self.log2 + 1
        }
    }

    #[cold]
    fn grow_keys(&mut self, needed: usize) {
        let capacity = self.next_capacity(self.log2).max(needed);
        self.keys.reserve_exact(capacity - self.keys.len());
    }

    /// The keys that there will be room for, once what there is now is full, beside `2^log2` slots.
    fn next_capacity(&self, log2: u32) -> usize {
        let held = self.keys.capacity();
        if held * size_of::<K>() < LARGE_BYTES {
            (2 * held).min(most_keys(log2))
        } else {
            held + held / 4
        }
    }

    #[cold]
    #[inline(never)]
    fn rebuild(&mut self, log2: u32) {
        // A new vector instead of a resized one: the old slots need not be copied.
        self.slots = Vec::new();
        let mut slots = free_slots((1 << log2) + GROUP);
        let mask = number_bits(log2) as usize;
        // Entry 0 is found through any free slot.
        for (number, key) in (0u32..).zip(&self.keys).skip(1) {
            let place = slot_of(*key, self.multiplier, log2);
            let mut at = place.home;
            loop {
                // SAFETY: `at` is below `2^log2`, and there are a group's slots more than that.
                let group = unsafe { &*slots.as_ptr().add(at).cast::<[u32; GROUP]>() };
                // A search for what no slot holds: it ends at free ones only.
                let first = first_of(group, NO_TAG, number_bits(log2));
                at = (at + first) & mask;
                if first < GROUP {
                    break;
                }
            }
            set_slot(&mut slots, at, place.tag | number);
        }
        self.slots = slots;
        self.log2 = log2;
        self.detours = 0;
    }

    /// How many slots after `at` the search for a tag ends, [`GROUP`] if it does not in the group there.
    #[inline(always)]
    fn first_from(&self, at: usize, tag: u32) -> usize {
        match self.slots[at..].first_chunk() {
            Some(group) => first_of(group, tag, number_bits(self.log2)),
            None => GROUP,
        }
    }

    #[inline(always)]
    fn mask(&self) -> usize {
        number_bits(self.log2) as usize
    }
}

/// Where the search for `key` begins in a table of `2^log2` slots.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a home has as many bits as the table's size, and of the tag 32 are meant"
)]
fn slot_of<K: Key>(key: K, multiplier: u64, log2: u32) -> HashSlot {
    let hash = key.spread(multiplier);
    HashSlot {
        home: (hash >> (64 - log2)) as usize,
        tag: (hash << log2 >> 32) as u32 & !number_bits(log2),
    }
}

/// Slots of a new table. Memory that comes from the system as zeros would be looked at before it is written to, which
/// makes two page faults of one, and the second has to tell all other processors that run the program.
fn free_slots(count: usize) -> Vec<u32> {
    let mut slots = black_box(Vec::with_capacity(count));
    slots.resize(count, 0);
    slots
}

/// Fills a slot, and the one that stands for it behind the last.
#[inline(always)]
fn set_slot(slots: &mut [u32], at: usize, slot: u32) {
    slots[at] = slot;
    if at < GROUP {
        let again = slots.len() - GROUP + at;
        slots[again] = slot;
    }
}

/// The most keys of a table of `2^log2` slots.
#[inline(always)]
fn most_keys(log2: u32) -> usize {
    (MOST_SIXTEENTHS << log2) / 16
}

/// The bits of a slot that hold an entry's number.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "`log2` is at most 32")]
fn number_bits(log2: u32) -> u32 {
    ((1u64 << log2) - 1) as u32
}
