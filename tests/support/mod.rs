//! What the integration tests share.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary takes what it needs"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic"
)]

pub mod arrays;
pub mod cases;
pub mod check;
pub mod covering;
pub mod shred;
pub mod stats;
pub mod stores;
pub mod thrift;
pub mod types;
pub mod walker;
pub mod ways;
