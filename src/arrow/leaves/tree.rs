//! The nesting of one field: what each node does to levels, and what arrays it takes. The kinds of Arrow types are
//! told apart here once; whatever depends on them later asks the node.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef};

use super::shape::{Child, LeafKind, LeafNode, LeafShape, Presence, push_shared};
use crate::arrow::schema::{field_message, is_nullable, value_type};
use crate::errors::{ParquetError, Result};

/// One node of the nesting.
#[derive(Debug)]
pub(super) struct Node {
    /// The field's name, for errors.
    pub(super) name: Arc<str>,
    pub(super) presence: Presence,
    pub(super) kind: Kind,
}

/// What lies below a node.
#[derive(Debug)]
pub(super) enum Kind {
    /// Values of this type, without layers of dictionary or run-end encoding.
    Values(DataType),
    /// Nothing but nulls.
    Nulls,
    /// A field of a struct each.
    Struct(Vec<Node>),
    /// Elements of a list, or the entries of a map.
    List {
        layout: Layout,
        /// Repetition level of every element but the first.
        rep: i16,
        /// The element; a struct of key and value in a map.
        element: Box<Node>,
    },
}

/// How the lists of an array lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    List,
    LargeList,
    ListView,
    LargeListView,
    /// Lists of so many elements each.
    FixedSizeList(i32),
    Map(Keys),
}

/// How the keys of a map lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    Sorted,
    Unsorted,
}

impl Layout {
    /// The layout of a type of lists, and the field of its elements; `None` for any other type.
    pub(super) fn of(data_type: &DataType) -> Option<(Self, &FieldRef)> {
        match data_type {
            DataType::List(element) => Some((Self::List, element)),
            DataType::LargeList(element) => Some((Self::LargeList, element)),
            DataType::ListView(element) => Some((Self::ListView, element)),
            DataType::LargeListView(element) => Some((Self::LargeListView, element)),
            DataType::FixedSizeList(element, size) => Some((Self::FixedSizeList(*size), element)),
            DataType::Map(entries, true) => Some((Self::Map(Keys::Sorted), entries)),
            DataType::Map(entries, false) => Some((Self::Map(Keys::Unsorted), entries)),
            _ => None,
        }
    }
}

impl Node {
    /// Compiles the nesting of `field`.
    ///
    /// # Errors
    /// If the field has a type that Parquet cannot hold (a union, a struct without fields, a map with nullable keys),
    /// or nests deeper than levels of 16 bits can count.
    pub(super) fn compile(field: &Field) -> Result<Self> {
        compile(field, Depth::default())
    }

    /// Appends the type of each leaf, depth first.
    pub(super) fn leaf_types<'a>(&'a self, types: &mut Vec<&'a DataType>) {
        match &self.kind {
            Kind::Values(data_type) => types.push(data_type),
            Kind::Nulls => types.push(&DataType::Null),
            Kind::Struct(fields) => fields.iter().for_each(|field| field.leaf_types(types)),
            Kind::List { element, .. } => element.leaf_types(types),
        }
    }

    /// Appends the nodes down to each leaf, depth first. Neighbours of one shape share it.
    pub(super) fn shapes(&self, shapes: &mut Vec<LeafShape>) {
        self.collect_shapes(&mut Vec::new(), shapes);
    }

    /// Appends the nodes down to each leaf; `above` is given back as it came.
    fn collect_shapes(&self, above: &mut Vec<LeafNode>, shapes: &mut Vec<LeafShape>) {
        let presence = self.presence;
        let mut below = |kind: LeafKind, node: Option<&Node>| {
            above.push(LeafNode { presence, kind });
            match node {
                Some(node) => node.collect_shapes(above, shapes),
                None => push_shared(shapes, above),
            }
            above.pop();
        };
        match &self.kind {
            Kind::Values(_) | Kind::Nulls => below(LeafKind::Values, None),
            Kind::Struct(fields) => fields.iter().enumerate().for_each(|(nth, field)| {
                below(LeafKind::Struct(Child::new(nth, fields.len())), Some(field));
            }),
            Kind::List {
                element, layout, ..
            } => match (layout, &element.kind) {
                (Layout::Map(_), Kind::Struct(pair)) => {
                    pair.iter().enumerate().for_each(|(nth, field)| {
                        below(LeafKind::Map(Child::new(nth, pair.len())), Some(field));
                    });
                }
                _ => below(LeafKind::List, Some(element)),
            },
        }
    }

    /// Whether arrays of type `found` have values of the node's type. Dictionaries and run-end encoding do not matter
    /// at any depth, nor does which of the three layouts strings or bytes come in, nor names, metadata and
    /// nullability of children.
    pub(super) fn takes(&self, found: &DataType) -> bool {
        let found = value_type(found);
        match &self.kind {
            Kind::Values(expected) => {
                *expected == *found
                    || is_text(expected) && is_text(found)
                    || is_bytes(expected) && is_bytes(found)
            }
            Kind::Nulls => *found == DataType::Null,
            Kind::Struct(fields) => match found {
                DataType::Struct(children) => {
                    let mut pairs = fields.iter().zip(children);
                    fields.len() == children.len()
                        && pairs.all(|(field, child)| field.takes(child.data_type()))
                }
                _ => false,
            },
            Kind::List {
                layout, element, ..
            } => Layout::of(found)
                .is_some_and(|(found, child)| *layout == found && element.takes(child.data_type())),
        }
    }

    /// Bytes on the heap. Walks all nodes.
    pub(super) fn memory_size(&self) -> usize {
        // The counts of an `Arc` stand before what it shares.
        let name = 2 * size_of::<usize>() + self.name.len();
        name + match &self.kind {
            Kind::Values(_) | Kind::Nulls => 0,
            Kind::Struct(fields) => {
                let below = fields.iter().map(Node::memory_size).sum::<usize>();
                fields.capacity() * size_of::<Node>() + below
            }
            Kind::List { element, .. } => size_of::<Node>() + element.memory_size(),
        }
    }
}

