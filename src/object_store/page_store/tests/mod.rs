//! Claims about pages in an object store.

mod files;
mod objects;
mod stores;

use std::sync::Arc;

use objects::Objects;

use super::ObjectPageStoreFactory;

/// A factory over `objects`, under the prefix `spill`.
fn factory(objects: &Objects) -> ObjectPageStoreFactory {
    ObjectPageStoreFactory::over(Arc::new(objects.clone()), "spill".to_owned())
}
