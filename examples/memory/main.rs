//! Measures how much heap writers need while they write one large row group, and draws it.
//!
//! ```text
//! cargo run --release --example memory
//! cargo run --release --example memory -- --case wide --quick
//! cargo run --release --example memory -- --plot memory.svg
//! ```
//!
//! Every run is a process of its own, so that none finds memory or files of another, and writes the same batches to a
//! file. Heap is what a counting allocator saw on the writing thread, which allocates the buffers of the thread that
//! spills, too; the batches themselves are left out. Time is the writer's alone.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "it makes its own data, and a mistake in that should stop it"
)]

use clap::Parser;

mod cases;
#[path = "../../tests/support/heap.rs"]
mod heap;
mod peer;
mod plot;
mod run;
#[path = "../../tests/support/tables.rs"]
mod tables;

#[global_allocator]
static ALLOCATOR: heap::CountingAllocator = heap::CountingAllocator;

/// Measures the heap that writers need for one large row group.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only cases whose name contains this text.
    #[arg(long, default_value = "")]
    case: String,
    /// Runs only the writer of this name, once: parquet-heap, parquet-temp-file, heap, temp-file or limited.
    #[arg(long)]
    writer: Option<cases::Only>,
    /// How often each writer runs where spilling is compared with the heap.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    turns: u16,
    /// With --writer: prints the figures as numbers alone, for the process that started this one.
    #[arg(long, hide = true, requires = "writer")]
    raw: bool,
    /// An eighth of the rows and columns, and of the limit.
    #[arg(long)]
    quick: bool,
    /// Draws resident bytes over time for the 400-column case into this SVG file, and measures nothing else.
    #[arg(long)]
    plot: Option<std::path::PathBuf>,
    /// Where output and spilled pages go; the system's temporary directory by default.
    #[arg(long)]
    directory: Option<std::path::PathBuf>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let directory = arguments.directory.unwrap_or_else(std::env::temp_dir);
    if let Some(path) = &arguments.plot {
        return plot::draw(path, &directory, arguments.quick);
    }
    if !arguments.raw {
        run::print_header();
    }
    for case in cases::all(arguments.quick) {
        if case.name.contains(&arguments.case) {
            match arguments.writer {
                Some(only) if arguments.raw => {
                    println!("{}", case.measure(only, &directory)?.to_raw())
                }
                Some(only) => case.measure(only, &directory)?.print(&case.name),
                None => case.print(arguments.turns.into(), &directory)?,
            }
        }
    }
    Ok(())
}
