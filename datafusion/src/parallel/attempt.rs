//! One execution of a write by several streams: what they share, and how all of them fail when one does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::runtime::Handle;

use crate::resources::WriteResources;
use crate::sink::{HerringboneSink, WrittenFile};

/// An execution of a write.
pub(super) struct Attempt {
    /// What all its files share.
    pub(super) resources: WriteResources,
    /// What the names of all its files begin with.
    pub(super) prefix: Prefix,
    store: Arc<dyn ObjectStore>,
    state: Mutex<State>,
}

/// What names begin with.
#[derive(Debug, Clone)]
pub(super) enum Prefix {
    /// This, which nobody else has: files go when the write fails.
    Unique(String),
    /// This, which other attempts have as well: they replace the files of this one.
    Shared(String),
}

struct State {
    /// The partitions that have begun.
    begun: Vec<bool>,
    /// Files that go if the write fails.
    files: Vec<Path>,
    failed: bool,
}

/// A partition of an attempt. When it is dropped before its end, the attempt has failed.
pub(super) struct Part {
    attempt: Arc<Attempt>,
    ended: bool,
}

impl Attempt {
    pub(super) fn new(
        sink: &HerringboneSink,
        context: &TaskContext,
        prefix: Prefix,
        partitions: usize,
    ) -> Result<Self> {
        let url = &sink.config().object_store_url;
        Ok(Self {
            resources: WriteResources::new(context)?.shared_by(partitions),
            prefix,
            store: context.runtime_env().object_store(url)?,
            state: Mutex::new(State {
                begun: vec![false; partitions],
                files: Vec::new(),
                failed: false,
            }),
        })
    }

    /// Begins `partition`. `None` if it has begun before, in which case the plan is being executed once more, or if the
    /// attempt has failed.
    pub(super) fn begin(self: &Arc<Self>, partition: usize) -> Option<Part> {
        let mut state = self.state();
        if state.failed {
            return None;
        }
        let begun = state.begun.get_mut(partition)?;
        if std::mem::replace(begun, true) {
            return None;
        }
        Some(Part {
            attempt: Arc::clone(self),
            ended: false,
        })
    }

    /// Whether all partitions have begun.
    pub(super) fn is_complete(&self) -> bool {
        self.state().begun.iter().all(|begun| *begun)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the attempt up. Returns the files to remove.
    fn give_up(&self) -> Vec<Path> {
        let mut state = self.state();
        state.failed = true;
        std::mem::take(&mut state.files)
    }
}

impl Part {
    pub(super) fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// Ends the partition, which has written `files`.
    ///
    /// # Errors
    /// If another one has failed meanwhile. The files are gone then.
    pub(super) async fn finish(mut self, files: &[WrittenFile]) -> Result<()> {
        self.ended = true;
        let files = match &self.attempt.prefix {
            Prefix::Unique(_) => files.iter().map(|file| file.path.clone()).collect(),
            Prefix::Shared(_) => Vec::new(),
        };
        let too_late = {
            let mut state = self.attempt.state();
            if state.failed {
                files
            } else {
                state.files.extend(files);
                return Ok(());
            }
        };
        remove(&self.attempt.store, too_late).await;
        Err(DataFusionError::Execution(
            "another partition of the write has failed".to_owned(),
        ))
    }

    /// Ends the partition, which has failed, and with it the attempt: what other partitions have finished is removed.
    pub(super) async fn fail(mut self) {
        self.ended = true;
        let files = self.attempt.give_up();
        remove(&self.attempt.store, files).await;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.ended {
            remove_later(&self.attempt.store, self.attempt.give_up());
        }
    }
}

/// Removes `files`. What cannot be removed stays: the write has failed for another reason, which tells more.
async fn remove(store: &Arc<dyn ObjectStore>, files: Vec<Path>) {
    for file in files {
        let _ = store.delete(&file).await;
    }
}

/// Removes `files` beside whatever else goes on.
fn remove_later(store: &Arc<dyn ObjectStore>, files: Vec<Path>) {
    if files.is_empty() {
        return;
    }
    if let Ok(runtime) = Handle::try_current() {
        let store = Arc::clone(store);
        runtime.spawn(async move { remove(&store, files).await });
    }
}
