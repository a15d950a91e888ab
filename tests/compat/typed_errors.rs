//! What the column-at-a-time writers refuse, in the words that callers match.

use std::sync::Arc;

use herringbone::basic::Encoding;
use herringbone::data_type::{Int32Type, Int64Type};
use herringbone::errors::Result;
use herringbone::file::properties::WriterProperties;
use herringbone::file::writer::{
    SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter, TrackedWrite,
};
use herringbone::schema::types::SchemaDescriptor;

use crate::typed::schema;

fn assert_says<T: std::fmt::Debug>(result: Result<T>, message: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

/// Hands the writer of a column of INT32 to `test`.
fn with_column(column: &str, test: impl FnOnce(&mut SerializedColumnWriter<'_>)) {
    let schema = schema(&format!("message m {{ {column} }}"));
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    let mut column = row_group.next_column().unwrap().unwrap();
    test(&mut column);
}

#[test]
fn levels_must_be_there_and_agree() {
    let repeated = "REPEATED INT32 c;";
    with_column(repeated, |column| {
        let typed = column.typed::<Int32Type>();
        assert_says(
            typed.write_batch(&[1, 2], Some(&[1, 1]), Some(&[0])),
            "Inconsistent length of definition and repetition levels: 2 != 1",
        );
    });
    with_column(repeated, |column| {
        let typed = column.typed::<Int32Type>();
        assert_says(
            typed.write_batch(&[1], None, Some(&[0])),
            "Definition levels are required, because max definition level = 1",
        );
    });
    with_column(repeated, |column| {
        let typed = column.typed::<Int32Type>();
        assert_says(
            typed.write_batch(&[1], Some(&[1]), None),
            "Repetition levels are required, because max repetition level = 1",
        );
    });
    with_column(repeated, |column| {
        let typed = column.typed::<Int32Type>();
        assert_says(
            typed.write_batch(&[1], Some(&[1]), Some(&[1])),
            "Write must start at a record boundary, got non-zero repetition level of 1",
        );
    });
}

#[test]
fn values_must_be_as_many_as_the_levels_say() {
    with_column("OPTIONAL INT32 c;", |column| {
        let typed = column.typed::<Int32Type>();
        assert_says(
            typed.write_batch(&[1, 2], Some(&[1, 1, 0, 1]), None),
            "Expected to write 3 values, but have only 2",
        );
    });
}

#[test]
fn more_values_than_the_levels_say_are_left_alone() {
    with_column("OPTIONAL INT32 c;", |column| {
        let typed = column.typed::<Int32Type>();
        let taken = typed.write_batch(&[1, 2, 3], Some(&[1, 0, 1]), None);
        assert_eq!(taken.unwrap(), 2);
    });
}

#[test]
fn columns_of_a_row_group_have_the_same_rows() {
    let schema = schema("message m { REQUIRED INT32 a; REQUIRED INT64 b; }");
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    let mut column = row_group.next_column().unwrap().unwrap();
    let typed = column.typed::<Int32Type>();
    typed.write_batch(&[1, 2, 3], None, None).unwrap();
    column.close().unwrap();
    let mut column = row_group.next_column().unwrap().unwrap();
    let typed = column.typed::<Int64Type>();
    typed.write_batch(&[1, 2], None, None).unwrap();
    assert_says(
        column.close(),
        "Incorrect number of rows, expected 3 != 2 rows",
    );
}

#[test]
fn a_column_is_closed_before_the_next() {
    let schema = schema("message m { REQUIRED INT32 a; REQUIRED INT64 b; }");
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let mut row_group = writer.next_row_group().unwrap();
    drop(row_group.next_column().unwrap());
    let message = "Previous column writer was not closed";
    assert_says(row_group.next_column().map(|_| ()), message);
    assert_says(row_group.close(), message);
}

#[test]
fn a_row_group_needs_all_its_columns() {
    let schema = schema("message m { REQUIRED INT32 a; }");
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    let row_group = writer.next_row_group().unwrap();
    assert_says(row_group.close(), "Column length mismatch: 1 != 0");
}

#[test]
fn a_row_group_is_closed_before_the_next_and_before_the_end() {
    let schema = schema("message m { REQUIRED INT32 a; }");
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    drop(writer.next_row_group().unwrap());
    let message = "Previous row group writer was not closed";
    assert_says(writer.next_row_group().map(|_| ()), message);
    assert_says(writer.finish(), message);
    assert_says(writer.close(), message);
}

#[test]
fn a_finished_file_takes_no_row_group() {
    let schema = schema("message m { REQUIRED INT32 a; }");
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    writer.finish().unwrap();
    let message = "SerializedFileWriter already finished";
    assert_says(writer.next_row_group().map(|_| ()), message);
    assert_says(writer.finish(), message);
    let file = writer.into_inner().unwrap();
    assert_eq!(&file[file.len() - 4..], b"PAR1");
}

/// Nothing was begun, so that no column is missing its end.
#[test]
fn a_row_group_that_stands_alone_says_again_what_its_properties_lack() {
    let descr = Arc::new(SchemaDescriptor::new(schema(
        "message m { REQUIRED INT64 c; }",
    )));
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BYTE_ARRAY);
    let mut sink = TrackedWrite::new(Vec::new());
    let properties = Arc::new(properties.build());
    let mut group = SerializedRowGroupWriter::new(descr, properties, &mut sink, 0, None);
    for _ in 0..2 {
        let error = group.next_column().map(drop).unwrap_err().to_string();
        assert!(error.contains("DELTA_BYTE_ARRAY"), "{error}");
    }
}
