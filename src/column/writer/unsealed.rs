//! A data page or a dictionary page that is laid out and not sealed yet: whoever comes first seals it, another thread
//! or the column itself when it needs the page.

use std::any::Any;
use std::fmt::Debug;
use std::mem::{swap, take};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::scratch::{PageScratch, ScratchPool};
use super::seal::{SealOptions, seal};
use crate::column::chunk::SealedPage;
use crate::errors::{ParquetError, Result};
use crate::meta::statistics::Statistics;
use crate::wire::page::{DataPageHeader, DataPageHeaderV2, PageHeaderKind};

/// Others who may seal pages.
pub(crate) trait PageHelp: Debug + Send + Sync {
    /// Asks them to seal `page` soon; false if they have enough to do.
    fn offer(&self, page: &Arc<UnsealedPage>) -> bool;

    /// How many they are.
    fn workers(&self) -> usize;

    /// Counts so many bytes as those of pages that wait, for all columns together, if these have no more than `most`
    /// then and others may be asked at all.
    fn claim(&self, bytes: usize, most: usize) -> bool;

    /// Gives back what was claimed.
    fn release(&self, bytes: usize);
}

/// A page that is being sealed.
#[derive(Debug)]
pub(crate) struct UnsealedPage {
    state: Mutex<State>,
    is_sealed: Condvar,
}

/// What sealing a page takes.
#[derive(Debug)]
pub(super) struct Laid {
    /// The page before compression, from `from` on.
    pub(super) body: Vec<u8>,
    pub(super) from: usize,
    /// What becomes of the page's bytes; what it holds means nothing.
    pub(super) blob: Vec<u8>,
    /// What the header says, but for the statistics.
    pub(super) kind: PageHeaderKind<'static>,
    pub(super) statistics: Option<Statistics>,
    pub(super) options: SealOptions,
    /// Where the codec comes from.
    pub(super) scratch: ScratchPool,
}

/// A page in its final form.
#[derive(Debug)]
pub(super) struct Sealed {
    /// From `from` on: header, then body.
    pub(super) buffer: Vec<u8>,
    pub(super) from: usize,
    pub(super) header_len: usize,
    pub(super) uncompressed_len: usize,
    pub(super) kind: PageHeaderKind<'static>,
    pub(super) statistics: Option<Statistics>,
    /// A buffer that the page needs no longer.
    pub(super) spare: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Laid(Box<Laid>),
    /// Somebody is at it.
    Taken,
    Sealed(Box<Sealed>),
    Failed(ParquetError),
    Panicked(Box<dyn Any + Send>),
    /// It has been put away.
    Gone,
}

