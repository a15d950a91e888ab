//! An S3 server on this machine, over a folder, and clients of it: what the tests and the measurement of this package
//! have in common.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, process};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;

const BUCKET: &str = "bucket";
const KEY: &str = "key";
const SECRET: &str = "secret";

/// Serves the folder `root` until the process ends. Says on the standard output where.
///
/// # Errors
/// If there is no such folder, or no port.
pub fn serve(root: &Path) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    // Also where whoever started this was killed.
    std::thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(answer(root, listener))
}

async fn answer(root: &Path, listener: TcpListener) -> io::Result<()> {
    let folder = FileSystem::new(root).map_err(|error| io::Error::other(format!("{error:?}")))?;
    let mut service = S3ServiceBuilder::new(folder);
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (socket, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

/// A server in a process of its own, over a folder that goes with it.
pub struct Server {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Server {
    /// Starts `program` with these arguments and a folder, which must [serve](serve) it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(program: impl AsRef<OsStr>, arguments: &[&str]) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join(BUCKET))?;
        let mut process = Command::new(program)
            .args(arguments)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self {
            process,
            address,
            folder,
        })
    }

    /// A client that tries a request again for half a second.
    pub fn client(&self) -> Arc<AmazonS3> {
        // Whoever comes first. `reqwest` asks for it also where no connection is secured.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(20),
                max_backoff: Duration::from_millis(100),
                base: 2.0,
            },
            max_retries: 3,
            retry_timeout: Duration::from_millis(500),
        };
        let client = AmazonS3Builder::new()
            .with_endpoint(format!("http://{}", self.address))
            .with_region("us-east-1")
            .with_bucket_name(BUCKET)
            .with_access_key_id(KEY)
            .with_secret_access_key(SECRET)
            .with_client_options(ClientOptions::new().with_allow_http(true))
            .with_retry(retry)
            .build();
        Arc::new(client.expect("all that it takes is given"))
    }

    /// Ends the server at once, as a machine does that loses power.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(drop)
    }

    /// The objects that are there, and their bytes.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn objects(&self) -> io::Result<Vec<(PathBuf, u64)>> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join(BUCKET)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)))?;
                if kind.is_dir() {
                    folders.push(path);
                } else {
                    found.push((path, kind.len()));
                }
            }
        }
        Ok(found)
    }

    /// Files of uploads that were neither completed nor aborted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn open_uploads(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(self.folder.path())?
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        let is_upload = |name: &String| name.starts_with(".upload");
        Ok(names
            .collect::<io::Result<Vec<_>>>()?
            .into_iter()
            .filter(is_upload)
            .collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill();
    }
}
