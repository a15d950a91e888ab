//! Where pages wait under a memory limit, unless the caller says otherwise.

use std::sync::Arc;

use super::{
    BackgroundPageStoreFactory, PageStore, PageStoreArgs, PageStoreFactory, SpillMetrics,
    TempFilePageStoreFactory, TieredPageStoreFactory,
};
use crate::budget::Member;
use crate::errors::Result;

/// Heap while the budget of `member` grants it, from then on temporary files that a thread writes and reads. All
/// members of a budget have the files and the thread in common, so that their number does not grow with that of the
/// writers; they go with the last member's stores.
pub(crate) fn spilling(member: &Member) -> Arc<dyn PageStoreFactory> {
    let common = member.shared().common(|| {
        let files = Arc::new(TempFilePageStoreFactory::new());
        BackgroundPageStoreFactory::new(files)
    });
    let cold = Arc::new(common.beside(member));
    Arc::new(Spilling {
        tiers: TieredPageStoreFactory::new(member.budget().clone(), cold),
        _common: common,
    })
}

#[derive(Debug)]
struct Spilling {
    tiers: TieredPageStoreFactory,
    /// Held for those who come later.
    _common: Arc<BackgroundPageStoreFactory>,
}

impl PageStoreFactory for Spilling {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        self.tiers.create(args)
    }

    fn metrics(&self) -> Option<SpillMetrics> {
        self.tiers.metrics()
    }
}
