//! Claims about the temp-file store.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;

use super::io::write_all_at;
use super::*;
use crate::column::page_store::{
    PageKey, PageStore, PageStoreArgs, PageStoreFactory, conformance, is_out_of_space,
};
use crate::errors::{ParquetError, Result};

fn store(factory: &TempFilePageStoreFactory) -> Box<dyn PageStore> {
    let column = conformance::column(0);
    factory.create(&PageStoreArgs::new(0, &column)).unwrap()
}

fn in_directory(directory: &Path) -> TempFilePageStoreBuilder {
    TempFilePageStoreFactory::builder().with_directory(directory)
}

fn noise(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|at| {
            let [low, high, ..] = at.to_le_bytes();
            low.wrapping_mul(31) ^ high ^ seed
        })
        .collect()
}

#[test]
fn conforms() {
    let factory = TempFilePageStoreFactory::new();
    conformance::check(&factory);
    assert_eq!(factory.metrics().disk_used(), 0);
    assert_eq!(factory.metrics().open_files(), 0);
}

#[test]
fn conforms_with_small_segments_a_quota_and_no_checksum() {
    let factory = TempFilePageStoreFactory::builder()
        .with_segment_bytes(30_000)
        .with_max_disk_bytes(32 << 20)
        .with_checksum(BlobChecksum::None)
        .build();
    conformance::check(&factory);
    assert_eq!(factory.metrics().disk_used(), 0);
    assert!(factory.metrics().peak_disk_used() <= 32 << 20);
}

#[test]
fn a_spill_file_has_no_name_and_only_its_owner_may_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let factory = in_directory(directory.path()).build();
    let mut store = store(&factory);
    store.put(Bytes::copy_from_slice(b"page")).unwrap();
    assert_eq!(factory.metrics().open_files(), 1);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let file = factory.file_of_segment(0);
        let metadata = file.file.metadata().unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o600);
        assert_eq!(metadata.nlink(), 0);
    }
}

#[test]
fn nothing_is_opened_before_the_first_put() {
    let factory = in_directory(Path::new("/nonexistent")).build();
    let mut unused = store(&factory);
    assert_eq!(unused.memory_size(), 0);
    let error = unused.put(Bytes::copy_from_slice(b"page")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("/nonexistent") && text.contains("4 bytes"),
        "{text}"
    );
    assert!(
        factory
            .probe()
            .unwrap_err()
            .to_string()
            .contains("/nonexistent")
    );
}

#[test]
fn open_files_do_not_grow_with_columns() {
    let factory = TempFilePageStoreFactory::new();
    let mut stores: Vec<_> = (0..2000).map(|_| store(&factory)).collect();
    for store in &mut stores {
        store.put(Bytes::copy_from_slice(&noise(300, 1))).unwrap();
    }
    assert_eq!(factory.metrics().open_files(), 1);
    let held: usize = stores.iter().map(|store| store.memory_size()).sum();
    assert!(held <= 2000 * 128, "{held} bytes for 2000 small columns");
}

#[test]
fn open_files_grow_slowly_with_the_data() {
    let factory = TempFilePageStoreFactory::builder()
        .with_segment_bytes(64 << 10)
        .build();
    let mut store = store(&factory);
    for _ in 0..1600 {
        store.put(Bytes::copy_from_slice(&[5; 40_000])).unwrap();
    }
    let files = factory.metrics().peak_open_files();
    assert!((8..64).contains(&files), "{files} files for 64 MB");
}

#[test]
fn freed_space_is_used_again_and_an_emptied_segment_is_closed() {
    let factory = TempFilePageStoreFactory::new();
    let metrics = factory.metrics();
    let (mut first, mut second) = (store(&factory), store(&factory));
    for _ in 0..10 {
        second.put(Bytes::copy_from_slice(&[2; 6400])).unwrap();
        first.put(Bytes::copy_from_slice(&[1; 6400])).unwrap();
    }
    let full = 128_000_u64.next_multiple_of(4096);
    assert_eq!(metrics.disk_used(), full);
    drop(first);
    let mut third = store(&factory);
    for _ in 0..10 {
        third.put(Bytes::copy_from_slice(&[3; 6400])).unwrap();
    }
    assert_eq!(metrics.disk_used(), full);
    let length = factory.file_of_segment(0).file.metadata().unwrap().len();
    assert!(length <= full + (64 << 10), "{length} bytes for {full}");
    drop(second);
    drop(third);
    assert_eq!((metrics.disk_used(), metrics.open_files()), (0, 0));
    assert_eq!(metrics.peak_disk_used(), full);
}

