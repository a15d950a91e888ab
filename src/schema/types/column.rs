//! One leaf column, as its writer needs to know it: [`ColumnDescriptor`].

use std::fmt;
use std::sync::Arc;

use super::node::{BasicTypeInfo, Type, TypePtr};
use super::path::ColumnPath;
use crate::basic::{ConvertedType, LogicalType, SortOrder, Type as PhysicalType};
use crate::errors::ParquetError;

/// A leaf column that several owners share.
pub type ColumnDescPtr = Arc<ColumnDescriptor>;

/// A leaf column: its type, its path, and the highest levels its values can have.
///
/// SPEC: README.md, "Nested Encoding".
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDescriptor {
    leaf: TypePtr,
    max_def_level: i16,
    max_rep_level: i16,
    /// The definition level at which each repeated field on the path has an element, outermost first; empty if that is
    /// not known.
    repeated_def_levels: Box<[i16]>,
    path: ColumnPath,
}

impl ColumnDescriptor {
    /// A column on its own. In a schema, [`SchemaDescriptor`](super::SchemaDescriptor) makes them.
    ///
    /// The definition level of the repeated ancestor is not known here, and is 0.
    pub fn new(
        primitive_type: TypePtr,
        max_def_level: i16,
        max_rep_level: i16,
        path: ColumnPath,
    ) -> Self {
        ColumnDescriptor {
            leaf: primitive_type,
            max_def_level,
            max_rep_level,
            repeated_def_levels: Box::default(),
            path,
        }
    }

    pub(super) fn with_repeated_def_levels(mut self, levels: &[i16]) -> Self {
        self.repeated_def_levels = levels.into();
        self
    }

    /// The definition level of a value that is present: the number of fields on the path, the leaf
    /// included, that are optional or repeated.
    #[inline]
    pub fn max_def_level(&self) -> i16 {
        self.max_def_level
    }

    /// The number of fields on the path, the leaf included, that are repeated.
    #[inline]
    pub fn max_rep_level(&self) -> i16 {
        self.max_rep_level
    }

    /// The definition level at which the innermost repeated field on the path has an element; 0 if
    /// no field is repeated. A level below it stands for an empty or absent list.
    #[inline]
    pub fn repeated_ancestor_def_level(&self) -> i16 {
        self.repeated_def_levels.last().copied().unwrap_or(0)
    }

    /// The definition level from which on the repeated field of repetition level `rep` has an element. Where the fields
    /// on the path are not known, the least that it can be: each repeated field is a definition level, too.
    pub(crate) fn repeated_def_level(&self, rep: i16) -> i16 {
        usize::try_from(rep - 1)
            .ok()
            .and_then(|nth| self.repeated_def_levels.get(nth).copied())
            .unwrap_or(rep)
    }

    /// The text of an error that is about this column: it begins with the column's name.
    pub(crate) fn message(&self, text: impl fmt::Display) -> String {
        format!("Column '{}': {text}", self.path.string())
    }

    /// `error` with the column's name, if its text is of this crate's own making.
    pub(crate) fn name_in(&self, error: ParquetError) -> ParquetError {
        match error {
            ParquetError::General(text) => ParquetError::General(self.message(text)),
            ParquetError::NYI(text) => ParquetError::NYI(self.message(text)),
            ParquetError::ArrowError(text) => ParquetError::ArrowError(self.message(text)),
            other => other,
        }
    }

    /// Where the column stands in its schema.
    pub fn path(&self) -> &ColumnPath {
        &self.path
    }

    /// The leaf.
    pub fn self_type(&self) -> &Type {
        &self.leaf
    }

    /// The leaf, to be shared.
    pub fn self_type_ptr(&self) -> TypePtr {
        Arc::clone(&self.leaf)
    }

    /// Name, repetition and annotations of the leaf.
    pub fn get_basic_info(&self) -> &BasicTypeInfo {
        self.leaf.get_basic_info()
    }

    /// The name of the leaf.
    pub fn name(&self) -> &str {
        self.leaf.name()
    }

    /// The annotation for old readers; [`ConvertedType::NONE`] if there is none.
    pub fn converted_type(&self) -> ConvertedType {
        self.get_basic_info().converted_type()
    }

    /// The annotation, if there is one.
    pub fn logical_type_ref(&self) -> Option<&LogicalType> {
        self.get_basic_info().logical_type_ref()
    }

    /// How values are stored.
    ///
    /// # Panics
    /// If the column was made from a group; so do the other methods that ask for what only
    /// primitives have.
    pub fn physical_type(&self) -> PhysicalType {
        self.leaf.get_physical_type()
    }

    /// Bytes a value for `FIXED_LEN_BYTE_ARRAY`; -1 if not set.
    ///
    /// # Panics
    /// If the column was made from a group.
    #[expect(clippy::panic, reason = "documented: columns are made from primitives")]
    pub fn type_length(&self) -> i32 {
        match &*self.leaf {
            Type::PrimitiveType { type_length, .. } => *type_length,
            Type::GroupType { .. } => panic!("Expected primitive type!"),
        }
    }

    /// Digits in all for decimals; -1 if not set.
    pub fn type_precision(&self) -> i32 {
        self.leaf.get_precision()
    }

    /// Digits after the point for decimals; -1 if not set.
    pub fn type_scale(&self) -> i32 {
        self.leaf.get_scale()
    }

    /// How values compare.
    pub fn sort_order(&self) -> SortOrder {
        self.get_basic_info().sort_order()
    }

    /// Bytes on the heap that are this column's own; the leaf belongs to the schema.
    pub(crate) fn memory_size(&self) -> usize {
        self.path.memory_size() + size_of_val(&*self.repeated_def_levels)
    }
}
