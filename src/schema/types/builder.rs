//! Builders of schema nodes. What they refuse is in `check`.

use super::check::{self, Annotated};
use super::node::{BasicTypeInfo, Type, TypePtr};
use crate::basic::{
    ColumnOrder, ConvertedType, LogicalType, Repetition, SortOrder, Type as PhysicalType,
};
use crate::errors::Result;

/// Builds a leaf; see [`Type::primitive_type_builder`].
///
/// Optional, without annotations, length, precision, scale and id unless said otherwise.
#[derive(Debug, Clone)]
pub struct PrimitiveTypeBuilder<'a> {
    leaf: Annotated<'a>,
    repetition: Repetition,
    id: Option<i32>,
}

impl<'a> PrimitiveTypeBuilder<'a> {
    /// Starts a leaf.
    pub fn new(name: &'a str, physical_type: PhysicalType) -> Self {
        let leaf = Annotated {
            name,
            physical_type,
            converted_type: ConvertedType::NONE,
            logical_type: None,
            length: -1,
            precision: -1,
            scale: -1,
        };
        PrimitiveTypeBuilder {
            leaf,
            repetition: Repetition::OPTIONAL,
            id: None,
        }
    }

    /// How often the field occurs; optional by default.
    pub fn with_repetition(mut self, repetition: Repetition) -> Self {
        self.repetition = repetition;
        self
    }

    /// The annotation for old readers. A logical type sets it by itself.
    pub fn with_converted_type(mut self, converted_type: ConvertedType) -> Self {
        self.leaf.converted_type = converted_type;
        self
    }

    /// What the values mean.
    pub fn with_logical_type(mut self, logical_type: Option<LogicalType>) -> Self {
        self.leaf.logical_type = logical_type;
        self
    }

    /// Bytes a value, for `FIXED_LEN_BYTE_ARRAY`.
    pub fn with_length(mut self, length: i32) -> Self {
        self.leaf.length = length;
        self
    }

    /// Digits in all, for decimals; a decimal logical type must say the same.
    pub fn with_precision(mut self, precision: i32) -> Self {
        self.leaf.precision = precision;
        self
    }

    /// Digits after the point, for decimals; a decimal logical type must say the same.
    pub fn with_scale(mut self, scale: i32) -> Self {
        self.leaf.scale = scale;
        self
    }

    /// An id for the field.
    pub fn with_id(mut self, id: Option<i32>) -> Self {
        self.id = id;
        self
    }

    /// The leaf.
    ///
    /// # Errors
    /// If an annotation does not fit the physical type, its length, or the other annotation; when
    /// a decimal's precision or scale is out of range; when `FIXED_LEN_BYTE_ARRAY` has no length.
    pub fn build(self) -> Result<Type> {
        let converted_type = check::primitive(&self.leaf)?;
        let order = ColumnOrder::column_order_for_type(
            self.leaf.logical_type.as_ref(),
            converted_type,
            self.leaf.physical_type,
        );
        Ok(Type::PrimitiveType {
            basic_info: BasicTypeInfo {
                name: self.leaf.name.to_string(),
                repetition: Some(self.repetition),
                converted_type,
                logical_type: self.leaf.logical_type,
                id: self.id,
                sort_order: order.sort_order(),
            },
            physical_type: self.leaf.physical_type,
            type_length: self.leaf.length,
            scale: self.leaf.scale,
            precision: self.leaf.precision,
        })
    }
}

/// Builds a group; see [`Type::group_type_builder`].
///
/// Without repetition (that is, a root), annotations, fields and id unless said otherwise.
#[derive(Debug, Clone)]
pub struct GroupTypeBuilder<'a> {
    name: &'a str,
    repetition: Option<Repetition>,
    converted_type: ConvertedType,
    logical_type: Option<LogicalType>,
    fields: Vec<TypePtr>,
    id: Option<i32>,
}

impl<'a> GroupTypeBuilder<'a> {
    /// Starts a group.
    pub fn new(name: &'a str) -> Self {
        GroupTypeBuilder {
            name,
            repetition: None,
            converted_type: ConvertedType::NONE,
            logical_type: None,
            fields: Vec::new(),
            id: None,
        }
    }

    /// How often the group occurs. A root has no repetition.
    pub fn with_repetition(mut self, repetition: Repetition) -> Self {
        self.repetition = Some(repetition);
        self
    }

    /// The annotation for old readers. A logical type that has one sets it by itself.
    pub fn with_converted_type(mut self, converted_type: ConvertedType) -> Self {
        self.converted_type = converted_type;
        self
    }

    /// What the group means.
    pub fn with_logical_type(mut self, logical_type: Option<LogicalType>) -> Self {
        self.logical_type = logical_type;
        self
    }

    /// The fields; replaces those given before.
    pub fn with_fields(mut self, fields: Vec<TypePtr>) -> Self {
        self.fields = fields;
        self
    }

    /// An id for the field.
    pub fn with_id(mut self, id: Option<i32>) -> Self {
        self.id = id;
        self
    }

    /// The group.
    ///
    /// # Errors
    /// If a group annotated as `FILE` has a field that such a group may not have, or has it in
    /// another form than LogicalTypes.md, "FILE", says.
    pub fn build(self) -> Result<Type> {
        let converted_type = check::group(
            self.name,
            self.logical_type.as_ref(),
            self.converted_type,
            &self.fields,
        )?;
        Ok(Type::GroupType {
            basic_info: BasicTypeInfo {
                name: self.name.to_string(),
                repetition: self.repetition,
                converted_type,
                logical_type: self.logical_type,
                id: self.id,
                sort_order: SortOrder::UNDEFINED,
            },
            fields: self.fields,
        })
    }
}

impl Type {
    /// Starts a leaf.
    pub fn primitive_type_builder(
        name: &str,
        physical_type: PhysicalType,
    ) -> PrimitiveTypeBuilder<'_> {
        PrimitiveTypeBuilder::new(name, physical_type)
    }

    /// Starts a group.
    pub fn group_type_builder(name: &str) -> GroupTypeBuilder<'_> {
        GroupTypeBuilder::new(name)
    }
}
