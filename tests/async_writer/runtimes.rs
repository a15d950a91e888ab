//! Whose threads do the work, and many writers at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use bytes::Bytes;
use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::arrow_writer::{
    InMemoryPageStoreFactory, PageKey, PageStore, PageStoreArgs, PageStoreFactory,
};
use herringbone::budget::MemoryBudget;
use herringbone::errors::{ParquetError, Result};
use tokio::runtime::Handle;

use crate::files::{assert_rows, many_threads, one_thread, options, some_batches};
use crate::sinks::{Shared, Tearing, look};

/// Notes the threads that use its stores.
#[derive(Debug, Clone, Default)]
struct Watched {
    threads: Arc<Mutex<HashSet<ThreadId>>>,
}

struct WatchedStore {
    watched: Watched,
    inner: Box<dyn PageStore>,
}

impl Watched {
    fn note(&self) {
        self.threads.lock().unwrap().insert(thread::current().id());
    }
}

impl PageStoreFactory for Watched {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        self.note();
        Ok(Box::new(WatchedStore {
            watched: self.clone(),
            inner: InMemoryPageStoreFactory.create(args)?,
        }))
    }
}

impl PageStore for WatchedStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.watched.note();
        self.inner.put(value)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        self.watched.note();
        self.inner.take(key)
    }

    fn memory_size(&self) -> usize {
        self.inner.memory_size()
    }
}

#[test]
fn with_a_runtime_nothing_is_encoded_or_read_back_where_calls_are_polled() {
    let batches = some_batches(3, 700);
    let (here, stores) = (
        thread::current().id(),
        [Watched::default(), Watched::default()],
    );
    for (on_threads, stores) in [false, true].into_iter().zip(&stores) {
        one_thread().block_on(async {
            let options = options(900).with_page_store_factory(Arc::new(stores.clone()));
            let writer =
                AsyncArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options);
            let mut writer = writer.unwrap();
            if on_threads {
                writer = writer.with_runtime(Handle::current());
            }
            for batch in &batches {
                writer.write(batch).await.unwrap();
            }
            writer.finish().await.unwrap();
            assert_rows(&writer.into_inner(), &batches);
        });
    }
    let threads = stores.map(|stores| std::mem::take(&mut *stores.threads.lock().unwrap()));
    assert_eq!(threads[0], HashSet::from([here]));
    assert!(
        !threads[1].is_empty() && !threads[1].contains(&here),
        "{threads:?}"
    );
}

/// Nothing of tokio's is needed but its traits where there is no runtime.
#[test]
fn no_runtime_is_needed() {
    let batches = some_batches(2, 300);
    let mut writer = AsyncArrowWriter::try_new(Vec::new(), batches[0].schema(), None).unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let written = async {
        for batch in &batches {
            writer.write(batch).await.unwrap();
        }
        writer.finish().await.unwrap();
        writer.into_inner()
    };
    match std::pin::pin!(written).poll(&mut context) {
        std::task::Poll::Ready(file) => assert_rows(&file, &batches),
        std::task::Poll::Pending => panic!("a vector never waits"),
    }
}

#[test]
fn a_runtime_that_is_gone_latches() {
    let batches = some_batches(1, 300);
    let gone = one_thread();
    let handle = gone.handle().clone();
    gone.shutdown_background();
    let shared = Shared::default();
    one_thread().block_on(async {
        let sink = Tearing {
            shared: shared.clone(),
            waits: 0,
        };
        let writer = AsyncArrowWriter::try_new(sink, batches[0].schema(), None).unwrap();
        let mut writer = writer.with_runtime(handle);
        let error = writer.write(&batches[0]).await.unwrap_err();
        assert!(matches!(error, ParquetError::External(_)), "{error:?}");
        assert_eq!(writer.rows_taken(), 0);
        let error = writer.finish().await.unwrap_err();
        assert!(matches!(error, ParquetError::Latched(_)), "{error:?}");
    });
    assert_eq!(look(&shared).completions, 0);
}

/// A hundred tasks, sinks that wait, and a limit that all of them pass many times over.
#[test]
fn a_hundred_writers_share_a_budget() {
    const WRITERS: usize = 100;
    const LIMIT: usize = 12 << 20;
    let batches = Arc::new(some_batches(3, 1_500));
    for (runtime, on_threads) in [
        (many_threads(), false),
        (many_threads(), true),
        (one_thread(), false),
    ] {
        let budget = MemoryBudget::new(LIMIT);
        runtime.block_on(async {
            let mut tasks = Vec::new();
            for writer in 0..WRITERS {
                let (batches, budget) = (batches.clone(), budget.clone());
                tasks.push(tokio::spawn(async move {
                    let shared = Shared::default();
                    let sink = Tearing {
                        shared: shared.clone(),
                        waits: writer % 4,
                    };
                    let options = options(2_000).with_memory_budget(budget);
                    let mut writer =
                        AsyncArrowWriter::try_new_with_options(sink, batches[0].schema(), options)
                            .unwrap();
                    if on_threads {
                        writer = writer.with_runtime(Handle::current());
                    }
                    for batch in batches.iter() {
                        writer.write(batch).await.unwrap();
                    }
                    writer.close().await.unwrap();
                    std::mem::take(&mut look(&shared).bytes)
                }));
            }
            for (index, task) in tasks.into_iter().enumerate() {
                let file = task.await.unwrap();
                // Reading takes longest in this test.
                if index % 10 == 0 {
                    assert_rows(&file, &batches);
                }
            }
        });
        drop(runtime);
        println!(
            "peak {}, over by {}",
            budget.peak(),
            budget.most_bytes_over_limit()
        );
        assert_eq!((budget.used(), budget.members()), (0, 0));
        assert!(budget.most_bytes_over_limit() < LIMIT / 16, "{budget:?}");
    }
}
