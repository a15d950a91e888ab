//! The tree of a schema, how it is built, and the leaf columns it has.
//!
//! A schema is a [`Type`]: groups inside, primitives at the leaves, and a group without repetition
//! at the root. [`SchemaDescriptor`] lists the leaves in depth-first order, which is the order of
//! the column chunks in every row group.
//!
//! ```
//! use std::sync::Arc;
//! use herringbone::basic::{LogicalType, Repetition, Type as PhysicalType};
//! use herringbone::schema::types::{SchemaDescriptor, Type};
//!
//! let name = Type::primitive_type_builder("name", PhysicalType::BYTE_ARRAY)
//!     .with_logical_type(Some(LogicalType::String))
//!     .with_repetition(Repetition::OPTIONAL)
//!     .build()?;
//! let root = Type::group_type_builder("people").with_fields(vec![Arc::new(name)]).build()?;
//! let schema = SchemaDescriptor::new(Arc::new(root));
//! assert_eq!(schema.num_columns(), 1);
//! assert_eq!(schema.column(0).max_def_level(), 1);
//! # Ok::<(), herringbone::errors::ParquetError>(())
//! ```

mod builder;
mod check;
mod column;
mod descriptor;
mod node;
mod path;
#[cfg(test)]
pub(crate) mod tests;

pub use builder::{GroupTypeBuilder, PrimitiveTypeBuilder};
pub use column::{ColumnDescPtr, ColumnDescriptor};
pub use descriptor::{SchemaDescPtr, SchemaDescriptor};
pub use node::{BasicTypeInfo, Type, TypePtr};
pub use path::ColumnPath;
