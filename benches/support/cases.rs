//! The batches that herringbone and its peer are measured on, and one way to write them with each.

#![allow(dead_code)]

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int32Array, Int64Array,
    Int64Builder, LargeStringArray, ListArray, ListBuilder, RecordBatch, StringArray,
    StringViewArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
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
    pub(crate) options: Options,
}

/// What a case asks of its writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Options {
    Default,
    SecondPageLayout,
    NoDictionary,
}

/// A codec under both crates' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Uncompressed,
    Snappy,
    Zstd1,
    Zstd3,
    Lz4Raw,
}

impl Codec {
    pub(crate) const ALL: [Codec; 4] = [
        Codec::Uncompressed,
        Codec::Snappy,
        Codec::Zstd1,
        Codec::Lz4Raw,
    ];

    /// Those that threads are compared with.
    pub(crate) const FOR_THREADS: [Codec; 3] = [Codec::Uncompressed, Codec::Snappy, Codec::Zstd3];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Codec::Uncompressed => "uncompressed",
            Codec::Snappy => "snappy",
            Codec::Zstd1 => "zstd(1)",
            Codec::Zstd3 => "zstd(3)",
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

/// A case that has a name and no batches yet: none are generated that are not measured.
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    options: Options,
    make: Box<dyn Fn() -> Vec<RecordBatch>>,
}

impl Recipe {
    fn new(name: &'static str, make: impl Fn() -> Vec<RecordBatch> + 'static) -> Self {
        Self {
            name,
            options: Options::Default,
            make: Box::new(make),
        }
    }

