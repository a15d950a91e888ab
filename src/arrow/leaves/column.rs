//! One column as its leaves meet it, and the check of a leaf: whatever keeps one from being written is found here,
//! before anything of a batch is encoded.

use std::ops::Deref;
use std::sync::Arc;

use arrow_array::Array;
use arrow_schema::DataType;

use super::leaf::{Counts, Leaf, Refusal, UncheckedLeaf};
use super::level_map::LevelMap;
use super::shape::{ArrowNesting, ColumnShape, LeafNode, LeafShape, ParquetNesting};
use crate::arrow::adapt::{
    Accepted, Conversion, DecimalPrecision, Narrowed, OpenArray, Scratch, WIDEST_NUMBER,
};
use crate::column::writer::{ColumnPlan, Slots, surely_fits};
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescPtr;

/// What a writer knows of one column beforehand, made once and shared.
#[derive(Debug)]
pub(crate) struct ArrowColumnPlan {
    column_plan: Arc<ColumnPlan>,
    conversion: Conversion,
    /// How the column is nested.
    column: ColumnShape,
    /// How the writer's own field is nested.
    leaf: LeafShape,
    /// What becomes of the levels of its leaves.
    levels: LevelMap,
}

/// Where the values of a column come from.
pub(super) struct ColumnSource<'a> {
    /// The type of the Arrow field, without layers.
    pub(super) data_type: &'a DataType,
    /// How the Arrow field is nested.
    pub(super) leaf: LeafShape,
    /// How the column is nested.
    pub(super) column: ColumnShape,
}

/// A leaf that its column can take as it is: nothing is wrong with its values, and its levels are those of the
/// column. Only a check makes one.
#[derive(Debug)]
pub(crate) struct CheckedLeaf(Leaf);

impl Deref for CheckedLeaf {
    type Target = Leaf;

    fn deref(&self) -> &Leaf {
        &self.0
    }
}

impl ArrowColumnPlan {
    /// Plans for the column of `column_plan`.
    ///
    /// # Errors
    /// If values of the field cannot be written to the column, or the field is nested otherwise: names the column.
    pub(super) fn try_new(
        source: ColumnSource<'_>,
        column_plan: &Arc<ColumnPlan>,
        precision: DecimalPrecision,
    ) -> Result<Self> {
        let ColumnSource {
            data_type,
            leaf,
            column,
        } = source;
        let descr = column_plan.descr();
        let conversion = Conversion::try_new(data_type, descr, precision)?;
        let levels = LevelMap::between(&leaf, &column)
            .ok_or_else(|| nested_otherwise(descr, &leaf, &column))?;
        Ok(Self {
            column_plan: column_plan.clone(),
            conversion,
            column,
            leaf,
            levels,
        })
    }

    /// The column.
    pub(crate) fn descr(&self) -> &ColumnDescPtr {
        self.column_plan.descr()
    }

    /// How values become those of the column.
    pub(crate) fn conversion(&self) -> &Conversion {
        &self.conversion
    }

    /// Checks a leaf that somebody else has walked.
    ///
    /// # Errors
    /// If the leaf is nested otherwise than the column, and for whatever else keeps it from being written.
    pub(crate) fn check_unplanned(&self, leaf: &UncheckedLeaf) -> Result<CheckedLeaf> {
        if leaf.shape == self.leaf {
            return self.check(leaf.leaf.clone(), 0, &mut 0);
        }
        let levels = LevelMap::between(&leaf.shape, &self.column)
            .ok_or_else(|| nested_otherwise(self.descr(), &leaf.shape, &self.column))?;
        let mut leaf = leaf.leaf.clone();
        self.check_with(&mut leaf, &levels, (0, &mut 0))?;
        Ok(CheckedLeaf(leaf))
    }

    /// Checks a leaf of the writer's own field. `first_row` is the number of its first row in the batch. Decimals are
    /// converted while they are checked as long as there is `room` for that.
    ///
    /// # Errors
    /// If a required field is null, a value has another type than the column or is one that the column cannot hold,
    /// or a row is too large for a page: names the column or the field, and the row.
    #[inline(always)]
    pub(super) fn check(
        &self,
        mut leaf: Leaf,
        first_row: usize,
        room: &mut usize,
    ) -> Result<CheckedLeaf> {
        self.check_with(&mut leaf, &self.levels, (first_row, room))?;
        Ok(CheckedLeaf(leaf))
    }

    /// A leaf of rows of which the check is behind us.
    pub(super) fn checked_before(&self, mut leaf: Leaf) -> CheckedLeaf {
        self.levels.apply(&mut leaf);
        CheckedLeaf(leaf)
    }

    /// Bytes on the heap. What columns share is divided among them.
    pub(crate) fn memory_size(&self) -> usize {
        // The counts of an `Arc` stand before what it shares.
        size_of::<Self>()
            + 2 * size_of::<usize>()
            + size_of_val(&*self.leaf) / Arc::strong_count(&self.leaf).max(1)
            + size_of_val(&*self.column) / Arc::strong_count(&self.column).max(1)
            + self.levels.memory_size()
    }

