//! What a writer knows of its columns beforehand: computed once from the schema and the options, so that a batch has
//! nothing to look up.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema};

use super::column::{ArrowColumnPlan, CheckedLeaf, ColumnSource};
use super::frontier::Frontier;
use super::leaf::{Leaf, UncheckedLeaf};
use super::names::check_names;
use super::shape::column_shapes;
use super::tree::Node;
use super::weight::Weights;
use crate::arrow::adapt::DecimalPrecision;
use crate::arrow::schema::value_type;
use crate::column::writer::ColumnPlan;
use crate::errors::{ParquetError, Result};
use crate::schema::types::SchemaDescriptor;

/// How the batches of one writer fall apart into leaves, and what its columns take.
#[derive(Debug)]
pub(crate) struct BatchPlan {
    fields: Vec<LeafPlan>,
    columns: Vec<Arc<ArrowColumnPlan>>,
}

/// How arrays of one field fall apart into leaves.
#[derive(Debug)]
pub(crate) struct LeafPlan {
    field: Field,
    pub(super) root: Node,
    /// Number of leaves of each array.
    pub(super) leaves: usize,
}

/// A batch that was checked as a whole.
#[derive(Debug)]
pub(crate) struct CheckedBatch(RecordBatch);

impl BatchPlan {
    /// Plans for batches of `schema` that go into the columns of `descr`.
    ///
    /// # Errors
    /// If a field has a type that Parquet cannot hold, the schemas do not have the same leaves or nest them
    /// otherwise, or values of a field cannot be written to its column.
    pub(crate) fn try_new(
        schema: &Schema,
        descr: &SchemaDescriptor,
        columns: &[Arc<ColumnPlan>],
        precision: DecimalPrecision,
    ) -> Result<Self> {
        let fields = schema.fields().iter();
        let fields = fields
            .map(|field| LeafPlan::try_new(field))
            .collect::<Result<Vec<_>>>()?;
        let leaves: usize = fields.iter().map(|field| field.leaves).sum();
        if leaves != descr.num_columns() {
            return Err(ParquetError::General(format!(
                "The Arrow schema has {leaves} leaf columns, the Parquet schema {}",
                descr.num_columns()
            )));
        }
        let (mut types, mut shapes) = (Vec::with_capacity(leaves), Vec::with_capacity(leaves));
        for field in &fields {
            field.root.leaf_types(&mut types);
            field.root.shapes(&mut shapes);
        }
        let sources = types.into_iter().zip(shapes).zip(column_shapes(descr));
        let planned = sources
            .zip(columns)
            .map(|(((data_type, leaf), column), column_plan)| {
                let source = ColumnSource {
                    data_type,
                    leaf,
                    column,
                };
                ArrowColumnPlan::try_new(source, column_plan, precision).map(Arc::new)
            });
        Ok(Self {
            columns: planned.collect::<Result<_>>()?,
            fields,
        })
    }

    /// The columns, in the order of the schema.
    pub(crate) fn columns(&self) -> &[Arc<ArrowColumnPlan>] {
        &self.columns
    }

    /// Checks that `batch` has as many columns, each of a type whose values mean the same as the field's. Names do
    /// not count.
    ///
    /// # Errors
    /// [`ParquetError::General`] for another number of columns, [`ParquetError::ArrowError`] for a type that does not
    /// fit.
    pub(crate) fn check_types(&self, batch: &RecordBatch) -> Result<()> {
        if self.fields.len() != batch.num_columns() {
            return Err(ParquetError::General(format!(
                "the batch has {} columns, the writer's schema has {}",
                batch.num_columns(),
                self.fields.len()
            )));
        }
        let mut pairs = self.fields.iter().zip(batch.columns());
        pairs.try_for_each(|(field, array)| field.check_type(array.data_type()))
    }

    /// Checks that a batch with fields of the right types names them, and those of their structs, as the writer's
    /// schema does.
    ///
    /// # Errors
    /// [`ParquetError::ArrowError`] that says where which name was found instead of which.
    pub(crate) fn check_names(&self, found: &Fields) -> Result<()> {
        check_names(self.fields.iter().map(|field| &field.root), found)
    }

    /// What the rows of `batch` take when they are taken apart.
    pub(crate) fn weights<'a>(&'a self, batch: &'a RecordBatch) -> Weights<'a> {
        let fields = self.fields.iter().map(|field| &field.root);
        Weights::new(fields.zip(batch.columns()))
    }

    /// Appends the leaves of `batch`, which is a slice of a larger one from row `first_row` on, or whole. Whatever
    /// can be wrong with a batch of the right types is found here. Decimals are converted while they are looked at, as
    /// far as that takes no more than `room` bytes.
    ///
    /// # Errors
    /// If something cannot be written: names the column or the field, and the row as the larger batch counts it.
    pub(crate) fn walk_into(
        &self,
        batch: &RecordBatch,
        (first_row, room): (usize, usize),
        leaves: &mut Vec<CheckedLeaf>,
    ) -> Result<()> {
        let mut room = room;
        self.walk_with(batch, leaves, |column, leaf| {
            column.check(leaf, first_row, &mut room)
        })
    }

