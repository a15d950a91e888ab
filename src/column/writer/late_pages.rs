//! Pages that others may seal while their column goes on.

use std::collections::VecDeque;
use std::sync::Arc;

use super::scratch::ScratchPool;
use super::unsealed::{PageHelp, UnsealedPage};
use crate::basic::Encoding;
use crate::budget::Reservation;
use crate::column::stats::PageBounds;
use crate::meta::statistics::Statistics;
use crate::wire::page::PageHeaderKind;

/// The pages of one column that are not put away yet, in their order.
pub(crate) struct LatePages {
    pub(super) help: Arc<dyn PageHelp>,
    pub(super) scratch: ScratchPool,
    pub(super) pages: VecDeque<LatePage>,
    /// What the next page may take, where memory has a limit.
    claim: Option<Claim>,
}

pub(super) struct LatePage {
    pub(super) page: Arc<UnsealedPage>,
    pub(super) facts: LateFacts,
    /// Bytes before compression.
    pub(super) laid_bytes: usize,
    /// Pays for its buffers.
    pub(super) paid: Claim,
}

/// What pays for a page that waits.
pub(super) struct Claim {
    help: Arc<dyn PageHelp>,
    /// Bytes claimed among those of all columns.
    bytes: usize,
    reservation: Reservation,
}

/// What is remembered of a page until it is sealed.
pub(super) enum LateFacts {
    Data(Box<LateData>),
    Dictionary,
}

pub(super) struct LateData {
    pub(super) encoding: Encoding,
    pub(super) slots: usize,
    pub(super) present: usize,
    pub(super) rows: usize,
    pub(super) bounds: Option<PageBounds>,
    pub(super) unencoded_bytes: Option<i64>,
    pub(super) definition_histogram: Vec<i64>,
    pub(super) repetition_histogram: Vec<i64>,
}

/// What is known of a data page that lies in scratch memory.
pub(super) struct Laying {
    pub(super) kind: PageHeaderKind<'static>,
    pub(super) statistics: Option<Statistics>,
    pub(super) bounds: Option<PageBounds>,
    pub(super) encoding: Encoding,
}

/// To seal fewer bytes takes less time than to hand them over.
pub(super) const LEAST_BYTES: usize = 16 * 1024;

/// What a page may take that waits under a memory limit, in pages: its body, its blob, and a body for the next one.
const ROOM_PARTS: usize = 3;

/// The part of a memory limit that pages of all columns may take while they wait.
const WAITING_PART: usize = 16;

/// Pages of one column that wait to be put away, for each worker.
const PAGES_A_WORKER: usize = 4;

impl LatePages {
    /// None yet; `help` may seal them, with codecs of `scratch`.
    pub(super) fn new(help: Arc<dyn PageHelp>, scratch: ScratchPool) -> Self {
        Self {
            help,
            scratch,
            pages: VecDeque::new(),
            claim: None,
        }
    }

    /// Whether a page of so many bytes may wait for others. Under a memory limit that is so while nobody waits for
    /// memory, and there is room for the page, for what becomes of it, and for the next one.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let budget = self.scratch.budget();
        let Some(limit) = budget.limit() else {
            return true;
        };
        let bytes = bytes.saturating_mul(ROOM_PARTS);
        if budget.is_under_pressure() || !self.help.claim(bytes, limit / WAITING_PART) {
            return false;
        }
        let mut claim = Claim {
            help: self.help.clone(),
            bytes,
            reservation: self.scratch.reserve(),
        };
        let is_paid = claim.reservation.try_resize(bytes).is_ok();
        self.claim = is_paid.then_some(claim);
        is_paid
    }

    /// What pays for a page whose buffers have so many bytes.
    pub(super) fn pay(&mut self, bytes: usize) -> Claim {
        let mut paid = self.claim.take().unwrap_or_else(|| Claim {
            help: self.help.clone(),
            bytes: 0,
            reservation: self.scratch.reserve(),
        });
        paid.reservation.resize(bytes);
        paid
    }

    /// Bytes of the buffers of all pages.
    pub(super) fn buffer_bytes(&self) -> usize {
        let pages = self.pages.iter();
        pages.map(|page| page.paid.reservation.size()).sum()
    }

    /// Whether the first page is to be put away now.
    pub(super) fn first_leaves(&self) -> bool {
        let most = self.help.workers().saturating_mul(PAGES_A_WORKER);
        let first = self.pages.front();
        first.is_some_and(|first| self.pages.len() > most || first.page.is_done())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.help.release(self.bytes);
        }
    }
}
