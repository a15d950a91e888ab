//! The budget itself: shared counters in front of a limit or of a foreign source.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::MemorySource;
use crate::errors::{ParquetError, Result};

/// A limit on the bytes that one or many writers keep resident. Cheap to clone; clones share the
/// count.
///
/// These invariants hold wherever a budget is used in this crate:
///
/// 1. Every resident class is reserved: pages on the heap, open pages, dictionaries and interning
///    tables, level and scratch buffers, what codecs work in, leaves in flight between threads, Bloom filters,
///    ledgers, key tables of page stores, and what waits for the footer.
/// 2. A page that cannot be reserved is spilled, never refused: [`try_resize`](super::Reservation::try_resize) is
///    for memory that has another place to go, [`resize`](super::Reservation::resize) for memory that has none.
///    Refusable claims stop at the [high-water mark](Self::high_water), so that the rest is left to
///    claims that cannot be refused.
/// 3. The overshoot is bounded: past the limit lie at most one sealed page a thread and one page at
///    the splice, because claims that cannot be refused are followed by relief before more is encoded, in
///    the middle of a batch too. Where the properties allow more, pages are cut at a 32nd part of the limit, so that
///    writing one out fits between the high-water mark and the limit; a dictionary of more than a tenth reserves what
///    writing it out takes, and ends where that has no room. Those parts are divided by the number of writers that
///    were at work at once, and none is more than a quarter of a writer's share, or half of it for dictionaries.
///    A value that is larger than such a page, and a row of a list, is there up to four times while it is
///    written, and lies past the limit if it must. Its bounds do not come on top: those in statistics and indexes
///    are cut at a 512th part of the limit also where the properties want them whole, and those of later pages at 64
///    bytes once a chunk has as many bytes of bounds as a page may have. A maximum that is longer than that and
///    cannot be cut, because no prefix of it can be made larger, is left out, and the chunk's column index with it.
/// 4. Only the reservation that holds bytes gives them back, when it shrinks or at the latest when it
///    is dropped; so [`used`](Self::used) is zero once every writer is gone, in whatever way it went.
/// 5. Too small a limit is a matter of policy, not of this type: the writer spills resident pages and
///    what its Bloom filters hold, then cuts its largest open pages early, then drops counts of distinct
///    values and dictionaries that do not pay, then flushes the row group early. A Bloom filter that has
///    no room whole is left out. Codecs that would work in more than three eighths of the limit do so with smaller
///    windows, then at lower levels; one that has no room in the limit at all is refused with the writer. No lower
///    layer fails for want of memory. About 9 KiB a leaf column is the least that a limit is kept with, and for each of
///    several writers about as much more.
/// 6. Of several members the one with more than its fair share gives way, at the latest when it has written a batch
///    and half of the limit is in use; near the limit whoever is at work does. Nothing can take from a member that is
///    idle.
///
/// Sizes are what buffers hold on the heap (their capacity), so they change when a buffer is
/// reallocated and not with every value. The counts are therefore exact, not rounded to a quantum.
#[derive(Clone)]
pub struct MemoryBudget {
    shared: Arc<Shared>,
}

/// Someone at work on a budget, until this is dropped.
#[derive(Debug)]
pub(crate) struct AtWork(MemoryBudget);

struct Shared {
    used: AtomicUsize,
    peak: AtomicUsize,
    members: AtomicUsize,
    /// Members that are at work now, and the most that ever were at once.
    working: AtomicUsize,
    crowd: AtomicUsize,
    /// The most by which the limit was passed when something was taken here.
    over: AtomicUsize,
    /// What was in use when a source without a known limit last refused; `usize::MAX` when nothing
    /// speaks against growing.
    refused_at: AtomicUsize,
    source: Source,
    /// What its users have in common beside bytes, as long as one of them holds it.
    common: Mutex<Weak<dyn Any + Send + Sync>>,
}

enum Source {
    Unlimited,
    Limit(usize),
    Foreign(Arc<dyn MemorySource>),
    /// One member's own count in front of the budget that the members share.
    Shared(MemoryBudget),
}

impl MemoryBudget {
    /// A budget of `limit_bytes`.
    pub fn new(limit_bytes: usize) -> Self {
        Self::over(Source::Limit(limit_bytes))
    }

    /// A budget that grants everything and counts it.
    pub fn unlimited() -> Self {
        Self::over(Source::Unlimited)
    }

    /// A budget whose bytes are granted by `source`, and counted here as well.
    pub fn with_source(source: Arc<dyn MemorySource>) -> Self {
        Self::over(Source::Foreign(source))
    }

    /// The bytes that may be in use, or `None` when there is no limit or the source does not tell it.
    pub fn limit(&self) -> Option<usize> {
        match &self.shared.source {
            Source::Unlimited => None,
            Source::Limit(limit) => Some(*limit),
            Source::Foreign(source) => source.limit(),
            Source::Shared(budget) => budget.limit(),
        }
    }

    /// The bytes that the reservations of this budget hold now.
    pub fn used(&self) -> usize {
        self.shared.used.load(Ordering::Acquire)
    }

