//! Executors that go, and stores that fail.

use std::fmt;
use std::io;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use herringbone_ballista::session_config;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::throttle::{ThrottleConfig, ThrottledStore};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tempfile::TempDir;

use crate::support::{
    Process, Spreads, assert_each_once, client, files, in_time, run_executor, spread_writes,
    start_executor_with_store, start_scheduler, url, wait_for_files, with_codec, write,
};

/// What each request of a slow executor takes.
const DELAY: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_there_once_when_an_executor_is_killed_in_the_middle_of_a_write() {
    let folder = TempDir::new().unwrap();
    let scheduler = start_scheduler(Spreads::Yes).await;
    let mut doomed = Process::start(scheduler);
    let _other = Process::start(scheduler);
    let context = client(scheduler, folder.path(), 8, 100).await;
    spread_writes(&context).await;
    let out = folder.path().join("out");
    let copy = format!("COPY t TO '{}' STORED AS PARQUET", url(&out));
    let job = tokio::spawn(async move { write(&context, &copy).await });

    let first = wait_for_files(&out, 2).await;
    leave_behind(&first[0], &out);
    doomed.kill();
    let rows = in_time(job).await.unwrap().unwrap();
    assert_eq!(rows, 800);
    assert_each_once(&out, 800);
    assert_eq!(files(&out).len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_one_task_starts_again_on_another_executor() {
    let folder = TempDir::new().unwrap();
    let scheduler = start_scheduler(Spreads::Yes).await;
    let mut doomed = Process::start(scheduler);
    let context = client(scheduler, folder.path(), 2, 100).await;
    // Adaptive planning does not make lost results of an earlier stage again, and the job would wait for ever.
    for set in [
        "SET ballista.planner.adaptive.enabled = false",
        "SET herringbone.max_open_files = 1",
    ] {
        context.sql(set).await.unwrap().collect().await.unwrap();
    }
    let out = folder.path().join("out");
    let copy = format!(
        "COPY t TO '{}' STORED AS PARQUET PARTITIONED BY (part)",
        url(&out)
    );
    let job = tokio::spawn(async move { write(&context, &copy).await });

    // There is nobody else yet, so it is this one that has written the file.
    let first = wait_for_files(&out, 1).await;
    leave_behind(&first[0], &out.join("part=p1"));
    doomed.kill();
    let _other = Process::start(scheduler);
    assert_eq!(in_time(job).await.unwrap().unwrap(), 200);
    assert_eq!(files(&out).len(), 3);
    assert_each_once(&out, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_tried_again_when_the_store_has_failed() {
    for spreads in [Spreads::No, Spreads::Yes] {
        let folder = TempDir::new().unwrap();
        let scheduler = start_scheduler(spreads).await;
        let store = Arc::new(FailsAtFirst::new(2));
        start_executor_with_store(scheduler, Arc::clone(&store) as _);
        let context = client(scheduler, folder.path(), 2, 100).await;
        spread_writes(&context).await;
        let out = folder.path().join("out");
        let copy = format!("COPY t TO '{}' STORED AS PARQUET", url(&out));
        assert_eq!(in_time(write(&context, &copy)).await.unwrap(), 200);
        assert_eq!(store.failures_left.load(Ordering::Relaxed), 0);
        assert_each_once(&out, 200);
    }
}

/// The executor of [`Process`]. Its store is slow, so that there is a middle of a write to be killed in.
#[test]
#[ignore = "runs until it is killed; other tests start it"]
fn as_an_executor() {
    let Ok(scheduler) = std::env::var("SCHEDULER_PORT") else {
        return;
    };
    // A process that nobody has killed, because the tests were, ends by itself.
    std::thread::spawn(|| {
        std::thread::sleep(crate::support::TIME_LIMIT * 2);
        std::process::exit(1);
    });
    let delays = ThrottleConfig {
        wait_put_per_call: DELAY,
        ..ThrottleConfig::default()
    };
    let store = ThrottledStore::new(LocalFileSystem::new(), delays);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run_executor(
        scheduler.parse().unwrap(),
        session_config,
        with_codec(),
        Some(Arc::new(store)),
    ));
}

/// Leaves in `folder` what an attempt at the write of `file` might have, had it made more files than the next one does.
fn leave_behind(file: &FilePath, folder: &FilePath) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let (job, _) = name.split_once(['_', '.']).unwrap();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::copy(file, folder.join(format!("{job}_17.parquet"))).unwrap();
}

/// The local file system, which fails some requests before all is well.
#[derive(Debug)]
struct FailsAtFirst {
    store: LocalFileSystem,
    failures_left: AtomicUsize,
}

impl FailsAtFirst {
    fn new(failures: usize) -> Self {
        Self {
            store: LocalFileSystem::new(),
            failures_left: AtomicUsize::new(failures),
        }
    }

    fn fail(&self) -> Result<()> {
        let once_less = |left: usize| left.checked_sub(1);
        let left = &self.failures_left;
        match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, once_less) {
            Ok(_) => Err(Error::Generic {
                store: "test",
                source: Box::new(io::Error::from(io::ErrorKind::ConnectionReset)),
            }),
            Err(_) => Ok(()),
        }
    }
}

impl fmt::Display for FailsAtFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FailsAtFirst")
    }
}

#[async_trait]
impl ObjectStore for FailsAtFirst {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.fail()?;
        self.store.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.fail()?;
        self.store.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.store.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.store.copy_opts(from, to, options).await
    }
}
