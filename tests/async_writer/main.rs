//! `AsyncArrowWriter`: the bytes of `ArrowWriter` in any sink, within the memory limit, and no file that looks whole
//! and is not, wherever a call is dropped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic"
)]

mod behaviour;
mod cancelled;
#[path = "../memory/data.rs"]
#[allow(dead_code, reason = "other binaries take the rest")]
mod data;
mod failing;
mod files;
#[path = "../support/heap.rs"]
mod heap;
mod memory;
mod runtimes;
mod same_bytes;
mod sinks;

#[global_allocator]
static ALLOCATOR: heap::CountingAllocator = heap::CountingAllocator;