    /// The most bytes that were ever in use at once.
    pub fn peak(&self) -> usize {
        self.shared.peak.load(Ordering::Acquire).max(self.used())
    }

    /// The bytes up to which refusable claims are granted: seven eighths of the limit. `None` without
    /// a limit.
    pub fn high_water(&self) -> Option<usize> {
        self.limit().map(|limit| limit - limit / 8)
    }

    /// Whether more is in use than the [high-water mark](Self::high_water) allows, so that those who
    /// can give way should. A budget whose source knows no limit learns from refusals: it is under
    /// pressure near the size at which the source last refused, until the source grants more again.
    pub fn is_under_pressure(&self) -> bool {
        if let Source::Shared(budget) = &self.shared.source {
            return budget.is_under_pressure();
        }
        match self.high_water() {
            Some(mark) => self.total_used() > mark,
            None => self.used() >= self.shared.refused_at.load(Ordering::Acquire),
        }
    }

    /// The bytes in use above the [high-water mark](Self::high_water): what relief has to free.
    pub fn excess(&self) -> usize {
        self.high_water()
            .map_or(0, |mark| self.total_used().saturating_sub(mark))
    }

    /// Whether everything is granted, now and later.
    pub(crate) fn is_unlimited(&self) -> bool {
        matches!(self.shared.source, Source::Unlimited)
    }

