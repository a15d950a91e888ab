//! Writes schemas and file descriptions as text, for people to read.
//!
//! The functions write to any [`io::Write`] and do not report its errors: they are meant for
//! terminals, logs and strings in memory.

mod schema;
#[cfg(test)]
mod tests;

use std::io;

use crate::schema::types::Type;

/// Writes a schema in the message-type form that [`parser`](super::parser) reads.
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
