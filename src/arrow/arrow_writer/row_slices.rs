//! How many rows of a batch are taken apart at once under a memory limit. Below a list every slot has levels of its
//! own, and what a dictionary or a run repeats is written out: of a small batch that may be more than the limit.

use std::ops::Range;

use arrow_array::RecordBatch;

use crate::arrow::leaves::{BatchPlan, Weights};

/// The part of a limit that a slice may take.
const SLICE_PART: usize = 16;

/// The part of a limit that may be remembered of the pages of one slice.
const LEDGERS_PART: usize = 16;

/// Bytes that a page leaves in tables, with bounds of the usual length, about.
const PAGE_FACTS_BYTES: usize = 256;

/// With pages of so many slots and more the values take far more than what is remembered of them.
const MANY_SLOTS: usize = 128;

/// Rows of a slice under a limit of `limit` bytes, in a table of `columns`, where pages may be as small as
/// `least_slots`: what is remembered of many tiny pages could fill the limit, and only the end of the row group frees
/// it, which has to wait for the end of the slice.
pub(super) fn tiny_page_rows(least_slots: usize, columns: usize, limit: usize) -> usize {
    if least_slots >= MANY_SLOTS {
        return usize::MAX;
    }
    let pages = limit / LEDGERS_PART / PAGE_FACTS_BYTES / columns.max(1);
    pages.max(1) * least_slots.max(1)
}

/// Cuts one batch into slices.
#[derive(Debug)]
pub(super) struct RowSlices<'a> {
    weights: Weights<'a>,
    most_bytes: usize,
    most_rows: usize,
}

impl<'a> RowSlices<'a> {
    /// Slices of `batch` under a limit of `limit` bytes; one slice where there is none, or where the batch takes
    /// little.
    pub(super) fn new(plan: &'a BatchPlan, batch: &'a RecordBatch, limit: Option<usize>) -> Self {
        let most_bytes = limit.map_or(usize::MAX, |limit| limit / SLICE_PART);
        let weights = limit.map(|_| plan.weights(batch));
        let weights =
            weights.filter(|weights| !weights.are_within(0..batch.num_rows(), most_bytes));
        let weights = weights.unwrap_or_else(Weights::none);
        Self {
            weights,
            most_bytes,
            most_rows: usize::MAX,
        }
    }

    /// The same with no more than `most_rows` in a slice.
    pub(super) fn with_most_rows(self, most_rows: usize) -> Self {
        Self { most_rows, ..self }
    }

    /// Rows of the slice that begins with the first of `rows`: as many as stay below the part of the limit, by what
    /// each of them takes, and one at least.
    pub(super) fn next(&self, rows: Range<usize>) -> usize {
        let rows = rows.start..rows.end.min(rows.start.saturating_add(self.most_rows));
        if self.weights.is_empty() {
            return rows.len();
        }
        let (mut fit, mut used) = (0, 0_usize);
        // Ever more rows at a time up to the first that are too many, ever fewer from then on: no row is weighed much
        // more often than it is written.
        let (mut step, mut grows) = (1, true);
        while step > 0 && fit < rows.len() {
            let count = step.min(rows.len() - fit);
            let from = rows.start + fit;
            let bytes = self.weights.bytes(from..from + count);
            if used.saturating_add(bytes) <= self.most_bytes {
                (fit, used) = (fit + count, used + bytes);
            } else {
                grows = false;
            }
            step = if grows { step * 2 } else { step / 2 };
        }
        fit.max(1).min(rows.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::{Int32Type, Int64Type};
    use arrow_array::{
        Array, ArrayRef, DictionaryArray, FixedSizeListArray, Int32Array, Int64Array, ListArray,
        ListViewArray, MapArray, RunArray, StringArray, StructArray,
    };
    use arrow_buffer::OffsetBuffer;
    use arrow_schema::{DataType, Field, Fields, Schema};

    use super::*;
    use crate::arrow::adapt::DecimalPrecision;
    use crate::arrow::schema::ArrowSchemaConverter;
    use crate::column::writer::ColumnPlan;
    use crate::meta::properties::WriterProperties;

    fn batch(columns: Vec<ArrayRef>) -> RecordBatch {
        let fields = columns
            .iter()
            .map(|column| Field::new("c", column.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        RecordBatch::try_new(schema, columns).unwrap()
    }

    fn lists(lens: impl IntoIterator<Item = usize>) -> ArrayRef {
        let rows = lens.into_iter().map(|len| Some(vec![Some(7); len]));
        Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(rows))
    }

    fn item(array: &dyn Array) -> Arc<Field> {
        Arc::new(Field::new("item", array.data_type().clone(), true))
    }

    fn plan(batch: &RecordBatch) -> BatchPlan {
        let descr = ArrowSchemaConverter::new()
            .convert(&batch.schema())
            .unwrap();
        let (properties, precision) = (WriterProperties::default(), DecimalPrecision::default());
        let plans = ColumnPlan::of_all(&descr, &properties).unwrap();
        BatchPlan::try_new(&batch.schema(), &descr, &plans, precision).unwrap()
    }

    fn bytes(batch: &RecordBatch, rows: Range<usize>) -> usize {
        plan(batch).weights(batch).bytes(rows)
    }

    /// Rows of all slices.
    fn slices(batch: &RecordBatch, limit: usize) -> Vec<usize> {
        let plan = plan(batch);
        let slices = RowSlices::new(&plan, batch, Some(limit));
        let (mut from, mut all) = (0, Vec::new());
        while from < batch.num_rows() {
            let rows = slices.next(from..batch.num_rows());
            all.push(rows);
            from += rows;
        }
        all
    }

    #[test]
    fn flat_batches_are_never_cut() {
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1; 10_000]));
        let keys = Int32Array::from(vec![0; 10_000]);
        let words = Arc::new(StringArray::from(vec!["a".repeat(1000)]));
        let words: ArrayRef = Arc::new(DictionaryArray::<Int32Type>::new(keys, words));
        assert_eq!(slices(&batch(vec![numbers, words]), 1), [10_000]);
    }

