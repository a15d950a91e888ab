//! Writes the same batches with herringbone and with the `parquet` crate, in turn, on one thread, and
//! prints the ratio of the times and of the file sizes for each case and codec.
//!
//! ```text
//! cargo run --release --example compare
//! cargo run --release --example compare -- --case lineitem --codec uncompressed --runs 9
//! ```
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
}

fn main() {
    let arguments = Arguments::parse();
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

fn timed(write: impl FnOnce() -> u64) -> Duration {
    let start = Instant::now();
    black_box(write());
    start.elapsed()
}
