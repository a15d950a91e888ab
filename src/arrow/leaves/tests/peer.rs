//! The levels of another writer, read back from its file through its column readers.

use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::column::reader::ColumnReader;
use parquet::file::reader::{FileReader, SerializedFileReader};
use proptest::prelude::*;

use super::arrays::{self, Options};
use super::{def, rep, walk};

/// Levels of one leaf, and how many values are present.
#[derive(Debug, PartialEq)]
struct Column {
    def: Vec<i16>,
    rep: Vec<i16>,
    values: usize,
    max_def: i16,
}

fn write(batch: &RecordBatch) -> Vec<Column> {
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    let file = SerializedFileReader::new(Bytes::from(file)).unwrap();
    let rows = file.get_row_group(0).unwrap();
    let schema = file.metadata().file_metadata().schema_descr();
    let columns = (0..rows.num_columns()).map(|i| Column {
        max_def: schema.column(i).max_def_level(),
        ..read(rows.get_column_reader(i).unwrap(), batch.num_rows())
    });
    columns.collect()
}

fn read(reader: ColumnReader, rows: usize) -> Column {
    let mut column = Column {
        def: vec![],
        rep: vec![],
        values: 0,
        max_def: 0,
    };
    macro_rules! read {
        ($($kind:ident),*) => {
            match reader {
                $(ColumnReader::$kind(mut reader) => {
                    let mut values = Vec::new();
                    let mut left = rows;
                    while left > 0 {
                        let (def, rep) = (Some(&mut column.def), Some(&mut column.rep));
                        let (records, _, _) = reader.read_records(left, def, rep, &mut values).unwrap();
                        assert!(records > 0);
                        left -= records;
                    }
                    column.values = values.len();
                })*
            }
        };
    }
    read!(
        BoolColumnReader,
        Int32ColumnReader,
        Int64ColumnReader,
        Int96ColumnReader,
        FloatColumnReader,
        DoubleColumnReader,
        ByteArrayColumnReader,
        FixedLenByteArrayColumnReader
    );
    column
}

/// Without what the other writer cannot resolve.
fn options() -> Options {
    Options {
        encoded_nested: false,
        ..Options::everything()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn levels_are_those_of_another_writer((field, array) in arrays::columns(options())) {
        prop_assume!(!array.is_empty());
        let schema = Arc::new(arrow_schema::Schema::new(vec![Arc::clone(&field)]));
        let expected = write(&RecordBatch::try_new(schema, vec![Arc::clone(&array)]).unwrap());
        let leaves = walk(&field, &array);
        prop_assert_eq!(leaves.len(), expected.len());
        for (leaf, expected) in leaves.iter().zip(&expected) {
            // A column without levels of a kind has none of them in the file.
            if expected.max_def > 0 {
                prop_assert_eq!(&def(leaf), &expected.def);
                prop_assert_eq!(leaf.def.as_levels().count(expected.max_def), expected.values);
            }
            if expected.rep.is_empty() {
                prop_assert_eq!(leaf.rep.as_levels().count(0), leaf.slots);
            } else {
                prop_assert_eq!(&rep(leaf), &expected.rep);
            }
            prop_assert_eq!(leaf.selection.len(), expected.values);
        }
    }
}
