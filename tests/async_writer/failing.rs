//! Sinks that fail or panic, and stores that do: every later call fails, and the sink is never told that the file is
//! complete.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use bytes::Bytes;
use herringbone::arrow::AsyncArrowWriter;
use herringbone::arrow::arrow_writer::{
    InMemoryPageStoreFactory, PageKey, PageStore, PageStoreArgs, PageStoreFactory,
};
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::errors::{ParquetError, Result};
use tokio::runtime::Handle;

use crate::files::{assert_rows, caught, one_thread, options, rows_of, some_batches};
use crate::sinks::{Failing, Fault, Shared, Tearing, hush_planned_panics, look, panic_as_planned};

/// Calls that go on whatever becomes of them; `None` where one panicked.
async fn outcomes<W: AsyncFileWriter>(
    writer: &mut AsyncArrowWriter<W>,
    batches: &[RecordBatch],
) -> Vec<Option<Result<()>>> {
    let mut outcomes = Vec::new();
    for batch in batches {
        outcomes.push(caught(writer.write(batch)).await);
    }
    outcomes.push(caught(writer.flush()).await);
    for _ in 0..2 {
        outcomes.push(caught(async { writer.finish().await.map(drop) }).await);
    }
    outcomes
}

/// The first outcome that is not as it should be. All later ones must name it.
fn first_failure(outcomes: Vec<Option<Result<()>>>, what: &str) -> Option<Option<ParquetError>> {
    let mut outcomes = outcomes
        .into_iter()
        .skip_while(|outcome| matches!(outcome, Some(Ok(()))));
    let first = outcomes.next()?.map(Result::unwrap_err);
    for later in outcomes {
        match later {
            Some(Err(ParquetError::Latched(cause))) => match &first {
                Some(first) => assert_eq!(cause.to_string(), first.to_string(), "{what}"),
                None => assert!(cause.to_string().contains("panicked"), "{what}: {cause}"),
            },
            later => panic!("{what}: {later:?} after {first:?}"),
        }
    }
    Some(first)
}

#[test]
fn a_sink_may_fail_at_every_call() {
    hush_planned_panics();
    let batches = some_batches(3, 700);
    for fault in [
        Fault::Error,
        Fault::OwnError,
        Fault::PanicInCall,
        Fault::PanicInPoll,
    ] {
        for on_threads in [false, true] {
            for at in 0.. {
                let what = format!("{fault:?} at call {at}, threads {on_threads}");
                let sink = Failing::new(fault, at);
                let shared = sink.shared.clone();
                let (outcomes, calls) = one_thread().block_on(async {
                    let mut writer = AsyncArrowWriter::try_new_with_options(
                        sink,
                        batches[0].schema(),
                        options(900),
                    )
                    .unwrap();
                    if on_threads {
                        writer = writer.with_runtime(Handle::current());
                    }
                    let outcomes = outcomes(&mut writer, &batches).await;
                    (outcomes, writer.into_inner().calls)
                });
                let taken = look(&shared);
                if calls <= at {
                    // The last call is one too many.
                    assert!(
                        outcomes[..5]
                            .iter()
                            .all(|outcome| matches!(outcome, Some(Ok(()))))
                    );
                    assert!(matches!(outcomes[5], Some(Err(ParquetError::General(_)))));
                    assert_eq!(taken.completions, 1);
                    assert_rows(&taken.bytes, &batches);
                    assert!(at > 4, "{at} calls were too few");
                    break;
                }
                assert_eq!(
                    calls,
                    at + 1,
                    "{what}: the sink was called after its failure"
                );
                assert_eq!(taken.completions, 0, "{what}");
                let first = first_failure(outcomes, &what).unwrap();
                match (fault, first) {
                    (Fault::Error, Some(ParquetError::External(cause))) => {
                        let error = cause.downcast_ref::<io::Error>().unwrap();
                        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
                    }
                    (Fault::OwnError, Some(error @ ParquetError::External(_))) => {
                        let cause = error.root_cause();
                        assert!(matches!(cause, ParquetError::General(text) if text == "planned"));
                    }
                    (Fault::PanicInCall | Fault::PanicInPoll, None) => {}
                    (_, first) => panic!("{what}: {first:?}"),
                }
            }
        }
    }
}

