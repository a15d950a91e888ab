//! Many writers on one budget, with the stores that they have by default: they share spill files and a thread, and none
//! of them suffers from another. Each test runs in a process of its own, with few files that it may open.
#![cfg(target_os = "linux")]

use std::env;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, OnSpillLimit};
use herringbone::budget::{MemoryBudget, MemorySource};
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::WriterProperties;

use crate::faulty::{Fault, FaultySink, Plan, When, hush_planned_panics};
use crate::input::{joined, read};

/// Tells a process that it is the one of this name.
const CHILD: &str = "HERRINGBONE_SHARED_STORES";

/// The parts of a test binary's process that are open before a test begins, and a few spill files.
const MOST_FILES: usize = 32;

/// Whether this is the process to run the test in. If not, runs it there, after a few commands of the shell.
fn is_child(name: &str, commands: &str) -> bool {
    if env::var_os(CHILD).is_some_and(|child| child == name) {
        return true;
    }
    let outcome = Command::new("sh")
        .args(["-c", &format!("{commands}; exec \"$0\" \"$@\"")])
        .arg(env::current_exe().unwrap())
        .args([&format!("shared::{name}"), "--exact", "--nocapture"])
        .arg("--test-threads=1")
        .env(CHILD, name)
        .output()
        .unwrap();
    let (out, err) = (outcome.stdout.as_slice(), outcome.stderr.as_slice());
    let text = [out, err].map(String::from_utf8_lossy).concat();
    assert!(outcome.status.success(), "{}: {text}", outcome.status);
    assert!(text.contains("1 passed"), "{text}");
    false
}

