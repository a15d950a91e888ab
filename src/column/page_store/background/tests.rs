//! Claims about the background store.

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::super::{
    GuardedPageStoreFactory, InMemoryPageStore, InMemoryPageStoreFactory, PageKey, PageStore,
    PageStoreArgs, PageStoreFactory, TempFilePageStoreFactory, TieredPageStoreFactory, conformance,
    is_out_of_space,
};
use super::*;
use crate::budget::MemoryBudget;
use crate::errors::{ParquetError, Result};

const PAGE: usize = 20_000;

fn store(factory: &dyn PageStoreFactory) -> Box<dyn PageStore> {
    let column = conformance::column(0);
    factory.create(&PageStoreArgs::new(0, &column)).unwrap()
}

fn page(number: u8) -> Vec<u8> {
    let mut page = vec![number; PAGE];
    page[PAGE / 2] = !number;
    page
}

/// Heap stores that wait, count and fail as the test tells them.
#[derive(Debug, Clone, Default)]
struct Puppets(Arc<Strings>);

#[derive(Debug, Default)]
struct Strings {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Calls wait.
    is_shut: bool,
    /// Calls that are waiting.
    waiting: usize,
    puts: usize,
    takes: usize,
    mood: Mood,
    /// The mood after so many takes.
    later: Option<(usize, Mood)>,
}

#[derive(Debug, Clone, Copy, Default)]
enum Mood {
    #[default]
    Honest,
    Full,
    Broken,
    Panics,
}

struct Puppet {
    strings: Arc<Strings>,
    inner: InMemoryPageStore,
}

impl Puppets {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.state.lock().unwrap());
        self.0.changed.notify_all();
    }

    /// Waits for what the thread will do. It has ten seconds.
    fn until(&self, claim: &str, is_so: impl Fn(&State) -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        let mut state = self.0.state.lock().unwrap();
        while !is_so(&state) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{claim}: {state:?}");
            state = self.0.changed.wait_timeout(state, left).unwrap().0;
        }
    }

    fn fail(&self, mood: Mood) {
        self.set(|state| state.mood = mood);
    }
}

impl Strings {
    fn call(&self, count: impl FnOnce(&mut State)) -> Result<()> {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        self.changed.notify_all();
        while state.is_shut {
            state = self.changed.wait(state).unwrap();
        }
        state.waiting -= 1;
        if let Some((takes, mood)) = state.later
            && state.takes >= takes
        {
            state.mood = mood;
        }
        let mood = state.mood;
        if let Mood::Honest = mood {
            count(&mut state);
        }
        drop(state);
        self.changed.notify_all();
        match mood {
            Mood::Honest => Ok(()),
            Mood::Full => Err(io::Error::from(io::ErrorKind::StorageFull).into()),
            Mood::Broken => Err(ParquetError::General("the disk is on fire".into())),
            Mood::Panics => panic!("a puppet's planned panic"),
        }
    }
}

impl PageStoreFactory for Puppets {
    fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(Puppet {
            strings: Arc::clone(&self.0),
            inner: InMemoryPageStore::default(),
        }))
    }
}

impl PageStore for Puppet {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.strings.call(|state| state.puts += 1)?;
        self.inner.put(value)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        self.strings.call(|state| state.takes += 1)?;
        self.inner.take(key)
    }
}

#[test]
fn conforms_over_every_store_with_any_buffers() {
    let guarded = GuardedPageStoreFactory::new(Arc::new(InMemoryPageStoreFactory));
    let inner: [Arc<dyn PageStoreFactory>; 3] = [
        Arc::new(InMemoryPageStoreFactory),
        Arc::new(TempFilePageStoreFactory::new()),
        Arc::new(guarded),
    ];
    for inner in inner {
        // What is read ahead of a store on the heap is in memory twice for a while.
        for buffer_bytes in [0, 5000, 300_000] {
            let factory = BackgroundPageStoreFactory::new(Arc::clone(&inner));
            conformance::check(&factory.with_buffer_bytes(buffer_bytes));
        }
    }
    let files = Arc::new(TempFilePageStoreFactory::new());
    conformance::check(&BackgroundPageStoreFactory::new(files));
}

#[test]
fn conforms_in_any_stack_and_gives_its_memory_back() {
    for limit in [0, 300_000, 16 << 20, 64 << 20, usize::MAX] {
        let budget = MemoryBudget::new(limit);
        let files = TempFilePageStoreFactory::new();
        let metrics = files.metrics();
        let cold = BackgroundPageStoreFactory::new(Arc::new(files));
        let cold = Arc::new(cold.with_memory_budget(budget.clone()));
        let tiers = TieredPageStoreFactory::new(budget.clone(), cold);
        conformance::check(&GuardedPageStoreFactory::new(Arc::new(tiers)));
        assert_eq!(budget.used(), 0, "limit {limit}");
        assert_eq!((metrics.disk_used(), metrics.open_files()), (0, 0));
    }
}

