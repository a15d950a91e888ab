//! Stores that fail, panic or take their time while several threads encode, and writers that are dropped meanwhile: the
//! right error latches the writer, no thread stays, and nothing stays paid for.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, Executor, Job, Parallelism};
use herringbone::basic::Compression;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    InMemoryPageStore, PageKey, PageStore, PageStoreArgs, PageStoreFactory,
};
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::WriterProperties;

use crate::faulty::{Call, Injected, hush_planned_panics};

/// What a put does when its turn has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Fails,
    Panics,
    Sleeps,
}

/// Stores whose put with the number `at` does something, whatever the column.
#[derive(Debug, Clone)]
struct Stores {
    does: Does,
    at: usize,
    puts: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Store(Stores, InMemoryPageStore);

impl PageStoreFactory for Stores {
    fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(Store(self.clone(), InMemoryPageStore::default())))
    }
}

impl PageStore for Store {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        let number = self.0.puts.fetch_add(1, Ordering::Relaxed);
        match self.0.does {
            Does::Sleeps => std::thread::sleep(Duration::from_millis(1)),
            _ if number != self.0.at => {}
            Does::Fails => return Err(ParquetError::from(io::Error::other("planned"))),
            Does::Panics => std::panic::panic_any(Injected(Call::Put)),
        }
        self.1.put(value)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        self.1.take(key)
    }

    fn memory_size(&self) -> usize {
        self.1.memory_size()
    }
}

fn stores(does: Does, at: usize) -> Arc<Stores> {
    let puts = Arc::default();
    Arc::new(Stores { does, at, puts })
}

/// Numbers in every other column, text in the others.
fn batch(columns: usize, rows: usize) -> RecordBatch {
    let number = |at: usize| (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) as i64;
    let columns = (0..columns).map(|column| {
        let numbers = (0..rows).map(|row| number(column * rows + row));
        let array: ArrayRef = match column % 2 {
            0 => Arc::new(Int64Array::from_iter_values(numbers)),
            _ => Arc::new(StringArray::from_iter_values(
                numbers.map(|number| format!("{number:x}")),
            )),
        };
        (format!("c{column}"), array)
    });
    RecordBatch::try_from_iter(columns).unwrap()
}

fn options(threads: usize) -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(3_000);
    ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_parallelism(Parallelism::Threads(threads))
}

/// Tests that count threads run one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Threads of writers in this process.
fn workers() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names
        .filter(|name| name.trim_end() == "herringbone")
        .count()
}

#[test]
fn a_store_that_fails_on_any_thread_latches_the_writer() {
    let _turn = alone();
    let table = batch(12, 6_000);
    for at in [0, 1, 7, 30, 47, 59] {
        let options = options(4).with_page_store_factory(stores(Does::Fails, at));
        let mut writer =
            ArrowWriter::try_new_with_options(Vec::new(), table.schema(), options).unwrap();
        let mut first = None;
        for _ in 0..3 {
            first = first.or(writer.write(&table).err());
        }
        first = first.or(writer.flush().err());
        let first = first.unwrap();
        assert!(
            matches!(first, ParquetError::PageStore { step: "put", .. }),
            "{first}"
        );
        for error in [
            writer.write(&table).unwrap_err(),
            writer.finish().unwrap_err(),
        ] {
            assert!(
                matches!(error, ParquetError::Latched(_)) && error.to_string().contains("planned"),
                "{error}"
            );
        }
        drop(writer);
        assert_eq!(workers(), 0);
    }
}

#[test]
fn a_store_that_panics_on_any_thread_panics_the_call() {
    let _turn = alone();
    hush_planned_panics();
    let table = batch(12, 6_000);
    for at in [0, 5, 30, 59] {
        let options = options(4).with_page_store_factory(stores(Does::Panics, at));
        let mut writer =
            ArrowWriter::try_new_with_options(Vec::new(), table.schema(), options).unwrap();
        let written = catch_unwind(AssertUnwindSafe(|| {
            for _ in 0..3 {
                writer.write(&table).unwrap();
            }
            writer.flush().unwrap();
        }));
        assert!(written.unwrap_err().is::<Injected>(), "{at}");
        let error = writer.write(&table).unwrap_err().to_string();
        assert!(error.contains("an earlier call panicked"), "{error}");
        assert!(writer.finish().is_err());
        drop(writer);
        assert_eq!(workers(), 0);
    }
}

/// Also while pages are being sealed.
#[test]
fn a_writer_that_is_dropped_leaves_no_thread_and_no_bytes() {
    let _turn = alone();
    let table = batch(5, 6_000);
    for batches in 0..6 {
        for budget in [MemoryBudget::unlimited(), MemoryBudget::new(256 << 20)] {
            let options = options(4)
                .with_memory_budget(budget.clone())
                .with_page_store_factory(stores(Does::Sleeps, 0));
            let mut writer =
                ArrowWriter::try_new_with_options(Vec::new(), table.schema(), options).unwrap();
            for _ in 0..batches {
                writer.write(&table).unwrap();
            }
            if batches > 1 {
                // A new thread has its name once it has run.
                let start = Instant::now();
                while workers() < 3 && start.elapsed() < Duration::from_secs(20) {
                    thread::yield_now();
                }
                assert_eq!(workers(), 3);
            }
            drop(writer);
            assert_eq!((workers(), budget.used(), budget.members()), (0, 0, 0));
        }
    }
}

/// A batch that is refused is refused as a whole.
#[test]
fn a_batch_that_is_refused_changes_nothing() {
    let _turn = alone();
    let table = batch(6, 3_000);
    let other = RecordBatch::try_from_iter([("c0", table.column(1).clone())]).unwrap();
    let write = |with_refused: bool| {
        let mut writer =
            ArrowWriter::try_new_with_options(Vec::new(), table.schema(), options(3)).unwrap();
        for _ in 0..3 {
            writer.write(&table).unwrap();
            if with_refused {
                writer.write(&other).unwrap_err();
            }
        }
        writer.into_inner().unwrap()
    };
    assert!(write(true) == write(false));
}

#[derive(Debug)]
struct Dropper;

impl Executor for Dropper {
    fn spawn(&self, job: Job) {
        drop(job);
    }
}

#[test]
fn an_executor_that_drops_jobs_gives_the_same_file() {
    let table = batch(6, 3_000);
    let write = |parallelism| {
        let options = options(1).with_parallelism(parallelism);
        let mut writer =
            ArrowWriter::try_new_with_options(Vec::new(), table.schema(), options).unwrap();
        for _ in 0..4 {
            writer.write(&table).unwrap();
        }
        writer.into_inner().unwrap()
    };
    let dropping = Parallelism::Executor {
        executor: Arc::new(Dropper),
        threads: 8,
    };
    assert!(write(dropping) == write(Parallelism::Off));
}

/// Ten thousand columns, one row at a time: nobody waits for anybody.
#[test]
fn many_columns_and_single_rows_are_written() {
    let _turn = alone();
    let table = batch(3_000, 3);
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), table.schema(), options(3)).unwrap();
    for row in 0..3 {
        writer.write(&table.slice(row, 1)).unwrap();
    }
    writer.write(&table).unwrap();
    assert_eq!(writer.close().unwrap().file_metadata().num_rows(), 6);
    assert_eq!(workers(), 0);
}
