//! Bad batches between good ones: each is refused as a whole, and the file holds exactly the good ones.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, DictionaryArray, FixedSizeListArray, Int32Array, Int64Array,
    IntervalMonthDayNanoArray, ListArray, RecordBatch, RunArray, StructArray, UnionArray,
    new_empty_array, new_null_array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::concat;
use arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Int32Type, IntervalUnit, Schema, SchemaRef, UnionFields,
};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::ArrowWriterOptions;
use herringbone::errors::ParquetError;
use herringbone::file::properties::WriterProperties;
use proptest::prelude::*;

use crate::arrays::array_of;
use crate::input::{joined, read};

/// Whether fields below columns may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nulls {
    AsTheWriterSays,
    Anywhere,
}

/// What is wrong with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    NullId,
    NullInDictionary,
    NullInRuns,
    NullInStruct,
    NullInListInStruct,
    NullList,
    NullInList,
    NullInFixedList,
    OtherType,
    OtherList,
    OtherSize,
    OtherInterval,
    FewerFields,
    Union,
    FewerColumns,
    MoreColumns,
}

const FLAWS: [Flaw; 16] = [
    Flaw::NullId,
    Flaw::NullInDictionary,
    Flaw::NullInRuns,
    Flaw::NullInStruct,
    Flaw::NullInListInStruct,
    Flaw::NullList,
    Flaw::NullInList,
    Flaw::NullInFixedList,
    Flaw::OtherType,
    Flaw::OtherList,
    Flaw::OtherSize,
    Flaw::OtherInterval,
    Flaw::FewerFields,
    Flaw::Union,
    Flaw::FewerColumns,
    Flaw::MoreColumns,
];

#[derive(Debug, Clone)]
enum Step {
    Good {
        rows: usize,
        seed: u64,
    },
    Bad {
        flaw: Flaw,
        before: usize,
        after: usize,
        seed: u64,
    },
    Flush,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..12_usize, any::<u64>()).prop_map(|(rows, seed)| Step::Good { rows, seed }),
        4 => (prop::sample::select(&FLAWS[..]), 0..9_usize, 0..9_usize, any::<u64>())
            .prop_map(|(flaw, before, after, seed)| Step::Bad { flaw, before, after, seed }),
        1 => Just(Step::Flush),
    ];
    prop::collection::vec(step, 1..16)
}

const ID: usize = 0;
const NAME: usize = 1;
const PAIR: usize = 2;
const CODES: usize = 3;
const GRID: usize = 4;
const GAP: usize = 5;

fn schema(nulls: Nulls) -> SchemaRef {
    let loose = nulls == Nulls::Anywhere;
    let item = |data_type| Arc::new(Field::new("item", data_type, loose));
    let pair: Fields = vec![
        Field::new("left", DataType::Int32, loose),
        Field::new("right", DataType::List(item(DataType::Int32)), true),
    ]
    .into();
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, loose),
        Field::new("name", DataType::Utf8, true),
        Field::new("pair", DataType::Struct(pair), true),
        Field::new("codes", DataType::List(item(DataType::Utf8)), loose),
        Field::new(
            "grid",
            DataType::FixedSizeList(item(DataType::Int16), 2),
            true,
        ),
        Field::new("gap", DataType::Interval(IntervalUnit::DayTime), true),
    ]))
}

fn good(rows: usize, seed: u64) -> RecordBatch {
    batch_of(&schema(Nulls::AsTheWriterSays), rows, seed)
}

fn batch_of(schema: &SchemaRef, rows: usize, seed: u64) -> RecordBatch {
    let fields = schema.fields().iter().zip(0..);
    let columns = fields.map(|(field, at)| array_of(field, rows, seed.wrapping_add(at)));
    RecordBatch::try_new(schema.clone(), columns.collect()).unwrap()
}