#[test]
fn conforms_without_room() {
    // Pages that found no room may fill the buffers, which therefore are small beside the disk.
    for (disk_bytes, buffer_bytes) in [
        (700_000, 0),
        (700_000, 5000),
        (700_000, 100_000),
        (20 << 20, 4 << 20),
    ] {
        let files = TempFilePageStoreFactory::builder().with_max_disk_bytes(disk_bytes);
        let factory = BackgroundPageStoreFactory::new(Arc::new(files.build()));
        conformance::check_full(&factory.with_buffer_bytes(buffer_bytes));
    }
}

#[test]
fn puts_return_while_the_inner_store_is_at_work_and_its_memory_can_be_asked() {
    let puppets = Puppets::default();
    let factory = BackgroundPageStoreFactory::new(Arc::new(puppets.clone()));
    let mut store = store(&factory.with_buffer_bytes(15 * PAGE));
    puppets.set(|state| state.is_shut = true);
    let keys: Vec<_> = (0..10)
        .map(|number| store.put(Bytes::copy_from_slice(&page(number))).unwrap())
        .collect();
    puppets.until("the thread has begun", |state| state.waiting == 1);
    assert!(store.memory_size() >= 10 * PAGE);
    puppets.set(|state| state.is_shut = false);
    puppets.until("the thread goes on", |state| state.puts == 10);
    for (number, key) in (0..).zip(keys) {
        assert_eq!(store.take(key).unwrap(), page(number));
    }
}

#[test]
fn the_thread_is_woken_when_half_of_the_buffers_are_full() {
    let puppets = Puppets::default();
    let factory = BackgroundPageStoreFactory::new(Arc::new(puppets.clone()));
    let factory = factory.with_buffer_bytes(4 * PAGE);
    let mut store = store(&factory);
    let mut keys = vec![store.put(page(0).into()).unwrap()];
    assert!(!factory.worker().has_thread(), "one page wakes nobody");
    for (number, pause) in (1..).zip([0, 1, 30, 0, 3, 30]) {
        keys.extend([2 * number - 1, 2 * number].map(|at| store.put(page(at).into()).unwrap()));
        puppets.until("the thread puts them", |state| {
            state.puts >= 2 * usize::from(number)
        });
        thread::sleep(Duration::from_millis(pause));
    }
    let small = [1, 2].map(|byte| store.put(vec![byte; 10].into()).unwrap());
    for (number, key) in (0..).zip(keys) {
        assert_eq!(store.take(key).unwrap(), page(number));
    }
    for (byte, key) in (1..).zip(small) {
        assert_eq!(store.take(key).unwrap(), vec![byte; 10]);
    }
}

#[test]
fn many_small_blobs_are_sent_before_they_fill_the_buffers() {
    let puppets = Puppets::default();
    let buffer_bytes = 4 << 20;
    let factory =
        BackgroundPageStoreFactory::new(Arc::new(puppets.clone())).with_buffer_bytes(buffer_bytes);
    let mut store = store(&factory);
    store.put(Bytes::from(page(0))).unwrap();
    for number in 1..=255 {
        assert!(!factory.worker().has_thread(), "{number}");
        store.put(Bytes::copy_from_slice(&[number])).unwrap();
    }
    assert!(factory.worker().has_thread());
    puppets.until("the thread puts them", |state| state.puts == 256);
}

#[test]
fn without_a_thread_the_owner_does_all() {
    let puppets = Puppets::default();
    let factory = BackgroundPageStoreFactory::new(Arc::new(puppets.clone()));
    let mut stores = [store(&factory), store(&factory)];
    for number in 0..5 {
        for store in &mut stores {
            store.put(page(number).into()).unwrap();
        }
    }
    assert_eq!(puppets.0.state.lock().unwrap().puts, 0, "all of it waits");
    let [mut first, second] = stores;
    drop(second);
    first.spill().unwrap();
    assert_eq!(
        puppets.0.state.lock().unwrap().puts,
        5,
        "nobody needs the others"
    );
    assert_eq!(first.take(PageKey::new(4)).unwrap(), page(4));
}

#[test]
fn blobs_are_read_before_they_are_asked_for() {
    let puppets = Puppets::default();
    let factory = BackgroundPageStoreFactory::new(Arc::new(puppets.clone()));
    let mut store = store(&factory);
    let keys: Vec<_> = (0..40)
        .map(|number| store.put(Bytes::copy_from_slice(&page(number))).unwrap())
        .collect();
    // The last is the dictionary, say.
    assert_eq!(store.take(keys[39]).unwrap(), page(39));
    puppets.until("the thread reads ahead", |state| state.takes >= 10);
    let mut buffer = Vec::new();
    for (number, key) in (0..39).zip(keys) {
        store.take_into(key, &mut buffer).unwrap();
        assert_eq!(buffer, page(number));
    }
    puppets.until("each blob is read once", |state| state.takes == 40);
}

