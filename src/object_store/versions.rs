//! One face for all versions of the crate `object_store`.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::future::BoxFuture;

use super::request::{RequestError, kind_behind};
use crate::errors::{ParquetError, Result};

/// A request on its way. It borrows nothing, so that it can be given to a task of its own.
pub(super) type Request<T> = BoxFuture<'static, Result<T>>;

/// An object store. Paths are those of `object_store`, as text; payloads are pieces that follow one another.
pub(super) trait Store: fmt::Debug + Send + Sync {
    /// Makes the object in one request, in place of one that is there.
    fn put(&self, path: &str, payload: Vec<Bytes>) -> Request<Stored>;

    /// Begins to make the object in parts.
    fn begin_upload(&self, path: &str) -> Request<Box<dyn Upload>>;

    /// Reads ranges of the object, in their order.
    fn get_ranges(&self, path: &str, ranges: Vec<Range<u64>>) -> Request<Vec<Bytes>>;

    /// Removes the object.
    fn delete(&self, path: &str) -> Request<()>;
}

/// An object that is being made in parts. Nobody sees it before it is complete.
pub(super) trait Upload: Send {
    /// The next part. Parts follow one another as this is called, in whatever order their requests end.
    fn put_part(&mut self, payload: Vec<Bytes>) -> Request<()>;

    /// Makes the object of the parts, all of which have been taken.
    fn complete(&mut self) -> BoxFuture<'_, Result<Stored>>;

    /// Drops what has been uploaded.
    fn abort(&mut self) -> BoxFuture<'_, Result<()>>;
}

/// What a store says of an object that it has made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) e_tag: Option<String>,
    pub(super) version: Option<String>,
}

/// A store of one version, and what it is told of each object.
struct Versioned<S: ?Sized, O> {
    store: Arc<S>,
    options: O,
}

/// An upload of one version, and the object's path.
struct VersionedUpload<U: ?Sized> {
    upload: Box<U>,
    path: String,
}

impl<S: fmt::Debug + ?Sized, O> fmt::Debug for Versioned<S, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

/// The traits above for one version of the crate: the same calls on types that only look the same.
macro_rules! version {
    ($feature:literal, $krate:ident, $constructor:ident) => {
        /// A store of this version, and what it is told of each object that it makes.
        #[cfg(feature = $feature)]
        pub(super) fn $constructor(
            store: Arc<dyn $krate::ObjectStore>,
            options: $krate::PutMultipartOptions,
        ) -> Arc<dyn Store> {
            Arc::new(Versioned { store, options })
        }

        #[cfg(feature = $feature)]
        const _: () = {
            use $krate::{
                MultipartUpload, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions,
                PutResult, path::Path,
            };

            impl Store for Versioned<dyn ObjectStore, PutMultipartOptions> {
                fn put(&self, path: &str, payload: Vec<Bytes>) -> Request<Stored> {
                    let (store, path, options) =
                        (self.store.clone(), path.to_owned(), self.options.clone());
                    Box::pin(async move {
                        let PutMultipartOptions {
                            tags,
                            attributes,
                            extensions,
                        } = options;
                        let options = PutOptions {
                            tags,
                            attributes,
                            extensions,
                            ..PutOptions::default()
                        };
                        let payload = payload.into_iter().collect();
                        let put = store.put_opts(&parse(&path)?, payload, options).await;
                        put.map(Stored::from)
                            .map_err(|error| failed("put", &path, error))
                    })
                }

                fn begin_upload(&self, path: &str) -> Request<Box<dyn Upload>> {
                    let (store, path, options) =
                        (self.store.clone(), path.to_owned(), self.options.clone());
                    Box::pin(async move {
                        let begun = store.put_multipart_opts(&parse(&path)?, options).await;
                        let upload =
                            begun.map_err(|error| failed("beginning an upload", &path, error))?;
                        Ok(Box::new(VersionedUpload { upload, path }) as Box<dyn Upload>)
                    })
                }

                fn get_ranges(&self, path: &str, ranges: Vec<Range<u64>>) -> Request<Vec<Bytes>> {
                    let (store, path) = (self.store.clone(), path.to_owned());
                    Box::pin(async move {
                        let got = store.get_ranges(&parse(&path)?, &ranges).await;
                        got.map_err(|error| failed("get", &path, error))
                    })
                }

                fn delete(&self, path: &str) -> Request<()> {
                    let (store, path) = (self.store.clone(), path.to_owned());
                    Box::pin(async move {
                        let deleted = store.delete(&parse(&path)?).await;
                        deleted.map_err(|error| failed("delete", &path, error))
                    })
                }
            }

            impl Upload for VersionedUpload<dyn MultipartUpload> {
                fn put_part(&mut self, payload: Vec<Bytes>) -> Request<()> {
                    let (part, path) = (
                        self.upload.put_part(payload.into_iter().collect()),
                        self.path.clone(),
                    );
                    Box::pin(
                        async move { part.await.map_err(|error| failed("put part", &path, error)) },
                    )
                }

                fn complete(&mut self) -> BoxFuture<'_, Result<Stored>> {
                    Box::pin(async move {
                        let completed = self.upload.complete().await;
                        completed
                            .map(Stored::from)
                            .map_err(|error| failed("completing the upload", &self.path, error))
                    })
                }

                fn abort(&mut self) -> BoxFuture<'_, Result<()>> {
                    Box::pin(async move {
                        let aborted = self.upload.abort().await;
                        aborted.map_err(|error| failed("aborting the upload", &self.path, error))
                    })
                }
            }

            impl From<PutResult> for Stored {
                fn from(result: PutResult) -> Self {
                    Stored {
                        e_tag: result.e_tag,
                        version: result.version,
                    }
                }
            }

            fn parse(path: &str) -> Result<Path> {
                let parsed = Path::parse(path);
                parsed.map_err(|error| ParquetError::General(format!("object path: {error}")))
            }

            fn failed(request: &'static str, path: &str, error: $krate::Error) -> ParquetError {
                use std::io::ErrorKind;
                let kind = match &error {
                    $krate::Error::NotFound { .. } => ErrorKind::NotFound,
                    $krate::Error::AlreadyExists { .. } => ErrorKind::AlreadyExists,
                    $krate::Error::InvalidPath { .. } => ErrorKind::InvalidInput,
                    $krate::Error::NotSupported { .. } | $krate::Error::NotImplemented { .. } => {
                        ErrorKind::Unsupported
                    }
                    $krate::Error::PermissionDenied { .. }
                    | $krate::Error::Unauthenticated { .. } => ErrorKind::PermissionDenied,
                    other => kind_behind(other),
                };
                let source: Box<dyn Error + Send + Sync> = Box::new(error);
                RequestError::reported(request, path, kind, source)
            }
        };
    };
}

version!("object_store_13", object_store_13, store_of_13);
version!("object_store_14", object_store_14, store_of_14);
