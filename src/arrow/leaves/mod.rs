//! From an Arrow array of any nesting to the leaves that become column chunks: the leaf array as
//! it is, its definition and repetition levels, and which of its slots hold present values.
//!
//! [`BatchPlan`] compiles the nesting of a schema once, to a tree of [`tree::Node`]s a field;
//! [`BatchPlan::walk_into`] then takes batches apart from the root down, and checks each leaf against its
//! [`ColumnPlan`]. At every node a [`frontier::Frontier`] holds the levels of all slots so far and the array slots
//! that are still live. A nullable node narrows the live slots, a list grows the slots by its elements, and a struct
//! hands the same frontier to each child. All of that works on whole slices and stays symbolic (one number, a bitmap,
//! runs) for as long as it can.
//!
//! Where the Parquet schema differs from the Arrow field in what is nullable, [`level_map::LevelMap`] gives a leaf
//! the levels of its column.
//!
//! SPEC: README.md, "Nested Encoding"; LogicalTypes.md, "Nested Types".

mod bit_words;
mod column;
mod expand;
mod flatten;
mod frontier;
mod grow;
mod leaf;
mod level_map;
mod lists;
mod live;
mod names;
mod plan;
mod runs;
mod shape;
mod split;
mod tree;
mod walk;
mod weight;

pub(crate) use column::{ArrowColumnPlan, CheckedLeaf};
pub(crate) use leaf::{Leaf, UncheckedLeaf};
pub use names::ColumnNames;
pub(crate) use plan::{BatchPlan, CheckedBatch, LeafPlan};
pub(crate) use weight::Weights;

#[cfg(test)]
mod tests;
