//! The Arrow types of a schema's leaves.

use arrow_schema::{DataType, Schema};

use super::value_type;

/// The type of each leaf as its arrays have it, depth first: the order of the Parquet schema's columns.
pub(crate) fn leaf_types(schema: &Schema) -> Vec<&DataType> {
    let mut types = Vec::new();
    for field in schema.fields() {
        collect(field.data_type(), &mut types);
    }
    types
}

fn collect<'a>(data_type: &'a DataType, types: &mut Vec<&'a DataType>) {
    match value_type(data_type) {
        DataType::List(child)
        | DataType::LargeList(child)
        | DataType::FixedSizeList(child, _)
        | DataType::ListView(child)
        | DataType::LargeListView(child)
        | DataType::Map(child, _) => collect(child.data_type(), types),
        DataType::Struct(children) => children
            .iter()
            .for_each(|child| collect(child.data_type(), types)),
        _ => types.push(data_type),
    }
}
