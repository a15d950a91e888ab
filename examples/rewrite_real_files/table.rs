//! A file's rows and schema, as the `parquet` crate reads them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::schema::types::ColumnDescriptor;

use crate::rows;

/// All rows of a file.
pub(crate) struct Table {
    schema: SchemaRef,
    leaves: Vec<Leaf>,
    batches: Vec<RecordBatch>,
}

/// What the file says of a leaf column.
#[derive(PartialEq)]
struct Leaf {
    physical: Type,
    converted: ConvertedType,
    logical: Option<LogicalType>,
}

type Attempt<T> = Result<T, Box<dyn std::error::Error>>;

impl Table {
    /// # Errors
    /// In one line, if the file cannot be read; also if the reader panics on it.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let read = panic::catch_unwind(AssertUnwindSafe(|| read(path)));
        panic::set_hook(hook);
        match read {
            Ok(read) => read.map_err(|error| one_line(&error.to_string())),
            Err(_) => Err("the reader panics".to_owned()),
        }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(crate) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// # Errors
    /// With the first thing that differs.
    pub(crate) fn compare(&self, other: &Self) -> Result<(), String> {
        if self.schema.fields() != other.schema.fields() {
            return Err(format!(
                "the schema {:?} became {:?}",
                self.schema.fields(),
                other.schema.fields()
            ));
        }
        let (ours, theirs) = (self.rows()?, other.rows()?);
        if ours.num_rows() != theirs.num_rows() {
            let (before, after) = (ours.num_rows(), theirs.num_rows());
            return Err(format!("{before} rows became {after}"));
        }
        let columns = ours.columns().iter().zip(theirs.columns());
        for (field, (before, after)) in self.schema.fields().iter().zip(columns) {
            if before != after {
                return Err(format!("the values of column {} differ", field.name()));
            }
        }
        Ok(())
    }

    /// Which leaf columns are stored otherwise, and how many, though their values are the same.
    pub(crate) fn other_leaves(&self, other: &Self) -> BTreeMap<String, usize> {
        let mut others = BTreeMap::new();
        for (before, after) in self.leaves.iter().zip(&other.leaves) {
            if !before.is_kept_by(after) {
                *others
                    .entry(format!("{before} became {after}"))
                    .or_default() += 1;
            }
        }
        others
    }

    fn rows(&self) -> Result<RecordBatch, String> {
        concat_batches(&self.schema, &self.batches).map_err(|error| error.to_string())
    }
}

fn read(path: &Path) -> Attempt<Table> {
    let file = File::open(path)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.try_clone()?)?;
    rows::check(&file, builder.metadata())?;
    let schema = builder.schema().clone();
    let leaves = builder.parquet_schema().columns().iter();
    let leaves = leaves.map(|leaf| Leaf::of(leaf)).collect();
    let batches = builder.build()?.collect::<Result<Vec<_>, _>>()?;
    Ok(Table {
        schema,
        leaves,
        batches,
    })
}

impl Leaf {
    fn of(leaf: &ColumnDescriptor) -> Self {
        let converted = match leaf.converted_type() {
            // They say no more than the physical type.
            ConvertedType::INT_32 | ConvertedType::INT_64 => ConvertedType::NONE,
            other => other,
        };
        Self {
            physical: leaf.physical_type(),
            converted,
            logical: leaf.logical_type_ref().cloned(),
        }
    }

    /// Old files have no logical types.
    fn is_kept_by(&self, after: &Self) -> bool {
        let is_annotated = match self.logical {
            Some(_) => self.logical == after.logical,
            None => self.converted == after.converted,
        };
        self.physical == after.physical && is_annotated
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let annotation = match &self.logical {
            Some(logical) => format!("{logical:?}"),
            None => self.converted.to_string(),
        };
        // A coordinate system can take pages.
        write!(f, "{} {annotation:.70}", self.physical)
    }
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
