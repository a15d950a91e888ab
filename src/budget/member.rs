//! One of several writers on a budget, and its fair share.

use super::{MemoryBudget, Reservation};

/// A writer's place among the writers that share a [`MemoryBudget`], kept until it is dropped.
///
/// What is reserved through a member counts for the shared budget and for the member, so a writer
/// knows whether it is the one to give way.
#[derive(Debug)]
pub struct Member {
    shared: MemoryBudget,
    own: MemoryBudget,
}

impl Member {
    /// An empty reservation that counts for this member and for the shared budget.
    pub fn reserve(&self) -> Reservation {
        self.own.reserve()
    }

    /// The member's own count, with the shared budget behind it: what to hand to parts that reserve
    /// for themselves. Its `used` and `peak` are this member's alone, its limit is the shared one, and so are the
    /// members.
    pub fn budget(&self) -> &MemoryBudget {
        &self.own
    }

    /// The budget that all members share.
    pub fn shared(&self) -> &MemoryBudget {
        &self.shared
    }

    /// The bytes that this member holds.
    pub fn used(&self) -> usize {
        self.own.used()
    }

    /// The shared limit divided by the number of live members, or `None` without a limit.
    pub fn fair_share(&self) -> Option<usize> {
        self.shared.fair_share()
    }

    /// Whether the shared budget is under pressure and this member holds at least its part of the
    /// [high-water mark](MemoryBudget::high_water), so that it should move data out of memory. While
    /// all that is reserved belongs to members, pressure always finds at least one of them.
    pub fn should_give_way(&self) -> bool {
        let members = self.shared.members().max(1);
        let part = self.shared.high_water().map(|mark| mark / members);
        self.shared.is_under_pressure() && part.is_none_or(|part| self.used() >= part)
    }

    pub(super) fn new(shared: MemoryBudget) -> Self {
        shared.join();
        let own = shared.for_member();
        Self { shared, own }
    }
}

impl MemoryBudget {
    /// Joins the writers that share this budget, until the [`Member`] is dropped.
    pub fn register(&self) -> Member {
        Member::new(self.clone())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.shared.leave();
    }
}
