//! Arrow leaf values to physical values: the conversion is chosen once a column and array, and runs
//! over slices. Knows nothing of nesting: `leaves` says which slots are present.

mod cursor;
mod decimal;
mod gather;
mod invalid;
mod layers;
mod meaning;
mod narrowed;
mod reader;
mod scratch;
mod selection;
mod source;
mod target;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::ptr;
use std::sync::{Arc, Weak};

use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

pub(crate) use cursor::Cursor;
pub(crate) use invalid::InvalidValue;
use invalid::{Bounds, Rules, Search};
use layers::{Layers, has_layers};
use meaning::Meaning;
pub(crate) use narrowed::Narrowed;
pub(crate) use reader::LeafValues;
pub(crate) use scratch::Scratch;
pub(crate) use selection::Selection;
use source::{Decimals, Source};
use target::Target;

use super::schema::value_type;
use crate::column::writer::{Lengths, lengths_of};
use crate::data_type::values::{ByteSource, Values};
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescriptor;

/// How Arrow values become those of one column. Depends on the schema and the options only, and is made once a writer.
#[derive(Debug)]
pub(crate) struct Conversion {
    /// The type of the Arrow field without layers: what nearly all arrays have.
    data_type: DataType,
    /// The numbers of that type that the column holds; `None` if it holds all that have its width.
    bounds: Option<Bounds>,
    one_look: OneLook,
    /// Whether the column surely holds all values of that type, none of which takes more than a few bytes.
    takes_all: bool,
    target: Target,
    /// What the column's annotation says of its values.
    annotation: Meaning,
    /// As the annotation, or as the Arrow field where there is none.
    meaning: Meaning,
    precision: DecimalPrecision,
}

/// What one look at the values of an array may tell.
#[derive(Debug, PartialEq, Eq)]
enum OneLook {
    /// Whether decimals of 16 bytes, the most frequent numbers that a column may not hold, are these.
    /// Apart from the plan, which most columns have without them.
    Decimals(Box<RangeInclusive<i128>>),
    /// Whether the bytes of all values are there.
    Bytes,
    None,
}

/// Reads small arrays of one column. Holds nothing: what has to be converted goes into scratch that columns share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SmallReader {
    target: Target,
}

/// How an array's type was found to be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// It is the Arrow field's, without layers.
    Planned,
    /// Its values can be converted.
    Other,
}

/// Turns the leaf arrays of one column into physical values. Holds scratch, no values.
#[derive(Debug)]
pub(crate) struct Adapter {
    target: Target,
    dictionary: Dictionary,
    scratch: Scratch,
}

/// Some values of one array, opened to be looked at: the array's layers are taken off.
#[derive(Debug, Clone)]
pub(crate) struct OpenArray<'a> {
    conversion: &'a Conversion,
    selection: &'a Selection,
    /// The innermost values.
    values: &'a dyn Array,
    source: Source<'a>,
    layers: Layers<'a>,
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

/// Values that are looked at together.
const STEP: usize = 4096;

/// Bytes that a number has at most: the widest decimal, with a byte for its sign.
pub(crate) const WIDEST_NUMBER: usize = 33;

/// Bytes that values have at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SizeBound {
    /// Each of them.
    pub(crate) longest: usize,
    /// All of them together.
    pub(crate) total: usize,
}

impl Conversion {
    /// From fields of `data_type` to the column `descr`.
    ///
    /// # Errors
    /// [`ParquetError::NYI`] or [`ParquetError::ArrowError`] naming the column if there is no conversion.
    pub(crate) fn try_new(
        data_type: &DataType,
        descr: &ColumnDescriptor,
        precision: DecimalPrecision,
    ) -> Result<Self> {
        let target = Target::of(descr)?;
        let annotation = Meaning::of_column(descr);
        let data_type = value_type(data_type);
        let meaning = match annotation {
            Meaning::Plain => Meaning::of_array(data_type),
            annotation => annotation,
        };
        let rules = Rules {
            target,
            column: annotation,
            precision,
        };
        let bounds = rules.bounds(data_type);
        let conversion = Self {
            one_look: OneLook::of(data_type, &rules, bounds),
            bounds,
            takes_all: takes_all(annotation, data_type),
            data_type: data_type.clone(),
            target,
            annotation,
            meaning,
            precision,
        };
        conversion
            .supports(data_type)
            .map_err(|error| descr.name_in(error))?;
        Ok(conversion)
    }