#[cfg(target_os = "linux")]
#[test]
fn disk_is_given_back_while_blobs_are_taken() {
    use std::os::unix::fs::MetadataExt;
    let factory = TempFilePageStoreFactory::new();
    let metrics = factory.metrics();
    let mut columns: Vec<_> = (0..4).map(|_| (store(&factory), Vec::new())).collect();
    for page in 0..8_u8 {
        for (store, keys) in &mut columns {
            keys.push(
                store
                    .put(Bytes::copy_from_slice(&noise(100_000, page)))
                    .unwrap(),
            );
        }
    }
    let file = factory.file_of_segment(0);
    let on_disk = || file.file.metadata().unwrap().blocks() * 512;
    let mut last = metrics.disk_used();
    for (mut store, keys) in columns {
        for (page, key) in (0..).zip(keys) {
            assert_eq!(store.take(key).unwrap(), noise(100_000, page));
        }
        assert!(metrics.disk_used() <= last - 8 * (100_000 - 2 * 4096));
        last = metrics.disk_used();
        // The file system adds its own tables.
        assert!(metrics.open_files() == 0 || on_disk() <= last + 64 * 1024);
    }
    assert_eq!((last, metrics.open_files()), (0, 0));
}

/// Keys of 60 blobs of 20 kB for each of `stores`, put in turn.
fn put_in_turn(stores: &mut [Box<dyn PageStore>]) -> Vec<Vec<PageKey>> {
    let mut keys = vec![Vec::new(); stores.len()];
    for page in 0..60 {
        for (store, keys) in stores.iter_mut().zip(&mut keys) {
            keys.push(
                store
                    .put(Bytes::copy_from_slice(&noise(20_000, page)))
                    .unwrap(),
            );
        }
    }
    keys
}

#[test]
fn a_lane_takes_disk_only_where_it_is_written() {
    let factory = TempFilePageStoreFactory::new();
    let metrics = factory.metrics();
    let mut stores: Vec<_> = (0..5).map(|_| store(&factory)).collect();
    let keys = put_in_turn(&mut stores);
    let written = 5 * 60 * 20_000;
    let used = metrics.disk_used();
    assert!((written..written + 5 * 8 * 4096).contains(&used), "{used}");
    for (store, keys) in stores.iter_mut().zip(keys) {
        for (page, key) in (0..).zip(keys) {
            assert_eq!(store.take(key).unwrap(), noise(20_000, page));
        }
    }
    assert_eq!((metrics.disk_used(), metrics.open_files()), (0, 0));
}

#[test]
fn the_quota_can_be_used_up_in_lanes() {
    let factory = TempFilePageStoreFactory::builder()
        .with_max_disk_bytes(3_000_000)
        .build();
    let mut stores: Vec<_> = (0..3).map(|_| store(&factory)).collect();
    let mut keys: Vec<Vec<PageKey>> = vec![Vec::new(); 3];
    let refused = (0..).find(|turn| {
        let outcome = stores[turn % 3].put(Bytes::copy_from_slice(&noise(9_000, 7)));
        outcome.map(|key| keys[turn % 3].push(key)).is_err()
    });
    assert!(refused.unwrap() > 310, "{refused:?} blobs of 9 kB");
    for (store, keys) in stores.iter_mut().zip(keys) {
        for key in keys {
            assert_eq!(store.take(key).unwrap(), noise(9_000, 7));
        }
    }
    assert_eq!(factory.metrics().disk_used(), 0);
}

#[test]
fn a_lane_is_left_when_its_directory_is_full() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let factory = in_directory(one.path()).with_directory(two.path()).build();
    let mut stores: Vec<_> = (0..2).map(|_| store(&factory)).collect();
    let mut keys = put_in_turn(&mut stores);
    factory.fill_directories(&[0]);
    for (keys, more) in keys.iter_mut().zip(put_in_turn(&mut stores)) {
        keys.extend(more);
    }
    assert_eq!(factory.directory_of_last_segment(), 1);
    for (store, keys) in stores.iter_mut().zip(keys) {
        for (page, key) in (0..60).chain(0..60).zip(keys) {
            assert_eq!(store.take(key).unwrap(), noise(20_000, page));
        }
    }
    assert_eq!(factory.metrics().disk_used(), 0);
}

