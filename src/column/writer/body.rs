//! Lays a data page's levels and values out in a workbench: where the values lie as they will be written already, the levels
//! are written in front of them, and nothing is copied.

use super::open_page::{LevelSections, OpenPage};
use super::seal::HEADER_ROOM;
use super::value_state::ValueState;
use super::workbench::Workbench;
use crate::basic::Encoding;
use crate::errors::Result;
use crate::file::properties::WriterVersion;

/// Levels of more bytes than this are not copied in front of lent values: they are as large as values.
const MOST_LEVEL_BYTES: usize = 4096;

/// A page in a bench's `body`.
pub(super) struct Body {
    /// Where it begins.
    pub(super) from: usize,
    pub(super) levels: LevelSections,
    pub(super) encoding: Encoding,
    owner: Owner,
}

/// Whose buffer `body` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Bench,
    Values,
}

impl Body {
    /// Takes the open page out of `page` and `values`. There are `header_bytes` of room in front, or [`HEADER_ROOM`].
    pub(super) fn lay_out(
        bench: &mut Workbench,
        page: &mut OpenPage,
        values: &mut ValueState,
        version: WriterVersion,
        header_bytes: usize,
    ) -> Result<Self> {
        let level_bytes = page.level_bytes();
        if level_bytes > MOST_LEVEL_BYTES {
            bench.start_body(header_bytes + level_bytes + values.estimated_bytes());
            bench.body.resize(HEADER_ROOM, 0);
            let levels = page.flush_levels(version, &mut bench.body)?;
            return Self::behind_levels(bench, values, levels);
        }
        bench.header.clear();
        let levels = page.flush_levels(version, &mut bench.header)?;
        let front = header_bytes + bench.header.len();
        let Some((encoding, values_from)) = values.lend(&mut bench.body, front) else {
            bench.start_body(front + values.estimated_bytes());
            bench.body.resize(HEADER_ROOM, 0);
            bench.body.extend_from_slice(&bench.header);
            return Self::behind_levels(bench, values, levels);
        };
        let from = values_from - bench.header.len();
        if let Some(room) = bench.body.get_mut(from..values_from) {
            room.copy_from_slice(&bench.header);
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
        bench: &mut Workbench,
        values: &mut ValueState,
        levels: LevelSections,
    ) -> Result<Self> {
        Ok(Self {
            from: HEADER_ROOM,
            levels,
            encoding: values.flush_into(&mut bench.body)?,
            owner: Owner::Bench,
        })
    }

    /// Gives lent values their buffer back, once the page is sealed and put away.
    pub(super) fn end(self, bench: &mut Workbench, values: &mut ValueState) {
        if self.owner == Owner::Values {
            values.take_back(&mut bench.body);
        }
    }
}
