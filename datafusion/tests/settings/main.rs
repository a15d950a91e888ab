//! What a session's settings and statements make of files: the same as with DataFusion's own sink.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic"
)]

mod dataframe;
mod kinds;
mod portrait;
mod rows;
mod session;
mod settings;
mod sql;
