//! Claims about the stores that stand on others, and about all stores.

mod broken;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::{io, thread};

use bytes::Bytes;

use super::*;
use crate::budget::MemoryBudget;
use crate::errors::{ParquetError, Result};

fn store(factory: &dyn PageStoreFactory) -> Box<dyn PageStore> {
    let column = conformance::column(1);
    factory.create(&PageStoreArgs::new(1, &column)).unwrap()
}

/// A heap store that does what its factory says.
#[derive(Debug, Clone, Default)]
struct Unreliable {
    created: Arc<AtomicUsize>,
    mood: Arc<Mutex<Mood>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Mood {
    #[default]
    Honest,
    Full,
    Broken,
    /// Flips this bit of every taken blob.
    FlipsBit(usize),
    CutsShort,
    MixesUp,
}

struct UnreliableStore {
    mood: Arc<Mutex<Mood>>,
    inner: InMemoryPageStore,
}

impl PageStoreFactory for Unreliable {
    fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        self.created.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(UnreliableStore {
            mood: Arc::clone(&self.mood),
            inner: InMemoryPageStore::default(),
        }))
    }
}

impl PageStore for UnreliableStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        match *self.mood.lock().unwrap() {
            Mood::Full => Err(io::Error::from(io::ErrorKind::StorageFull).into()),
            Mood::Broken => Err(ParquetError::General("the disk is on fire".into())),
            _ => self.inner.put(value),
        }
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let mood = *self.mood.lock().unwrap();
        let key = match mood {
            Mood::MixesUp => PageKey::new(key.get() ^ 1),
            _ => key,
        };
        let mut value = self.inner.take(key)?.to_vec();
        match mood {
            Mood::FlipsBit(bit) => value[bit / 8] ^= 1 << (bit % 8),
            Mood::CutsShort => {
                value.pop();
            }
            _ => {}
        }
        Ok(value.into())
    }
}