/// Rows of which each writer has its own, 40 kB.
fn batch(writer: usize, turn: usize) -> RecordBatch {
    let rows = 0..64_usize;
    let number = |row: usize| ((writer * 100 + turn) * 100 + row) as i64;
    let numbers = Int64Array::from_iter_values(rows.clone().map(number));
    let text = |row: usize| number(row).to_le_bytes().repeat(75);
    let texts = BinaryArray::from_iter_values(rows.map(text));
    let columns: [(&str, ArrayRef); 2] = [("number", Arc::new(numbers)), ("text", Arc::new(texts))];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn options(budget: &MemoryBudget) -> ArrowWriterOptions {
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_data_page_size_limit(20 << 10)
        .set_write_batch_size(8);
    ArrowWriterOptions::new()
        .with_properties(properties.build())
        .with_memory_budget(budget.clone())
}

fn writer(budget: &MemoryBudget, on_spill_limit: OnSpillLimit) -> ArrowWriter<Vec<u8>> {
    let options = options(budget).with_on_spill_limit(on_spill_limit);
    ArrowWriter::try_new_with_options(Vec::new(), batch(0, 0).schema(), options).unwrap()
}

fn assert_file(file: &[u8], writer: usize, turns: usize) {
    let batches: Vec<_> = (0..turns).map(|turn| batch(writer, turn)).collect();
    assert!(read(file).unwrap() == joined(&batches), "file {writer}");
}

/// A pool with more room than anybody needs, that gives nothing while it is shut.
#[derive(Debug, Default)]
struct Pool {
    is_shut: AtomicBool,
}

impl MemorySource for Pool {
    fn try_grow(&self, _bytes: usize) -> Result<()> {
        match self.is_shut.load(Ordering::Relaxed) {
            true => Err(ParquetError::General("shut".to_owned())),
            false => Ok(()),
        }
    }

    fn grow(&self, _bytes: usize) {}

    fn shrink(&self, _bytes: usize) {}

    fn limit(&self) -> Option<usize> {
        Some(16 << 30)
    }
}

/// Names of this process's threads that work for stores.
fn threads() -> usize {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let names =
        threads.filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")).ok());
    names.filter(|name| name.starts_with("herringbone")).count()
}

/// The spill files of this process, and the bytes of disk that they take.
fn spill_files() -> (usize, u64) {
    let handles = fs::read_dir("/proc/self/fd").unwrap();
    let paths = handles.map(|handle| handle.unwrap().path());
    let is_deleted = |path: &std::path::PathBuf| {
        fs::read_link(path).is_ok_and(|target| target.to_string_lossy().ends_with("(deleted)"))
    };
    let files: Vec<_> = paths.filter(is_deleted).collect();
    let bytes = files
        .iter()
        .map(|file| fs::metadata(file).unwrap().blocks() * 512);
    (files.len(), bytes.sum())
}

/// The same, once the thread has written what it was sent.
fn spill_files_at_rest() -> (usize, u64) {
    let mut last = spill_files();
    loop {
        thread::sleep(Duration::from_millis(50));
        match spill_files() {
            now if now == last => return now,
            now => last = now,
        }
    }
}

const WRITERS: usize = 200;
const TURNS: usize = 3;

/// Batches that fill more than half of a writer's buffers, so that its thread is woken.
const MANY_TURNS: usize = 60;

/// Some of the writers have much to spill, the others little.
fn turns_of(writer: usize) -> usize {
    match writer % 40 {
        0 => MANY_TURNS,
        _ => TURNS,
    }
}

#[test]
fn two_hundred_writers_take_a_few_files_and_one_thread() {
    let name = "two_hundred_writers_take_a_few_files_and_one_thread";
    if !is_child(name, &format!("ulimit -n {MOST_FILES}")) {
        return;
    }
    let pool = Arc::new(Pool::default());
    let roomy = MemoryBudget::with_source(Arc::clone(&pool) as Arc<dyn MemorySource>);
    let small = MemoryBudget::new(24 << 20);
    for (budget, most_threads) in [(&roomy, 1), (&small, 0)] {
        let mut writers: Vec<_> = (0..WRITERS)
            .map(|_| writer(budget, OnSpillLimit::Fail))
            .collect();
        let mut seen = 0;
        for turn in 0..MANY_TURNS {
            // Pages that once had to leave the heap are followed by all others.
            pool.is_shut.store(turn == 0, Ordering::Relaxed);
            let writers = writers.iter_mut().enumerate();
            for (at, writer) in writers.filter(|(at, _)| turn < turns_of(*at)) {
                writer.write(&batch(at, turn)).unwrap();
                if at % 20 == 0 {
                    seen = seen.max(threads());
                }
            }
        }
        let (files, bytes) = spill_files_at_rest();
        assert!((1..4).contains(&files), "{files} spill files");
        assert!(bytes > 8 << 20, "{bytes} bytes of disk");
        assert_eq!(seen, most_threads, "threads");
        // Some end while others hold what they have spilled.
        let mut left = bytes;
        for (at, mut writer) in writers.into_iter().enumerate().rev() {
            match at % 3 {
                // In mid-flight.
                0 => drop(writer),
                _ => {
                    writer.finish().unwrap();
                    assert_file(&writer.into_inner().unwrap(), at, turns_of(at));
                }
            }
            if at % 50 == 0 && at > 0 {
                let (_, now) = spill_files();
                let most = bytes * at as u64 / WRITERS as u64 + (4 << 20);
                assert!(
                    now < left && now < most,
                    "{at} writers keep {now} of {bytes} bytes"
                );
                left = now;
            }
        }
        assert_eq!((budget.used(), spill_files(), threads()), (0, (0, 0), 0));
        assert!(
            budget.peak() < 24 << 20 || most_threads > 0,
            "{}",
            budget.peak()
        );
    }
}

/// Takes all descriptors that are left.
fn all_files() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[test]
fn a_process_without_a_file_to_spill_to_ends_row_groups_early_or_says_why() {
    let name = "a_process_without_a_file_to_spill_to_ends_row_groups_early_or_says_why";
    if !is_child(name, &format!("ulimit -n {MOST_FILES}")) {
        return;
    }
    assert_wants_room(all_files, |cause| cause.to_string().contains("os error 24"));
}

#[test]
fn a_file_that_may_not_grow_ends_row_groups_early_or_says_why() {
    let name = "a_file_that_may_not_grow_ends_row_groups_early_or_says_why";
    // In units that differ between shells, of 1 KiB at most.
    if !is_child(name, "trap '' XFSZ; ulimit -f 50") {
        return;
    }
    assert_wants_room(|| (), |cause| cause.kind() == ErrorKind::FileTooLarge);
}

/// Writes while `take` has taken what the stores need.
fn assert_wants_room<T>(take: impl Fn() -> T, is_cause: impl Fn(&std::io::Error) -> bool) {
    let turns = 40;
    let budget = MemoryBudget::new(400 << 10);
    // Whatever the standard streams and the clock need is open by now.
    let taken = take();
    let mut going_on = writer(&budget, OnSpillLimit::FlushRowGroup);
    (0..turns).for_each(|turn| going_on.write(&batch(1, turn)).unwrap());
    let pressure = going_on.memory_pressure();
    assert!(pressure.row_groups_flushed_early > 1, "{pressure:?}");
    going_on.finish().unwrap();
    let mut failing = writer(&budget, OnSpillLimit::Fail);
    let outcome = (0..turns).try_for_each(|turn| failing.write(&batch(2, turn)));
    let error = outcome.unwrap_err();
    assert!(matches!(error, ParquetError::PageStore { .. }), "{error}");
    let ParquetError::External(cause) = error.root_cause() else {
        panic!("{error}")
    };
    let cause = cause.downcast_ref::<std::io::Error>().unwrap();
    assert!(is_cause(cause), "{cause:?}");
    failing.flush().unwrap_err();
    failing.finish().unwrap_err();
    assert!(read(failing.inner()).is_none());
    drop((failing, taken));
    assert_file(&going_on.into_inner().unwrap(), 1, turns);
    assert_eq!((budget.used(), budget.members()), (0, 0));
}

#[test]
fn writers_that_get_no_thread_do_the_work_themselves() {
    let name = "writers_that_get_no_thread_do_the_work_themselves";
    // No thread can have a stack of this size.
    if !is_child(name, "export RUST_MIN_STACK=100000000000000") {
        return;
    }
    thread::Builder::new().spawn(|| ()).unwrap_err();
    let pool = Arc::new(Pool::default());
    let budget = MemoryBudget::with_source(Arc::clone(&pool) as Arc<dyn MemorySource>);
    let mut writer = writer(&budget, OnSpillLimit::Fail);
    for turn in 0..MANY_TURNS {
        pool.is_shut.store(turn == 0, Ordering::Relaxed);
        writer.write(&batch(3, turn)).unwrap();
    }
    // Nothing waits for a thread that never comes.
    assert!(spill_files().1 > 1 << 20);
    writer.finish().unwrap();
    assert_file(&writer.into_inner().unwrap(), 3, MANY_TURNS);
    assert_eq!(budget.used(), 0);
}

/// Each thread has writers that end well, that fail, that panic, and that are dropped on another thread.
#[test]
fn writers_on_many_threads_fail_alone() {
    let name = "writers_on_many_threads_fail_alone";
    if !is_child(name, &format!("ulimit -n {MOST_FILES}")) {
        return;
    }
    hush_planned_panics();
    let pool = Arc::new(Pool::default());
    let budget = MemoryBudget::with_source(Arc::clone(&pool) as Arc<dyn MemorySource>);
    let (leave, left) = channel();
    thread::scope(|scope| {
        for number in 0..8 {
            let (budget, pool, leave) = (&budget, &pool, leave.clone());
            scope.spawn(move || {
                for turn in 0..12 {
                    let at = number * 100 + turn;
                    let fault = match turn % 4 {
                        0 => Fault::Panic,
                        _ => Fault::Error(ErrorKind::Other),
                    };
                    let when = match turn % 4 {
                        // In the middle of the pages.
                        0 | 1 => When::From(2 + turn / 4),
                        _ => When::Never,
                    };
                    let sink = FaultySink::new(Plan::new(fault, when));
                    let schema = batch(0, 0).schema();
                    let mut writer =
                        ArrowWriter::try_new_with_options(sink.clone(), schema, options(budget))
                            .unwrap();
                    for row in 0..TURNS {
                        pool.is_shut.store((at + row) % 2 == 0, Ordering::Relaxed);
                        writer.write(&batch(at, row)).unwrap();
                    }
                    match turn % 4 {
                        0 => drop(catch_unwind(AssertUnwindSafe(|| writer.finish())).unwrap_err()),
                        1 => drop(writer.finish().unwrap_err()),
                        2 => {
                            writer.finish().unwrap();
                            assert_file(&sink.taken(), at, TURNS);
                        }
                        _ => leave.send(writer).unwrap(),
                    }
                    if turn % 4 < 2 {
                        assert!(read(&sink.taken()).is_none(), "a file that looks whole");
                    }
                }
            });
        }
        drop(leave);
        left.into_iter().for_each(drop);
    });
    assert_eq!((budget.used(), budget.members()), (0, 0));
    assert_eq!((spill_files(), threads()), ((0, 0), 0));
}
