//! Pages wait where the session keeps what it spills.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SpillFile, TaskContext};
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    BackgroundPageStoreFactory, InMemoryPageStoreFactory, PageStoreFactory,
    TempFilePageStoreFactory, TieredPageStoreFactory,
};

/// Where the pages of a write wait for the end of their row group.
#[derive(Clone)]
pub(crate) struct Spill {
    pub(crate) stores: Arc<dyn PageStoreFactory>,
    /// Keeps the session's folder, which goes with the last file in it.
    _folder: Option<Arc<dyn SpillFile>>,
}

impl Spill {
    /// In the session's spill directories, with the disk that is left of its quota; on the heap where the session has no
    /// directory, so that row groups end when the memory is full.
    ///
    /// # Errors
    /// If the session cannot make its directory.
    pub(crate) fn new(context: &TaskContext, budget: &MemoryBudget) -> Result<Self> {
        let runtime = context.runtime_env();
        let Some((directories, folder)) = directories(&runtime)? else {
            return Ok(Self {
                stores: Arc::new(InMemoryPageStoreFactory),
                _folder: None,
            });
        };
        let disk = &runtime.disk_manager;
        let left = disk
            .max_temp_directory_size()
            .saturating_sub(disk.used_disk_space());
        let files = directories.into_iter().fold(
            TempFilePageStoreFactory::builder().with_max_disk_bytes(left),
            |files, directory| files.with_directory(directory),
        );
        let on_thread = BackgroundPageStoreFactory::new(Arc::new(files.build()))
            .with_memory_budget(budget.clone());
        Ok(Self {
            stores: Arc::new(TieredPageStoreFactory::new(
                budget.clone(),
                Arc::new(on_thread),
            )),
            _folder: folder,
        })
    }
}

type Directories = (Vec<PathBuf>, Option<Arc<dyn SpillFile>>);

/// The session's spill directories. They may be there only once a file was asked for.
fn directories(runtime: &RuntimeEnv) -> Result<Option<Directories>> {
    let disk = &runtime.disk_manager;
    if !disk.tmp_files_enabled() {
        return Ok(None);
    }
    // A file of one's own keeps the directory while pages are in it.
    let file = disk.create_tmp_file("pages of a Parquet file")?;
    let known = disk.temp_dir_paths();
    if !known.is_empty() {
        return Ok(Some((known, Some(file))));
    }
    match file.path().and_then(|path| path.parent()) {
        Some(directory) => Ok(Some((vec![directory.to_path_buf()], Some(file)))),
        // Files of a session's own making, of which only streams are known.
        None => Ok(None),
    }
}
