//! Herringbone writes Parquet files with memory that does not grow with the row group.
//!
//! Parquet keeps each column of a row group in one contiguous chunk, while record batches arrive
//! with all columns interleaved. Herringbone moves every finished page into a
//! [`PageStore`](column::page_store::PageStore) at once and streams the chunks back, one page at
//! a time, when the row group ends.
#![cfg_attr(
    not(feature = "arrow"),
    expect(
        dead_code,
        unused_imports,
        reason = "page stores, memory limits and lent values serve the Arrow writer"
    )
)]
#![cfg_attr(
    test,
    allow(
        clippy::cast_possible_truncation,
        reason = "tests make small numbers of large ones"
    )
)]

pub mod basic;
pub mod bloom_filter;
pub mod budget;
pub mod column;
mod compression;
pub mod data_type;
mod encodings;
pub mod errors;
pub mod file;
mod latch;
pub mod schema;
mod wire;

#[cfg(feature = "arrow")]
pub mod arrow;
