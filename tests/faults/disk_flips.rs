//! Every single-bit flip in a spill file is found when its blob is taken, through the whole writer.
#![cfg(target_os = "linux")]

use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use herringbone::column::page_store::TempFilePageStoreFactory;
use herringbone::file::properties::WriterVersion;

use crate::bit_flips::{assert_found, options, write};
use crate::run::assert_nothing_left;

/// Where all of these are flipped and nobody minds, none of them belongs to a blob.
const BITS_TOGETHER: usize = 8 * 64;

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
    let store = directory.path().to_str().unwrap();
    let is_found = |bits: Range<u64>| {
        let flip = || flip(&spill_file(directory.path()).0, bits.clone());
        let (error, file) = written(&flip);
        // Bits between blobs belong to nobody.
        let is_found = error.is_some() || file != reference;
        if is_found {
            assert_found(error, &file, store, &format!("bits {bits:?}"));
        }
        is_found
    };
    let mut found = 0;
    let end = length.get() * 8;
    for start in (0..end).step_by(BITS_TOGETHER) {
        let bits = start..end.min(start + BITS_TOGETHER as u64);
        if is_found(bits.clone()) {
            found += bits.filter(|bit| is_found(*bit..bit + 1)).count() as u64;
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

fn flip(path: &Path, bits: Range<u64>) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let start = bits.start / 8;
    let mut bytes = vec![0; (bits.end.div_ceil(8) - start) as usize];
    file.read_exact_at(&mut bytes, start).unwrap();
    for bit in bits {
        bytes[(bit / 8 - start) as usize] ^= 1 << (bit % 8);
    }
    file.write_all_at(&bytes, start).unwrap();
}
