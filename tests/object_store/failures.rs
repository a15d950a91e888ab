//! Requests that fail, one at a time, and requests that never end.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::budget::MemoryBudget;
use herringbone::errors::ParquetError;
use herringbone::object_store::{ObjectStoreSink, RequestError};
use object_store_14::Error;
use object_store_14::local::LocalFileSystem;
use tokio::time::{sleep, timeout};

use crate::sample::{assert_whole, chunks, path, write_all};
use crate::trial::{Fate, Rules, Trial};

/// Parts, or one request.
const PART_SIZES: [usize; 2] = [9_000, 1 << 20];

fn rules(fates: &[(usize, Fate)]) -> Rules {
    Rules {
        fates: fates.to_vec(),
        delay: Duration::from_millis(2),
        ..Rules::default()
    }
}

fn sink(trial: &Trial, part_size: usize, budget: &MemoryBudget) -> ObjectStoreSink {
    let sink = ObjectStoreSink::new(trial.store(), path()).with_memory_budget(budget.clone());
    sink.with_part_size(part_size).with_parts_in_flight(3)
}

/// How many requests the file takes if none fails.
async fn requests(part_size: usize) -> usize {
    let trial = Trial::new(rules(&[]));
    let mut sink = sink(&trial, part_size, &MemoryBudget::unlimited());
    write_all(&mut sink, chunks(12_000)).await.unwrap();
    trial.seen().requests.len()
}

/// The kind of the I/O error that is the root.
pub(crate) fn kind(error: &ParquetError) -> Option<ErrorKind> {
    match error.root_cause() {
        ParquetError::External(cause) => cause.downcast_ref::<io::Error>().map(io::Error::kind),
        _ => None,
    }
}

/// Nothing is under the name that is not whole, no upload is open that the sink could know of, nothing is paid for.
async fn assert_clean(trial: &Trial, budget: &MemoryBudget, case: &str) {
    // What goes on in the background has time to end.
    sleep(Duration::from_secs(1)).await;
    if let Some(object) = trial.object(&path()).await {
        assert_whole(&object);
    }
    let seen = trial.seen();
    assert_eq!(seen.open, seen.unheard_of, "{case}: {:?}", seen.requests);
    assert_eq!(seen.in_flight, 0, "{case}");
    assert_eq!(budget.used(), 0, "{case}");
}

#[tokio::test(start_paused = true)]
async fn any_request_may_fail_once() {
    let fates = [
        Fate::FailsBefore,
        Fate::FailsMeanwhile,
        Fate::FailsAfter,
        Fate::Panics,
    ];
    for part_size in PART_SIZES {
        for at in 0..requests(part_size).await {
            for fate in fates {
                let case = format!("{part_size}: request {at} {fate:?}");
                let (trial, budget) =
                    (Trial::new(rules(&[(at, fate)])), MemoryBudget::new(1 << 20));
                let mut sink = sink(&trial, part_size, &budget);
                let error = write_all(&mut sink, chunks(12_000)).await.unwrap_err();
                if fate == Fate::Panics {
                    assert!(error.to_string().contains("panicked"), "{case}: {error}");
                } else {
                    assert_eq!(kind(&error), Some(ErrorKind::ConnectionReset), "{case}");
                    // Before the error is told, the upload has been aborted.
                    assert_eq!(trial.seen().open, trial.seen().unheard_of, "{case}");
                }
                assert_eq!(budget.used(), 0, "{case}");
                for later in [
                    sink.write(Bytes::from_static(b"more")).await,
                    sink.complete().await,
                ] {
                    let later = later.unwrap_err();
                    assert!(matches!(later, ParquetError::Latched(_)), "{case}: {later}");
                    assert_eq!(kind(&later), kind(&error), "{case}");
                }
                assert!(sink.left_open().is_none(), "{case}");
                sink.abort().await.unwrap();
                assert!(sink.uploaded().is_none(), "{case}");
                drop(sink);
                assert_clean(&trial, &budget, &case).await;
            }
        }
    }
}

