//! What a user sees of the object store for pages: its factory.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;

use super::super::versions::Store;
use super::executor::Executor;
use super::pool::{Pool, Settings};
use super::store::ObjectPageStore;
use crate::budget::MemoryBudget;
use crate::column::page_store::{PageStore, PageStoreArgs, PageStoreFactory, SpillMetrics};
use crate::errors::Result;

/// Bytes of a segment unless the user says otherwise.
const DEFAULT_SEGMENT_BYTES: usize = 8 << 20;

/// Places in a segment are numbers of 32 bits.
const MOST_SEGMENT_BYTES: usize = 1 << 30;

/// Reads on their way at once, of one store.
const DEFAULT_CONCURRENT_READS: usize = 16;

/// Longer than clients of object stores try again by default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// Makes stores that keep pages in an object store: for machines without a disk.
///
/// Pages of all columns are gathered into segments of [8 MiB](Self::with_segment_bytes), and each of these becomes one
/// object. While some are put the writer goes on. Ranges of them are read back, before they are needed as far as there
/// is room, and compared with a checksum of what was put.
///
/// # Objects
///
/// They are named `<prefix>/<writer>/<number>`, where `<writer>` is 32 random hexadecimal digits, the same for all
/// writers that share this factory and a budget. An object is deleted when its last page has been taken, and at the
/// latest when the last store is dropped, which waits for that. What a process leaves behind that ends in
/// another way, and what could not be deleted three times, stays: give the prefix a lifecycle rule that deletes objects
/// some days old, or longer than a writer works on a row group. No bucket should be shared with such a prefix
/// unless the prefix is for these objects alone.
///
/// # Memory
///
/// A writer with a memory limit sees to it that all is paid for from its [budget](PageStoreFactory::for_budget), and
/// segments become smaller where the limit is small: those in memory together take a quarter of it at most, a segment
/// half of that, and what is read ahead as much as a segment. Writers that share a budget share segments. Without
/// a limit up to four segments are in memory. A page that is larger than a segment is an object of its own, put out
/// of the writer's buffer while the writer waits.
///
/// # Threads
///
/// Calls of the stores block, and so do those of their writer: where pages are waited for, and where too many are on
/// their way. Requests are made on a thread of the factory, with a runtime of its own unless one is
/// [given](Self::with_runtime). So a writer can be used on any thread, those of a runtime among them, as far as that
/// can bear to be blocked.
///
/// # Errors
///
/// Trying again is the client's part, see `RetryConfig` of the crate `object_store`. What it reports keeps the kind of
/// the I/O error behind it. As segments are put later, so are errors of that: at the next call on
/// a store that has pages in the segment. A store that does not answer for [five minutes](Self::with_timeout) has
/// failed, with an I/O error of the kind `TimedOut`.
///
#[cfg_attr(
    feature = "object_store_14",
    doc = r#"
```
use std::sync::Arc;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::object_store::ObjectPageStoreFactory;
# use object_store_14 as object_store;
use object_store::{memory::InMemory, path::Path};

let store = Arc::new(InMemory::new());
let pages = ObjectPageStoreFactory::new(store, Path::from("spill"));
let options = ArrowWriterOptions::new()
    .with_memory_limit(16 << 20)
    .with_page_store_factory(Arc::new(pages));
# let _ = options;
```
"#
)]
pub struct ObjectPageStoreFactory {
    settings: Settings,
    pool: Arc<Pool>,
    pools: Arc<Pools>,
}

/// Those that writers with a budget have asked for.
#[derive(Default)]
struct Pools(Mutex<Vec<Weak<Pool>>>);

impl ObjectPageStoreFactory {
    /// Stores over `store`, with objects whose paths begin with `prefix`.
    #[cfg(feature = "object_store_14")]
    pub fn new(
        store: Arc<dyn object_store_14::ObjectStore>,
        prefix: object_store_14::path::Path,
    ) -> Self {
        let options = object_store_14::PutMultipartOptions::default();
        Self::over(
            super::super::versions::store_of_14(store, options),
            prefix.into(),
        )
    }

    /// As `new`, for `object_store` 0.13.
    #[cfg(feature = "object_store_13")]
    pub fn new_13(
        store: Arc<dyn object_store_13::ObjectStore>,
        prefix: object_store_13::path::Path,
    ) -> Self {
        let options = object_store_13::PutMultipartOptions::default();
        Self::over(
            super::super::versions::store_of_13(store, options),
            prefix.into(),
        )
    }

