//! The message-type text of a schema.

use crate::basic::{ConvertedType, LogicalType, TimestampType, Type as PhysicalType};
use crate::schema::types::{BasicTypeInfo, Type, TypePtr};

/// The text of a node and of all below it; ends with a line break.
pub(super) fn text(node: &Type) -> String {
    let mut text = String::new();
    add(&mut text, node, 0);
    text
}

fn add(text: &mut String, node: &Type, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
    let info = node.get_basic_info();
    match node {
        Type::PrimitiveType {
            physical_type,
            type_length,
            ..
        } => {
            text.push_str(&primitive(node, info, *physical_type, *type_length));
        }
        Type::GroupType { fields, .. } => add_group(text, node, fields, depth),
    }
    text.push('\n');
}

fn primitive(
    node: &Type,
    info: &BasicTypeInfo,
    physical_type: PhysicalType,
    length: i32,
) -> String {
    let length = match physical_type {
        PhysicalType::FIXED_LEN_BYTE_ARRAY => format!(" ({length})"),
        _ => String::new(),
    };
    let (repetition, name, id) = (repetition(info), info.name(), id(info));
    let annotation = annotation(node);
    format!("{repetition}{physical_type}{length} {name}{id}{annotation};")
}

fn add_group(text: &mut String, node: &Type, fields: &[TypePtr], depth: usize) {
    let info = node.get_basic_info();
    let (name, id) = (info.name(), id(info));
    text.push_str(&if info.has_repetition() {
        format!(
            "{}group {name}{id}{} {{\n",
            repetition(info),
            annotation(node)
        )
    } else {
        format!("message {name}{id} {{\n")
    });
    for field in fields {
        add(text, field, depth + 1);
    }
    text.extend(std::iter::repeat_n("  ", depth));
    text.push('}');
}

fn repetition(info: &BasicTypeInfo) -> String {
    if info.has_repetition() {
        format!("{} ", info.repetition())
    } else {
        String::new()
    }
}

fn id(info: &BasicTypeInfo) -> String {
    if info.has_id() {
        format!(" [{}]", info.id())
    } else {
        String::new()
    }
}

/// The logical type, or else the converted type, in parentheses.
fn annotation(node: &Type) -> String {
    let info = node.get_basic_info();
    match (info.logical_type_ref(), info.converted_type()) {
        (Some(logical_type), _) => format!(" ({})", logical(logical_type)),
        (None, ConvertedType::NONE) => String::new(),
        (None, ConvertedType::DECIMAL) if node.is_primitive() => match node.get_scale() {
            0 => format!(" (DECIMAL({}))", node.get_precision()),
            scale => format!(" (DECIMAL({},{scale}))", node.get_precision()),
        },
        (None, converted_type) => format!(" ({converted_type})"),
    }
}

fn logical(logical_type: &LogicalType) -> String {
    match logical_type {
        LogicalType::String => "STRING".to_string(),
        LogicalType::Map => "MAP".to_string(),
        LogicalType::List => "LIST".to_string(),
        LogicalType::Enum => "ENUM".to_string(),
        LogicalType::Decimal(decimal) => {
            format!("DECIMAL({},{})", decimal.precision, decimal.scale)
        }
        LogicalType::Date => "DATE".to_string(),
        LogicalType::Time(time) => with_unit_and_zone("TIME", time),
        LogicalType::Timestamp(timestamp) => with_unit_and_zone("TIMESTAMP", timestamp),
        LogicalType::Integer(int) => format!("INTEGER({},{})", int.bit_width, int.is_signed),
        LogicalType::Unknown => "UNKNOWN".to_string(),
        LogicalType::Json => "JSON".to_string(),
        LogicalType::Bson => "BSON".to_string(),
        LogicalType::Uuid => "UUID".to_string(),
        LogicalType::Float16 => "FLOAT16".to_string(),
        LogicalType::Variant(variant) => format!("VARIANT({:?})", variant.specification_version),
        LogicalType::Geometry(geometry) => match &geometry.crs {
            Some(crs) => format!("GEOMETRY({crs})"),
            None => "GEOMETRY".to_string(),
        },
        LogicalType::Geography(geography) => {
            let algorithm = geography.algorithm.unwrap_or_default();
            match &geography.crs {
                Some(crs) => format!("GEOGRAPHY({algorithm}, {crs})"),
                None => format!("GEOGRAPHY({algorithm})"),
            }
        }
        LogicalType::File => "FILE".to_string(),
        LogicalType::_Unknown { field_id } => format!("_Unknown({field_id})"),
    }
}

fn with_unit_and_zone(name: &str, of: &TimestampType) -> String {
    format!("{name}({:?},{})", of.unit, of.is_adjusted_to_u_t_c)
}
