//! From the levels that an Arrow field counts to those that a Parquet column counts, where the two differ in what is
//! nullable: a Parquet schema may come from the caller, or from a file that is gone on with.

use std::sync::Arc;

use super::Leaf;
use super::leaf::{LevelData, Misfit};
use super::plan::Presence;
use super::runs::RunList;
use super::shape::{
    ArrowWords, ColumnKind, ColumnNode, ColumnShape, LeafKind, LeafNode, LeafShape, Meaning,
    ParquetWords,
};
use crate::basic::Repetition;
use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescPtr;

/// A column, and how the levels of leaves of the shape seen last become its own.
#[derive(Debug)]
pub(crate) struct ColumnFit {
    column: ColumnShape,
    descr: ColumnDescPtr,
    /// In a box of its own: most columns are never asked.
    known: Option<Box<Known>>,
}

/// Leaves of one shape, and what becomes of their levels.
#[derive(Debug)]
struct Known {
    shape: LeafShape,
    map: LevelMap,
}

/// The definition level of the column for each of the leaf's.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LevelMap {
    /// They are the same.
    Same,
    /// One for each; `None` for nulls that the column cannot hold.
    To(Arc<[Option<i16>]>),
}

impl ColumnFit {
    pub(crate) fn new(column: ColumnShape, descr: ColumnDescPtr) -> Self {
        Self {
            column,
            descr,
            known: None,
        }
    }

    /// Makes ready for leaves of `shape`.
    ///
    /// # Errors
    /// If they are nested otherwise than the column: names it, and says how both are nested.
    pub(super) fn learn(&mut self, shape: &LeafShape) -> Result<()> {
        match &mut self.known {
            Some(known) if Arc::ptr_eq(&known.shape, shape) => {}
            // The plan that another call made of the same field.
            Some(known) if known.shape == *shape => known.shape = Arc::clone(shape),
            _ => {
                let map = align(shape, &self.column).ok_or_else(|| self.mismatch(shape))?;
                let shape = Arc::clone(shape);
                self.known = Some(Box::new(Known { shape, map }));
            }
        }
        Ok(())
    }

    /// Whether leaves have the levels of the column as they are.
    pub(super) fn is_same(&self) -> bool {
        self.map() == &LevelMap::Same
    }

    /// Gives `leaf`, which has the shape learned last, the levels of the column.
    pub(super) fn apply(&self, leaf: &mut Leaf) {
        if let LevelMap::To(levels) = self.map() {
            match first_lost(leaf, levels) {
                None => leaf.def = mapped(&leaf.def, levels),
                Some(slot) => {
                    leaf.misfit = Some(Arc::new(Misfit {
                        row: leaf.row_of(slot),
                        place: format!("Column '{}'", self.descr.path().string()),
                        what: "a null where the Parquet schema has a required field",
                    }));
                }
            }
        }
        leaf.shape = None;
    }

    /// `leaf` with the levels of the column; itself if it has them.
    ///
    /// # Errors
    /// As [`ColumnFit::learn`].
    pub(crate) fn fitted(&mut self, leaf: &Leaf) -> Result<Option<Leaf>> {
        let Some(shape) = &leaf.shape else {
            return Ok(None);
        };
        self.learn(shape)?;
        if self.is_same() {
            return Ok(None);
        }
        let mut leaf = leaf.clone();
        self.apply(&mut leaf);
        Ok(Some(leaf))
    }

    /// Bytes on the heap, those of the shape left out, which is shared.
    pub(crate) fn memory_size(&self) -> usize {
        let map = match self.map() {
            LevelMap::To(levels) => size_of_val(&**levels),
            LevelMap::Same => 0,
        };
        map + self.known.as_ref().map_or(0, |_| size_of::<Known>())
    }

    fn map(&self) -> &LevelMap {
        self.known
            .as_ref()
            .map_or(&LevelMap::Same, |known| &known.map)
    }

    fn mismatch(&self, shape: &LeafShape) -> ParquetError {
        ParquetError::ArrowError(format!(
            "Column '{}': the Arrow schema has {} there, which cannot be written as the Parquet schema's {}",
            self.descr.path().string(),
            ArrowWords(shape),
            ParquetWords(&self.column)
        ))
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
        let repetition = match is_element {
            true => Repetition::REQUIRED,
            false => node.repetition,
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
        match is_same {
            true => LevelMap::Same,
            false => LevelMap::To(self.to.into()),
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
