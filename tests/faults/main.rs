//! What goes wrong is told, latched and cleaned up: every call of a run fails once, processes are killed, blobs
//! are damaged, batches are bad, disks are full.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic"
)]

mod appended;
#[path = "../support/arrays.rs"]
mod arrays;
mod background;
mod batches;
mod bit_flips;
mod cases;
mod disk_fails;
mod disk_flips;
mod dropped;
mod every_call;
#[path = "../support/faulty.rs"]
#[allow(unreachable_pub, reason = "shared with other test binaries")]
mod faulty;
mod full;
mod input;
mod kill;
mod large;
mod lies;
mod panics;
mod run;
mod shared;
mod short_sinks;
mod threads;
mod together;
mod typed;
mod typed_full;
