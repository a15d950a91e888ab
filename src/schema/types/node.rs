//! One node of a schema: [`Type`], and what groups and primitives have in common.

use std::sync::Arc;

use crate::basic::{ConvertedType, LogicalType, Repetition, SortOrder, Type as PhysicalType};

/// A node that several owners share.
pub type TypePtr = Arc<Type>;

/// A field of a schema, or the schema itself.
///
/// Built by [`Type::primitive_type_builder`] and [`Type::group_type_builder`], which check that the
/// parts fit each other.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// A leaf: it has values.
    PrimitiveType {
        /// Name, repetition, annotations.
        basic_info: BasicTypeInfo,
        /// How values are stored.
        physical_type: PhysicalType,
        /// Bytes a value for `FIXED_LEN_BYTE_ARRAY`; -1 if not set.
        type_length: i32,
        /// Digits after the point for decimals; -1 if not set.
        scale: i32,
        /// Digits in all for decimals; -1 if not set.
        precision: i32,
    },
    /// An inner node: it has fields. A group without repetition is the root.
    GroupType {
        /// Name, repetition, annotations.
        basic_info: BasicTypeInfo,
        /// The fields, in the order of the schema.
        fields: Vec<TypePtr>,
    },
}

impl Type {
    /// Name, repetition and annotations.
    pub fn get_basic_info(&self) -> &BasicTypeInfo {
        match self {
            Type::PrimitiveType { basic_info, .. } | Type::GroupType { basic_info, .. } => {
                basic_info
            }
        }
    }

    /// The name of the field.
    pub fn name(&self) -> &str {
        self.get_basic_info().name()
    }

    /// The fields of a group.
    ///
    /// # Panics
    /// On a primitive.
    #[expect(
        clippy::panic,
        reason = "documented: the caller asks a leaf for fields"
    )]
    pub fn get_fields(&self) -> &[TypePtr] {
        match self {
            Type::GroupType { fields, .. } => fields,
            Type::PrimitiveType { .. } => panic!("Cannot call get_fields() on a non-group type"),
        }
    }

    /// How the values of a primitive are stored.
    ///
    /// # Panics
    /// On a group.
    #[expect(
        clippy::panic,
        reason = "documented: the caller asks a group for a physical type"
    )]
    pub fn get_physical_type(&self) -> PhysicalType {
        match self {
            Type::PrimitiveType { physical_type, .. } => *physical_type,
            Type::GroupType { .. } => {
                panic!("Cannot call get_physical_type() on a non-primitive type")
            }
        }
    }

    /// The digits of a decimal; -1 if not set.
    ///
    /// # Panics
    /// On a group.
    #[expect(
        clippy::panic,
        reason = "documented: the caller asks a group for a precision"
    )]
    pub fn get_precision(&self) -> i32 {
        match self {
            Type::PrimitiveType { precision, .. } => *precision,
            Type::GroupType { .. } => panic!("Cannot call get_precision() on non-primitive type"),
        }
    }

    /// The digits after the point of a decimal; -1 if not set.
    ///
    /// # Panics
    /// On a group.
    #[expect(
        clippy::panic,
        reason = "documented: the caller asks a group for a scale"
    )]
    pub fn get_scale(&self) -> i32 {
        match self {
            Type::PrimitiveType { scale, .. } => *scale,
            Type::GroupType { .. } => panic!("Cannot call get_scale() on non-primitive type"),
        }
    }

    /// Whether `sub_type` is this type with some fields left out: names and repetitions agree all
    /// the way down, and physical types at the leaves.
    pub fn check_contains(&self, sub_type: &Type) -> bool {
        let (own, sub) = (self.get_basic_info(), sub_type.get_basic_info());
        if own.name != sub.name || own.repetition != sub.repetition {
            return false;
        }
        match (self, sub_type) {
            (
                Type::PrimitiveType { physical_type, .. },
                Type::PrimitiveType {
                    physical_type: wanted,
                    ..
                },
            ) => physical_type == wanted,
            (Type::GroupType { fields, .. }, Type::GroupType { fields: wanted, .. }) => {
                wanted.iter().all(|wanted| {
                    let found = fields.iter().find(|field| field.name() == wanted.name());
                    found.is_some_and(|field| field.check_contains(wanted))
                })
            }
            _ => false,
        }
    }

    /// Whether this is a leaf.
    pub fn is_primitive(&self) -> bool {
        matches!(self, Type::PrimitiveType { .. })
    }

    /// Whether this is a group, the root included.
    pub fn is_group(&self) -> bool {
        matches!(self, Type::GroupType { .. })
    }

    /// Whether this is a root: a group without repetition.
    pub fn is_schema(&self) -> bool {
        self.is_group() && !self.get_basic_info().has_repetition()
    }

    /// Whether the field may be absent from its parent: optional or repeated.
    pub fn is_optional(&self) -> bool {
        matches!(
            self.get_basic_info().repetition,
            Some(Repetition::OPTIONAL | Repetition::REPEATED)
        )
    }

    /// Bytes on the heap below this node, those of shared nodes included.
    pub(crate) fn memory_size(&self) -> usize {
        let below = match self {
            Type::PrimitiveType { .. } => 0,
            Type::GroupType { fields, .. } => {
                let nodes = fields
                    .iter()
                    .map(|field| shared_size(field) + field.memory_size());
                fields.capacity() * size_of::<TypePtr>() + nodes.sum::<usize>()
            }
        };
        self.get_basic_info().memory_size() + below
    }
}

