//! Claims about the stores by themselves.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::factory;
use super::objects::{Fault, Kind, Objects};
use crate::budget::MemoryBudget;
#[cfg(feature = "encryption")]
use crate::column::page_store::EncryptedPageStoreFactory;
use crate::column::page_store::{
    BackgroundPageStoreFactory, GuardedPageStoreFactory, PageKey, PageStore, PageStoreArgs,
    PageStoreFactory, TieredPageStoreFactory, conformance,
};
use crate::errors::ParquetError;
use crate::object_store::ObjectPageStoreFactory;

fn store(factory: &dyn PageStoreFactory) -> Box<dyn PageStore> {
    let column = conformance::column(0);
    factory.create(&PageStoreArgs::new(0, &column)).unwrap()
}

fn page(number: usize, length: usize) -> Vec<u8> {
    let mut page: Vec<u8> = (0..length).map(|at| (at / 7 + number) as u8).collect();
    if let Some(last) = page.last_mut() {
        *last = !*last;
    }
    page
}

fn put(
    store: &mut dyn PageStore,
    pages: impl IntoIterator<Item = Vec<u8>>,
) -> Vec<(PageKey, Vec<u8>)> {
    let put = |page: Vec<u8>| (store.put_from(&mut page.clone(), 0).unwrap(), page);
    pages.into_iter().map(put).collect()
}

fn take(store: &mut dyn PageStore, pages: &[(PageKey, Vec<u8>)]) {
    let mut buffer = Vec::new();
    for (key, page) in pages {
        store.take_into(*key, &mut buffer).unwrap();
        assert!(buffer == *page, "{key:?}");
    }
}

fn kind_of(error: &ParquetError) -> ErrorKind {
    let ParquetError::External(cause) = error else {
        panic!("{error:?}");
    };
    cause.downcast_ref::<std::io::Error>().unwrap().kind()
}

#[test]
fn the_contract_holds_with_segments_of_any_size() {
    for segment_bytes in [1, 5000, 300_000, 8 << 20] {
        let objects = Objects::default();
        let factory = factory(&objects).with_segment_bytes(segment_bytes);
        conformance::check(&factory);
        assert_eq!(
            objects.paths(),
            [""; 0],
            "segments of {segment_bytes} bytes"
        );
    }
}

