//! What every page store has to do, as a function that panics when one does not. For the tests of
//! those who write stores of their own.
//!
//! ```
//! use herringbone::column::page_store::{InMemoryPageStoreFactory, conformance};
//!
//! conformance::check(&InMemoryPageStoreFactory);
//! ```

#![expect(
    clippy::panic,
    reason = "a kit for tests reports a broken claim by a panic"
)]

use std::sync::Arc;
use std::thread;

use bytes::Bytes;

use super::{PageKey, PageStore, PageStoreArgs, PageStoreFactory, is_out_of_space};
use crate::basic::{Repetition, Type as PhysicalType};
use crate::errors::Result;
use crate::schema::types::{ColumnDescPtr, SchemaDescriptor, Type};

/// What a store may cost in memory besides the blobs: so much at once, and so much for each blob put.
const OVERHEAD_BYTES: usize = 64 << 10;
const OVERHEAD_PER_BLOB_BYTES: usize = 256;

/// Runs every claim of the contract that can be seen from outside against the stores of `factory`.
///
/// Takes a few seconds at most and moves about 100 MB. Space that a store frees must be usable
/// again: a factory with a quota needs 32 MB.
///
/// # Panics
/// If a claim does not hold; the message says which.
pub fn check(factory: &dyn PageStoreFactory) {
    let bench = Bench {
        factory,
        columns: columns(),
    };
    bench.unused_stores_cost_little_and_can_be_dropped();
    bench.blobs_of_any_length_come_back_as_they_were_put();
    bench.equal_blobs_have_keys_of_their_own();
    bench.takes_come_in_any_order();
    bench.lent_and_owned_blobs_are_the_same();
    bench.a_key_is_good_for_one_take();
    bench.a_key_that_was_not_given_out_is_an_error();
    bench.stores_are_independent_of_each_other();
    bench.a_store_can_be_dropped_in_any_state();
    bench.memory_size_is_plausible();
    bench.spilling_changes_no_blob();
    bench.stores_work_on_many_threads_at_once();
    bench.a_store_can_move_between_threads();
}

/// Runs the claims about want of space against the stores of a factory that has little: between 200 kB and 60 MB for
/// all stores together.
///
/// # Panics
/// If a claim does not hold; the message says which.
///
/// ```
/// use herringbone::column::page_store::{TempFilePageStoreFactory, conformance};
///
/// let small = TempFilePageStoreFactory::builder().with_max_disk_bytes(1 << 20);
/// conformance::check_full(&small.build());
/// ```
pub fn check_full(factory: &dyn PageStoreFactory) {
    let bench = Bench {
        factory,
        columns: columns(),
    };
    bench.a_full_store_says_so_and_keeps_what_it_has();
    bench.room_that_is_given_back_is_used_again();
}

struct Bench<'a> {
    factory: &'a dyn PageStoreFactory,
    columns: Vec<ColumnDescPtr>,
}

