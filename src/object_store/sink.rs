//! The sink that makes an object.

use std::fmt;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::future::BoxFuture;
use tokio::runtime::Handle;

use super::filling::{Filling, Payload};
use super::part_sizes::{MOST_PARTS, PartSizes};
use super::payment::Purse;
use super::uploading::{End, Uploading, no_runtime};
use super::versions::{Store, Stored};
use crate::arrow::async_writer::AsyncFileWriter;
use crate::budget::MemoryBudget;
use crate::errors::{ParquetError, Result};
use crate::latch::Latch;

/// The first part's size if nothing else is asked for.
const PART_SIZE: usize = 8 << 20;

/// Parts on their way at once if nothing else is asked for.
const PARTS_IN_FLIGHT: usize = 8;

/// A sink that makes one object of an object store.
///
/// A file smaller than a part is put in one request. A larger one is uploaded in parts, which are cut from the chunks
/// that come without copying them, while more is written. Nobody sees the object before
/// [`complete`](AsyncFileWriter::complete) has made it of all its parts; until then there is none under its path, or
/// the one that was there before.
///
/// # Memory
///
/// Without a limit the sink holds the part that is being filled and those on their way, eight of 8 MiB at most. With a
/// [`MemoryBudget`] it keeps to that: room for a part is reserved before it is filled, and where the budget grants none
/// the sink waits for a part on its way. If none is, it goes on, because a part that is not full cannot leave. So a
/// limit should have room for three parts; with less the sink reserves no more than three eighths of its share, and
/// holds the rest of the one part past the limit.
///
/// A writer of this crate tells the sink its budget, and its chunks have been paid for from it. For chunks that come
/// from elsewhere there is [`with_memory_budget`](Self::with_memory_budget). A store that keeps the chunks it was
/// given, such as one in memory, keeps what pays for them as well.
///
/// # Sizes of parts
///
/// The first 1,250 parts have the size of the first. From then on each has a 1,250th of all bytes before it, so that
/// 5 TiB fit into the 10,000 parts that stores take; under a limit parts grow no larger than a quarter of the sink's
/// share. A file that needs more parts is an error. Stores that want all parts of the same size, such as R2, need
/// [`with_equal_parts`](Self::with_equal_parts).
///
/// # Failures
///
/// When a request fails the upload is aborted before the error is returned, and every later call fails. The error is a
/// [`ParquetError::External`] around an [`io::Error`](std::io::Error), whose kind says what it is worth to try again:
/// `TimedOut`, `ResourceBusy` and the kinds of lost connections may pass. It holds a
/// [`RequestError`](super::RequestError), and the store's own error is in its chain of sources. Requests are
/// repeated by the store, as it has been told to; the sink repeats none.
///
/// # Futures that are dropped
///
/// A future of this sink may be dropped at any point. The bytes of a `write` that was polled once are the sink's, and
/// what went wrong is told by the next call. All requests are made by tasks on a tokio runtime, the one that the sink
/// is first written to in, or that of [`with_runtime`](Self::with_runtime), so they go on meanwhile. A caller who
/// drops every `write` after one poll does without the wait that keeps memory small.
///
/// When the sink is dropped before it is complete, its task aborts the upload, if the runtime is there long enough;
/// [`abort`](Self::abort) waits for that. No program can do so when it is killed: stores should have a rule that
/// removes uploads which were not completed after some days.
pub struct ObjectStoreSink {
    store: Arc<dyn Store>,
    path: String,
    sizes: PartSizes,
    in_flight: usize,
    runtime: Option<Handle>,
    purse: Purse,
    filling: Filling,
    /// The size of the part that is being filled.
    size: usize,
    /// Whether room for that part has been reserved.
    has_room: bool,
    /// Bytes and parts handed to the upload.
    sent: u64,
    parts: usize,
    state: State,
    latch: Latch,
    left_open: Option<ParquetError>,
}