#[test]
fn the_inner_store_gets_its_blobs_in_order_whoever_puts_them() {
    /// Takes nothing but the next number.
    #[derive(Debug)]
    struct InOrder(u32);
    impl PageStore for InOrder {
        fn put(&mut self, value: Bytes) -> Result<PageKey> {
            let number = u32::from_le_bytes(value[..4].try_into().unwrap());
            assert_eq!(number, self.0);
            self.0 += 1;
            thread::sleep(Duration::from_micros(u64::from(number % 5) * 20));
            Ok(PageKey::new(number.into()))
        }
        fn take(&mut self, _key: PageKey) -> Result<Bytes> {
            Ok(Bytes::new())
        }
    }
    #[derive(Debug)]
    struct Factory;
    impl PageStoreFactory for Factory {
        fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
            Ok(Box::new(InOrder(0)))
        }
    }
    let factory = BackgroundPageStoreFactory::new(Arc::new(Factory)).with_buffer_bytes(100_000);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut stores = [store(&factory), store(&factory)];
                for number in 0..200_u32 {
                    for store in &mut stores {
                        let mut blob = vec![0; 100 << (number % 9)];
                        blob[..4].copy_from_slice(&number.to_le_bytes());
                        store.put(Bytes::copy_from_slice(&blob)).unwrap();
                        if number % 50 == 7 {
                            store.spill().unwrap();
                        }
                    }
                }
                for store in &mut stores {
                    assert!(store.take(PageKey::new(0)).is_ok());
                }
            });
        }
    });
}

#[test]
fn want_of_space_is_told_at_the_next_call_and_loses_nothing() {
    let puppets = Puppets::default();
    let factory = BackgroundPageStoreFactory::new(Arc::new(puppets.clone()));
    let mut store = store(&factory.with_buffer_bytes(2 * PAGE));
    let first = store.put(Bytes::copy_from_slice(&page(1))).unwrap();
    puppets.until("the first is put", |state| state.puts == 1);
    puppets.fail(Mood::Full);
    let refused = [2, 3].map(|number| store.put(Bytes::copy_from_slice(&page(number))));
    // The second of them may have met the news already.
    let second = refused[0].as_ref().copied().unwrap();
    let error = match &refused[1] {
        Ok(_) => store.spill().unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(error.contains("space") || error.contains("full"), "{error}");
    puppets.fail(Mood::Honest);
    let fourth = store.put(Bytes::copy_from_slice(&page(4))).unwrap();
    for (number, key) in [(1, first), (2, second), (4, fourth)] {
        assert_eq!(store.take(key).unwrap(), page(number));
    }
    if let Ok(third) = refused[1] {
        assert_eq!(store.take(third).unwrap(), page(3));
    }
}

#[test]
fn want_of_space_at_the_last_put_is_no_error() {
    let puppets = Puppets::default();
    let factory = BackgroundPageStoreFactory::new(Arc::new(puppets.clone()));
    let mut store = store(&factory);
    puppets.fail(Mood::Full);
    let key = store.put(Bytes::copy_from_slice(&page(1))).unwrap();
    assert_eq!(store.take(key).unwrap(), page(1));
}

#[test]
fn a_broken_store_is_called_no_more_and_every_later_call_says_why() {
    for (mood, text) in [
        (Mood::Broken, "the disk is on fire"),
        (Mood::Panics, "a puppet's planned panic"),
    ] {
        let puppets = Puppets::default();
        let factory = BackgroundPageStoreFactory::new(Arc::new(puppets.clone()));
        let mut store = store(&factory);
        puppets.set(|state| {
            state.mood = mood;
            state.is_shut = true;
        });
        let key = store.put(Bytes::copy_from_slice(&page(1))).unwrap();
        puppets.set(|state| state.is_shut = false);
        let error = store.spill().unwrap_err();
        assert!(!is_out_of_space(&error));
        assert!(error.to_string().contains(text), "{error}");
        puppets.fail(Mood::Honest);
        let errors = [
            store.put(Bytes::copy_from_slice(&page(2))).unwrap_err(),
            store.put(Bytes::copy_from_slice(&[])).unwrap_err(),
            store.take(key).unwrap_err(),
            store.take_into(key, &mut Vec::new()).unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().contains(text), "{error}");
        }
        assert_eq!(puppets.0.state.lock().unwrap().puts, 0);
    }
}

