//! Files of unusual shape: nothing in them, next to nothing, a great many row groups, foreign bytes.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, NullArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema};
use herringbone::arrow::ArrowWriter;
use herringbone::file::properties::{EnabledStatistics, WriterProperties};

use crate::support::cases::{Case, Dictionary};
use crate::support::check::{check, read};
use crate::support::types::{Nesting, Nulls, batch_of_all_types, int32_batch};
use crate::support::walker::Layout;

#[test]
fn a_file_without_rows_has_no_row_group() {
    for nesting in [Nesting::Flat, Nesting::Map] {
        let batch = batch_of_all_types(nesting, Nulls::Few, 0);
        let case = Case::default();
        let layout = check(&case, &batch, &case.write(&batch));
        assert!(layout.row_groups.is_empty());
    }
}

#[test]
fn a_file_nobody_wrote_to_is_whole() {
    let batch = int32_batch(0..1);
    let mut file = Vec::new();
    let writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.close().unwrap();
    Layout::read(&file);
    assert_eq!(read(&file).num_rows(), 0);
}

#[test]
fn a_chunk_of_nulls_has_an_empty_dictionary() {
    let values: ArrayRef = Arc::new(Int32Array::from(vec![None; 100]));
    let batch = RecordBatch::try_from_iter_with_nullable([("c", values, true)]).unwrap();
    let case = Case::default();
    let layout = check(&case, &batch, &case.write(&batch));
    let dictionary = layout.row_groups[0].chunks[0].dictionary.as_ref().unwrap();
    assert_eq!(dictionary.num_values(), 0);
}

#[test]
fn columns_of_nothing_but_nulls_read_back() {
    let values: ArrayRef = Arc::new(NullArray::new(1000));
    let batch = RecordBatch::try_from_iter_with_nullable([("c", values, true)]).unwrap();
    for dictionary in [Dictionary::On, Dictionary::Off] {
        let case = Case {
            dictionary,
            ..Case::default()
        };
        check(&case, &batch, &case.write(&batch));
    }
}

#[test]
fn rows_without_columns_are_counted() {
    let options = RecordBatchOptions::new().with_row_count(Some(7));
    let batch =
        RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.write(&batch).unwrap();
    let metadata = writer.close().unwrap();
    assert_eq!(metadata.file_metadata().num_rows(), 14);
    let layout = Layout::read(&file);
    assert_eq!(layout.footer.int(3), 14);
}

#[test]
fn more_row_groups_than_sixteen_bits_number_have_no_ordinals() {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(1))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_dictionary_enabled(false)
        .build();
    let batch = int32_batch(0..33_000);
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let layout = Layout::read(&file);
    assert_eq!(layout.row_groups.len(), 33_000);
    let mut row_groups = layout.row_groups.iter();
    assert!(row_groups.all(|row_group| row_group.record.opt_int(7).is_none()));
    assert!(read(&file) == batch);
}

#[test]
fn a_row_group_may_be_full_after_each_row() {
    let properties = WriterProperties::builder()
        .set_max_row_group_bytes(Some(1))
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let batch = int32_batch(0..3000);
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
    for row in 0..3000 {
        writer.write(&batch.slice(row, 1)).unwrap();
    }
    writer.close().unwrap();
    assert_eq!(Layout::read(&file).row_groups.len(), 3000);
    assert!(read(&file) == batch);
}

#[test]
fn bytes_of_the_caller_between_row_groups_are_stepped_over() {
    let batch = int32_batch(0..100);
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.flush().unwrap();
    let before = writer.bytes_written();
    writer.write_all(b"between two row groups").unwrap();
    assert_eq!(writer.bytes_written(), before + 22);
    writer.write(&batch).unwrap();
    let metadata = writer.close().unwrap();
    let second = metadata.row_group(1).file_offset().unwrap();
    assert_eq!(second, before as i64 + 22);
    assert_eq!(read(&file).num_rows(), 200);
}

#[test]
fn a_wide_schema_reads_back() {
    let columns = (0..1000).map(|i| {
        let array: ArrayRef = Arc::new(Int32Array::from_iter_values(i..i + 20));
        let field = Field::new(format!("c{i}"), DataType::Int32, i % 2 == 0);
        (field, array)
    });
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.unzip();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let case = Case {
        row_group: Some(7),
        ..Case::default()
    };
    check(&case, &batch, &case.write(&batch));
}
