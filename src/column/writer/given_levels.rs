//! Whether the levels that a caller gives are those of rows of a column. Looks at whole slices, before anything is
//! written.
//!
//! SPEC: README.md, "Nested Encoding".

use crate::errors::{ParquetError, Result};
use crate::schema::types::ColumnDescriptor;

/// The levels of one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenLevels<'a> {
    pub(super) definition: Option<&'a [i16]>,
    pub(super) repetition: Option<&'a [i16]>,
}

/// Slots that are looked at for all repetition levels in turn, while they are in the cache.
const STEP: usize = 4096;

impl<'a> GivenLevels<'a> {
    /// Number of slots that these levels and `values` values make.
    ///
    /// # Errors
    /// If levels are missing, of different lengths, out of range or at odds with one another, or do not begin at a
    /// row's start.
    pub(super) fn check(&self, descr: &ColumnDescriptor, values: usize) -> Result<usize> {
        let (max_def, max_rep) = (descr.max_def_level(), descr.max_rep_level());
        if let (Some(def), Some(rep)) = (self.definition, self.repetition)
            && def.len() != rep.len()
        {
            return Err(ParquetError::General(format!(
                "Inconsistent length of definition and repetition levels: {} != {}",
                def.len(),
                rep.len()
            )));
        }
        if max_def > 0 && self.definition.is_none() {
            return Err(ParquetError::General(format!(
                "Definition levels are required, because max definition level = {max_def}"
            )));
        }
        if max_rep > 0 && self.repetition.is_none() {
            return Err(ParquetError::General(format!(
                "Repetition levels are required, because max repetition level = {max_rep}"
            )));
        }
        if let Some(def) = self.definition {
            check_range(def, max_def, "definition", descr)?;
        }
        if let Some(rep) = self.repetition {
            check_range(rep, max_rep, "repetition", descr)?;
        }
        if let Some(first) = self
            .repetition
            .and_then(<[i16]>::first)
            .filter(|first| **first != 0)
        {
            return Err(ParquetError::General(format!(
                "Write must start at a record boundary, got non-zero repetition level of {first}"
            )));
        }
        if let (Some(def), Some(rep)) = (self.definition, self.repetition)
            && max_rep > 0
        {
            check_lists(def, rep, descr)?;
        }
        let levels = self.definition.or(self.repetition);
        Ok(levels.map_or(values, <[i16]>::len))
    }
}

/// Those of all slots but the first.
fn ahead(levels: &[i16]) -> &[i16] {
    levels.get(1..).unwrap_or_default()
}

fn check_range(levels: &[i16], max: i16, kind: &str, descr: &ColumnDescriptor) -> Result<()> {
    let bounds = |(low, high): (i16, i16), level: &i16| (low.min(*level), high.max(*level));
    let (low, high) = levels.iter().fold((0, 0), bounds);
    if low >= 0 && high <= max {
        return Ok(());
    }
    let is_outside = |level: &&i16| !(0..=max).contains(*level);
    let outside = levels
        .iter()
        .enumerate()
        .find(|(_, level)| is_outside(level));
    let (slot, level) = outside.unwrap_or((0, &high));
    Err(ParquetError::General(descr.message(format_args!(
        "{kind} level {level} of slot {slot} is not between 0 and {max}"
    ))))
}

/// A slot that goes on with a list needs an element of that list in itself and in the slot before: no list goes on
/// after it was said to be empty or null.
fn check_lists(def: &[i16], rep: &[i16], descr: &ColumnDescriptor) -> Result<()> {
    let max_rep = descr.max_rep_level();
    let chunks = ahead(rep)
        .chunks(STEP)
        .zip(ahead(def).chunks(STEP).zip(def.chunks(STEP)));
    let is_torn = |rep: &[i16], def: &[i16], before: &[i16]| {
        (1..=max_rep).any(|level| {
            let needed = descr.repeated_def_level(level);
            let pairs = def.iter().zip(before);
            let torn = rep.iter().zip(pairs).fold(0, |torn, (rep, (def, before))| {
                torn | i16::from(*rep == level) & i16::from(*def.min(before) < needed)
            });
            torn != 0
        })
    };
    let mut chunks = chunks.map(|(rep, (def, before))| is_torn(rep, def, before));
    let Some(chunk) = chunks.position(|is_torn| is_torn) else {
        return Ok(());
    };
    let is_short = |slot: &usize| {
        let (rep, def, before) = (rep.get(*slot)?, def.get(*slot)?, def.get(*slot - 1)?);
        Some(*rep > 0 && *def.min(before) < descr.repeated_def_level(*rep))
    };
    let from = chunk * STEP + 1;
    let slot = (from..def.len()).find(|slot| is_short(slot) == Some(true));
    let slot = slot.unwrap_or(from);
    let level_of = |levels: &[i16], slot: usize| levels.get(slot).copied().unwrap_or(0);
    Err(ParquetError::General(descr.message(format_args!(
        "repetition level {} of slot {slot} goes on with a list that has no element, by the definition \
         levels {} and {} of slots {} and {slot}",
        level_of(rep, slot),
        level_of(def, slot - 1),
        level_of(def, slot),
        slot - 1,
    ))))
}
