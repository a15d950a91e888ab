//! The figures at the end.

use indicatif::{HumanBytes, HumanCount};

use crate::arguments::{Arguments, PageHome};
use crate::job::Done;

/// Prints the figures of one run.
pub(crate) fn print(arguments: &Arguments, done: &Done) {
    println!("wrote      {}", arguments.output().display());
    println!(
        "rows       {} ({} rows/s in the writer)",
        HumanCount(done.rows),
        HumanCount(rows_per_second(done))
    );
    if let Some(bytes) = done.input_bytes {
        println!("input      {}", HumanBytes(bytes));
    }
    println!(
        "output     {} in {} row group(s), {}",
        HumanBytes(done.output_bytes),
        done.row_groups,
        arguments.compression
    );
    println!("spilled    {}", HumanBytes(done.spilled_bytes));
    println!(
        "peak heap  {} (the writer's)",
        HumanBytes(done.peak_heap_bytes as u64)
    );
}

/// Prints two runs side by side.
pub(crate) fn print_comparison(first: &Done, second: &Done) {
    println!();
    println!(
        "{:<28} {:>14} {:>14} {:>14}",
        "pages wait", "peak heap", "spilled", "rows/s"
    );
    for done in [first, second] {
        let home = match done.home {
            PageHome::Heap => "on the heap",
            PageHome::TempFile => "in a temporary file",
        };
        println!(
            "{:<28} {:>14} {:>14} {:>14}",
            home,
            HumanBytes(done.peak_heap_bytes as u64).to_string(),
            HumanBytes(done.spilled_bytes).to_string(),
            HumanCount(rows_per_second(done)).to_string()
        );
    }
}

fn rows_per_second(done: &Done) -> u64 {
    let rows = u128::from(done.rows) * 1_000_000_000 / done.writing.as_nanos().max(1);
    u64::try_from(rows).unwrap_or(u64::MAX)
}