/// What has become of the object.
#[derive(Debug)]
enum State {
    /// Nothing has been asked of the store.
    Gathering,
    /// Parts are on their way.
    Uploading(Uploading),
    /// All bytes are on their way.
    Completing(Uploading),
    Complete(Uploaded),
    Aborted,
}

/// An object that a sink has made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uploaded {
    /// The entity tag that the store gave it.
    pub e_tag: Option<String>,
    /// The version that the store gave it.
    pub version: Option<String>,
    /// Its bytes.
    pub size: u64,
    /// The parts it was uploaded in, or zero if it was put in one request.
    pub parts: usize,
}

impl ObjectStoreSink {
    /// A sink that makes the object at `path`, in place of one that may be there.
    #[cfg(feature = "object_store_14")]
    pub fn new(
        store: Arc<dyn object_store_14::ObjectStore>,
        path: object_store_14::path::Path,
    ) -> Self {
        Self::new_with_options(store, path, object_store_14::PutMultipartOptions::default())
    }

    /// As [`new`](Self::new), with tags and attributes for the object. They count for an object that is put in one
    /// request as well.
    #[cfg(feature = "object_store_14")]
    pub fn new_with_options(
        store: Arc<dyn object_store_14::ObjectStore>,
        path: object_store_14::path::Path,
        options: object_store_14::PutMultipartOptions,
    ) -> Self {
        Self::over(super::versions::store_of_14(store, options), path.into())
    }

    /// As [`new`](Self::new), for `object_store` 0.13.
    #[cfg(feature = "object_store_13")]
    pub fn new_13(
        store: Arc<dyn object_store_13::ObjectStore>,
        path: object_store_13::path::Path,
    ) -> Self {
        Self::new_13_with_options(store, path, object_store_13::PutMultipartOptions::default())
    }

    /// As [`new_with_options`](Self::new_with_options), for `object_store` 0.13.
    #[cfg(feature = "object_store_13")]
    pub fn new_13_with_options(
        store: Arc<dyn object_store_13::ObjectStore>,
        path: object_store_13::path::Path,
        options: object_store_13::PutMultipartOptions,
    ) -> Self {
        Self::over(super::versions::store_of_13(store, options), path.into())
    }

    /// The size of the first part, 8 MiB by default. Most stores take no part below 5 MiB but the last; those that do
    /// need less memory for smaller ones.
    #[must_use]
    pub fn with_part_size(mut self, bytes: usize) -> Self {
        self.sizes = self.sizes.with_first(bytes);
        self.started()
    }

    /// Makes all parts but the last as large as the first. A file then has at most 10,000 times the
    /// [`part size`](Self::with_part_size).
    #[must_use]
    pub fn with_equal_parts(mut self) -> Self {
        self.sizes = self.sizes.made_equal();
        self.started()
    }

    /// How many parts may be on their way at once, 8 by default and at least one.
    #[must_use]
    pub fn with_parts_in_flight(mut self, parts: usize) -> Self {
        self.in_flight = parts.max(1);
        self
    }

    /// Pays from `budget` for all that the sink holds, by what chunks keep on the heap. A writer of this crate that
    /// writes to the sink puts its own budget in its place.
    #[must_use]
    pub fn with_memory_budget(mut self, budget: MemoryBudget) -> Self {
        self.purse = Purse::paying(&budget);
        self.started()
    }

    /// The runtime that requests are made on, rather than the one that the sink is first written to in.
    #[must_use]
    pub fn with_runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// The object's path in the store.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the store says of the object, once it is complete.
    pub fn uploaded(&self) -> Option<&Uploaded> {
        match &self.state {
            State::Complete(uploaded) => Some(uploaded),
            _ => None,
        }
    }

    /// Why an upload that failed could not be aborted: the store has kept its parts.
    pub fn left_open(&self) -> Option<&ParquetError> {
        self.left_open.as_ref()
    }

