//! An S3 server in this process, over a folder that goes with it, which is as slow as it is told to be and refuses what it
//! is told to refuse.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, HttpError, HttpResponse};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const BUCKET: &str = "bucket";
const KEY: &str = "key";
const SECRET: &str = "secret";

/// The server; it ends when this is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    folder: TempDir,
    conduct: Arc<Conduct>,
    answering: JoinHandle<()>,
}

/// How requests are answered.
#[derive(Default)]
struct Conduct {
    /// What each part and each object takes.
    milliseconds: AtomicU64,
    /// Those that are being taken, and the most that ever were at once.
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    /// Parts that were taken, and how many of them are.
    parts: AtomicUsize,
    most_parts: AtomicUsize,
    /// Whether no upload is completed.
    completes_none: AtomicBool,
}

impl Server {
    /// A server that is quick and refuses nothing.
    ///
    /// # Errors
    /// If there is no folder to be had, or no port.
    pub(crate) async fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join(BUCKET))?;
        let files = FileSystem::new(folder.path());
        let files = files.map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let conduct = Arc::new(Conduct {
            most_parts: AtomicUsize::new(usize::MAX),
            ..Conduct::default()
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let answering = tokio::spawn(answer(listener, service.build(), Arc::clone(&conduct)));
        Ok(Self {
            address,
            folder,
            conduct,
            answering,
        })
    }

    /// Makes each part and each object take so long.
    pub(crate) fn slow_down(&self, each: Duration) {
        let milliseconds = u64::try_from(each.as_millis()).unwrap_or(u64::MAX);
        self.conduct
            .milliseconds
            .store(milliseconds, Ordering::Relaxed);
    }

    /// Refuses all parts behind so many.
    pub(crate) fn take_parts(&self, most: usize) {
        self.conduct.most_parts.store(most, Ordering::Relaxed);
    }

    /// Completes no upload.
    pub(crate) fn complete_none(&self) {
        self.conduct.completes_none.store(true, Ordering::Relaxed);
    }

    /// Parts that it was sent.
    pub(crate) fn parts(&self) -> usize {
        self.conduct.parts.load(Ordering::Relaxed)
    }

    /// The most parts and objects that it was taking at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.conduct.most_at_once.load(Ordering::Relaxed)
    }

    /// A client of the server that soon gives a request up.
    pub(crate) fn client(&self) -> object_store::Result<AmazonS3> {
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(5),
                max_backoff: Duration::from_millis(20),
                base: 2.0,
            },
            max_retries: 1,
            retry_timeout: Duration::from_secs(20),
        };
        AmazonS3Builder::new()
            .with_endpoint(format!("http://{}", self.address))
            .with_region("us-east-1")
            .with_bucket_name(BUCKET)
            .with_access_key_id(KEY)
            .with_secret_access_key(SECRET)
            .with_unsigned_payload(true)
            .with_client_options(ClientOptions::new().with_allow_http(true))
            .with_retry(retry)
            .build()
    }

    /// The objects that are there.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn objects(&self) -> io::Result<Vec<PathBuf>> {
        files_below(&self.folder.path().join(BUCKET))
    }

    /// Uploads that were neither completed nor aborted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub(crate) fn open_uploads(&self) -> io::Result<usize> {
        let mut open = 0;
        for entry in fs::read_dir(self.folder.path())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            open += usize::from(name.starts_with(".upload-"));
        }
        Ok(open)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

async fn answer(listener: TcpListener, service: S3Service, conduct: Arc<Conduct>) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(serve(socket, service.clone(), Arc::clone(&conduct)));
    }
}

async fn serve(socket: TcpStream, service: S3Service, conduct: Arc<Conduct>) {
    let answers = service_fn(move |request: Request<Incoming>| {
        let (service, conduct) = (service.clone(), Arc::clone(&conduct));
        async move {
            match conduct.allows(&request).await {
                true => service.call(request.map(Body::from)).await,
                false => Ok::<HttpResponse, HttpError>(refusal()),
            }
        }
    });
    // A client may go away at any time.
    let _ = Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(socket), answers)
        .await;
}

impl Conduct {
    /// Whether `request` is to be answered, after a while if it brings bytes.
    async fn allows(&self, request: &Request<Incoming>) -> bool {
        let query = request.uri().query().unwrap_or_default();
        if request.method() == Method::PUT {
            let milliseconds = self.milliseconds.load(Ordering::Relaxed);
            let at_once = 1 + self.at_once.fetch_add(1, Ordering::Relaxed);
            self.most_at_once.fetch_max(at_once, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            self.at_once.fetch_sub(1, Ordering::Relaxed);
        }
        if request.method() == Method::PUT && query.contains("partNumber") {
            let before = self.parts.fetch_add(1, Ordering::Relaxed);
            return before < self.most_parts.load(Ordering::Relaxed);
        }
        let completes = request.method() == Method::POST && query.contains("uploadId");
        !(completes && self.completes_none.load(Ordering::Relaxed))
    }
}

fn refusal() -> HttpResponse {
    let mut answer = HttpResponse::new(Body::from("no more today".to_owned()));
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    answer
}

/// The files in `folder` and below.
///
/// # Errors
/// If one of the folders cannot be read.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    Ok(found)
}
