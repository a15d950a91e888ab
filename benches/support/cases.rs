//! The batches that herringbone and its peer are measured on, and one way to write them with each.

#![allow(dead_code)]

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array, Int64Builder,
    ListBuilder, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::{DataType, Field, SchemaRef};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tpchgen::generators::{LineItemGenerator, OrderGenerator};
use tpchgen_arrow::{LineItemArrow, OrderArrow};

/// Rows of a batch.
pub(crate) const BATCH_ROWS: usize = 8_192;

/// A named input.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) batches: Vec<RecordBatch>,
}

/// A codec under both crates' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Uncompressed,
    Snappy,
    Zstd1,
    Lz4Raw,
}

impl Codec {
    pub(crate) const ALL: [Codec; 4] = [
        Codec::Uncompressed,
        Codec::Snappy,
        Codec::Zstd1,
        Codec::Lz4Raw,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Codec::Uncompressed => "uncompressed",
            Codec::Snappy => "snappy",
            Codec::Zstd1 => "zstd(1)",
            Codec::Lz4Raw => "lz4_raw",
        }
    }
}

impl Case {
    pub(crate) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.batches
            .iter()
            .map(RecordBatch::get_array_memory_size)
            .sum()
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        self.batches[0].schema()
    }
}

/// Every case, with about `rows` rows where the size is free and TPC-H at `scale`.
pub(crate) fn cases(rows: usize, scale: f64) -> Vec<Case> {
    let mut cases = vec![lineitem(scale), orders(scale)];
    cases.extend(synthetic(rows));
    cases
}

pub(crate) fn lineitem(scale: f64) -> Case {
    let generator =
        LineItemArrow::new(LineItemGenerator::new(scale, 1, 1)).with_batch_size(BATCH_ROWS);
    Case {
        name: "lineitem",
        batches: generator
            .map(|batch| batch.expect("generated batches are valid"))
            .collect(),
    }
}

pub(crate) fn orders(scale: f64) -> Case {
    let generator = OrderArrow::new(OrderGenerator::new(scale, 1, 1)).with_batch_size(BATCH_ROWS);
    Case {
        name: "orders",
        batches: generator
            .map(|batch| batch.expect("generated batches are valid"))
            .collect(),
    }
}

fn synthetic(rows: usize) -> Vec<Case> {
    let mut rng = StdRng::seed_from_u64(42);
    let words: Vec<String> = (0..100)
        .map(|i| format!("word-{i:03}-{}", "x".repeat(i % 17)))
        .collect();
    let mut next = 0i64;
    vec![
        column("int64 random", rows, |n| {
            Arc::new(Int64Array::from_iter_values(
                (0..n).map(|_| rng.random::<i64>()),
            ))
        }),
        column("int64 sequential", rows, |n| {
            next += n as i64;
            Arc::new(Int64Array::from_iter_values(next - n as i64..next))
        }),
        with_rng("int32 16 values", rows, |rng, n| {
            Arc::new(Int32Array::from_iter_values(
                (0..n).map(|_| rng.random_range(0..16)),
            ))
        }),
        with_rng("int64 10k values", rows, |rng, n| {
            Arc::new(Int64Array::from_iter_values(
                (0..n).map(|_| rng.random_range(0..10_000)),
            ))
        }),
        with_rng("float64 random", rows, |rng, n| {
            Arc::new(Float64Array::from_iter_values(
                (0..n).map(|_| rng.random::<f64>()),
            ))
        }),
        with_rng("utf8 100 values", rows, |rng, n| {
            Arc::new(StringArray::from_iter_values(
                (0..n).map(|_| &words[rng.random_range(0..100)]),
            ))
        }),
        with_rng("utf8 unique", rows, |rng, n| {
            Arc::new(StringArray::from_iter_values(
                (0..n).map(|_| format!("key-{:016x}", rng.random::<u64>())),
            ))
        }),
        with_rng("bool", rows, |rng, n| {
            Arc::new(BooleanArray::from_iter(
                (0..n).map(|_| Some(rng.random::<bool>())),
            ))
        }),
        with_rng("int64 half null", rows, |rng, n| {
            Arc::new(Int64Array::from_iter(
                (0..n).map(|_| rng.random::<bool>().then(|| rng.random::<i64>())),
            ))
        }),
        with_rng("list<int64>", rows / 4, |rng, n| {
            let mut lists = ListBuilder::new(Int64Builder::new());
            for _ in 0..n {
                for _ in 0..rng.random_range(0..=8) {
                    lists.values().append_value(rng.random_range(0..1_000_000));
                }
                lists.append(true);
            }
            Arc::new(lists.finish())
        }),
        with_rng("struct<int32,utf8>", rows, |rng, n| {
            let ids: ArrayRef = Arc::new(Int32Array::from_iter_values(
                (0..n).map(|_| rng.random_range(0..1_000_000)),
            ));
            let names: ArrayRef = Arc::new(StringArray::from_iter_values(
                (0..n).map(|_| &words[rng.random_range(0..100)]),
            ));
            Arc::new(StructArray::from(vec![
                (Arc::new(Field::new("id", DataType::Int32, true)), ids),
                (Arc::new(Field::new("name", DataType::Utf8, true)), names),
            ]))
        }),
        with_rng("decimal128", rows, |rng, n| {
            let values = Decimal128Array::from_iter_values(
                (0..n).map(|_| rng.random_range(0..10_000_000_000i128)),
            );
            Arc::new(values.with_precision_and_scale(38, 2).expect("in range"))
        }),
    ]
}

