//! A table with columns of every kind that Parquet can hold.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, FixedSizeListBuilder, Int32Array, Int32Builder, Int64Array,
    IntervalDayTimeArray, IntervalYearMonthArray, LargeListBuilder, ListBuilder, MapBuilder,
    RecordBatch, RunArray, StringArray, StringBuilder, StringViewBuilder, StructArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Field, Fields, Int32Type, IntervalDayTime, Schema, TimeUnit,
};

const ROWS: i64 = 600;

/// The batch, of which some columns and the schema itself have metadata.
pub(crate) fn batch() -> RecordBatch {
    let mut columns = plain();
    columns.extend(intervals());
    columns.extend(nested());
    let fields: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(index, (name, values))| {
            let field = Field::new(name, values.data_type().clone(), true);
            let number = (100 + index).to_string();
            let metadata = [
                ("PARQUET:field_id".to_owned(), number),
                ("of".to_owned(), name.clone()),
            ];
            match index % 3 {
                0 => field.with_metadata(HashMap::from(metadata)),
                _ => field,
            }
        })
        .collect();
    let metadata = HashMap::from([("drawn by".to_owned(), "the harbour master".to_owned())]);
    let schema = Schema::new(fields).with_metadata(metadata);
    let values = columns.into_iter().map(|(_, values)| values).collect();
    RecordBatch::try_new(Arc::new(schema), values).unwrap()
}

fn is_null(row: i64) -> bool {
    row % 13 == 4
}

/// Columns that numbers and texts are cast to.
fn plain() -> Vec<(String, ArrayRef)> {
    let numbers: Int64Array = (0..ROWS)
        .map(|row| (!is_null(row)).then_some(1 + row % 100))
        .collect();
    let texts: StringArray = (0..ROWS)
        .map(|row| (!is_null(row)).then(|| format!("text {:05}", row * 7919 % 3000)))
        .collect();
    let (numbers, texts): (ArrayRef, ArrayRef) = (Arc::new(numbers), Arc::new(texts));
    let small = cast(&numbers, &DataType::Int32).unwrap();
    let utc = Some(Arc::from("+02:00"));
    let of_numbers = [
        DataType::Date64,
        DataType::UInt8,
        DataType::Int8,
        DataType::Float64,
        DataType::UInt16,
        DataType::Int16,
        DataType::Boolean,
        DataType::UInt32,
        DataType::Int32,
        DataType::Float32,
        DataType::UInt64,
        DataType::Int64,
        DataType::Float16,
        DataType::Null,
        DataType::Time64(TimeUnit::Microsecond),
        DataType::Time64(TimeUnit::Nanosecond),
        DataType::Timestamp(TimeUnit::Second, None),
        DataType::Timestamp(TimeUnit::Millisecond, utc.clone()),
        DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(TimeUnit::Nanosecond, utc),
        DataType::Duration(TimeUnit::Second),
        DataType::Duration(TimeUnit::Nanosecond),
        DataType::Decimal32(7, 2),
        DataType::Decimal64(16, 3),
        DataType::Decimal128(30, 4),
        DataType::Decimal256(60, 5),
        DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Int64)),
    ];
    let of_small = [
        DataType::Date32,
        DataType::Time32(TimeUnit::Second),
        DataType::Time32(TimeUnit::Millisecond),
    ];
    let of_texts = [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        DataType::Binary,
        DataType::LargeBinary,
        DataType::BinaryView,
        DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::LargeUtf8)),
    ];
    let cast = |values: &ArrayRef, to: &DataType| {
        let values = match to {
            DataType::Null => datafusion::arrow::array::new_null_array(to, values.len()),
            to => cast(values, to).unwrap(),
        };
        (
            format!("{to}")
                .to_lowercase()
                .replace(['(', ')', ',', ' ', '"', '+', ':'], "_"),
            values,
        )
    };
    let mut columns: Vec<_> = of_numbers.iter().map(|to| cast(&numbers, to)).collect();
    columns.extend(of_small.iter().map(|to| cast(&small, to)));
    columns.extend(of_texts.iter().map(|to| cast(&texts, to)));
    columns
}

/// Those of months and days; neither sink has those of months, days and nanoseconds.
fn intervals() -> Vec<(String, ArrayRef)> {
    let rows = || (0..ROWS as i32).map(|row| (!is_null(i64::from(row))).then_some(row));
    let months: IntervalYearMonthArray = rows().collect();
    let days: IntervalDayTimeArray = rows()
        .map(|row| row.map(|row| IntervalDayTime::new(row, row * 3)))
        .collect();
    let fixed = datafusion::arrow::array::FixedSizeBinaryArray::try_from_iter(
        (0..ROWS).map(|row| (row * 7919 % 250).to_be_bytes()),
    );
    vec![
        ("months".to_owned(), Arc::new(months) as ArrayRef),
        ("days".to_owned(), Arc::new(days)),
        ("fixed".to_owned(), Arc::new(fixed.unwrap())),
    ]
}

fn nested() -> Vec<(String, ArrayRef)> {
    let mut lists = ListBuilder::new(ListBuilder::new(StringViewBuilder::new()));
    let mut large = LargeListBuilder::new(Int32Builder::new());
    let mut fixed = FixedSizeListBuilder::new(Int32Builder::new(), 3);
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for row in 0..ROWS {
        let number = row as i32;
        for inner in 0..number % 3 {
            for value in 0..inner {
                lists
                    .values()
                    .values()
                    .append_value(format!("{} {value}", row % 90));
            }
            lists.values().append(row % 5 != 2);
            large.values().append_option((inner != 1).then_some(number));
            maps.keys().append_value(format!("key {inner}"));
            maps.values().append_option((inner != 1).then_some(number));
        }
        lists.append(!is_null(row));
        large.append(!is_null(row));
        maps.append(!is_null(row)).unwrap();
        fixed.values().append_slice(&[number, 1, 2]);
        fixed.append(!is_null(row));
    }
    let runs = Int32Array::from_iter_values((1..=ROWS as i32 / 6).map(|run| run * 6));
    let of_runs: StringArray = (0..ROWS / 6)
        .map(|run| Some(format!("run {}", run % 9)))
        .collect();
    let runs = RunArray::<Int32Type>::try_new(&runs, &of_runs).unwrap();
    let lists: ArrayRef = Arc::new(lists.finish());
    let of_structs = Fields::from(vec![Field::new("lists", lists.data_type().clone(), true)]);
    let inner = StructArray::new(of_structs, vec![Arc::clone(&lists)], None);
    let of_outer = Fields::from(vec![Field::new("inner", inner.data_type().clone(), false)]);
    let outer = StructArray::new(of_outer, vec![Arc::new(inner)], None);
    vec![
        ("lists".to_owned(), lists),
        ("large".to_owned(), Arc::new(large.finish()) as ArrayRef),
        ("fixed_list".to_owned(), Arc::new(fixed.finish())),
        ("maps".to_owned(), Arc::new(maps.finish())),
        ("runs".to_owned(), Arc::new(runs)),
        ("outer".to_owned(), Arc::new(outer)),
    ]
}
