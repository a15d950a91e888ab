//! Writes the same batches with herringbone and with the `parquet` crate, in turn, on one thread, and
//! prints the ratio of the times and of the file sizes for each case and codec.
//!
//! ```text
//! cargo run --release --example compare
//! cargo run --release --example compare -- --case lineitem --codec uncompressed --runs 9
//! cargo run --release --example compare -- --threads 2 --case wide
//! ```
//!
//! With `--threads` it compares threads instead: herringbone with one and with several, and `parquet`'s column writers
//! driven by as many threads by hand. It then says what more cores would bring, from the work of a run and its span.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "it makes its own data, and a mistake in that should stop it"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use clap::Parser;

#[path = "../benches/support/cases.rs"]
mod cases;
#[path = "../benches/support/threads.rs"]
mod threads;

use cases::{Case, Codec, write_ours, write_peer};

/// Times herringbone against the `parquet` crate on the same batches.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only cases whose name contains this text.
    #[arg(long, default_value = "")]
    case: String,
    /// Only codecs whose name contains this text: uncompressed, snappy, zstd(1) or lz4_raw.
    #[arg(long, default_value = "")]
    codec: String,
    /// Rows of the generated columns.
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// TPC-H scale factor.
    #[arg(long, default_value_t = 0.1)]
    scale: f64,
    /// Timed runs of each writer, in turn; the median ratio counts.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Compares one thread with so many.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() {
    let arguments = Arguments::parse();
    if let Some(threads) = arguments.threads {
        compare_threads(&arguments, threads);
        return;
    }
    println!(
        "{:<29} {:<13} {:>11} {:>11} {:>8} {:>11}",
        "case", "codec", "herringbone", "parquet", "faster", "file size"
    );
    let (mut logs, mut count, mut slower) = (0.0, 0, Vec::new());
    for recipe in cases::recipes(arguments.rows, arguments.scale) {
        if !recipe.name.contains(&arguments.case) {
            continue;
        }
        let case = recipe.case();
        for codec in Codec::ALL
            .into_iter()
            .filter(|codec| codec.name().contains(&arguments.codec))
        {
            let result = measure(&case, codec, arguments.runs.max(1));
            println!(
                "{:<29} {:<13} {:>8.2} ms {:>8.2} ms {:>7.2}x {:>10.2}%",
                case.name,
                codec.name(),
                result.ours.as_secs_f64() * 1e3,
                result.peer.as_secs_f64() * 1e3,
                result.faster,
                result.our_bytes as f64 / result.peer_bytes as f64 * 100.0
            );
            logs += result.faster.ln();
            count += 1;
            if result.faster < 1.0 {
                slower.push(format!("{} {}", case.name, codec.name()));
            }
        }
    }
    if count > 0 {
        let mean = (logs / f64::from(count)).exp();
        let slower = if slower.is_empty() {
            "none".to_owned()
        } else {
            slower.join(", ")
        };
        println!("geometric mean {mean:.2}x over {count} cases; slower than parquet: {slower}");
    }
}

/// Writes each case with one thread of ours, several of ours, and as many driven by hand, in turn.
fn compare_threads(arguments: &Arguments, count: usize) {
    println!(
        "{:<29} {:<13} {:>11} {:>11} {:>8} {:>11} {:>8}   faster at most on 2, 4, 8, 16 cores",
        "case", "codec", "1 thread", "threads", "faster", "by hand", "faster"
    );
    for recipe in cases::recipes(arguments.rows, arguments.scale) {
        if !recipe.name.contains(&arguments.case) {
            continue;
        }
        let case = recipe.case();
        for codec in Codec::FOR_THREADS
            .into_iter()
            .filter(|codec| codec.name().contains(&arguments.codec))
        {
            let writers: [&dyn Fn() -> u64; 3] = [
                &|| write_ours(&case, codec),
                &|| threads::write_ours(&case, codec, count),
                &|| threads::write_peer_by_hand(&case, codec, count),
            ];
            let (medians, ratios) = in_turn(&writers, arguments.runs.max(1));
            let span = threads::work_and_span(&case, codec);
            let expected = [2, 4, 8, 16].map(|cores| format!("{:.1}", span.speed_up(cores)));
            println!(
                "{:<29} {:<13} {:>8.2} ms {:>8.2} ms {:>7.2}x {:>8.2} ms {:>7.2}x   {}  (work {:.1} ms, span {:.1} ms)",
                case.name,
                codec.name(),
                medians[0] * 1e3,
                medians[1] * 1e3,
                ratios[1],
                medians[2] * 1e3,
                ratios[2],
                expected.join(", "),
                span.work.as_secs_f64() * 1e3,
                span.span.as_secs_f64() * 1e3,
            );
        }
    }
}

/// The median time of each, and of how many times as fast as the first each is.
fn in_turn(writers: &[&dyn Fn() -> u64; 3], runs: usize) -> ([f64; 3], [f64; 3]) {
    let (mut times, mut ratios) = (<[Vec<f64>; 3]>::default(), <[Vec<f64>; 3]>::default());
    for write in writers {
        black_box(write());
    }
    for run in 0..runs {
        let mut taken = [0.0; 3];
        for place in 0..3 {
            let which = (place + run) % 3;
            taken[which] = timed(writers[which]).as_secs_f64();
        }
        for which in 0..3 {
            times[which].push(taken[which]);
            ratios[which].push(taken[0] / taken[which]);
        }
    }
    let median = |mut list: Vec<f64>| {
        list.sort_by(f64::total_cmp);
        list[list.len() / 2]
    };
    (times.map(median), ratios.map(median))
}

struct Measured {
    ours: Duration,
    peer: Duration,
    faster: f64,
    our_bytes: u64,
    peer_bytes: u64,
}

/// Runs the two writers in turn, so that a machine whose speed drifts slows both alike; each ratio is of
/// neighbours in time. Every other time the peer goes first: what a writer leaves in the allocator, the
/// next one finds.
fn measure(case: &Case, codec: Codec, runs: usize) -> Measured {
    let (our_bytes, peer_bytes) = (write_ours(case, codec), write_peer(case, codec));
    let (mut ours, mut peer, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..runs {
        let (our_time, peer_time);
        if run % 2 == 0 {
            our_time = timed(|| write_ours(case, codec));
            peer_time = timed(|| write_peer(case, codec));
        } else {
            peer_time = timed(|| write_peer(case, codec));
            our_time = timed(|| write_ours(case, codec));
        }
        ratios.push(peer_time.as_secs_f64() / our_time.as_secs_f64());
        ours.push(our_time);
        peer.push(peer_time);
    }
    ours.sort_unstable();
    peer.sort_unstable();
    ratios.sort_by(f64::total_cmp);
    Measured {
        ours: ours[runs / 2],
        peer: peer[runs / 2],
        faster: ratios[runs / 2],
        our_bytes,
        peer_bytes,
    }
}

fn timed(write: impl Fn() -> u64) -> Duration {
    let start = Instant::now();
    black_box(write());
    start.elapsed()
}
