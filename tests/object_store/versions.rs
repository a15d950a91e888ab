//! The sink for the older version of the crate, side by side with the newer.
#![cfg(feature = "object_store_13")]

use std::sync::Arc;

use herringbone::budget::MemoryBudget;
use herringbone::object_store::ObjectStoreSink;
use object_store_13::memory::InMemory;
use object_store_13::path::Path;
use object_store_13::{Attribute, Attributes, ObjectStore, ObjectStoreExt, PutMultipartOptions};

use crate::sample::{assert_whole, chunks, write_all};

#[tokio::test]
async fn a_file_comes_out_whole_with_either_version() {
    for part_size in [5_000, 1 << 20] {
        let (store, path) = (Arc::new(InMemory::new()), Path::from("a/b.parquet"));
        let budget = MemoryBudget::new(1 << 20);
        let kind =
            Attributes::from_iter([(Attribute::ContentType, "application/vnd.apache.parquet")]);
        let options = PutMultipartOptions::from(kind.clone());
        let sink = ObjectStoreSink::new_13_with_options(store.clone(), path.clone(), options);
        let mut sink = sink
            .with_part_size(part_size)
            .with_memory_budget(budget.clone());
        write_all(&mut sink, chunks(20_000)).await.unwrap();
        assert!(sink.uploaded().unwrap().e_tag.is_some());
        let got = store.get(&path).await.unwrap();
        assert_eq!(got.attributes, kind);
        assert_whole(&got.bytes().await.unwrap());
        drop(sink);
        assert_eq!(budget.used(), 0);
    }
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let (store, path) = (Arc::new(InMemory::new()), Path::from("a/b.parquet"));
    let store: Arc<dyn ObjectStore> = store;
    let mut sink = ObjectStoreSink::new_13(store.clone(), path.clone()).with_part_size(5_000);
    let mut given = chunks(20_000);
    given.truncate(4);
    for chunk in given {
        herringbone::arrow::async_writer::AsyncFileWriter::write(&mut sink, chunk)
            .await
            .unwrap();
    }
    sink.abort().await.unwrap();
    assert!(store.head(&path).await.is_err());
}
