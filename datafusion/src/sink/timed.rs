//! The way from the encoder to the object store, with a clock.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use datafusion::physical_plan::metrics::Time;
use futures::future::BoxFuture;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::budget::MemoryBudget;
use herringbone::errors::Result;
use herringbone::object_store::ObjectStoreSink;

use crate::progress::Counters;

/// A sink that tells how long it was waited for, and how much it was given.
pub(super) struct TimedSink {
    inner: ObjectStoreSink,
    waited: Time,
    progress: Arc<Counters>,
    is_completing: bool,
}

impl TimedSink {
    pub(super) fn new(inner: ObjectStoreSink, waited: Time, progress: Arc<Counters>) -> Self {
        Self {
            inner,
            waited,
            progress,
            is_completing: false,
        }
    }

    /// Whether the store has been asked to make the file of what it was given.
    pub(super) fn is_completing(&self) -> bool {
        self.is_completing
    }

    /// What it passes bytes on to.
    pub(super) fn into_inner(self) -> ObjectStoreSink {
        self.inner
    }
}

impl AsyncFileWriter for TimedSink {
    fn write(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<()>> {
        self.progress.add_bytes(bytes.len());
        Box::pin(async move {
            let begin = Instant::now();
            let result = self.inner.write(bytes).await;
            self.waited.add_elapsed(begin);
            result
        })
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let begin = Instant::now();
            self.is_completing = true;
            let result = self.inner.complete().await;
            self.waited.add_elapsed(begin);
            result
        })
    }

    fn keeps_bytes_of_dropped_writes(&self) -> bool {
        self.inner.keeps_bytes_of_dropped_writes()
    }

    fn chunks_are_paid_from(&mut self, budget: &MemoryBudget) {
        self.inner.chunks_are_paid_from(budget);
    }

    fn bytes_held_back(&self) -> usize {
        self.inner.bytes_held_back()
    }
}
