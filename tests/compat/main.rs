//! The interface as those who depend on it use it: columns on threads, chunks from elsewhere, typed columns,
//! page writers of their own, and what is said when they err.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a failed test is a panic"
)]

mod all_types;
mod arrow_columns;
mod arrow_errors;
mod arrow_values;
mod auto_traits;
mod column_names;
mod footer;
mod page_writers;
mod read_back;
mod splice;
#[path = "../support/mod.rs"]
mod support;
mod typed;
mod typed_errors;
mod typed_levels;
