//! What a partition has written, as rows: one for each file.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{RecordBatch, StringArray, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::{DataFusionError, Result};

use crate::sink::WrittenFile;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("path", DataType::Utf8, false),
        Field::new("rows", DataType::UInt64, false),
        Field::new("bytes", DataType::UInt64, false),
    ]))
});

/// The columns: where a file is in its object store, its rows, and its bytes.
pub(super) fn schema() -> &'static SchemaRef {
    &SCHEMA
}

pub(super) fn of_files(files: &[WrittenFile]) -> Result<RecordBatch> {
    let paths = files.iter().map(|file| Some(file.path.as_ref()));
    let rows = files.iter().map(|file| file.rows);
    let bytes = files.iter().map(|file| file.bytes);
    Ok(RecordBatch::try_new(
        Arc::clone(schema()),
        vec![
            Arc::new(paths.collect::<StringArray>()),
            Arc::new(UInt64Array::from_iter_values(rows)),
            Arc::new(UInt64Array::from_iter_values(bytes)),
        ],
    )?)
}

/// The rows of all files in `results`.
pub(super) fn rows(results: &RecordBatch) -> Result<u64> {
    let rows: &UInt64Array = column(results, "rows")?;
    Ok(rows.values().iter().sum())
}

/// Where the files in `results` are.
pub(super) fn paths(results: &RecordBatch) -> Result<impl Iterator<Item = &str>> {
    let paths: &StringArray = column(results, "path")?;
    Ok(paths.iter().flatten())
}

fn column<'a, T: 'static>(results: &'a RecordBatch, name: &str) -> Result<&'a T> {
    results
        .column_by_name(name)
        .and_then(|column| column.as_any().downcast_ref())
        .ok_or_else(|| {
            DataFusionError::Internal(format!("the results of a write have no column {name}"))
        })
}
