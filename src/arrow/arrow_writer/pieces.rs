//! How many rows of a batch are taken apart at once under a memory limit: below a list every slot has levels of its own,
//! and those of a large batch could take more memory than the pages.

use arrow_array::cast::AsArray;
use arrow_array::{Array, OffsetSizeTrait, RecordBatch};
use arrow_buffer::{ArrowNativeType, OffsetBuffer};
use arrow_schema::DataType;

/// The part of a limit that levels may take.
const LEVELS_PART: usize = 16;

/// Bytes of a definition and a repetition level.
const LEVELS_BYTES: usize = 2 * size_of::<i16>();

/// Rows of a piece of `batch` under a limit of `limit` bytes; all of them where levels take little.
pub(super) fn piece_rows(batch: &RecordBatch, limit: usize) -> usize {
    let rows = batch.num_rows();
    let columns = batch.columns().iter();
    let bytes: usize = columns.map(|column| below_lists(column.as_ref())).sum();
    let most = limit / LEVELS_PART;
    match bytes <= most {
        true => rows,
        false => part(rows, most, bytes).clamp(1, rows),
    }
}

/// `count` for `some` of `all`.
fn part(count: usize, some: usize, all: usize) -> usize {
    usize::try_from(count as u128 * some as u128 / all as u128).unwrap_or(usize::MAX)
}

/// Bytes of the levels of all leaves that lie below a list.
fn below_lists(array: &dyn Array) -> usize {
    let rows = array.len();
    match array.data_type() {
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            columns.map(|column| below_lists(column.as_ref())).sum()
        }
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            levels(lists.values().as_ref(), rows + span(lists.offsets()))
        }
        DataType::LargeList(_) => {
            let lists = array.as_list::<i64>();
            levels(lists.values().as_ref(), rows + span(lists.offsets()))
        }
        DataType::Map(_, _) => {
            let maps = array.as_map();
            levels(maps.entries(), rows + span(maps.offsets()))
        }
        DataType::FixedSizeList(_, size) => {
            let size = usize::try_from(*size).unwrap_or(0).max(1);
            levels(array.as_fixed_size_list().values().as_ref(), rows * size)
        }
        DataType::ListView(_) => {
            let lists = array.as_list_view::<i32>();
            let sizes = lists.sizes().iter().map(|size| size.as_usize());
            levels(lists.values().as_ref(), rows + sizes.sum::<usize>())
        }
        DataType::LargeListView(_) => {
            let lists = array.as_list_view::<i64>();
            let sizes = lists.sizes().iter().map(|size| size.as_usize());
            levels(lists.values().as_ref(), rows + sizes.sum::<usize>())
        }
        _ => 0,
    }
}

/// Bytes of the levels of the leaves of `elements`, if they have `slots` slots here. Lists in lists have as many more as
/// the elements have on average.
fn levels(elements: &dyn Array, slots: usize) -> usize {
    match elements.data_type() {
        DataType::Struct(_) => {
            let columns = elements.as_struct().columns().iter();
            columns.map(|column| levels(column.as_ref(), slots)).sum()
        }
        _ => match below_lists(elements) {
            0 => slots * LEVELS_BYTES,
            all => slots * LEVELS_BYTES + part(all, slots, elements.len().max(1)),
        },
    }
}

/// Elements that a list array reaches over.
fn span<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> usize {
    offsets.last().as_usize() - offsets.first().as_usize()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::Int32Type;
    use arrow_array::{ArrayRef, Int32Array, ListArray};
    use arrow_schema::{Field, Schema};

    use super::*;

    fn batch(columns: Vec<ArrayRef>) -> RecordBatch {
        let fields = columns
            .iter()
            .map(|column| Field::new("c", column.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        RecordBatch::try_new(schema, columns).unwrap()
    }

    fn lists(rows: usize, elements: usize) -> ArrayRef {
        let rows = (0..rows).map(|_| Some(vec![Some(7); elements]));
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows))
    }

    #[test]
    fn flat_batches_are_never_cut() {
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1; 10_000]));
        assert_eq!(piece_rows(&batch(vec![numbers]), 1), 10_000);
    }

    #[test]
    fn levels_below_lists_take_their_part_of_the_limit_at_most() {
        // 1,000 rows of 9 elements: 10 slots a row at the most, with two levels each.
        let table = batch(vec![lists(1_000, 9), lists(1_000, 9)]);
        let bytes = 2 * 1_000 * 10 * LEVELS_BYTES;
        assert_eq!(piece_rows(&table, bytes * LEVELS_PART), 1_000);
        assert_eq!(piece_rows(&table, bytes * LEVELS_PART / 4), 250);
        assert_eq!(piece_rows(&table, 1), 1);
        // A slice counts as what it reaches over.
        assert_eq!(
            piece_rows(&table.slice(500, 250), bytes * LEVELS_PART / 4),
            250
        );
    }
}
