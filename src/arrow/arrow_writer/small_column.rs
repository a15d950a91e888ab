//! What small batches have of one column: copies of their leaves.

use super::column::ArrowColumnWriter;
use crate::arrow::adapt::{Scratch, SmallReader};
use crate::arrow::leaves::{ArrowColumnPlan, CheckedLeaf};
use crate::column::writer::{JoinedLeaves, MOST_JOINED_SLOTS, Slots};
use crate::errors::Result;

/// Leaves that wait until there are enough of them.
#[derive(Debug)]
pub(super) struct SmallColumn {
    reader: SmallReader,
    max_definition: i16,
    max_repetition: i16,
    leaves: JoinedLeaves,
}

impl SmallColumn {
    /// None, of the column of `plan`.
    pub(super) fn new(plan: &ArrowColumnPlan) -> Self {
        let descr = plan.descr();
        Self {
            reader: SmallReader::new(plan.conversion()),
            max_definition: descr.max_def_level(),
            max_repetition: descr.max_rep_level(),
            leaves: JoinedLeaves::new(descr.max_def_level()),
        }
    }

    /// Encodes what waits.
    ///
    /// # Errors
    /// If a store fails.
    pub(super) fn encode(&mut self, column: &mut ArrowColumnWriter) -> Result<()> {
        let written = column.write_joined(&self.leaves);
        self.leaves.clear();
        written
    }

    /// Copies a leaf; its bytes, or `None` if it is not copied.
    pub(super) fn push(
        &mut self,
        leaf: &CheckedLeaf,
        scratch: &mut Scratch,
    ) -> Result<Option<usize>> {
        if self.max_repetition > 0 || leaf.slots > MOST_JOINED_SLOTS {
            return Ok(None);
        }
        let slots = Slots {
            count: leaf.slots,
            definition: (self.max_definition > 0).then(|| leaf.def.as_levels()),
            repetition: None,
        };
        let (array, selection) = (leaf.array.as_ref(), &leaf.selection);
        let joined = &mut self.leaves;
        let pushed = self.reader.read(array, selection, scratch, |values| {
            joined.push(slots, values)
        })?;
        Ok(pushed.flatten())
    }

    /// Bytes held on the heap.
    pub(super) fn memory_size(&self) -> usize {
        self.leaves.memory_size()
    }
}