impl Bench<'_> {
    fn unused_stores_cost_little_and_can_be_dropped(&self) {
        let stores: Vec<_> = (0..200).map(|column| self.store(column)).collect();
        for store in &stores {
            assert!(
                store.memory_size() <= OVERHEAD_BYTES,
                "page store: an unused store reports {} bytes of memory",
                store.memory_size()
            );
        }
    }

    fn blobs_of_any_length_come_back_as_they_were_put(&self) {
        const LENGTHS: [usize; 14] = [
            0, 1, 2, 63, 64, 65, 4095, 4096, 4097, 0, 65_537, 1_048_579, 5_000_000, 7,
        ];
        let claim = "a blob of any length comes back as it was put";
        let mut store = self.store(0);
        let mut noise = Noise::new(1);
        let blobs: Vec<Vec<u8>> = LENGTHS.iter().map(|length| noise.bytes(*length)).collect();
        let keys = put_all(store.as_mut(), &blobs, claim);
        take_all(store.as_mut(), keys.iter().zip(&blobs), claim);
    }

    fn equal_blobs_have_keys_of_their_own(&self) {
        let claim = "equal blobs have keys of their own";
        let mut store = self.store(1);
        let blobs = vec![vec![7; 100]; 50];
        let keys = put_all(store.as_mut(), &blobs, claim);
        let mut distinct = keys.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(distinct.len() == keys.len(), "page store: {claim}");
        take_all(store.as_mut(), keys.iter().zip(&blobs), claim);
    }

    fn takes_come_in_any_order(&self) {
        let claim = "takes come in any order";
        let blobs: Vec<Vec<u8>> = (0..100).map(|seed| Noise::new(seed).blob(3000)).collect();
        let orders: [fn(&mut Vec<usize>); 3] = [
            |dictionary_first| dictionary_first.rotate_right(1),
            |backward| backward.reverse(),
            |shuffled| shuffled.sort_by_key(|turn| (turn * 37) % 101),
        ];
        for order in orders {
            let mut store = self.store(2);
            let keys = put_all(store.as_mut(), &blobs, claim);
            let mut turns: Vec<usize> = (0..blobs.len()).collect();
            order(&mut turns);
            let pairs = turns
                .iter()
                .filter_map(|turn| keys.get(*turn).zip(blobs.get(*turn)));
            take_all(store.as_mut(), pairs, claim);
        }
    }

    fn lent_and_owned_blobs_are_the_same(&self) {
        let claim = "put and put_from, take, take_into and take_behind are the same";
        let mut noise = Noise::new(2);
        let blobs: Vec<Vec<u8>> = [
            5000, 0, 1, 70_000, 300_000, 8192, 300, 60_000, 0, 50_000, 40_000,
        ]
        .iter()
        .map(|length| noise.bytes(*length))
        .collect();
        let mut store = self.store(3);
        let mut keys = Vec::new();
        let mut scratch = Vec::new();
        for (turn, blob) in blobs.iter().enumerate() {
            let key = match turn % 3 {
                0 => {
                    scratch.clone_from(blob);
                    let key = must(store.put_from(&mut scratch, 0), claim);
                    scratch.fill(0xEE);
                    key
                }
                1 => {
                    scratch.clear();
                    scratch.extend_from_slice(&[1; 10]);
                    scratch.extend_from_slice(blob);
                    let key = must(store.put_from(&mut scratch, 10), claim);
                    scratch.fill(0xEE);
                    key
                }
                _ => {
                    let mut longer = vec![1; 10];
                    longer.extend_from_slice(blob);
                    must(store.put(Bytes::from(longer).slice(10..)), claim)
                }
            };
            keys.push(key);
        }
        let mut buffer = vec![0xAA; 6000];
        for (turn, (key, blob)) in keys.iter().zip(&blobs).enumerate() {
            // Another count of turns than that of the puts, so that each meets each.
            match turn % 4 {
                0 => {
                    let taken = must(store.take(*key), claim);
                    assert!(taken == blob.as_slice(), "page store: {claim}: take");
                }
                1 => {
                    let from = must(store.take_behind(*key, &mut buffer), claim);
                    let taken = buffer.get(from..);
                    assert!(
                        taken == Some(blob.as_slice()),
                        "page store: {claim}: take_behind"
                    );
                }
                _ => {
                    must(store.take_into(*key, &mut buffer), claim);
                    assert!(buffer == *blob, "page store: {claim}: take_into");
                }
            }
        }
    }

    fn a_key_is_good_for_one_take(&self) {
        let claim = "a key is good for one take";
        for length in [0, 100, 100_000] {
            let mut store = self.store(0);
            let blobs = vec![Noise::new(3).bytes(length); 3];
            let keys = put_all(store.as_mut(), &blobs, claim);
            if let Some(key) = keys.get(1) {
                must(store.take(*key), claim);
                let again = store.take(*key);
                assert!(
                    again.is_err(),
                    "page store: {claim}: the second take of {key:?} returned {} bytes",
                    again.map_or(0, |bytes| bytes.len())
                );
            }
        }
    }

    fn a_key_that_was_not_given_out_is_an_error(&self) {
        let claim = "a key that was not given out is an error";
        let mut empty = self.store(0);
        assert!(empty.take(PageKey::new(0)).is_err(), "page store: {claim}");
        let mut store = self.store(0);
        let keys = put_all(store.as_mut(), &[vec![1; 10], vec![2; 10]], claim);
        let unknown = (0..)
            .map(|number| PageKey::new(u64::MAX / 2 - number))
            .find(|key| !keys.contains(key));
        if let Some(unknown) = unknown {
            let mut buffer = Vec::new();
            let outcome = store.take_into(unknown, &mut buffer);
            assert!(outcome.is_err(), "page store: {claim}: {unknown:?}");
        }
    }

    fn stores_are_independent_of_each_other(&self) {
        let claim = "stores are independent of each other";
        const STORES: usize = 40;
        const PAGES: usize = 12;
        let mut stores: Vec<_> = (0..STORES).map(|column| self.store(column)).collect();
        let mut keys = vec![Vec::new(); STORES];
        let blob = |store: usize, page: usize| Noise::new((store * 100 + page) as u64).blob(9000);
        for page in 0..PAGES {
            for (column, (store, keys)) in stores.iter_mut().zip(&mut keys).enumerate() {
                keys.push(must(store.put_from(&mut blob(column, page), 0), claim));
            }
        }
        // Chunk after chunk, each store dropped behind its last page; every fourth unread.
        for (column, (mut store, keys)) in stores.into_iter().zip(keys).enumerate() {
            if column % 4 == 3 {
                continue;
            }
            let blobs: Vec<_> = (0..PAGES).map(|page| blob(column, page)).collect();
            take_all(store.as_mut(), keys.iter().zip(&blobs), claim);
        }
    }

    fn a_store_can_be_dropped_in_any_state(&self) {
        let claim = "a store can be dropped in any state";
        let blobs: Vec<Vec<u8>> = (0..20).map(|seed| Noise::new(seed).blob(100_000)).collect();
        for taken in [0, 1, 10, 20] {
            let mut store = self.store(taken);
            let keys = put_all(store.as_mut(), &blobs, claim);
            take_all(store.as_mut(), keys.iter().zip(&blobs).take(taken), claim);
        }
        let mut failed = self.store(0);
        put_all(failed.as_mut(), &blobs, claim);
        let _ = failed.take(PageKey::new(u64::MAX / 2));
        drop(failed);
        let mut after = self.store(0);
        let keys = put_all(after.as_mut(), &blobs, claim);
        take_all(after.as_mut(), keys.iter().zip(&blobs), claim);
    }

    fn memory_size_is_plausible(&self) {
        let claim = "memory_size is plausible";
        const BLOB_BYTES: usize = 100_000;
        let blobs = vec![Noise::new(4).bytes(BLOB_BYTES); 40];
        let mut store = self.store(0);
        let table_bytes = OVERHEAD_BYTES + blobs.len() * OVERHEAD_PER_BLOB_BYTES;
        let within = |store: &dyn PageStore, held: usize| {
            let size = store.memory_size();
            let most = held + held / 8 + table_bytes;
            assert!(
                size <= most,
                "page store: {claim}: {size} bytes reported, {held} bytes of blobs held"
            );
            assert!(
                store.reserved_size() <= size,
                "page store: {claim}: more is reserved than is in memory"
            );
        };
        let keys = put_all(store.as_mut(), &blobs, claim);
        within(store.as_ref(), blobs.len() * BLOB_BYTES);
        let half = blobs.len() / 2;
        take_all(store.as_mut(), keys.iter().zip(&blobs).take(half), claim);
        within(store.as_ref(), half * BLOB_BYTES);
        take_all(store.as_mut(), keys.iter().zip(&blobs).skip(half), claim);
        within(store.as_ref(), 0);
    }

    fn spilling_changes_no_blob(&self) {
        let claim = "spilling changes no blob";
        let blobs: Vec<Vec<u8>> = (0..30).map(|seed| Noise::new(seed).blob(50_000)).collect();
        let (first, second) = blobs.split_at(15);
        let mut store = self.store(0);
        assert!(
            must(store.spill(), claim) <= OVERHEAD_BYTES,
            "page store: {claim}: an empty store has nothing to spill"
        );
        let mut keys = put_all(store.as_mut(), first, claim);
        let before = store.memory_size();
        let freed = must(store.spill(), claim);
        let table_bytes = OVERHEAD_BYTES + first.len() * OVERHEAD_PER_BLOB_BYTES;
        assert!(
            store.memory_size() + freed <= before + table_bytes,
            "page store: {claim}: {freed} bytes freed, {before} bytes before, {} after",
            store.memory_size()
        );
        keys.extend(put_all(store.as_mut(), second, claim));
        take_all(store.as_mut(), keys.iter().zip(&blobs).take(10), claim);
        must(store.spill(), claim);
        take_all(store.as_mut(), keys.iter().zip(&blobs).skip(10), claim);
    }

    fn stores_work_on_many_threads_at_once(&self) {
        let claim = "stores work on many threads at once";
        thread::scope(|scope| {
            for worker in 0..4_u64 {
                scope.spawn(move || {
                    for round in 0..4_u64 {
                        let mut stores: Vec<_> = (0..5).map(|column| self.store(column)).collect();
                        for (column, store) in stores.iter_mut().enumerate() {
                            let seed = worker * 10_000 + round * 100 + column as u64;
                            let blobs: Vec<_> = (0..20)
                                .map(|page| Noise::new(seed + page * 7).blob(20_000))
                                .collect();
                            let keys = put_all(store.as_mut(), &blobs, claim);
                            let taken = if column == 4 { 10 } else { 20 };
                            take_all(store.as_mut(), keys.iter().zip(&blobs).take(taken), claim);
                        }
                    }
                });
            }
        });
    }

    fn a_store_can_move_between_threads(&self) {
        let claim = "a store can move between threads";
        let blobs: Vec<Vec<u8>> = (0..10).map(|seed| Noise::new(seed).blob(10_000)).collect();
        let blobs = &blobs;
        let mut store = self.store(0);
        let (mut store, keys) = thread::scope(|scope| {
            let putting = scope.spawn(move || {
                let keys = put_all(store.as_mut(), blobs, claim);
                (store, keys)
            });
            match putting.join() {
                Ok(moved) => moved,
                Err(_) => panic!("page store: {claim}"),
            }
        });
        take_all(store.as_mut(), keys.iter().zip(blobs), claim);
    }

    fn a_full_store_says_so_and_keeps_what_it_has(&self) {
        let claim = "a full store says so and keeps what it has";
        let mut other = self.store(1);
        let small = vec![Noise::new(5).bytes(5000); 2];
        let other_keys = put_all(other.as_mut(), &small, claim);
        let mut store = self.store(0);
        let filled = fill(store.as_mut(), claim);
        // Once more, and by the other way in.
        let again = store.put(vec![0; FULL_BLOB_BYTES].into());
        assert!(again.is_err(), "page store: {claim}: a put went through");
        let (keys, blobs): (Vec<_>, Vec<_>) = filled.into_iter().unzip();
        take_all(store.as_mut(), keys.iter().zip(&blobs), claim);
        take_all(other.as_mut(), other_keys.iter().zip(&small), claim);
    }

    fn room_that_is_given_back_is_used_again(&self) {
        let claim = "room that is given back is used again";
        let mut full = self.store(2);
        let first = fill(full.as_mut(), claim);
        for (key, _) in &first {
            must(full.take(*key), claim);
        }
        drop(full);
        let mut full = self.store(3);
        let second = fill(full.as_mut(), claim);
        // With blobs that nobody took.
        drop(full);
        let third = fill(self.store(0).as_mut(), claim);
        for later in [second, third] {
            assert!(
                later.len() * 2 >= first.len(),
                "page store: {claim}: {} blobs at first, {} later",
                first.len(),
                later.len()
            );
        }
    }

    fn store(&self, column: usize) -> Box<dyn PageStore> {
        let index = column % self.columns.len();
        let Some(descriptor) = self.columns.get(index) else {
            panic!("the kit has no column {index}");
        };
        let args = PageStoreArgs::new(index, descriptor);
        must(self.factory.create(&args), "a factory creates stores")
    }
}

