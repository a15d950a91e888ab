//! What rows of a batch take in memory when they are taken apart: levels below lists, and copies of what dictionaries
//! and runs repeat. Never more work than to take them apart: ranges of slots are looked at as a whole wherever they
//! lie side by side.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{
    Array, ArrayRef, OffsetSizeTrait, RunArray, StructArray, downcast_dictionary_array,
};
use arrow_buffer::ArrowNativeType;
use arrow_schema::DataType;

use super::flatten::{is_wrapped, is_wrapped_twice};
use super::lists::{Elements, ListVisitor, Lists, visit_lists};
use super::tree::{Kind, Node};

/// Bytes of a definition and a repetition level.
const LEVELS_BYTES: usize = 2 * size_of::<i16>();

/// Bytes that it takes to find the value of a slot of a dictionary or a run.
const PICK_BYTES: usize = 24;

/// The columns of a batch that take memory to take apart.
#[derive(Debug)]
pub(crate) struct Weights<'a> {
    columns: Vec<(&'a Node, &'a dyn Array)>,
}

/// What lies above an array, and how closely it is looked at.
#[derive(Debug, Clone, Copy)]
struct Above {
    /// Whether there is a list, so that all slots have levels.
    has_list: bool,
    /// Whether the array is copied.
    is_copied: bool,
    precision: Precision,
}

/// How closely rows are looked at where each may take another number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// Each is looked at.
    Exact,
    /// Each is taken to need what all values of its array need together.
    UpperBound,
}

impl<'a> Weights<'a> {
    pub(super) fn new(columns: impl Iterator<Item = (&'a Node, &'a ArrayRef)>) -> Self {
        let columns = columns.map(|(node, array)| (node, array.as_ref()));
        Self {
            columns: columns
                .filter(|(node, array)| node.may_take(array.data_type()))
                .collect(),
        }
    }

    /// Those of a batch that takes nothing.
    pub(crate) fn none() -> Self {
        Self {
            columns: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Bytes that these rows take.
    pub(crate) fn bytes(&self, rows: Range<usize>) -> usize {
        self.weigh(rows, Precision::Exact)
    }

    /// Whether these rows take no more than `most_bytes`. Looks at each of them only where that cannot be told
    /// otherwise.
    pub(crate) fn are_within(&self, rows: Range<usize>, most_bytes: usize) -> bool {
        self.weigh(rows.clone(), Precision::UpperBound) <= most_bytes
            || self.weigh(rows, Precision::Exact) <= most_bytes
    }

    pub(super) fn weigh(&self, rows: Range<usize>, precision: Precision) -> usize {
        let above = Above {
            has_list: false,
            is_copied: false,
            precision,
        };
        let columns = self.columns.iter();
        sum(columns.map(|(node, array)| node.weigh(*array, rows.clone(), rows.len(), above)))
    }
}

impl Node {
    /// Whether arrays of type `found` have lists in them, or are copied.
    fn may_take(&self, found: &DataType) -> bool {
        match (&self.kind, found) {
            (Kind::Struct(fields), DataType::Struct(children)) => {
                let mut pairs = fields.iter().zip(children);
                pairs.any(|(field, child)| field.may_take(child.data_type()))
            }
            (Kind::Struct(_) | Kind::List { .. }, _) => true,
            // A single layer around values stays as it is.
            (Kind::Values(_) | Kind::Nulls, found) => is_wrapped_twice(found),
        }
    }

    /// Bytes that `range` of `array` takes, if it makes `slots` slots: those of lists without elements are slots too.
    fn weigh(&self, array: &dyn Array, range: Range<usize>, slots: usize, above: Above) -> usize {
        let is_resolved = match &self.kind {
            Kind::Values(_) | Kind::Nulls => is_wrapped_twice(array.data_type()),
            Kind::Struct(_) | Kind::List { .. } => is_wrapped(array.data_type()),
        };
        if is_resolved {
            let picks = range.len().saturating_mul(PICK_BYTES);
            let copied = Above {
                is_copied: true,
                ..above
            };
            let beside = slots.saturating_sub(range.len());
            return picks
                .saturating_add(self.resolve(array, range, copied))
                .saturating_add(levels(beside, above));
        }
        match &self.kind {
            Kind::Values(_) | Kind::Nulls => {
                levels(slots, above).saturating_add(copied(above, value_bytes(array, range)))
            }
            Kind::Struct(fields) => {
                let columns = array.as_struct_opt().map_or(&[][..], StructArray::columns);
                let pairs = fields.iter().zip(columns);
                sum(pairs.map(|(field, column)| {
                    field.weigh(column.as_ref(), range.clone(), slots, above)
                }))
            }
            Kind::List { element, .. } => {
                let below = Above {
                    has_list: true,
                    ..above
                };
                let weigh_lists = WeighLists {
                    element,
                    range,
                    slots,
                    below,
                };
                visit_lists(array, weigh_lists).unwrap_or(0)
            }
        }
    }

    /// Bytes of what the slots of a dictionary or a run stand for.
    fn resolve(&self, array: &dyn Array, range: Range<usize>, above: Above) -> usize {
        if let Some(runs) = array.as_run_opt::<Int16Type>() {
            return self.resolve_runs(runs, range, above);
        }
        if let Some(runs) = array.as_run_opt::<Int32Type>() {
            return self.resolve_runs(runs, range, above);
        }
        if let Some(runs) = array.as_run_opt::<Int64Type>() {
            return self.resolve_runs(runs, range, above);
        }
        downcast_dictionary_array!(
            array => {
                let keys = array.keys().values().iter().skip(range.start).take(range.len());
                self.resolve_keys(array.values(), keys.map(|key| key.as_usize()), above)
            }
            _ => 0
        )
    }

    fn resolve_keys(
        &self,
        values: &ArrayRef,
        keys: impl ExactSizeIterator<Item = usize>,
        above: Above,
    ) -> usize {
        // A key that is null may be any number.
        let (count, entries) = (values.len(), 0..values.len());
        if above.precision == Precision::UpperBound {
            return keys
                .len()
                .saturating_mul(self.entries(values, entries, above));
        }
        if keys.len() < count {
            let keys = keys.filter(|key| *key < count);
            return sum(keys.map(|key| self.entries(values, key..key + 1, above)));
        }
        // Fewer values than keys: each is weighed once.
        let each: Vec<usize> = entries
            .map(|index| self.entries(values, index..index + 1, above))
            .collect();
        sum(keys.filter_map(|key| each.get(key).copied()))
    }

    fn resolve_runs<R: RunEndIndexType>(
        &self,
        runs: &RunArray<R>,
        range: Range<usize>,
        above: Above,
    ) -> usize {
        let ends = runs.run_ends();
        let (mut slot, mut bytes) = (range.start, 0_usize);
        if range.is_empty() {
            return 0;
        }
        if above.precision == Precision::UpperBound {
            let values = runs.values();
            let all = self.entries(values, 0..values.len(), above);
            return range.len().saturating_mul(all);
        }
        let mut run = ends.get_physical_index(slot);
        while slot < range.end {
            let end = ends.values().get(run).map_or(0, |end| end.as_usize());
            let end = end.saturating_sub(ends.offset()).clamp(slot + 1, range.end);
            let each = self.entries(runs.values(), run..run + 1, above);
            bytes = bytes.saturating_add(each.saturating_mul(end - slot));
            (slot, run) = (end, run + 1);
        }
        bytes
    }

    /// Bytes of some values of a dictionary or of runs.
    fn entries(&self, values: &ArrayRef, range: Range<usize>, above: Above) -> usize {
        let slots = range.len();
        if is_wrapped(values.data_type()) {
            self.resolve(values.as_ref(), range, above)
        } else {
            self.weigh(values.as_ref(), range, slots, above)
        }
    }
}

/// Weighs the lists at `range`, which make `slots` slots if none of them has elements.
struct WeighLists<'a> {
    element: &'a Node,
    range: Range<usize>,
    slots: usize,
    below: Above,
}

impl ListVisitor for WeighLists<'_> {
    type Out = usize;

