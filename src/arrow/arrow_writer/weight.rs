//! What rows of a batch take in memory when they are taken apart: levels below lists, and copies of what dictionaries and
//! runs repeat. Never more work than to take them apart: ranges of slots are looked at as a whole wherever they lie side by
//! side.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int16Type, Int32Type, Int64Type, RunEndIndexType};
use arrow_array::{
    Array, ArrayRef, GenericListArray, GenericListViewArray, OffsetSizeTrait, RecordBatch,
    RunArray, downcast_dictionary_array,
};
use arrow_buffer::ArrowNativeType;
use arrow_schema::DataType;

use crate::arrow::schema::value_type;

/// Bytes of a definition and a repetition level.
const LEVELS_BYTES: usize = 2 * size_of::<i16>();

/// Bytes that it takes to find the value of a slot of a dictionary or a run.
const PICK_BYTES: usize = 24;

/// The columns of a batch that take memory to take apart.
#[derive(Debug)]
pub(super) struct Weights<'a> {
    columns: Vec<&'a dyn Array>,
}

/// What lies above an array.
#[derive(Debug, Clone, Copy, Default)]
struct Above {
    /// Whether there is a list, so that all slots have levels.
    has_list: bool,
    /// Whether the array is copied.
    is_copied: bool,
}

impl<'a> Weights<'a> {
    pub(super) fn of(batch: &'a RecordBatch) -> Self {
        let columns = batch.columns().iter().map(AsRef::as_ref);
        Self {
            columns: columns
                .filter(|column: &&dyn Array| may_take(column.data_type()))
                .collect(),
        }
    }

    /// Those of a batch that takes nothing.
    pub(super) fn none() -> Self {
        Self {
            columns: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Bytes that these rows take.
    pub(super) fn bytes(&self, rows: Range<usize>) -> usize {
        let columns = self.columns.iter();
        sum(columns.map(|column| weigh(*column, rows.clone(), rows.len(), Above::default())))
    }
}

/// Whether arrays of `data_type` have lists in them, or are copied.
fn may_take(data_type: &DataType) -> bool {
    match data_type {
        DataType::Struct(fields) => fields.iter().any(|field| may_take(field.data_type())),
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::FixedSizeList(_, _)
        | DataType::Map(_, _) => true,
        wrapped => is_resolved(wrapped),
    }
}

/// Whether a dictionary or a run is written out before it is taken apart: if what it holds is nested or wrapped itself.
fn is_resolved(data_type: &DataType) -> bool {
    let inner = match data_type {
        DataType::Dictionary(_, values) => values.as_ref(),
        DataType::RunEndEncoded(_, values) => values.data_type(),
        _ => return false,
    };
    is_wrapped(inner) || value_type(inner).is_nested()
}

fn is_wrapped(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Dictionary(..) | DataType::RunEndEncoded(..)
    )
}

/// Bytes that `range` of `array` takes, if it makes `slots` slots: those of lists without elements are slots too.
fn weigh(array: &dyn Array, range: Range<usize>, slots: usize, above: Above) -> usize {
    let below = Above {
        has_list: true,
        ..above
    };
    match array.data_type() {
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            sum(columns.map(|column| weigh(column.as_ref(), range.clone(), slots, above)))
        }
        DataType::List(_) => lists(array.as_list::<i32>(), range, slots, below),
        DataType::LargeList(_) => lists(array.as_list::<i64>(), range, slots, below),
        DataType::Map(_, _) => {
            let maps = array.as_map();
            let entries = part_of(maps.offsets(), &range);
            let slots = slots.saturating_add(entries.len());
            copied(above, range.len() * size_of::<i32>()).saturating_add(weigh(
                maps.entries(),
                entries,
                slots,
                below,
            ))
        }
        DataType::FixedSizeList(_, size) => {
            let size = usize::try_from(*size).unwrap_or(0);
            let elements = range.start * size..range.end * size;
            let slots = slots.saturating_add(elements.len());
            let values = array.as_fixed_size_list().values();
            weigh(values.as_ref(), elements, slots, below)
        }
        DataType::ListView(_) => views(array.as_list_view::<i32>(), range, slots, below),
        DataType::LargeListView(_) => views(array.as_list_view::<i64>(), range, slots, below),
        wrapped if is_resolved(wrapped) => {
            let picks = range.len().saturating_mul(PICK_BYTES);
            let copied = Above {
                is_copied: true,
                ..above
            };
            let beside = slots.saturating_sub(range.len());
            picks
                .saturating_add(resolve(array, range, copied))
                .saturating_add(levels(beside, above))
        }
        _ => levels(slots, above).saturating_add(copied(above, value_bytes(array, range))),
    }
}

