//! Which partition a row belongs to.

use std::collections::HashMap;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type, Schema};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::error::{DataFusionError, Result};

/// The folder of rows that have no value in a partition column, as Hive has named it.
const NULL_FOLDER: &str = "__HIVE_DEFAULT_PARTITION__";

/// Numbers the partitions of a write in the order in which they come.
pub(super) struct Keys {
    columns: Vec<String>,
    converter: Option<RowConverter>,
    /// By the bytes of the values, which is quick, and by the folders, which is what counts: several values may have one.
    of_values: HashMap<Box<[u8]>, usize>,
    of_folders: HashMap<Vec<String>, usize>,
    bytes: usize,
}

impl Keys {
    /// Of rows with the partition columns `columns`.
    pub(super) fn new(columns: impl IntoIterator<Item = String>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            converter: None,
            of_values: HashMap::new(),
            of_folders: HashMap::new(),
            bytes: 0,
        }
    }

    /// The bytes that the numbers take on the heap, about.
    pub(super) fn size(&self) -> usize {
        self.bytes
    }

    /// The partition of each row of `batch`. `begin` is called with the folders of each that was not there before, and
    /// the numbers go up from zero in the order of these calls.
    pub(super) fn number(
        &mut self,
        batch: &RecordBatch,
        mut begin: impl FnMut(Vec<String>),
    ) -> Result<Vec<u32>> {
        let columns = self.columns_of(batch)?;
        let converter = match &mut self.converter {
            Some(converter) => converter,
            none => none.insert(converter(&columns)?),
        };
        let rows = converter.convert_columns(&columns)?;
        let mut numbers = Vec::with_capacity(rows.num_rows());
        let mut texts: Option<Vec<StringArray>> = None;
        for (row, values) in rows.iter().enumerate() {
            if let Some(number) = self.of_values.get(values.as_ref()) {
                numbers.push(narrow(*number)?);
                continue;
            }
            let texts = match &texts {
                Some(texts) => texts,
                None => texts.insert(
                    columns
                        .iter()
                        .zip(&self.columns)
                        .map(|(column, name)| folder_names(column, name))
                        .collect::<Result<_>>()?,
                ),
            };
            let folders: Vec<String> = self
                .columns
                .iter()
                .zip(texts)
                .map(|(column, texts)| {
                    let value = if texts.is_null(row) {
                        NULL_FOLDER
                    } else {
                        texts.value(row)
                    };
                    format!("{column}={value}")
                })
                .collect();
            let next = self.of_folders.len();
            let number = *self.of_folders.entry(folders.clone()).or_insert(next);
            let folder_bytes: usize = folders.iter().map(|folder| folder.len() + 24).sum();
            self.bytes += values.as_ref().len() + 2 * folder_bytes + 96;
            if number == next {
                begin(folders);
            }
            self.of_values.insert(values.as_ref().into(), number);
            numbers.push(narrow(number)?);
        }
        Ok(numbers)
    }

    fn columns_of(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let column = |name: &String| {
            batch.column_by_name(name).cloned().ok_or_else(|| {
                DataFusionError::Plan(format!(
                    "the partition column '{name}' is none of the rows' columns: {}",
                    names(&batch.schema())
                ))
            })
        };
        self.columns.iter().map(column).collect()
    }
}

fn converter(columns: &[ArrayRef]) -> Result<RowConverter> {
    let fields = columns
        .iter()
        .map(|column| SortField::new(column.data_type().clone()))
        .collect();
    Ok(RowConverter::new(fields)?)
}