    /// Whether arrays of `data_type` can be opened.
    ///
    /// # Errors
    /// [`ParquetError::NYI`] and [`ParquetError::ArrowError`] if there is no conversion, or values would be read as
    /// others.
    pub(crate) fn accepts(&self, data_type: &DataType) -> Result<Accepted> {
        if *data_type == self.data_type {
            return Ok(Accepted::Planned);
        }
        self.supports(value_type(data_type))?;
        Ok(Accepted::Other)
    }

    /// Whether the column surely holds all values of the planned type, none of which takes more than
    /// [`WIDEST_NUMBER`] bytes.
    pub(crate) fn takes_all(&self) -> bool {
        self.takes_all
    }

    /// The bytes of the longest value at `selection` of an array of the planned type, or a few more, if one look
    /// tells that the column holds all of them. It costs less than to open the array.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn longest_of_fitting(
        &self,
        array: &dyn Array,
        selection: &Selection,
    ) -> Result<Option<usize>> {
        let Some(hull) = selection.hull().filter(|_| self.one_look != OneLook::None) else {
            return Ok(None);
        };
        let source = Source::of(array, self.target)?;
        Ok(match (&self.one_look, source) {
            (OneLook::Decimals(kept), Source::Decimal(Decimals::Width16(decimals))) => {
                let decimals = decimals.get(hull);
                decimals
                    .filter(|decimals| invalid::are_within(decimals, kept))
                    .map(|_| self.target.widened(WIDEST_NUMBER))
            }
            (OneLook::Bytes, Source::Bytes(ByteSource::Views { views, buffers })) => {
                let views = views.get(hull);
                views.and_then(|views| invalid::longest_of_fitting(views, buffers))
            }
            (OneLook::Bytes, Source::Bytes(source)) => source.span(),
            _ => None,
        })
    }

    /// The values at `selection` of an array of the planned type as the numbers that the column stores, if that is
    /// what the column has of them, one look tells that it holds all, and they take no more than `room` bytes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn narrowed(
        &self,
        array: &dyn Array,
        selection: &Selection,
        room: usize,
    ) -> Result<Option<Narrowed>> {
        let (OneLook::Decimals(kept), Some(hull)) = (&self.one_look, selection.hull()) else {
            return Ok(None);
        };
        if hull.len() > room / size_of::<i64>() {
            return Ok(None);
        }
        let Source::Decimal(Decimals::Width16(decimals)) = Source::of(array, self.target)? else {
            return Ok(None);
        };
        let Some(decimals) = decimals.get(hull) else {
            return Ok(None);
        };
        Ok(Narrowed::of(decimals, selection, self.target, kept))
    }

    /// As [`accepts`](Self::accepts), of a type without layers.
    fn supports(&self, data_type: &DataType) -> Result<()> {
        source::supported(data_type, self.target)?;
        if Meaning::of_array(data_type).agrees_with(self.meaning) {
            Ok(())
        } else {
            Err(ParquetError::ArrowError(format!(
                "values of type {data_type} would be read as others: the column holds {}",
                self.meaning
            )))
        }
    }

    /// Opens the values at `selection` of an array whose type is accepted.
    ///
    /// # Errors
    /// [`ParquetError::IndexOutOfBound`] if the selection reaches past the array, [`ParquetError::General`] if the
    /// array is too long.
    pub(crate) fn open<'a>(
        &'a self,
        array: &'a dyn Array,
        selection: &'a Selection,
    ) -> Result<OpenArray<'a>> {
        let (layers, values) = Layers::peel(array)?;
        reader::check_slots(selection, array.len())?;
        let values = values.map_or(array, AsRef::as_ref);
        Ok(OpenArray {
            conversion: self,
            selection,
            values,
            source: Source::of(values, self.target)?,
            layers,
        })
    }
}