    /// Whether both are clones of one budget.
    #[cfg_attr(
        not(any(feature = "object_store_13", feature = "object_store_14")),
        expect(dead_code, reason = "what is kept for a budget is found by it")
    )]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Whether `bytes` more stay within the limit; true where no limit is known.
    pub(crate) fn can_hold(&self, bytes: usize) -> bool {
        bytes <= self.remaining()
    }

    /// The bytes that are left of the limit; `usize::MAX` without one.
    pub(crate) fn remaining(&self) -> usize {
        self.limit()
            .map_or(usize::MAX, |limit| limit.saturating_sub(self.total_used()))
    }

    /// The number of live [`Member`](super::Member)s.
    pub fn members(&self) -> usize {
        self.counts().members.load(Ordering::Acquire)
    }

    /// The limit divided by the number of live members (at least one), or `None` without a limit.
    pub fn fair_share(&self) -> Option<usize> {
        self.limit().map(|limit| limit / self.members().max(1))
    }

    /// What the users of this budget have in common beside bytes: one value, of one type, which `make` makes if
    /// nobody holds it. It goes with the last who does.
    pub(crate) fn common<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let slot = self.shared.common.lock();
        let mut slot = slot.unwrap_or_else(PoisonError::into_inner);
        let held = slot.upgrade().map(Arc::downcast);
        if let Some(Ok(held)) = held {
            return held;
        }
        let made = Arc::new(make());
        let weak: Weak<T> = Arc::downgrade(&made);
        *slot = weak;
        made
    }

    /// A part of the limit for everyone that works at once: the limit divided by `parts` for each of the most that ever
    /// did, and by `parts_of_share` for each member. `None` without a limit.
    pub(crate) fn part(&self, parts: usize, parts_of_share: usize) -> Option<usize> {
        let crowd = self.counts().crowd.load(Ordering::Acquire).max(1);
        let (all, share) = (
            parts.saturating_mul(crowd),
            parts_of_share.saturating_mul(self.members().max(1)),
        );
        self.limit().map(|limit| limit / all.max(share).max(1))
    }

    /// Counts as one at work until what is returned is dropped.
    pub(crate) fn at_work(&self) -> AtWork {
        let counts = self.counts();
        let working = counts.working.fetch_add(1, Ordering::AcqRel) + 1;
        if working > counts.crowd.load(Ordering::Acquire) {
            counts.crowd.fetch_max(working, Ordering::AcqRel);
        }
        AtWork(self.clone())
    }

    /// The most bytes by which the limit was passed when a reservation of this budget grew. For a [member's
    /// own](super::Member::budget) budget, the limit is the shared one, and so is what is held of it.
    pub fn most_bytes_over_limit(&self) -> usize {
        self.shared.over.load(Ordering::Acquire)
    }

    /// Takes `bytes` if they can be had below the high-water mark.
    pub(super) fn try_grow(&self, bytes: usize) -> Result<()> {
        match &self.shared.source {
            Source::Unlimited => self.count(bytes),
            Source::Limit(_) => self.count_below_mark(bytes)?,
            Source::Foreign(source) => {
                self.ask(source.as_ref(), bytes)?;
                self.count(bytes);
            }
            Source::Shared(budget) => {
                budget.try_grow(bytes)?;
                self.count(bytes);
            }
        }
        Ok(())
    }

    /// Takes `bytes` whatever the limit says. Nothing is counted if a source panics.
    pub(super) fn grow(&self, bytes: usize) {
        match &self.shared.source {
            Source::Foreign(source) => source.grow(bytes),
            Source::Shared(budget) => budget.grow(bytes),
            Source::Unlimited | Source::Limit(_) => {}
        }
        self.count(bytes);
    }

    /// Remembers by how much the limit is passed. Apart from [`grow`](Self::grow), since a foreign source that fails
    /// here must find what it has granted counted.
    pub(super) fn note_overshoot(&self) {
        if let Source::Shared(budget) = &self.shared.source {
            budget.note_overshoot();
        }
        let over = self
            .limit()
            .map_or(0, |limit| self.total_used().saturating_sub(limit));
        if over > 0 {
            self.shared.over.fetch_max(over, Ordering::AcqRel);
        }
    }

    /// Gives back `bytes`. They are counted out also if a source panics.
    pub(super) fn shrink(&self, bytes: usize) {
        self.shared.used.fetch_sub(bytes, Ordering::AcqRel);
        match &self.shared.source {
            Source::Foreign(source) => source.shrink(bytes),
            Source::Shared(budget) => budget.shrink(bytes),
            Source::Unlimited | Source::Limit(_) => {}
        }
    }

    pub(super) fn join(&self) {
        self.counts().members.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn leave(&self) {
        self.counts().members.fetch_sub(1, Ordering::AcqRel);
    }

    /// A member's own count in front of this budget.
    pub(super) fn for_member(&self) -> Self {
        Self::over(Source::Shared(self.clone()))
    }

    /// What all members have in common.
    fn counts(&self) -> &Shared {
        match &self.shared.source {
            Source::Shared(budget) => budget.counts(),
            _ => &self.shared,
        }
    }

    fn over(source: Source) -> Self {
        Self {
            shared: Arc::new(Shared {
                used: AtomicUsize::new(0),
                peak: AtomicUsize::new(0),
                members: AtomicUsize::new(0),
                working: AtomicUsize::new(0),
                crowd: AtomicUsize::new(0),
                over: AtomicUsize::new(0),
                refused_at: AtomicUsize::new(usize::MAX),
                source,
                common: Mutex::new(Weak::<()>::new()),
            }),
        }
    }

    /// What all users of the source hold, where the source knows it.
    fn total_used(&self) -> usize {
        match &self.shared.source {
            Source::Foreign(source) => source.used().unwrap_or_else(|| self.used()),
            Source::Shared(budget) => budget.total_used(),
            Source::Unlimited | Source::Limit(_) => self.used(),
        }
    }

    fn count(&self, bytes: usize) {
        let before = self.shared.used.fetch_add(bytes, Ordering::AcqRel);
        self.shared
            .peak
            .fetch_max(before.saturating_add(bytes), Ordering::AcqRel);
    }

    fn count_below_mark(&self, bytes: usize) -> Result<()> {
        let mark = self.high_water().unwrap_or(usize::MAX);
        let within = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= mark);
        let before = self
            .shared
            .used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, within)
            .map_err(|used| self.refusal(used))?;
        self.shared
            .peak
            .fetch_max(before.saturating_add(bytes), Ordering::AcqRel);
        Ok(())
    }

    /// Asks a foreign source; a pool that tells limit and use keeps its headroom too.
    fn ask(&self, source: &dyn MemorySource, bytes: usize) -> Result<()> {
        if let Some(mark) = self.high_water() {
            let used = self.total_used();
            if used.saturating_add(bytes) > mark {
                return Err(self.refusal(used));
            }
            return source.try_grow(bytes);
        }
        let used = self.used();
        match source.try_grow(bytes) {
            Ok(()) => {
                if used.saturating_add(bytes) >= self.shared.refused_at.load(Ordering::Acquire) {
                    self.shared.refused_at.store(usize::MAX, Ordering::Release);
                }
                Ok(())
            }
            Err(error) => {
                self.shared.refused_at.store(used, Ordering::Release);
                Err(error)
            }
        }
    }

    fn refusal(&self, used: usize) -> ParquetError {
        ParquetError::MemoryLimitExceeded {
            limit: self.limit().unwrap_or(usize::MAX),
            used,
            step: "moving pages out of memory",
        }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.counts().working.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A budget may itself stand behind others: what they hold counts here too.
impl MemorySource for MemoryBudget {
    fn try_grow(&self, bytes: usize) -> Result<()> {
        MemoryBudget::try_grow(self, bytes)
    }

    fn grow(&self, bytes: usize) {
        MemoryBudget::grow(self, bytes);
    }

    fn shrink(&self, bytes: usize) {
        MemoryBudget::shrink(self, bytes);
    }

    fn limit(&self) -> Option<usize> {
        MemoryBudget::limit(self)
    }

    fn used(&self) -> Option<usize> {
        Some(self.total_used())
    }
}

/// Unlimited.
impl Default for MemoryBudget {
    fn default() -> Self {
        Self::unlimited()
    }
}

impl fmt::Debug for MemoryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("MemoryBudget");
        out.field("limit", &self.limit())
            .field("used", &self.used())
            .field("peak", &self.peak())
            .field("members", &self.members());
        if let Source::Foreign(source) = &self.shared.source {
            out.field("source", source);
        }
        out.finish()
    }
}
