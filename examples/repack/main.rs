//! Rewrites a table into Parquet with large row groups, in little memory.
//!
//! ```text
//! cargo run --release --example repack -- --input in.parquet --output out.parquet --row-group-rows 10000000 --compression zstd(3) --spill
//! cargo run --release --example repack -- --tpch lineitem --scale 1 --output lineitem.parquet --spill
//! cargo run --release --example repack
//! ```
//!
//! The last form repacks generated TPC-H lineitem at scale 0.1 into `lineitem.parquet`, and compares
//! pages in a temporary file with pages on the heap.

use std::process::ExitCode;

use clap::Parser;

mod arguments;
mod failure;
#[path = "../../tests/support/heap.rs"]
mod heap;
mod job;
mod progress;
mod report;
mod source;

use arguments::{Arguments, PageHome};
use failure::Failure;

#[global_allocator]
static ALLOCATOR: heap::CountingAllocator = heap::CountingAllocator;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
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
    let done = job::repack(arguments, home, job::Output::Keep)?;
    report::print(arguments, &done);
    if arguments.compares() {
        let other = match home {
            PageHome::TempFile => PageHome::Heap,
            PageHome::Heap => PageHome::TempFile,
        };
        let compared = job::repack(arguments, other, job::Output::Discard)?;
        report::print_comparison(&done, &compared);
    }
    Ok(())
}