/// A batch whose row `before` is the bad one, where it is a row that is bad.
fn bad(flaw: Flaw, before: usize, after: usize, seed: u64) -> RecordBatch {
    let rows = before + 1 + after;
    let (column, array) = match flaw {
        Flaw::FewerColumns => {
            let columns: Vec<usize> = (0..GAP).collect();
            return good(rows, seed).project(&columns).unwrap();
        }
        Flaw::MoreColumns => {
            let columns: Vec<usize> = (0..=GAP).chain([NAME]).collect();
            return good(rows, seed).project(&columns).unwrap();
        }
        Flaw::NullId => (ID, around(ID, None, before, after, seed)),
        Flaw::NullInDictionary => {
            let keys = Int32Array::from_iter_values((0..rows).map(|row| i32::from(row == before)));
            let values = Int64Array::from(vec![Some(1), None]);
            let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values)).unwrap();
            (ID, Arc::new(array) as ArrayRef)
        }
        Flaw::NullInRuns => {
            let ends = Int32Array::from_iter_values(1..=rows as i32);
            let values: Int64Array = (0..rows).map(|row| (row != before).then_some(1)).collect();
            (
                ID,
                Arc::new(RunArray::try_new(&ends, &values).unwrap()) as ArrayRef,
            )
        }
        Flaw::NullInStruct => {
            let fields = struct_fields();
            let nulls = fields
                .iter()
                .map(|field| new_null_array(field.data_type(), 1));
            let pair = StructArray::new(fields.clone(), nulls.collect(), None);
            (
                PAIR,
                around(PAIR, Some(Arc::new(pair)), before, after, seed),
            )
        }
        Flaw::NullInListInStruct => {
            let fields = struct_fields();
            let left = Arc::new(Int32Array::from(vec![1]));
            let right = list_of_one_null(fields[1].data_type());
            let pair = StructArray::new(fields, vec![left, right], None);
            (
                PAIR,
                around(PAIR, Some(Arc::new(pair)), before, after, seed),
            )
        }
        Flaw::NullList => (CODES, around(CODES, None, before, after, seed)),
        Flaw::NullInList => {
            let codes = list_of_one_null(schema(Nulls::Anywhere).field(CODES).data_type());
            (CODES, around(CODES, Some(codes), before, after, seed))
        }
        Flaw::NullInFixedList => {
            let nulls = new_null_array(&DataType::Int16, 2);
            let item = Arc::new(Field::new("item", DataType::Int16, true));
            let grid = FixedSizeListArray::new(item, 2, nulls, None);
            (
                GRID,
                around(GRID, Some(Arc::new(grid)), before, after, seed),
            )
        }
        Flaw::OtherType => (NAME, of_type(DataType::Int32, rows, seed)),
        Flaw::OtherList => {
            let item = Arc::new(Field::new("item", DataType::Utf8, false));
            (CODES, of_type(DataType::LargeList(item), rows, seed))
        }
        Flaw::OtherSize => {
            let item = Arc::new(Field::new("item", DataType::Int16, false));
            (GRID, of_type(DataType::FixedSizeList(item, 3), rows, seed))
        }
        Flaw::OtherInterval => (
            GAP,
            Arc::new(IntervalMonthDayNanoArray::new_null(rows)) as ArrayRef,
        ),
        Flaw::FewerFields => {
            let left: FieldRef = Arc::new(Field::new("left", DataType::Int32, false));
            (
                PAIR,
                of_type(DataType::Struct(vec![left].into()), rows, seed),
            )
        }
        Flaw::Union => {
            let field = Field::new("number", DataType::Int64, false);
            let fields = UnionFields::try_new([0], [field]).unwrap();
            let ids = ScalarBuffer::from(vec![0_i8; rows]);
            let numbers = Arc::new(Int64Array::from(vec![7; rows]));
            let union = UnionArray::try_new(fields, ids, None, vec![numbers]).unwrap();
            (ID, Arc::new(union) as ArrayRef)
        }
    };
    let mut columns = good(rows, seed).columns().to_vec();
    columns[column] = array;
    let fields = schema(Nulls::AsTheWriterSays);
    let fields = fields.fields().iter().zip(&columns);
    let fields: Vec<Field> = fields
        .map(|(field, array)| Field::new(field.name(), array.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

fn of_type(data_type: DataType, rows: usize, seed: u64) -> ArrayRef {
    array_of(&Field::new("column", data_type, true), rows, seed)
}

/// Random slots around one that is given, or null.
fn around(
    column: usize,
    given: Option<ArrayRef>,
    before: usize,
    after: usize,
    seed: u64,
) -> ArrayRef {
    let schema = schema(Nulls::Anywhere);
    let field = schema.field(column);
    let given = given.unwrap_or_else(|| new_null_array(field.data_type(), 1));
    let parts = [
        array_of(field, before, seed),
        given,
        array_of(field, after, seed.wrapping_add(1)),
    ];
    concat(&parts.each_ref().map(|part| part.as_ref())).unwrap()
}

fn struct_fields() -> Fields {
    match schema(Nulls::Anywhere).field(PAIR).data_type() {
        DataType::Struct(fields) => fields.clone(),
        other => panic!("{other}"),
    }
}

fn list_of_one_null(data_type: &DataType) -> ArrayRef {
    let DataType::List(item) = data_type else {
        panic!("{data_type}")
    };
    let values = new_null_array(item.data_type(), 1);
    let offsets = OffsetBuffer::from_lengths([1]);
    Arc::new(ListArray::new(item.clone(), offsets, values, None))
}

/// What a writer may keep of a batch that it refused.
fn state<W: std::io::Write + Send>(writer: &ArrowWriter<W>) -> (usize, usize, usize, usize) {
    (
        writer.in_progress_rows(),
        writer.in_progress_size(),
        writer.bytes_written(),
        writer.flushed_row_groups().len(),
    )
}

fn run(steps: &[Step], row_group: Option<usize>, limit: Option<usize>) {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(row_group)
        .set_data_page_row_count_limit(5)
        .set_write_batch_size(3);
    let mut options = ArrowWriterOptions::new().with_properties(properties.build());
    if let Some(limit) = limit {
        options = options.with_memory_limit(limit);
    }
    let schema = schema(Nulls::AsTheWriterSays);
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut file, schema.clone(), options).unwrap();
    let mut accepted = vec![RecordBatch::new_empty(schema)];
    for step in steps {
        match *step {
            Step::Good { rows, seed } => {
                let batch = good(rows, seed);
                writer.write(&batch).unwrap();
                accepted.push(batch);
            }
            Step::Bad {
                flaw,
                before,
                after,
                seed,
            } => {
                let batch = bad(flaw, before, after, seed);
                let state_before = state(&writer);
                let error = writer.write(&batch).expect_err(&format!("{flaw:?}"));
                assert!(
                    matches!(
                        error,
                        ParquetError::ArrowError(_)
                            | ParquetError::General(_)
                            | ParquetError::NYI(_)
                    ),
                    "{flaw:?}: {error}"
                );
                assert_eq!(state(&writer), state_before, "{flaw:?}");
            }
            Step::Flush => writer.flush().unwrap(),
        }
    }
    writer.close().unwrap();
    let expected = joined(&accepted);
    let found = read(&file).unwrap();
    assert_eq!(found.num_rows(), expected.num_rows());
    for (at, expected) in expected.columns().iter().enumerate() {
        let found = match found.num_rows() {
            0 => new_empty_array(expected.data_type()),
            _ => Arc::clone(found.column(at)),
        };
        assert!(found.to_data() == expected.to_data(), "column {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_file_holds_exactly_the_good_batches(
        steps in steps(),
        row_group in prop::option::of(1..20_usize),
        limit in prop::option::of(Just(60_000_usize)),
    ) {
        run(&steps, row_group, limit);
    }
}

#[test]
fn every_flaw_is_refused_before_during_and_after_a_row_group() {
    for flaw in FLAWS {
        for (before, after) in [(0, 0), (0, 6), (6, 0), (9, 9)] {
            let bad = Step::Bad {
                flaw,
                before,
                after,
                seed: 7,
            };
            let good = Step::Good { rows: 3, seed: 8 };
            let steps = [
                bad.clone(),
                good.clone(),
                bad.clone(),
                Step::Flush,
                bad,
                good,
            ];
            run(&steps, None, None);
            run(&steps, Some(4), None);
        }
    }
}

#[test]
fn nulls_below_a_null_parent_are_no_flaw() {
    let fields = struct_fields();
    let children = fields
        .iter()
        .map(|field| new_null_array(field.data_type(), 1));
    let nulls = arrow::buffer::NullBuffer::from(vec![false]);
    let pair: ArrayRef = Arc::new(StructArray::new(
        fields.clone(),
        children.collect(),
        Some(nulls),
    ));
    let mut columns = good(1, 3).columns().to_vec();
    columns[PAIR] = pair;
    let fields: Vec<Field> = schema(Nulls::Anywhere)
        .fields()
        .iter()
        .map(|f| Field::clone(f))
        .collect();
    let fields: Vec<Field> = fields
        .into_iter()
        .zip(&columns)
        .map(|(f, c)| f.with_data_type(c.data_type().clone()))
        .collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, schema(Nulls::AsTheWriterSays), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    assert!(read(&file).unwrap().column(PAIR).is_null(0));
}
