//! Where things lie in a file: pages end where they should, and every number says the truth.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic"
)]

mod boundaries;
mod checksums;
mod order;
mod shapes;
#[path = "../support/mod.rs"]
mod support;