    /// Gives `leaf` the levels of the column, and checks it.
    fn check_with(
        &self,
        leaf: &mut Leaf,
        levels: &LevelMap,
        (first_row, room): (usize, &mut usize),
    ) -> Result<()> {
        levels.apply(leaf);
        if let Some(refusal) = &leaf.refusal {
            return Err(self.refused(refusal, first_row));
        }
        let array = leaf.array.as_ref();
        let accepted = self.conversion.accepts(array.data_type());
        let accepted = accepted.map_err(|error| self.descr().name_in(error))?;
        if accepted == Accepted::Planned {
            if let Some(narrowed) = self.narrowed(array, leaf, *room)? {
                *room -= narrowed.bytes.min(*room);
                leaf.take_over(narrowed);
                return Ok(());
            }
            if self.surely_takes(array, leaf)? {
                return Ok(());
            }
        }
        let values = self.conversion.open(array, &leaf.selection)?;
        self.check_values(&values, leaf, first_row)?;
        self.check_rows(&values, leaf, first_row)
    }

    /// The values of a leaf of the planned type as they are stored, if nothing is wrong with it.
    #[inline]
    fn narrowed(&self, array: &dyn Array, leaf: &Leaf, room: usize) -> Result<Option<Narrowed>> {
        if room == 0 || !self.row_fits(leaf, WIDEST_NUMBER) || u32::try_from(array.len()).is_err() {
            return Ok(None);
        }
        self.conversion.narrowed(array, &leaf.selection, room)
    }

    /// Whether nothing can be wrong with a leaf of the planned type, by what is cheap to find out.
    #[inline]
    fn surely_takes(&self, array: &dyn Array, leaf: &Leaf) -> Result<bool> {
        if u32::try_from(array.len()).is_err() {
            return Ok(false);
        }
        let longest = if self.conversion.takes_all() {
            Some(WIDEST_NUMBER)
        } else {
            self.conversion.longest_of_fitting(array, &leaf.selection)?
        };
        Ok(longest.is_some_and(|longest| self.row_fits(leaf, longest)))
    }

    /// Whether no row is too large, its values being no longer than `longest`.
    fn row_fits(&self, leaf: &Leaf, longest: usize) -> bool {
        let row_slots = self.row_slots(leaf);
        surely_fits(row_slots.saturating_mul(longest), row_slots)
    }

    /// Costs nothing where the column holds all values of the array's type.
    fn check_values(&self, values: &OpenArray<'_>, leaf: &Leaf, first_row: usize) -> Result<()> {
        match values.first_invalid()? {
            None => Ok(()),
            Some(value) => {
                let row = leaf.row_of_value(value.nth, self.descr().max_def_level());
                Err(self.row_error(first_row + row, &value.what))
            }
        }
    }

    /// Costs next to nothing where values and lists are of ordinary sizes: an array's buffers alone tell that no row
    /// is too large. Where they do not, the lengths of values are looked at, and row by row only where those do not
    /// tell either.
    fn check_rows(&self, values: &OpenArray<'_>, leaf: &Leaf, first_row: usize) -> Result<()> {
        let row_slots = self.row_slots(leaf);
        let fits = |longest: usize, total: usize| {
            surely_fits(longest.saturating_mul(row_slots).min(total), row_slots)
        };
        let bound = values.size_bound();
        if fits(bound.longest, bound.total) {
            return Ok(());
        }
        let mut scratch = Scratch::default();
        let lengths = values.lengths(&mut scratch)?;
        if fits(lengths.longest, lengths.sum) {
            return Ok(());
        }
        let (definition, repetition) = (self.descr().max_def_level(), self.descr().max_rep_level());
        let slots = Slots {
            count: leaf.slots,
            definition: (definition > 0).then(|| leaf.def.as_levels()),
            repetition: (repetition > 0).then(|| leaf.rep.as_levels()),
        };
        let row_limit = self.column_plan.row_limit();
        row_limit.check(
            self.descr(),
            first_row,
            slots,
            &mut values.values(&mut scratch),
        )
    }

    /// Slots of the largest row at most.
    fn row_slots(&self, leaf: &Leaf) -> usize {
        match self.descr().max_rep_level() {
            0 => 1,
            _ => leaf.row_slots,
        }
    }

    fn refused(&self, refusal: &Refusal, first_row: usize) -> ParquetError {
        match refusal {
            Refusal::RequiredNull {
                index,
                counts,
                field,
            } => {
                let index = match counts {
                    Counts::Rows => first_row + index,
                    Counts::Elements => *index,
                };
                ParquetError::ArrowError(format!(
                    "Found null at index {index} for required field '{field}'"
                ))
            }
            Refusal::Slot { row, what } => self.row_error(first_row + row, what),
        }
    }

    fn row_error(&self, row: usize, what: &str) -> ParquetError {
        let text = format_args!("row {row} of the batch has {what}");
        ParquetError::ArrowError(self.descr().message(text))
    }
}

fn nested_otherwise(
    descr: &ColumnDescPtr,
    leaf: &[LeafNode],
    column: &ColumnShape,
) -> ParquetError {
    ParquetError::ArrowError(descr.message(format_args!(
        "the Arrow schema has {} there, which cannot be written as the Parquet schema's {}",
        ArrowNesting(leaf),
        ParquetNesting(column)
    )))
}
