//! Whether the columns of a batch have the names that the writer's schema gives them.

use arrow_schema::{DataType, Fields};

use super::tree::{Kind, Layout, Node};
use crate::arrow::schema::value_type;
use crate::errors::{ParquetError, Result};

/// Whether the names of a batch's columns count.
///
/// Columns are always taken by their position. Names of the fields inside structs count like those of columns, at any
/// depth; what lists call their elements, and maps their entries, keys and values, never counts: producers differ
/// there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColumnNames {
    /// They do not: columns in another order become one another.
    #[default]
    Unchecked,
    /// A batch with another name in some place is refused.
    Checked,
}

/// The fields above, from the inside out.
struct Path<'a> {
    name: &'a str,
    above: Option<&'a Path<'a>>,
}

impl Path<'_> {
    fn text(&self) -> String {
        match self.above {
            None => self.name.to_owned(),
            Some(above) => format!("{}.{}", above.text(), self.name),
        }
    }
}

/// Checks that `found` have the names that `expected` have, and so do the fields of their structs; both have the same
/// types.
///
/// # Errors
/// [`ParquetError::ArrowError`] that says where which name was found instead of which.
pub(super) fn check_names<'a>(
    expected: impl Iterator<Item = &'a Node>,
    found: &Fields,
) -> Result<()> {
    check_fields(expected, found, None)
}

fn check_fields<'a>(
    expected: impl Iterator<Item = &'a Node>,
    found: &Fields,
    above: Option<&Path<'_>>,
) -> Result<()> {
    for (nth, (expected, found)) in expected.zip(found).enumerate() {
        if *expected.name != **found.name() {
            let place = match above {
                None => "the batch".to_owned(),
                Some(above) => format!("struct '{}' of the batch", above.text()),
            };
            return Err(ParquetError::ArrowError(format!(
                "field {nth} of {place} is '{}', the writer's schema has '{}' there",
                found.name(),
                expected.name
            )));
        }
        let path = Path {
            name: &expected.name,
            above,
        };
        check_inside(expected, found.data_type(), &path)?;
    }
    Ok(())
}

/// Checks the names inside of a field.
fn check_inside(expected: &Node, found: &DataType, path: &Path<'_>) -> Result<()> {
    let found = value_type(found);
    match (&expected.kind, found) {
        (Kind::Struct(expected), DataType::Struct(found)) => {
            check_fields(expected.iter(), found, Some(path))
        }
        (Kind::List { element, .. }, found) => match (Layout::of(found), &element.kind) {
            (Some((Layout::Map(_), entries)), Kind::Struct(expected)) => {
                let DataType::Struct(found) = entries.data_type() else {
                    return Ok(());
                };
                let mut pairs = expected.iter().zip(found);
                pairs.try_for_each(|(expected, found)| {
                    check_inside(expected, found.data_type(), path)
                })
            }
            (Some((_, found)), _) => check_inside(element, found.data_type(), path),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}
