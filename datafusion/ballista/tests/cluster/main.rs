//! Clusters of Ballista that write Parquet with Herringbone.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test is a panic"
)]

mod codec;
mod failures;
mod standalone;
mod support;
mod writes;
