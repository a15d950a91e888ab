//! Write throughput of herringbone and of the `parquet` crate on the same batches: one group a case
//! and codec, so that the report shows the two side by side.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "it makes its own data, and a mistake in that should stop it"
)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

#[path = "support/cases.rs"]
mod cases;

use cases::{Codec, write_ours, write_peer};

fn write(criterion: &mut Criterion) {
    for recipe in cases::recipes(500_000, 0.02) {
        let case = recipe.case();
        for codec in Codec::ALL {
            let mut group = criterion.benchmark_group(format!("{}/{}", case.name, codec.name()));
            group
                .throughput(Throughput::Bytes(case.bytes() as u64))
                .sample_size(10);
            group.bench_with_input(
                BenchmarkId::from_parameter("herringbone"),
                &case,
                |bencher, case| {
                    bencher.iter(|| black_box(write_ours(case, codec)));
                },
            );
            group.bench_with_input(
                BenchmarkId::from_parameter("parquet"),
                &case,
                |bencher, case| {
                    bencher.iter(|| black_box(write_peer(case, codec)));
                },
            );
            group.finish();
        }
    }
}

criterion_group!(benches, write);
criterion_main!(benches);
