//! The task that makes an object, and what its owner knows of it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinError, JoinSet};

use super::filling::Payload;
use super::versions::{Request, Stored, Upload};
use crate::budget::Reservation;
use crate::errors::{ParquetError, Result};
use crate::latch::{bury, hushed};

/// An object on its way. All requests are made by a task, so that nothing is lost when a future of the owner's is
/// dropped. When this is dropped before the object is complete, the task aborts the upload by itself.
#[derive(Debug)]
pub(super) struct Uploading {
    /// `None` once the upload is to be aborted.
    orders: Option<UnboundedSender<Order>>,
    news: UnboundedReceiver<News>,
    /// Parts that have been given to the task and are not yet stored.
    unfinished: usize,
}

/// How an upload ended.
#[derive(Debug)]
pub(super) enum End {
    /// The object is there.
    Stored(Stored),
    /// It was aborted because its owner wanted that.
    Aborted {
        /// What the store said to the abort if that failed.
        left_open: Option<ParquetError>,
    },
    /// It failed, and was aborted.
    Failed {
        error: ParquetError,
        /// What the store said to the abort if that failed.
        left_open: Option<ParquetError>,
    },
}

impl End {
    /// It failed with nothing to abort.
    fn failed(error: ParquetError) -> Self {
        let left_open = None;
        End::Failed { error, left_open }
    }
}

/// What the task hears.
#[derive(Debug)]
enum Order {
    Part(Payload),
    Complete,
}

/// What the task tells.
#[derive(Debug)]
enum News {
    PartStored,
    Ended(End),
}

impl Uploading {
    /// Begins an upload, of which at most `in_flight` parts are on their way at once.
    pub(super) fn begin(
        runtime: &Handle,
        begin: Request<Box<dyn Upload>>,
        in_flight: usize,
    ) -> Self {
        let (uploading, orders, told) = Self::new();
        let worker = Worker {
            orders,
            told,
            waiting: VecDeque::new(),
            parts: JoinSet::new(),
            in_flight,
            is_last_known: false,
        };
        runtime.spawn(worker.run(begin));
        uploading
    }

    /// Makes the object in one request, whose payload is `paid` for.
    pub(super) fn put(runtime: &Handle, put: Request<Stored>, paid: Vec<Reservation>) -> Self {
        let (uploading, mut orders, told) = Self::new();
        runtime.spawn(async move {
            let end = match unless_left(&mut orders, calm(put)).await {
                Some(Ok(stored)) => End::Stored(stored),
                Some(Err(error)) => End::failed(error),
                None => End::Aborted { left_open: None },
            };
            drop(paid);
            told.send(News::Ended(end)).ok();
        });
        uploading
    }

    /// Parts that are not yet stored.
    pub(super) fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// Hands over the next part.
    pub(super) fn put_part(&mut self, payload: Payload) {
        self.unfinished += 1;
        self.order(Order::Part(payload));
    }

    /// No part follows.
    pub(super) fn complete(&mut self) {
        self.order(Order::Complete);
    }

    /// Nothing of this is wanted any longer.
    pub(super) fn abort(&mut self) {
        self.orders = None;
    }

    /// Waits until another part is stored, which is `None`, or the upload has ended. Nothing is lost when the future
    /// is dropped.
    pub(super) async fn next(&mut self) -> Option<End> {
        let news = self.news.recv().await;
        self.hear(news)
    }

    /// What has happened so far, without waiting.
    pub(super) fn so_far(&mut self) -> Option<End> {
        while let Ok(news) = self.news.try_recv() {
            let ended = self.hear(Some(news));
            if ended.is_some() {
                return ended;
            }
        }
        None
    }

    fn new() -> (Self, UnboundedReceiver<Order>, UnboundedSender<News>) {
        let (orders, ordered) = unbounded_channel();
        let (told, news) = unbounded_channel();
        let uploading = Self {
            orders: Some(orders),
            news,
            unfinished: 0,
        };
        (uploading, ordered, told)
    }

    fn hear(&mut self, news: Option<News>) -> Option<End> {
        match news {
            Some(News::PartStored) => {
                self.unfinished = self.unfinished.saturating_sub(1);
                None
            }
            Some(News::Ended(end)) => Some(end),
            // The task is gone without a word.
            None => Some(End::failed(no_runtime())),
        }
    }

    /// A task that has ended hears nothing; its last news is still to come.
    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            orders.send(order).ok();
        }
    }
}

/// The task's side of an upload in parts.
struct Worker {
    orders: UnboundedReceiver<Order>,
    told: UnboundedSender<News>,
    /// Parts that are not yet on their way.
    waiting: VecDeque<Payload>,
    parts: JoinSet<Result<()>>,
    /// Parts that may be on their way at once.
    in_flight: usize,
    is_last_known: bool,
}

/// Why there will be no object.
enum Stop {
    Left,
    Failed(ParquetError),
}

