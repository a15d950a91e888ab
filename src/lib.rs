//! Herringbone writes Parquet files with memory that does not grow with the row group.
//!
//! Parquet keeps each column of a row group in one contiguous chunk, while record batches arrive
//! with all columns interleaved. Herringbone moves every finished page into a
//! [`PageStore`](column::page_store::PageStore) at once and streams the chunks back, one page at
//! a time, when the row group ends. What stays in memory is paid for from a
//! [`MemoryBudget`](budget::MemoryBudget), and a writer with a limit keeps to it.
//!
#![cfg_attr(
    feature = "arrow",
    doc = r#"
```
use arrow_array::record_batch;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;

let batch = record_batch!(("boat", Utf8, ["Aurora", "Freyja"]), ("tonnes", Float64, [12.5, 7.25]))?;
let options = ArrowWriterOptions::new().with_memory_limit(64 << 20);
let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options)?;
writer.write(&batch)?;
let file: Vec<u8> = writer.into_inner()?;
# assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
# Ok::<(), Box<dyn std::error::Error>>(())
```
"#
)]
//!
//! # Where to look
//!
//! | for | look into |
//! |---|---|
//! | writing record batches | `arrow::ArrowWriter`, and its options in `arrow::arrow_writer` |
//! | writing to sinks that asynchronous code waits for | `arrow::async_writer` |
//! | encodings, codecs, page sizes, statistics | [`file::properties`] |
//! | a memory limit, for one writer or many | [`budget`] |
//! | where pages wait, and a store of one's own | [`column::page_store`] |
//! | encoding columns on threads of one's own | `arrow::arrow_writer` |
//! | batches of another version of arrow | `arrow::c_data` |
//! | writing physical values, column by column | [`file::writer`], [`column::writer`] |
//! | writing structs with `parquet_derive` | [`record`] |
//! | Parquet schemas, as objects and as text | [`schema`] |
//! | what the footer says | [`file::metadata`] |
//!
//! Paths, names and defaults are those of the `parquet` crate, version 60.
//!
//! # Layers
//!
//! Imports run downward only, and a test holds that.
//!
//! | layer | modules | knows |
//! |---|---|---|
//! | 8 | `object_store` | requests to object stores |
//! | 7 | `arrow` | Arrow arrays and schemas |
//! | 6 | `file::{reader, writer}`, `record` | the sink |
//! | 5 | `column` | pages, levels, values |
//! | 4 | `file::{statistics, page_index, properties, metadata}`, `wire` | descriptions, and their bytes |
//! | 3 | `encodings`, `compression`, `bloom_filter` | bytes of values; never one another |
//! | 2 | `schema`, `data_type` | types, values and levels |
//! | 1 | `basic`, `wire::compact` | the format's enums, the Thrift compact protocol |
//! | 0 | `errors`, `latch`, `budget`, `utf8` | nothing |
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
mod meta;
pub mod record;
pub mod schema;
pub mod utf8;
mod wire;

#[cfg(feature = "arrow")]
pub mod arrow;
#[cfg(any(feature = "object_store_13", feature = "object_store_14"))]
pub mod object_store;

/// Compiles the examples of the README.
#[cfg(all(doctest, feature = "arrow"))]
#[doc = include_str!("../README.md")]
struct Readme;
