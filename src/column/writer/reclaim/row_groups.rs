//! What a writer that ends row groups itself asks of the memory policy.

use super::MemoryReclaimer;
use crate::budget::Reservation;

/// A row group is not ended early if that frees less than this part of a fair share.
const ENDING_PART: usize = 8;

/// The same, of what waits for the footer.
const PENDING_PART: usize = 4;

impl MemoryReclaimer {
    /// Whether memory may grow without end.
    pub(crate) fn has_no_limit(&self) -> bool {
        self.member.budget().limit().is_none()
    }

    /// Nothing yet, of the writer's budget.
    pub(crate) fn reserve(&self) -> Reservation {
        self.member.reserve()
    }

    /// The limit for everyone that works at once, if there is one.
    pub(crate) fn limit_at_work(&self) -> Option<usize> {
        self.member.budget().part(1, 0)
    }

    /// Counts a row group that ended early.
    pub(crate) fn note_early_flush(&mut self) {
        self.pressure.row_groups_flushed_early += 1;
    }

    /// Whether it pays to end a row group that holds `open_bytes`, of which the next one takes `again_bytes` at once,
    /// if `pending_bytes` wait for the footer already. Each one leaves some more there: where nothing else is left to
    /// free, row groups of a batch each would fill the limit with what they leave.
    pub(crate) fn pays_to_end(
        &self,
        open_bytes: usize,
        again_bytes: usize,
        pending_bytes: usize,
    ) -> bool {
        // One writer of several may be idle after that; one alone begins the next row group at once.
        let freed_bytes = match self.member.shared().members() {
            0 | 1 => open_bytes.saturating_sub(again_bytes),
            _ => open_bytes,
        };
        let share = self.member.fair_share().unwrap_or(0);
        freed_bytes >= (pending_bytes / PENDING_PART).max(share / ENDING_PART)
    }
}