/// Bytes that an `Arc` takes on the heap: both counts, and the value without what it owns.
pub(super) fn shared_size<T>(_: &Arc<T>) -> usize {
    2 * size_of::<usize>() + size_of::<T>()
}

/// What every field has: a name, how often it occurs, what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicTypeInfo {
    pub(super) name: String,
    pub(super) repetition: Option<Repetition>,
    pub(super) converted_type: ConvertedType,
    pub(super) logical_type: Option<LogicalType>,
    pub(super) id: Option<i32>,
    pub(super) sort_order: SortOrder,
}

impl BasicTypeInfo {
    /// The name of the field.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the field says how often it occurs. All do but the root.
    pub fn has_repetition(&self) -> bool {
        self.repetition.is_some()
    }

    /// How often the field occurs.
    ///
    /// # Panics
    /// On a root.
    #[expect(
        clippy::panic,
        reason = "documented: the caller asks the root for a repetition"
    )]
    pub fn repetition(&self) -> Repetition {
        match self.repetition {
            Some(repetition) => repetition,
            None => panic!("the field '{}' has no repetition", self.name),
        }
    }

    /// The annotation for old readers; [`ConvertedType::NONE`] if there is none.
    pub fn converted_type(&self) -> ConvertedType {
        self.converted_type
    }

    /// The annotation, if there is one.
    pub fn logical_type_ref(&self) -> Option<&LogicalType> {
        self.logical_type.as_ref()
    }

    /// Whether the field has an id.
    pub fn has_id(&self) -> bool {
        self.id.is_some()
    }

    /// The id that the writer of the schema gave the field.
    ///
    /// # Panics
    /// If there is none.
    #[expect(clippy::panic, reason = "documented: has_id says whether there is one")]
    pub fn id(&self) -> i32 {
        match self.id {
            Some(id) => id,
            None => panic!("the field '{}' has no id", self.name),
        }
    }

    /// How values compare; [`SortOrder::UNDEFINED`] for groups.
    pub fn sort_order(&self) -> SortOrder {
        self.sort_order
    }

    /// Bytes on the heap.
    fn memory_size(&self) -> usize {
        let annotation = match &self.logical_type {
            Some(LogicalType::Geometry(geometry)) => geometry.crs.as_ref().map(String::capacity),
            Some(LogicalType::Geography(geography)) => geography.crs.as_ref().map(String::capacity),
            _ => None,
        };
        self.name.capacity() + annotation.unwrap_or(0)
    }
}
