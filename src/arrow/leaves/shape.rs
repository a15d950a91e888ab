//! The nodes from the root to one leaf: of an Arrow field, and of a Parquet column. What their levels count can be told
//! from these alone.

use std::fmt;
use std::sync::Arc;

use crate::arrow::schema::{group_fields, is_list_element};
use crate::basic::{ConvertedType, LogicalType, Repetition};
use crate::schema::types::{SchemaDescriptor, Type, TypePtr};

/// The nodes of an Arrow field down to one leaf.
pub(crate) type LeafShape = Arc<[LeafNode]>;

/// The nodes of a Parquet schema down to one column, the root left out.
pub(crate) type ColumnShape = Arc<[ColumnNode]>;

/// Whether a node may be null, and what that does to the definition level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Never null, no level of its own.
    Required,
    /// Null or present: one definition level.
    Optional,
}

impl Presence {
    /// Definition levels of the node.
    pub(super) fn levels(self) -> i16 {
        match self {
            Self::Required => 0,
            Self::Optional => 1,
        }
    }
}

/// One node of an Arrow field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeafNode {
    pub(super) presence: Presence,
    pub(super) kind: LeafKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeafKind {
    Values,
    Struct(Child),
    /// The next node is the element.
    List,
    /// The next node is the key or the value.
    Map(Child),
}

/// Which of the fields of a group the path goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) nth: u32,
    pub(super) of: u32,
}

/// One node of a Parquet schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ColumnNode {
    pub(super) repetition: Repetition,
    pub(super) kind: ColumnKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Values,
    Group {
        child: Child,
        meaning: Meaning,
        /// A repeated group that is the element of its list itself, and not a layer around the element.
        is_element: bool,
    },
}

/// What a group says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    None,
    List,
    Map,
}

impl Child {
    pub(super) fn new(nth: usize, of: usize) -> Self {
        let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            nth: count(nth),
            of: count(of),
        }
    }
}

/// The shape of each column, in their order. Neighbours of one shape share it.
pub(crate) fn column_shapes(schema: &SchemaDescriptor) -> Vec<ColumnShape> {
    let mut shapes = Vec::with_capacity(schema.num_columns());
    let mut above = Vec::new();
    for field in group_fields(schema.root_schema()) {
        collect(field, "", &mut above, &mut shapes);
    }
    shapes
}

/// Appends `shape`, shared with the last of `shapes` if they are equal.
pub(super) fn push_shared<N: PartialEq + Copy>(shapes: &mut Vec<Arc<[N]>>, shape: &[N]) {
    let shared = match shapes.last() {
        Some(last) if **last == *shape => Arc::clone(last),
        _ => shape.into(),
    };
    shapes.push(shared);
}

fn collect(
    field: &TypePtr,
    list_name: &str,
    above: &mut Vec<ColumnNode>,
    shapes: &mut Vec<ColumnShape>,
) {
    let info = field.get_basic_info();
    let repetition = if info.has_repetition() {
        info.repetition()
    } else {
        Repetition::REQUIRED
    };
    match &**field {
        Type::PrimitiveType { .. } => {
            above.push(ColumnNode {
                repetition,
                kind: ColumnKind::Values,
            });
            push_shared(shapes, above);
            above.pop();
        }
        Type::GroupType { fields, .. } => {
            let is_element = is_list_element(field, list_name);
            for (nth, child) in fields.iter().enumerate() {
                above.push(ColumnNode {
                    repetition,
                    kind: ColumnKind::Group {
                        child: Child::new(nth, fields.len()),
                        meaning: meaning(field),
                        is_element,
                    },
                });
                collect(child, field.name(), above, shapes);
                above.pop();
            }
        }
    }
}

fn meaning(field: &Type) -> Meaning {
    let info = field.get_basic_info();
    match (info.logical_type_ref(), info.converted_type()) {
        (Some(LogicalType::List), _) | (None, ConvertedType::LIST) => Meaning::List,
        (Some(LogicalType::Map), _) | (None, ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE) => {
            Meaning::Map
        }
        _ => Meaning::None,
    }
}

/// Shows the nodes of an Arrow field from the outside in: `nullable list of required values`.
pub(super) struct ArrowNesting<'a>(pub(super) &'a [LeafNode]);

/// Shows the nodes of a Parquet column from the outside in: `optional group (LIST) of repeated group of required
/// values`.
pub(super) struct ParquetNesting<'a>(pub(super) &'a [ColumnNode]);

impl fmt::Display for ArrowNesting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, node) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" of ")?;
            }
            f.write_str(match node.presence {
                Presence::Optional => "nullable ",
                Presence::Required => "required ",
            })?;
            match node.kind {
                LeafKind::Values => f.write_str("values")?,
                LeafKind::List => f.write_str("list")?,
                LeafKind::Struct(child) => write!(f, "struct ({})", child)?,
                LeafKind::Map(child) => write!(f, "map ({})", child)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for ParquetNesting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, node) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" of ")?;
            }
            f.write_str(match node.repetition {
                Repetition::REQUIRED => "required ",
                Repetition::OPTIONAL => "optional ",
                Repetition::REPEATED => "repeated ",
            })?;
            match node.kind {
                ColumnKind::Values => f.write_str("values")?,
                ColumnKind::Group { child, meaning, .. } => {
                    let meaning = match meaning {
                        Meaning::None => "",
                        Meaning::List => "LIST, ",
                        Meaning::Map => "MAP, ",
                    };
                    write!(f, "group ({meaning}{child})")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field {} of {}", self.nth.saturating_add(1), self.of)
    }
}