#[test]
fn a_put_past_the_quota_is_refused_and_what_was_put_before_remains() {
    let directory = tempfile::tempdir().unwrap();
    let factory = in_directory(directory.path())
        .with_max_disk_bytes(10_000)
        .build();
    let mut store = store(&factory);
    let page = noise(6000, 9);
    let key = store.put(Bytes::copy_from_slice(&page)).unwrap();
    let error = store.put(Bytes::copy_from_slice(&page)).unwrap_err();
    assert!(is_out_of_space(&error));
    let ParquetError::SpillLimitExceeded {
        limit,
        used,
        requested,
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((limit, used, requested), (10_000, 8192, 6000));
    let small = store.put(Bytes::copy_from_slice(&[1; 2000])).unwrap();
    assert_eq!(store.take(key).unwrap(), page);
    assert_eq!(store.take(small).unwrap(), vec![1; 2000]);
    store.put(page.into()).unwrap();
}

#[test]
fn a_blob_larger_than_the_quota_opens_no_file() {
    let factory = TempFilePageStoreFactory::builder()
        .with_max_disk_bytes(10)
        .build();
    assert!(
        store(&factory)
            .put(Bytes::copy_from_slice(&[0; 100]))
            .is_err()
    );
    assert_eq!(factory.metrics().peak_open_files(), 0);
}

#[test]
fn segments_go_into_the_directories_in_turn() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let factory = in_directory(one.path())
        .with_directory(two.path())
        .with_segment_bytes(4096)
        .build();
    let mut store = store(&factory);
    let used: Vec<_> = (0..4)
        .map(|_| {
            store.put(Bytes::copy_from_slice(&[1; 4096])).unwrap();
            factory.directory_of_last_segment()
        })
        .collect();
    assert_eq!(used, [0, 1, 0, 1]);
}

#[test]
fn a_directory_that_is_gone_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let factory = in_directory(Path::new("/nonexistent"))
        .with_directory(directory.path())
        .build();
    let mut store = store(&factory);
    let page = noise(5000, 3);
    let key = store.put(Bytes::copy_from_slice(&page)).unwrap();
    assert_eq!(store.take(key).unwrap(), page);
}

#[test]
fn a_directory_that_vanishes_keeps_what_was_spilled_there() {
    let directory = tempfile::tempdir().unwrap();
    let factory = in_directory(directory.path())
        .with_segment_bytes(4096)
        .build();
    let mut store = store(&factory);
    let page = noise(4000, 4);
    let key = store.put(Bytes::copy_from_slice(&page)).unwrap();
    directory.close().unwrap();
    let error = store.put(Bytes::copy_from_slice(&page)).unwrap_err();
    assert!(!is_out_of_space(&error));
    assert!(error.to_string().contains("cannot open"), "{error}");
    assert_eq!(store.take(key).unwrap(), page);
}

#[test]
fn a_full_directory_is_passed_over_and_used_again_once_it_gave_space_back() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let factory = in_directory(one.path()).with_directory(two.path()).build();
    let mut early = store(&factory);
    let page = noise(10_000, 5);
    let first = early.put(Bytes::copy_from_slice(&page)).unwrap();
    factory.fill_directories(&[0]);
    let mut late = store(&factory);
    let second = late.put(Bytes::copy_from_slice(&page)).unwrap();
    assert_eq!(factory.directory_of_last_segment(), 1);
    assert_eq!(early.take(first).unwrap(), page);
    assert_eq!(late.take(second).unwrap(), page);
    assert_eq!(factory.metrics().disk_used(), 0);
    factory.fill_directories(&[]);
    late.put(Bytes::copy_from_slice(&page)).unwrap();
    assert_eq!(factory.metrics().open_files(), 1);
}

