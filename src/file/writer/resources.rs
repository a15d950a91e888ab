//! What all columns of a file draw on: the plans of the columns, the stores that pages wait in, scratch memory, and the
//! budget that pays for it.

use std::sync::Arc;

use crate::budget::{Member, MemoryBudget};
use crate::column::chunk::{ChunkBuffer, ChunkPages, FilterParts, WhenFull};
use crate::column::page_store::{InMemoryPageStoreFactory, PageStoreFactory};
use crate::column::writer::{
    CODECS, ChunkParts, ChunkWriter, ColumnPlan, ScratchPool, WriterShape, page_cap,
};
use crate::errors::{ParquetError, Result};

/// The resources of one file. Cheap to clone; clones share.
#[derive(Debug, Clone)]
pub(crate) struct FileResources {
    plans: Arc<[Arc<ColumnPlan>]>,
    stores: Arc<dyn PageStoreFactory>,
    scratch: ScratchPool,
    member: Arc<Member>,
    when_full: WhenFull,
    /// Kinds of codecs that the columns have, as far as they are kept.
    codecs: usize,
}

impl FileResources {
    /// Everything waits on the heap, without a limit.
    pub(crate) fn on_heap(plans: Arc<[Arc<ColumnPlan>]>) -> Self {
        let member = Arc::new(MemoryBudget::unlimited().register());
        Self::new(
            plans,
            Arc::new(InMemoryPageStoreFactory),
            member,
            WhenFull::Fail,
        )
    }

    /// Pages wait in `stores`, paid for by `member`.
    pub(crate) fn new(
        plans: Arc<[Arc<ColumnPlan>]>,
        stores: Arc<dyn PageStoreFactory>,
        member: Arc<Member>,
        when_full: WhenFull,
    ) -> Self {
        let codecs = plans.iter().map(|plan| plan.options().compression);
        Self {
            codecs: distinct(codecs).len(),
            scratch: ScratchPool::new(member.budget().clone()),
            plans,
            stores,
            member,
            when_full,
        }
    }

    /// Lets pages wait in other stores.
    pub(crate) fn with_stores(self, stores: Arc<dyn PageStoreFactory>) -> Self {
        Self { stores, ..self }
    }

    /// Sets what becomes of a page that its store has no room for.
    pub(crate) fn with_when_full(self, when_full: WhenFull) -> Self {
        Self { when_full, ..self }
    }

    /// What of the columns decides how much memory the writer must have.
    ///
    /// # Errors
    /// If a codec takes more than the memory limit.
    pub(crate) fn shape(&self) -> Result<WriterShape> {
        let cap = page_cap(self.member.budget(), self.codecs);
        let strengths = self.plans.iter().map(|plan| plan.strength(cap));
        let strengths = distinct(strengths.collect::<Result<Vec<_>>>()?.into_iter());
        let least_slots = self.plans.iter().map(|plan| {
            let options = plan.options();
            options
                .data_page_row_count_limit
                .min(options.write_batch_size)
        });
        Ok(WriterShape {
            columns: self.plans.len(),
            least_slots: least_slots.min().unwrap_or(usize::MAX),
            codecs: self.codecs,
            codec_bytes: strengths.iter().map(|strength| strength.most_bytes()).sum(),
        })
    }

    /// The writer of a chunk of column `index`, whose pages wait for the end of the row group.
    ///
    /// # Errors
    /// If there is no such column, a store cannot be made, or a codec takes more than the memory limit.
    pub(crate) fn stored_chunk(&self, index: usize) -> Result<ChunkWriter<'static>> {
        let pages = ChunkPages::Stored(self.buffer(index)?);
        self.chunk(index, pages)
    }

    /// The writer of a chunk of column `index`, whose pages go where `pages` says.
    ///
    /// # Errors
    /// As [`stored_chunk`](Self::stored_chunk).
    pub(crate) fn chunk<'a>(&self, index: usize, pages: ChunkPages<'a>) -> Result<ChunkWriter<'a>> {
        let plan = self.plan(index)?;
        let has_filter = plan.options().bloom_filter.is_some();
        ChunkWriter::try_new(ChunkParts {
            cap: page_cap(self.member.budget(), self.codecs),
            pages,
            filter_parts: has_filter.then(|| {
                let (stores, descr) = (self.stores.clone(), plan.descr().clone());
                FilterParts::new(stores, index, descr, self.when_full)
            }),
            plan: plan.clone(),
            scratch: self.scratch.clone(),
            reservation: self.member.reserve(),
        })
    }

    /// What the pages of column `index` wait in.
    ///
    /// # Errors
    /// If there is no such column, or the store cannot be made.
    pub(crate) fn buffer(&self, index: usize) -> Result<ChunkBuffer> {
        let descr = self.plan(index)?.descr().clone();
        ChunkBuffer::try_new(self.stores.as_ref(), index, descr, self.when_full)
    }

    /// The plan of column `index`.
    ///
    /// # Errors
    /// If there is no such column.
    pub(crate) fn plan(&self, index: usize) -> Result<&Arc<ColumnPlan>> {
        self.plans.get(index).ok_or_else(|| {
            ParquetError::General(format!(
                "There is no column {index} among {}",
                self.plans.len()
            ))
        })
    }

    pub(crate) fn plans(&self) -> &Arc<[Arc<ColumnPlan>]> {
        &self.plans
    }

    pub(crate) fn member(&self) -> &Arc<Member> {
        &self.member
    }

    pub(crate) fn scratch(&self) -> &ScratchPool {
        &self.scratch
    }

    pub(crate) fn stores(&self) -> &Arc<dyn PageStoreFactory> {
        &self.stores
    }

    pub(crate) fn when_full(&self) -> WhenFull {
        self.when_full
    }

    /// Heap bytes of the plans.
    pub(crate) fn fixed_memory_size(&self) -> usize {
        // The counts of an `Arc` stand before what it shares.
        let plan = size_of::<Arc<ColumnPlan>>() + size_of::<ColumnPlan>() + 2 * size_of::<usize>();
        self.plans.len() * plan
    }
}

/// Those that differ, up to as many as are kept.
fn distinct<T: PartialEq>(kinds: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for kind in kinds {
        if found.len() < CODECS && !found.contains(&kind) {
            found.push(kind);
        }
    }
    found
}
