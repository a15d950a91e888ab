//! A whole schema with its leaf columns: [`SchemaDescriptor`].

use std::fmt;
use std::sync::Arc;

use super::column::{ColumnDescPtr, ColumnDescriptor};
use super::node::{Type, TypePtr, shared_size};
use super::path::ColumnPath;
use crate::basic::Repetition;

/// A schema that several owners share.
pub type SchemaDescPtr = Arc<SchemaDescriptor>;

/// A schema and its leaf columns, in the order of the column chunks in a row group.
#[derive(Clone, PartialEq)]
pub struct SchemaDescriptor {
    schema: TypePtr,
    leaves: Vec<ColumnDescPtr>,
    /// For each leaf the index of the root's field that it stands in.
    roots: Vec<usize>,
}

impl fmt::Debug for SchemaDescriptor {
    /// The tree; the rest follows from it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchemaDescriptor")
            .field("schema", &self.schema)
            .finish()
    }
}

impl SchemaDescriptor {
    /// Finds the leaves below `schema`.
    ///
    /// # Panics
    /// If `schema` is a primitive.
    pub fn new(schema: TypePtr) -> Self {
        assert!(
            schema.is_group(),
            "SchemaDescriptor should take a GroupType"
        );
        let mut leaves = Vec::new();
        let mut roots = Vec::new();
        let (mut path, mut repeated) = (Vec::new(), Vec::new());
        for (root, field) in schema.get_fields().iter().enumerate() {
            let above = Above {
                path: &mut path,
                repeated: &mut repeated,
            };
            collect_leaves(field, Levels::default(), above, &mut leaves);
            roots.resize(leaves.len(), root);
        }
        leaves.shrink_to_fit();
        roots.shrink_to_fit();
        SchemaDescriptor {
            schema,
            leaves,
            roots,
        }
    }

    /// The leaf column `i`.
    ///
    /// # Panics
    /// If there are not that many.
    pub fn column(&self, i: usize) -> ColumnDescPtr {
        self.check(i);
        #[expect(clippy::indexing_slicing, reason = "checked above")]
        Arc::clone(&self.leaves[i])
    }

    /// The leaf columns.
    pub fn columns(&self) -> &[ColumnDescPtr] {
        &self.leaves
    }

    /// The number of leaf columns.
    pub fn num_columns(&self) -> usize {
        self.leaves.len()
    }

    /// The field of the root that the leaf column `i` stands in; the leaf itself if it is not nested.
    ///
    /// # Panics
    /// If there are not that many leaf columns.
    pub fn get_column_root(&self, i: usize) -> &Type {
        self.root_of(i)
    }

    /// [`get_column_root`](Self::get_column_root), to be shared.
    ///
    /// # Panics
    /// If there are not that many leaf columns.
    pub fn get_column_root_ptr(&self, i: usize) -> TypePtr {
        Arc::clone(self.root_of(i))
    }

    /// The index of [`get_column_root`](Self::get_column_root) among the root's fields.
    ///
    /// # Panics
    /// If there are not that many leaf columns.
    pub fn get_column_root_idx(&self, i: usize) -> usize {
        self.check(i);
        #[expect(clippy::indexing_slicing, reason = "checked above; one entry a leaf")]
        self.roots[i]
    }

    /// The tree.
    pub fn root_schema(&self) -> &Type {
        &self.schema
    }

    /// The tree, to be shared.
    pub fn root_schema_ptr(&self) -> TypePtr {
        Arc::clone(&self.schema)
    }

    /// The name of the root.
    pub fn name(&self) -> &str {
        self.schema.name()
    }

    /// Bytes on the heap: the tree and the leaf columns. Walks all of them.
    pub(crate) fn memory_size(&self) -> usize {
        let tree = shared_size(&self.schema) + self.schema.memory_size();
        let columns = self
            .leaves
            .iter()
            .map(|leaf| shared_size(leaf) + leaf.memory_size())
            .sum::<usize>();
        tree + columns
            + self.leaves.capacity() * size_of::<ColumnDescPtr>()
            + self.roots.capacity() * size_of::<usize>()
    }

    fn root_of(&self, i: usize) -> &TypePtr {
        let root = self.get_column_root_idx(i);
        #[expect(
            clippy::indexing_slicing,
            reason = "roots hold indices of the root's fields"
        )]
        &self.schema.get_fields()[root]
    }

    fn check(&self, i: usize) {
        let count = self.leaves.len();
        assert!(i < count, "Index out of bound: {i} not in [0, {count})");
    }
}

/// The levels that the fields on a path add up to.
#[derive(Clone, Copy, Default)]
struct Levels {
    def: i16,
    rep: i16,
}

/// What lies above a field; given back as it came.
struct Above<'p, 'a> {
    /// The names.
    path: &'p mut Vec<&'a str>,
    /// The definition levels of the repeated fields.
    repeated: &'p mut Vec<i16>,
}

impl Levels {
    /// SPEC: README.md, "Nested Encoding": optional and repeated fields are one definition level
    /// each, repeated fields one repetition level as well.
    fn below(mut self, repetition: Option<Repetition>) -> Self {
        match repetition {
            Some(Repetition::OPTIONAL) => self.def += 1,
            Some(Repetition::REPEATED) => {
                self.def += 1;
                self.rep += 1;
            }
            Some(Repetition::REQUIRED) | None => {}
        }
        self
    }
}

/// Depth first.
fn collect_leaves<'a>(
    field: &'a TypePtr,
    levels: Levels,
    above: Above<'_, 'a>,
    leaves: &mut Vec<ColumnDescPtr>,
) {
    let Above { path, repeated } = above;
    let outside = repeated.len();
    let repetition = field.get_basic_info().repetition;
    let levels = levels.below(repetition);
    if repetition == Some(Repetition::REPEATED) {
        repeated.push(levels.def);
    }
    path.push(field.name());
    match &**field {
        Type::PrimitiveType { .. } => {
            let parts = path.iter().map(|part| (*part).to_string()).collect();
            let column = ColumnDescriptor::new(
                Arc::clone(field),
                levels.def,
                levels.rep,
                ColumnPath::new(parts),
            );
            leaves.push(Arc::new(column.with_repeated_def_levels(repeated)));
        }
        Type::GroupType { fields, .. } => {
            for child in fields {
                let above = Above {
                    path: &mut *path,
                    repeated: &mut *repeated,
                };
                collect_leaves(child, levels, above, leaves);
            }
        }
    }
    path.pop();
    repeated.truncate(outside);
}