    /// The bytes of a segment, 8 MiB by default and 1 GiB at most. Larger ones take fewer requests: when a row group
    /// ends, each of its columns asks for each segment once or more.
    pub fn with_segment_bytes(self, bytes: usize) -> Self {
        let segment_bytes = bytes.clamp(1, MOST_SEGMENT_BYTES);
        self.with(|settings| Settings {
            segment_bytes,
            ..settings
        })
    }

    /// How many ranges a store reads at once, 16 by default and at least one.
    pub fn with_concurrent_reads(self, reads: usize) -> Self {
        let concurrent_reads = reads.max(1);
        self.with(|settings| Settings {
            concurrent_reads,
            ..settings
        })
    }

    /// How long the store may take for an answer, five minutes by default. While several requests are waited for it
    /// is the time between two answers. A drop waits no longer than that either: for requests on their way, and once
    /// more for the deletes.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| Settings {
            timeout,
            ..settings
        })
    }

    /// Makes requests on `runtime`. A thread of the factory hands them over. The runtime must have a thread
    /// that works while the writer blocks: with a runtime of one thread the writer belongs on another.
    pub fn with_runtime(self, runtime: Handle) -> Self {
        let executor = Arc::new(Executor::new(Some(runtime)));
        self.with(|settings| Settings {
            executor,
            ..settings
        })
    }

    /// Counts into `metrics`, which may be shared with other factories. What the objects take counts as disk.
    pub fn with_metrics(self, metrics: SpillMetrics) -> Self {
        self.with(|settings| Settings {
            metrics,
            ..settings
        })
    }

    /// Reserves what is in memory from `budget`. Writers with a memory limit do so by themselves.
    pub fn with_memory_budget(self, budget: MemoryBudget) -> Self {
        Self::of(self.settings, Some(budget))
    }

    /// What has been spilled by the stores of this factory.
    pub fn metrics(&self) -> SpillMetrics {
        self.settings.metrics.clone()
    }

    pub(super) fn over(store: Arc<dyn Store>, prefix: String) -> Self {
        let settings = Settings {
            store,
            prefix,
            segment_bytes: DEFAULT_SEGMENT_BYTES,
            concurrent_reads: DEFAULT_CONCURRENT_READS,
            timeout: DEFAULT_TIMEOUT,
            metrics: SpillMetrics::new(),
            executor: Arc::default(),
        };
        Self::of(settings, None)
    }

    fn of(settings: Settings, budget: Option<MemoryBudget>) -> Self {
        Self {
            pool: Arc::new(Pool::new(settings.clone(), budget)),
            settings,
            pools: Arc::default(),
        }
    }

    fn with(self, change: impl FnOnce(Settings) -> Settings) -> Self {
        let budget = self.pool.budget().cloned();
        Self::of(change(self.settings), budget)
    }
}

impl PageStoreFactory for ObjectPageStoreFactory {
    fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(ObjectPageStore::new(Arc::clone(&self.pool))))
    }

    /// None if this one has a budget.
    fn for_budget(&self, budget: &MemoryBudget) -> Option<Arc<dyn PageStoreFactory>> {
        if self.pool.budget().is_some() {
            return None;
        }
        let make = || Pool::new(self.settings.clone(), Some(budget.clone()));
        Some(Arc::new(Self {
            settings: self.settings.clone(),
            pool: self.pools.of(budget, make),
            pools: Arc::clone(&self.pools),
        }))
    }

    fn metrics(&self) -> Option<SpillMetrics> {
        Some(self.settings.metrics.clone())
    }
}

impl Pools {
    /// The pool of a budget, as long as somebody has it.
    fn of(&self, budget: &MemoryBudget, make: impl FnOnce() -> Pool) -> Arc<Pool> {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        let is_of = |pool: &Arc<Pool>| pool.budget().is_some_and(|own| own.is_same(budget));
        let found = pools.iter().filter_map(Weak::upgrade).find(is_of);
        found.unwrap_or_else(|| {
            let made = Arc::new(make());
            pools.push(Arc::downgrade(&made));
            made
        })
    }
}

impl fmt::Debug for ObjectPageStoreFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectPageStoreFactory")
            .field("store", &self.settings.store)
            .field("prefix", &self.settings.prefix)
            .field("segment_bytes", &self.settings.segment_bytes)
            .finish_non_exhaustive()
    }
}
