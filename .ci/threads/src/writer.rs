//! Pages as they are, sealed by something simple.

#[path = "../../../src/column/writer/unsealed.rs"]
mod unsealed;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::wire::page::{DictionaryPageHeader, PageHeaderKind};
use scratch::{PageScratch, ScratchPool};
use seal::SealOptions;
use unsealed::Laid;
pub(crate) use unsealed::{PageHelp, UnsealedPage};

mod scratch {
    use std::sync::{Arc, Mutex};

    #[derive(Debug, Default)]
    pub(super) struct PageScratch {
        pub(super) body: Vec<u8>,
        pub(super) blob: Vec<u8>,
    }

    #[derive(Debug, Clone, Default)]
    pub(super) struct ScratchPool(Arc<Mutex<Vec<PageScratch>>>);

    impl ScratchPool {
        pub(super) fn with<T>(&self, work: impl FnOnce(&mut PageScratch) -> T) -> T {
            let idle = self.0.lock().unwrap().pop();
            let mut scratch = idle.unwrap_or_default();
            let result = work(&mut scratch);
            self.0.lock().unwrap().push(scratch);
            result
        }
    }
}

mod seal {
    use super::scratch::PageScratch;
    use crate::column::chunk::SealedPage;
    use crate::errors::Result;
    use crate::wire::page::PageHeaderKind;

    #[derive(Debug, Clone, Copy)]
    pub(super) struct SealOptions;

    pub(super) fn seal<'s>(
        scratch: &'s mut PageScratch,
        from: usize,
        kind: PageHeaderKind<'s>,
        _options: &SealOptions,
    ) -> Result<SealedPage<'s>> {
        scratch.blob.clear();
        scratch.blob.extend(scratch.body[from..].iter().rev());
        Ok(SealedPage {
            buffer: &mut scratch.blob,
            from: 0,
            header_len: 0,
            uncompressed_len: scratch.body.len() - from,
            kind,
        })
    }
}

/// A column that lays out pages.
pub(crate) struct Column {
    number: u8,
    help: Arc<dyn PageHelp>,
    scratch: ScratchPool,
    pages: VecDeque<Arc<UnsealedPage>>,
    pub(crate) taken: u8,
}

impl Column {
    pub(crate) fn all(count: u8, help: &Arc<dyn PageHelp>) -> Vec<Self> {
        let scratch = ScratchPool::default();
        let column = |number| Self {
            number,
            help: help.clone(),
            scratch: scratch.clone(),
            pages: VecDeque::new(),
            taken: 0,
        };
        (0..count).map(column).collect()
    }

    pub(crate) fn waits_for_first(&self) -> bool {
        let first = self.pages.front();
        first.is_none_or(|page| page.sealed_len() > 0)
    }

    pub(crate) fn lay_pages(&mut self) {
        for _ in 0..3 {
            let number = self.taken + u8::try_from(self.pages.len()).unwrap();
            let page = UnsealedPage::new(Laid {
                body: vec![number, self.number, 0, 0],
                from: 1,
                blob: Vec::new(),
                kind: PageHeaderKind::Dictionary(DictionaryPageHeader),
                statistics: None,
                options: SealOptions,
                scratch: self.scratch.clone(),
            });
            if !self.help.offer(&page) {
                page.seal();
            }
            self.pages.push_back(page);
        }
        while self.pages.front().is_some_and(|page| page.is_done()) || self.pages.len() > 6 {
            self.take_first();
        }
    }

    pub(crate) fn take_first(&mut self) -> bool {
        let Some(page) = self.pages.pop_front() else {
            return false;
        };
        let sealed = page.take(&mut PageScratch::default()).unwrap();
        assert_eq!(sealed.buffer, [0, 0, self.number]);
        assert_eq!(sealed.spare[0], self.taken);
        self.taken += 1;
        true
    }
}