impl OpenArray<'_> {
    /// The first value that the column cannot hold. Costs nothing where all values of the array's type fit.
    ///
    /// # Errors
    /// If a dictionary key or a run lies outside of what the array holds.
    pub(crate) fn first_invalid(&self) -> Result<Option<InvalidValue>> {
        let search = Search {
            source: self.source,
            layers: &self.layers,
            selection: self.selection,
            slots: &mut Vec::new(),
        };
        let data_type = self.values.data_type();
        let rules = Rules {
            target: self.conversion.target,
            column: self.conversion.annotation,
            precision: self.conversion.precision,
        };
        let bounds = if *data_type == self.conversion.data_type {
            self.conversion.bounds
        } else {
            rules.bounds(data_type)
        };
        search.first_invalid(data_type, rules, bounds)
    }

    /// How large the values are at most, without a look at each.
    pub(crate) fn size_bound(&self) -> SizeBound {
        let longest = self.conversion.target.widened(self.source.longest_bound());
        let each = longest.saturating_mul(self.selection.len());
        // Bytes that several slots share would count once only.
        let is_once = self.layers.is_empty() && self.selection.has_each_slot_once();
        let span = self.source.span_bound().filter(|_| is_once);
        SizeBound {
            longest,
            total: span.map_or(each, |span| span.min(each)),
        }
    }

    /// The lengths of all values; their bytes are not touched. Of views those under nulls may count, too.
    pub(crate) fn lengths(&self, scratch: &mut Scratch) -> Result<Lengths> {
        if let (Source::Bytes(ByteSource::Views { views, .. }), true, Some(hull)) =
            (self.source, self.layers.is_empty(), self.selection.hull())
            && let Some(views) = views.get(hull)
        {
            return Ok(lengths_of_views(views));
        }
        let mut values = self.values(scratch);
        let mut all = Lengths::default();
        while values.remaining() > 0 {
            let some = lengths_of(&values.next(STEP)?);
            all.sum = all.sum.saturating_add(some.sum);
            all.longest = all.longest.max(some.longest);
        }
        Ok(all)
    }

    /// The values one after the other. A dictionary has no token of its own.
    pub(crate) fn values<'s>(&'s self, scratch: &'s mut Scratch) -> LeafValues<'s, 's> {
        let Self {
            conversion,
            selection,
            source,
            layers,
            ..
        } = self.clone();
        let target = conversion.target;
        LeafValues::new(Cursor::new(selection), (source, layers, 0), target, scratch)
    }
}

/// A view begins with its length.
#[expect(clippy::cast_possible_truncation, reason = "the part of a view")]
fn lengths_of_views(views: &[u128]) -> Lengths {
    let lengths = views.iter().map(|view| *view as u32);
    let sum = lengths.clone().map(u64::from).sum::<u64>();
    Lengths {
        sum: usize::try_from(sum).unwrap_or(usize::MAX),
        longest: lengths.max().map_or(0, |longest| longest as usize),
    }
}

impl SmallReader {
    pub(crate) fn new(conversion: &Conversion) -> Self {
        Self {
            target: conversion.target,
        }
    }