/// Bytes of the blobs that a store is filled with.
const FULL_BLOB_BYTES: usize = 20_000;

/// Puts blobs until the store has no room for more.
fn fill(store: &mut dyn PageStore, claim: &str) -> Vec<(PageKey, Vec<u8>)> {
    let mut filled = Vec::new();
    for seed in 0..3200 {
        let blob = Noise::new(seed).bytes(FULL_BLOB_BYTES);
        let mut buffer = blob.clone();
        let put = match seed % 2 {
            0 => store.put_from(&mut buffer, 0),
            _ => store.put(Bytes::copy_from_slice(&blob)),
        };
        if put.is_err() {
            assert!(
                buffer == blob,
                "page store: {claim}: a blob that is refused stays in its buffer"
            );
        }
        match put {
            Ok(key) => filled.push((key, blob)),
            Err(error) => {
                assert!(
                    is_out_of_space(&error),
                    "page store: {claim}: a store without room fails with SpillLimitExceeded or an I/O error of kind \
                     StorageFull or QuotaExceeded, and not with: {error}"
                );
                assert!(
                    !filled.is_empty(),
                    "page store: {claim}: there was never any room"
                );
                return filled;
            }
        }
    }
    panic!("page store: {claim}: 64 MB went in")
}

fn put_all(store: &mut dyn PageStore, blobs: &[Vec<u8>], claim: &str) -> Vec<PageKey> {
    blobs
        .iter()
        .enumerate()
        .map(|(turn, blob)| match turn % 2 {
            0 => must(store.put(Bytes::copy_from_slice(blob)), claim),
            _ => must(store.put_from(&mut blob.clone(), 0), claim),
        })
        .collect()
}