/// Levels spent above a node.
#[derive(Debug, Clone, Copy, Default)]
struct Depth {
    def: i16,
    rep: i16,
}

fn compile(field: &Field, mut depth: Depth) -> Result<Node> {
    let data_type = value_type(field.data_type());
    // A column of nulls is optional whatever its field says: there is no value to write.
    let presence = if is_nullable(field) || *data_type == DataType::Null {
        Presence::Optional
    } else {
        Presence::Required
    };
    if presence == Presence::Optional {
        depth.def = deeper(depth.def, field)?;
    }
    if let Some((layout, element)) = Layout::of(data_type) {
        let depth = repeated(depth, field)?;
        let element = match layout {
            Layout::Map(_) => compile_entries(element, depth)?,
            _ => compile(element, depth)?,
        };
        let kind = Kind::List {
            layout,
            rep: depth.rep,
            element: Box::new(element),
        };
        return Ok(node(field, presence, kind));
    }
    let kind = match data_type {
        DataType::Struct(fields) if fields.is_empty() => {
            return Err(ParquetError::ArrowError(
                "Parquet does not support writing empty structs".to_owned(),
            ));
        }
        DataType::Struct(fields) => Kind::Struct(
            fields
                .iter()
                .map(|child| compile(child, depth))
                .collect::<Result<_>>()?,
        ),
        DataType::Union(..) => {
            let text = "unions cannot be written to Parquet";
            return Err(ParquetError::NYI(field_message(field, text)));
        }
        DataType::Null => Kind::Nulls,
        values => Kind::Values(values.clone()),
    };
    Ok(node(field, presence, kind))
}

fn node(field: &Field, presence: Presence, kind: Kind) -> Node {
    Node {
        name: field.name().as_str().into(),
        presence,
        kind,
    }
}

/// The entries of a map are the repeated group itself: never null, and their keys neither.
fn compile_entries(entries: &Field, depth: Depth) -> Result<Node> {
    let DataType::Struct(fields) = entries.data_type() else {
        return Err(ParquetError::ArrowError(format!(
            "Map entries '{}' must be a struct, not {}",
            entries.name(),
            entries.data_type()
        )));
    };
    let [key, value] = fields.as_ref() else {
        return Err(ParquetError::ArrowError(format!(
            "Map entries '{}' must have a key and a value, not {} fields",
            entries.name(),
            fields.len()
        )));
    };
    if is_nullable(key) {
        return Err(ParquetError::ArrowError(format!(
            "Map key field '{}' must be non-nullable, including its encoded values",
            key.name()
        )));
    }
    let key = compile(key, depth)?;
    let value = compile(value, depth)?;
    let kind = Kind::Struct(vec![key, value]);
    Ok(node(entries, Presence::Required, kind))
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

fn is_bytes(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    )
}

fn repeated(depth: Depth, field: &Field) -> Result<Depth> {
    Ok(Depth {
        def: deeper(depth.def, field)?,
        rep: deeper(depth.rep, field)?,
    })
}

fn deeper(level: i16, field: &Field) -> Result<i16> {
    level.checked_add(1).ok_or_else(|| {
        let text = format_args!(
            "nested deeper than the {} levels that can be counted",
            i16::MAX
        );
        ParquetError::General(field_message(field, text))
    })
}
