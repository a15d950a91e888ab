//! Who encodes: the calling thread alone, threads of the writer's own, or those of a caller's executor.

use std::fmt::Debug;
use std::sync::Arc;

/// Something to be run once, on any thread. It does not block but for a moment, and it does not panic.
pub type Job = Box<dyn FnOnce() + Send + 'static>;

/// Runs jobs on threads that somebody else keeps: a thread pool, or the blocking threads of an asynchronous runtime.
///
/// A writer asks for as many jobs at a time as it has workers, and its own thread works as well. So a job may be run
/// at any time, late or never, be dropped, or be run before [`spawn`](Executor::spawn) returns: the file is the same,
/// only later. A job that is run after its writer has gone does nothing. An executor without a free thread can
/// therefore not bring a writer to a halt that runs on one of its threads.
///
/// With rayon:
///
/// ```ignore
/// #[derive(Debug)]
/// struct Rayon;
///
/// impl Executor for Rayon {
///     fn spawn(&self, job: Job) {
///         rayon::spawn(job);
///     }
/// }
/// ```
///
/// With tokio, whose blocking threads are meant for work like this:
///
/// ```
/// use std::sync::Arc;
///
/// use arrow_array::record_batch;
/// use herringbone::arrow::ArrowWriter;
/// use herringbone::arrow::arrow_writer::{ArrowWriterOptions, Executor, Job, Parallelism};
///
/// #[derive(Debug)]
/// struct Tokio(tokio::runtime::Handle);
///
/// impl Executor for Tokio {
///     fn spawn(&self, job: Job) {
///         self.0.spawn_blocking(job);
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
/// let parallelism = Parallelism::Executor {
///     executor: Arc::new(Tokio(runtime.handle().clone())),
///     threads: 4,
/// };
/// let options = ArrowWriterOptions::new().with_parallelism(parallelism);
/// let batch = record_batch!(("a", Int32, [1, 2, 3]), ("b", Utf8, ["x", "y", "z"]))?;
/// let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options)?;
/// writer.write(&batch)?;
/// assert_eq!(writer.close()?.file_metadata().num_rows(), 3);
/// # Ok(())
/// # }
/// ```
pub trait Executor: Debug + Send + Sync {
    /// Runs `job` on some thread, now or later. Does not wait for it.
    fn spawn(&self, job: Job);
}

/// How many threads encode the columns of a batch.
///
/// The calling thread is always one of them, and a call returns when the batch has been taken in as a whole, as without
/// other threads. Batches that are encoded in less time than it takes to wake a thread stay with the caller. Without
/// a memory limit the file is the same, byte by byte, for any number of threads. Under one, each thread more takes
/// scratch memory of its own, and there are only as many as the limit has room for without making pages smaller; see
/// [`ArrowWriterOptions::with_parallelism`](super::super::ArrowWriterOptions::with_parallelism).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Parallelism {
    /// The calling thread alone.
    #[default]
    Off,
    /// So many threads, the calling one among them. The others are the writer's own: they are started with the first
    /// batch that is worth it, wait between batches, and are joined when the writer is dropped.
    Threads(usize),
    /// So many threads, the calling one among them. The others are the executor's.
    Executor {
        /// Where jobs are run.
        executor: Arc<dyn Executor>,
        /// Threads that work at once, at most.
        threads: usize,
    },
}

impl Parallelism {
    /// Threads that work at once at most, the calling one among them.
    pub(in super::super) fn threads(&self) -> usize {
        match self {
            Parallelism::Off => 1,
            Parallelism::Threads(threads) | Parallelism::Executor { threads, .. } => {
                (*threads).clamp(1, MOST_THREADS)
            }
        }
    }
}

/// No machine has more for one writer to gain from.
const MOST_THREADS: usize = 1024;
