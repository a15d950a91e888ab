//! What DataFusion writes with this package's sink, as others read it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "a failed test is a panic"
)]

mod extremes;
mod failures;
mod memory;
mod parallel;
mod partitions;
mod s3;
mod server;
mod shapes;
mod support;
mod writes;
