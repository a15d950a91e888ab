//! The Arrow schema under the names of a Parquet schema that the caller gives. Readers look fields up by name in the
//! schema that travels in the footer.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};

use crate::basic::Repetition;
use crate::schema::types::{Type, TypePtr};

/// `schema` with the names that the fields of `root`, and those of groups inside, have in their places. What is nested
/// otherwise than in `root` keeps its names.
pub(crate) fn renamed(schema: &Schema, root: &Type) -> Schema {
    let metadata = schema.metadata().clone();
    Schema::new_with_metadata(fields(schema.fields(), group_fields(root)), metadata)
}

/// Whether a repeated group is the element of its list itself, and not a layer around the element.
///
/// SPEC: LogicalTypes.md, "Lists", "Backward-compatibility rules".
pub(crate) fn is_list_element(group: &Type, list_name: &str) -> bool {
    let [child] = group_fields(group) else {
        return true;
    };
    let name = group.name();
    is_repeated(child) || name == "array" || name.strip_suffix("_tuple") == Some(list_name)
}

/// The fields of a group; none of a leaf.
pub(crate) fn group_fields(node: &Type) -> &[TypePtr] {
    match node {
        Type::GroupType { fields, .. } => fields,
        Type::PrimitiveType { .. } => &[],
    }
}

fn fields(arrow: &Fields, nodes: &[TypePtr]) -> Fields {
    if arrow.len() != nodes.len() {
        return arrow.clone();
    }
    let pairs = arrow.iter().zip(nodes);
    let named = pairs.map(|(field, node)| {
        let inner = inside(field, node);
        if inner.name() == node.name() {
            inner
        } else {
            Arc::new(Field::clone(&inner).with_name(node.name()))
        }
    });
    named.collect()
}

/// `field` with new names inside.
fn inside(field: &FieldRef, node: &Type) -> FieldRef {
    let data_type = data_type(field.data_type(), node);
    if data_type == *field.data_type() {
        Arc::clone(field)
    } else {
        Arc::new(Field::clone(field).with_data_type(data_type))
    }
}

fn data_type(found: &DataType, node: &Type) -> DataType {
    let element =
        |item: &FieldRef| element(node).map_or(Arc::clone(item), |node| inside(item, node));
    match found {
        DataType::Struct(children) => DataType::Struct(fields(children, group_fields(node))),
        DataType::List(item) => DataType::List(element(item)),
        DataType::LargeList(item) => DataType::LargeList(element(item)),
        DataType::ListView(item) => DataType::ListView(element(item)),
        DataType::LargeListView(item) => DataType::LargeListView(element(item)),
        DataType::FixedSizeList(item, len) => DataType::FixedSizeList(element(item), *len),
        DataType::Map(entries, sorted) => DataType::Map(pairs(entries, node), *sorted),
        DataType::Dictionary(key, values) => {
            DataType::Dictionary(key.clone(), Box::new(data_type(values, node)))
        }
        DataType::RunEndEncoded(ends, values) => {
            DataType::RunEndEncoded(Arc::clone(ends), inside(values, node))
        }
        plain => plain.clone(),
    }
}

/// The node of a list's elements.
fn element(list: &Type) -> Option<&Type> {
    let [repeated] = group_fields(list) else {
        return Some(list);
    };
    match (is_repeated(repeated), group_fields(repeated)) {
        (false, _) => None,
        (true, [child]) if !is_list_element(repeated, list.name()) => Some(child),
        (true, _) => Some(repeated),
    }
}

/// Keys and values keep their names: maps are known by their shape.
fn pairs(entries: &FieldRef, map: &Type) -> FieldRef {
    let nodes = match group_fields(map) {
        [repeated] => group_fields(repeated),
        _ => &[],
    };
    let DataType::Struct(children) = entries.data_type() else {
        return Arc::clone(entries);
    };
    if children.len() != nodes.len() {
        return Arc::clone(entries);
    }
    let children = children.iter().zip(nodes);
    let children: Fields = children.map(|(child, node)| inside(child, node)).collect();
    let entries = Field::clone(entries).with_data_type(DataType::Struct(children));
    Arc::new(entries)
}

fn is_repeated(node: &Type) -> bool {
    let info = node.get_basic_info();
    info.has_repetition() && info.repetition() == Repetition::REPEATED
}
