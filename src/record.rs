//! Rows as values of the caller's own types.

use std::io::Write;

use crate::errors::ParquetError;
use crate::file::writer::SerializedRowGroupWriter;
use crate::schema::types::TypePtr;

/// Knows how to write itself, a number of records of type `T`, as one row group.
///
/// The macro `ParquetRecordWriter` of the crate `parquet_derive` implements this for slices of a struct. Its code names
/// the crate `parquet`, so a manifest must give this crate that name:
/// `parquet = { package = "herringbone", version = "0.1" }`.
///
/// `T` is there so that crates may implement the trait for `&[T]`: without a type of their own in it, they could not.
pub trait RecordWriter<T> {
    /// Writes all columns of the records, in the order of [`RecordWriter::schema`]. The row group stays open.
    ///
    /// # Errors
    /// If the row group has other columns, or its writer fails.
    fn write_to_row_group<W: Write + Send>(
        &self,
        row_group_writer: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError>;

    /// The schema of the records, to make the file's writer with.
    ///
    /// # Errors
    /// If the type of a record has no schema.
    fn schema(&self) -> Result<TypePtr, ParquetError>;
}