/// The values of a partition column as they stand in the names of folders.
fn folder_names(column: &ArrayRef, name: &str) -> Result<StringArray> {
    let data_type = column.data_type();
    let texts = match data_type {
        DataType::Float16 => texts(column.as_primitive::<Float16Type>().iter()),
        DataType::Float32 => texts(column.as_primitive::<Float32Type>().iter()),
        DataType::Float64 => texts(column.as_primitive::<Float64Type>().iter()),
        // The day alone.
        DataType::Date64 => as_text(&cast(column, &DataType::Date32)?)?,
        DataType::Dictionary(_, values) if is_text(values) => as_text(column)?,
        DataType::Boolean | DataType::Date32 => as_text(column)?,
        data_type if data_type.is_integer() || is_text(data_type) => as_text(column)?,
        _ => {
            return Err(DataFusionError::NotImplemented(format!(
                "partitions by the column '{name}' of type {data_type}"
            )));
        }
    };
    Ok(texts)
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

fn as_text(column: &ArrayRef) -> Result<StringArray> {
    Ok(cast(column, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn texts<T: ToString>(values: impl Iterator<Item = Option<T>>) -> StringArray {
    values
        .map(|value| value.map(|value| value.to_string()))
        .collect()
}

fn names(schema: &Schema) -> String {
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    names.join(", ")
}

/// A number that counts rows, batches or partitions in memory.
pub(super) fn narrow(number: usize) -> Result<u32> {
    u32::try_from(number).map_err(|error| DataFusionError::External(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Date64Array, Float64Array, Int32Array, RecordBatch,
        StringArray, TimestampSecondArray,
    };

    use super::*;

    fn folders(column: ArrayRef) -> Result<(Vec<u32>, Vec<String>)> {
        let batch = RecordBatch::try_from_iter([("k", column)])?;
        let mut keys = Keys::new(["k".to_owned()]);
        let mut begun = Vec::new();
        let numbers = keys.number(&batch, |folders| begun.extend(folders))?;
        Ok((numbers, begun))
    }

    #[test]
    fn rows_are_numbered_by_folder() {
        let day = 86_400_000;
        let cases: [(ArrayRef, Vec<u32>, Vec<&str>); 6] = [
            (
                Arc::new(StringArray::from(vec![
                    Some("a"),
                    Some("b"),
                    Some("a"),
                    None,
                ])),
                vec![0, 1, 0, 2],
                vec!["k=a", "k=b", "k=__HIVE_DEFAULT_PARTITION__"],
            ),
            (
                Arc::new(Int32Array::from(vec![Some(-7), None, Some(-7)])),
                vec![0, 1, 0],
                vec!["k=-7", "k=__HIVE_DEFAULT_PARTITION__"],
            ),
            (
                Arc::new(BooleanArray::from(vec![true, false])),
                vec![0, 1],
                vec!["k=true", "k=false"],
            ),
            (
                Arc::new(Float64Array::from(vec![1.0, 0.5, 1.0])),
                vec![0, 1, 0],
                vec!["k=1", "k=0.5"],
            ),
            (
                Arc::new(Date32Array::from(vec![0, 19_000])),
                vec![0, 1],
                vec!["k=1970-01-01", "k=2022-01-08"],
            ),
            // Two times of one day.
            (
                Arc::new(Date64Array::from(vec![day, day + 5, 0])),
                vec![0, 0, 1],
                vec!["k=1970-01-02", "k=1970-01-01"],
            ),
        ];
        for (column, numbers, names) in cases {
            let (found, begun) = folders(column).unwrap();
            assert_eq!(
                (found, begun),
                (numbers, names.iter().map(ToString::to_string).collect())
            );
        }
    }

    #[test]
    fn what_cannot_be_a_folder_is_refused_by_name() {
        let error = folders(Arc::new(TimestampSecondArray::from(vec![0]))).unwrap_err();
        assert!(
            error.to_string().contains("column 'k' of type Timestamp"),
            "{error}"
        );
        let batch = RecordBatch::try_from_iter([("k", Arc::new(Int32Array::from(vec![1])) as _)]);
        let error = Keys::new(["l".to_owned()])
            .number(&batch.unwrap(), |_| {})
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("'l' is none of the rows' columns: k"),
            "{error}"
        );
    }
}