    fn visit(self, lists: &impl Lists, elements: Elements<'_>) -> usize {
        let Self {
            element,
            range,
            slots,
            below,
        } = self;
        let values = elements.as_array();
        let beside = copied(below, range.len().saturating_mul(lists.list_bytes()));
        if let Some(elements) = lists.hull(range.clone()) {
            let slots = slots.saturating_add(elements.len());
            return beside.saturating_add(element.weigh(values, elements, slots, below));
        }
        // Lists that lie anywhere, over one another too, need their places written down, beside the levels.
        let weigh = |elements: Range<usize>| {
            let place =
                size_of::<Range<usize>>().min(elements.len().saturating_mul(size_of::<u32>()));
            let slots = elements.len();
            place.saturating_add(element.weigh(values, elements, slots, below))
        };
        let each = match below.precision {
            Precision::Exact => sum(lists.each(range).map(weigh)),
            Precision::UpperBound => range.len().saturating_mul(weigh(0..values.len())),
        };
        each.saturating_add(levels(slots, below))
            .saturating_add(beside)
    }
}

/// Bytes of the levels of `slots` slots.
fn levels(slots: usize, above: Above) -> usize {
    if above.has_list {
        slots.saturating_mul(LEVELS_BYTES)
    } else {
        0
    }
}

/// `bytes`, if they are copied.
fn copied(above: Above, bytes: usize) -> usize {
    if above.is_copied { bytes } else { 0 }
}

/// Bytes of the values of an array that is not nested.
fn value_bytes(array: &dyn Array, range: Range<usize>) -> usize {
    match array.data_type() {
        DataType::Utf8 => text_bytes(array.as_string::<i32>().offsets(), &range),
        DataType::LargeUtf8 => text_bytes(array.as_string::<i64>().offsets(), &range),
        DataType::Binary => text_bytes(array.as_binary::<i32>().offsets(), &range),
        DataType::LargeBinary => text_bytes(array.as_binary::<i64>().offsets(), &range),
        DataType::Utf8View | DataType::BinaryView => range.len().saturating_mul(size_of::<u128>()),
        DataType::Boolean => range.len().div_ceil(8),
        DataType::FixedSizeBinary(width) => {
            let width = usize::try_from(*width).unwrap_or(0);
            range.len().saturating_mul(width)
        }
        DataType::Dictionary(keys, _) => width(keys, range.len()),
        // Ends and values may be as many as there are slots.
        DataType::RunEndEncoded(ends, values) => width(ends.data_type(), range.len())
            .saturating_add(width(values.data_type(), range.len())),
        fixed => width(fixed, range.len()),
    }
}

fn width(data_type: &DataType, count: usize) -> usize {
    let width = data_type.primitive_width().unwrap_or(size_of::<u128>());
    count.saturating_mul(width)
}

fn text_bytes<O: OffsetSizeTrait>(offsets: &[O], range: &Range<usize>) -> usize {
    let at = |slot: usize| offsets.get(slot).map_or(0, |offset| offset.as_usize());
    let text = at(range.end).saturating_sub(at(range.start));
    text.saturating_add(range.len() * size_of::<O>())
}

fn sum(bytes: impl Iterator<Item = usize>) -> usize {
    bytes.fold(0, usize::saturating_add)
}
