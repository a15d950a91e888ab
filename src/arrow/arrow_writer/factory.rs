//! Makes the column writers of a row group.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use arrow_schema::{DataType, SchemaRef};

use super::column::{ArrowColumnWriter, ColumnParts};
use super::fits::check_rows;
use super::holds::check_values;
use super::limits::{Shape, page_cap};
use crate::arrow::adapt::{Adapter, DecimalPrecision};
use crate::arrow::leaves::{ColumnFit, ColumnShape, Leaf, LeafPlan, column_shapes};
use crate::arrow::schema::leaf_types;
use crate::budget::{Member, MemoryBudget};
use crate::column::chunk::{ChunkBuffer, FilterParts, WhenFull};
use crate::column::page_store::{InMemoryPageStoreFactory, PageStoreFactory};
use crate::column::writer::{CODECS, ColumnEncoder, WorkbenchPool, row_room};
use crate::compression::Strength;
use crate::errors::{ParquetError, Result};
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
    /// How each column is nested.
    shapes: Vec<ColumnShape>,
    /// Set once both schemas are known to be nested alike.
    is_fitted: OnceLock<()>,
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
            shapes: column_shapes(&descr),
            is_fitted: OnceLock::new(),
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
        let leaves = self.leaves()?;
        self.check_nesting()?;
        let mut writers = Vec::with_capacity(self.descr.num_columns());
        for ((index, (data_type, descr)), shape) in leaves.into_iter().enumerate().zip(&self.shapes)
        {
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
                adapter: self.adapter(data_type, descr)?,
                fit: ColumnFit::new(shape.clone(), descr.clone()),
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
        for (data_type, descr) in self.leaves()? {
            strengths.push(self.encoder(descr)?.strength());
            Adapter::try_new(data_type, descr)?;
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

    /// As [`check`](super::row_group::OpenRowGroup::check) of a row group that this factory would make.
    pub(super) fn check_leaves(&self, leaves: &[Leaf], first_row: usize) -> Result<()> {
        for ((data_type, descr), leaf) in self.leaves()?.into_iter().zip(leaves) {
            leaf.check(first_row)?;
            let adapter = self.adapter(data_type, descr)?;
            adapter.accepts(leaf.array.data_type())?;
            check_values(leaf, &adapter, descr, first_row)?;
            check_rows(leaf, &adapter, descr, || {
                row_room(descr, &self.props.column(descr.path())).counting_from(first_row)
            })?;
        }
        Ok(())
    }

    /// Lets the leaves of `plans`, one plan for each field of the schema, have the levels of the columns.
    ///
    /// # Errors
    /// If a leaf is nested otherwise than its column.
    pub(super) fn fit(&self, plans: &mut [LeafPlan]) -> Result<()> {
        let mut columns = self
            .shapes
            .iter()
            .cloned()
            .zip(self.descr.columns().iter().cloned());
        for plan in plans {
            plan.fit_to(columns.by_ref().take(plan.num_leaves()))?;
        }
        self.is_fitted.get_or_init(|| ());
        Ok(())
    }

    /// Bytes on the heap that stay the same.
    pub(super) fn fixed_memory_size(&self) -> usize {
        self.shapes.capacity() * size_of::<ColumnShape>()
    }

    pub(super) fn benches(&self) -> &WorkbenchPool {
        &self.benches
    }

    fn adapter(&self, data_type: &DataType, descr: &ColumnDescPtr) -> Result<Adapter> {
        let adapter = Adapter::try_new(data_type, descr)?;
        Ok(adapter.with_decimal_precision(self.decimal_precision))
    }

    /// Compiles the schema's nesting, where nobody has done so before.
    fn check_nesting(&self) -> Result<()> {
        if self.is_fitted.get().is_some() {
            return Ok(());
        }
        let fields = self.schema.fields().iter();
        let plans = fields.map(|field| LeafPlan::try_new(field));
        self.fit(&mut plans.collect::<Result<Vec<_>>>()?)
    }

    fn encoder(&self, descr: &ColumnDescPtr) -> Result<ColumnEncoder> {
        let encoder = ColumnEncoder::try_new(descr.clone(), &self.props)?;
        match page_cap(self.member.budget(), self.codecs) {
            Some(cap) => encoder.with_page_cap(cap),
            None => Ok(encoder),
        }
    }

    fn leaves(&self) -> Result<Vec<(&DataType, &ColumnDescPtr)>> {
        let types = leaf_types(&self.schema);
        if types.len() != self.descr.num_columns() {
            return Err(ParquetError::General(format!(
                "The Arrow schema has {} leaf columns, the Parquet schema {}",
                types.len(),
                self.descr.num_columns()
            )));
        }
        Ok(types.into_iter().zip(self.descr.columns()).collect())
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
