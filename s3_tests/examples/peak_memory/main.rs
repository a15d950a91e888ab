//! How much memory it takes to write files to an S3 server: with this crate under a limit, and with the `parquet` crate.
//!
//! ```text
//! cargo run --release --example peak_memory
//! ```
//!
//! The server is a process of its own. What is counted is every byte that this process has on the heap, on all threads:
//! batches, writers, parts, the client.

mod heap;
#[path = "../../../examples/memory/peer.rs"]
mod peer;
mod rows;
mod ways;

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use herringbone_s3_tests::Server;
use ways::{Figures, Way};

#[global_allocator]
static ALLOCATOR: heap::CountingAllocator = heap::CountingAllocator;

/// Rows of one row group of 200 MiB.
const BATCHES: usize = 200;

/// Files that are open at once, and the batches of each.
const FILES: usize = 100;
const BATCHES_OF_FILE: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "serve") {
        let folder = arguments.next().map(PathBuf::from);
        let folder = folder.ok_or("a folder to serve")?;
        return Ok(herringbone_s3_tests::serve(&folder)?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    println!(
        "One row group of {BATCHES} MiB, in parts of 5 MiB, 4 in flight; MiB on the heap at most\n"
    );
    println!(
        "| writer | while writing | while the row group is flushed | seconds |\n|---|---|---|---|"
    );
    for way in [
        Way::Parquet,
        Way::Herringbone(16 << 20),
        Way::Herringbone(64 << 20),
    ] {
        let server = Server::start(env::current_exe()?, &["serve"])?;
        let started = Instant::now();
        let figures = runtime.block_on(ways::one_file(way, &server, BATCHES))?;
        print(way, figures, started);
    }
    println!(
        "\n{FILES} open files of {BATCHES_OF_FILE} MiB each, written in turn, closed one after another; one budget for all\n"
    );
    println!("| writer | while writing | while they are closed | seconds |\n|---|---|---|---|");
    for way in [Way::Parquet, Way::Herringbone(128 << 20)] {
        let server = Server::start(env::current_exe()?, &["serve"])?;
        let started = Instant::now();
        let figures = runtime.block_on(ways::many_files(way, &server, FILES, BATCHES_OF_FILE))?;
        print(way, figures, started);
    }
    Ok(())
}

fn print(way: Way, figures: Figures, started: Instant) {
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    println!(
        "| {way} | {:.1} | {:.1} | {:.1} |",
        mib(figures.writing),
        mib(figures.flushing),
        started.elapsed().as_secs_f64()
    );
}
