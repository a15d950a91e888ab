//! Lays a data page's levels and values out in scratch memory: where the values lie as they will be written already,
//! the levels are written in front of them, and nothing is copied.

use super::page_levels::{LevelSections, PageLevels};
use super::page_values::PageValues;
use super::scratch::PageScratch;
use super::seal::HEADER_CAPACITY;
use crate::basic::Encoding;
use crate::errors::Result;
use crate::meta::properties::WriterVersion;

/// Levels of more bytes than this are not copied in front of lent values: they are as large as values.
const MOST_LEVEL_BYTES: usize = 4096;

/// A page in the `body` of scratch memory.
pub(super) struct Body {
    /// Where it begins.
    pub(super) from: usize,
    pub(super) levels: LevelSections,
    pub(super) encoding: Encoding,
    owner: Owner,
}

/// Whether values may lend their buffer. Under a memory limit they may not: a store that spills leaves another buffer
/// in its place, which may be larger than what was paid for the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lending {
    Allowed,
    Refused,
}

/// Whose buffer `body` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Scratch,
    Values,
}

impl Body {
    /// Takes the open page out of `page` and `values`. There are `header_bytes` of room in front, or
    /// [`HEADER_CAPACITY`].
    pub(super) fn lay_out(
        scratch: &mut PageScratch,
        page: &mut PageLevels,
        values: &mut PageValues,
        version: WriterVersion,
        header_bytes: usize,
        lending: Lending,
    ) -> Result<Self> {
        let level_bytes = page.level_bytes();
        if lending == Lending::Refused || level_bytes > MOST_LEVEL_BYTES {
            scratch.start_body(header_bytes + level_bytes + values.estimated_bytes());
            scratch.body.resize(HEADER_CAPACITY, 0);
            let levels = page.flush_levels(version, &mut scratch.body)?;
            return Self::behind_levels(scratch, values, levels);
        }
        scratch.header.clear();
        let levels = page.flush_levels(version, &mut scratch.header)?;
        let front = header_bytes + scratch.header.len();
        let Some((encoding, values_from)) = values.lend(&mut scratch.body, front) else {
            scratch.start_body(front + values.estimated_bytes());
            scratch.body.resize(HEADER_CAPACITY, 0);
            scratch.body.extend_from_slice(&scratch.header);
            return Self::behind_levels(scratch, values, levels);
        };
        let from = values_from - scratch.header.len();
        if let Some(room) = scratch.body.get_mut(from..values_from) {
            room.copy_from_slice(&scratch.header);
        }
        Ok(Self {
            from,
            levels,
            encoding,
            owner: Owner::Values,
        })
    }

    /// Appends the values to a body that has its levels.
    fn behind_levels(
        scratch: &mut PageScratch,
        values: &mut PageValues,
        levels: LevelSections,
    ) -> Result<Self> {
        Ok(Self {
            from: HEADER_CAPACITY,
            levels,
            encoding: values.flush_into(&mut scratch.body)?,
            owner: Owner::Scratch,
        })
    }

    /// Gives lent values their buffer back, once the page is sealed and put away.
    pub(super) fn end(self, scratch: &mut PageScratch, values: &mut PageValues) {
        if self.owner == Owner::Values {
            values.take_back(&mut scratch.body);
        }
    }
}
