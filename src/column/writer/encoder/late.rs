//! How a column goes on while others seal its pages. They are put away in their order, and the column remembers of each
//! what its ledger needs once the sealed page is there.

use std::mem::replace;

use super::ColumnEncoder;
use crate::basic::{Compression, Type};
use crate::column::chunk::{DataPageFacts, DictionaryFacts, PageSink};
use crate::column::writer::body::Body;
use crate::column::writer::late_pages::{
    LEAST_BYTES, LateData, LateFacts, LatePage, LatePages, Laying,
};
use crate::column::writer::scratch::PageScratch;
use crate::column::writer::seal::HEADER_CAPACITY;
use crate::column::writer::unsealed::{Laid, UnsealedPage};
use crate::errors::Result;
use crate::meta::statistics::Statistics;
use crate::wire::page::PageHeaderKind;

impl ColumnEncoder {
    /// Lets others seal pages.
    #[cfg(feature = "arrow")]
    pub(crate) fn set_help(&mut self, late: LatePages) {
        self.late = Some(Box::new(late));
    }

    /// Puts all pages away that others were to seal.
    ///
    /// # Errors
    /// As [`cut`](Self::cut).
    pub(crate) fn put_all_late(
        &mut self,
        scratch: &mut PageScratch,
        sink: &mut dyn PageSink,
    ) -> Result<()> {
        while self.has_late() {
            self.put_first(scratch, sink)?;
        }
        Ok(())
    }

    /// Whether a page is not put away yet.
    pub(crate) fn has_late(&self) -> bool {
        let late = self.late.as_ref();
        late.is_some_and(|late| !late.pages.is_empty())
    }

    /// Bytes of buffers of pages that others seal.
    pub(super) fn late_memory(&self) -> usize {
        let late = self.late.as_ref();
        late.map_or(0, |late| size_of::<LatePages>() + late.buffer_bytes())
    }

    /// As [`late_memory`](Self::late_memory), of the pages alone.
    pub(crate) fn late_page_bytes(&self) -> usize {
        self.late.as_ref().map_or(0, |late| late.buffer_bytes())
    }

    /// Bytes that pages which are not put away yet have before compression.
    #[cfg(feature = "arrow")]
    pub(super) fn late_laid_bytes(&self) -> usize {
        let late = self.late.as_ref();
        late.map_or(0, |late| {
            late.pages.iter().map(|page| page.laid_bytes).sum()
        })
    }

    /// Bytes of sealed pages that are not put away yet; waits for those that are being sealed.
    #[cfg(feature = "arrow")]
    pub(super) fn late_sealed_bytes(&self) -> usize {
        self.late.as_ref().map_or(0, |late| {
            let pages = late.pages.iter().map(|page| page.page.sealed_len());
            pages.sum()
        })
    }

    /// Whether the page of so many bytes that lies in `scratch` goes the way of late pages: those that come before it
    /// did, or others may seal it. Where it does not, those before it are put away.
    ///
    /// # Errors
    /// As [`cut`](Self::cut).
    pub(super) fn seals_late(
        &mut self,
        bytes: usize,
        scratch: &mut PageScratch,
        sink: &mut dyn PageSink,
    ) -> Result<bool> {
        let is_work = bytes >= LEAST_BYTES
            && self.sealing.strength.compression() != Compression::UNCOMPRESSED;
        let is_limited = self.limits.cap().is_some();
        let Some(late) = &mut self.late else {
            return Ok(false);
        };
        if is_work && late.take(bytes) {
            return Ok(true);
        }
        if is_limited {
            // Nobody has claimed room for a page that would wait for those before it.
            self.put_all_late(scratch, sink)?;
            return Ok(false);
        }
        Ok(!late.pages.is_empty())
    }

    /// Remembers the open page, which lies in `scratch` as `body`, and offers it to others.
    pub(super) fn cut_late(
        &mut self,
        body: Body,
        laying: Laying,
        scratch: &mut PageScratch,
    ) -> Result<()> {
        let facts = LateData {
            encoding: laying.encoding,
            slots: self.page.slots,
            present: self.page.present,
            rows: self.page.rows,
            bounds: laying.bounds,
            unencoded_bytes: (self.plan.descr().physical_type() == Type::BYTE_ARRAY)
                .then_some(self.page.unencoded_bytes),
            definition_histogram: self.page.definition_histogram.clone(),
            repetition_histogram: self.page.repetition_histogram.clone(),
        };
        let facts = LateFacts::Data(Box::new(facts));
        self.offer(body.from, (laying.kind, laying.statistics), facts, scratch);
        body.end(scratch, &mut self.values);
        Ok(())
    }

