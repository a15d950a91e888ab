//! Files in object stores: stores that are slow, that fail at any request, that hang, and that are particular about
//! parts; futures that are dropped anywhere. Whatever happens, there is a typed error or a file that can be read,
//! nothing under its name that is not whole, no upload that nobody will end, and nothing left that is paid for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic"
)]

#[path = "../support/heap.rs"]
mod heap;

mod batches;
mod budget;
mod dropped;
mod failures;
mod files;
mod parts;
mod runtime;
mod sample;
mod trial;
mod versions;
mod writer;

#[global_allocator]
static ALLOCATOR: heap::CountingAllocator = heap::CountingAllocator;
