//! From the levels that an Arrow field counts to those that a Parquet column counts, where the two differ in what is
//! nullable: a Parquet schema may come from the caller, or from a file that is gone on with.

use std::sync::Arc;

use super::Leaf;
use super::leaf::{LevelData, Refusal};
use super::runs::RunList;
use super::shape::Presence;
use super::shape::{ColumnKind, ColumnNode, LeafKind, LeafNode, Meaning};
use crate::basic::Repetition;

/// The definition level of the column for each of the leaf's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LevelMap {
    /// They are the same.
    Same,
    /// One for each; `None` for nulls that the column cannot hold.
    To(Arc<[Option<i16>]>),
}

impl LevelMap {
    /// From leaves of shape `leaf` to a column of shape `column`; `None` if they are nested otherwise.
    pub(super) fn between(leaf: &[LeafNode], column: &[ColumnNode]) -> Option<Self> {
        align(leaf, column)
    }

    /// Gives `leaf` the levels of the column, or notes why it cannot have them.
    pub(super) fn apply(&self, leaf: &mut Leaf) {
        let Self::To(levels) = self else {
            return;
        };
        match first_lost(leaf, levels) {
            None => leaf.def = mapped(&leaf.def, levels),
            Some(slot) => {
                leaf.refusal = Some(Arc::new(Refusal::Slot {
                    row: leaf.row_of(slot),
                    what: "a null where the Parquet schema has a required field",
                }));
            }
        }
    }

    /// Bytes on the heap.
    pub(super) fn memory_size(&self) -> usize {
        match self {
            Self::To(levels) => size_of_val(&**levels),
            Self::Same => 0,
        }
    }
}

/// Pairs the nodes of both paths; `None` if one of them is nested otherwise.
fn align(leaf: &[LeafNode], column: &[ColumnNode]) -> Option<LevelMap> {
    let mut levels = Pairing::default();
    let mut at = 0;
    // The node is a repeated one whose list has been paired: what is left of it is a required element.
    let mut is_element = false;
    for step in leaf {
        let node = column.get(at)?;
        let repetition = if is_element {
            Repetition::REQUIRED
        } else {
            node.repetition
        };
        let optional = step.presence == Presence::Optional;
        match (step.kind, node.kind, repetition) {
            // Readers take no list or map that is repeated itself.
            (
                _,
                ColumnKind::Group {
                    meaning: Meaning::List | Meaning::Map,
                    ..
                },
                _,
            ) if node.repetition == Repetition::REPEATED => return None,
            // A repeated field on its own is a required list of required elements.
            (LeafKind::List, _, Repetition::REPEATED) => {
                levels.pair(optional, false);
                levels.pair(true, true);
                is_element = true;
            }
            (_, _, Repetition::REPEATED) => return None,
            (LeafKind::Values, ColumnKind::Values, _) => {
                levels.pair(optional, repetition == Repetition::OPTIONAL);
                is_element = false;
                at += 1;
            }
            (
                LeafKind::Struct(wanted),
                ColumnKind::Group {
                    child,
                    meaning: Meaning::None,
                    ..
                },
                _,
            ) if wanted == child => {
                levels.pair(optional, repetition == Repetition::OPTIONAL);
                is_element = false;
                at += 1;
            }
            (LeafKind::List | LeafKind::Map(_), ColumnKind::Group { child, meaning, .. }, _) => {
                let inner = column.get(at + 1)?;
                if child.of != 1 || inner.repetition != Repetition::REPEATED {
                    return None;
                }
                levels.pair(optional, repetition == Repetition::OPTIONAL);
                levels.pair(true, true);
                match (step.kind, meaning, inner.kind) {
                    // Readers would see structs of what is inside.
                    (_, Meaning::None, _)
                    | (LeafKind::List, Meaning::Map, _)
                    | (LeafKind::Map(_), Meaning::List, _) => return None,
                    (LeafKind::Map(wanted), _, ColumnKind::Group { child, .. })
                        if wanted == child =>
                    {
                        is_element = false;
                        at += 2;
                    }
                    (LeafKind::Map(_), _, _) => return None,
                    (
                        _,
                        _,
                        ColumnKind::Group {
                            is_element: false, ..
                        },
                    ) => {
                        is_element = false;
                        at += 2;
                    }
                    _ => {
                        is_element = true;
                        at += 1;
                    }
                }
            }
            _ => return None,
        }
    }
    (at == column.len()).then(|| levels.finish())
}

/// Levels of both sides, while their nodes are paired from the outside in.
#[derive(Default)]
struct Pairing {
    /// The column's level where the leaf's next level is missing.
    to: Vec<Option<i16>>,
    column: i16,
}

impl Pairing {
    /// Passes a pair of nodes, each with a definition level of its own or without.
    fn pair(&mut self, in_leaf: bool, in_column: bool) {
        if in_leaf {
            self.to.push(in_column.then_some(self.column));
        }
        self.column += i16::from(in_column);
    }

    fn finish(mut self) -> LevelMap {
        self.to.push(Some(self.column));
        let is_same = (0i16..).zip(&self.to).all(|(from, to)| *to == Some(from));
        if is_same {
            LevelMap::Same
        } else {
            LevelMap::To(self.to.into())
        }
    }
}

/// The first slot whose null the column cannot hold.
fn first_lost(leaf: &Leaf, levels: &[Option<i16>]) -> Option<usize> {
    let found = leaf.def.as_levels();
    let lost = (0i16..).zip(levels).filter(|(_, to)| to.is_none());
    lost.filter(|(from, _)| found.count(*from) > 0)
        .filter_map(|(from, _)| found.position(from, 0))
        .min()
}

/// The levels of the column; no slot has one that it cannot hold.
fn mapped(def: &LevelData, levels: &[Option<i16>]) -> LevelData {
    let to = |level: i16| {
        let to = usize::try_from(level).ok().and_then(|at| levels.get(at));
        to.copied().flatten().unwrap_or(0)
    };
    match def {
        LevelData::Uniform(run) => LevelData::uniform(to(run.level), run.len),
        LevelData::Bits { bits, set, clear } => LevelData::Bits {
            bits: bits.clone(),
            set: to(*set),
            clear: to(*clear),
        },
        LevelData::Runs { runs, .. } => {
            let mut out = RunList::with_capacity(runs.len());
            runs.iter().for_each(|run| out.push(to(run.level), run.len));
            out.finish()
        }
        LevelData::Slice(levels) => {
            LevelData::slice(levels.iter().map(|level| to(*level)).collect())
        }
    }
}