#[test]
fn a_full_disk_is_an_error_with_path_and_bytes_and_leaves_the_earlier_blobs() {
    let directory = tempfile::tempdir().unwrap();
    let factory = in_directory(directory.path()).build();
    let mut store = store(&factory);
    let page = noise(10_000, 6);
    let key = store.put(Bytes::copy_from_slice(&page)).unwrap();
    factory.fill_directories(&[0]);
    let error = store.put(Bytes::copy_from_slice(&page)).unwrap_err();
    assert!(is_out_of_space(&error));
    let text = error.to_string();
    assert!(text.contains("10000 bytes"), "{text}");
    assert!(
        text.contains(&directory.path().display().to_string()),
        "{text}"
    );
    assert_eq!(store.take(key).unwrap(), page);
    factory.fill_directories(&[]);
    let key = store.put(Bytes::copy_from_slice(&page)).unwrap();
    assert_eq!(store.take(key).unwrap(), page);
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_an_error_that_names_it() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("locked");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o500)).unwrap();
    // The superuser may write anywhere.
    if tempfile::tempfile_in(&path).is_ok() {
        return;
    }
    let error = store(&in_directory(&path).build())
        .put(Bytes::copy_from_slice(b"page"))
        .unwrap_err();
    assert!(error.to_string().contains("locked"), "{error}");
}

#[test]
fn every_flipped_bit_is_found() {
    let factory = TempFilePageStoreFactory::new();
    for length in [1, 7, 64, 300, 1000] {
        let page = noise(length, 7);
        for bit in 0..length * 8 {
            let mut store = store(&factory);
            let key = store.put(Bytes::copy_from_slice(&page)).unwrap();
            let mut damaged = page[bit / 8];
            damaged ^= 1 << (bit % 8);
            let file = factory.file_of_segment(0);
            write_all_at(&file.file, &[damaged], (bit / 8) as u64).unwrap();
            let error = store.take(key).unwrap_err();
            assert!(
                matches!(error, ParquetError::CorruptBlob(_)),
                "bit {bit} of {length} bytes: {error}"
            );
        }
    }
}

#[test]
fn a_segment_that_lost_its_end_is_found() {
    let factory = TempFilePageStoreFactory::new();
    let mut store = store(&factory);
    let key = store.put(Bytes::copy_from_slice(&noise(1000, 8))).unwrap();
    factory.file_of_segment(0).file.set_len(500).unwrap();
    let mut buffer = Vec::new();
    let error = store.take_into(key, &mut buffer).unwrap_err();
    assert!(matches!(error, ParquetError::CorruptBlob(_)), "{error}");
}

#[test]
fn two_factories_in_one_directory_never_meet() {
    let directory = tempfile::tempdir().unwrap();
    let factories: Vec<_> = (0..4)
        .map(|_| in_directory(directory.path()).build())
        .collect();
    thread::scope(|scope| {
        for (number, factory) in (0..).zip(&factories) {
            scope.spawn(move || {
                for _ in 0..20 {
                    let mut store = store(factory);
                    let page = noise(5000, number);
                    let keys: Vec<Result<PageKey>> = (0..20)
                        .map(|_| store.put(Bytes::copy_from_slice(&page)))
                        .collect();
                    for key in keys {
                        assert_eq!(store.take(key.unwrap()).unwrap(), page);
                    }
                }
            });
        }
    });
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn stores_outlive_their_factory() {
    let factory = TempFilePageStoreFactory::new();
    let metrics = factory.metrics();
    let mut store = store(&factory);
    let key = store.put(Bytes::copy_from_slice(b"page")).unwrap();
    drop(factory);
    assert_eq!(store.take(key).unwrap(), "page".as_bytes());
    drop(store);
    assert_eq!(metrics.open_files(), 0);
}

#[test]
fn threads_share_segments_without_touching_each_other() {
    let factory = Arc::new(
        TempFilePageStoreFactory::builder()
            .with_segment_bytes(100_000)
            .build(),
    );
    thread::scope(|scope| {
        for worker in 0..8_u8 {
            let factory = Arc::clone(&factory);
            scope.spawn(move || {
                for round in 0..15_u8 {
                    let mut store = store(&factory);
                    let pages: Vec<_> = (0..12_u8)
                        .map(|page| {
                            noise(100 + usize::from(page) * 977, worker * 16 + round + page)
                        })
                        .collect();
                    let keys: Vec<_> = pages
                        .iter()
                        .map(|page| store.put(Bytes::copy_from_slice(page)).unwrap())
                        .collect();
                    for (key, page) in keys.iter().zip(&pages).skip(usize::from(round) % 5) {
                        assert_eq!(store.take(*key).unwrap(), *page);
                    }
                }
            });
        }
    });
    assert_eq!(factory.metrics().disk_used(), 0);
    assert_eq!(factory.metrics().open_files(), 0);
}

/// Tells a child process where to spill.
const CHILD_DIRECTORY: &str = "HERRINGBONE_TEST_SPILL_DIRECTORY";

/// Spills and checks what comes back until it is killed; reports the first round.
#[test]
#[ignore = "the child of the test below"]
fn child_that_spills_until_it_is_killed() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else {
        return;
    };
    let factory = in_directory(Path::new(&directory))
        .with_segment_bytes(64 << 10)
        .build();
    let [seed, ..] = std::process::id().to_le_bytes();
    for round in 0_u64.. {
        let mut store = store(&factory);
        let page = noise(20_000, seed);
        let keys: Vec<_> = (0..20)
            .map(|_| store.put(Bytes::copy_from_slice(&page)).unwrap())
            .collect();
        for key in keys {
            assert_eq!(store.take(key).unwrap(), page);
        }
        if round == 0 {
            println!("round done");
        }
    }
}

