//! DataFusion's own sink for Parquet and this package's, side by side: the memory they take, the time, and what they leave
//! behind.
//!
//! ```text
//! cargo run --release --example compare_sinks
//! cargo run --release --example compare_sinks -- --case wide --case cancelled --scale 0.1
//! ```
//!
//! Every run is a process of its own, and the two sinks take turns. The heap is all that the process has, on all threads,
//! as a counting allocator sees it, beside a table that was in memory before.

mod cases;
#[path = "../../../s3_tests/examples/peak_memory/heap.rs"]
mod heap;
mod outcome;
mod pool;
#[allow(dead_code, reason = "tests ask more of it")]
#[path = "../../tests/sink/server.rs"]
mod server;
mod tables;
mod uploads;

use std::env;
use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cases::{Case, Sink};
use clap::{Args, Parser, Subcommand, ValueEnum};
use outcome::Outcome;

#[global_allocator]
static ALLOCATOR: heap::CountingAllocator = heap::CountingAllocator;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Compares DataFusion's own sink for Parquet with this package's.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    single: Option<Single>,
    /// The cases to run; all of them if none is named.
    #[arg(long, value_enum)]
    case: Vec<Case>,
    /// How often each sink writes a case that is about time.
    #[arg(long, default_value_t = 5)]
    turns: usize,
    #[command(flatten)]
    shape: Shape,
}

/// What holds for all cases.
#[derive(Debug, Clone, Args)]
struct Shape {
    /// The part of the rows that are written, and the scale factor of `lineitem`.
    #[arg(long, global = true, default_value_t = 1.0)]
    scale: f64,
    /// The session's memory pool, in MiB, where a case has a limit.
    #[arg(long, global = true, default_value_t = 256)]
    pool: usize,
    /// Where folders for the files are made.
    #[arg(long, global = true, default_value_os_t = env::temp_dir())]
    folder: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Single {
    /// Runs one case once, for the process that has started this one.
    #[command(hide = true)]
    Single { case: Case, sink: Sink },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(Single::Single { case, sink }) = arguments.single {
        print!("{}", cases::run(case, sink, &arguments.shape)?.to_lines());
        return Ok(());
    }
    println!("{}", Outcome::heading());
    let cases = match arguments.case.as_slice() {
        [] => Case::value_variants(),
        cases => cases,
    };
    for case in cases {
        compare(*case, &arguments)?;
    }
    Ok(())
}

/// Runs both sinks on `case`, in turns, and prints a line for each.
fn compare(case: Case, arguments: &Arguments) -> Result<()> {
    let turns = if case.is_timed() {
        arguments.turns.max(1)
    } else {
        1
    };
    let (mut stock, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        stock.push(run_apart(case, Sink::Stock, &arguments.shape)?);
        ours.push(run_apart(case, Sink::Herringbone, &arguments.shape)?);
    }
    let (stock, ours) = (Outcome::median(stock)?, Outcome::median(ours)?);
    println!("{}", stock.row(case.title(), Sink::Stock.title()));
    println!("{}", ours.row(case.title(), Sink::Herringbone.title()));
    if case.is_timed() {
        let part = ours.seconds / stock.seconds;
        println!("|  | Herringbone's time against DataFusion's, medians of {turns} | {part:.2} |");
    }
    Ok(())
}

/// Runs one case once, in a process of its own.
fn run_apart(case: Case, sink: Sink, shape: &Shape) -> Result<Outcome> {
    let name = |value: Option<clap::builder::PossibleValue>| {
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    };
    let output = Command::new(env::current_exe()?)
        .arg("single")
        .arg(name(case.to_possible_value()))
        .arg(name(sink.to_possible_value()))
        .args(["--scale", &shape.scale.to_string()])
        .args(["--pool", &shape.pool.to_string()])
        .arg("--folder")
        .arg(&shape.folder)
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    match output.status.success() {
        true => Outcome::from_lines(&text),
        false => Err(format!("{case:?} with {sink:?} ended with {}", output.status).into()),
    }
}