impl Stop {
    fn end(self, left_open: Option<ParquetError>) -> End {
        match self {
            Stop::Left => End::Aborted { left_open },
            Stop::Failed(error) => End::Failed { error, left_open },
        }
    }
}

impl From<ParquetError> for Stop {
    fn from(error: ParquetError) -> Self {
        Stop::Failed(error)
    }
}

impl Worker {
    async fn run(mut self, begin: Request<Box<dyn Upload>>) {
        let end = match self.begin(begin).await {
            Ok(mut upload) => match self.make(upload.as_mut()).await {
                Ok(stored) => End::Stored(stored),
                Err(stop) => {
                    self.waiting.clear();
                    self.parts.shutdown().await;
                    stop.end(calm(upload.abort()).await.err())
                }
            },
            Err(error) => End::failed(error),
        };
        self.told.send(News::Ended(end)).ok();
    }

    /// The upload. What the store has begun must be known before it can be aborted, so that this is waited for even
    /// when the owner has left.
    async fn begin(&mut self, begin: Request<Box<dyn Upload>>) -> Result<Box<dyn Upload>> {
        let mut begin = pin!(calm(begin));
        match self.listen_during(begin.as_mut()).await {
            Some(begun) => begun,
            None => {
                self.waiting.clear();
                begin.await
            }
        }
    }

    /// Puts all parts and completes.
    async fn make(&mut self, upload: &mut dyn Upload) -> Result<Stored, Stop> {
        loop {
            self.launch(upload)?;
            if self.is_last_known && self.parts.is_empty() {
                break;
            }
            match poll_fn(|cx| self.poll_step(cx)).await {
                Step::Order(order) => self.take(order.ok_or(Stop::Left)?),
                Step::Part(result) => {
                    result?;
                    self.told.send(News::PartStored).ok();
                }
            }
        }
        let completed = unless_left(&mut self.orders, calm(upload.complete())).await;
        Ok(completed.ok_or(Stop::Left)??)
    }

    /// Sends waiting parts on their way, as many as may be.
    fn launch(&mut self, upload: &mut dyn Upload) -> Result<()> {
        while self.parts.len() < self.in_flight {
            let Some(payload) = self.waiting.pop_front() else {
                break;
            };
            let Payload { pieces, paid } = payload;
            let part = hushed(|| upload.put_part(pieces)).ok_or_else(panicked)?;
            self.parts.spawn(async move {
                let stored = part.await;
                drop(paid);
                stored
            });
        }
        Ok(())
    }

    /// Takes orders until `request` is done. `None` if the owner has left.
    async fn listen_during<T>(
        &mut self,
        mut request: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        poll_fn(|cx| {
            while let Poll::Ready(order) = self.orders.poll_recv(cx) {
                match order {
                    Some(order) => self.take(order),
                    None => return Poll::Ready(None),
                }
            }
            request.as_mut().poll(cx).map(Some)
        })
        .await
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Poll::Ready(order) = self.orders.poll_recv(cx) {
            return Poll::Ready(Step::Order(order));
        }
        match self.parts.poll_join_next(cx) {
            Poll::Ready(Some(ended)) => Poll::Ready(Step::Part(ended.unwrap_or_else(lost))),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Part(payload) => self.waiting.push_back(payload),
            Order::Complete => self.is_last_known = true,
        }
    }
}

/// What the task wakes up for.
enum Step {
    /// `None` if the owner has left.
    Order(Option<Order>),
    Part(Result<()>),
}

/// The outcome of `request`, or `None` if the owner leaves before.
async fn unless_left<T>(
    orders: &mut UnboundedReceiver<Order>,
    request: impl Future<Output = T>,
) -> Option<T> {
    let mut request = pin!(request);
    poll_fn(|cx| {
        while let Poll::Ready(order) = orders.poll_recv(cx) {
            if order.is_none() {
                return Poll::Ready(None);
            }
        }
        request.as_mut().poll(cx).map(Some)
    })
    .await
}

/// The outcome of `request`, a panic among them: the upload must be aborted after that, too.
async fn calm<T>(request: impl Future<Output = Result<T>>) -> Result<T> {
    let mut request = pin!(request);
    poll_fn(|cx| match hushed(|| request.as_mut().poll(cx)) {
        Some(poll) => poll,
        None => Poll::Ready(Err(panicked())),
    })
    .await
}

/// What has become of a part whose task did not return.
fn lost(error: JoinError) -> Result<()> {
    match error.try_into_panic() {
        Ok(payload) => {
            bury(payload);
            Err(panicked())
        }
        Err(_) => Err(no_runtime()),
    }
}

fn panicked() -> ParquetError {
    ParquetError::General("the object store panicked during a request".to_owned())
}

/// The error where tokio ended a task, or where there is none.
pub(super) fn no_runtime() -> ParquetError {
    ParquetError::General(
        "uploads need a tokio runtime that is there until they end: call within one, or name one"
            .to_owned(),
    )
}
