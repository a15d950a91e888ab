//! Batches of the engine's arrow, as batches of the writer's.
//!
//! The two may be one crate, or two versions of it: a program that resolves afresh gets the newest arrow for the writer and
//! its own for the engine. The C data interface passes batches from one to the other without copying their values, and
//! leaves the choice to cargo.

use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use datafusion::arrow::array::{Array, RecordBatch, StructArray};
use datafusion::arrow::datatypes::Schema;
use datafusion::error::Result;
use herringbone::arrow::c_data::{self, Importer};

use crate::errors::engine_error;

/// Passes batches of one schema to the writer's arrow.
#[derive(Debug, Clone)]
pub(crate) struct Bridge {
    importer: Importer,
}

impl Bridge {
    /// A bridge for batches of `schema`.
    ///
    /// # Errors
    /// If the schema has a type that the C data interface or the writer's arrow does not know.
    pub(crate) fn new(schema: &Schema) -> Result<Self> {
        let mut exported = FFI_ArrowSchema::try_from(schema)?;
        // SAFETY: arrow filled the structure, and it is nobody else's.
        let importer = unsafe { Importer::try_new((&raw mut exported).cast()) };
        Ok(Self {
            importer: importer.map_err(engine_error)?,
        })
    }

    /// The schema, in the writer's arrow.
    pub(crate) fn schema(&self) -> &c_data::SchemaRef {
        self.importer.schema()
    }

    /// The batch, in the writer's arrow. Both share their buffers.
    pub(crate) fn pass(&self, batch: &RecordBatch) -> Result<c_data::RecordBatch> {
        let mut exported = FFI_ArrowArray::new(&StructArray::from(batch.clone()).to_data());
        // SAFETY: arrow filled the structure, for a batch of this schema, and it is nobody else's.
        unsafe { self.importer.import((&raw mut exported).cast()) }.map_err(engine_error)
    }
}
