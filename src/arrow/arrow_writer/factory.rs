//! Makes the column writers of a row group.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use arrow_schema::SchemaRef;

use super::column::{ArrowColumnWriter, ColumnParts};
use super::limits::{Shape, page_cap};
use crate::arrow::adapt::DecimalPrecision;
use crate::arrow::leaves::BatchPlan;
use crate::budget::{Member, MemoryBudget};
use crate::column::chunk::{ChunkBuffer, FilterParts, WhenFull};
use crate::column::page_store::{InMemoryPageStoreFactory, PageStoreFactory};
use crate::column::writer::{CODECS, ColumnEncoder, WorkbenchPool};
use crate::compression::Strength;
use crate::errors::Result;
use crate::file::properties::WriterPropertiesPtr;
use crate::file::writer::SerializedFileWriter;
use crate::schema::types::{ColumnDescPtr, SchemaDescPtr};

/// Makes [`ArrowColumnWriter`]s, one for each leaf column of a schema.
#[derive(Debug)]
pub struct ArrowRowGroupWriterFactory {
    schema: SchemaRef,
    descr: SchemaDescPtr,
    props: WriterPropertiesPtr,
    page_stores: Arc<dyn PageStoreFactory>,
    benches: WorkbenchPool,
    member: Arc<Member>,
    when_full: WhenFull,
    decimal_precision: DecimalPrecision,
    /// Made when it is asked for first.
    plan: OnceLock<Arc<BatchPlan>>,
    /// Kinds of codecs that the columns have, as far as benches keep them.
    codecs: usize,
}

impl ArrowRowGroupWriterFactory {
    /// A factory for the columns of `file_writer`; pages wait on the heap.
    pub fn new<W: Write + Send>(
        file_writer: &SerializedFileWriter<W>,
        arrow_schema: SchemaRef,
    ) -> Self {
        let member = Arc::new(MemoryBudget::unlimited().register());
        let descr = file_writer.schema_descr_ptr().clone();
        Self {
            schema: arrow_schema,
            plan: OnceLock::new(),
            descr,
            props: file_writer.properties().clone(),
            page_stores: Arc::new(InMemoryPageStoreFactory),
            benches: WorkbenchPool::new(member.budget().clone()),
            member,
            when_full: WhenFull::Fail,
            decimal_precision: DecimalPrecision::default(),
            codecs: 1,
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
            page_stores: page_store_factory,
            ..self
        }
    }

    /// Lets all memory be paid for by `member`.
    pub(super) fn with_member(self, member: Arc<Member>) -> Self {
        let columns = self.descr.columns().iter();
        let codecs = columns.map(|descr| self.props.compression(descr.path()));
        Self {
            codecs: distinct(codecs).len(),
            benches: WorkbenchPool::new(member.budget().clone()),
            member,
            ..self
        }
    }

    /// Sets what becomes of a page that its store has no room for.
    pub(super) fn with_when_full(self, when_full: WhenFull) -> Self {
        Self { when_full, ..self }
    }

    /// The writers for the leaf columns of one row group, in the schema's order. They may be used on different
    /// threads.
    ///
    /// # Errors
    /// If the schemas do not have the same leaves or nest them otherwise, a column's properties do not suit it, or a page
    /// store cannot be made.
    pub fn create_column_writers(&self, _row_group_index: usize) -> Result<Vec<ArrowColumnWriter>> {
        let plan = self.plan()?;
        let mut writers = Vec::with_capacity(plan.columns().len());
        for (index, column) in plan.columns().iter().enumerate() {
            let descr = column.descr();
            let has_filter = self.props.bloom_filter_properties(descr.path()).is_some();
            let encoder = self.encoder(descr)?;
            writers.push(ArrowColumnWriter::new(ColumnParts {
                encoder,
                pages: ChunkBuffer::try_new(
                    self.page_stores.as_ref(),
                    index,
                    descr.clone(),
                    self.when_full,
                )?,
                filter_parts: has_filter.then(|| {
                    let stores = self.page_stores.clone();
                    FilterParts::new(stores, index, descr.clone(), self.when_full)
                }),
                plan: column.clone(),
                benches: self.benches.clone(),
                reservation: self.member.reserve(),
            }));
        }
        Ok(writers)
    }

    /// An error if [`ArrowRowGroupWriterFactory::create_column_writers`] could only fail; no store is made. Returns
    /// what decides about memory.
    pub(super) fn check(&self) -> Result<Shape> {
        let mut strengths = Vec::new();
        for column in self.plan()?.columns() {
            strengths.push(self.encoder(column.descr())?.strength());
        }
        let strengths = distinct(strengths.into_iter());
        let columns = self.descr.columns().iter();
        let rows = columns.map(|descr| self.props.column_data_page_row_count_limit(descr.path()));
        Ok(Shape {
            columns: self.descr.num_columns(),
            least_slots: rows.fold(self.props.write_batch_size(), usize::min),
            codecs: self.codecs,
            codec_bytes: strengths.iter().map(Strength::most_bytes).sum(),
        })
    }

    /// What is known of batches and columns beforehand.
    ///
    /// # Errors
    /// If the schemas do not have the same leaves or nest them otherwise, or values of a field cannot be written to its column.
    pub(super) fn plan(&self) -> Result<&Arc<BatchPlan>> {
        if let Some(plan) = self.plan.get() {
            return Ok(plan);
        }
        let precision = self.decimal_precision;
        let plan = BatchPlan::try_new(&self.schema, &self.descr, &self.props, precision)?;
        Ok(self.plan.get_or_init(|| Arc::new(plan)))
    }

    pub(super) fn benches(&self) -> &WorkbenchPool {
        &self.benches
    }

    fn encoder(&self, descr: &ColumnDescPtr) -> Result<ColumnEncoder> {
        let encoder = ColumnEncoder::try_new(descr.clone(), &self.props)?;
        match page_cap(self.member.budget(), self.codecs) {
            Some(cap) => encoder.with_page_cap(cap),
            None => Ok(encoder),
        }
    }
}

/// Those that differ, up to as many as benches keep.
fn distinct<T: PartialEq>(kinds: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for kind in kinds {
        if found.len() < CODECS && !found.contains(&kind) {
            found.push(kind);
        }
    }
    found
}
