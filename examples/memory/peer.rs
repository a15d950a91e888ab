//! A spilling page store for the `parquet` crate: all columns in one unlinked file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::arrow::arrow_writer::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
use parquet::errors::Result;

#[derive(Debug, Clone)]
pub(crate) struct PeerTempFile {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: File,
    end: AtomicU64,
}

struct PeerStore {
    shared: Arc<Shared>,
    blobs: Vec<(u64, usize)>,
}

impl PeerTempFile {
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(directory)?;
        Ok(Self {
            shared: Arc::new(Shared {
                file,
                end: AtomicU64::new(0),
            }),
        })
    }
}

impl PageStoreFactory for PeerTempFile {
    fn create(&self, _: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(PeerStore {
            shared: self.shared.clone(),
            blobs: Vec::new(),
        }))
    }
}

impl PageStore for PeerStore {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        let offset = self
            .shared
            .end
            .fetch_add(value.len() as u64, Ordering::Relaxed);
        self.shared.file.write_all_at(&value, offset)?;
        self.blobs.push((offset, value.len()));
        Ok(PageKey::new(self.blobs.len() as u64 - 1))
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let (offset, len) = self.blobs[key.get() as usize];
        let mut bytes = vec![0; len];
        self.shared.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes.into())
    }
}
