//! What codecs take while they work falls under the limit, whichever codec at whichever level.

use std::sync::Arc;

use arrow::array::{ArrayRef, LargeBinaryArray, RecordBatch};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use herringbone::budget::MemoryBudget;
use herringbone::errors::ParquetError;
use herringbone::file::properties::{WriterProperties, WriterPropertiesBuilder};
use herringbone::schema::types::ColumnPath;

use super::watch::{KIB, MIB, Nowhere, assert_holds, scratch_file, watch};

/// No one needs a slow codec to be shown its memory with more than this.
const SLOW_PAGE: usize = 40 * KIB;
const PAGE: usize = 160 * KIB;

fn brotli(level: u32) -> Compression {
    Compression::BROTLI(BrotliLevel::try_new(level).unwrap())
}

fn zstd(level: i32) -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(level).unwrap())
}

/// Each with a page that takes all of its memory, or as much as there is time for.
fn every_codec() -> Vec<(Compression, usize)> {
    let gzip = |level| Compression::GZIP(GzipLevel::try_new(level).unwrap());
    let page = |slow| if slow { SLOW_PAGE } else { PAGE };
    let mut codecs = Vec::new();
    if cfg!(feature = "snap") {
        codecs.push((Compression::SNAPPY, PAGE));
    }
    if cfg!(feature = "lz4") {
        codecs.extend([(Compression::LZ4, PAGE), (Compression::LZ4_RAW, PAGE)]);
    }
    if cfg!(any(
        feature = "flate2-zlib-rs",
        feature = "flate2-rust_backend"
    )) {
        codecs.extend((0..=9).map(|level| (gzip(level), page(level > 6))));
    }
    if cfg!(feature = "brotli") {
        codecs.extend((0..=11).map(|level| (brotli(level), page(level > 9))));
    }
    if cfg!(feature = "zstd") {
        codecs.extend((1..=22).map(|level| (zstd(level), page(level > 12))));
    }
    codecs
}

/// Numbers of which there are few, which makes for many short matches.
fn value(len: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let numbers = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((state >> 33) % 4_000) as u32
    });
    numbers.flat_map(u32::to_le_bytes).take(len).collect()
}

fn batch(len: usize) -> RecordBatch {
    let column: ArrayRef = Arc::new(LargeBinaryArray::from_iter_values([value(len)]));
    RecordBatch::try_from_iter([("v", column)]).unwrap()
}

fn properties(compression: Compression) -> WriterPropertiesBuilder {
    let properties = WriterProperties::builder().set_dictionary_enabled(false);
    properties.set_compression(compression)
}

/// Writes pages of `len` bytes under `limit`; returns the most heap, and the most that the budget knew of.
fn peaks(compression: Compression, len: usize, limit: usize) -> (usize, usize) {
    let budget = MemoryBudget::new(limit);
    let options = || {
        let options = ArrowWriterOptions::new().with_properties(properties(compression).build());
        options.with_memory_budget(budget.clone())
    };
    let batch = batch(len);
    let batches = std::iter::repeat_n(batch.clone(), 2);
    let seen = watch(batch.schema(), batches, options, Some(&budget), Nowhere);
    (seen.peak, budget.peak())
}

#[test]
fn every_codec_at_every_level_works_within_the_limit() {
    const LIMIT: usize = 16 * MIB;
    for (compression, len) in every_codec() {
        let (heap, budget) = peaks(compression, len, LIMIT);
        assert!(heap <= LIMIT + 2 * MIB, "{compression}: {heap}");
        // ZSTD's own allocator shows here only.
        assert!(budget <= LIMIT, "{compression}: {budget}");
        assert!(
            heap <= budget + budget / 10,
            "{compression}: {heap}, {budget}"
        );
    }
}

#[test]
fn what_brotli_takes_is_known_at_its_full_strength_too() {
    if cfg!(feature = "brotli") {
        for level in 0..=9 {
            let (heap, budget) = peaks(brotli(level), 100 * KIB, 512 * MIB);
            assert!(heap <= budget + budget / 10, "{level}: {heap}, {budget}");
        }
    }
}

#[test]
fn a_codec_has_its_memory_while_all_else_is_short() {
    const LIMIT: usize = 4 * MIB;
    if !cfg!(feature = "brotli") {
        return;
    }
    let columns = (0..12).map(|column| {
        let numbers = value(8 * 8_192)
            .into_iter()
            .map(|byte| i64::from(byte) << column);
        let numbers: ArrayRef = Arc::new(arrow::array::Int64Array::from_iter_values(numbers));
        (format!("c{column}"), numbers)
    });
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let options = |budget: &MemoryBudget| {
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(None)
            .set_dictionary_enabled(false)
            .set_column_compression(ColumnPath::from("c0"), brotli(9))
            .set_column_compression(ColumnPath::from("c7"), brotli(2));
        let options = ArrowWriterOptions::new().with_properties(properties.build());
        options.with_memory_budget(budget.clone())
    };
    let budget = MemoryBudget::new(LIMIT);
    let (file, reader) = scratch_file();
    let batches = || std::iter::repeat_n(batch.clone(), 2);
    let limited = || options(&budget);
    let seen = watch(batch.schema(), batches(), limited, Some(&budget), file);
    println!("{} of {LIMIT}, {:?}", seen.peak, seen.pressure);
    assert!(seen.pressure.spilled_bytes > 0);
    assert!(seen.peak <= LIMIT, "{}", seen.peak);
    assert_holds(reader, batches());
}

#[test]
fn a_codec_that_cannot_keep_the_limit_is_refused_with_the_writer() {
    if cfg!(feature = "brotli") {
        let options = ArrowWriterOptions::new()
            .with_properties(properties(brotli(9)).build())
            .with_memory_limit(300 * KIB);
        let schema = batch(1).schema();
        let refused = ArrowWriter::try_new_with_options(Nowhere, schema, options);
        let error = refused.expect_err("too small a limit");
        let told = matches!(
            &error,
            ParquetError::CodecExceedsLimit { codec, needed, limit }
                if codec.contains("BROTLI") && codec.contains('9') && *needed > *limit && *limit == 300 * KIB
        );
        assert!(told, "{error}");
    }
}
