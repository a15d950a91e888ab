//! Requests as jobs of their own: begun under a lock, started without one, and ended in whatever way exactly once.

use std::future::{Future, poll_fn};
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::Poll;
use std::thread;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::super::versions::Store;
use super::executor::Job;
use super::failure::{not_as_asked, unanswered};
use crate::errors::{ParquetError, Result};

/// Told, or closed, when a request is not wanted any more.
pub(super) type Cancelled = oneshot::Receiver<()>;

/// What is told when a request has ended.
pub(super) trait Ended: Send + 'static {
    fn end(self, outcome: Result<()>);
}

/// A request that changes the store, for one object.
pub(super) struct Change {
    pub(super) store: Arc<dyn Store>,
    pub(super) path: String,
}

/// A range of an object that is on its way.
pub(super) struct Answer {
    bytes: Receiver<Result<Bytes>>,
    _cancel: oneshot::Sender<()>,
}

/// Tells `ended`, whatever happens to the job it is part of.
struct Telling<E: Ended> {
    request: &'static str,
    path: String,
    ended: Option<E>,
}

impl Change {
    /// Makes the object.
    pub(super) fn put(self, payload: Vec<Bytes>, cancelled: Cancelled, ended: impl Ended) -> Job {
        let Self { store, path } = self;
        let telling = Telling::new("put", &path, ended);
        let request = async move { store.put(&path, payload).await.map(drop) };
        job(request, cancelled, |outcome| telling.tell(outcome))
    }

    /// Removes the object.
    pub(super) fn delete(self, cancelled: Cancelled, ended: impl Ended) -> Job {
        let Self { store, path } = self;
        let telling = Telling::new("delete", &path, ended);
        let request = async move { store.delete(&path).await };
        job(request, cancelled, |outcome| telling.tell(outcome))
    }
}

impl Answer {
    /// Asks for a range of an object.
    pub(super) fn of(store: Arc<dyn Store>, path: String, range: Range<u64>) -> (Job, Self) {
        let (tell, bytes) = sync_channel(1);
        let (_cancel, cancelled) = oneshot::channel();
        let request = read(store, path, range);
        let job = job(request, cancelled, move |outcome| {
            tell_reader(&tell, outcome)
        });
        (job, Self { bytes, _cancel })
    }

    /// The channel on which it comes. It is closed without if the request was dropped.
    pub(super) fn channel(&self) -> &Receiver<Result<Bytes>> {
        &self.bytes
    }
}

async fn read(store: Arc<dyn Store>, path: String, range: Range<u64>) -> Result<Bytes> {
    let asked = range.end - range.start;
    let ranges = store.get_ranges(&path, vec![range]).await?;
    match ranges.into_iter().next() {
        Some(bytes) if bytes.len() as u64 == asked => Ok(bytes),
        other => {
            let came = other.map_or(0, |bytes| bytes.len());
            let text = format!("{asked} bytes were asked for and {came} came");
            Err(not_as_asked("get", &path, &text))
        }
    }
}

fn tell_reader(tell: &SyncSender<Result<Bytes>>, outcome: Option<Result<Bytes>>) {
    if let Some(outcome) = outcome {
        // There may be no reader any more.
        let _ = tell.send(outcome);
    }
}

/// A job that runs `request`, gives everything up that belongs to it, and then tells the outcome; `None` if it was
/// cancelled.
fn job<T: Send + 'static>(
    request: impl Future<Output = T> + Send + 'static,
    cancelled: Cancelled,
    tell: impl FnOnce(Option<T>) + Send + 'static,
) -> Job {
    Box::pin(async move {
        let outcome = unless_cancelled(request, cancelled).await;
        tell(outcome);
    })
}

async fn unless_cancelled<T>(request: impl Future<Output = T>, cancelled: Cancelled) -> Option<T> {
    let (mut request, mut cancelled) = (pin!(request), pin!(cancelled));
    poll_fn(|context| match cancelled.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => request.as_mut().poll(context).map(Some),
    })
    .await
}

impl<E: Ended> Telling<E> {
    fn new(request: &'static str, path: &str, ended: E) -> Self {
        Self {
            request,
            path: path.to_owned(),
            ended: Some(ended),
        }
    }

    fn tell(mut self, outcome: Option<Result<()>>) {
        if let (Some(outcome), Some(ended)) = (outcome, self.ended.take()) {
            ended.end(outcome);
        }
    }

    fn unanswered(&self) -> ParquetError {
        unanswered(self.request, &self.path, thread::panicking())
    }
}

impl<E: Ended> Drop for Telling<E> {
    fn drop(&mut self) {
        let error = self.unanswered();
        if let Some(ended) = self.ended.take() {
            ended.end(Err(error));
        }
    }
}
