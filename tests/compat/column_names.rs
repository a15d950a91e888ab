//! Columns are taken by their position; who wants their names to count asks for it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, ListArray, MapArray, RecordBatch, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Schema};
use herringbone::arrow::ArrowWriter;
use herringbone::arrow::arrow_writer::{ArrowWriterOptions, ColumnNames};

use crate::support::check::read;

fn numbers(first: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![first, first + 1]))
}

/// Two numbers under these names.
fn pair(names: [&str; 2]) -> StructArray {
    let fields = names.map(|name| Arc::new(Field::new(name, DataType::Int64, true)));
    StructArray::new(
        Fields::from(fields.to_vec()),
        vec![numbers(1), numbers(100)],
        None,
    )
}

fn list(element: &str, of: StructArray) -> ArrayRef {
    let field = Field::new(element, of.data_type().clone(), true);
    let offsets = OffsetBuffer::from_lengths([1, 1]);
    Arc::new(ListArray::new(Arc::new(field), offsets, Arc::new(of), None))
}

/// A map whose fields have these names, with structs for values.
fn map([entries, key, value]: [&str; 3], of: StructArray) -> ArrayRef {
    let fields = Fields::from(vec![
        Field::new(key, DataType::Int64, false),
        Field::new(value, of.data_type().clone(), true),
    ]);
    let pairs = StructArray::new(fields.clone(), vec![numbers(1), Arc::new(of)], None);
    let field = Arc::new(Field::new(entries, DataType::Struct(fields), false));
    Arc::new(MapArray::new(
        field,
        OffsetBuffer::from_lengths([1, 1]),
        pairs,
        None,
        false,
    ))
}

fn batch(column: ArrayRef) -> RecordBatch {
    let field = Field::new("c", column.data_type().clone(), true);
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![column]).unwrap()
}

/// Writes `first`, and then `second` with the names looked at or not.
fn write(first: &RecordBatch, second: &RecordBatch, names: ColumnNames) -> Result<Vec<u8>, String> {
    let options = ArrowWriterOptions::new().with_column_name_check(names);
    let mut writer =
        ArrowWriter::try_new_with_options(Vec::new(), first.schema(), options).unwrap();
    writer.write(first).unwrap();
    let said = writer.write(second).map_err(|error| error.to_string());
    writer.write(first).unwrap();
    let file = writer.into_inner().unwrap();
    let rows = if said.is_ok() { 3 } else { 2 } * first.num_rows();
    assert_eq!(read(&file).num_rows(), rows);
    said.map(|()| file)
}

#[test]
fn columns_in_another_order_are_taken_by_position_or_refused() {
    let batch = |names: [&str; 2]| RecordBatch::from(pair(names));
    let (first, second) = (batch(["id", "amount"]), batch(["amount", "id"]));
    let file = write(&first, &second, ColumnNames::Unchecked).unwrap();
    assert_eq!(read(&file).schema().field(0).name(), "id");
    let said = write(&first, &second, ColumnNames::Checked).unwrap_err();
    assert!(
        said.contains("field 0 of the batch is 'amount', the writer's schema has 'id' there"),
        "{said}"
    );
    // The same names in another schema are as good.
    write(&first, &batch(["id", "amount"]), ColumnNames::Checked).unwrap();
    assert!(write(&first, &batch(["id", "sum"]), ColumnNames::Checked).is_err());
}

#[test]
fn fields_of_structs_count_wherever_the_struct_stands() {
    let (right, wrong) = (|| pair(["x", "y"]), || pair(["y", "x"]));
    let columns: [(ArrayRef, ArrayRef); 3] = [
        (Arc::new(right()), Arc::new(wrong())),
        (list("item", right()), list("item", wrong())),
        (
            map(["entries", "key", "value"], right()),
            map(["entries", "key", "value"], wrong()),
        ),
    ];
    for (right, wrong) in columns {
        let (right, wrong) = (batch(right), batch(wrong));
        write(&right, &wrong, ColumnNames::Unchecked).unwrap();
        let said = write(&right, &wrong, ColumnNames::Checked).unwrap_err();
        assert!(
            said.contains(
                "field 0 of struct 'c' of the batch is 'y', the writer's schema has 'x' there"
            ),
            "{said}"
        );
    }
}

#[test]
fn what_lists_and_maps_call_their_fields_does_not_count() {
    let pair = || pair(["x", "y"]);
    let pairs = [
        (list("item", pair()), list("element", pair())),
        (
            map(["entries", "key", "value"], pair()),
            map(["key_value", "k", "v"], pair()),
        ),
    ];
    for (one, other) in pairs {
        write(&batch(one), &batch(other), ColumnNames::Checked).unwrap();
    }
}