impl UnsealedPage {
    pub(super) fn new(laid: Laid) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::Laid(Box::new(laid))),
            is_sealed: Condvar::new(),
        })
    }

    /// Seals the page, unless somebody is at it or it is done. Lets no panic through.
    pub(crate) fn seal(&self) {
        self.seal_by(|laid| {
            let pool = laid.scratch.clone();
            pool.with(|scratch| laid.seal_in(scratch))
        });
    }

    /// As [`seal`](Self::seal), with the codec of `scratch`. Says whether it was left to do.
    pub(super) fn seal_in(&self, scratch: &mut PageScratch) -> bool {
        self.seal_by(|laid| laid.seal_in(scratch))
    }

    fn seal_by(&self, work: impl FnOnce(Laid) -> Result<Sealed>) -> bool {
        let mut state = self.lock();
        let laid = match std::mem::replace(&mut *state, State::Taken) {
            State::Laid(laid) => laid,
            other => {
                *state = other;
                return false;
            }
        };
        drop(state);
        let sealed = catch_unwind(AssertUnwindSafe(|| work(*laid)));
        *self.lock() = match sealed {
            Ok(Ok(sealed)) => State::Sealed(Box::new(sealed)),
            Ok(Err(error)) => State::Failed(error),
            Err(payload) => State::Panicked(payload),
        };
        self.is_sealed.notify_all();
        true
    }

    /// Whether [`take`](Self::take) would not have to wait.
    pub(super) fn is_done(&self) -> bool {
        !matches!(*self.lock(), State::Laid(_) | State::Taken)
    }

    /// Bytes of the sealed page; seals it if nobody has begun to, and waits for whoever has. 0 if that failed.
    pub(super) fn sealed_len(&self) -> usize {
        self.seal();
        match &*self.done() {
            State::Sealed(sealed) => sealed.buffer.len() - sealed.from,
            _ => 0,
        }
    }

    /// The sealed page, sealed now with the codec of `scratch` if nobody has begun to.
    ///
    /// # Errors
    /// If the codec failed, or a size does not fit the format.
    ///
    /// # Panics
    /// If whoever sealed it did.
    pub(super) fn take(&self, scratch: &mut PageScratch) -> Result<Sealed> {
        self.seal_in(scratch);
        let mut state = self.done();
        let done = std::mem::replace(&mut *state, State::Gone);
        drop(state);
        match done {
            State::Sealed(sealed) => Ok(*sealed),
            State::Failed(error) => Err(error),
            State::Panicked(payload) => resume_unwind(payload),
            State::Laid(_) | State::Taken | State::Gone => {
                Err(ParquetError::Internal("a page was taken twice".to_owned()))
            }
        }
    }

    /// Waits for whoever is at it.
    fn done(&self) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while matches!(*state, State::Taken) {
            let woken = self.is_sealed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Laid {
    /// Lends the page's buffers to `scratch`, whose codec does the rest.
    fn seal_in(self, scratch: &mut PageScratch) -> Result<Sealed> {
        let Self {
            mut body,
            from,
            mut blob,
            kind,
            statistics,
            options,
            scratch: _,
        } = self;
        swap(&mut scratch.body, &mut body);
        swap(&mut scratch.blob, &mut blob);
        let kind = with_statistics(kind, statistics.as_ref());
        let sealed = seal(scratch, from, kind, &options).map(|page| Sealed {
            buffer: take(page.buffer),
            from: page.from,
            header_len: page.header_len,
            uncompressed_len: page.uncompressed_len,
            kind: without_statistics(&page.kind),
            statistics: None,
            spare: Vec::new(),
        });
        swap(&mut scratch.body, &mut body);
        swap(&mut scratch.blob, &mut blob);
        // One of the two is the page now.
        let spare = if body.capacity() > 0 { body } else { blob };
        Ok(Sealed {
            statistics,
            spare,
            ..sealed?
        })
    }
}

impl Sealed {
    /// As a sink takes it.
    pub(super) fn as_page(&mut self) -> SealedPage<'_> {
        SealedPage {
            buffer: &mut self.buffer,
            from: self.from,
            header_len: self.header_len,
            uncompressed_len: self.uncompressed_len,
            kind: with_statistics(self.kind, self.statistics.as_ref()),
        }
    }
}

pub(super) fn with_statistics<'a>(
    kind: PageHeaderKind<'a>,
    statistics: Option<&'a Statistics>,
) -> PageHeaderKind<'a> {
    match kind {
        PageHeaderKind::Data(page) => PageHeaderKind::Data(DataPageHeader { statistics, ..page }),
        PageHeaderKind::DataV2(page) => {
            PageHeaderKind::DataV2(DataPageHeaderV2 { statistics, ..page })
        }
        PageHeaderKind::Dictionary(page) => PageHeaderKind::Dictionary(page),
    }
}

fn without_statistics(kind: &PageHeaderKind<'_>) -> PageHeaderKind<'static> {
    match *kind {
        PageHeaderKind::Data(page) => PageHeaderKind::Data(DataPageHeader {
            statistics: None,
            ..page
        }),
        PageHeaderKind::DataV2(page) => PageHeaderKind::DataV2(DataPageHeaderV2 {
            statistics: None,
            ..page
        }),
        PageHeaderKind::Dictionary(page) => PageHeaderKind::Dictionary(page),
    }
}
