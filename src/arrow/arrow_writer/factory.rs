//! Makes the column writers of a row group.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use arrow_schema::SchemaRef;

use super::column::ArrowColumnWriter;
use super::parallel::{Parallelism, Team};
use crate::arrow::adapt::DecimalPrecision;
use crate::arrow::leaves::BatchPlan;
use crate::column::chunk::WhenFull;
use crate::column::page_store::PageStoreFactory;
use crate::column::writer::{LargestPages, PageHelp};
use crate::errors::Result;
use crate::file::writer::{FileCore, FileResources, SerializedFileWriter};
use crate::schema::types::SchemaDescPtr;

/// Makes [`ArrowColumnWriter`]s, one for each leaf column of a schema.
#[derive(Debug)]
pub struct ArrowRowGroupWriterFactory {
    schema: SchemaRef,
    descr: SchemaDescPtr,
    resources: FileResources,
    decimal_precision: DecimalPrecision,
    /// Made when it is asked for first.
    plan: OnceLock<Arc<BatchPlan>>,
    /// Those who encode the columns, if the writer does not do that alone.
    team: Option<Arc<Team>>,
}

impl ArrowRowGroupWriterFactory {
    /// A factory for the columns of `file_writer`; pages wait where those of `file_writer` do, on the heap by default.
    /// A page that its store has no room for is an error whatever the options of `file_writer` say: nobody would end
    /// the row group of a caller's own columns.
    pub fn new<W: Write + Send>(
        file_writer: &SerializedFileWriter<W>,
        arrow_schema: SchemaRef,
    ) -> Self {
        Self::of_core(file_writer.core(), arrow_schema).failing_when_full()
    }

    /// As [`new`](Self::new), for a writer that ends row groups itself.
    pub(super) fn of_core(core: &FileCore, arrow_schema: SchemaRef) -> Self {
        Self {
            schema: arrow_schema,
            descr: core.schema_descr_ptr().clone(),
            resources: core.resources().clone(),
            decimal_precision: DecimalPrecision::default(),
            plan: OnceLock::new(),
            team: None,
        }
    }

    /// Has the columns of an [`ArrowWriter`](super::ArrowWriter) encoded by several threads.
    pub(super) fn with_parallelism(self, parallelism: &Parallelism) -> Self {
        Self {
            team: Team::new(parallelism),
            ..self
        }
    }

    /// Sets whether decimals must keep to the precision of their column, as
    /// [`ArrowWriterOptions::with_decimal_precision_check`](super::ArrowWriterOptions::with_decimal_precision_check).
    pub fn with_decimal_precision_check(self, decimal_precision: DecimalPrecision) -> Self {
        Self {
            decimal_precision,
            plan: OnceLock::new(),
            ..self
        }
    }

    /// Sets where finished pages wait.
    pub fn with_page_store_factory(self, page_store_factory: Arc<dyn PageStoreFactory>) -> Self {
        Self {
            resources: self.resources.with_stores(page_store_factory),
            ..self
        }
    }

    /// Lets a page that its store has no room for be an error, and columns be encoded by whoever has them.
    pub(super) fn failing_when_full(self) -> Self {
        Self {
            resources: self.resources.with_when_full(WhenFull::Fail),
            team: None,
            ..self
        }
    }

    /// The writers for the leaf columns of one row group, in the schema's order. They may be used on different
    /// threads.
    ///
    /// # Errors
    /// If the schemas do not have the same leaves or nest them otherwise, a column's properties do not suit it, or a
    /// page store cannot be made.
    pub fn create_column_writers(&self, _row_group_index: usize) -> Result<Vec<ArrowColumnWriter>> {
        self.create_columns(|column| column)
    }

    /// As [`create_column_writers`](Self::create_column_writers), each put where `place` says as soon as it is made:
    /// to make all of them first would take their memory twice.
    pub(super) fn create_columns<T>(
        &self,
        place: impl Fn(ArrowColumnWriter) -> T,
    ) -> Result<Vec<T>> {
        let plan = self.plan()?;
        let mut columns = Vec::with_capacity(plan.columns().len());
        for (index, column) in plan.columns().iter().enumerate() {
            let chunk = self.resources.stored_chunk(index)?;
            columns.push(place(ArrowColumnWriter::new(chunk, column.clone())));
        }
        Ok(columns)
    }

    /// Those who encode the columns, if the writer does not do that alone.
    pub(super) fn team(&self) -> Option<&Arc<Team>> {
        self.team.as_ref()
    }

    /// What the options let the pages and dictionaries of the columns become.
    pub(super) fn largest_pages(&self) -> LargestPages {
        let options = self.resources.plans().iter().map(|plan| plan.options());
        let none = LargestPages {
            page_bytes: 0,
            dictionary_bytes: 0,
        };
        options.fold(none, |largest, options| LargestPages {
            page_bytes: largest.page_bytes.max(options.data_page_size_limit),
            dictionary_bytes: largest
                .dictionary_bytes
                .max(options.dictionary_page_size_limit),
        })
    }

    /// Those who may seal pages.
    pub(super) fn page_help(&self) -> Option<Arc<dyn PageHelp>> {
        self.team.as_ref().map(|team| team.page_help())
    }

    /// What is known of batches and columns beforehand.
    ///
    /// # Errors
    /// If the schemas do not have the same leaves or nest them otherwise, or values of a field cannot be written to
    /// its column.
    pub(super) fn plan(&self) -> Result<&Arc<BatchPlan>> {
        if let Some(plan) = self.plan.get() {
            return Ok(plan);
        }
        let precision = self.decimal_precision;
        let plans = self.resources.plans();
        let plan = BatchPlan::try_new(&self.schema, &self.descr, plans, precision)?;
        Ok(self.plan.get_or_init(|| Arc::new(plan)))
    }
}