fn take_all<'a>(
    store: &mut dyn PageStore,
    pairs: impl Iterator<Item = (&'a PageKey, &'a Vec<u8>)>,
    claim: &str,
) {
    let mut buffer = Vec::new();
    for (turn, (key, blob)) in pairs.enumerate() {
        if turn % 2 == 0 {
            must(store.take_into(*key, &mut buffer), claim);
        } else {
            buffer = must(store.take(*key), claim).to_vec();
        }
        assert!(
            buffer == *blob,
            "page store: {claim}: {key:?} was put as {} bytes and came back as {} bytes that differ",
            blob.len(),
            buffer.len()
        );
    }
}

fn must<T>(outcome: Result<T>, claim: &str) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => panic!("page store: {claim}: {error}"),
    }
}

/// A few leaf columns: stores may look at what they are told.
fn columns() -> Vec<ColumnDescPtr> {
    let leaf = |name, physical_type, repetition| {
        let leaf = Type::primitive_type_builder(name, physical_type).with_repetition(repetition);
        Arc::new(must(leaf.build(), "the kit's schema"))
    };
    let fields = vec![
        leaf("id", PhysicalType::INT64, Repetition::REQUIRED),
        leaf("name", PhysicalType::BYTE_ARRAY, Repetition::OPTIONAL),
        leaf("tags", PhysicalType::BYTE_ARRAY, Repetition::REPEATED),
        leaf("price", PhysicalType::DOUBLE, Repetition::OPTIONAL),
    ];
    let root = Type::group_type_builder("conformance").with_fields(fields);
    let schema = SchemaDescriptor::new(Arc::new(must(root.build(), "the kit's schema")));
    schema.columns().to_vec()
}

/// A source of bytes that no store compresses or guesses: xorshift.
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Between one byte and `most` bytes.
    fn blob(&mut self, most: usize) -> Vec<u8> {
        let [low, high, ..] = self.next();
        let length = 1 + usize::from(u16::from_le_bytes([low, high])) * most / 65_536;
        self.bytes(length)
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next());
        }
        bytes.truncate(length);
        bytes
    }

    fn next(&mut self) -> [u8; 8] {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_le_bytes()
    }
}

#[cfg(test)]
pub(crate) fn column(index: usize) -> ColumnDescPtr {
    Arc::clone(&columns()[index])
}
