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
    pub(super) plans: Arc<[Arc<ColumnPlan>]>,
    pub(super) stores: Arc<dyn PageStoreFactory>,
    pub(super) scratch: ScratchPool,
    pub(super) member: Arc<Member>,
    pub(super) when_full: WhenFull,
    /// Kinds of codecs that the columns have, as far as they are kept.
    pub(super) codecs: usize,
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

    /// What of the columns decides how much memory the writer must have.
    ///
    /// # Errors
    /// If a codec takes more than the memory limit.
    pub(crate) fn shape(&self) -> Result<WriterShape> {
        let cap = page_cap(self.member.budget(), self.codecs);
        let strengths = self.plans.iter().map(|plan| plan.strength(cap));
        let strengths = distinct(strengths.collect::<Result<Vec<_>>>()?.into_iter());
        Ok(WriterShape {
            codecs: self.codecs,
            codec_bytes: strengths.iter().map(|strength| strength.most_bytes()).sum(),
        })
    }

    /// The writer of a chunk of column `index`, whose pages go where `pages` says.
    ///
    /// # Errors
    /// If there is no such column, a store cannot be made, or a codec takes more than the memory limit.
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
