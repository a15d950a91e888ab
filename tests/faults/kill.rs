//! Processes that are killed while they spill leave nothing in the spill directory.
#![cfg(unix)]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::file::properties::WriterProperties;

use crate::input::Shape;

/// Names the spill directory to a process that is to be killed.
const DIRECTORY: &str = "HERRINGBONE_SPILL_UNTIL_KILLED";
const KILLS: u64 = 200;

#[test]
fn killed_processes_leave_nothing_in_the_spill_directory() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        spill_for_ever(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let mut has_spilled = 0;
    for kill in 0..KILLS {
        let mut child = spilling_child(directory.path());
        let micros = kill.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        if kill % 4 == 0 {
            // Any moment from the first instruction on.
            thread::sleep(Duration::from_micros(micros % 40_000));
        } else {
            wait_for_spill(&mut child);
            thread::sleep(Duration::from_micros(micros % 15_000));
            has_spilled += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
        assert!(left.is_empty(), "kill {kill} left {left:?}");
    }
    assert_eq!(has_spilled, KILLS - KILLS.div_ceil(4));
}

fn spilling_child(directory: &Path) -> Child {
    let name = "kill::killed_processes_leave_nothing_in_the_spill_directory";
    Command::new(env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Returns once the process says that it has spilled.
fn wait_for_spill(child: &mut Child) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = lines
        .map(Result::unwrap)
        .any(|line| line.contains("spilled"));
    assert!(said, "the process ended before it spilled");
}

/// Writes files that spill, with new spill files for each, until the process is killed.
fn spill_for_ever(directory: &Path) -> ! {
    let batches = Shape::Flat.batches();
    loop {
        let stores = TempFilePageStoreFactory::builder()
            .with_directory(directory)
            .with_segment_bytes(8192)
            .build();
        let metrics = stores.metrics();
        let properties = WriterProperties::builder()
            .set_data_page_size_limit(2000)
            .set_write_batch_size(16)
            .set_max_row_group_row_count(Some(100));
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_page_store_factory(Arc::new(stores));
        let mut writer =
            ArrowWriter::try_new_with_options(std::io::sink(), batches[0].schema(), options)
                .unwrap();
        for batch in &batches {
            writer.write(batch).unwrap();
        }
        assert!(metrics.blobs_spilled() > 0);
        // Nobody reads on after the first line; the pipe may be closed.
        let _ = writeln!(stdout(), "spilled");
        writer.close().unwrap();
    }
}