#[tokio::test]
async fn a_failed_upload_leaves_nothing_on_disk() {
    for at in 0..requests(PART_SIZES[0]).await {
        for fate in [Fate::FailsBefore, Fate::FailsAfter] {
            let folder = tempfile::tempdir().unwrap();
            let local = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
            let trial = Trial::around(Arc::new(local), rules(&[(at, fate)]));
            let mut sink = sink(&trial, PART_SIZES[0], &MemoryBudget::unlimited());
            write_all(&mut sink, chunks(12_000)).await.unwrap_err();
            drop(sink);
            let is_whole = trial.object(&path()).await.is_some();
            let harbour = folder.path().join("harbour");
            let files = harbour.read_dir().map_or(0, Iterator::count);
            // An upload that the store began without telling is removed by it in its own time.
            if trial.seen().unheard_of == 0 {
                assert_eq!(files, usize::from(is_whole), "request {at} {fate:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_error_names_request_object_and_cause() {
    let trial = Trial::new(rules(&[(2, Fate::FailsBefore)]));
    let mut sink = sink(&trial, PART_SIZES[0], &MemoryBudget::unlimited());
    let error = write_all(&mut sink, chunks(12_000)).await.unwrap_err();
    let ParquetError::External(cause) = &error else {
        panic!("{error:?}");
    };
    let io = cause.downcast_ref::<io::Error>().unwrap();
    let request = io
        .get_ref()
        .unwrap()
        .downcast_ref::<RequestError>()
        .unwrap();
    assert_eq!(request.request(), "put part");
    assert_eq!(request.path(), path().as_ref());
    // The store's own error is in the chain of sources.
    let mut source = std::error::Error::source(&error);
    let is_theirs =
        |error: &&(dyn std::error::Error + 'static)| error.is::<object_store_14::Error>();
    let found = std::iter::from_fn(|| {
        let this = source?;
        source = this.source();
        Some(this)
    });
    assert!(found.into_iter().any(|error| is_theirs(&error)));
}

#[tokio::test]
async fn the_kind_of_an_error_tells_what_may_help() {
    fn generic(source: &str) -> Error {
        let (store, source) = ("trial", source.into());
        Error::Generic { store, source }
    }
    fn denied() -> Error {
        let (path, source) = ("a".to_owned(), "no".into());
        Error::PermissionDenied { path, source }
    }
    fn lost() -> Error {
        let source = Box::new(io::Error::from(ErrorKind::BrokenPipe));
        let store = "trial";
        Error::Generic { store, source }
    }
    let errors: [(fn() -> Error, ErrorKind); 5] = [
        (|| generic("operation timed out"), ErrorKind::TimedOut),
        (
            || generic("status code: 503 Slow Down"),
            ErrorKind::ResourceBusy,
        ),
        (|| generic("no such bucket"), ErrorKind::Other),
        (denied, ErrorKind::PermissionDenied),
        (lost, ErrorKind::BrokenPipe),
    ];
    for (error, expected) in errors {
        for part_size in PART_SIZES {
            let trial = Trial::new(Rules {
                error: Some(error),
                ..rules(&[(0, Fate::FailsBefore)])
            });
            let mut sink = sink(&trial, part_size, &MemoryBudget::unlimited());
            let error = write_all(&mut sink, chunks(12_000)).await.unwrap_err();
            assert_eq!(kind(&error), Some(expected), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_cannot_be_aborted_is_told() {
    let trial = Trial::new(rules(&[(2, Fate::FailsBefore), (4, Fate::FailsBefore)]));
    let mut sink = sink(&trial, PART_SIZES[0], &MemoryBudget::unlimited());
    let error = write_all(&mut sink, chunks(12_000)).await.unwrap_err();
    let requests = trial.seen().requests;
    assert_eq!(requests[..2], ["begin", "part"]);
    let at = requests.iter().position(|request| *request == "abort");
    assert_eq!((requests.len(), at), (5, Some(4)), "{requests:?}");
    assert!(error.to_string().contains("put part"), "{error}");
    let left = sink.left_open().unwrap().to_string();
    assert!(left.contains("aborting the upload"), "{left}");
    let error = sink.abort().await.unwrap_err();
    assert!(error.to_string().contains("was left open"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_can_be_given_up() {
    for part_size in PART_SIZES {
        for at in 0..requests(part_size).await {
            for fate in [Fate::HangsBefore, Fate::HangsAfter] {
                for is_dropped in [false, true] {
                    let case = format!("{part_size}: request {at} {fate:?}, {is_dropped}");
                    let trial = Trial::new(rules(&[(at, fate)]));
                    let budget = MemoryBudget::new(1 << 20);
                    let mut sink = sink(&trial, part_size, &budget);
                    let written = write_all(&mut sink, chunks(12_000));
                    let written = timeout(Duration::from_secs(30), written).await;
                    assert!(written.is_err(), "{case}: did not wait");
                    let is_beginning = trial.seen().requests == ["begin"];
                    if !is_dropped {
                        // What the store has begun is not known before it says so.
                        let aborted = timeout(Duration::from_secs(30), sink.abort()).await;
                        assert_eq!(aborted.is_err(), is_beginning, "{case}");
                        assert_eq!(trial.seen().open, trial.seen().unheard_of, "{case}");
                    }
                    drop(sink);
                    assert_clean(&trial, &budget, &case).await;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_abort_that_never_ends_can_be_given_up() {
    let trial = Trial::new(Rules {
        // So that it is not the store that keeps the bytes.
        discards: true,
        ..rules(&[(1, Fate::FailsBefore), (4, Fate::HangsBefore)])
    });
    let budget = MemoryBudget::new(1 << 20);
    let mut sink = sink(&trial, PART_SIZES[0], &budget);
    let written = timeout(Duration::from_secs(9), write_all(&mut sink, chunks(12_000))).await;
    assert!(written.is_err());
    assert_eq!(trial.seen().requests.last(), Some(&"abort"));
    drop(sink);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(budget.used(), 0);
}
