//! Files of attempts at a write that did not come to their end.

use std::collections::HashSet;

use datafusion::datasource::physical_plan::FileSinkConfig;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use futures::TryStreamExt;
use object_store::path::{Path, PathPart};
use object_store::{Error, ObjectStore, ObjectStoreExt};

/// Removes from the folder of a write, and those in it, the files whose names begin with `prefix` and an underscore, but
/// for those in `written`: an earlier attempt may have made more files than the one that succeeded, or in other folders.
///
/// # Errors
/// If the store cannot tell what is there, or remove it. A file that is gone already is none.
pub(crate) async fn remove(
    config: &FileSinkConfig,
    context: &TaskContext,
    prefix: &str,
    written: &HashSet<Path>,
) -> Result<()> {
    // Attempts at the same rows make files all of them, or none of them does.
    if written.is_empty() {
        return Ok(());
    }
    let store = context
        .runtime_env()
        .object_store(&config.object_store_url)?;
    let begin = format!("{prefix}_");
    let begin = PathPart::from(begin.as_str());
    for table in &config.table_paths {
        let left = store.list(Some(table.prefix())).try_filter_map(|file| {
            let name = file.location.filename().unwrap_or_default();
            let is_left = name.starts_with(begin.as_ref()) && !written.contains(&file.location);
            std::future::ready(Ok(is_left.then_some(file.location)))
        });
        let left = left.map_err(engine_error);
        left.try_for_each_concurrent(8, |path| {
            let store = &store;
            async move {
                match store.delete(&path).await {
                    Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                    Err(error) => Err(engine_error(error)),
                }
            }
        })
        .await?;
    }
    Ok(())
}

/// As an I/O error, since a store that cannot list or delete is one that may when it is asked again.
fn engine_error(error: Error) -> DataFusionError {
    DataFusionError::IoError(error.into())
}
