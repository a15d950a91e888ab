//! The schema as the footer keeps it: all nodes in one list, parents before their children.
//!
//! SPEC: parquet.thrift, `SchemaElement` and `LogicalType`.

use super::compact::{Fields, Item};
use crate::basic::{ConvertedType, LogicalType, TimestampType};
use crate::schema::types::{BasicTypeInfo, Type, TypePtr};

/// Number of nodes of a schema.
pub(super) fn node_count(root: &Type) -> usize {
    1 + children(root)
        .iter()
        .map(|it| node_count(it))
        .sum::<usize>()
}

/// All nodes, each before its children and these in their order.
pub(super) fn nodes(root: &Type) -> impl Iterator<Item = &Type> {
    let mut open = vec![children(root).iter()];
    let below = std::iter::from_fn(move || {
        loop {
            match open.last_mut()?.next() {
                Some(node) => {
                    open.push(children(node).iter());
                    return Some(node.as_ref());
                }
                None => drop(open.pop()),
            }
        }
    });
    std::iter::once(root).chain(below)
}

fn children(node: &Type) -> &[TypePtr] {
    match node {
        Type::GroupType { fields, .. } => fields,
        Type::PrimitiveType { .. } => &[],
    }
}

/// Writes one node as an element of a list.
pub(super) fn write_node(item: &mut Item<'_>, node: &Type) {
    item.structure(|record| match node {
        Type::PrimitiveType {
            basic_info,
            physical_type,
            type_length,
            scale,
            precision,
        } => {
            record.i32(1, physical_type.wire_id());
            write_known(record, 2, *type_length);
            write_name(record, basic_info);
            write_converted_type(record, basic_info);
            write_known(record, 7, *scale);
            write_known(record, 8, *precision);
            write_annotations(record, basic_info);
        }
        Type::GroupType { basic_info, fields } => {
            write_name(record, basic_info);
            // No schema in memory has more fields than that.
            record.i32(5, i32::try_from(fields.len()).unwrap_or(i32::MAX));
            write_converted_type(record, basic_info);
            write_annotations(record, basic_info);
        }
    });
}

/// Writes a number for which the schema has -1 when it does not apply.
fn write_known(record: &mut Fields<'_>, id: i16, number: i32) {
    if number >= 0 {
        record.i32(id, number);
    }
}

/// The root alone has no repetition.
fn write_name(record: &mut Fields<'_>, info: &BasicTypeInfo) {
    if info.has_repetition() {
        record.i32(3, info.repetition().wire_id());
    }
    record.string(4, info.name());
}

fn write_converted_type(record: &mut Fields<'_>, info: &BasicTypeInfo) {
    if info.converted_type() != ConvertedType::NONE {
        record.i32(6, info.converted_type().wire_id());
    }
}

fn write_annotations(record: &mut Fields<'_>, info: &BasicTypeInfo) {
    if info.has_id() {
        record.i32(9, info.id());
    }
    match info.logical_type_ref() {
        // What the parameters of an unknown type are, nobody here can say.
        None | Some(LogicalType::_Unknown { .. }) => {}
        Some(logical_type) => record.structure(10, |union| write_logical_type(logical_type, union)),
    }
}

/// Writes the one member of the union that is set.
fn write_logical_type(logical_type: &LogicalType, union: &mut Fields<'_>) {
    let id = logical_type.wire_field_id();
    union.structure(id, |record| match logical_type {
        LogicalType::Decimal(decimal) => {
            record.i32(1, decimal.scale);
            record.i32(2, decimal.precision);
        }
        LogicalType::Time(time) | LogicalType::Timestamp(time) => write_time(time, record),
        LogicalType::Integer(integer) => {
            record.i8(1, integer.bit_width);
            record.bool(2, integer.is_signed);
        }
        LogicalType::Variant(variant) => {
            if let Some(version) = variant.specification_version {
                record.i8(1, version);
            }
        }
        LogicalType::Geometry(geometry) => write_text(record, 1, geometry.crs.as_deref()),
        LogicalType::Geography(geography) => {
            write_text(record, 1, geography.crs.as_deref());
            if let Some(algorithm) = geography.algorithm {
                record.i32(2, algorithm.wire_id());
            }
        }
        LogicalType::String
        | LogicalType::Map
        | LogicalType::List
        | LogicalType::Enum
        | LogicalType::Date
        | LogicalType::Unknown
        | LogicalType::Json
        | LogicalType::Bson
        | LogicalType::Uuid
        | LogicalType::Float16
        | LogicalType::File
        | LogicalType::_Unknown { .. } => {}
    });
}

fn write_time(time: &TimestampType, record: &mut Fields<'_>) {
    record.bool(1, time.is_adjusted_to_u_t_c);
    record.structure(2, |union| union.empty_structure(time.unit.wire_field_id()));
}

fn write_text(record: &mut Fields<'_>, id: i16, text: Option<&str>) {
    if let Some(text) = text {
        record.string(id, text);
    }
}
