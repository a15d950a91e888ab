//! Arrow leaf values to physical values: the conversion is chosen once a column and array, and runs
//! over slices. Knows nothing of nesting: `leaves` says which slots are present.

mod cursor;
mod decimal;
mod gather;
mod layers;
mod reader;
mod scratch;
mod selection;
mod sense;
mod source;
mod target;
#[cfg(test)]
mod tests;
mod unfit;

use std::ptr;
use std::sync::{Arc, Weak};

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

pub(crate) use cursor::Cursor;
use layers::Layers;
pub(crate) use reader::LeafValues;
use scratch::Scratch;
pub(crate) use selection::Selection;
use sense::Sense;
use source::Source;
use target::Target;
pub(crate) use unfit::Unfit;
use unfit::{Look, Rules};

use super::schema::value_type;
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescriptor;

/// Turns the leaf arrays of one column into physical values. Holds scratch, no values.
#[derive(Debug)]
pub(crate) struct Adapter {
    target: Target,
    /// What the column's annotation says of its values.
    annotation: Sense,
    /// As the annotation, or as the Arrow field where there is none.
    sense: Sense,
    precision: DecimalPrecision,
    dictionary: Dictionary,
    scratch: Scratch,
}

/// Whether decimals must keep to the number of digits that their type declares.
///
/// Arrow arrays need not: their values are checked only when somebody asks for it. A decimal that the column's bytes
/// cannot hold is refused in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DecimalPrecision {
    /// Any number that the column's bytes can hold is written. Readers may take more digits than declared, or fail.
    #[default]
    Unchecked,
    /// A batch with a number of more digits is refused.
    Checked,
}

/// The dictionary seen last. A weak reference keeps its address from being used again without keeping
/// its values on the heap, so equal addresses mean equal contents.
#[derive(Debug, Default)]
struct Dictionary {
    values: Option<Weak<dyn Array>>,
    token: u64,
}

/// Bytes that values have at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SizeBound {
    /// Each of them.
    pub(crate) longest: usize,
    /// All of them together.
    pub(crate) total: usize,
}

impl Adapter {
    /// An adapter from fields of `data_type` to the column `descr`.
    ///
    /// # Errors
    /// [`ParquetError::NYI`] or [`ParquetError::ArrowError`] naming the column if there is no conversion.
    pub(crate) fn try_new(data_type: &DataType, descr: &ColumnDescriptor) -> Result<Self> {
        let target = Target::of(descr)?;
        let annotation = Sense::of_column(descr);
        let sense = match annotation {
            Sense::Plain => Sense::of_array(value_type(data_type)),
            annotation => annotation,
        };
        let adapter = Self {
            target,
            annotation,
            sense,
            precision: DecimalPrecision::default(),
            dictionary: Dictionary::default(),
            scratch: Scratch::default(),
        };
        let column = || descr.path().string();
        match adapter.accepts(data_type) {
            Ok(()) => Ok(adapter),
            Err(ParquetError::ArrowError(reason)) => Err(ParquetError::ArrowError(format!(
                "column '{}': {reason}",
                column()
            ))),
            Err(ParquetError::NYI(reason)) => Err(ParquetError::NYI(format!(
                "column '{}': {reason}",
                column()
            ))),
            Err(other) => Err(other),
        }
    }

    /// Sets whether decimals must keep to their precision.
    pub(crate) fn with_decimal_precision(self, precision: DecimalPrecision) -> Self {
        Self { precision, ..self }
    }

    /// Whether arrays of `data_type` can be opened.
    ///
    /// # Errors
    /// As [`Adapter::open`].
    pub(crate) fn accepts(&self, data_type: &DataType) -> Result<()> {
        let data_type = value_type(data_type);
        source::supported(data_type, self.target)?;
        match Sense::of_array(data_type).agrees_with(self.sense) {
            true => Ok(()),
            false => Err(ParquetError::ArrowError(format!(
                "values of type {data_type} would be read as others: the column holds {}",
                self.sense
            ))),
        }
    }