#[test]
fn a_failed_read_ahead_is_the_error_of_that_blob() {
    let puppets = Puppets::default();
    let factory = BackgroundPageStoreFactory::new(Arc::new(puppets.clone()));
    let mut store = store(&factory);
    let keys: Vec<_> = (0..5)
        .map(|number| store.put(Bytes::copy_from_slice(&page(number))).unwrap())
        .collect();
    puppets.set(|state| state.later = Some((3, Mood::Broken)));
    let mut buffer = Vec::new();
    for (number, key) in (0..).zip(&keys[..3]) {
        store.take_into(*key, &mut buffer).unwrap();
        assert_eq!(buffer, page(number));
    }
    let error = store.take_into(keys[3], &mut buffer).unwrap_err();
    assert!(error.to_string().contains("the disk is on fire"), "{error}");
    assert!(store.take(keys[4]).is_err());
}

#[test]
fn with_the_last_store_the_thread_ends_and_the_buffers_go() {
    let budget = MemoryBudget::new(16 << 20);
    let factory = BackgroundPageStoreFactory::new(Arc::new(InMemoryPageStoreFactory))
        .with_memory_budget(budget.clone());
    for _ in 0..50 {
        let mut stores: Vec<_> = (0..3).map(|_| store(&factory)).collect();
        for number in 0..20 {
            for store in &mut stores {
                store.put(Bytes::copy_from_slice(&page(number))).unwrap();
            }
        }
        assert!(budget.used() <= 4 << 20);
        stores.remove(0).take(PageKey::new(3)).unwrap();
        assert!(factory.worker().has_thread());
        drop(stores);
        assert_eq!(budget.used(), 0);
        assert!(!factory.worker().has_thread());
    }
}

#[test]
fn blobs_that_are_small_or_too_large_start_no_thread() {
    let factory = BackgroundPageStoreFactory::new(Arc::new(InMemoryPageStoreFactory))
        .with_buffer_bytes(1 << 20);
    let mut store = store(&factory);
    let keys = [10, 4000, (1 << 20) + 1]
        .map(|length| store.put(Bytes::copy_from_slice(&vec![1; length])).unwrap());
    assert!(!factory.worker().has_thread());
    for key in keys {
        store.take(key).unwrap();
    }
}

/// Stores of the second column panic once they have a blob, those of others work.
#[derive(Debug)]
struct OneOfTwo;

#[derive(Default)]
struct Panicking {
    has_blob: bool,
}

impl PageStoreFactory for OneOfTwo {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        match args.column_index() {
            1 => Ok(Box::<Panicking>::default()),
            _ => InMemoryPageStoreFactory.create(args),
        }
    }
}

impl PageStore for Panicking {
    fn put(&mut self, _value: Bytes) -> Result<PageKey> {
        self.has_blob = true;
        Ok(PageKey::new(0))
    }

    fn take(&mut self, _key: PageKey) -> Result<Bytes> {
        panic!("a planned panic of a take")
    }

    fn memory_size(&self) -> usize {
        assert!(!self.has_blob, "a planned panic of a size");
        0
    }
}

#[test]
fn the_failure_of_one_store_is_none_of_its_neighbours_on_the_thread() {
    let budget = MemoryBudget::new(1 << 30);
    let common = BackgroundPageStoreFactory::new(Arc::new(OneOfTwo));
    let members = [budget.register(), budget.register()];
    let [first, second] = members.each_ref().map(|member| common.beside(member));
    let column = conformance::column(0);
    let mut good = store(&first);
    for number in 0..20 {
        let mut bad = second.create(&PageStoreArgs::new(1, &column)).unwrap();
        bad.put(Bytes::copy_from_slice(&page(number))).unwrap();
        let key = good.put(Bytes::copy_from_slice(&page(number))).unwrap();
        if number % 2 == 0 {
            // The thread comes first.
            thread::sleep(Duration::from_millis(2));
        }
        let error = bad.spill().unwrap_err().to_string();
        assert!(error.contains("a planned panic of a size"), "{error}");
        assert!(bad.put(Bytes::copy_from_slice(&page(1))).is_err());
        if number % 2 == 0 {
            drop(bad);
        }
        assert_eq!(key, PageKey::new(number.into()));
    }
    assert!(common.worker().has_thread());
    for number in 0..20 {
        assert_eq!(
            good.take(PageKey::new(number.into())).unwrap(),
            page(number)
        );
    }
    drop((good, first, second, members));
    assert!(budget.used() == 0 && !common.worker().has_thread());
}

#[test]
fn the_buffers_of_all_members_are_a_part_of_their_budget() {
    let budget = MemoryBudget::new(64 << 20);
    let common = BackgroundPageStoreFactory::new(Arc::new(InMemoryPageStoreFactory));
    for (members, bytes_each) in [(1, 4 << 20), (4, 4 << 20), (5, 0), (200, 0)] {
        let members: Vec<_> = (0..members).map(|_| budget.register()).collect();
        for member in &members {
            assert_eq!(common.beside(member).most_buffer_bytes(), bytes_each);
        }
    }
}
