//! Whether the columns of a batch have the names that the writer's schema gives them.

use arrow_schema::{DataType, Fields, Schema};

use super::value_type;
use crate::errors::{ParquetError, Result};

/// Whether the names of a batch's columns count.
///
/// Columns are always taken by their position. Names of the fields inside structs count like those of columns, at any
/// depth; what lists call their elements, and maps their entries, keys and values, never counts: producers differ there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColumnNames {
    /// They do not: columns in another order become one another.
    #[default]
    Unchecked,
    /// A batch with another name in some place is refused.
    Checked,
}

/// Checks that `found` names its columns, and the fields of its structs, as `schema` does; both have the same types.
///
/// # Errors
/// [`ParquetError::ArrowError`] that says where which name was found instead of which.
pub(crate) fn check_names(schema: &Schema, found: &Schema) -> Result<()> {
    if std::ptr::eq(schema, found) {
        return Ok(());
    }
    check_fields(schema.fields(), found.fields(), None)
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

fn check_fields(expected: &Fields, found: &Fields, above: Option<&Path<'_>>) -> Result<()> {
    for (nth, (expected, found)) in expected.iter().zip(found).enumerate() {
        if expected.name() != found.name() {
            let place = match above {
                None => "the batch".to_owned(),
                Some(above) => format!("struct '{}' of the batch", above.text()),
            };
            return Err(ParquetError::ArrowError(format!(
                "field {nth} of {place} is '{}', the writer's schema has '{}' there",
                found.name(),
                expected.name()
            )));
        }
        let path = Path {
            name: expected.name(),
            above,
        };
        check_types(expected.data_type(), found.data_type(), &path)?;
    }
    Ok(())
}

fn check_types(expected: &DataType, found: &DataType, path: &Path<'_>) -> Result<()> {
    match (value_type(expected), value_type(found)) {
        (DataType::Struct(expected), DataType::Struct(found)) => {
            check_fields(expected, found, Some(path))
        }
        (DataType::Map(expected, _), DataType::Map(found, _)) => {
            match (expected.data_type(), found.data_type()) {
                (DataType::Struct(expected), DataType::Struct(found)) => {
                    let mut pairs = expected.iter().zip(found);
                    pairs.try_for_each(|(expected, found)| {
                        check_types(expected.data_type(), found.data_type(), path)
                    })
                }
                _ => Ok(()),
            }
        }
        (expected, found) => match (element(expected), element(found)) {
            (Some(expected), Some(found)) => check_types(expected, found, path),
            _ => Ok(()),
        },
    }
}

fn element(list: &DataType) -> Option<&DataType> {
    match list {
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::ListView(element)
        | DataType::LargeListView(element)
        | DataType::FixedSizeList(element, _) => Some(element.data_type()),
        _ => None,
    }
}