fn with_rng(
    name: &'static str,
    rows: usize,
    mut array: impl FnMut(&mut StdRng, usize) -> ArrayRef,
) -> Case {
    let mut rng = StdRng::seed_from_u64(name.len() as u64 * 7919);
    column(name, rows, |n| array(&mut rng, n))
}

fn column(name: &'static str, rows: usize, mut array: impl FnMut(usize) -> ArrayRef) -> Case {
    let batches = (0..rows.div_ceil(BATCH_ROWS))
        .map(|batch| {
            let rows = BATCH_ROWS.min(rows - batch * BATCH_ROWS);
            RecordBatch::try_from_iter_with_nullable([("column", array(rows), true)])
                .expect("one column")
        })
        .collect();
    Case { name, batches }
}

/// Takes bytes, counts them, keeps none.
#[derive(Debug, Default)]
pub(crate) struct CountingSink {
    pub(crate) bytes: u64,
}

impl Write for CountingSink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.bytes += buf.len() as u64;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a case with herringbone as one row group; returns the file's size.
pub(crate) fn write_ours(case: &Case, codec: Codec) -> u64 {
    use herringbone::arrow::ArrowWriter;
    use herringbone::basic::{Compression, ZstdLevel};
    use herringbone::file::properties::WriterProperties;
    let compression = match codec {
        Codec::Uncompressed => Compression::UNCOMPRESSED,
        Codec::Snappy => Compression::SNAPPY,
        Codec::Zstd1 => Compression::ZSTD(ZstdLevel::try_new(1).expect("a valid level")),
        Codec::Lz4Raw => Compression::LZ4_RAW,
    };
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(None)
        .build();
    let mut writer = ArrowWriter::try_new(CountingSink::default(), case.schema(), Some(properties))
        .expect("a valid schema");
    for batch in &case.batches {
        writer.write(batch).expect("a valid batch");
    }
    writer.into_inner().expect("the sink does not fail").bytes
}

/// Writes a case with the `parquet` crate as one row group; returns the file's size.
pub(crate) fn write_peer(case: &Case, codec: Codec) -> u64 {
    use parquet::arrow::ArrowWriter;
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::WriterProperties;
    let compression = match codec {
        Codec::Uncompressed => Compression::UNCOMPRESSED,
        Codec::Snappy => Compression::SNAPPY,
        Codec::Zstd1 => Compression::ZSTD(ZstdLevel::try_new(1).expect("a valid level")),
        Codec::Lz4Raw => Compression::LZ4_RAW,
    };
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(None)
        .build();
    let mut writer = ArrowWriter::try_new(CountingSink::default(), case.schema(), Some(properties))
        .expect("a valid schema");
    for batch in &case.batches {
        writer.write(batch).expect("a valid batch");
    }
    writer.into_inner().expect("the sink does not fail").bytes
}
