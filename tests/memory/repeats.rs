//! Arrays that take little room and repeat what they hold: dictionaries and runs of lists, lists that overlap.
//! Written out they are many times the limit, which holds all the same, and each row is taken apart once.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, DictionaryArray, FixedSizeListArray, Int32Array, Int64Array, ListArray,
    ListViewArray, MapArray, RecordBatch, RunArray, StringArray, StructArray, UInt32Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{DataType, Field, Fields, Int32Type};
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::budget::MemoryBudget;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use super::watch::{MIB, scratch_file, watch};

const ROWS: usize = 240;
const ELEMENTS: usize = 1000;
const LIMIT: usize = MIB;

fn item(array: &dyn Array) -> Arc<Field> {
    Arc::new(Field::new("item", array.data_type().clone(), true))
}

/// Lists, each one of three slots: some numbers, the next number and nothing.
fn lists_of(numbers: ArrayRef) -> ArrayRef {
    let lens = [numbers.len() - 1, 1, 0];
    let offsets = OffsetBuffer::from_lengths(lens);
    Arc::new(ListArray::new(item(&numbers), offsets, numbers, None))
}

fn structs(array: &ArrayRef) -> ArrayRef {
    Arc::new(StructArray::from(vec![(item(array), array.clone())]))
}

/// What each row holds: the first slot but now and then, the first rows not at all.
fn keys() -> Int32Array {
    let key = |row: usize| match row % 50 {
        _ if row < 40 => Some(2),
        7 => None,
        8 => Some(1),
        _ => Some(0),
    };
    (0..ROWS).map(key).collect()
}

fn dictionary(values: &ArrayRef) -> ArrayRef {
    Arc::new(DictionaryArray::<Int32Type>::new(keys(), values.clone()))
}

/// The values that [`dictionary`] stands for.
fn written_out(values: &ArrayRef) -> ArrayRef {
    take(values, &keys(), None).unwrap()
}

/// Rows in runs of 80.
fn runs(values: &ArrayRef) -> ArrayRef {
    let ends = Int32Array::from(vec![80, 160, ROWS as i32]);
    Arc::new(RunArray::<Int32Type>::try_new(&ends, values).unwrap())
}

fn runs_written_out(values: &ArrayRef) -> ArrayRef {
    let picks: UInt32Array = (0..ROWS).map(|row| Some(row as u32 / 80)).collect();
    take(values, &picks, None).unwrap()
}

/// Arrays, and what they hold in the plainest form.
fn kinds() -> Vec<(&'static str, ArrayRef, ArrayRef)> {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(
        (0..=ELEMENTS as i64).map(|i| i * i),
    ));
    let words: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..=ELEMENTS).map(|i| format!("{i}")),
    ));
    let lists = lists_of(numbers.clone());
    let entries = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Int64, true),
    ]);
    let maps: ArrayRef = Arc::new(MapArray::new(
        Arc::new(Field::new(
            "entries",
            DataType::Struct(entries.clone()),
            false,
        )),
        OffsetBuffer::from_lengths([ELEMENTS, 1, 0]),
        StructArray::new(entries, vec![words.clone(), numbers.clone()], None),
        None,
        false,
    ));
    let large: ArrayRef = Arc::new(StringArray::from(vec![
        "large ".repeat(1500),
        "small".into(),
        String::new(),
    ]));
    let one_each = |array: ArrayRef| -> ArrayRef {
        let offsets = OffsetBuffer::from_lengths(vec![1; ROWS]);
        Arc::new(ListArray::new(item(&array), offsets, array, None))
    };
    let fixed = |array: ArrayRef| -> ArrayRef {
        Arc::new(FixedSizeListArray::new(item(&array), 2, array, None))
    };
    let views = ListViewArray::new(
        item(&numbers),
        (0..ROWS as i32).map(|row| row % 10).collect(),
        vec![ELEMENTS as i32 - 10; ROWS].into(),
        numbers.clone(),
        None,
    );
    let views_written_out = arrow::compute::cast(&views, &DataType::List(item(&numbers))).unwrap();
    vec![
        (
            "dictionary of lists",
            dictionary(&lists),
            written_out(&lists),
        ),
        ("dictionary of maps", dictionary(&maps), written_out(&maps)),
        (
            "dictionary of structs of lists",
            dictionary(&structs(&lists)),
            written_out(&structs(&lists)),
        ),
        (
            "struct of dictionary of lists",
            structs(&dictionary(&lists)),
            structs(&written_out(&lists)),
        ),
        (
            "dictionary of structs",
            dictionary(&structs(&large)),
            written_out(&structs(&large)),
        ),
        ("runs of lists", runs(&lists), runs_written_out(&lists)),
        (
            "lists of dictionaries of lists",
            one_each(dictionary(&lists)),
            one_each(written_out(&lists)),
        ),
        (
            "lists of one size, of dictionaries of lists",
            fixed(dictionary(&lists)),
            fixed(written_out(&lists)),
        ),
        ("lists that overlap", Arc::new(views), views_written_out),
    ]
}

fn one_column(array: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap()
}

fn read(file: File) -> RecordBatch {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap();
    let schema = reader.schema().clone();
    let batches: Result<Vec<_>, _> = reader.build().unwrap().collect();
    concat_batches(&schema, &batches.unwrap()).unwrap()
}

#[test]
fn what_an_array_repeats_is_written_within_the_limit() {
    for (kind, repeated, plain) in kinds() {
        let repeated = one_column(repeated);
        let budget = MemoryBudget::new(LIMIT);
        let limited = || ArrowWriterOptions::new().with_memory_budget(budget.clone());
        let (file, found) = scratch_file();
        let schema = repeated.schema();
        let seen = watch(schema, [repeated].into_iter(), limited, Some(&budget), file);
        println!("{kind}: peak {}, budget {}", seen.peak, budget.peak());
        assert!(seen.peak <= LIMIT, "{kind}: {}", seen.peak);

        let plain = one_column(plain);
        let (file, expected) = scratch_file();
        watch(
            plain.schema(),
            [plain].into_iter(),
            ArrowWriterOptions::new,
            None,
            file,
        );
        assert!(read(found) == read(expected), "{kind}: values differ");
    }
}
