//! Batches that come by the C data interface are those that were sent.

use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::{Array, Int32Array, RecordBatch, RecordBatchOptions, StructArray};
use arrow_schema::{DataType, Field, Schema};
use herringbone::arrow::c_data::Importer;
use herringbone::errors::{ParquetError, Result};
use proptest::prelude::*;

use crate::support::arrays::{Options, batches};

fn importer(schema: &Schema) -> Result<Importer> {
    let mut schema = FFI_ArrowSchema::try_from(schema).unwrap();
    // SAFETY: it is a schema of the interface that nobody else reads.
    unsafe { Importer::try_new((&raw mut schema).cast()) }
}

fn import(importer: &Importer, rows: &StructArray) -> Result<RecordBatch> {
    let mut array = FFI_ArrowArray::new(&rows.to_data());
    // SAFETY: it is an array of the interface that nobody else reads, exported as it has to be.
    let batch = unsafe { importer.import((&raw mut array).cast()) };
    assert!(array.is_released(), "the structure was moved from");
    batch
}

proptest! {
    #[test]
    fn any_batch_and_any_stretch_of_it_arrives(batch in batches(Options::everything()), cut in 0.0..1.0f64) {
        let importer = importer(&batch.schema()).unwrap();
        prop_assert_eq!(importer.schema(), &batch.schema());
        let offset = (batch.num_rows() as f64 * cut) as usize;
        let half = batch.slice(offset, (batch.num_rows() - offset).div_ceil(2));
        for batch in [&batch, &half] {
            prop_assert_eq!(&import(&importer, &StructArray::from(batch.clone())).unwrap(), batch);
            // Exporters may send a stretch by the struct's own offset.
            let rows = StructArray::from(batch.clone());
            let tail = rows.slice(rows.len() / 2, rows.len() - rows.len() / 2);
            let expected = batch.slice(rows.len() / 2, tail.len());
            prop_assert_eq!(&import(&importer, &tail).unwrap(), &expected);
        }
    }
}

#[test]
fn values_are_not_copied() {
    let numbers = Arc::new(Int32Array::from_iter_values(0..1000));
    let schema = Schema::new(vec![Field::new("n", DataType::Int32, true)]);
    let importer = importer(&schema).unwrap();
    let batch = RecordBatch::try_new(Arc::new(schema), vec![numbers.clone()]).unwrap();
    let imported = import(&importer, &StructArray::from(batch)).unwrap();
    let column = imported
        .column(0)
        .as_any()
        .downcast_ref::<Int32Array>()
        .unwrap();
    assert_eq!(column.values().as_ptr(), numbers.values().as_ptr());
}

#[test]
fn rows_without_columns_are_counted() {
    let schema = Arc::new(Schema::empty());
    let importer = importer(&schema).unwrap();
    let rows = RecordBatchOptions::new().with_row_count(Some(7));
    let batch = RecordBatch::try_new_with_options(schema, Vec::new(), &rows).unwrap();
    let imported = import(&importer, &StructArray::from(batch)).unwrap();
    assert_eq!(imported.num_rows(), 7);
}

#[test]
fn what_is_no_batch_of_the_schema_is_refused() {
    let number = Field::new("n", DataType::Int32, true);
    let schema = Schema::new(vec![number.clone()]);
    let importer = importer(&schema).unwrap();
    let fields = vec![number.clone(), number.with_name("m")];
    let column = || Arc::new(Int32Array::from(vec![1, 2])) as Arc<dyn Array>;

    let wide = StructArray::new(fields.into(), vec![column(), column()], None);
    let error = import(&importer, &wide).unwrap_err();
    assert!(matches!(&error, ParquetError::ArrowError(_)));
    assert!(
        error
            .to_string()
            .contains("has 2 columns where its schema has 1"),
        "{error}"
    );

    let with_nulls = StructArray::new(
        schema.fields().clone(),
        vec![column()],
        Some(vec![true, false].into()),
    );
    let error = import(&importer, &with_nulls).unwrap_err();
    assert!(error.to_string().contains("null as a whole"), "{error}");

    let mut released = FFI_ArrowArray::empty();
    // SAFETY: as above; there is nothing in it.
    let error = unsafe { importer.import((&raw mut released).cast()) }.unwrap_err();
    assert!(error.to_string().contains("has 0 columns"), "{error}");

    let mut number = FFI_ArrowSchema::try_from(DataType::Int32).unwrap();
    // SAFETY: as above.
    let error = unsafe { Importer::try_new((&raw mut number).cast()) }.unwrap_err();
    assert!(
        error.to_string().contains("schema cannot be imported"),
        "{error}"
    );
}
