//! Batches of any shape, written with any options and in any memory, read back as they were with the `parquet`
//! crate.
#![no_main]

use std::sync::Arc;

use arbitrary::Arbitrary;
use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Float64Array, Int32Array,
    Int64Array, ListArray, RecordBatch, StringArray, StringViewArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int16Type, Int32Type};
use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::basic::{Compression, ZstdLevel};
use herringbone::file::properties::{WriterProperties, WriterVersion};
use libfuzzer_sys::fuzz_target;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

#[derive(Debug, Arbitrary)]
struct Input {
    columns: Vec<Column>,
    /// Where batches end, in rows.
    cuts: Vec<u8>,
    options: Options,
}

#[derive(Debug, Arbitrary)]
enum Column {
    Booleans(Vec<Option<bool>>),
    Ints(Vec<Option<i32>>),
    Longs(Vec<i64>),
    Doubles(Vec<Option<f64>>),
    Texts(Vec<Option<String>>),
    Views(Vec<Option<String>>),
    Words(Vec<Option<u8>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Lists(Vec<Option<Vec<Option<i32>>>>),
}

#[derive(Debug, Arbitrary)]
struct Options {
    second_layout: bool,
    has_dictionary: bool,
    codec: Codec,
    page_bytes: u16,
    page_rows: u8,
    row_group_rows: u8,
    /// In KiB.
    limit: Option<u16>,
}

#[derive(Debug, Arbitrary)]
enum Codec {
    Uncompressed,
    Snappy,
    Zstd,
}

fuzz_target!(|input: Input| {
    let Some(whole) = batch(&input.columns) else {
        return;
    };
    let mut file = Vec::new();
    let mut writer =
        ArrowWriter::try_new_with_options(&mut file, whole.schema(), options(&input.options))
            .expect("good options");
    let mut from = 0;
    for cut in &input.cuts {
        let rows = usize::from(*cut).min(whole.num_rows() - from);
        writer
            .write(&whole.slice(from, rows))
            .expect("a good batch");
        from += rows;
    }
    writer
        .write(&whole.slice(from, whole.num_rows() - from))
        .expect("a good batch");
    writer.close().expect("a good file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file))
        .expect("a file that others can open")
        .build()
        .expect("a file that others can read");
    let batches: Vec<_> = reader.map(|batch| batch.expect("a batch")).collect();
    let back = concat_batches(&whole.schema(), &batches).expect("one schema");
    assert_eq!(whole, back);
});

/// All columns, as long as the shortest.
fn batch(columns: &[Column]) -> Option<RecordBatch> {
    let arrays: Vec<ArrayRef> = columns.iter().map(array).collect();
    let rows = arrays.iter().map(|array| array.len()).min()?;
    let named = arrays.iter().enumerate();
    let columns = named.map(|(at, array)| (format!("c{at}"), array.slice(0, rows), true));
    RecordBatch::try_from_iter_with_nullable(columns).ok()
}

fn array(column: &Column) -> ArrayRef {
    match column {
        Column::Booleans(values) => Arc::new(BooleanArray::from(values.clone())),
        Column::Ints(values) => Arc::new(Int32Array::from(values.clone())),
        Column::Longs(values) => Arc::new(Int64Array::from(values.clone())),
        Column::Doubles(values) => Arc::new(Float64Array::from(values.clone())),
        Column::Texts(values) => Arc::new(values.iter().cloned().collect::<StringArray>()),
        Column::Views(values) => Arc::new(values.iter().cloned().collect::<StringViewArray>()),
        Column::Words(values) => {
            let words = values.iter().map(|word| word.map(|word| word.to_string()));
            let words: Vec<Option<String>> = words.collect();
            let words = words.iter().map(Option::as_deref);
            Arc::new(words.collect::<DictionaryArray<Int16Type>>())
        }
        Column::Bytes(values) => {
            Arc::new(values.iter().map(Option::as_deref).collect::<BinaryArray>())
        }
        Column::Lists(values) => Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(
            values.iter().cloned(),
        )),
    }
}

fn options(options: &Options) -> ArrowWriterOptions {
    let version = match options.second_layout {
        true => WriterVersion::PARQUET_2_0,
        false => WriterVersion::PARQUET_1_0,
    };
    let codec = match options.codec {
        Codec::Uncompressed => Compression::UNCOMPRESSED,
        Codec::Snappy => Compression::SNAPPY,
        Codec::Zstd => Compression::ZSTD(ZstdLevel::default()),
    };
    let properties = WriterProperties::builder()
        .set_writer_version(version)
        .set_compression(codec)
        .set_dictionary_enabled(options.has_dictionary)
        .set_data_page_size_limit(usize::from(options.page_bytes).max(1))
        .set_data_page_row_count_limit(usize::from(options.page_rows).max(1))
        .set_max_row_group_row_count(Some(usize::from(options.row_group_rows).max(1)))
        .build();
    let writing = ArrowWriterOptions::new().with_properties(properties);
    match options.limit {
        Some(kibibytes) => writing.with_memory_limit(usize::from(kibibytes).max(1) << 10),
        None => writing,
    }
}