    /// Remembers the dictionary's page, which lies in `scratch`, and offers it to others.
    pub(super) fn lay_late(&mut self, kind: PageHeaderKind<'static>, scratch: &mut PageScratch) {
        self.offer(
            HEADER_CAPACITY,
            (kind, None),
            LateFacts::Dictionary,
            scratch,
        );
    }

    /// Puts away what is sealed, and what there are too many of.
    pub(super) fn put_late(
        &mut self,
        scratch: &mut PageScratch,
        sink: &mut dyn PageSink,
    ) -> Result<()> {
        while self.late.as_ref().is_some_and(|late| late.first_leaves()) {
            self.put_first(scratch, sink)?;
        }
        Ok(())
    }

    fn offer(
        &mut self,
        from: usize,
        (kind, statistics): (PageHeaderKind<'static>, Option<Statistics>),
        facts: LateFacts,
        scratch: &mut PageScratch,
    ) {
        let options = self.sealing;
        let Some(late) = &mut self.late else {
            return;
        };
        let laid_bytes = scratch.body.len() - from;
        let is_work = laid_bytes >= LEAST_BYTES;
        let laid = Laid {
            body: replace(&mut scratch.body, late.scratch.take_buffer()),
            from,
            blob: late.scratch.take_buffer(),
            kind,
            statistics,
            options,
            scratch: late.scratch.clone(),
        };
        // What compressing takes, whoever does it.
        let paid = late.pay(laid.body.capacity() + laid.blob.capacity().max(laid.body.len()));
        let page = UnsealedPage::new(laid);
        if !is_work || !late.help.offer(&page) {
            page.seal_in(scratch);
        }
        late.pages.push_back(LatePage {
            page,
            facts,
            laid_bytes,
            paid,
        });
    }

    fn put_first(&mut self, scratch: &mut PageScratch, sink: &mut dyn PageSink) -> Result<()> {
        let first = self.late.as_mut().and_then(|late| late.pages.pop_front());
        let Some(LatePage {
            page, facts, paid, ..
        }) = first
        else {
            return Ok(());
        };
        // Who would have to wait for another's work does what nobody has begun, the last page first.
        while !page.is_done()
            && !page.seal_in(scratch)
            && let Some(late) = &self.late
            && late
                .pages
                .iter()
                .rev()
                .any(|late| late.page.seal_in(scratch))
        {}
        let sealed = page.take(scratch);
        let mut sealed = sealed.map_err(|error| self.named(error))?;
        let page = sealed.as_page();
        let page_type = page.kind.page_type();
        let (header_len, body_len) = (page.header_len, page.body_len());
        let uncompressed_len = page.uncompressed_len;
        sink.put(page)?;
        match facts {
            LateFacts::Dictionary => self.ledger.record_dictionary(DictionaryFacts {
                header_len,
                body_len,
                uncompressed_len,
            }),
            LateFacts::Data(facts) => {
                let bounds = facts.bounds.as_ref().map(|bounds| bounds.as_bounds());
                self.ledger.record_data(&DataPageFacts {
                    page_type,
                    encoding: facts.encoding,
                    slots: facts.slots,
                    present: facts.present,
                    rows: facts.rows,
                    header_len,
                    body_len,
                    uncompressed_len,
                    bounds: bounds.and_then(|bounds| bounds.min_max),
                    nan_count: bounds.and_then(|bounds| bounds.nan_count),
                    unencoded_bytes: facts.unencoded_bytes,
                    definition_histogram: &facts.definition_histogram,
                    repetition_histogram: &facts.repetition_histogram,
                })?;
                if let (Some(stats), Some(bounds)) = (&mut self.stats, facts.bounds) {
                    stats.recycle(bounds);
                }
            }
        }
        drop(paid);
        if let Some(late) = &self.late {
            late.scratch.give_buffer(sealed.buffer);
            late.scratch.give_buffer(sealed.spare);
        }
        Ok(())
    }
}
