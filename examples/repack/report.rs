//! The figures at the end.

use std::fmt::Display;

use indicatif::{HumanBytes, HumanCount};

use crate::arguments::{Arguments, PageHome};
use crate::job::Done;

/// Prints the figures of one run.
pub(crate) fn print(arguments: &Arguments, done: &Done) {
    let groups = match done.row_groups {
        1 => "1 row group".to_owned(),
        several => format!("{} row groups", HumanCount(several as u64)),
    };
    line("wrote", arguments.output().display());
    line("rows", HumanCount(done.rows));
    line(
        "rows/s",
        format!("{} in the writer", HumanCount(rows_per_second(done))),
    );
    if let Some(bytes) = done.input_bytes {
        line("input", HumanBytes(bytes));
    }
    line(
        "output",
        format!(
            "{} in {groups}, {}",
            HumanBytes(done.output_bytes),
            arguments.compression.name
        ),
    );
    line("spilled", HumanBytes(done.spilled_bytes));
    line(
        "peak heap",
        format!("{} in the writer", HumanBytes(done.peak_heap_bytes as u64)),
    );
}

fn line(name: &str, value: impl Display) {
    println!("{name:<10} {value}");
}

/// Prints runs one below the other.
pub(crate) fn print_comparison(arguments: &Arguments, runs: &[Done]) {
    println!();
    println!(
        "{:<38} {:>12} {:>12} {:>12}",
        "pages wait", "peak heap", "spilled", "rows/s"
    );
    for done in runs {
        let home = match (done.home, arguments.memory_limit) {
            (PageHome::Heap, _) => "on the heap".to_owned(),
            (PageHome::TempFile, None) => "in a temporary file".to_owned(),
            (PageHome::TempFile, Some(limit)) => {
                format!("in a temporary file, limit {}", HumanBytes(limit as u64))
            }
        };
        println!(
            "{home:<38} {:>12} {:>12} {:>12}",
            HumanBytes(done.peak_heap_bytes as u64).to_string(),
            HumanBytes(done.spilled_bytes).to_string(),
            HumanCount(rows_per_second(done)).to_string()
        );
    }
}

fn rows_per_second(done: &Done) -> u64 {
    let nanos = done.writing.as_nanos().max(1);
    u64::try_from(u128::from(done.rows) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
}
