//! Spill files whose disk fails under them: reads that fail, a file that has become shorter, a disk without room.
//!
//! The system's own files stand in for the disk: they are put in the place of the open spill file.
#![cfg(target_os = "linux")]

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::mem::forget;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use herringbone::arrow::ArrowWriter;
use herringbone::budget::MemoryBudget;
use herringbone::column::page_store::{
    GuardedPageStoreFactory, PageKey, PageStore, PageStoreArgs, PageStoreFactory,
    TempFilePageStoreFactory,
};
use herringbone::errors::{ParquetError, Result};
use herringbone::file::properties::WriterVersion;

use crate::bit_flips::{assert_found, options, write};
use crate::disk_flips::spill_file;
use crate::input::{Shape, read};
use crate::run::assert_nothing_left;

/// From now on whoever uses the one spill file in `directory` uses `other`.
fn exchange(directory: &Path, other: &File) {
    let (handle, _) = spill_file(directory);
    let number: RawFd = handle
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    // SAFETY: the handle is open, and forgotten here before anybody closes it.
    let mut spill = unsafe { OwnedFd::from_raw_fd(number) };
    rustix::io::dup2(other, &mut spill).unwrap();
    forget(spill);
}

/// Stores of temporary files that do something before each take.
struct BeforeTakes<F> {
    inner: TempFilePageStoreFactory,
    act: F,
}

struct BeforeTakesStore<F> {
    inner: Box<dyn PageStore>,
    act: F,
}

impl<F> fmt::Debug for BeforeTakes<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeforeTakes")
    }
}

impl<F: Fn() + Clone + Send + Sync + 'static> PageStoreFactory for BeforeTakes<F> {
    fn create(&self, args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(BeforeTakesStore {
            inner: self.inner.create(args)?,
            act: self.act.clone(),
        }))
    }
}

impl<F: Fn() + Send> PageStore for BeforeTakesStore<F> {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        self.inner.put(value)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        (self.act)();
        self.inner.take(key)
    }

    fn memory_size(&self) -> usize {
        self.inner.memory_size()
    }
}

/// Reads of low addresses of a process fail with EIO: nothing is there.
fn failing_reads() -> File {
    File::open("/proc/self/mem").unwrap()
}

/// Takes no byte for want of space.
fn without_room() -> File {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/full")
        .unwrap()
}

#[test]
fn a_read_that_fails_is_an_error_with_path_and_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let inner = TempFilePageStoreFactory::in_directory(directory.path());
        let metrics = inner.metrics();
        let spill = directory.path().to_owned();
        let stores = BeforeTakes {
            inner,
            act: move || exchange(&spill, &failing_reads()),
        };
        let (error, file) = write(options(version, Arc::new(stores)), || {});
        let error = error.expect("the disk fails");
        assert!(
            matches!(&error, ParquetError::PageStore { step: "take", column, page: 0, .. } if column == "number"),
            "{error:?}"
        );
        let text = error.to_string();
        for part in [path, " bytes", "os error 5"] {
            assert!(text.contains(part), "{part:?} in {text:?}");
        }
        assert!(read(&file).is_none(), "a file that looks whole");
        assert_eq!((metrics.disk_used(), metrics.open_files()), (0, 0));
        assert_nothing_left(directory.path(), "EIO");
    }
}

#[test]
fn a_spill_file_that_has_become_shorter_is_found_wherever_it_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let stores = || Arc::new(TempFilePageStoreFactory::in_directory(directory.path()));
    let written = |stores: Arc<TempFilePageStoreFactory>, length: Option<u64>| {
        let options = options(WriterVersion::PARQUET_2_0, stores);
        let mut before = Vec::new();
        let outcome = write(options, || {
            let (handle, _) = spill_file(directory.path());
            before = fs::read(&handle).unwrap();
            if let Some(length) = length {
                let file = OpenOptions::new().write(true).open(handle).unwrap();
                file.set_len(length).unwrap();
            }
        });
        (outcome, before)
    };
    let ((error, reference), bytes) = written(stores(), None);
    let length = bytes.len();
    assert!(error.is_none() && length > 100, "{length}");
    // Between the blobs of two columns there is nothing, and one end in there is as good as another.
    let is_far_from_blobs = |end: usize| {
        let before = end.checked_sub(64).map(|start| &bytes[start..end]);
        before.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0))
    };
    let mut found = 0;
    for end in (0..length).filter(|end| !is_far_from_blobs(*end)) {
        let ((error, file), _) = written(stores(), Some(end as u64));
        // Behind the last blob there may be bytes of nobody.
        if error.is_some() || file != reference {
            assert_found(error, &file, path, &format!("{end} of {length} bytes"));
            found += 1;
        }
    }
    assert!(found > 100, "{found}");
    assert_nothing_left(directory.path(), "short files");
}

#[test]
fn a_disk_that_becomes_full_is_an_error_with_path_and_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    for guarded in [false, true] {
        let files = Arc::new(TempFilePageStoreFactory::in_directory(directory.path()));
        let metrics = files.metrics();
        let budget = MemoryBudget::unlimited();
        let options = match guarded {
            true => options(
                WriterVersion::PARQUET_1_0,
                Arc::new(GuardedPageStoreFactory::new(files)),
            ),
            false => options(WriterVersion::PARQUET_1_0, files),
        };
        let options = options.with_memory_budget(budget.clone());
        let batches = Shape::Flat.batches();
        let mut file = Vec::new();
        let mut writer =
            ArrowWriter::try_new_with_options(&mut file, batches[0].schema(), options).unwrap();
        writer.write(&batches[0]).unwrap();
        exchange(directory.path(), &without_room());
        let error = writer.write(&batches[1]).unwrap_err();
        assert!(
            matches!(&error, ParquetError::PageStore { step: "put", .. }),
            "{error:?}"
        );
        let ParquetError::External(cause) = error.root_cause() else {
            panic!("{error:?}")
        };
        let cause = cause.downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::StorageFull, "{error}");
        let text = error.to_string();
        for part in [path, " bytes"] {
            assert!(text.contains(part), "{part:?} in {text:?}");
        }
        // Nothing later succeeds by mistake.
        for later in [
            writer.write(&batches[2]).unwrap_err(),
            writer.flush().unwrap_err(),
            writer.finish().unwrap_err(),
        ] {
            assert!(matches!(later, ParquetError::Latched(_)), "{later:?}");
        }
        drop(writer);
        assert!(read(&file).is_none(), "a file that looks whole");
        assert_eq!((metrics.disk_used(), metrics.open_files()), (0, 0));
        assert_eq!((budget.used(), budget.members()), (0, 0));
        assert_nothing_left(directory.path(), "ENOSPC");
    }
}
