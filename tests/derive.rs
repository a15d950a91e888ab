//! Structs are written with the macro of `parquet_derive`, whose code names the crate `parquet`: here that is this
//! crate, as it would be under a manifest's `parquet = { package = "herringbone" }`.
#![cfg(feature = "arrow")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed test is a panic"
)]

extern crate herringbone as parquet;
extern crate parquet as reader;

use std::sync::Arc;

use bytes::Bytes;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::record::RecordWriter;
use parquet_derive::ParquetRecordWriter;
use reader::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

#[derive(ParquetRecordWriter)]
struct Landing<'a> {
    boat: &'a str,
    harbour: Option<String>,
    fish: i64,
    tonnes: Option<f64>,
    crew: u8,
    insured: bool,
    mark: Vec<u8>,
}

fn landings(text: &str) -> Vec<Landing<'_>> {
    let landing = |number: u8| Landing {
        boat: text,
        harbour: (!number.is_multiple_of(3)).then(|| format!("harbour {number}")),
        fish: i64::from(number) * 1000,
        tonnes: number.is_multiple_of(2).then_some(f64::from(number) / 4.0),
        crew: number,
        insured: number.is_multiple_of(5),
        mark: vec![number; usize::from(number % 4)],
    };
    (0..100).map(landing).collect()
}

#[test]
fn derived_records_are_read_back() {
    let records = landings("Aurora");
    let slice = records.as_slice();
    let schema = slice.schema().unwrap();
    let properties = Arc::new(WriterProperties::default());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for _ in 0..2 {
        let mut row_group = writer.next_row_group().unwrap();
        slice.write_to_row_group(&mut row_group).unwrap();
        row_group.close().unwrap();
    }
    let file = Bytes::from(writer.into_inner().unwrap());

    let batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(batches.metadata().num_row_groups(), 2);
    let batches = batches.with_batch_size(1024).build().unwrap();
    let read: Vec<_> = batches.map(Result::unwrap).collect();
    let read = arrow::compute::concat_batches(&read[0].schema(), &read).unwrap();
    let rows = arrow::util::pretty::pretty_format_batches(&[read]).unwrap();
    let rows = rows.to_string();
    let lines: Vec<String> = rows
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let names = "| boat | harbour | fish | tonnes | crew | insured | mark |";
    assert_eq!(lines[1], names);
    assert_eq!(lines.len(), 4 + 200);
    assert_eq!(lines[3 + 6], "| Aurora | | 6000 | 1.5 | 6 | false | 0606 |");
    assert_eq!(
        lines[3 + 100 + 7],
        "| Aurora | harbour 7 | 7000 | | 7 | false | 070707 |"
    );
}