impl Unreliable {
    fn now(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

#[test]
fn the_heap_store_conforms() {
    conformance::check(&InMemoryPageStoreFactory);
}

#[test]
fn a_store_with_only_the_required_methods_conforms() {
    conformance::check(&Unreliable::default());
}

#[test]
fn the_tiered_store_conforms_and_gives_its_memory_back() {
    for limit in [0, 300_000, 2_000_000, usize::MAX] {
        let budget = MemoryBudget::new(limit);
        let cold = Arc::new(TempFilePageStoreFactory::new());
        let factory = TieredPageStoreFactory::new(budget.clone(), cold);
        conformance::check(&factory);
        assert_eq!(budget.used(), 0, "limit {limit}");
        let metrics = factory.metrics().unwrap();
        assert_eq!((metrics.bytes_resident(), metrics.disk_used()), (0, 0));
        assert!(budget.peak() > 0);
    }
}

#[test]
fn the_guarded_store_conforms() {
    conformance::check(&GuardedPageStoreFactory::new(Arc::new(
        InMemoryPageStoreFactory,
    )));
    conformance::check(&GuardedPageStoreFactory::new(Arc::new(
        TempFilePageStoreFactory::new(),
    )));
}

#[test]
fn stores_without_room_conform() {
    let small = || {
        let files = TempFilePageStoreFactory::builder().with_max_disk_bytes(700_000);
        Arc::new(files.build())
    };
    conformance::check_full(small().as_ref());
    conformance::check_full(&GuardedPageStoreFactory::new(small()));
    for limit in [0, 300_000] {
        let budget = MemoryBudget::new(limit);
        conformance::check_full(&TieredPageStoreFactory::new(budget.clone(), small()));
        assert_eq!(budget.used(), 0);
    }
    #[cfg(feature = "encryption")]
    conformance::check_full(&EncryptedPageStoreFactory::try_new(small()).unwrap());
}

#[test]
fn pages_stay_on_the_heap_while_the_budget_grants_them() {
    let budget = MemoryBudget::new(8000);
    let cold = Unreliable::default();
    let factory = TieredPageStoreFactory::new(budget.clone(), Arc::new(cold.clone()));
    let mut store = store(&factory);
    let mut keys = vec![];
    for page in 0..6_u8 {
        keys.push(
            store
                .put(Bytes::copy_from_slice(&vec![page; 1000]))
                .unwrap(),
        );
    }
    assert_eq!(
        cold.created.load(Ordering::Relaxed),
        0,
        "nothing cold is needed yet"
    );
    assert_eq!(budget.used(), store.memory_size());
    assert_eq!(store.reserved_size(), store.memory_size());
    for page in 6..20_u8 {
        keys.push(
            store
                .put(Bytes::copy_from_slice(&vec![page; 1000]))
                .unwrap(),
        );
    }
    assert_eq!(cold.created.load(Ordering::Relaxed), 1);
    assert!(budget.used() <= 7000);
    let metrics = factory.metrics().unwrap();
    assert_eq!(
        metrics.blobs_spilled() * 1000 + metrics.bytes_resident(),
        20_000
    );
    let mut buffer = vec![];
    for (page, key) in (0..).zip(keys) {
        store.take_into(key, &mut buffer).unwrap();
        assert_eq!(buffer, vec![page; 1000]);
    }
    assert_eq!(metrics.bytes_resident(), 0);
    drop(store);
    assert_eq!(budget.used(), 0);
}

#[test]
fn spilling_moves_blobs_in_their_order_and_keeps_those_from_the_first_refused_on() {
    let budget = MemoryBudget::unlimited();
    let cold = Arc::new(
        TempFilePageStoreFactory::builder()
            .with_max_disk_bytes(9000)
            .build(),
    );
    let factory = TieredPageStoreFactory::new(budget.clone(), cold);
    let mut store = store(&factory);
    let lengths = [1000, 4000, 2000, 3000];
    let keys: Vec<_> = lengths
        .iter()
        .map(|length| {
            store
                .put(Bytes::copy_from_slice(&vec![9; *length]))
                .unwrap()
        })
        .collect();
    let error = store.spill().unwrap_err();
    assert!(is_out_of_space(&error));
    let metrics = factory.metrics().unwrap();
    assert_eq!(metrics.bytes_spilled(), 7000);
    assert_eq!(metrics.bytes_resident(), 3000);
    for (key, length) in keys.into_iter().zip(lengths) {
        assert_eq!(store.take(key).unwrap().len(), length);
    }
}

#[test]
fn spilling_frees_what_it_says() {
    let budget = MemoryBudget::unlimited();
    let cold = Arc::new(TempFilePageStoreFactory::new());
    let factory = TieredPageStoreFactory::new(budget.clone(), cold);
    let mut store = store(&factory);
    let key = store.put(Bytes::copy_from_slice(&[1; 5000])).unwrap();
    let before = budget.used();
    let freed = store.spill().unwrap();
    assert!(freed >= 5000, "{freed}");
    assert_eq!(budget.used(), before - freed);
    assert_eq!(store.spill().unwrap(), 0);
    assert_eq!(store.take(key).unwrap(), vec![1; 5000]);
}

#[test]
fn keys_are_ordinals_whatever_keys_the_inner_store_gives_out() {
    /// Gives out keys that fall.
    #[derive(Debug)]
    struct Falling;
    struct FallingStore(InMemoryPageStore);
    impl PageStoreFactory for Falling {
        fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
            Ok(Box::new(FallingStore(InMemoryPageStore::default())))
        }
    }
    impl PageStore for FallingStore {
        fn put(&mut self, value: Bytes) -> Result<PageKey> {
            Ok(PageKey::new(u64::MAX - self.0.put(value)?.get()))
        }
        fn take(&mut self, key: PageKey) -> Result<Bytes> {
            self.0.take(PageKey::new(u64::MAX - key.get()))
        }
    }
    let mut wrapped: Vec<Arc<dyn PageStoreFactory>> = vec![
        Arc::new(GuardedPageStoreFactory::new(Arc::new(Falling))),
        Arc::new(BackgroundPageStoreFactory::new(Arc::new(Falling))),
        Arc::new(TieredPageStoreFactory::new(
            MemoryBudget::new(0),
            Arc::new(Falling),
        )),
    ];
    #[cfg(feature = "encryption")]
    wrapped.push(Arc::new(
        EncryptedPageStoreFactory::try_new(Arc::new(Falling)).unwrap(),
    ));
    for factory in wrapped.drain(..) {
        let mut store = store(factory.as_ref());
        for page in 0..20_u8 {
            let key = store.put(Bytes::from(vec![page; 30_000])).unwrap();
            assert_eq!(key, PageKey::new(page.into()), "{factory:?}");
        }
        for page in (0..20_u8).rev() {
            let blob = store.take(PageKey::new(page.into())).unwrap();
            assert_eq!(blob, vec![page; 30_000], "{factory:?}");
        }
        conformance::check(factory.as_ref());
    }
}

#[test]
fn stores_over_one_that_counts_its_keys_have_no_tables_of_their_own() {
    let budget = MemoryBudget::new(0);
    let heap = || -> Arc<dyn PageStoreFactory> { Arc::new(InMemoryPageStoreFactory) };
    let tiers = TieredPageStoreFactory::new(budget, heap());
    let with_tables = |factory: &dyn PageStoreFactory| {
        let mut store = store(factory);
        let puts = (0..10_000).map(|_| store.put(Bytes::from_static(b"page")).map(drop));
        puts.collect::<Result<()>>().unwrap();
        store.memory_size()
    };
    let alone = with_tables(heap().as_ref());
    assert_eq!(with_tables(&tiers), alone);
    let background = BackgroundPageStoreFactory::new(heap());
    let lengths = with_tables(&background) - alone;
    assert!(lengths < 10_000 * 5, "{lengths} bytes for 10,000 lengths");
    #[cfg(feature = "encryption")]
    {
        let encrypted = EncryptedPageStoreFactory::try_new(heap()).unwrap();
        let tags = 10_000 * 16;
        assert_eq!(with_tables(&encrypted), alone + tags);
    }
}

#[test]
fn a_dropped_tiered_store_gives_everything_back() {
    let budget = MemoryBudget::new(100_000);
    let cold = Arc::new(TempFilePageStoreFactory::new());
    let factory = TieredPageStoreFactory::new(budget.clone(), cold);
    let metrics = factory.metrics().unwrap();
    let mut small = store(&factory);
    small.put(Bytes::copy_from_slice(&[3; 5000])).unwrap();
    let mut large = store(&factory);
    for _ in 0..50 {
        large.put(Bytes::copy_from_slice(&[3; 5000])).unwrap();
    }
    assert!(metrics.disk_used() > 0);
    assert_eq!(
        metrics.bytes_resident(),
        5000,
        "the large one has moved all it had"
    );
    drop((small, large));
    assert_eq!((metrics.disk_used(), metrics.bytes_resident()), (0, 0));
    assert_eq!((metrics.open_files(), budget.used()), (0, 0));
}

#[test]
fn a_spilled_page_is_counted_once_whoever_counts() {
    let put = |factory: TieredPageStoreFactory| {
        let metrics = factory.metrics().unwrap();
        let mut store = store(&factory);
        let key = store.put(Bytes::copy_from_slice(&[1; 100])).unwrap();
        store.take(key).unwrap();
        (
            metrics.blobs_spilled(),
            metrics.bytes_spilled(),
            metrics.blobs_taken(),
        )
    };
    let nothing = || MemoryBudget::new(0);
    let counts_itself = Arc::new(TempFilePageStoreFactory::new());
    let factory = TieredPageStoreFactory::new(nothing(), counts_itself.clone());
    assert_eq!(put(factory), (1, 100, 1));
    let factory =
        TieredPageStoreFactory::new(nothing(), counts_itself).with_metrics(SpillMetrics::new());
    assert_eq!(put(factory), (1, 100, 1));
    let factory = TieredPageStoreFactory::new(nothing(), Arc::new(Unreliable::default()));
    assert_eq!(put(factory), (1, 100, 1));
}

#[test]
fn tiered_stores_of_many_threads_share_one_budget() {
    let budget = MemoryBudget::new(400_000);
    let cold = Arc::new(TempFilePageStoreFactory::new());
    let factory = TieredPageStoreFactory::new(budget.clone(), cold);
    thread::scope(|scope| {
        for worker in 0..6_u8 {
            let factory = &factory;
            let budget = &budget;
            scope.spawn(move || {
                for _ in 0..10 {
                    let mut store = store(factory);
                    let keys: Vec<_> = (0..30)
                        .map(|_| store.put(Bytes::copy_from_slice(&[worker; 4000])).unwrap())
                        .collect();
                    store.spill().unwrap();
                    assert!(budget.used() <= 400_000);
                    for key in keys {
                        assert_eq!(store.take(key).unwrap(), vec![worker; 4000]);
                    }
                }
            });
        }
    });
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_guard_finds_every_flipped_bit() {
    let inner = Unreliable::default();
    let factory = GuardedPageStoreFactory::new(Arc::new(inner.clone()));
    for bit in 0..8 * 200 {
        let mut store = store(&factory);
        let key = store.put(Bytes::copy_from_slice(&[0x5A; 200])).unwrap();
        inner.now(Mood::FlipsBit(bit));
        let error = store.take(key).unwrap_err();
        inner.now(Mood::Honest);
        assert!(
            matches!(error, ParquetError::CorruptBlob(_)),
            "bit {bit}: {error}"
        );
    }
}

#[test]
fn a_guard_names_column_page_and_store() {
    let inner = Unreliable::default();
    let factory = GuardedPageStoreFactory::new(Arc::new(inner.clone()));
    let mut store = store(&factory);
    store.put(Bytes::copy_from_slice(b"first")).unwrap();
    let key = store.put(Bytes::copy_from_slice(b"second")).unwrap();
    inner.now(Mood::CutsShort);
    let text = store.take(key).unwrap_err().to_string();
    for part in [
        "column name",
        "page 1",
        "Unreliable",
        "6 bytes were put and 5 came back",
    ] {
        assert!(text.contains(part), "{part:?} in {text:?}");
    }
}

#[test]
fn a_guard_notices_a_blob_of_another_key() {
    let inner = Unreliable::default();
    let factory = GuardedPageStoreFactory::new(Arc::new(inner.clone()));
    let mut store = store(&factory);
    let key = store.put(Bytes::copy_from_slice(b"here")).unwrap();
    store.put(Bytes::copy_from_slice(b"gone")).unwrap();
    inner.now(Mood::MixesUp);
    assert!(matches!(store.take(key), Err(ParquetError::CorruptBlob(_))));
}

#[test]
fn a_guard_remembers_the_first_failure() {
    let inner = Unreliable::default();
    let factory = GuardedPageStoreFactory::new(Arc::new(inner.clone()));
    let mut store = store(&factory);
    let key = store.put(Bytes::copy_from_slice(b"page")).unwrap();
    inner.now(Mood::Broken);
    let first = store.put(Bytes::copy_from_slice(b"page")).unwrap_err();
    assert_eq!(first.to_string(), "Parquet error: the disk is on fire");
    inner.now(Mood::Honest);
    let mut buffer = vec![];
    let later = [
        store.put(Bytes::copy_from_slice(b"page")).unwrap_err(),
        store.put(Bytes::new()).unwrap_err(),
        store.take(key).unwrap_err(),
        store.take_into(key, &mut buffer).unwrap_err(),
        store.spill().unwrap_err(),
    ];
    for error in later {
        assert!(matches!(error, ParquetError::Latched(_)));
        assert!(error.to_string().contains("the disk is on fire"));
    }
}

#[test]
fn a_guard_lets_a_full_store_give_back_what_it_has() {
    let inner = Unreliable::default();
    let factory = GuardedPageStoreFactory::new(Arc::new(inner.clone()));
    let mut store = store(&factory);
    let key = store.put(Bytes::copy_from_slice(b"page")).unwrap();
    inner.now(Mood::Full);
    assert!(is_out_of_space(
        &store.put(Bytes::copy_from_slice(b"more")).unwrap_err()
    ));
    assert_eq!(store.take(key).unwrap(), "page");
}

#[test]
fn want_of_space_is_known_under_every_wrapping() {
    let full = || ParquetError::from(io::Error::from(io::ErrorKind::StorageFull));
    let at_column = ParquetError::PageStore {
        step: "put",
        column: "a".into(),
        page: 0,
        source: Box::new(full()),
    };
    assert!(is_out_of_space(&full()));
    assert!(is_out_of_space(&at_column));
    assert!(!is_out_of_space(&ParquetError::from(io::Error::other(
        "no"
    ))));
}

/// No disk, no quota, no room in the file, no descriptor in the process or in the system.
#[cfg(unix)]
#[test]
fn all_that_the_system_may_be_short_of_is_want_of_space() {
    /// As a store may wrap it.
    #[derive(Debug, thiserror::Error)]
    #[error("cannot spill")]
    struct Wrapped(#[source] io::Error);
    #[cfg(target_os = "linux")]
    const QUOTA: i32 = 122;
    #[cfg(not(target_os = "linux"))]
    const QUOTA: i32 = 69;
    for (number, is_want) in [28, QUOTA, 27, 24, 23]
        .map(|number| (number, true))
        .into_iter()
        .chain([5, 13].map(|number| (number, false)))
    {
        let error = || io::Error::from_raw_os_error(number);
        let wrapped = || io::Error::new(error().kind(), Wrapped(error()));
        let twice = io::Error::other(Wrapped(wrapped()));
        for error in [error(), wrapped(), twice] {
            assert_eq!(is_out_of_space(&error.into()), is_want, "{number}");
        }
    }
}

#[cfg(feature = "encryption")]
mod encrypted {
    use super::*;

    #[test]
    fn the_encrypted_store_conforms() {
        let inner = Arc::new(TempFilePageStoreFactory::new());
        conformance::check(&EncryptedPageStoreFactory::try_new(inner).unwrap());
    }

    #[test]
    fn stores_can_be_stacked() {
        let budget = MemoryBudget::new(1_000_000);
        let disk = Arc::new(TempFilePageStoreFactory::new());
        let sealed = Arc::new(EncryptedPageStoreFactory::try_new(disk).unwrap());
        let guarded = Arc::new(GuardedPageStoreFactory::new(sealed));
        conformance::check(&TieredPageStoreFactory::new(budget.clone(), guarded));
        assert_eq!(budget.used(), 0);
    }

    /// Keeps what it is given where the test can see it.
    #[derive(Debug, Clone, Default)]
    struct Glass(Arc<Mutex<Vec<Bytes>>>);

    impl PageStoreFactory for Glass {
        fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
            Ok(Box::new(self.clone()))
        }
    }

    impl PageStore for Glass {
        fn put(&mut self, value: Bytes) -> Result<PageKey> {
            let mut blobs = self.0.lock().unwrap();
            blobs.push(value);
            Ok(PageKey::new(blobs.len() as u64 - 1))
        }

        fn take(&mut self, key: PageKey) -> Result<Bytes> {
            let at = usize::try_from(key.get()).unwrap();
            Ok(self.0.lock().unwrap()[at].clone())
        }
    }

    #[test]
    fn no_plain_byte_reaches_the_inner_store_and_equal_pages_differ_there() {
        let glass = Glass::default();
        let factory = EncryptedPageStoreFactory::try_new(Arc::new(glass.clone())).unwrap();
        let page = b"a page of a column that is nobody's business".repeat(10);
        let mut store = store(&factory);
        let keys = [
            store.put(Bytes::copy_from_slice(&page)).unwrap(),
            store.put(Bytes::copy_from_slice(&page)).unwrap(),
        ];
        let seen = glass.0.lock().unwrap().clone();
        assert_eq!(seen[0].len(), page.len() + 16);
        assert_ne!(seen[0], seen[1]);
        for blob in &seen {
            assert!(!blob.windows(8).any(|part| part == &page[..8]));
        }
        for key in keys {
            assert_eq!(store.take(key).unwrap(), page);
        }
    }

    #[test]
    fn a_changed_cut_or_exchanged_blob_is_found() {
        let glass = Glass::default();
        let factory = EncryptedPageStoreFactory::try_new(Arc::new(glass.clone())).unwrap();
        let fresh = || {
            glass.0.lock().unwrap().clear();
            let mut store = store(&factory);
            let key = store.put(Bytes::copy_from_slice(&[1; 40])).unwrap();
            store.put(Bytes::copy_from_slice(&[2; 40])).unwrap();
            (store, key)
        };
        let is_found = |mut store: Box<dyn PageStore>, key| {
            matches!(store.take(key), Err(ParquetError::CorruptBlob(_)))
        };
        for bit in 0..8 * 56 {
            let (store, key) = fresh();
            let mut blobs = glass.0.lock().unwrap();
            let mut changed = blobs[0].to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            blobs[0] = changed.into();
            drop(blobs);
            assert!(is_found(store, key), "bit {bit}");
        }
        for length in [0, 15, 16, 55] {
            let (store, key) = fresh();
            let mut blobs = glass.0.lock().unwrap();
            blobs[0] = blobs[0].slice(..length);
            drop(blobs);
            assert!(is_found(store, key), "cut to {length}");
        }
        let (store, key) = fresh();
        glass.0.lock().unwrap().swap(0, 1);
        assert!(is_found(store, key), "exchanged");
    }

    #[test]
    fn the_key_is_not_shown() {
        let factory =
            EncryptedPageStoreFactory::try_new(Arc::new(InMemoryPageStoreFactory)).unwrap();
        assert_eq!(
            format!("{factory:?}"),
            "EncryptedPageStoreFactory { inner: InMemoryPageStoreFactory, .. }"
        );
    }
}