fn lists<O: OffsetSizeTrait>(
    lists: &GenericListArray<O>,
    range: Range<usize>,
    slots: usize,
    below: Above,
) -> usize {
    let elements = part_of(lists.offsets(), &range);
    let slots = slots.saturating_add(elements.len());
    copied(below, range.len() * size_of::<O>()).saturating_add(weigh(
        lists.values().as_ref(),
        elements,
        slots,
        below,
    ))
}

/// Lists anywhere among the values, over one another too.
fn views<O: OffsetSizeTrait>(
    lists: &GenericListViewArray<O>,
    range: Range<usize>,
    slots: usize,
    below: Above,
) -> usize {
    let values = lists.values().as_ref();
    let places = lists.offsets().iter().zip(lists.sizes().iter());
    let places = places.skip(range.start).take(range.len());
    let elements = places.map(|(offset, size)| {
        let (from, len) = (offset.as_usize(), size.as_usize());
        // Lists that lie anywhere need their places written down, beside the levels.
        let place = size_of::<Range<usize>>().min(len.saturating_mul(size_of::<u32>()));
        place.saturating_add(weigh(values, from..from + len, len, below))
    });
    sum(elements)
        .saturating_add(levels(slots, below))
        .saturating_add(copied(below, 2 * range.len() * size_of::<O>()))
}

/// Bytes of what the slots of a dictionary or a run stand for.
fn resolve(array: &dyn Array, range: Range<usize>, above: Above) -> usize {
    if let Some(runs) = array.as_run_opt::<Int16Type>() {
        return resolve_runs(runs, range, above);
    }
    if let Some(runs) = array.as_run_opt::<Int32Type>() {
        return resolve_runs(runs, range, above);
    }
    if let Some(runs) = array.as_run_opt::<Int64Type>() {
        return resolve_runs(runs, range, above);
    }
    downcast_dictionary_array!(
        array => {
            let keys = array.keys().values().iter().skip(range.start).take(range.len());
            resolve_keys(array.values(), keys.map(|key| key.as_usize()), above)
        }
        _ => 0
    )
}

fn resolve_keys(
    values: &ArrayRef,
    keys: impl ExactSizeIterator<Item = usize>,
    above: Above,
) -> usize {
    // A key that is null may be any number.
    let (count, entries) = (values.len(), 0..values.len());
    if keys.len() < count {
        let keys = keys.filter(|key| *key < count);
        return sum(keys.map(|key| entry(values, key, above)));
    }
    // Fewer values than keys: each is weighed once.
    let each: Vec<usize> = entries.map(|index| entry(values, index, above)).collect();
    sum(keys.filter_map(|key| each.get(key).copied()))
}

fn resolve_runs<R: RunEndIndexType>(
    runs: &RunArray<R>,
    range: Range<usize>,
    above: Above,
) -> usize {
    let ends = runs.run_ends();
    let (mut slot, mut bytes) = (range.start, 0_usize);
    if range.is_empty() {
        return 0;
    }
    let mut run = ends.get_physical_index(slot);
    while slot < range.end {
        let end = ends.values().get(run).map_or(0, |end| end.as_usize());
        let end = end.saturating_sub(ends.offset()).clamp(slot + 1, range.end);
        let each = entry(runs.values(), run, above);
        bytes = bytes.saturating_add(each.saturating_mul(end - slot));
        (slot, run) = (end, run + 1);
    }
    bytes
}

/// Bytes of the value `index` of a dictionary or a run.
fn entry(values: &ArrayRef, index: usize, above: Above) -> usize {
    match is_wrapped(values.data_type()) {
        true => resolve(values.as_ref(), index..index + 1, above),
        false => weigh(values.as_ref(), index..index + 1, 1, above),
    }
}

/// Bytes of the levels of `slots` slots.
fn levels(slots: usize, above: Above) -> usize {
    match above.has_list {
        true => slots.saturating_mul(LEVELS_BYTES),
        false => 0,
    }
}

/// `bytes`, if they are copied.
fn copied(above: Above, bytes: usize) -> usize {
    match above.is_copied {
        true => bytes,
        false => 0,
    }
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
    part_of(offsets, range)
        .len()
        .saturating_add(range.len() * size_of::<O>())
}

/// What `range` of an array with these offsets reaches over.
fn part_of<O: OffsetSizeTrait>(offsets: &[O], range: &Range<usize>) -> Range<usize> {
    let at = |slot: usize| offsets.get(slot).map_or(0, |offset| offset.as_usize());
    at(range.start)..at(range.end)
}

fn sum(bytes: impl Iterator<Item = usize>) -> usize {
    bytes.fold(0, usize::saturating_add)
}
