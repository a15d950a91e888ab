//! Whole files of nested columns, read back by another reader.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, FieldRef, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use proptest::prelude::*;

use super::arrays::{self, Options};
use super::shredder::shred;
use crate::arrow::arrow_writer::ArrowWriter;

/// Writes both parts of `batch` into one file and reads that as one batch.
fn read_back(batch: &RecordBatch, cut: usize, options: ArrowReaderOptions) -> Option<RecordBatch> {
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch.slice(0, cut)).unwrap();
    let rest = batch.num_rows() - cut;
    writer.write(&batch.slice(cut, rest)).unwrap();
    writer.close().unwrap();
    let reader =
        ParquetRecordBatchReaderBuilder::try_new_with_options(Bytes::from(file), options).unwrap();
    let mut batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    assert!(batches.len() <= 1);
    batches.pop()
}

/// The field without dictionaries and run-end encoding: readers know few of their combinations.
fn plain(field: &FieldRef) -> FieldRef {
    let (data_type, nullable) = match field.data_type() {
        DataType::Dictionary(_, values) => {
            let values = plain(&Arc::new(Field::new("", DataType::clone(values), false)));
            (values.data_type().clone(), values.is_nullable())
        }
        DataType::RunEndEncoded(_, values) => {
            let values = plain(values);
            (values.data_type().clone(), values.is_nullable())
        }
        DataType::Struct(fields) => (DataType::Struct(fields.iter().map(plain).collect()), false),
        DataType::List(item) => (DataType::List(plain(item)), false),
        DataType::LargeList(item) => (DataType::LargeList(plain(item)), false),
        DataType::ListView(item) => (DataType::ListView(plain(item)), false),
        DataType::LargeListView(item) => (DataType::LargeListView(plain(item)), false),
        DataType::FixedSizeList(item, size) => (DataType::FixedSizeList(plain(item), *size), false),
        DataType::Map(entries, sorted) => (DataType::Map(plain(entries), *sorted), false),
        other => (other.clone(), false),
    };
    Arc::new(Field::new(
        field.name(),
        data_type,
        nullable || field.is_nullable(),
    ))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nested_columns_read_back_as_they_were(
        batch in arrays::batches(Options::plain()),
        cut in any::<prop::sample::Index>(),
    ) {
        let cut = cut.index(batch.num_rows() + 1);
        match read_back(&batch, cut, ArrowReaderOptions::new()) {
            None => prop_assert_eq!(batch.num_rows(), 0),
            Some(found) => prop_assert_eq!(found, batch),
        }
    }

    #[test]
    fn encoded_columns_read_back_with_the_same_values(
        batch in arrays::batches(Options::everything()),
        cut in any::<prop::sample::Index>(),
    ) {
        let cut = cut.index(batch.num_rows() + 1);
        let schema = batch.schema();
        let plain: Vec<_> = schema.fields().iter().map(plain).collect();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(plain)));
        let Some(found) = read_back(&batch, cut, options) else {
            prop_assert_eq!(batch.num_rows(), 0);
            return Ok(());
        };
        for (field, (found, written)) in schema.fields().iter().zip(found.columns().iter().zip(batch.columns())) {
            for (found, written) in shred(field, found).iter().zip(&shred(field, written)) {
                prop_assert_eq!(&found.def, &written.def);
                prop_assert_eq!(&found.rep, &written.rep);
                prop_assert_eq!(&found.values, &written.values);
            }
        }
    }
}