    /// Checks a batch of which not all leaves are to be held at once; `slice_rows` says how many of the given rows
    /// are taken apart together.
    ///
    /// # Errors
    /// As [`BatchPlan::walk_into`].
    pub(crate) fn check(
        &self,
        batch: &RecordBatch,
        slice_rows: impl Fn(Range<usize>) -> usize,
    ) -> Result<CheckedBatch> {
        let (mut from, mut leaves) = (0, Vec::new());
        while from < batch.num_rows() {
            let rows = slice_rows(from..batch.num_rows());
            self.walk_into(&batch.slice(from, rows), (from, 0), &mut leaves)?;
            leaves.clear();
            from += rows;
        }
        Ok(CheckedBatch(batch.clone()))
    }

    fn walk_with(
        &self,
        batch: &RecordBatch,
        leaves: &mut Vec<CheckedLeaf>,
        mut check: impl FnMut(&ArrowColumnPlan, Leaf) -> Result<CheckedLeaf>,
    ) -> Result<()> {
        leaves.reserve(self.columns.len());
        let mut columns = self.columns.iter();
        for (field, array) in self.fields.iter().zip(batch.columns()) {
            let mut next = || columns.next().ok_or_else(more_leaves_than_planned);
            // With a leaf at hand there is no call to hand it through.
            if let Some(leaf) = field.root.straight(array) {
                leaves.push(check(next()?, leaf)?);
                continue;
            }
            field.walk(array, &mut |leaf| {
                leaves.push(check(next()?, leaf)?);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Bytes on the heap, metadata of fields left out. Walks all nodes.
    pub(crate) fn memory_size(&self) -> usize {
        let fields = self.fields.iter().map(LeafPlan::memory_size);
        let columns = self.columns.iter().map(|column| column.memory_size());
        size_of::<Self>()
            + self.fields.capacity() * size_of::<LeafPlan>()
            + fields.sum::<usize>()
            + self.columns.capacity() * size_of::<Arc<ArrowColumnPlan>>()
            + columns.sum::<usize>()
    }
}

impl CheckedBatch {
    /// The batch.
    pub(crate) fn batch(&self) -> &RecordBatch {
        &self.0
    }

    /// Appends the leaves of some rows; `plan` is that which the batch was checked by.
    ///
    /// # Errors
    /// If an Arrow kernel fails.
    pub(crate) fn walk_into(
        &self,
        plan: &BatchPlan,
        rows: Range<usize>,
        leaves: &mut Vec<CheckedLeaf>,
    ) -> Result<()> {
        let slice = self.0.slice(rows.start, rows.len());
        let checked = |column: &ArrowColumnPlan, leaf| Ok(column.checked_before(leaf));
        plan.walk_with(&slice, leaves, checked)
    }
}

impl LeafPlan {
    /// Compiles the nesting of `field`.
    ///
    /// # Errors
    /// If the field has a type that Parquet cannot hold (a union, a struct without fields, a map
    /// with nullable keys), or nests deeper than levels of 16 bits can count.
    pub(crate) fn try_new(field: &Field) -> Result<Self> {
        let root = Node::compile(field)?;
        let mut types = Vec::new();
        root.leaf_types(&mut types);
        Ok(Self {
            field: field.clone(),
            leaves: types.len(),
            root,
        })
    }

    /// The leaves of `array`, depth first, not checked yet.
    ///
    /// # Errors
    /// If the array's type does not fit the field, or an Arrow kernel fails.
    pub(crate) fn leaves(&self, array: &ArrayRef) -> Result<Vec<UncheckedLeaf>> {
        self.check_type(array.data_type())?;
        let mut leaves = Vec::with_capacity(self.leaves);
        let mut shapes = Vec::with_capacity(self.leaves);
        self.root.shapes(&mut shapes);
        let mut shapes = shapes.into_iter();
        self.walk(array, &mut |leaf| {
            let shape = shapes.next().ok_or_else(more_leaves_than_planned)?;
            leaves.push(UncheckedLeaf { leaf, shape });
            Ok(())
        })?;
        Ok(leaves)
    }

    /// Checks that arrays of `found` have values that mean the same as the field's.
    ///
    /// # Errors
    /// [`ParquetError::ArrowError`] naming the field, the type of its values, and the type of the array.
    pub(crate) fn check_type(&self, found: &DataType) -> Result<()> {
        if self.root.takes(found) {
            Ok(())
        } else {
            Err(ParquetError::ArrowError(format!(
                "Incompatible type. Field '{}' has type {}, array has type {found}",
                self.field.name(),
                value_type(self.field.data_type()),
            )))
        }
    }

    /// Calls `each` for every leaf of `array`, whose type has been checked, depth first.
    fn walk(&self, array: &ArrayRef, each: &mut dyn FnMut(Leaf) -> Result<()>) -> Result<()> {
        match self.root.straight(array) {
            Some(leaf) => each(leaf),
            None => self.root.walk(array, Frontier::of_rows(array.len()), each),
        }
    }

    fn memory_size(&self) -> usize {
        self.field.name().capacity() + self.root.memory_size()
    }
}

fn more_leaves_than_planned() -> ParquetError {
    ParquetError::Internal("an array has more leaves than its field".to_owned())
}