    /// Gives `take` the values at `selection` of `array`, of a type that the column accepts. `None` if the array has
    /// layers.
    ///
    /// # Errors
    /// As [`start`] and [`Adapter::open_at`], or if `take` fails.
    #[inline]
    pub(crate) fn read<T>(
        self,
        array: &dyn Array,
        selection: &Selection,
        scratch: &mut Scratch,
        take: impl FnOnce(&Values<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        if has_layers(array.data_type()) {
            return Ok(None);
        }
        let (source, target) = (Source::of(array, self.target)?, self.target);
        if let Selection::Range { from, len } = selection
            && let Some(values) = reader::side_by_side(source, *from..*from + *len, target, scratch)
        {
            return take(&values).map(Some);
        }
        let cursor = start(array, selection)?;
        let layers = (source, Layers::default(), 0);
        let mut values = LeafValues::new(cursor, layers, target, scratch);
        take(&values.next(selection.len())?).map(Some)
    }
}

impl Adapter {
    pub(crate) fn new(conversion: &Conversion) -> Self {
        Self {
            target: conversion.target,
            dictionary: Dictionary::default(),
            scratch: Scratch::default(),
        }
    }

    /// Goes on in `array`, of a type that the column accepts, where `cursor`, from [`start`], stands.
    ///
    /// # Errors
    /// If the array is too long, or Arrow gives no access to what its type says that it has.
    pub(crate) fn open_at<'a, 's>(
        &'s mut self,
        array: &'a dyn Array,
        cursor: Cursor<'a>,
    ) -> Result<LeafValues<'a, 's>> {
        let target = self.target;
        let (layers, values) = Layers::peel(array)?;
        let (source, token) = match values {
            None => (Source::of(array, target)?, 0),
            Some(values) => (
                Source::of(values.as_ref(), target)?,
                self.dictionary.token_of(values),
            ),
        };
        Ok(LeafValues::new(
            cursor,
            (source, layers, token),
            target,
            &mut self.scratch,
        ))
    }

    /// All values of `array`, of a type that the column accepts, if its slots in `selection` lie side by side and it
    /// has no layers.
    ///
    /// # Errors
    /// If Arrow gives no access to what its type says that the array has.
    #[inline]
    pub(crate) fn all_at_once<'a>(
        &'a mut self,
        array: &'a dyn Array,
        selection: &Selection,
    ) -> Result<Option<Values<'a>>> {
        let Selection::Range { from, len } = selection else {
            return Ok(None);
        };
        if has_layers(array.data_type()) {
            return Ok(None);
        }
        let (range, target) = (*from..*from + *len, self.target);
        let source = Source::of(array, target)?;
        Ok(reader::side_by_side(
            source,
            range,
            target,
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
/// [`ParquetError::IndexOutOfBound`] if the selection reaches past the array, [`ParquetError::General`] if the array
/// is too long.
pub(crate) fn start<'a>(array: &dyn Array, selection: &'a Selection) -> Result<Cursor<'a>> {
    reader::check_slots(selection, array.len())?;
    Ok(Cursor::new(selection))
}

impl OneLook {
    /// For arrays of `data_type`, of which the column holds the numbers `bounds`.
    fn of(data_type: &DataType, rules: &Rules, bounds: Option<Bounds>) -> Self {
        match (data_type, bounds) {
            (DataType::Decimal128(..), Some(bounds)) => {
                Self::Decimals(Box::new(bounds.as_decimals()))
            }
            (
                DataType::Utf8
                | DataType::LargeUtf8
                | DataType::Utf8View
                | DataType::Binary
                | DataType::LargeBinary
                | DataType::BinaryView,
                _,
            ) if !rules.must_become_text(data_type) => Self::Bytes,
            _ => Self::None,
        }
    }
}

/// Whether a column with this annotation, to which values of `data_type` can be written, holds all of them, and all are
/// numbers of a few bytes.
fn takes_all(annotation: Meaning, data_type: &DataType) -> bool {
    let is_annotated_alike = annotation == Meaning::of_array(data_type);
    match data_type {
        DataType::Boolean
        | DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(_, _)
        | DataType::Duration(_)
        | DataType::Interval(_)
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16 => is_annotated_alike || annotation == Meaning::Plain,
        // Their upper half is negative in a column that does not say so.
        DataType::UInt32 | DataType::UInt64 => is_annotated_alike,
        _ => false,
    }
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
