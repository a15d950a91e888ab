//! How much of a leaf has been encoded, and when to leave it in the middle so that others make room.

use crate::arrow::adapt::{Cursor, start};
use crate::arrow::leaves::CheckedLeaf;
use crate::budget::Reservation;
use crate::column::writer::Progress;
use crate::data_type::levels::Levels;
use crate::errors::Result;

/// A place in a leaf, with what relief has done there. It may be left and taken up again any number
/// of times: nothing that lies before it is looked at again.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) leaf: &'a CheckedLeaf,
    pub(super) values: Cursor<'a>,
    pub(super) definition: Levels<'a>,
    pub(super) repetition: Levels<'a>,
    /// Slots that lie behind this place.
    pub(super) slots: usize,
    is_relieved: bool,
    stops: Stops,
}

/// Whether a leaf may be left in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stops {
    WhereMemoryIsShort,
    /// Nobody is there to make room.
    Never,
}

/// How far a leaf was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// To its end.
    All,
    /// To a place where memory is short; what follows may take `next_bytes` at once.
    Short { next_bytes: usize },
}

/// Watches the budget while a leaf is encoded.
#[derive(Debug)]
pub(super) struct Watch {
    /// What the writer held when the column was left last, or when its leaf began.
    from_bytes: usize,
    /// What the writer must have grown by before the column is left again: so much is worth the walk.
    step_bytes: usize,
    is_relieved: bool,
    next_bytes: usize,
}

/// A column is left in the middle of a leaf once the writer has grown by this part of the limit, or of that part of the
/// limit which writers at work at once have each.
const STEP_PART: usize = 128;

impl<'a> Place<'a> {
    /// The beginning of a leaf.
    ///
    /// # Errors
    /// If the leaf's selection reaches past its array.
    pub(super) fn at_start(leaf: &'a CheckedLeaf, stops: Stops) -> Result<Self> {
        Ok(Self {
            leaf,
            values: start(&leaf.array, &leaf.selection)?,
            definition: leaf.def.as_levels(),
            repetition: leaf.rep.as_levels(),
            slots: leaf.slots,
            is_relieved: false,
            stops,
        })
    }

    /// Notes that room was made, as far as there is any.
    pub(super) fn relieved(&mut self) {
        self.is_relieved = true;
    }

    /// Moves on by what was encoded.
    pub(super) fn pass(&mut self, done: Progress) {
        self.is_relieved &= done == Progress::default();
        self.slots = self.slots.saturating_sub(done.slots);
        self.definition.take_front(done.slots);
        self.repetition.take_front(done.slots);
        self.values.skip(done.values);
    }

    /// Begins to watch the budget of the column's `reservation`.
    pub(super) fn watch(&self, reservation: &Reservation) -> Watch {
        let step = reservation.budget().part(STEP_PART, 0);
        Watch {
            from_bytes: reservation.budget().used(),
            step_bytes: match (self.stops, step) {
                (Stops::WhereMemoryIsShort, Some(step)) => step.max(1),
                _ => usize::MAX,
            },
            is_relieved: self.is_relieved || self.stops == Stops::Never,
            next_bytes: 0,
        }
    }
}

impl Watch {
    /// Whether the leaf is to be left here, before `next_bytes` are taken at once.
    pub(super) fn is_short(&mut self, reservation: &Reservation, next_bytes: usize) -> bool {
        let budget = reservation.budget();
        let has_grown = budget.used().saturating_sub(self.from_bytes) >= self.step_bytes;
        self.next_bytes = next_bytes;
        match has_grown {
            true => budget.is_under_pressure() || next_bytes > budget.room(),
            // Where room was made a moment ago there will be no more of it.
            false => !self.is_relieved && next_bytes > budget.room(),
        }
    }

    /// What was to be taken when the leaf was left.
    pub(super) fn next_bytes(&self) -> usize {
        self.next_bytes
    }
}
