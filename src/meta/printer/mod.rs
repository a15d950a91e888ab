//! Writes schemas and file descriptions as text, for people to read.
//!
//! The functions write to any [`io::Write`] and do not report its errors: they are meant for
//! terminals, logs and strings in memory.

mod metadata;
mod schema;
#[cfg(test)]
mod tests;

use std::io;

use crate::meta::metadata::{FileMetaData, ParquetMetaData};
use crate::schema::types::Type;

/// Writes what a footer says: the file, its schema, then each row group with its column chunks.
pub fn print_parquet_metadata(out: &mut dyn io::Write, metadata: &ParquetMetaData) {
    print(out, &metadata::parquet_text(metadata));
}

/// Writes what a footer says about the file as a whole: version, rows, writer, key-value pairs and
/// schema.
pub fn print_file_metadata(out: &mut dyn io::Write, file_metadata: &FileMetaData) {
    print(out, &metadata::file_text(file_metadata));
}

/// Writes a schema in the message-type form that [`parser`](crate::schema::parser) reads.
///
/// Keywords are upper case, fields of a group indented by two spaces, ids stand in brackets after
/// the name.
///
/// ```
/// use herringbone::schema::{parser::parse_message_type, printer::print_schema};
///
/// let schema = parse_message_type("message m { required int32 day (DATE) = 7; }")?;
/// let mut text = Vec::new();
/// print_schema(&mut text, &schema);
/// assert_eq!(text, b"message m {\n  REQUIRED INT32 day [7] (DATE);\n}\n");
/// # Ok::<(), herringbone::errors::ParquetError>(())
/// ```
pub fn print_schema(out: &mut dyn io::Write, tp: &Type) {
    print(out, &schema::text(tp));
}

/// Printing is best effort: nobody can act on a terminal that refuses a line.
fn print(out: &mut dyn io::Write, text: &str) {
    let _ = out.write_all(text.as_bytes());
}