    /// Gives the object up: drops all bytes, aborts the upload and waits for that. Later calls fail, but for this one.
    /// If the future is dropped, the upload is aborted all the same.
    ///
    /// # Errors
    /// If the store cannot abort the upload, or the object is complete. If this comes while the object is being
    /// completed, the store alone knows whether it is there.
    pub async fn abort(&mut self) -> Result<()> {
        self.let_go();
        if let State::Gathering = self.state {
            self.state = State::Aborted;
        }
        while let State::Uploading(uploading) | State::Completing(uploading) = &mut self.state {
            uploading.abort();
            match uploading.next().await {
                // Told as the result.
                Some(End::Aborted {
                    left_open: Some(error),
                }) => {
                    self.state = State::Aborted;
                    return Err(error);
                }
                // A failure has been aborted as well.
                news => drop(self.note(news)),
            }
        }
        match (&self.state, &self.left_open) {
            (State::Complete(_), _) => Err(self.misused("is complete and cannot be aborted")),
            (_, Some(error)) => Err(self.misused(&format!("was left open: {error}"))),
            (_, None) => Ok(()),
        }
    }

    fn over(store: Arc<dyn Store>, path: String) -> Self {
        let sink = Self {
            store,
            path,
            sizes: PartSizes::Growing(PART_SIZE),
            in_flight: PARTS_IN_FLIGHT,
            runtime: None,
            purse: Purse::paying(&MemoryBudget::unlimited()),
            filling: Filling::default(),
            size: 0,
            has_room: false,
            sent: 0,
            parts: 0,
            state: State::Gathering,
            latch: Latch::default(),
            left_open: None,
        };
        sink.started()
    }

    /// The sink with room for what is filled next, sizes or budget having changed.
    fn started(mut self) -> Self {
        self.start();
        self
    }

    fn start(&mut self) {
        self.size = self.sizes.next(self.sent, self.purse.most_bytes_of_part());
        let left = self.size.saturating_sub(self.filling.len());
        self.purse.make_first_room(left);
        self.has_room = true;
    }

    /// Takes the chunk and sends the parts that are full on their way.
    fn take(&mut self, chunk: Bytes) -> Result<()> {
        let mut chunk = Filling::admit(chunk, &mut self.purse);
        while !chunk.is_empty() {
            if self.parts == MOST_PARTS {
                return Err(self.too_many_parts());
            }
            self.filling.take(&mut chunk, self.size, &mut self.purse);
            if self.filling.len() >= self.size {
                self.send_part()?;
            }
        }
        Ok(())
    }

    /// Sends what is filled on its way, as a part.
    fn send_part(&mut self) -> Result<()> {
        if let State::Gathering = self.state {
            let begin = self.store.begin_upload(&self.path);
            self.state =
                State::Uploading(Uploading::begin(&self.runtime()?, begin, self.in_flight));
        }
        if let State::Uploading(uploading) = &mut self.state {
            self.sent += self.filling.len() as u64;
            self.parts += 1;
            uploading.put_part(self.filling.cut());
            self.size = self.sizes.next(self.sent, self.purse.most_bytes_of_part());
            self.has_room = false;
        }
        Ok(())
    }

    /// Waits until the part that follows may be filled.
    async fn wait_for_room(&mut self) -> Result<()> {
        while let (false, State::Uploading(uploading)) = (self.has_room, &mut self.state) {
            let left = self.size.saturating_sub(self.filling.len());
            match uploading.unfinished() {
                // Nothing will free memory by itself.
                0 => {
                    self.purse.make_room(left);
                    self.has_room = true;
                }
                parts if parts < self.in_flight && self.purse.try_make_room(left) => {
                    self.has_room = true;
                }
                _ => {
                    let news = uploading.next().await;
                    self.note(news)?;
                }
            }
        }
        Ok(())
    }