/// How a store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StoreFault {
    Put,
    Take,
    PutPanics,
    TakePanics,
}

/// Stores whose call with the ordinal `at` fails.
#[derive(Debug)]
struct FailingStores {
    fault: StoreFault,
    at: usize,
    calls: Arc<AtomicUsize>,
}

struct FailingStore {
    fault: StoreFault,
    at: usize,
    calls: Arc<AtomicUsize>,
    inner: Box<dyn PageStore>,
}

impl PageStoreFactory for FailingStores {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(FailingStore {
            fault: self.fault,
            at: self.at,
            calls: self.calls.clone(),
            inner: InMemoryPageStoreFactory.create(args)?,
        }))
    }
}

impl FailingStore {
    fn pass(&self, error: StoreFault, panic: StoreFault) -> Result<()> {
        if self.fault != error && self.fault != panic {
            return Ok(());
        }
        if self.calls.fetch_add(1, Ordering::SeqCst) != self.at {
            return Ok(());
        }
        if self.fault == panic {
            panic_as_planned();
        }
        Err(ParquetError::General("the store is gone".to_owned()))
    }
}

impl PageStore for FailingStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.pass(StoreFault::Put, StoreFault::PutPanics)?;
        self.inner.put(value)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        self.pass(StoreFault::Take, StoreFault::TakePanics)?;
        self.inner.take(key)
    }

    fn memory_size(&self) -> usize {
        self.inner.memory_size()
    }
}

#[test]
fn a_store_may_fail_here_and_on_a_thread() {
    hush_planned_panics();
    let batches = some_batches(3, 700);
    for fault in [
        StoreFault::Put,
        StoreFault::Take,
        StoreFault::PutPanics,
        StoreFault::TakePanics,
    ] {
        for on_threads in [false, true] {
            for at in [0, 1, 5, 9] {
                let what = format!("{fault:?} at call {at}, threads {on_threads}");
                let calls = Arc::new(AtomicUsize::new(0));
                let stores = FailingStores {
                    fault,
                    at,
                    calls: calls.clone(),
                };
                let shared = Shared::default();
                let outcomes = one_thread().block_on(async {
                    let sink = Tearing {
                        shared: shared.clone(),
                        waits: 1,
                    };
                    let options = options(900).with_page_store_factory(Arc::new(stores));
                    let mut writer =
                        AsyncArrowWriter::try_new_with_options(sink, batches[0].schema(), options)
                            .unwrap();
                    if on_threads {
                        writer = writer.with_runtime(Handle::current());
                    }
                    outcomes(&mut writer, &batches).await
                });
                assert!(calls.load(Ordering::SeqCst) > at, "{what}: too few calls");
                let taken = look(&shared);
                assert_eq!(taken.completions, 0, "{what}");
                rows_of(&taken.bytes).unwrap_err();
                match first_failure_of_store(outcomes, &what) {
                    // On another thread a panic becomes an error.
                    None => assert!(!on_threads, "{what}"),
                    Some(error) => {
                        let text = error.root_cause().to_string();
                        let expected = match fault {
                            StoreFault::Put | StoreFault::Take => "the store is gone",
                            StoreFault::PutPanics | StoreFault::TakePanics => "panicked",
                        };
                        assert!(text.contains(expected), "{what}: {text}");
                    }
                }
            }
        }
    }
}

/// As [`first_failure`]; later calls may give another name to a panic.
fn first_failure_of_store(outcomes: Vec<Option<Result<()>>>, what: &str) -> Option<ParquetError> {
    let mut outcomes = outcomes
        .into_iter()
        .skip_while(|outcome| matches!(outcome, Some(Ok(()))));
    let first = outcomes.next().expect(what).map(Result::unwrap_err);
    for later in outcomes {
        let is_latched = matches!(later, Some(Err(ParquetError::Latched(_))));
        assert!(is_latched, "{what}: {later:?} after {first:?}");
    }
    first
}
