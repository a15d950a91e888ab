//! A store around another one, which counts requests, delays and fails them, and has rules for parts.

use std::fmt;
use std::future::pending;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::stream::BoxStream;
use object_store_14::memory::InMemory;
use object_store_14::path::Path;
use object_store_14::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};
use tokio::time::sleep;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It fails and does nothing.
    FailsBefore,
    /// It fails after some time and does nothing.
    FailsMeanwhile,
    /// It does what it should, and the answer is lost.
    FailsAfter,
    /// It does nothing and never ends.
    HangsBefore,
    /// It does what it should and never ends.
    HangsAfter,
    Panics,
}

/// What the store has seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// The kinds of all requests, in order.
    pub(crate) requests: Vec<&'static str>,
    /// Uploads that were begun and neither completed nor aborted.
    pub(crate) open: usize,
    /// Those of them that the caller cannot know of.
    pub(crate) unheard_of: usize,
    pub(crate) part_sizes: Vec<usize>,
    /// Parts on their way, and the most that were at once.
    pub(crate) in_flight: usize,
    pub(crate) most_in_flight: usize,
    /// Where the pieces of parts begin on the heap, to see whether they were copied.
    pub(crate) pieces: Vec<usize>,
}

/// What the store does to requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    /// The requests with these numbers, from zero, meet these fates.
    pub(crate) fates: Vec<(usize, Fate)>,
    /// The error of requests that fail; lost connections if nothing is said.
    pub(crate) error: Option<fn() -> Error>,
    /// How long a part takes, and what makes the object visible.
    pub(crate) delay: Duration,
    /// Parts of fewer bytes are refused, but for the last.
    pub(crate) least_part: usize,
    /// All parts but the last must have the same size.
    pub(crate) wants_equal_parts: bool,
    /// Payloads are forgotten rather than stored.
    pub(crate) discards: bool,
}

#[derive(Clone)]
pub(crate) struct Trial {
    inner: Arc<dyn ObjectStore>,
    rules: Rules,
    seen: Arc<Mutex<Seen>>,
}

impl Trial {
    pub(crate) fn new(rules: Rules) -> Self {
        Self::around(Arc::new(InMemory::new()), rules)
    }

    pub(crate) fn around(inner: Arc<dyn ObjectStore>, rules: Rules) -> Self {
        let seen = Arc::default();
        Self { inner, rules, seen }
    }

    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::new(self.clone())
    }

    pub(crate) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// The object's bytes, if there is one.
    pub(crate) async fn object(&self, path: &Path) -> Option<Bytes> {
        match self.inner.get(path).await {
            Ok(got) => Some(got.bytes().await.unwrap()),
            Err(Error::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// Counts a request and looks its fate up.
    fn request(&self, kind: &'static str) -> Option<Fate> {
        let mut seen = self.lock();
        let number = seen.requests.len();
        seen.requests.push(kind);
        let mut fates = self.rules.fates.iter();
        fates.find(|(at, _)| *at == number).map(|(_, fate)| *fate)
    }
}

/// Lets `work` meet its fate.
async fn meet<T>(
    fate: Option<Fate>,
    error: Option<fn() -> Error>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let error = error.unwrap_or(reset);
    match fate {
        None => work.await,
        Some(Fate::FailsBefore) => Err(error()),
        Some(Fate::FailsMeanwhile) => {
            sleep(Duration::from_millis(5)).await;
            Err(error())
        }
        Some(Fate::FailsAfter) => work.await.and_then(|_| Err(error())),
        Some(Fate::HangsBefore) => pending().await,
        Some(Fate::HangsAfter) => {
            work.await?;
            pending().await
        }
        Some(Fate::Panics) => panic!("the store panics"),
    }
}

fn reset() -> Error {
    Error::Generic {
        store: "trial",
        source: Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    }
}

fn refusal(text: String) -> Error {
    Error::Generic {
        store: "trial",
        source: text.into(),
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trial of {}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Trial {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let fate = self.request("put");
        sleep(self.rules.delay).await;
        meet(
            fate,
            self.rules.error,
            self.inner.put_opts(location, payload, opts),
        )
        .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let fate = self.request("begin");
        let begun = meet(fate, self.rules.error, async {
            let begun = self.inner.put_multipart_opts(location, opts).await;
            let mut seen = self.lock();
            seen.open += usize::from(begun.is_ok());
            seen.unheard_of +=
                usize::from(matches!(fate, Some(Fate::FailsAfter | Fate::HangsAfter)));
            drop(seen);
            begun
        })
        .await;
        let upload = TrialUpload {
            trial: self.clone(),
            inner: begun?,
            part_sizes: Vec::new(),
        };
        Ok(Box::new(upload))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct TrialUpload {
    trial: Trial,
    inner: Box<dyn MultipartUpload>,
    part_sizes: Vec<usize>,
}

/// Counts a part on its way until it is dropped.
struct OnItsWay(Trial);

impl OnItsWay {
    fn start(trial: &Trial) -> Self {
        let mut seen = trial.lock();
        seen.in_flight += 1;
        seen.most_in_flight = seen.most_in_flight.max(seen.in_flight);
        drop(seen);
        Self(trial.clone())
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
    }
}

#[async_trait]
impl MultipartUpload for TrialUpload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let fate = self.trial.request("part");
        let size = payload.content_length();
        self.part_sizes.push(size);
        self.trial.lock().part_sizes.push(size);
        let pieces: Vec<usize> = payload.iter().map(|piece| piece.as_ptr().addr()).collect();
        self.trial.lock().pieces.extend(pieces);
        let (trial, on_its_way) = (self.trial.clone(), OnItsWay::start(&self.trial));
        // A request that does nothing leaves a gap, as with a part number that is missing.
        let does_work = !matches!(
            fate,
            Some(Fate::FailsBefore | Fate::FailsMeanwhile | Fate::HangsBefore | Fate::Panics)
        );
        let part =
            (does_work && !self.trial.rules.discards).then(|| self.inner.put_part(payload.clone()));
        Box::pin(async move {
            let _on_its_way = on_its_way;
            sleep(trial.rules.delay).await;
            drop(payload);
            meet(fate, trial.rules.error, async move {
                match part {
                    Some(part) => part.await,
                    None => Ok(()),
                }
            })
            .await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let fate = self.trial.request("complete");
        sleep(self.trial.rules.delay).await;
        let rules = &self.trial.rules;
        let all_but_last = self.part_sizes.split_last().map_or(&[][..], |(_, all)| all);
        if let Some(size) = all_but_last.iter().find(|size| **size < rules.least_part) {
            return Err(refusal(format!("a part of {size} bytes is too small")));
        }
        let first = all_but_last.first();
        if rules.wants_equal_parts && all_but_last.iter().any(|size| Some(size) != first) {
            return Err(refusal("parts are of different sizes".to_owned()));
        }
        if self.part_sizes.len() > 10_000 {
            return Err(refusal("there are more than 10,000 parts".to_owned()));
        }
        let (trial, inner) = (&self.trial, &mut self.inner);
        meet(fate, trial.rules.error, async {
            let completed = inner.complete().await;
            trial.lock().open -= usize::from(completed.is_ok());
            completed
        })
        .await
    }

    async fn abort(&mut self) -> Result<()> {
        let fate = self.trial.request("abort");
        let (trial, inner) = (&self.trial, &mut self.inner);
        meet(fate, trial.rules.error, async {
            let aborted = inner.abort().await;
            let mut seen = trial.lock();
            seen.open -= usize::from(aborted.is_ok() && seen.open > 0);
            aborted
        })
        .await
    }
}
