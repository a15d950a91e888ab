//! What writers hold on the heap, against what they say and what they promise. A binary of its own: it
//! counts every allocation. With `--nocapture` each claim prints what was measured.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic"
)]

#[path = "support/heap.rs"]
mod heap;
#[path = "support/tables.rs"]
mod tables;

mod memory {
    mod accounting;
    mod bounds;
    mod codecs;
    mod data;
    mod dictionaries;
    mod filters;
    mod idle;
    mod kinds;
    mod large;
    mod ledgers;
    mod limits;
    mod pressure;
    mod release;
    mod repeats;
    mod row_groups;
    mod shapes;
    mod shared;
    mod source;
    mod spill;
    mod threads;
    mod typed;
    mod watch;
}

#[global_allocator]
static ALLOCATOR: heap::CountingAllocator = heap::CountingAllocator;