#[test]
fn the_contract_holds_with_a_budget() {
    for limit in [20_000, 1 << 20] {
        let objects = Objects::default();
        let budget = MemoryBudget::new(limit);
        let factory = factory(&objects).with_memory_budget(budget.clone());
        conformance::check(&factory);
        assert_eq!(objects.paths(), [""; 0]);
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn a_store_without_room_says_so_and_keeps_what_it_has() {
    let objects = Objects::default();
    objects.set_quota(1 << 20);
    conformance::check_full(&factory(&objects).with_segment_bytes(100_000));
    assert_eq!(objects.paths(), [""; 0]);
}

#[cfg(all(feature = "object_store_13", feature = "object_store_14"))]
#[test]
fn the_contract_holds_over_both_versions_of_the_crate() {
    let new = Arc::new(object_store_14::memory::InMemory::new());
    let old = Arc::new(object_store_13::memory::InMemory::new());
    conformance::check(
        &ObjectPageStoreFactory::new(new, "spill".into()).with_segment_bytes(200_000),
    );
    conformance::check(&ObjectPageStoreFactory::new_13(old, "".into()).with_segment_bytes(200_000));
}

#[test]
fn what_fits_into_a_segment_never_leaves_memory() {
    let objects = Objects::default();
    let factory = factory(&objects);
    let mut store = store(&factory);
    let pages = put(store.as_mut(), (0..100).map(|number| page(number, 50_000)));
    take(store.as_mut(), &pages);
    drop(store);
    assert_eq!(objects.requests(), 0);
}

#[test]
fn pages_of_a_column_lie_together_and_come_back_in_few_requests() {
    let objects = Objects::default();
    let factory = factory(&objects).with_segment_bytes(1 << 20);
    let mut stores: Vec<_> = (0..20).map(|_| store(&factory)).collect();
    let mut pages = vec![Vec::new(); 20];
    for turn in 0..100 {
        for (store, pages) in stores.iter_mut().zip(&mut pages) {
            pages.extend(put(store.as_mut(), [page(turn, 4000)]));
        }
    }
    let segments = objects.sizes(Kind::Put).len();
    assert!((7..9).contains(&segments), "{segments} segments of 8 MB");
    for (mut store, pages) in stores.into_iter().zip(pages) {
        take(store.as_mut(), &pages);
    }
    let reads = objects.sizes(Kind::Get).len();
    assert!(
        reads <= 20 * 2 * segments,
        "{reads} reads of 20 columns in {segments} segments"
    );
    assert_eq!(objects.paths(), [""; 0]);
}

#[test]
fn a_thousand_columns_share_their_segments() {
    let objects = Objects::default();
    let factory = factory(&objects).with_segment_bytes(100_000);
    let mut stores: Vec<_> = (0..1000).map(|_| store(&factory)).collect();
    let held: usize = stores.iter().map(|store| store.memory_size()).sum();
    assert!(held < 100_000, "{held} bytes before the first page");
    let mut pages = vec![Vec::new(); 1000];
    for turn in 0..5 {
        for (store, pages) in stores.iter_mut().zip(&mut pages) {
            pages.extend(put(store.as_mut(), [page(turn, 200)]));
        }
        let held: usize = stores.iter().map(|store| store.memory_size()).sum();
        assert!(held < 4 * 100_000 + 1000 * 400, "{held} bytes");
    }
    let sizes = objects.sizes(Kind::Put);
    assert!(sizes.len() < 20, "{sizes:?}");
    for (mut store, pages) in stores.into_iter().zip(pages) {
        take(store.as_mut(), &pages);
    }
    assert_eq!(objects.paths(), [""; 0]);
}

#[test]
fn small_pages_make_whole_segments() {
    let objects = Objects::default();
    let factory = factory(&objects).with_segment_bytes(100_000);
    let mut store = store(&factory);
    let pages = put(store.as_mut(), (0..10_000).map(|number| page(number, 1)));
    take(store.as_mut(), &pages);
    let sizes = objects.sizes(Kind::Put);
    assert!(!sizes.is_empty() && sizes.len() < 10, "{sizes:?}");
}

#[test]
fn a_page_larger_than_a_segment_is_an_object_of_its_own() {
    let objects = Objects::default();
    let budget = MemoryBudget::new(160_000);
    let factory = factory(&objects).with_memory_budget(budget.clone());
    let mut store = store(&factory);
    let lengths = [100, 1_000_000, 200, 20_000, 3_000_000];
    let pages = put(store.as_mut(), lengths.map(|length| page(length, length)));
    assert!(budget.peak() <= 40_000, "{} bytes", budget.peak());
    let sizes = objects.sizes(Kind::Put);
    assert!(
        sizes.contains(&1_000_000) && sizes.contains(&3_000_000),
        "{sizes:?}"
    );
    take(store.as_mut(), &pages);
    drop(store);
    assert_eq!((objects.paths().len(), budget.used()), (0, 0));
}

#[test]
fn the_buffer_of_a_large_page_is_used_again() {
    let objects = Objects::default();
    let factory = factory(&objects).with_segment_bytes(1000);
    let mut store = store(&factory);
    let mut buffer = vec![7; 100_000];
    buffer.reserve_exact(50_000);
    let place = buffer.as_ptr();
    store.put_from(&mut buffer, 10).unwrap();
    assert_eq!((buffer.as_ptr(), buffer.capacity()), (place, 150_000));
    objects.fail_all(Kind::Put, Fault::Before);
    let mut refused = vec![8; 5000];
    store.put_from(&mut refused, 10).unwrap_err();
    assert_eq!(refused, [8; 5000]);
}

#[test]
fn memory_stays_within_a_quarter_of_the_limit_beside_what_is_read() {
    let objects = Objects::default();
    let budget = MemoryBudget::new(1 << 20);
    let factory = factory(&objects).with_memory_budget(budget.clone());
    let mut stores: Vec<_> = (0..10).map(|_| store(&factory)).collect();
    let mut pages = vec![Vec::new(); 10];
    for turn in 0..40 {
        for (store, pages) in stores.iter_mut().zip(&mut pages) {
            pages.extend(put(store.as_mut(), [page(turn, 20_000)]));
        }
    }
    assert!(
        budget.peak() <= (1 << 18) + 20_000,
        "{} bytes",
        budget.peak()
    );
    for (mut store, pages) in stores.into_iter().zip(pages) {
        take(store.as_mut(), &pages);
    }
    assert!(
        budget.peak() <= (1 << 18) + (1 << 17) + 20_000,
        "{} bytes",
        budget.peak()
    );
    assert_eq!(budget.used(), 0);
}

#[test]
fn writers_with_a_budget_in_common_have_segments_in_common() {
    let factory = factory(&Objects::default());
    let budgets = [MemoryBudget::new(1 << 20), MemoryBudget::new(1 << 20)];
    let debug = |factory: std::sync::Arc<dyn PageStoreFactory>| {
        let mut store = store(factory.as_ref());
        store.put(Bytes::from_static(b"page")).unwrap();
        store
    };
    let first = debug(factory.for_budget(&budgets[0]).unwrap());
    let used = budgets[0].used();
    let second = debug(factory.for_budget(&budgets[0]).unwrap());
    let other = debug(factory.for_budget(&budgets[1]).unwrap());
    assert_eq!((budgets[0].used(), budgets[1].used()), (2 * used, used));
    assert_eq!(
        first.memory_size() - first.reserved_size(),
        second.memory_size() - second.reserved_size()
    );
    drop((first, second, other));
    assert_eq!((budgets[0].used(), budgets[1].used()), (0, 0));
}

#[test]
fn a_budget_comes_through_factories_that_wrap_others() {
    type Wrap = fn(Arc<dyn PageStoreFactory>) -> Arc<dyn PageStoreFactory>;
    let wraps: [Wrap; 3] = [
        |inner| Arc::new(GuardedPageStoreFactory::new(inner)),
        |inner| Arc::new(BackgroundPageStoreFactory::new(inner)),
        #[cfg(feature = "encryption")]
        |inner| Arc::new(EncryptedPageStoreFactory::try_new(inner).unwrap()),
        #[cfg(not(feature = "encryption"))]
        |inner| inner,
    ];
    for wrap in wraps {
        let budget = MemoryBudget::new(1 << 20);
        let wrapped = wrap(Arc::new(factory(&Objects::default())));
        let wrapped = wrapped.for_budget(&budget).unwrap();
        let mut store = store(wrapped.as_ref());
        store.put(vec![7; 5000].into()).unwrap();
        store.spill().unwrap();
        assert!(budget.used() >= 5000, "{wrapped:?}");
        assert!(wrapped.for_budget(&budget).is_none(), "{wrapped:?}");
    }
    let budget = MemoryBudget::new(1 << 20);
    let tiered =
        TieredPageStoreFactory::new(budget.clone(), Arc::new(factory(&Objects::default())));
    let mut store = store(&tiered);
    store.put(vec![7; 5000].into()).unwrap();
    store.spill().unwrap();
    assert!((5000..6000).contains(&budget.used()), "{budget:?}");
}

#[test]
fn a_failed_segment_is_told_to_the_stores_with_pages_in_it() {
    let objects = Objects::default();
    let factory = factory(&objects).with_segment_bytes(10_000);
    let (mut hit, mut spared) = (store(&factory), store(&factory));
    objects.fail_once(0, Fault::Before);
    let pages = put(hit.as_mut(), [page(0, 9000)]);
    // That one is full.
    let others = put(spared.as_mut(), [page(1, 9000)]);
    hit.spill().unwrap_err();
    for error in [
        hit.put(Bytes::from_static(b"later")).unwrap_err(),
        hit.take(pages[0].0).unwrap_err(),
    ] {
        assert_eq!(kind_of(&error), ErrorKind::ConnectionReset);
        assert!(error.to_string().contains("spill/"), "{error}");
    }
    take(spared.as_mut(), &others);
    drop((hit, spared));
    assert_eq!(objects.paths(), [""; 0]);
}

#[test]
fn bytes_that_come_back_changed_or_short_are_an_error() {
    for (fault, expected) in [(Fault::Lies, "differ"), (Fault::IsShort, "were asked for")] {
        let objects = Objects::default();
        let factory = factory(&objects).with_segment_bytes(10_000);
        let mut store = store(&factory);
        let pages = put(store.as_mut(), (0..5).map(|number| page(number, 5000)));
        store.spill().unwrap();
        objects.fail_all(Kind::Get, fault);
        let error = store.take(pages[0].0).unwrap_err().to_string();
        assert!(
            error.contains(expected) && error.contains("spill/"),
            "{error}"
        );
    }
}

#[test]
fn a_store_that_does_not_answer_has_failed_and_can_be_dropped() {
    for kind in [Kind::Put, Kind::Get, Kind::Delete] {
        let objects = Objects::default();
        let timeout = Duration::from_millis(50);
        let factory = factory(&objects)
            .with_segment_bytes(10_000)
            .with_timeout(timeout);
        let started = Instant::now();
        let mut store = store(&factory);
        if kind == Kind::Put {
            objects.fail_all(kind, Fault::Hangs);
        }
        let pages: Vec<_> = (0..5)
            .map(|number| store.put(page(number, 5000).into()))
            .collect();
        if kind != Kind::Put {
            store.spill().unwrap();
            objects.fail_all(kind, Fault::Hangs);
        }
        let error = match kind {
            Kind::Put => Some(store.spill().unwrap_err()),
            Kind::Get => Some(store.take(*pages[0].as_ref().unwrap()).unwrap_err()),
            Kind::Delete => None,
        };
        if let Some(error) = error {
            assert_eq!(kind_of(&error), ErrorKind::TimedOut, "{error}");
        }
        drop(store);
        drop(factory);
        assert!(started.elapsed() < Duration::from_secs(5), "{kind:?}");
    }
}

#[test]
fn a_panic_of_the_store_is_an_error() {
    for kind in [Kind::Put, Kind::Get, Kind::Delete] {
        let objects = Objects::default();
        let factory = factory(&objects).with_segment_bytes(10_000);
        let mut store = store(&factory);
        let pages = put(store.as_mut(), (0..5).map(|number| page(number, 5000)));
        store.spill().unwrap();
        objects.fail_all(kind, Fault::Panics);
        let error = match kind {
            Kind::Put => {
                put(store.as_mut(), [page(9, 5000)]);
                store.spill().unwrap_err()
            }
            Kind::Get => store.take(pages[0].0).unwrap_err(),
            Kind::Delete => {
                take(store.as_mut(), &pages);
                continue;
            }
        };
        assert!(error.to_string().contains("panicked"), "{error}");
        assert!(error.to_string().contains("spill/"), "{error}");
    }
}

#[test]
fn a_runtime_that_has_ended_is_an_error() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let factory = factory(&Objects::default())
        .with_segment_bytes(10_000)
        .with_runtime(runtime.handle().clone());
    let mut store = store(&factory);
    put(store.as_mut(), [page(0, 5000)]);
    store.spill().unwrap();
    drop(runtime);
    put(store.as_mut(), [page(1, 5000)]);
    let error = store.spill().unwrap_err().to_string();
    assert!(error.contains("the runtime ended"), "{error}");
}

#[test]
fn objects_have_the_prefix_and_names_of_their_own() {
    let objects = Objects::default();
    let make = || factory(&objects).with_segment_bytes(1000);
    let (first, second) = (make(), make());
    let (mut a, mut b) = (store(&first), store(&second));
    for store in [&mut a, &mut b] {
        put(store.as_mut(), (0..2).map(|number| page(number, 5000)));
    }
    let paths = objects.paths();
    assert_eq!(paths.len(), 4, "{paths:?}");
    for path in &paths {
        let [prefix, writer, number] = path.split('/').collect::<Vec<_>>()[..] else {
            panic!("{path}");
        };
        assert_eq!((prefix, writer.len(), number.len()), ("spill", 32, 8));
    }
}
