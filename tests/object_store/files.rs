//! Files of all sizes, in stores that do as they should.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use herringbone::arrow::async_writer::AsyncFileWriter;
use herringbone::budget::MemoryBudget;
use herringbone::object_store::ObjectStoreSink;
use object_store_14::local::LocalFileSystem;
use object_store_14::{Attribute, Attributes, ObjectStoreExt, PutMultipartOptions};

use crate::sample::{assert_whole, chunks, file, path, write_all};
use crate::trial::{Rules, Trial};

#[tokio::test(start_paused = true)]
async fn a_file_comes_out_whole_whatever_the_parts_and_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let local = || Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
    let len = file().len();
    for part_size in [1, 100, 4_096, len / 3, len - 1, len, len + 1, 1 << 30] {
        for most in [50, 3_000, 20_000, len] {
            if part_size < 100 && most < len {
                continue; // Thousands of parts, once.
            }
            for trial in [Trial::new(slow()), Trial::around(local(), slow())] {
                let sink = ObjectStoreSink::new(trial.store(), path());
                let mut sink = sink.with_part_size(part_size).with_parts_in_flight(4);
                if part_size == 1 {
                    sink.write(Bytes::from_static(b"")).await.unwrap();
                    sink.write(file().split_to(5_000)).await.unwrap();
                    sink.abort().await.unwrap();
                    continue;
                }
                write_all(&mut sink, chunks(most)).await.unwrap();
                assert_whole(&trial.object(&path()).await.unwrap());
                let (seen, uploaded) = (trial.seen(), sink.uploaded().unwrap().clone());
                assert_eq!(uploaded.size, len as u64);
                assert!(uploaded.e_tag.is_some());
                assert_eq!(uploaded.parts, seen.part_sizes.len());
                assert!(seen.most_in_flight <= 4, "{}", seen.most_in_flight);
                assert_eq!(seen.open, 0);
                if len < part_size {
                    assert_eq!(seen.requests, ["put"]);
                } else {
                    assert_eq!(seen.requests[0], "begin");
                    assert_eq!(seen.part_sizes.len(), len.div_ceil(part_size));
                }
            }
        }
    }
}

fn slow() -> Rules {
    Rules {
        delay: Duration::from_millis(3),
        ..Rules::default()
    }
}

#[tokio::test]
async fn a_sink_without_bytes_makes_an_empty_object() {
    let trial = Trial::new(Rules::default());
    let mut sink = ObjectStoreSink::new(trial.store(), path());
    sink.complete().await.unwrap();
    assert_eq!(trial.object(&path()).await.unwrap(), Bytes::new());
    assert_eq!(sink.uploaded().unwrap().size, 0);
}

#[tokio::test]
async fn a_small_object_that_a_store_keeps_in_memory_is_paid_for_no_longer() {
    for chunks_pay in [false, true] {
        let (trial, budget) = (Trial::new(Rules::default()), MemoryBudget::new(1 << 20));
        let mut sink = ObjectStoreSink::new(trial.store(), path());
        if chunks_pay {
            sink.chunks_are_paid_from(&budget);
        } else {
            sink = sink.with_memory_budget(budget.clone());
        }
        sink.write(Bytes::from_static(b"small")).await.unwrap();
        sink.complete().await.unwrap();
        assert_eq!(budget.used(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn parts_are_uploaded_side_by_side_while_more_is_written() {
    let trial = Trial::new(slow());
    let sink = ObjectStoreSink::new(trial.store(), path());
    let mut sink = sink.with_part_size(1_000).with_parts_in_flight(3);
    write_all(&mut sink, chunks(700)).await.unwrap();
    assert_eq!(trial.seen().most_in_flight, 3);
}

#[tokio::test]
async fn parts_are_made_of_the_chunks_and_not_of_copies() {
    let trial = Trial::new(Rules::default());
    let mut sink = ObjectStoreSink::new(trial.store(), path()).with_part_size(20_000);
    let whole = file();
    let start = whole.as_ptr().addr();
    let addresses = start..start + whole.len();
    write_all(&mut sink, vec![whole.clone()]).await.unwrap();
    let pieces = trial.seen().pieces;
    assert!(pieces.len() > 2);
    assert!(pieces.iter().all(|piece| addresses.contains(piece)));
}

#[tokio::test]
async fn an_object_gets_the_attributes_that_were_asked_for() {
    for part_size in [1_000, 1 << 20] {
        let trial = Trial::new(Rules::default());
        let kind =
            Attributes::from_iter([(Attribute::ContentType, "application/vnd.apache.parquet")]);
        let options = PutMultipartOptions::from(kind.clone());
        let sink = ObjectStoreSink::new_with_options(trial.store(), path(), options);
        let mut sink = sink.with_part_size(part_size);
        write_all(&mut sink, chunks(5_000)).await.unwrap();
        let got = trial.store().get(&path()).await.unwrap();
        assert_eq!(got.attributes, kind);
    }
}

#[tokio::test]
async fn nothing_can_be_written_behind_the_end() {
    let trial = Trial::new(Rules::default());
    let mut sink = ObjectStoreSink::new(trial.store(), path());
    write_all(&mut sink, chunks(5_000)).await.unwrap();
    let error = sink.write(Bytes::from_static(b"more")).await.unwrap_err();
    assert!(error.to_string().contains("takes no bytes behind its end"));
    let error = sink.abort().await.unwrap_err();
    assert!(error.to_string().contains("is complete"), "{error}");
    // The object stays, and completing it again is nothing new.
    sink.complete().await.unwrap();
    assert_whole(&trial.object(&path()).await.unwrap());
}
