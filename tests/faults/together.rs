//! Many writers at once, on threads and in processes, with one spill directory: each file holds its own rows. And
//! one writer whose metrics another thread reads.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    PageStoreFactory, SpillMetrics, TempFilePageStoreFactory, TieredPageStoreFactory,
};
use herringbone::file::properties::WriterProperties;

use crate::input::{flat, joined, read};
use crate::run::assert_nothing_left;

/// Tells a process its number and where to spill and to write.
const PLACE: &str = "HERRINGBONE_WRITE_TOGETHER";
const PROCESSES: usize = 8;
/// In each process.
const THREADS: usize = 3;
/// Of each thread, one after the other.
const FILES: usize = 3;

/// The rows of one file; no other has the same.
fn batches(file: usize) -> Vec<RecordBatch> {
    let first = file * 10_000;
    (0..6).map(|batch| flat(first + batch * 1000)).collect()
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_data_page_size_limit(1500)
        .set_write_batch_size(16)
        .set_dictionary_page_size_limit(500)
        .build()
}

/// Writes a file with some pages on the heap and most in `stores`; says how many bytes were spilled.
fn write(path: &Path, file: usize, stores: Arc<dyn PageStoreFactory>) -> u64 {
    let batches = batches(file);
    let options = ArrowWriterOptions::new()
        .with_properties(properties())
        .with_page_store_factory(stores);
    let sink = fs::File::create(path.join(format!("{file}.parquet"))).unwrap();
    let mut writer = ArrowWriter::try_new_with_options(sink, batches[0].schema(), options).unwrap();
    for batch in &batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    writer.memory_pressure().spilled_bytes
}

fn assert_file(path: &Path, file: usize) {
    let bytes = fs::read(path.join(format!("{file}.parquet"))).unwrap();
    let rows = read(&bytes).unwrap_or_else(|| panic!("file {file} cannot be read"));
    assert!(rows == joined(&batches(file)), "file {file} has other rows");
}

/// What each process does: the first thread spills for itself, the others into one factory.
fn write_in_process(number: usize, spill: &Path, output: &Path) {
    let files = || -> Arc<dyn PageStoreFactory> {
        let builder = TempFilePageStoreFactory::builder()
            .with_directory(spill)
            .with_segment_bytes(16 << 10);
        Arc::new(builder.build())
    };
    let shared: Arc<dyn PageStoreFactory> = Arc::new(TieredPageStoreFactory::new(
        MemoryBudget::new(20 << 10),
        files(),
    ));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let stores = match thread {
                0 => files(),
                _ => Arc::clone(&shared),
            };
            scope.spawn(move || {
                for turn in 0..FILES {
                    let file = (number * THREADS + thread) * FILES + turn;
                    let spilled = write(output, file, Arc::clone(&stores));
                    assert!(spilled > 10_000, "file {file}: {spilled} bytes spilled");
                }
            });
        }
    });
}

#[test]
fn processes_and_threads_that_spill_into_one_directory_never_touch_each_other() {
    if let Some(place) = env::var_os(PLACE) {
        let place = place.into_string().unwrap();
        let [number, spill, output] = place.split('\n').collect::<Vec<_>>()[..] else {
            panic!("{place}")
        };
        write_in_process(number.parse().unwrap(), Path::new(spill), Path::new(output));
        return;
    }
    let (spill, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let name =
        "together::processes_and_threads_that_spill_into_one_directory_never_touch_each_other";
    let spawn = |number: usize| -> Child {
        let (spill, output) = (spill.path().display(), output.path().display());
        Command::new(env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(PLACE, format!("{number}\n{spill}\n{output}"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let children: Vec<Child> = (0..PROCESSES).map(spawn).collect();
    for (number, mut child) in children.into_iter().enumerate() {
        assert!(child.wait().unwrap().success(), "process {number}");
    }
    for file in 0..PROCESSES * THREADS * FILES {
        assert_file(output.path(), file);
    }
    assert_nothing_left(spill.path(), "processes");
}

#[test]
fn writers_that_share_stores_and_a_budget_never_touch_each_other() {
    let (spill, output) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let metrics = SpillMetrics::new();
    let files = TempFilePageStoreFactory::builder()
        .with_directory(spill.path())
        .with_segment_bytes(16 << 10)
        .with_metrics(metrics.clone());
    let budget = MemoryBudget::new(150 << 10);
    let stores: Arc<dyn PageStoreFactory> = Arc::new(TieredPageStoreFactory::new(
        budget.clone(),
        Arc::new(files.build()),
    ));
    // All writers are open at once, and take their batches in turn.
    let sinks = (0..12).map(|file| output.path().join(format!("{file}.parquet")));
    let mut writers: Vec<_> = sinks
        .map(|path| {
            let options = ArrowWriterOptions::new()
                .with_properties(properties())
                .with_page_store_factory(Arc::clone(&stores))
                .with_memory_budget(budget.clone());
            let sink = fs::File::create(path).unwrap();
            ArrowWriter::try_new_with_options(sink, batches(0)[0].schema(), options).unwrap()
        })
        .collect();
    for turn in 0..6 {
        for (file, writer) in writers.iter_mut().enumerate() {
            writer.write(&batches(file)[turn]).unwrap();
        }
    }
    assert!(metrics.bytes_spilled() > 0);
    // Some end while others hold what they have spilled.
    for writer in writers.into_iter().rev() {
        writer.close().unwrap();
    }
    (0..12).for_each(|file| assert_file(output.path(), file));
    assert_eq!((budget.used(), metrics.disk_used()), (0, 0));
    drop(stores);
    assert_nothing_left(spill.path(), "shared");
}

#[test]
fn metrics_are_read_on_another_thread_while_a_writer_is_at_work() {
    let directory = tempfile::tempdir().unwrap();
    let files = TempFilePageStoreFactory::in_directory(directory.path());
    let metrics = files.metrics();
    let is_done = AtomicBool::new(false);
    let values_seen = AtomicU64::new(0);
    let mut file = Vec::new();
    let mut written = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut spilled, mut blobs) = (0, 0);
            while !is_done.load(Ordering::Acquire) {
                let now = (metrics.bytes_spilled(), metrics.blobs_spilled());
                assert!(now.0 >= spilled && now.1 >= blobs, "totals never shrink");
                if now.0 > spilled {
                    values_seen.fetch_add(1, Ordering::Release);
                }
                (spilled, blobs) = now;
                let used = metrics.disk_used();
                assert!(metrics.peak_disk_used() >= used);
                thread::yield_now();
            }
        });
        let options = ArrowWriterOptions::new()
            .with_properties(properties())
            .with_page_store_factory(Arc::new(files));
        let mut writer =
            ArrowWriter::try_new_with_options(&mut file, batches(0)[0].schema(), options).unwrap();
        let started = Instant::now();
        // Until the other thread has seen the numbers move, while the row group is still open.
        while values_seen.load(Ordering::Acquire) < 5 {
            let batch = flat(written.len() * 100);
            writer.write(&batch).unwrap();
            written.push(batch);
            thread::sleep(Duration::from_millis(1));
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "nothing was seen"
            );
        }
        assert_eq!(writer.row_groups_flushed(), 0);
        assert!(metrics.disk_used() > 0 && metrics.open_files() > 0);
        writer.close().unwrap();
        is_done.store(true, Ordering::Release);
    });
    assert!(read(&file).unwrap() == joined(&written));
    assert_eq!(metrics.blobs_taken(), metrics.blobs_spilled());
    assert_eq!((metrics.disk_used(), metrics.open_files()), (0, 0));
}
