//! From an Arrow array of any nesting to the leaves that become column chunks: the leaf array as
//! it is, its definition and repetition levels, and which of its slots hold present values.
//!
//! [`LeafPlan`] compiles the nesting of a field once; [`LeafPlan::walk`] then takes arrays apart
//! from the root down. At every node a [`frontier::Frontier`] holds the levels of all slots so far
//! and the array slots that are still live. A nullable node narrows the live slots, a list grows
//! the slots by its elements, and a struct hands the same frontier to each child. All of that
//! works on whole slices and stays symbolic (one number, a bitmap, runs) for as long as it can.
//!
//! Where the Parquet schema differs from the Arrow field in what is nullable, [`fit::ColumnFit`] gives a leaf the levels
//! of its column.
//!
//! SPEC: README.md, "Nested Encoding"; LogicalTypes.md, "Nested Types".

mod expand;
mod fit;
mod flatten;
mod frontier;
mod grow;
mod leaf;
mod lists;
mod live;
mod plan;
mod runs;
mod shape;
mod split;
mod walk;
mod words;

pub(crate) use fit::ColumnFit;
pub(crate) use leaf::Leaf;
pub(crate) use plan::LeafPlan;
pub(crate) use shape::{ColumnShape, column_shapes};

#[cfg(test)]
mod tests;
