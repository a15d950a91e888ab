//! Record batches of another version of arrow, or of another Arrow library, by the C data interface.
//!
//! A program may hold batches that are not of the arrow which this crate was built with: of an older major version,
//! which a query engine has chosen for it, or of a library with arrays of its own. Their types differ, but the buffers
//! behind them do not. [`Importer`] takes such batches as the C data interface describes them, without copying a value:
//! some microseconds for each column and batch.
//!
//! SPEC (Arrow, CDataInterface.rst): "Structure definitions", "Moving an array".

use std::ffi::c_void;
use std::sync::Arc;

/// Of this crate's arrow, for programs that depend on another alone.
pub use arrow_array::RecordBatch;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::{RecordBatchOptions, StructArray};
/// Of this crate's arrow, for programs that depend on another alone.
pub use arrow_schema::SchemaRef;
use arrow_schema::{DataType, Schema};

use crate::errors::{ParquetError, Result};

/// Makes record batches of this crate's arrow of those of another.
///
/// The schema is translated once, when the importer is made.
///
/// ```
/// # use arrow_array::{Array, StructArray, record_batch};
/// # use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
/// use herringbone::arrow::c_data::Importer;
///
/// // Stands for a batch of another arrow.
/// let theirs = record_batch!(("harbour", Utf8, ["Oban", "Mallaig"]))?;
/// let mut schema = FFI_ArrowSchema::try_from(theirs.schema().as_ref())?;
/// let mut array = FFI_ArrowArray::new(&StructArray::from(theirs.clone()).to_data());
///
/// // SAFETY: both structures were filled by an exporter that keeps to the interface.
/// let (importer, ours) = unsafe {
///     let importer = Importer::try_new((&raw mut schema).cast())?;
///     let ours = importer.import((&raw mut array).cast())?;
///     (importer, ours)
/// };
/// assert_eq!(importer.schema().field(0).name(), "harbour");
/// assert_eq!(ours, theirs);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Importer {
    schema: SchemaRef,
    /// The schema's fields, as the struct that batches come as.
    rows: DataType,
}

impl Importer {
    /// An importer of batches of the schema that `schema` points to, an `ArrowSchema` of the interface: a struct whose
    /// children are the columns. The structure is moved from and left released.
    ///
    /// # Errors
    /// If the schema is not a struct, or has a type that this crate's arrow does not know.
    ///
    /// # Safety
    /// `schema` points to an `ArrowSchema` that is filled as the interface says, and that nobody else uses meanwhile.
    pub unsafe fn try_new(schema: *mut c_void) -> Result<Self> {
        // SAFETY: the caller promises a valid structure, and what is left behind is marked as released.
        let schema = unsafe { FFI_ArrowSchema::from_raw(schema.cast()) };
        let schema = Schema::try_from(&schema).map_err(|error| refused("schema", &error))?;
        Ok(Self::of(Arc::new(schema)))
    }

    /// The schema of the batches, in this crate's arrow.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The record batch that `array` points to, an `ArrowArray` of the interface: a struct without nulls, with the
    /// columns of the importer's schema. The structure is moved from and left released; the batch releases what it
    /// held.
    ///
    /// # Errors
    /// If the array does not have the columns of the schema, or the struct has nulls.
    ///
    /// # Safety
    /// `array` points to an `ArrowArray` that is filled as the interface says for the schema of this importer, and that
    /// nobody else uses meanwhile.
    pub unsafe fn import(&self, array: *mut c_void) -> Result<RecordBatch> {
        // SAFETY: as in `try_new`; the structures of all versions have the layout that the interface fixes.
        let array = unsafe { FFI_ArrowArray::from_raw(array.cast()) };
        self.check(&array)?;
        // SAFETY: the caller promises buffers as the schema describes them.
        let data = unsafe { from_ffi_and_data_type(array, self.rows.clone()) }
            .map_err(|error| refused("batch", &error))?;
        let (_, columns, nulls) = StructArray::from(data.clone()).into_parts();
        if nulls.is_some_and(|nulls| nulls.null_count() > 0) {
            return Err(ParquetError::ArrowError(
                "An imported batch has rows that are null as a whole".to_owned(),
            ));
        }
        let rows = RecordBatchOptions::new().with_row_count(Some(data.len()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &rows)
            .map_err(|error| refused("batch", &error))
    }

    fn of(schema: SchemaRef) -> Self {
        let rows = DataType::Struct(schema.fields().clone());
        Self { schema, rows }
    }

    /// Refuses what the reading of the buffers takes for granted and can be seen from outside.
    fn check(&self, array: &FFI_ArrowArray) -> Result<()> {
        let columns = self.schema.fields().len();
        if array.is_released() || array.num_children() != columns {
            return Err(ParquetError::ArrowError(format!(
                "An imported batch has {} columns where its schema has {columns}",
                if array.is_released() {
                    0
                } else {
                    array.num_children()
                },
            )));
        }
        Ok(())
    }
}

fn refused(what: &str, error: &arrow_schema::ArrowError) -> ParquetError {
    ParquetError::ArrowError(format!("A {what} cannot be imported: {error}"))
}
