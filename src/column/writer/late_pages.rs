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
}

pub(super) struct LatePage {
    pub(super) page: Arc<UnsealedPage>,
    pub(super) facts: LateFacts,
    /// Pays for its buffers.
    pub(super) reservation: Reservation,
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

/// Pages of one column that wait to be put away, for each worker.
const PAGES_A_WORKER: usize = 4;

impl LatePages {
    /// None yet; `help` may seal them, with codecs of `scratch`.
    pub(super) fn new(help: Arc<dyn PageHelp>, scratch: ScratchPool) -> Self {
        Self {
            help,
            scratch,
            pages: VecDeque::new(),
        }
    }

    /// Whether the first page is to be put away now.
    pub(super) fn first_leaves(&self) -> bool {
        let most = self.help.workers().saturating_mul(PAGES_A_WORKER);
        let first = self.pages.front();
        first.is_some_and(|first| self.pages.len() > most || first.page.is_done())
    }
}
