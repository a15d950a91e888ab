//! Where requests run while those who wait for them block.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::errors::Result;

/// Work that nobody waits for here: it says itself when it is done, also when it is dropped.
pub(super) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A thread that starts jobs, from the first of them to the end of this.
///
/// Also where a runtime is given the jobs come to it from this thread. A job that a thread of the runtime starts itself
/// may wait for that very thread, which blocks until the job is done.
#[derive(Debug, Default)]
pub(super) struct Executor {
    runtime: Option<Handle>,
    thread: Mutex<Option<JobThread>>,
    is_stuck: AtomicBool,
}

#[derive(Debug)]
struct JobThread {
    jobs: UnboundedSender<Job>,
    handle: JoinHandle<()>,
}

impl Executor {
    /// Jobs run on `runtime`, or on the thread itself if there is none.
    pub(super) fn new(runtime: Option<Handle>) -> Self {
        Self {
            runtime,
            thread: Mutex::default(),
            is_stuck: AtomicBool::new(false),
        }
    }

    /// Sees to it that there is a thread to start jobs.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(super) fn ready(&self) -> Result<()> {
        let mut thread = self.lock();
        if thread.is_none() {
            *thread = Some(JobThread::start(self.runtime.clone())?);
        }
        Ok(())
    }

    /// Starts a job. It is dropped where there is no thread.
    pub(super) fn start(&self, job: Job) {
        let jobs = self.lock().as_ref().map(|thread| thread.jobs.clone());
        if let Some(jobs) = jobs {
            // A thread that has ended drops the job, which says so.
            let _ = jobs.send(job);
        }
    }

    /// Says that a job may never end: the thread is not waited for.
    pub(super) fn note_stuck(&self) {
        self.is_stuck.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Option<JobThread>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JobThread {
    fn start(runtime: Option<Handle>) -> io::Result<Self> {
        let (jobs, queue) = unbounded_channel();
        let (ready, is_ready) = mpsc::sync_channel(1);
        let builder = thread::Builder::new().name("herringbone-objects".to_owned());
        let handle = builder.spawn(move || {
            let own = match runtime {
                Some(runtime) => {
                    let _ = ready.send(Ok(()));
                    return start_all(queue, &runtime);
                }
                None => Builder::new_current_thread().enable_all().build(),
            };
            match own {
                Ok(own) => {
                    let _ = ready.send(Ok(()));
                    run_all(queue, own);
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        })?;
        let ended = |_| Err(io::Error::other("the thread for requests ended"));
        is_ready.recv().unwrap_or_else(ended)?;
        Ok(Self { jobs, handle })
    }
}

/// The thread, where a runtime is given.
fn start_all(mut queue: UnboundedReceiver<Job>, runtime: &Handle) {
    while let Some(job) = queue.blocking_recv() {
        drop(runtime.spawn(job));
    }
}

/// The thread, with a runtime of its own. A job that panics does not end it.
fn run_all(mut queue: UnboundedReceiver<Job>, runtime: Runtime) {
    runtime.block_on(async move {
        while let Some(job) = queue.recv().await {
            drop(tokio::spawn(job));
        }
    });
    // What is still at work has been given up.
    runtime.shutdown_background();
}

impl Drop for Executor {
    fn drop(&mut self) {
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(JobThread { jobs, handle }) = thread.take() else {
            return;
        };
        drop(jobs);
        let is_self = handle.thread().id() == thread::current().id();
        if !is_self && !self.is_stuck.load(Ordering::Relaxed) {
            // Jobs that panic do not end it.
            let _ = handle.join();
        }
    }
}