#[cfg(unix)]
#[test]
fn processes_that_share_a_directory_and_are_killed_leave_nothing_in_it() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::time::Duration;
    let directory = tempfile::tempdir().unwrap();
    let spawn = || {
        Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--nocapture",
                "child_that_spills_until_it_is_killed",
            ])
            .env(CHILD_DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    for round in 0..8 {
        let mut children: Vec<_> = (0..3).map(|_| spawn()).collect();
        for child in &mut children {
            let output = BufReader::new(child.stdout.take().unwrap());
            let is_at_work = |line: std::io::Result<String>| line.unwrap().contains("round done");
            assert!(output.lines().any(is_at_work), "the child spills");
        }
        thread::sleep(Duration::from_millis(round * 3));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let left = fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(left, 0, "round {round}");
    }
}

#[test]
fn a_refused_blob_leaves_the_log_as_it_was() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let factory = in_directory(one.path())
        .with_directory(two.path())
        .with_segment_bytes(64 << 10)
        .with_max_disk_bytes(600_000)
        .build();
    let mut store = store(&factory);
    let mut kept = Vec::new();
    for round in 0..20_u8 {
        let page = noise(10_000 + usize::from(round) * 700, round);
        kept.push((store.put(Bytes::copy_from_slice(&page)).unwrap(), page));
        // Over the quota after some lanes, and in directories that fail, each in turn and both.
        assert!(store.put(vec![1; 700_000].into()).is_err());
        factory.fill_directories(&[usize::from(round) % 2, usize::from(round) % 3]);
        let page = noise(9_000, round);
        if let Ok(key) = store.put(Bytes::copy_from_slice(&page)) {
            kept.push((key, page));
        }
        factory.fill_directories(&[]);
    }
    assert!(
        kept.len() > 20 && kept.len() < 40,
        "some fail and some do not"
    );
    for (key, page) in kept {
        assert_eq!(store.take(key).unwrap(), page);
    }
    drop(store);
    assert_eq!(
        (
            factory.metrics().disk_used(),
            factory.metrics().open_files()
        ),
        (0, 0)
    );
}

#[test]
fn a_blob_may_lie_in_many_pieces() {
    let factory = TempFilePageStoreFactory::builder()
        .with_segment_bytes(1 << 20)
        .build();
    let mut stores: Vec<_> = (0..8).map(|_| store(&factory)).collect();
    let keys = put_in_turn(&mut stores);
    // Every other store's lanes become gaps.
    for (at, store) in stores.iter_mut().enumerate().filter(|(at, _)| at % 2 == 0) {
        for (page, key) in (0..).zip(&keys[at]) {
            assert_eq!(store.take(*key).unwrap(), noise(20_000, page));
        }
    }
    let mut late = store(&factory);
    let blobs: Vec<_> = [3_000_000, 1, 700_000]
        .iter()
        .map(|length| noise(*length, 77))
        .collect();
    let late_keys: Vec<_> = blobs
        .iter()
        .map(|blob| late.put(Bytes::copy_from_slice(blob)).unwrap())
        .collect();
    for (key, blob) in late_keys.into_iter().zip(blobs).rev() {
        assert_eq!(late.take(key).unwrap(), blob);
    }
    for (at, store) in stores.iter_mut().enumerate().filter(|(at, _)| at % 2 == 1) {
        for (page, key) in (0..).zip(&keys[at]) {
            assert_eq!(store.take(*key).unwrap(), noise(20_000, page));
        }
    }
    drop((stores, late));
    assert_eq!(
        (
            factory.metrics().disk_used(),
            factory.metrics().open_files()
        ),
        (0, 0)
    );
}
