//! The state of a walk at one node: the levels of all slots so far, and which slots of the node's
//! array are still live.
//!
//! Invariants:
//! 1. A slot is live if and only if its definition level is `level`; all others are lower.
//! 2. `live` lists the array slots of the live slots, in their order.
//! 3. If `live` spans as many array slots as there are slots, slot `i` is array slot `from + i`.

use std::sync::Arc;

use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::leaf::{Counts, LevelData, Refusal};
use super::live::{self, NONE};
use super::shape::Presence;
use super::split::{Marks, split};
use super::tree::Node;
use crate::arrow::adapt::Selection;

/// Levels and live slots at one node.
#[derive(Debug, Clone)]
pub(super) struct Frontier {
    pub(super) def: LevelData,
    pub(super) rep: LevelData,
    /// Definition level of live slots.
    pub(super) level: i16,
    pub(super) live: Selection,
    /// A null in a required field, or a key or a run that stands for no value; there are no slots then.
    pub(super) refusal: Option<Arc<Refusal>>,
    /// True below a resolved dictionary or run-end encoding: arrays are the walk's own.
    pub(super) resolved: bool,
    /// True where slots are elements of lists.
    pub(super) is_below_list: bool,
    /// Slots of the largest row at most.
    pub(super) row_slots: usize,
    /// True where `parquet` writes a level for each slot, however alike they are: page boundaries follow from that.
    pub(super) one_by_one: bool,
}

impl Frontier {
    /// The state above the root: every row is live.
    pub(super) fn of_rows(rows: usize) -> Self {
        Self {
            def: LevelData::uniform(0, rows),
            rep: LevelData::uniform(0, rows),
            level: 0,
            live: Selection::Range { from: 0, len: rows },
            refusal: None,
            resolved: false,
            is_below_list: false,
            row_slots: 1,
            one_by_one: false,
        }
    }

    /// Number of slots.
    pub(super) fn slots(&self) -> usize {
        self.def.len()
    }

    /// The array slot of the first slot, if slots and array slots run in step (invariant 3).
    pub(super) fn aligned(&self) -> Option<usize> {
        match &self.live {
            Selection::Range { from, len } => (*len == self.slots()).then_some(*from),
            Selection::Bits { bits, from, .. } => (bits.len() == self.slots()).then_some(*from),
            Selection::Ranges(_) | Selection::Indices(_) => None,
        }
    }

    /// Without slots, because the `nth` live one stands for no value.
    pub(super) fn outside(&self, nth: usize) -> Self {
        self.refused(Refusal::Slot {
            row: self.row_of_live(nth),
            what: "a key or a run outside of the values that it stands for",
        })
    }

    /// Without slots.
    fn refused(&self, refusal: Refusal) -> Self {
        Self {
            level: self.level,
            refusal: Some(Arc::new(refusal)),
            ..Self::of_rows(0)
        }
    }

    /// The row of a live slot. Looks at all slots before it.
    fn row_of_live(&self, nth: usize) -> usize {
        let def = self.def.to_slice();
        let mut live = def
            .iter()
            .enumerate()
            .filter(|(_, def)| **def == self.level);
        let slot = live.nth(nth).map_or(nth, |(slot, _)| slot);
        self.rep
            .as_levels()
            .take_front(slot + 1)
            .count(0)
            .saturating_sub(1)
    }

    /// Steps into `node`, whose array has the validity `nulls` and starts at slot `base` of the
    /// field's own array.
    pub(super) fn enter(self, node: &Node, nulls: Option<&NullBuffer>, base: usize) -> Self {
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        match (node.presence, nulls) {
            (Presence::Required, None) => self,
            (Presence::Required, Some(nulls)) => self.require(nulls.inner(), &node.name, base),
            (Presence::Optional, None) => self.all_present(),
            (Presence::Optional, Some(nulls)) => self.narrow(nulls.inner()),
        }
    }

    /// Steps into a node that is null throughout.
    pub(super) fn all_absent(self) -> Self {
        Self {
            level: self.level + 1,
            live: NONE,
            ..self
        }
    }

    fn all_present(mut self) -> Self {
        raise(&mut self.def, self.level);
        Self {
            level: self.level + 1,
            ..self
        }
    }

    fn narrow(self, valid: &BooleanBuffer) -> Self {
        let kept = live::narrow(&self.live, valid);
        let (before, after) = (self.live.len(), kept.len());
        if after == before {
            return Self {
                live: kept,
                ..self.all_present()
            };
        }
        if after == 0 {
            return self.all_absent();
        }
        let marks = match (&kept, self.aligned()) {
            (Selection::Bits { bits, .. }, Some(_)) => Marks::Slots(bits.clone()),
            _ => Marks::Live(live::gather(&self.live, valid)),
        };
        Self {
            def: split(self.def, self.level, &marks),
            level: self.level + 1,
            live: kept,
            ..self
        }
    }

    fn require(self, valid: &BooleanBuffer, field: &Arc<str>, base: usize) -> Self {
        // Nulls below null parents are common and none of ours: they are ruled out by words.
        if live::narrow(&self.live, valid).len() == self.live.len() {
            return self;
        }
        match live::first_invalid(&self.live, valid) {
            None => self,
            Some(slot) => self.refused(Refusal::RequiredNull {
                index: base + slot,
                counts: if self.is_below_list || self.resolved {
                    Counts::Elements
                } else {
                    Counts::Rows
                },
                field: field.clone(),
            }),
        }
    }
}

/// Lifts live slots by one level.
fn raise(def: &mut LevelData, live: i16) {
    let lift = |level: &mut i16| *level += i16::from(*level == live);
    match def {
        LevelData::Uniform(run) => lift(&mut run.level),
        LevelData::Bits { set, clear, .. } => {
            lift(set);
            lift(clear);
        }
        LevelData::Runs { runs, .. } => Arc::make_mut(runs)
            .iter_mut()
            .for_each(|run| lift(&mut run.level)),
        LevelData::Slice(levels) => Arc::make_mut(levels).iter_mut().for_each(lift),
    }
}
