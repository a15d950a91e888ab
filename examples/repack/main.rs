//! Rewrites a table into Parquet with large row groups, in little memory.
//!
//! ```text
//! cargo run --release --example repack
//! cargo run --release --example repack -- --tpch lineitem --scale 1 --spill --compare
//! cargo run --release --example repack -- --input in.csv --output out.parquet \
//!     --row-group-rows 10000000 --compression 'zstd(3)' --memory-limit 64MiB
//! ```
//!
//! The first form repacks generated TPC-H lineitem at scale 0.1 into `lineitem.parquet`, and compares
//! pages in a temporary file with pages on the heap.

use std::process::ExitCode;

mod arguments;
mod failure;
#[path = "../../tests/support/heap.rs"]
mod heap;
mod job;
mod output;
mod progress;
mod report;
mod rows;
mod source;

use arguments::{Arguments, PageHome};
use failure::Failure;
use output::Fate;

#[global_allocator]
static ALLOCATOR: heap::CountingAllocator = heap::CountingAllocator;

/// What a shell expects after a wrong command line.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(wrong) => {
            eprintln!("repack: {wrong}");
            return ExitCode::from(USAGE);
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("repack: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let home = arguments.page_home();
    let done = job::repack(arguments, home, Fate::Keep)?;
    report::print(arguments, &done);
    if arguments.compares() {
        let other = match home {
            PageHome::TempFile => PageHome::Heap,
            PageHome::Heap => PageHome::TempFile,
        };
        let compared = job::repack(arguments, other, Fate::Discard)?;
        report::print_comparison(arguments, &[done, compared]);
    }
    Ok(())
}