    #[test]
    fn levels_below_lists_take_their_part_of_the_limit_at_most() {
        let table = batch(vec![lists([9; 1000]), lists([9; 1000])]);
        let bytes = bytes(&table, 0..1000);
        assert_eq!(slices(&table, bytes * SLICE_PART), [1000]);
        assert_eq!(slices(&table, bytes * SLICE_PART / 4), [250; 4]);
        assert_eq!(slices(&table, 1), [1; 1000]);
        // A slice counts as what it reaches over.
        assert_eq!(
            slices(&table.slice(500, 250), bytes * SLICE_PART / 4),
            [250]
        );
    }

    #[test]
    fn a_large_row_among_small_ones_is_a_piece_of_its_own() {
        let lens = |row: usize| if row == 700 { 100_000 } else { 1 };
        let table = batch(vec![lists((0..1000).map(lens))]);
        let bytes = bytes(&table, 0..700);
        assert_eq!(slices(&table, bytes * SLICE_PART), [700, 1, 299]);
    }

    /// Six rows of the same 10,000 numbers, in the ways that Arrow has for it, each of which takes little room.
    #[test]
    fn what_an_array_repeats_is_counted_each_time() {
        let many = lists([10_000]);
        let rows = 6;
        let keys = || Int32Array::from(vec![0; rows]);
        let dictionary = |values: &ArrayRef| -> ArrayRef {
            Arc::new(DictionaryArray::<Int32Type>::new(keys(), values.clone()))
        };
        let one_each = || OffsetBuffer::from_lengths([1; 6]);
        let structs = |array: &ArrayRef| -> ArrayRef {
            Arc::new(StructArray::from(vec![(item(array), array.clone())]))
        };
        let runs = RunArray::<Int32Type>::try_new(&Int32Array::from(vec![6]), &many).unwrap();
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![7; 10_000]));
        let views = ListViewArray::new(
            item(&numbers),
            vec![0; rows].into(),
            vec![10_000; rows].into(),
            numbers.clone(),
            None,
        );
        let strings: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(80_000)]));
        let entries = Fields::from(vec![
            Field::new("k", DataType::Int64, false),
            Field::new("v", DataType::Int64, true),
        ]);
        let maps: ArrayRef = Arc::new(MapArray::new(
            Arc::new(Field::new(
                "entries",
                DataType::Struct(entries.clone()),
                false,
            )),
            OffsetBuffer::from_lengths([10_000]),
            StructArray::new(entries, vec![numbers.clone(), numbers], None),
            None,
            false,
        ));
        let repeated: Vec<(&str, ArrayRef)> = vec![
            ("dictionary of lists", dictionary(&many)),
            (
                "dictionary of structs of lists",
                dictionary(&structs(&many)),
            ),
            ("struct of dictionary of lists", structs(&dictionary(&many))),
            ("dictionary of maps", dictionary(&maps)),
            ("runs of lists", Arc::new(runs.clone())),
            ("dictionary of structs", dictionary(&structs(&strings))),
            (
                "dictionary of dictionary",
                dictionary(
                    &(Arc::new(DictionaryArray::<Int32Type>::new(
                        Int32Array::from(vec![0]),
                        strings,
                    )) as ArrayRef),
                ),
            ),
            ("lists that overlap", Arc::new(views)),
            (
                "lists of dictionaries of lists",
                Arc::new(ListArray::new(
                    item(&dictionary(&many)),
                    one_each(),
                    dictionary(&many),
                    None,
                )),
            ),
            (
                "lists of one size, of runs of lists",
                Arc::new(FixedSizeListArray::new(
                    item(&runs),
                    1,
                    Arc::new(runs.clone()),
                    None,
                )),
            ),
        ];
        for (name, column) in repeated {
            let table = batch(vec![column]);
            let row_bytes = bytes(&table, 0..1);
            assert!(row_bytes >= 40_000, "{name}: {row_bytes}");
            assert_eq!(slices(&table, row_bytes * SLICE_PART), [1; 6], "{name}");
            assert_eq!(slices(&table, row_bytes * 3 * SLICE_PART), [3; 2], "{name}");
            assert_eq!(slices(&table, row_bytes * 6 * SLICE_PART), [6], "{name}");
        }
    }
}