    fn with(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// Generates the batches, the same ones each time.
    pub(crate) fn case(&self) -> Case {
        Case {
            name: self.name,
            batches: (self.make)(),
            options: self.options,
        }
    }
}

/// Every case, with about `rows` rows where the size is free and TPC-H at `scale`.
pub(crate) fn recipes(rows: usize, scale: f64) -> Vec<Recipe> {
    let mut recipes = vec![
        Recipe::new("lineitem", move || lineitem(scale)),
        Recipe::new("lineitem v2 pages", move || lineitem(scale)).with(Options::SecondPageLayout),
        Recipe::new("lineitem no dictionary", move || lineitem(scale)).with(Options::NoDictionary),
        Recipe::new("lineitem 1-row batches", || small_batches(1)),
        Recipe::new("lineitem 100-row batches", || small_batches(100)),
        Recipe::new("orders", move || orders(scale)),
    ];
    recipes.extend(synthetic(rows));
    recipes
}

fn lineitem(scale: f64) -> Vec<RecordBatch> {
    LineItemArrow::new(LineItemGenerator::new(scale, 1, 1))
        .with_batch_size(BATCH_ROWS)
        .collect::<Result<_, _>>()
        .expect("generated batches are valid")
}

/// The first 100,000 rows of lineitem, `rows` at a time.
fn small_batches(rows: usize) -> Vec<RecordBatch> {
    let mut left = 100_000;
    let mut small = Vec::with_capacity(left / rows);
    for batch in lineitem(0.02) {
        let end = batch.num_rows().min(left);
        left -= end;
        small.extend(
            (0..end)
                .step_by(rows)
                .map(|from| batch.slice(from, rows.min(end - from))),
        );
    }
    small
}

fn orders(scale: f64) -> Vec<RecordBatch> {
    OrderArrow::new(OrderGenerator::new(scale, 1, 1))
        .with_batch_size(BATCH_ROWS)
        .collect::<Result<_, _>>()
        .expect("generated batches are valid")
}

fn synthetic(rows: usize) -> Vec<Recipe> {
    vec![
        column("int64 random", rows, |rng, n| {
            Arc::new(Int64Array::from_iter_values(
                (0..n).map(|_| rng.random::<i64>()),
            ))
        }),
        Recipe::new("int64 sequential", move || {
            let mut next = 0;
            batches(rows, |n| {
                next += n as i64;
                Arc::new(Int64Array::from_iter_values(next - n as i64..next))
            })
        }),
        column("int32 16 values", rows, |rng, n| {
            Arc::new(Int32Array::from_iter_values(
                (0..n).map(|_| rng.random_range(0..16)),
            ))
        }),
        column("int64 10k values", rows, |rng, n| {
            Arc::new(Int64Array::from_iter_values(
                (0..n).map(|_| rng.random_range(0..10_000)),
            ))
        }),
        column("float64 random", rows, |rng, n| {
            Arc::new(Float64Array::from_iter_values(
                (0..n).map(|_| rng.random::<f64>()),
            ))
        }),
        column("utf8 100 values", rows, |rng, n| {
            let words = words();
            Arc::new(StringArray::from_iter_values(
                (0..n).map(|_| &words[rng.random_range(0..100)]),
            ))
        }),
        column("utf8 unique", rows, |rng, n| {
            Arc::new(StringArray::from_iter_values(
                (0..n).map(|_| format!("key-{:016x}", rng.random::<u64>())),
            ))
        }),
        column("large_utf8 urls", rows, |rng, n| {
            Arc::new(LargeStringArray::from_iter_values((0..n).map(|_| url(rng))))
        }),
        column("bool", rows, |rng, n| {
            Arc::new(BooleanArray::from_iter(
                (0..n).map(|_| Some(rng.random::<bool>())),
            ))
        }),
        column("int64 half null", rows, |rng, n| {
            Arc::new(Int64Array::from_iter(
                (0..n).map(|_| rng.random::<bool>().then(|| rng.random::<i64>())),
            ))
        }),
        column("list<int64>", rows / 4, |rng, n| {
            let mut lists = ListBuilder::new(Int64Builder::new());
            for _ in 0..n {
                for _ in 0..rng.random_range(0..=8) {
                    lists.values().append_value(rng.random_range(0..1_000_000));
                }
                lists.append(true);
            }
            Arc::new(lists.finish())
        }),
        column("list<struct<utf8, utf8_view>>", rows / 2, |rng, n| {
            let lens: Vec<usize> = (0..n).map(|_| rng.random_range(0..=3)).collect();
            let elements: usize = lens.iter().sum();
            let names = (0..elements).map(|_| format!("{:x}", rng.random::<u32>()));
            let names: ArrayRef = Arc::new(StringArray::from_iter_values(names));
            let words = words();
            let notes = (0..elements).map(|_| &words[rng.random_range(0..100)]);
            let notes: ArrayRef = Arc::new(StringViewArray::from_iter_values(notes));
            let structs = StructArray::from(vec![
                (Arc::new(Field::new("name", DataType::Utf8, true)), names),
                (
                    Arc::new(Field::new("note", DataType::Utf8View, true)),
                    notes,
                ),
            ]);
            let item = Arc::new(Field::new("item", structs.data_type().clone(), true));
            let offsets = OffsetBuffer::from_lengths(lens);
            Arc::new(ListArray::new(item, offsets, Arc::new(structs), None))
        }),
        column("struct<int32,utf8>", rows, |rng, n| {
            let words = words();
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
        column("decimal128", rows, |rng, n| {
            let values = Decimal128Array::from_iter_values(
                (0..n).map(|_| rng.random_range(0..10_000_000_000i128)),
            );
            Arc::new(values.with_precision_and_scale(38, 2).expect("in range"))
        }),
        column("decimal(15,2)", rows, |rng, n| {
            let values = Decimal128Array::from_iter_values(
                (0..n).map(|_| rng.random_range(0..1_000_000_000_000_000i128)),
            );
            Arc::new(values.with_precision_and_scale(15, 2).expect("in range"))
        }),
        wide("wide 400 columns", 400, rows / 40, BATCH_ROWS),
        wide("wide 2000 columns", 2_000, rows / 200, BATCH_ROWS),
        wide("1000 columns x 256 rows", 1_000, 32 * 256, 256),
        wide("5000 columns x 256 rows", 5_000, 32 * 256, 256),
        wide("10000 columns x 32 rows", 10_000, 32 * 32, 32),
    ]
}

fn words() -> Vec<String> {
    (0..100)
        .map(|i| format!("word-{i:03}-{}", "x".repeat(i % 17)))
        .collect()
}

/// An address of 20 to 80 bytes; hardly any comes twice.
fn url(rng: &mut StdRng) -> String {
    let mut url = format!("https://www.example-{}.org/", rng.random_range(0..1_000));
    let len = rng.random_range(url.len()..=80);
    while url.len() < len {
        url.push(char::from(b'a' + rng.random_range(0..26u8)));
    }
    url
}

/// One column of random values.
fn column(
    name: &'static str,
    rows: usize,
    array: impl Fn(&mut StdRng, usize) -> ArrayRef + 'static,
) -> Recipe {
    Recipe::new(name, move || {
        let mut rng = StdRng::seed_from_u64(name.len() as u64 * 7919);
        batches(rows, |n| array(&mut rng, n))
    })
}

/// Many columns of few bytes: every fourth one of strings, every fourth one of mostly nulls.
fn wide(name: &'static str, columns: usize, rows: usize, batch_rows: usize) -> Recipe {
    Recipe::new(name, move || {
        let mut rng = StdRng::seed_from_u64(columns as u64);
        let words = words();
        let mut array = |column: usize, n: usize| -> ArrayRef {
            match column % 4 {
                0 => Arc::new(Int64Array::from_iter_values(
                    (0..n).map(|_| rng.random_range(0..1_000)),
                )),
                1 => Arc::new(StringArray::from_iter_values(
                    (0..n).map(|_| &words[rng.random_range(0..100)]),
                )),
                2 => Arc::new(Float64Array::from_iter_values(
                    (0..n).map(|_| rng.random::<f64>()),
                )),
                _ => Arc::new(Int32Array::from_iter(
                    (0..n).map(|_| rng.random_bool(0.1).then(|| rng.random_range(0..100))),
                )),
            }
        };
        lens(rows, batch_rows)
            .map(|n| {
                let columns =
                    (0..columns).map(|column| (format!("c{column}"), array(column, n), true));
                RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
            })
            .collect()
    })
}

fn batches(rows: usize, mut array: impl FnMut(usize) -> ArrayRef) -> Vec<RecordBatch> {
    lens(rows, BATCH_ROWS)
        .map(|n| {
            RecordBatch::try_from_iter_with_nullable([("column", array(n), true)])
                .expect("one column")
        })
        .collect()
}

/// Rows of each batch.
fn lens(rows: usize, batch_rows: usize) -> impl Iterator<Item = usize> {
    (0..rows)
        .step_by(batch_rows)
        .map(move |from| batch_rows.min(rows - from))
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
    use herringbone::arrow::arrow_writer::ArrowWriterOptions;
    write_ours_with(case, codec, ArrowWriterOptions::new())
}

/// As [`write_ours`], with other options than the properties.
pub(crate) fn write_ours_with(
    case: &Case,
    codec: Codec,
    options: herringbone::arrow::arrow_writer::ArrowWriterOptions,
) -> u64 {
    use herringbone::arrow::ArrowWriter;
    let options = options.with_properties(our_properties(case, codec));
    let sink = CountingSink::default();
    let mut writer =
        ArrowWriter::try_new_with_options(sink, case.schema(), options).expect("a valid schema");
    for batch in &case.batches {
        writer.write(batch).expect("a valid batch");
    }
    writer.into_inner().expect("the sink does not fail").bytes
}

/// The properties of a case in herringbone.
pub(crate) fn our_properties(
    case: &Case,
    codec: Codec,
) -> herringbone::file::properties::WriterProperties {
    use herringbone::basic::{Compression, ZstdLevel};
    use herringbone::file::properties::{WriterProperties, WriterVersion};
    let compression = match codec {
        Codec::Uncompressed => Compression::UNCOMPRESSED,
        Codec::Snappy => Compression::SNAPPY,
        Codec::Zstd1 => Compression::ZSTD(ZstdLevel::try_new(1).expect("a valid level")),
        Codec::Zstd3 => Compression::ZSTD(ZstdLevel::try_new(3).expect("a valid level")),
        Codec::Lz4Raw => Compression::LZ4_RAW,
    };
    let version = match case.options {
        Options::SecondPageLayout => WriterVersion::PARQUET_2_0,
        Options::Default | Options::NoDictionary => WriterVersion::PARQUET_1_0,
    };
    WriterProperties::builder()
        .set_compression(compression)
        .set_writer_version(version)
        .set_dictionary_enabled(case.options != Options::NoDictionary)
        .set_max_row_group_row_count(None)
        .build()
}

/// Writes a case with the `parquet` crate as one row group; returns the file's size.
pub(crate) fn write_peer(case: &Case, codec: Codec) -> u64 {
    use parquet::arrow::ArrowWriter;
    let properties = peer_properties(case, codec);
    let mut writer = ArrowWriter::try_new(CountingSink::default(), case.schema(), Some(properties))
        .expect("a valid schema");
    for batch in &case.batches {
        writer.write(batch).expect("a valid batch");
    }
    writer.into_inner().expect("the sink does not fail").bytes
}

/// The properties of a case in `parquet`.
pub(crate) fn peer_properties(
    case: &Case,
    codec: Codec,
) -> parquet::file::properties::WriterProperties {
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::{WriterProperties, WriterVersion};
    let compression = match codec {
        Codec::Uncompressed => Compression::UNCOMPRESSED,
        Codec::Snappy => Compression::SNAPPY,
        Codec::Zstd1 => Compression::ZSTD(ZstdLevel::try_new(1).expect("a valid level")),
        Codec::Zstd3 => Compression::ZSTD(ZstdLevel::try_new(3).expect("a valid level")),
        Codec::Lz4Raw => Compression::LZ4_RAW,
    };
    let version = match case.options {
        Options::SecondPageLayout => WriterVersion::PARQUET_2_0,
        Options::Default | Options::NoDictionary => WriterVersion::PARQUET_1_0,
    };
    WriterProperties::builder()
        .set_compression(compression)
        .set_writer_version(version)
        .set_dictionary_enabled(case.options != Options::NoDictionary)
        .set_max_row_group_row_count(None)
        .build()
}
