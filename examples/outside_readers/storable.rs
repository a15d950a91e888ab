//! The expected rows, in types that every Arrow implementation has.
//!
//! Intervals of months, and of days and milliseconds, become their bytes, with the interval's kind in the
//! field's metadata: some implementations can neither show nor compare them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, RecordBatch, make_array};
use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, Schema};

/// `batch` with intervals as bytes.
pub(crate) fn storable(batch: &RecordBatch) -> RecordBatch {
    let schema = batch.schema();
    let fields: Vec<FieldRef> = schema.fields().iter().map(storable_field).collect();
    let columns = fields
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| relabelled(column, field.data_type()));
    let columns: Vec<ArrayRef> = columns.collect();
    let schema = Schema::new(fields).with_metadata(schema.metadata().clone());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn storable_field(field: &FieldRef) -> FieldRef {
    let interval = match field.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => Some(("year_month", 4)),
        DataType::Interval(IntervalUnit::DayTime) => Some(("day_time", 8)),
        _ => None,
    };
    let field = Field::clone(field);
    Arc::new(match interval {
        Some((kind, width)) => field
            .with_data_type(DataType::FixedSizeBinary(width))
            .with_metadata(HashMap::from([("interval".to_owned(), kind.to_owned())])),
        None => {
            let data_type = storable_type(field.data_type());
            field.with_data_type(data_type)
        }
    })
}

fn storable_type(data_type: &DataType) -> DataType {
    use DataType::*;
    match data_type {
        List(item) => List(storable_field(item)),
        LargeList(item) => LargeList(storable_field(item)),
        ListView(item) => ListView(storable_field(item)),
        LargeListView(item) => LargeListView(storable_field(item)),
        FixedSizeList(item, size) => FixedSizeList(storable_field(item), *size),
        Map(entries, sorted) => Map(storable_field(entries), *sorted),
        Struct(fields) => Struct(fields.iter().map(storable_field).collect()),
        other => other.clone(),
    }
}

/// The same buffers under a type of the same layout.
fn relabelled(array: &ArrayRef, data_type: &DataType) -> ArrayRef {
    make_array(relabelled_data(array.to_data(), data_type))
}

fn relabelled_data(data: ArrayData, data_type: &DataType) -> ArrayData {
    if data.data_type() == data_type {
        return data;
    }
    let children = data.child_data().iter().zip(child_types(data_type));
    let children = children.map(|(child, field)| relabelled_data(child.clone(), field.data_type()));
    let children: Vec<ArrayData> = children.collect();
    let builder = data.into_builder().data_type(data_type.clone());
    builder.child_data(children).build().unwrap()
}

fn child_types(data_type: &DataType) -> Vec<FieldRef> {
    use DataType::*;
    match data_type {
        List(item)
        | LargeList(item)
        | ListView(item)
        | LargeListView(item)
        | FixedSizeList(item, _)
        | Map(item, _) => vec![item.clone()],
        Struct(fields) => fields.to_vec(),
        _ => Vec::new(),
    }
}
