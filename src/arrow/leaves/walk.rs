//! The walk of one array along a plan, from the root down.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, NullArray};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use super::Leaf;
use super::expand::expand;
use super::flatten::{self, is_wrapped, is_wrapped_twice};
use super::frontier::Frontier;
use super::leaf::LevelData;
use super::lists::{Elements, ListVisitor, Lists, visit_lists};
use super::tree::{Kind, Node};
use crate::arrow::adapt::Selection;
use crate::errors::{ParquetError, Result};

impl Node {
    /// The leaf of `array`, whose type has been checked, if it is plain values at the root with no validity to look
    /// at. Such columns are the most frequent ones, and a batch may be as small as one row.
    #[inline]
    pub(super) fn straight(&self, array: &ArrayRef) -> Option<Leaf> {
        let Kind::Values(_) = &self.kind else {
            return None;
        };
        if is_wrapped(array.data_type()) || array.nulls().is_some() {
            return None;
        }
        let rows = array.len();
        Some(Leaf {
            array: Arc::clone(array),
            def: LevelData::uniform(self.presence.levels(), rows),
            rep: LevelData::uniform(0, rows),
            selection: Selection::Range { from: 0, len: rows },
            slots: rows,
            row_slots: rows.min(1),
            refusal: None,
            resolved_bytes: 0,
        })
    }

    /// Calls `each` for every leaf of `array`, whose type has been checked, depth first. `frontier` is the state
    /// above this node.
    pub(super) fn walk(
        &self,
        array: &ArrayRef,
        frontier: Frontier,
        each: &mut dyn FnMut(Leaf) -> Result<()>,
    ) -> Result<()> {
        match &self.kind {
            Kind::Values(_) => each(self.values(array, frontier)?),
            Kind::Nulls => each(nulls(array, frontier)),
            Kind::Struct(fields) => {
                let (array, frontier) = self.enter(array, frontier)?;
                let columns = array
                    .as_struct_opt()
                    .ok_or_else(|| self.nested_otherwise(&array))?
                    .columns();
                // The last field takes the levels over, so that they are nobody else's any more.
                if let (Some((last, others)), Some((column, columns))) =
                    (fields.split_last(), columns.split_last())
                {
                    for (field, column) in others.iter().zip(columns) {
                        field.walk(column, frontier.clone(), each)?;
                    }
                    last.walk(column, frontier, each)?;
                }
                Ok(())
            }
            Kind::List { rep, element, .. } => {
                let (array, frontier) = self.enter(array, frontier)?;
                let (elements, frontier) = self.expand(array.as_ref(), frontier, *rep)?;
                element.walk(&elements, frontier, each)
            }
        }
    }

    /// Steps into a nested node; its array is plain afterwards.
    fn enter(&self, array: &ArrayRef, frontier: Frontier) -> Result<(ArrayRef, Frontier)> {
        if is_wrapped(array.data_type()) {
            let (frontier, array) = flatten::enter(frontier, self, array)?;
            return Ok((array, frontier));
        }
        Ok((Arc::clone(array), frontier.enter(self, array.nulls(), 0)))
    }

    /// Steps from lists to their elements.
    fn expand(
        &self,
        array: &dyn Array,
        frontier: Frontier,
        rep: i16,
    ) -> Result<(ArrayRef, Frontier)> {
        struct Expand(Frontier, i16);
        impl ListVisitor for Expand {
            type Out = (ArrayRef, Frontier);

            fn visit(self, lists: &impl Lists, elements: Elements<'_>) -> Self::Out {
                (elements.shared(), expand(self.0, lists, self.1))
            }
        }
        visit_lists(array, Expand(frontier, rep)).ok_or_else(|| self.nested_otherwise(array))
    }

    fn values(&self, array: &ArrayRef, frontier: Frontier) -> Result<Leaf> {
        if is_wrapped_twice(array.data_type()) {
            let (frontier, taken) = flatten::enter(frontier, self, array)?;
            return Ok(leaf(taken, frontier));
        }
        if !is_wrapped(array.data_type()) {
            let frontier = frontier.enter(self, array.nulls(), 0);
            return Ok(leaf(
                Arc::clone(array),
                note_validity(frontier, array.nulls()),
            ));
        }
        // The logical nulls of a whole dictionary array may be far more than the live slots need.
        let (mut frontier, mut array, mut base) = (frontier, Arc::clone(array), 0);
        if let Selection::Range { from, len } = &mut frontier.live {
            array = array.slice(*from, *len);
            base = std::mem::take(from);
        }
        if let Some(nth) = flatten::first_outside(&frontier.live, array.as_ref()) {
            return Ok(leaf(array, frontier.outside(nth)));
        }
        let nulls = array.logical_nulls();
        let frontier = frontier.enter(self, nulls.as_ref(), base);
        Ok(match array.data_type() {
            // Runs are written out there first, and have no validity then unless a slot is null.
            DataType::RunEndEncoded(..) => leaf(array, frontier),
            _ => leaf(array, note_validity(frontier, nulls.as_ref())),
        })
    }

    fn nested_otherwise(&self, array: &dyn Array) -> ParquetError {
        ParquetError::Internal(format!(
            "field '{}' is nested otherwise than an array of type {}, which was let through",
            self.name,
            array.data_type()
        ))
    }
}

fn nulls(array: &ArrayRef, frontier: Frontier) -> Leaf {
    let array = match array.data_type() {
        DataType::Null => Arc::clone(array),
        _ => Arc::new(NullArray::new(array.len())),
    };
    leaf(array, frontier.all_absent())
}

/// `parquet` has a level for each slot of an array with a validity buffer, even if no slot is null.
fn note_validity(frontier: Frontier, nulls: Option<&NullBuffer>) -> Frontier {
    let is_mixed = nulls.is_some_and(|nulls| nulls.null_count() < nulls.len());
    Frontier {
        one_by_one: frontier.one_by_one || is_mixed,
        ..frontier
    }
}

fn leaf(array: ArrayRef, frontier: Frontier) -> Leaf {
    let resolved_bytes = if frontier.resolved {
        array.get_buffer_memory_size()
    } else {
        0
    };
    Leaf {
        array,
        slots: frontier.slots(),
        row_slots: frontier.row_slots.min(frontier.slots()),
        def: if frontier.one_by_one {
            frontier.def.measured_in_batches()
        } else {
            frontier.def
        },
        rep: frontier.rep,
        selection: frontier.live,
        refusal: frontier.refusal,
        resolved_bytes,
    }
}
