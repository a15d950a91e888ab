//! Every single-bit flip in a spill file is found when its blob is taken, through the whole writer.
#![cfg(target_os = "linux")]

use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::file::properties::WriterVersion;

use crate::bit_flips::{assert_found, options, write};
use crate::run::assert_nothing_left;

#[test]
fn a_spill_file_finds_every_flipped_bit() {
    let directory = tempfile::tempdir().unwrap();
    let stores = Arc::new(TempFilePageStoreFactory::in_directory(directory.path()));
    let written = |before_flush: &dyn Fn()| {
        let options = options(WriterVersion::PARQUET_2_0, stores.clone());
        write(options, before_flush)
    };
    let (length, spilled) = (Cell::new(0), Cell::new(0));
    let (error, reference) = written(&|| {
        length.set(spill_file(directory.path()).1);
        spilled.set(stores.metrics().bytes_spilled());
    });
    assert!(error.is_none());
    assert!(spilled.get() > 100, "{}", spilled.get());
    let mut found = 0;
    for bit in 0..length.get() * 8 {
        let (error, file) = written(&|| flip(&spill_file(directory.path()).0, bit));
        // A bit between blobs belongs to nobody.
        if error.is_some() || file != reference {
            let store = directory.path().to_str().unwrap();
            assert_found(error, &file, store, &format!("bit {bit}"));
            found += 1;
        }
    }
    assert_eq!(found, 8 * spilled.get());
    assert_nothing_left(directory.path(), "flips");
}

/// A way to the one file without a name that is open in `directory`, and its length in bytes.
pub(crate) fn spill_file(directory: &Path) -> (PathBuf, u64) {
    let handles = fs::read_dir("/proc/self/fd").unwrap();
    let ours = handles.filter_map(|handle| {
        let handle = handle.ok()?.path();
        let target = fs::read_link(&handle).ok()?;
        target.starts_with(directory).then_some(handle)
    });
    let ours: Vec<PathBuf> = ours.collect();
    assert_eq!(ours.len(), 1, "{ours:?}");
    let length = fs::metadata(&ours[0]).unwrap().len();
    (ours[0].clone(), length)
}

fn flip(path: &Path, bit: u64) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).unwrap();
    file.write_all_at(&[byte[0] ^ 1 << (bit % 8)], bit / 8)
        .unwrap();
}