    /// The first of the values at `selection` of `array` that the column cannot hold. Costs nothing where all values of
    /// the array's type fit.
    ///
    /// # Errors
    /// As [`Adapter::open`], and if a dictionary key or a run lies outside of what the array holds.
    pub(crate) fn first_unfit(
        &self,
        array: &dyn Array,
        selection: &Selection,
    ) -> Result<Option<Unfit>> {
        let (layers, values) = Layers::peel(array)?;
        let values = values.map_or(array, AsRef::as_ref);
        reader::check_slots(selection, array.len())?;
        let look = Look {
            source: Source::of(values, self.target)?,
            layers,
            selection,
            slots: &mut Vec::new(),
        };
        let rules = Rules {
            target: self.target,
            column: self.annotation,
            precision: self.precision,
        };
        look.first_unfit(values.data_type(), rules)
    }

    /// How large the values at `selection` of `array` are at most, without a look at each.
    ///
    /// # Errors
    /// As [`Adapter::open`].
    pub(crate) fn size_bound(&self, array: &dyn Array, selection: &Selection) -> Result<SizeBound> {
        let (layers, values) = Layers::peel(array)?;
        let source = Source::of(values.map_or(array, AsRef::as_ref), self.target)?;
        if u32::try_from(array.len()).is_err() {
            reader::check_slots(selection, array.len())?;
        }
        let longest = match self.target {
            Target::Fixed(width) => source.longest_bound().max(width),
            _ => source.longest_bound(),
        };
        let each = longest.saturating_mul(selection.len());
        // Only slots side by side are sure to be different ones.
        let is_once = matches!(selection, Selection::Range { .. } | Selection::Bits { .. });
        let span = source.span_bound().filter(|_| is_once && layers.is_empty());
        Ok(SizeBound {
            longest,
            total: span.map_or(each, |span| span.min(each)),
        })
    }

    /// An adapter for the same column without scratch.
    pub(crate) fn fresh(&self) -> Self {
        Self {
            target: self.target,
            annotation: self.annotation,
            sense: self.sense,
            precision: self.precision,
            dictionary: Dictionary::default(),
            scratch: Scratch::default(),
        }
    }

    /// Starts on the slots `selection` of `array`, whose type need not be the field's: any for which a
    /// conversion to the column exists will do.
    ///
    /// # Errors
    /// [`ParquetError::NYI`] and [`ParquetError::ArrowError`] if there is no conversion;
    /// [`ParquetError::IndexOutOfBound`] if the selection reaches past the array.
    pub(crate) fn open<'a>(
        &'a mut self,
        array: &'a dyn Array,
        selection: &'a Selection,
    ) -> Result<LeafValues<'a>> {
        self.open_at(array, start(array, selection)?)
    }

    /// As [`Adapter::open`], and goes on where `cursor`, from [`start`], stands.
    ///
    /// # Errors
    /// As [`Adapter::open`].
    pub(crate) fn open_at<'a>(
        &'a mut self,
        array: &'a dyn Array,
        cursor: Cursor<'a>,
    ) -> Result<LeafValues<'a>> {
        let (layers, values) = Layers::peel(array)?;
        let (source, token) = match values {
            None => (Source::of(array, self.target)?, 0),
            Some(values) => (
                Source::of(values.as_ref(), self.target)?,
                self.dictionary.token_of(values),
            ),
        };
        Ok(LeafValues::new(
            cursor,
            (source, layers, token),
            self.target,
            &mut self.scratch,
        ))
    }

    /// Bytes held on the heap.
    pub(crate) fn memory_size(&self) -> usize {
        self.scratch.memory_size()
    }

    /// Gives scratch back; it grows again when values need it.
    pub(crate) fn shrink(&mut self) {
        self.scratch = Scratch::default();
    }
}

/// The first of the slots `selection` of `array`.
///
/// # Errors
/// [`ParquetError::IndexOutOfBound`] if the selection reaches past the array, [`ParquetError::General`] if the array is too
/// long.
pub(crate) fn start<'a>(array: &dyn Array, selection: &'a Selection) -> Result<Cursor<'a>> {
    reader::check_slots(selection, array.len())?;
    Ok(Cursor::new(selection))
}

impl Dictionary {
    fn token_of(&mut self, values: &ArrayRef) -> u64 {
        let known = self
            .values
            .as_ref()
            .is_some_and(|known| ptr::addr_eq(known.as_ptr(), Arc::as_ptr(values)));
        if !known {
            self.values = Some(Arc::downgrade(values));
            self.token += 1;
        }
        self.token
    }
}