    /// Sends all that is left on its way.
    fn send_rest(&mut self) -> Result<()> {
        match self.state {
            State::Gathering => {
                let runtime = self.runtime()?;
                self.sent = self.filling.len() as u64;
                let Payload { pieces, paid } = self.filling.cut();
                let put = self.store.put(&self.path, pieces);
                self.state = State::Completing(Uploading::put(&runtime, put, paid));
            }
            State::Uploading(_) if self.filling.len() > 0 => self.send_part()?,
            _ => {}
        }
        self.purse.close();
        self.state = match mem::replace(&mut self.state, State::Aborted) {
            State::Uploading(mut uploading) => {
                uploading.complete();
                State::Completing(uploading)
            }
            other => other,
        };
        Ok(())
    }

    /// Whether the sink takes calls, going by what has happened so far.
    fn check(&mut self) -> Result<()> {
        self.latch.check()?;
        if let State::Uploading(uploading) | State::Completing(uploading) = &mut self.state {
            let news = uploading.so_far();
            self.note(news)?;
        }
        match self.state {
            State::Aborted => Err(self.misused("was aborted")),
            _ => Ok(()),
        }
    }

    /// Takes note of how the upload ended, if it has.
    fn note(&mut self, news: Option<End>) -> Result<()> {
        match news {
            None => Ok(()),
            Some(End::Stored(Stored { e_tag, version })) => {
                self.state = State::Complete(Uploaded {
                    e_tag,
                    version,
                    size: self.sent,
                    parts: self.parts,
                });
                Ok(())
            }
            Some(End::Aborted { left_open }) => {
                (self.state, self.left_open) = (State::Aborted, left_open);
                Ok(())
            }
            Some(End::Failed { error, left_open }) => {
                (self.state, self.left_open) = (State::Aborted, left_open);
                self.let_go();
                self.latch.end(Err(error))
            }
        }
    }

    /// Ends everything because of an error of the sink's own.
    async fn fail(&mut self, error: ParquetError) -> Result<()> {
        self.latch.shut(&error);
        self.left_open = self.abort().await.err();
        Err(error)
    }

    /// Drops what is being filled.
    fn let_go(&mut self) {
        drop(self.filling.cut());
        self.purse.close();
    }

    fn runtime(&self) -> Result<Handle> {
        let named = self.runtime.clone();
        named
            .or_else(|| Handle::try_current().ok())
            .ok_or_else(no_runtime)
    }

    fn misused(&self, what: &str) -> ParquetError {
        ParquetError::General(format!("the object {} {what}", self.path))
    }

    fn too_many_parts(&self) -> ParquetError {
        self.misused(&format!(
            "would need more than {MOST_PARTS} parts, the last of which had {} bytes: make parts larger, or the memory \
             limit if that keeps them small",
            self.size
        ))
    }
}

impl AsyncFileWriter for ObjectStoreSink {
    fn write(&mut self, bs: Bytes) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check()?;
            if let State::Completing(_) | State::Complete(_) = self.state {
                return Err(self.misused("takes no bytes behind its end"));
            }
            match self.take(bs) {
                Ok(()) => self.wait_for_room().await,
                Err(error) => self.fail(error).await,
            }
        })
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check()?;
            if let Err(error) = self.send_rest() {
                return self.fail(error).await;
            }
            while let State::Completing(uploading) = &mut self.state {
                let news = uploading.next().await;
                self.note(news)?;
            }
            Ok(())
        })
    }

    fn keeps_bytes_of_dropped_writes(&self) -> bool {
        true
    }

    fn chunks_are_paid_from(&mut self, budget: &MemoryBudget) {
        self.purse = Purse::of_paid_chunks(budget);
        self.start();
    }

    fn bytes_held_back(&self) -> usize {
        self.sizes.first()
    }
}

impl fmt::Debug for ObjectStoreSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStoreSink")
            .field("store", &self.store)
            .field("path", &self.path)
            .field("sent", &self.sent)
            .field("parts", &self.parts)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
