//! Points in time that every reader can take: from 1678 to 2261, the years that nanoseconds reach.
//!
//! The ends of a type's range, which the other files hold, are beyond what some readers take.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListArray, RecordBatch};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use crate::sample::Sample;
use crate::support::cases::{Case, Dictionary, Paging};
use crate::support::stores::Store;
use crate::support::types::pieces;
use herringbone::file::properties::WriterVersion;

const ROWS: usize = 900;

pub(crate) fn samples() -> impl Iterator<Item = Sample> {
    let ways = [
        (Dictionary::On, WriterVersion::PARQUET_1_0, Store::Memory),
        (Dictionary::Off, WriterVersion::PARQUET_2_0, Store::TempFile),
        (
            Dictionary::Fallback,
            WriterVersion::PARQUET_2_0,
            Store::Limited,
        ),
    ];
    ways.into_iter().flat_map(|(dictionary, version, store)| {
        let case = Case {
            dictionary,
            version,
            store,
            row_group: Some(350),
            paging: Paging::Rows,
            ..Case::default()
        };
        [false, true].map(|coerced| {
            let kind = if coerced { "coerced" } else { "as-it-is" };
            let name = format!("calendar-{dictionary:?}-{kind}").to_lowercase();
            let mut sample = Sample::new(name, pieces(&batch(), 200), case.clone());
            sample.extras.coerced = coerced;
            sample
        })
    })
}

/// Each type as it is, and in lists.
fn batch() -> RecordBatch {
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (i, (data_type, per_day)) in types().into_iter().enumerate() {
        let points = points(&data_type, per_day);
        let lists: ArrayRef = Arc::new(lists(&points));
        for (name, array) in [(format!("flat{i}"), points), (format!("list{i}"), lists)] {
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

/// Types, and how many of their units make a day.
fn types() -> Vec<(DataType, i64)> {
    let units = [
        (TimeUnit::Second, 86_400),
        (TimeUnit::Millisecond, 86_400_000),
        (TimeUnit::Microsecond, 86_400_000_000),
        (TimeUnit::Nanosecond, 86_400_000_000_000),
    ];
    let mut types = vec![(DataType::Date32, 1), (DataType::Date64, 86_400_000)];
    for (unit, per_day) in units {
        for zone in [None, Some("+02:00".into())] {
            types.push((DataType::Timestamp(unit, zone), per_day));
        }
    }
    types
}

/// Points before and after 1970, seven months apart, every 13th missing; no whole days but of dates.
fn points(data_type: &DataType, per_day: i64) -> ArrayRef {
    let last = ROWS as i64 / 2;
    let is_date = matches!(data_type, DataType::Date32 | DataType::Date64);
    let numbers = (-last..ROWS as i64 - last).map(|i| {
        let part_of_day = if is_date { 0 } else { i * 7 % per_day };
        (i.rem_euclid(13) != 5).then_some(i * 213 * per_day + part_of_day)
    });
    let numbers: Int64Array = numbers.collect();
    match data_type {
        DataType::Date32 => cast(&cast(&numbers, &DataType::Int32).unwrap(), data_type).unwrap(),
        _ => cast(&numbers, data_type).unwrap(),
    }
}

fn lists(points: &ArrayRef) -> ListArray {
    let lens = (0..points.len()).map(|row| [0, 2, 1][row % 3]);
    let item = Arc::new(Field::new("item", points.data_type().clone(), true));
    ListArray::new(item, OffsetBuffer::from_lengths(lens), points.clone(), None)
}
