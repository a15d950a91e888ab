//! Files are read back by another reader, and hold what was written.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic"
)]

mod c_data;
mod encoder;
mod encodings;
mod filters;
mod matrix;
mod other_schemas;
mod random;

mod small_batches;
mod special;
mod stores;
#[path = "../support/mod.rs"]
mod support;
mod threads;
mod truncation;
mod typed;
